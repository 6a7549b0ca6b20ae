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

#define XSW_HOT_SLOTS		132		/* longest of the short runs that are kept hot */
#define XSW_HOT_MOST		(32 * XSW_HOT_SLOTS)	/* slots in all of them */
#define XSW_HOT_LONG		4		/* longer runs that are kept hot */
#define XSW_MORE_PAGES		8		/* made hot beside one that was not */
#define XSW_LOOKS		5		/* of a search, until the lock is released */
#define XSW_SPLIT_LENGTHS	16		/* of hot runs, of which one may be split */
#define XSW_STALE_LEAVES	4		/* most leaves that the tree is behind with */

#define XSW_PAGE_SHIFT		12		/* not the kernel's: what records are kept by */
#define XSW_PAGE_SLOTS		BIT(XSW_PAGE_SHIFT - XSW_SLOT_SHIFT)

/**
 * struct xsw_run - slots in a row that were taken, and the mapping in them, if there is one
 * @next:	of the page in which it starts; or of @unused
 * @cooler:	next of the hot ones, while it is one
 * @phys:	original memory, while mapped
 * @at:		byte of the area at which the mapping starts, or the last one did: in its slots
 * @size:	bytes mapped; 0 while it is not filled yet, once its unmap has begun, and hot
 * @first:	slot
 * @n:		slots; 0: the record stands for none
 *
 * 32 bytes, so that none is on two cache lines.
 */
struct xsw_run {
	struct xsw_run	*next;
	union {
		struct xsw_run	*cooler;
		u64		phys;
	};
	u32		at;
	u32		size;
	u32		first;
	u32		n;
};

/**
 * struct xsw_fit - what a place in an area must be like
 * @machine:	of slot 0, as it was when this was made
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
	u64	machine;
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

/* The same of a word of the bitmap. */
struct xsw_word {
	u8	first;
	u8	last;
	u8	most;
};

/**
 * struct xsw_stale - a leaf of the tree that has to be made up again
 * @leaf:	which
 * @words:	a bit for each of its words that have changed
 */
struct xsw_stale {
	u32	leaf;
	u32	words;
};

/**
 * struct xsw_area - an area
 * @pool:	of which it is
 * @machine:	machine address of slot 0
 * @phys:	its guest physical address
 * @vaddr:	where the CPU reaches it
 * @page:	for each page of the area the record of a run that starts there, with others
 *		that do behind it
 * @bytes:	in all
 * @nr:		slots
 * @node:	that its memory is near to
 * @taken:	bitmap: slot is in a run
 * @word:	free slots of each of its words, but for what is @stale
 * @tree:	the same: free slots of leaves of 8 words, from @leaves on, and of pairs of what is
 *		below: node i is made of 2i and 2i + 1
 * @filled:	bitmap: a run starts in the page
 * @filled_word: bitmap: the word of @filled is not 0
 * @free_page:	bitmap: none of the page is in a run
 * @free_word:	bitmap: the word of @free_page is not 0
 * @blocks:	memory of more records; the first of each block links it
 * @words:	64-bit words in @taken, whole leaves
 * @leaves:	rounded up to a power of two
 * @page_words:	in @free_page
 * @next_account: of @pool's accounts; by its lock
 * @has_account: it is one of them; by the same lock
 * @lock:	protects what follows, and all of the above that changes but the account, and
 *		@blocks, which only the pool's work changes
 * @used:	slots in use
 * @limit:	@used may grow this far without looking at other areas; -1: it must not
 *		change until the pool's lock is free again
 * @hot_slots:	slots of all short hot runs
 * @nr_long:	hot runs that are longer
 * @longest:	most slots in a row when all was given up last, and no place found; ~0: never was
 * @freed:	slots that were since
 * @gave:	times that slots came back to the bitmap, or records when there were none
 * @cool:	length of the hot run that was given up last
 * @records:	in @blocks
 * @nr_unused:	in @unused
 * @unused:	records of @blocks that stand for no slots
 * @nr_stale:	in @stale
 * @stale:	leaves that may differ from @taken, as nobody has looked at them since
 * @closed:	nothing is to be mapped here any more
 * @lengths:	bitmap: there were ever short runs of that length
 * @hot:	runs of each length that were freed last, latest first; 0: longer ones
 *
 * What every CPU reads and what the lock's holder writes are on different cache lines.
 */
struct xsw_area {
	struct xsw_pool		*pool;
	u64			machine;
	phys_addr_t		phys;
	u8			*vaddr;
	struct xsw_run		*page;
	u32			bytes;
	u32			nr;
	int			node;
	u64			*taken;
	struct xsw_word		*word;
	struct xsw_free		*tree;
	u64			*filled;
	u64			*filled_word;
	u64			*free_page;
	u64			*free_word;
	struct xsw_run		*blocks;
	u32			words;
	u32			leaves;
	u32			page_words;
	struct xsw_area		*next_account;
	bool			has_account;

