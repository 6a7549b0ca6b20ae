/* SPDX-License-Identifier: GPL-2.0 */
/*
 * One area of the bounce pool: a stretch of slots that is contiguous for the
 * machine, with its own lock, and its allocator.
 */
#ifndef XSW_AREA_H
#define XSW_AREA_H

#include "core.h"

#define XSW_SLOT_MASK		(XSW_SLOT_SIZE - 1)
#define XSW_AREA_MAX_SLOTS	BIT(21)	/* bytes and slots fit in 32 bits */
#define XSW_NO_SLOT		(~0U)

#define XSW_HOT_SLOTS		132		/* longest run that is kept hot */
#define XSW_HOT_MOST		(32 * XSW_HOT_SLOTS)	/* slots in all hot runs */

/* A mapping is found in the bucket of the bytes in which it starts; 8 can, at most. */
#define XSW_BUCKET_SHIFT	12

/**
 * struct xsw_run - slots in a row that were taken, and the mapping in them
 * @next:	in the list that it is in: of a bucket, of hot runs, of unused ones
 * @phys:	original memory
 * @at:		byte of the area at which the mapping starts
 * @size:	bytes mapped; 0 while it is not filled yet, and once its unmap has begun
 * @first:	slot
 * @n:		slots
 */
struct xsw_run {
	struct xsw_run	*next;
	u64		phys;
	u32		at;
	u32		size;
	u32		first;
	u32		n;
};

/**
 * struct xsw_fit - what a place in an area must be like
 * @dma0:	dma address of slot 0
 * @size:	bytes of the mapping
 * @boundary:	2^n - 1, ~0: none
 * @offset:	of the mapping's first byte in its slots
 * @lo:		first slot within the device's reach
 * @hi:		first slot beyond it
 * @n:		slots
 * @stride:	2^n - 1: only every so many slots can be the first
 * @phase:	first slot & @stride
 */
struct xsw_fit {
	u64	dma0;
	u64	size;
	u64	boundary;
	u64	offset;
	u32	lo;
	u32	hi;
	u32	n;
	u32	stride;
	u32	phase;
};

/**
 * struct xsw_free - free slots in a part of an area
 * @first:	from its start on
 * @last:	up to its end
 * @most:	in a row, anywhere
 */
struct xsw_free {
	u32	first;
	u32	last;
	u32	most;
};

/**
 * struct xsw_area - an area
 * @machine:	machine address of slot 0
 * @phys:	its guest physical address
 * @vaddr:	where the CPU reaches it
 * @taken:	bitmap: slot is in a run
 * @tree:	free slots of @taken's words, from @leaves on, and of pairs of what is
 *		below: node i is made of 2i and 2i + 1
 * @bucket:	mappings by where they start
 * @filled:	bitmap: bucket is not empty
 * @blocks:	memory of all runs; the first of each block links it
 * @nr:		slots
 * @words:	64-bit words in @taken
 * @leaves:	@words rounded up to a power of two
 * @lock:	protects what follows, and all of the above that changes
 * @used:	slots in use
 * @limit:	@used may grow this far without looking at other areas; -1: it must not
 *		change until the pool's lock is free again
 * @hot_slots:	slots of all runs in @hot
 * @cool:	length of hot runs to give up next
 * @runs:	that there are
 * @unused_runs: in @unused
 * @unused:	runs that stand for no slots
 * @hot:	runs of each length that were freed last, latest first
 *
 * What every CPU reads and what the lock's holder writes are on different cache lines.
 */
struct xsw_area {
	u64			machine;
	phys_addr_t		phys;
	u8			*vaddr;
	u64			*taken;
	struct xsw_free		*tree;
	struct xsw_run		**bucket;
	u64			*filled;
	struct xsw_run		*blocks;
	u32			nr;
	u32			words;
	u32			leaves;

	spinlock_t		lock ____cacheline_aligned_in_smp;
	s32			used;
	s32			limit;
	u32			hot_slots;
	u32			cool;
	u32			runs;
	u32			unused_runs;
	struct xsw_run		*unused;
	struct xsw_run		*hot[XSW_HOT_SLOTS + 1];
} ____cacheline_aligned_in_smp;

