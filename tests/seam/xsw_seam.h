/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The core's seam, userspace side: what kmod/core/seam/xsw_seam.h takes from the kernel.
 * Tests steer it through the members of xsw_seam. Compiles as C11 and C++20.
 */
#ifndef XSW_SEAM_H
#define XSW_SEAM_H

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <linux/types.h>

/* integers and addresses */
typedef __u8 u8;
typedef __u16 u16;
typedef __u32 u32;
typedef __u64 u64;
typedef __s32 s32;
typedef __s64 s64;
typedef u64 phys_addr_t;
typedef u64 dma_addr_t;

/* DMA */
enum dma_data_direction {
	DMA_BIDIRECTIONAL = 0,
	DMA_TO_DEVICE = 1,
	DMA_FROM_DEVICE = 2,
	DMA_NONE = 3,
};

#define DMA_MAPPING_ERROR		(~(dma_addr_t)0)
#define DMA_ATTR_SKIP_CPU_SYNC		(1UL << 5)
#define DMA_ATTR_MMIO			(1UL << 10)
#define DMA_ATTR_REQUIRE_COHERENT	(1UL << 12)

/* arithmetic */
#define BIT(n)			(1UL << (n))
#ifndef PAGE_SIZE
#define PAGE_SIZE	4096UL
#endif
#define DIV_ROUND_UP(n, d)	(((n) + (d) - 1) / (d))
#define DIV_ROUND_UP_ULL(n, d)	DIV_ROUND_UP((u64)(n), (u64)(d))
#define NUMA_NO_NODE		(-1)

#ifndef __cplusplus	/* what only the core's own files use */
#define min_t(type, a, b) ({ type a_ = (a), b_ = (b); a_ < b_ ? a_ : b_; })
#define max_t(type, a, b) ({ type a_ = (a), b_ = (b); a_ > b_ ? a_ : b_; })
#define min(a, b)	min_t(__typeof__(a), a, b)
#define min3(a, b, c)	min(min(a, b), c)
#define max(a, b)	max_t(__typeof__(a), a, b)
#define container_of(p, type, member) ((type *)((char *)(p) - offsetof(type, member)))
#define noinline	__attribute__((noinline))
#define __releases(lock)
#endif

static inline u64 div64_u64(u64 a, u64 b)
{
	return a / b;
}

static inline unsigned long __ffs64(u64 word)
{
	return (unsigned long)__builtin_ctzll(word);
}

static inline int fls64(u64 word)
{
	return word ? 64 - __builtin_clzll(word) : 0;
}

static inline u64 roundup_pow_of_two(u64 n)
{
	return n > 1 ? 1ULL << fls64(n - 1) : 1;
}

/*
 * What tests look at and steer is not there where XSW_BENCH_CORE is defined: benchmarks count every
 * instruction.
 */

/*
 * Where threads can see each other's steps, one of them in so many gives way to another: on
 * few CPUs that is how all the orders of their steps come up. 0: none does.
 */
extern unsigned int xsw_seam_preempt_one_in;
void xsw_seam_give_way(void);

static inline void xsw_seam_preempt(void)
{
#ifndef XSW_BENCH_CORE
	if (__builtin_expect(xsw_seam_preempt_one_in, 0))
		xsw_seam_give_way();
#endif
}

/* ordering: all through the compiler's atomics, which ThreadSanitizer understands */
#define READ_ONCE(x)	({ xsw_seam_preempt(); __atomic_load_n(&(x), __ATOMIC_RELAXED); })
#define WRITE_ONCE(x, v)							\
	({ xsw_seam_preempt(); __atomic_store_n(&(x), (v), __ATOMIC_RELAXED); })
#define smp_load_acquire(p)	({ xsw_seam_preempt(); __atomic_load_n((p), __ATOMIC_ACQUIRE); })
#define smp_store_release(p, v)							\
	({ xsw_seam_preempt(); __atomic_store_n((p), (v), __ATOMIC_RELEASE); })
