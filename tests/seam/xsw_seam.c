// SPDX-License-Identifier: GPL-2.0
/*
 * The core's seam, userspace side: what does not fit in the header.
 */
#include <sched.h>

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
#ifdef XSW_BENCH_CORE
__thread int xsw_seam_cpu;
#else
__thread int xsw_seam_cpu = -1;
#endif

void xsw_seam_spin(spinlock_t *lock)
{
	int spins = 0;

	do {
		while (__atomic_load_n(&lock->taken, __ATOMIC_RELAXED))
			if (++spins % 64 == 0)
				sched_yield();
	} while (__atomic_exchange_n(&lock->taken, 1, __ATOMIC_ACQUIRE));
}

unsigned int xsw_seam_new_cpu(void)
{
	static unsigned int next;

	xsw_seam_cpu = (int)(__atomic_fetch_add(&next, 1, __ATOMIC_RELAXED) % XSW_SEAM_CPUS);
	return (unsigned int)xsw_seam_cpu;
}

/* ---- work ---- */

static struct work_struct *scheduled;
static spinlock_t work_lock;

void xsw_seam_init_work(struct work_struct *work, void (*func)(struct work_struct *work))
{
	*work = (struct work_struct){ .func = func };
}

void schedule_work(struct work_struct *work)
{
	unsigned long flags;

	spin_lock_irqsave(&work_lock, flags);
	if (!work->pending) {
		work->pending = 1;
		work->next = scheduled;
		WRITE_ONCE(scheduled, work);
	}
	spin_unlock_irqrestore(&work_lock, flags);
}

void cancel_work_sync(struct work_struct *work)
{
	unsigned long flags;
	struct work_struct **p;

	spin_lock_irqsave(&work_lock, flags);
	for (p = &scheduled; *p; p = &(*p)->next) {
		if (*p == work) {
			WRITE_ONCE(*p, work->next);
			break;
		}
	}
	work->pending = 0;
	spin_unlock_irqrestore(&work_lock, flags);
}

/* As in the kernel, no work runs twice at once: who comes while it does leaves it to the other. */
void xsw_seam_run_work(void)
{
	static u32 running;

	if (!READ_ONCE(scheduled) || __atomic_exchange_n(&running, 1, __ATOMIC_ACQUIRE))
		return;
	for (;;) {
		struct work_struct *work;
		unsigned long flags;

		spin_lock_irqsave(&work_lock, flags);
		work = scheduled;
		if (work) {
			WRITE_ONCE(scheduled, work->next);
			work->pending = 0;
		}
		spin_unlock_irqrestore(&work_lock, flags);
		if (!work)
			break;
		work->func(work);
	}
	__atomic_store_n(&running, 0, __ATOMIC_RELEASE);
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