/* Not the lock. May sleep; after a failure, too, exit is what frees. */
int xsw_area_init(struct xsw_area *area, const struct xsw_extent *ext, u64 offset, u64 size);
void xsw_area_exit(struct xsw_area *area);

/* Lowest slot at or after @slot where alignment and boundary let a mapping start. */
static inline u32 xsw_fit_from(const struct xsw_fit *fit, u32 slot)
{
	slot += (fit->phase - slot) & fit->stride;
	if (fit->boundary != ~0ULL) {
		u64 start = fit->dma0 + ((u64)slot << XSW_SLOT_SHIFT) + fit->offset;
		u64 room = fit->boundary - (start & fit->boundary);

		if (fit->size - 1 > room) {
			/* Once is enough: no start is nearer behind a boundary than this. */
			slot += (room >> XSW_SLOT_SHIFT) + 1;
			slot += (fit->phase - slot) & fit->stride;
		}
	}
	return slot;
}

/* Are there so few unused runs that more should be made, where that may sleep? */
static inline bool xsw_area_low(const struct xsw_area *area)
{
	return area->unused_runs < area->runs / 4 && area->runs < area->nr;
}

/* Makes them. Not the lock; may sleep. Return: 0 or -ENOMEM. */
int xsw_area_refill(struct xsw_area *area);

/*
 * All with the lock held. Alloc returns NULL where there is no place, or no run to stand for
 * it: then there may be one only when all hot runs were given up, which a caller does some
 * at a time so that the lock is never held for long.
 */
struct xsw_run *xsw_area_alloc(struct xsw_area *area, const struct xsw_fit *fit);
void xsw_area_cool(struct xsw_area *area, u32 runs);
void xsw_area_free_slow(struct xsw_area *area, struct xsw_run *run);

/* How many slots hot runs may have: some of what is free, so that they do not scatter it. */
static inline u32 xsw_area_hot_max(const struct xsw_area *area)
{
	return min((area->nr - area->used) / 4, (u32)XSW_HOT_MOST);
}

/* @run is the first of the hot ones of its length. */
static inline void xsw_area_take_hot(struct xsw_area *area, struct xsw_run *run)
{
	area->hot[run->n] = run->next;
	area->hot_slots -= run->n;
}

static inline void xsw_area_put_hot(struct xsw_area *area, struct xsw_run *run)
{
	run->next = area->hot[run->n];
	area->hot[run->n] = run;
	area->hot_slots += run->n;
}

static inline void xsw_area_free(struct xsw_area *area, struct xsw_run *run)
{
	if (likely(run->n <= XSW_HOT_SLOTS &&
		   area->hot_slots + run->n <= xsw_area_hot_max(area)))
		xsw_area_put_hot(area, run);
	else
		xsw_area_free_slow(area, run);
}

/* A mapping that starts at byte @run->at: until it has a size, nobody else touches it. */
static inline void xsw_area_insert(struct xsw_area *area, struct xsw_run *run)
{
	u32 b = run->at >> XSW_BUCKET_SHIFT;

	run->next = area->bucket[b];
	if (!run->next)
		area->filled[b / 64] |= 1ULL << b % 64;
	area->bucket[b] = run;
}

/* Where the mapping is linked that starts at byte @at; NULL is there if there is none. */
static inline struct xsw_run **xsw_area_find(const struct xsw_area *area, u32 at)
{
	struct xsw_run **link = &area->bucket[at >> XSW_BUCKET_SHIFT];

	while (*link && (*link)->at != at)
		link = &(*link)->next;
	return link;
}

static inline void xsw_area_remove(struct xsw_area *area, struct xsw_run **link)
{
	u32 b = (*link)->at >> XSW_BUCKET_SHIFT;

	*link = (*link)->next;
	if (!area->bucket[b])
		area->filled[b / 64] &= ~(1ULL << b % 64);
}

/* The last mapping that starts in the slot of byte @at or before it, or NULL. */
struct xsw_run *xsw_area_find_last(const struct xsw_area *area, u32 at);

#endif /* XSW_AREA_H */
