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

/**
 * struct xsw_slot - what is kept of a mapping, at the slot of its first byte
 * @phys:	original memory
 * @size:	bytes mapped; in the slot before that one: how many slots of padding
 *		come first, if XSW_SLOT_PADDED
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
 * struct xsw_area - an area
 * @machine:	machine address of slot 0
 * @phys:	its guest physical address
 * @vaddr:	where the CPU reaches it
 * @slot:	metadata of each slot
 * @taken:	bitmap: slot is not free
 * @head:	bitmap: slot holds the first byte of a mapping; read without the lock
 * @nr:		slots
 * @words:	64-bit words in a bitmap
 * @lock:	protects what follows, and writing to the bitmaps
 * @used:	slots in use
 * @limit:	@used may grow this far without looking at other areas
 * @frozen:	@used must not change; the pool's lock ends that
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

	spinlock_t		lock ____cacheline_aligned_in_smp;
	u32			used;
	u32			limit;
	bool			frozen;
} ____cacheline_aligned_in_smp;

/* Not the lock. May sleep; after a failure, too, exit is what frees. */
int xsw_area_init(struct xsw_area *area, const struct xsw_extent *ext, u64 offset, u64 size);
void xsw_area_exit(struct xsw_area *area);

/* Lowest slot at or after @slot where alignment and boundary let a mapping start. */
u32 xsw_fit_from(const struct xsw_fit *fit, u32 slot);

/* Both with the lock held. Alloc returns the first slot, or XSW_NO_SLOT. */
u32 xsw_area_alloc(struct xsw_area *area, const struct xsw_fit *fit);
void xsw_area_free(struct xsw_area *area, u32 slot, u32 n);

/* Slot of the last mapping that starts at or before @slot, or XSW_NO_SLOT. No lock. */
u32 xsw_area_head(const struct xsw_area *area, u32 slot);

#endif /* XSW_AREA_H */