#ifndef __cplusplus
#define static_assert(expr)	_Static_assert(expr, #expr)
#endif
#define likely(x)	__builtin_expect(!!(x), 1)
#define unlikely(x)	__builtin_expect(!!(x), 0)
#define prefetchw(p)	__builtin_prefetch((p), 1)
#define SMP_CACHE_BYTES	64
#define ____cacheline_aligned_in_smp	__attribute__((aligned(SMP_CACHE_BYTES)))

/* locks; one that is taken with "interrupts" on, and so could deadlock, is counted */
typedef struct {
	u32 taken;
} spinlock_t;

extern __thread int xsw_seam_irqs_off;
extern unsigned long xsw_seam_unsafe_locks;

void xsw_seam_spin(spinlock_t *lock);

static inline void spin_lock_init(spinlock_t *lock)
{
	lock->taken = 0;
}

static inline void xsw_seam_lock(spinlock_t *lock)
{
	xsw_seam_preempt();
	if (unlikely(__atomic_exchange_n(&lock->taken, 1, __ATOMIC_ACQUIRE)))
		xsw_seam_spin(lock);
}

#ifdef XSW_BENCH_HELD
/* Of the benchmark, to which it tells how long they are off. */
void xsw_bench_irqs(int off);
#endif

static inline void xsw_seam_irqs(int off)
{
#if defined(XSW_BENCH_HELD)
	xsw_bench_irqs(off);
#elif !defined(XSW_BENCH_CORE)
	xsw_seam_irqs_off += off;
#else
	(void)off;
#endif
}

static inline void spin_lock(spinlock_t *lock)
{
#ifndef XSW_BENCH_CORE
	if (!xsw_seam_irqs_off)
		__atomic_fetch_add(&xsw_seam_unsafe_locks, 1, __ATOMIC_RELAXED);
#endif
	xsw_seam_lock(lock);
}

static inline void spin_unlock(spinlock_t *lock)
{
	__atomic_store_n(&lock->taken, 0, __ATOMIC_RELEASE);
}

#define spin_lock_irqsave(lock, flags) do {	\
	(flags) = 0;				\
	xsw_seam_irqs(1);			\
	xsw_seam_lock(lock);			\
} while (0)
static inline bool xsw_seam_trylock(spinlock_t *lock)
{
	xsw_seam_preempt();
	if (unlikely(__atomic_exchange_n(&lock->taken, 1, __ATOMIC_ACQUIRE)))
		return false;
	xsw_seam_irqs(1);
	return true;
}
#define spin_trylock_irqsave(lock, flags)	((flags) = 0, xsw_seam_trylock(lock))
#define spin_unlock_irqrestore(lock, flags) do {	\
	(void)(flags);					\
	spin_unlock(lock);				\
	xsw_seam_irqs(-1);				\
} while (0)

/* a sequence counter: readers look again if a writer came between; writers hold the lock */
typedef struct {
	u32 seq;
} seqcount_spinlock_t;

static inline void xsw_seam_seq_init(seqcount_spinlock_t *s)
{
	s->seq = 0;
}
#define seqcount_spinlock_init(s, lock)	((void)(lock), xsw_seam_seq_init(s))

static inline u32 xsw_seam_read_begin(const seqcount_spinlock_t *s)
{
	u32 seq;

	do {
		xsw_seam_preempt();
		seq = __atomic_load_n(&s->seq, __ATOMIC_ACQUIRE);
	} while (seq & 1);
	return seq;
}
#define read_seqcount_begin(s)	xsw_seam_read_begin(s)

/* A read-modify-write orders all that came before it, which a fence does not tell TSan. */
static inline bool xsw_seam_read_retry(const seqcount_spinlock_t *s, u32 seq)
{
	xsw_seam_preempt();
	return __atomic_fetch_add((u32 *)&s->seq, 0, __ATOMIC_ACQ_REL) != seq;
}
#define read_seqcount_retry(s, seq)	xsw_seam_read_retry(s, seq)
#define write_seqcount_begin(s)	((void)__atomic_fetch_add(&(s)->seq, 1, __ATOMIC_ACQ_REL))
#define write_seqcount_end(s)	((void)__atomic_fetch_add(&(s)->seq, 1, __ATOMIC_RELEASE))

