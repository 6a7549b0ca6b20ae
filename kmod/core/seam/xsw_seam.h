/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The core's seam, kernel side: all that the core takes from its surroundings.
 * The userspace side, of the same name, is tests/seam/xsw_seam.h.
 */
#ifndef XSW_SEAM_H
#define XSW_SEAM_H

/* integers, errnos, bits, strings, memory, locks, ordering, static keys, work */
#include <linux/types.h>
#include <linux/errno.h>
#include <linux/bits.h>
#include <linux/bitops.h>
#include <linux/align.h>
#include <linux/cache.h>
#include <linux/kernel.h>
#include <linux/log2.h>
#include <linux/math64.h>
#include <linux/minmax.h>
#include <linux/string.h>
#include <linux/mm.h>
#include <linux/prefetch.h>
#include <linux/slab.h>
#include <linux/smp.h>
#include <linux/spinlock.h>
#include <linux/seqlock.h>
#include <linux/topology.h>
#include <linux/jump_label.h>
#include <linux/container_of.h>
#include <linux/cpumask.h>
#include <linux/workqueue.h>
#include <linux/highmem.h>
#include <linux/memremap.h>
/* phys_addr_t, dma_addr_t, enum dma_data_direction, DMA_ATTR_* */
#include <linux/dma-mapping.h>

/* attributes that a kernel may not have yet; it then never sets their bits */
#ifndef DMA_ATTR_MMIO
#define DMA_ATTR_MMIO			BIT(10)
#endif
#ifndef DMA_ATTR_REQUIRE_COHERENT
#define DMA_ATTR_REQUIRE_COHERENT	BIT(12)
#endif

/* this CPU, as a hint; how many there can be; and which node one is of */
static inline unsigned int xsw_cpu(void)
{
	return raw_smp_processor_id();
}

static inline unsigned int xsw_nr_cpus(void)
{
	return nr_cpu_ids;
}

static inline int xsw_node_of(unsigned int cpu)
{
	/* One that is not possible has no per-CPU data to read it from. */
	return cpu_possible(cpu) ? cpu_to_node(cpu) : NUMA_NO_NODE;
}

/* reach guest physical memory: *len bytes are wanted, *len bytes are had */
static inline void *xsw_phys_map(phys_addr_t phys, size_t *len)
{
#ifdef CONFIG_HIGHMEM
	*len = min_t(size_t, *len, PAGE_SIZE - offset_in_page(phys));
	return kmap_local_page(pfn_to_page(PHYS_PFN(phys))) + offset_in_page(phys);
#else
	return phys_to_virt(phys);
#endif
}

static inline void xsw_phys_unmap(void *vaddr)
{
#ifdef CONFIG_HIGHMEM
	kunmap_local(vaddr);
#endif
}

/*
 * memory of the system, which must never be mapped as another device's; holes in a section of
 * memory have valid frame numbers, too
 */
static inline bool xsw_phys_is_ram(phys_addr_t phys)
{
	unsigned long pfn = PHYS_PFN(phys);

	if (!pfn_valid(pfn) || is_zone_device_page(pfn_to_page(pfn)))
		return false;
#ifdef CONFIG_ARM64
	return virt_addr_valid(phys_to_virt(phys));
#else
	/* The kernel's own may be taken for a hole: nobody maps that as a device's. */
	return !PageReserved(pfn_to_page(pfn));
#endif
}

/* would a non-coherent device's write destroy a neighbour in the same cache line? */
static inline bool xsw_needs_cacheline_bounce(phys_addr_t phys, size_t size,
					      enum dma_data_direction dir)
{
	/* Without this option no kmalloc() object shares a line with another. */
	if (!IS_ENABLED(CONFIG_DMA_BOUNCE_UNALIGNED_KMALLOC) || dir == DMA_TO_DEVICE)
		return false;
	/* Neither does one this large. */
	if (size >= 2 * ARCH_DMA_MINALIGN)
		return false;
	return !IS_ALIGNED(phys | kmalloc_size_roundup(size), dma_get_cache_alignment());
}

/* the caches of local memory: clean for the device, invalidate for the CPU */
void xsw_arch_sync_for_device(phys_addr_t phys, size_t size, enum dma_data_direction dir);
void xsw_arch_sync_for_cpu(phys_addr_t phys, size_t size, enum dma_data_direction dir);

#endif /* XSW_SEAM_H */