	spinlock_t		lock ____cacheline_aligned_in_smp;
	s32			used;
	s32			limit;
	u32			hot_slots;
	u32			nr_long;
	u32			longest;
	u64			freed;
	u32			gave;
	u32			cool;
	u32			records;
	u32			nr_unused;
	struct xsw_run		*unused;
	u32			nr_stale;
	struct xsw_stale	stale[XSW_STALE_LEAVES];
	bool			closed;
	u64			lengths[XSW_HOT_SLOTS / 64 + 1];
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

/* Are there so few unused records that more should be made, where that may sleep? */
static inline bool xsw_area_low(const struct xsw_area *area)
{
	return area->nr_unused < area->records / 4 && area->records < area->nr;
}

/* Makes them. Not the lock; may sleep. Return: 0 or -ENOMEM. */
int xsw_area_refill(struct xsw_area *area);

/*
 * All with the lock held, and none for long. Alloc looks for a place from slot *@from on; where it
 * returns NULL the caller releases the lock and calls again, unless *@from is XSW_NO_SLOT.
 */
struct xsw_run *xsw_area_alloc(struct xsw_area *area, const struct xsw_fit *fit, u32 *from);
/*
 * When there is no place: the beginning of a hot run, or NULL. Then hot runs may be in the way;
 * when there are none, it is remembered how many free slots there are in a row.
 */
struct xsw_run *xsw_area_split(struct xsw_area *area, const struct xsw_fit *fit);
/*
 * Nowhere are there @n slots in a row, hot runs or not: what was freed is in as many pieces at
 * most as it has slots, and they can have joined one @longest more than they are.
 */
static inline bool xsw_area_in_vain(const struct xsw_area *area, u32 n)
{
	return n > area->longest &&
	       area->freed <= (n - area->longest - 1) / (area->longest + 1);
}

/* Give up a hot run: @n slots from @first on. False: there is none. */
bool xsw_area_cool_one(struct xsw_area *area, u32 *first, u32 *n);
/* So many. */
void xsw_area_cool(struct xsw_area *area, u32 runs);
/* Make so many free pages hot runs. False: there are no more, or no more may be. */
bool xsw_area_heat(struct xsw_area *area, u32 pages);
void xsw_area_free_slow(struct xsw_area *area, struct xsw_run *run);

static inline bool xsw_area_has_hot(const struct xsw_area *area)
{
	return area->hot_slots | area->nr_long;
}

/* None of it is in a run, hot ones included. */
bool xsw_area_is_free(struct xsw_area *area);

/*
 * May a run of @n slots be kept hot, so that there are @hot of them, with @used in use? They may
 * have half of what is free, so that they do not scatter it.
 */
static inline bool xsw_area_may_be_hot(const struct xsw_area *area, u32 n, u32 hot, u32 used)
{
	return n <= XSW_HOT_SLOTS && hot <= XSW_HOT_MOST && 2 * hot + used <= area->nr;
}

/* @run is the first of the short hot ones of its length, @n. */
static inline void xsw_area_take_hot(struct xsw_area *area, struct xsw_run *run, u32 n)
{
	struct xsw_run *next = run->cooler;

	area->hot[n] = next;
	area->hot_slots -= n;
	/* The next one's record may long be out of the cache. */
	if (next)
		prefetchw(next);
}

/* @run, of @n slots, with which @hot are in hot ones. */
static inline void xsw_area_put_hot(struct xsw_area *area, struct xsw_run *run, u32 n, u32 hot)
{
	run->cooler = area->hot[n];
	area->hot[n] = run;
	area->hot_slots = hot;
}

static inline void xsw_area_free(struct xsw_area *area, struct xsw_run *run)
{
	u32 n = run->n, hot = area->hot_slots + n;

	area->freed += n;
	if (unlikely(!xsw_area_may_be_hot(area, n, hot, area->used)))
		xsw_area_free_slow(area, run);
	else
		xsw_area_put_hot(area, run, n, hot);
}

/* The run that has slot @slot, or the last that starts before it, or NULL. */
struct xsw_run *xsw_area_find_last(const struct xsw_area *area, u32 slot);

/* The record of the page of byte @at: it stands for most mappings that start there. */
static inline struct xsw_run *xsw_area_home(const struct xsw_area *area, u32 at)
{
	return &area->page[at >> XSW_PAGE_SHIFT];
}

#endif /* XSW_AREA_H */