/* work that may sleep: waits until the test runs it */
struct work_struct {
	void (*func)(struct work_struct *work);
	struct work_struct *next;
	u32 pending;
};

void xsw_seam_init_work(struct work_struct *work, void (*func)(struct work_struct *work));
void schedule_work(struct work_struct *work);
void cancel_work_sync(struct work_struct *work);
void xsw_seam_run_work(void);
#define INIT_WORK(work, func)	xsw_seam_init_work(work, func)

/* static keys */
struct static_key_false {
	int enabled;
};

#define DECLARE_STATIC_KEY_FALSE(name)	extern struct static_key_false name
#define DEFINE_STATIC_KEY_FALSE(name)	struct static_key_false name
#define static_branch_unlikely(key)	unlikely(__atomic_load_n(&(key)->enabled, __ATOMIC_RELAXED))
#define static_branch_enable(key)	__atomic_store_n(&(key)->enabled, 1, __ATOMIC_RELAXED)
#define static_branch_disable(key)	__atomic_store_n(&(key)->enabled, 0, __ATOMIC_RELAXED)

#define XSW_SEAM_CPUS	64

/**
 * struct xsw_seam - what a test may put in the kernel's place
 * @phys_map:	xsw_phys_map(); NULL: a physical address is a pointer
 * @is_ram:	xsw_phys_is_ram(); NULL: nothing is
 * @cacheline:	xsw_needs_cacheline_bounce(); NULL: nothing does
 * @cache:	xsw_arch_sync_for_*(); NULL: nothing to be done
 * @alloc:	asked before each allocation, false: it fails; NULL: none fails
 * @node:	xsw_node_of(); NULL: all CPUs are of node 0
 */
struct xsw_seam {
	void	*(*phys_map)(phys_addr_t phys, size_t *len);
	bool	(*is_ram)(phys_addr_t phys);
	bool	(*cacheline)(phys_addr_t phys, size_t size, enum dma_data_direction dir);
	void	(*cache)(phys_addr_t phys, size_t size, enum dma_data_direction dir, bool for_cpu);
	bool	(*alloc)(size_t bytes);
	int	(*node)(unsigned int cpu);
};

extern struct xsw_seam xsw_seam;

/*
 * this CPU: a number per thread, in the order of their first question, or as the test sets it, below
 * XSW_SEAM_CPUS
 */
extern __thread int xsw_seam_cpu;
unsigned int xsw_seam_new_cpu(void);

static inline unsigned int xsw_cpu(void)
{
#ifndef XSW_BENCH_CORE
	if (xsw_seam_cpu < 0)
		return xsw_seam_new_cpu();
#endif
	return xsw_seam_cpu;
}

static inline unsigned int xsw_nr_cpus(void)
{
	return XSW_SEAM_CPUS;
}

static inline int xsw_node_of(unsigned int cpu)
{
	return xsw_seam.node ? xsw_seam.node(cpu) : 0;
}

/* memory */
#define GFP_KERNEL	0
void *kvcalloc(size_t n, size_t size, int flags);
void kvfree(const void *p);

static inline void *xsw_phys_map(phys_addr_t phys, size_t *len)
{
#ifndef XSW_BENCH_CORE
	if (xsw_seam.phys_map)
		return xsw_seam.phys_map(phys, len);
#else
	(void)len;
#endif
	return (void *)(uintptr_t)phys;
}

static inline void xsw_phys_unmap(void *vaddr)
{
	(void)vaddr;
}

static inline bool xsw_phys_is_ram(phys_addr_t phys)
{
	return xsw_seam.is_ram && xsw_seam.is_ram(phys);
}

static inline bool xsw_needs_cacheline_bounce(phys_addr_t phys, size_t size,
					      enum dma_data_direction dir)
{
	return xsw_seam.cacheline && xsw_seam.cacheline(phys, size, dir);
}

void xsw_arch_sync_for_device(phys_addr_t phys, size_t size, enum dma_data_direction dir);
void xsw_arch_sync_for_cpu(phys_addr_t phys, size_t size, enum dma_data_direction dir);

#endif /* XSW_SEAM_H */
