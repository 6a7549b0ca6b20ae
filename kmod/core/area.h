/* SPDX-License-Identifier: GPL-2.0 */
/*
 * One area of the bounce pool: a stretch of slots that is contiguous for the
 * machine, with its own lock, and its allocator.
 */
#ifndef XSW_AREA_H
#define XSW_AREA_H

#include "core.h"

#define XSW_SLOT_MASK		(XSW_SLOT_SIZE - 1)
#define XSW_AREA_MAX_SLOTS	BIT(19)	/* sizes and slots fit in 32 bits */
#define XSW_NO_SLOT		(~0U)

#define XSW_HOT_SLOTS		32		/* longest run that is kept hot */
#define XSW_HOT_RUNS		16		/* most of one length */

/**
 * struct xsw_slot - what is kept of a mapping, at the slot of its first byte
 * @phys:	original memory
 * @size:	bytes mapped; in the slot before that one: how many slots of padding
 *		come first, if XSW_SLOT_PADDED; in a hot run's first slot: the next run
 * @word:	state, and the rest that an unmap must find unchanged
 *
 * @word holds what identifies the mapping, so that one compare-and-exchange from live to
 * dying decides which of several unmaps is the right one.
 */
struct xsw_slot {
	u64	phys;
	u32	size;
	u32	word;
};

#define XSW_SLOT_STATE		0x3U		/* one of the next three */
#define XSW_SLOT_FREE		0U		/* or inside a mapping */
#define XSW_SLOT_LIVE		1U
#define XSW_SLOT_DYING		2U		/* unmap has begun, copies back */
#define XSW_SLOT_PADDED		0x4U		/* whole slots of padding come first */
#define XSW_SLOT_OFF_SHIFT	3		/* 11 bits: first byte within the slot */
#define XSW_SLOT_GRAN_SHIFT	14		/* 5 bits: log2 of slots in a granule */
#define XSW_SLOT_GEN_SHIFT	19		/* 13 bits: counts the slot's mappings */

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
 * @slot:	metadata of each slot
 * @taken:	bitmap: slot is in use, or in a hot run
 * @head:	bitmap: slot holds the first byte of a mapping; read without the lock
 * @tree:	free slots of @taken's words, from @leaves on, and of pairs of what is
 *		below: node i is made of 2i and 2i + 1
 * @nr:		slots
 * @words:	64-bit words in a bitmap
 * @leaves:	@words rounded up to a power of two
 * @lock:	protects what follows, and writing to the bitmaps
 * @used:	slots in use
 * @limit:	@used may grow this far without looking at other areas
 * @frozen:	@used must not change; the pool's lock ends that
 * @hot_runs:	runs in @hot
 * @hot_nr:	runs in @hot of each length
 * @hot:	runs of each length that were freed last, latest first
 *
 * What every CPU reads and what the lock's holder writes are on different cache lines.
 */
struct xsw_area {
	u64			machine;
	phys_addr_t		phys;
	u8			*vaddr;
	struct xsw_slot		*slot;
	u64			*taken;
	u64			*head;
	u32			nr;
	u32			words;
	u32			leaves;
	struct xsw_free		*tree;

	spinlock_t		lock ____cacheline_aligned_in_smp;
	u32			used;
	u32			limit;
	bool			frozen;
	u32			hot_runs;
	u8			hot_nr[XSW_HOT_SLOTS + 1];
	u32			hot[XSW_HOT_SLOTS + 1];
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

/*
 * All with the lock held. Alloc returns the first slot, or XSW_NO_SLOT: then there may be a
 * place only when all hot runs were given up, which a caller does some at a time so that
 * the lock is never held for long.
 */
u32 xsw_area_alloc(struct xsw_area *area, const struct xsw_fit *fit);
void xsw_area_free(struct xsw_area *area, u32 slot, u32 n, u32 head);
void xsw_area_cool(struct xsw_area *area, u32 runs);

/* Slot of the last mapping that starts at or before @slot, or XSW_NO_SLOT. No lock. */
u32 xsw_area_head(const struct xsw_area *area, u32 slot);

#endif /* XSW_AREA_H */
