// SPDX-License-Identifier: GPL-2.0
/*
 * The CPU's caches, for devices that do not see them. The core asks for local memory
 * only; another domain's is the environment's business.
 */
#include <linux/io.h>
#include <linux/libnvdimm.h>

#include "core.h"

#ifdef CONFIG_ARM64

/* Else both are there, and do nothing. */
#ifndef CONFIG_ARCH_HAS_PMEM_API
#error "Devices that do not see the caches need a kernel with CONFIG_ARM64_PMEM=y"
#endif

/*
 * The kernel keeps its DMA cache maintenance to itself; what it has for persistent
 * memory is the same: clean, and invalidate, by address, at least to the point
 * of coherency. Clean for every direction: bytes that the device leaves alone must
 * be found in memory when the lines are invalidated.
 */
void xsw_arch_sync_for_device(phys_addr_t phys, size_t size, enum dma_data_direction dir)
{
	arch_wb_cache_pmem(phys_to_virt(phys), size);
}

void xsw_arch_sync_for_cpu(phys_addr_t phys, size_t size, enum dma_data_direction dir)
{
	if (dir != DMA_TO_DEVICE)
		arch_invalidate_pmem(phys_to_virt(phys), size);
}

#else

void xsw_arch_sync_for_device(phys_addr_t phys, size_t size, enum dma_data_direction dir)
{
}

void xsw_arch_sync_for_cpu(phys_addr_t phys, size_t size, enum dma_data_direction dir)
{
}

#endif
