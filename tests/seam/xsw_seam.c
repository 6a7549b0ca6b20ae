// SPDX-License-Identifier: GPL-2.0
/*
 * The core's seam, userspace side: what does not fit in the header.
 */
#include "xsw_seam.h"

struct xsw_seam xsw_seam;

unsigned int xsw_seam_preempt_one_in;

void xsw_seam_give_way(void)
{
	static __thread u32 dice;

	if (!dice)
		dice = (u32)((uintptr_t)&dice >> 6) | 1;
	dice ^= dice << 13;
	dice ^= dice >> 17;
	dice ^= dice << 5;
	if (dice % xsw_seam_preempt_one_in == 0)
		sched_yield();
}
__thread int xsw_seam_irqs_off;
unsigned long xsw_seam_unsafe_locks;
__thread int xsw_seam_cpu = -1;

unsigned int xsw_seam_new_cpu(void)
{
	static unsigned int next;

	xsw_seam_cpu = (int)(__atomic_fetch_add(&next, 1, __ATOMIC_RELAXED) & 0xffff);
	return (unsigned int)xsw_seam_cpu;
}

void *kvcalloc(size_t n, size_t size, int flags)
{
	size_t bytes = n * size;
	void *p = NULL;

	(void)flags;
	if (size && bytes / size != n)
		return NULL;
	if (xsw_seam.alloc && !xsw_seam.alloc(bytes))
		return NULL;
	/* As the kernel's, on a multiple of a cache line at least. */
	if (posix_memalign(&p, 64, bytes))
		return NULL;
	return memset(p, 0, bytes);
}

void kvfree(const void *p)
{
	free((void *)(uintptr_t)p);
}

void xsw_arch_sync_for_device(phys_addr_t phys, size_t size, enum dma_data_direction dir)
{
	if (xsw_seam.cache)
		xsw_seam.cache(phys, size, dir, false);
}

void xsw_arch_sync_for_cpu(phys_addr_t phys, size_t size, enum dma_data_direction dir)
{
	if (xsw_seam.cache)
		xsw_seam.cache(phys, size, dir, true);
}
