// SPDX-License-Identifier: GPL-2.0
/*
 * The bounce pool: its areas, its accounts, and mapping through it.
 */
#include "pool.h"

#define XSW_AREA_MIN_BYTES	(4ULL << 20)
#define XSW_AREA_MAX_BYTES	((u64)XSW_AREA_MAX_SLOTS << XSW_SLOT_SHIFT)
/* Areas are cut at multiples of this from the start of their extent. */
#define XSW_AREA_UNIT		(256ULL << 10)
/* Hot runs that a search gives up before it tries again, with the lock held. */
#define XSW_COOL_RUNS		8

/**
 * struct xsw_pool - the bounce pool
 * @area:	its areas, in the order of their machine addresses
 * @nr_areas:	of @area
 * @lo:		first machine address
 * @span:	bytes from there to the end of the last area
 * @lock:	protects what follows; taken before any area's lock
 * @hiwater:	most slots that were ever used at once
 *
 * The sum of all areas' limits never exceeds @hiwater, so that as long as each keeps
 * its limit, the mark holds without anybody adding up.
 */
struct xsw_pool {
	struct xsw_area	*area;
	unsigned int	nr_areas;
	u64		lo;
	u64		span;

	spinlock_t	lock ____cacheline_aligned_in_smp;
	u64		hiwater;
};

/* ---- making and giving up ---- */

static bool overlap(u64 a, u64 a_size, u64 b, u64 b_size)
{
	return a < b ? b - a < a_size : a - b < b_size;
}

static int check_extents(const struct xsw_extent *ext, unsigned int nr)
{
	unsigned int i, j;

	for (i = 0; i < nr; i++) {
		const struct xsw_extent *e = &ext[i];
		u64 last = e->size - 1;

		if (!e->vaddr || !e->size || (e->size | e->phys | e->machine) & XSW_SLOT_MASK ||
		    e->phys + last < e->phys || e->machine + last < e->machine)
			return -EINVAL;
		for (j = 0; j < i; j++)
			if (overlap(e->phys, e->size, ext[j].phys, ext[j].size) ||
			    overlap(e->machine, e->size, ext[j].machine, ext[j].size))
				return -EINVAL;
	}
	return 0;
}

/* How many areas to make of an extent of @size. */
static u64 areas_of(u64 size, u64 target)
{
	return max_t(u64, div64_u64(size, target), DIV_ROUND_UP_ULL(size, XSW_AREA_MAX_BYTES));
}

/* Cut one extent into areas, which must be put in their place by machine address. */
static int add_areas(struct xsw_pool *pool, const struct xsw_extent *ext, u64 target)
{
	u64 nr = areas_of(ext->size, target);
	u64 cut = div64_u64(ext->size, nr) & ~(XSW_AREA_UNIT - 1);
	u64 offset = 0;
	unsigned int at = pool->nr_areas;

	while (at && pool->area[at - 1].machine > ext->machine)
		at--;
	memmove(&pool->area[at + nr], &pool->area[at],
		(pool->nr_areas - at) * sizeof(*pool->area));
	memset(&pool->area[at], 0, nr * sizeof(*pool->area));
	pool->nr_areas += nr;

	for (; nr; nr--, at++) {
		u64 size = nr > 1 ? cut : ext->size - offset;
		int ret = xsw_area_init(&pool->area[at], ext, offset, size);

		if (ret)
			return ret;
		offset += size;
	}
	return 0;
}

int xsw_pool_create(const struct xsw_extent *ext, unsigned int nr_ext,
		    unsigned int nr_areas, struct xsw_pool **poolp)
{
	const struct xsw_area *last;
	struct xsw_pool *pool;
	u64 total = 0, nr = 0, target;
	unsigned int i;
	int ret;

	if (!nr_ext || !nr_areas)
		return -EINVAL;
	ret = check_extents(ext, nr_ext);
	if (ret)
		return ret;

	for (i = 0; i < nr_ext; i++)
		total += ext[i].size;
	target = max(DIV_ROUND_UP_ULL(total, nr_areas), XSW_AREA_MIN_BYTES);
	for (i = 0; i < nr_ext; i++)
		nr += areas_of(ext[i].size, target);

	/* Powers of two come aligned to cache lines. */
	pool = kvcalloc(1, roundup_pow_of_two(sizeof(*pool)), GFP_KERNEL);
	if (!pool)
		return -ENOMEM;
	ret = -ENOMEM;
	pool->area = kvcalloc(1, roundup_pow_of_two(nr * sizeof(*pool->area)), GFP_KERNEL);
	if (!pool->area)
		goto err;
	spin_lock_init(&pool->lock);

	for (i = 0; i < nr_ext; i++) {
		ret = add_areas(pool, &ext[i], target);
		if (ret)
			goto err;
	}
	for (i = 0; i < pool->nr_areas; i++)
		spin_lock_init(&pool->area[i].lock);
	last = &pool->area[pool->nr_areas - 1];
	pool->lo = pool->area[0].machine;
	pool->span = last->machine - pool->lo + ((u64)last->nr << XSW_SLOT_SHIFT);
	*poolp = pool;
	return 0;
err:
	xsw_pool_destroy(pool);
	return ret;
}

u64 xsw_pool_destroy(struct xsw_pool *pool)
{
	unsigned int i;
	u64 leaked = 0;

	if (!pool)
		return 0;
	for (i = 0; i < pool->nr_areas; i++) {
		leaked += pool->area[i].used;
		xsw_area_exit(&pool->area[i]);
	}
	kvfree(pool->area);
	kvfree(pool);
	return leaked;
}

void xsw_pool_get_info(const struct xsw_pool *pool, struct xsw_pool_info *info)
{
	unsigned int i;

	*info = (struct xsw_pool_info){ .nr_areas = pool->nr_areas };
	for (i = 0; i < pool->nr_areas; i++) {
		const struct xsw_area *area = &pool->area[i];

		info->slots += area->nr;
		info->used += READ_ONCE(area->used);
		info->largest = max(info->largest, (u64)area->nr << XSW_SLOT_SHIFT);
	}
	info->hiwater = READ_ONCE(pool->hiwater);
}

struct xsw_area *xsw_pool_find(const struct xsw_pool *pool, u64 machine)
{
	unsigned int lo = 0, n;

	if (!pool || machine - pool->lo >= pool->span)
		return NULL;
	/* The last area that starts at or before @machine. */
	for (n = pool->nr_areas; n > 1; ) {
		unsigned int half = n / 2;

		if (machine >= pool->area[lo + half].machine) {
			lo += half;
			n -= half;
		} else {
			n = half;
		}
	}
	if (machine - pool->area[lo].machine >= (u64)pool->area[lo].nr << XSW_SLOT_SHIFT)
		return NULL;
	return &pool->area[lo];
}

/* ---- accounts ---- */

/*
 * Stop all areas' accounts, for long enough to add them up: whoever finds his area
 * frozen comes here too, and waits for the lock. Shares out what is
 * left below the mark, so that it takes a while until the next one comes.
 */
static void settle(struct xsw_pool *pool, struct xsw_area *charged, s64 slots, bool reset)
{
	unsigned long flags;
	unsigned int i;
	u64 total = slots, share;

	spin_lock_irqsave(&pool->lock, flags);
	for (i = 0; i < pool->nr_areas; i++) {
		struct xsw_area *area = &pool->area[i];

		spin_lock(&area->lock);
		area->frozen = true;
		total += area->used;
		spin_unlock(&area->lock);
	}
	if (reset || total > pool->hiwater)
		WRITE_ONCE(pool->hiwater, total);
	share = div64_u64(pool->hiwater - total, pool->nr_areas);
	for (i = 0; i < pool->nr_areas; i++) {
		struct xsw_area *area = &pool->area[i];

		spin_lock(&area->lock);
		if (area == charged)
			WRITE_ONCE(area->used, area->used + slots);
		area->limit = area->used + share;
		area->frozen = false;
		spin_unlock(&area->lock);
	}
	spin_unlock_irqrestore(&pool->lock, flags);
}

void xsw_pool_reset_hiwater(struct xsw_pool *pool)
{
	settle(pool, NULL, 0, true);
}

/* With the area's lock held. False: the account must be settled, without that lock. */
static bool charge(struct xsw_area *area, s64 slots)
{
	s64 used = area->used + slots;

	if (area->frozen || used > area->limit)
		return false;
	WRITE_ONCE(area->used, used);
	return true;
}

/* ---- places ---- */

/* The slots of @area that @dev reaches through its range @r, and how they must be chosen. */
static bool fit_window(struct xsw_fit *fit, const struct xsw_dev *dev,
		       const struct xsw_area *area, unsigned int r)
{
	u64 first = area->machine;
	u64 last = first + ((u64)area->nr << XSW_SLOT_SHIFT) - 1;
	u64 limit = xsw_dma_limit(dev);
	u64 delta = 0;

	if (dev->ranges) {
		const struct xsw_dma_range *range = &dev->ranges[r];

		if (!range->size)
			return false;
		first = max(first, range->machine);
		last = min(last, range->machine + range->size - 1);
		if (first > last)
			return false;
		delta = range->dma - range->machine;
		/* Such a range can't keep a slot whole for the device. */
		if (delta & XSW_SLOT_MASK)
			return false;
	}
	if (first + delta > limit)
		return false;
	last = min(last + delta, limit) - delta;
	fit->dma0 = area->machine + delta;
	fit->lo = (first - area->machine + XSW_SLOT_MASK) >> XSW_SLOT_SHIFT;
	fit->hi = (last - area->machine + 1) >> XSW_SLOT_SHIFT;
	return fit->lo < fit->hi;
}

/* 2^n - 1 that covers @mask, as it should be itself */
static u64 low_mask(u64 mask)
{
	return mask & (mask + 1) ? ~0ULL >> (64 - fls64(mask)) : mask;
}

static u64 boundary_of(const struct xsw_dev *dev)
{
	return dev->seg_boundary ? low_mask(dev->seg_boundary) : ~0ULL;
}

/**
 * struct xsw_want - a mapping's demands, the same for every area
 * @align:	2^n - 1: bits of the first slot's dma address that are asked for
 * @low:	what they must be
 * @granule:	2^n - 1: whole granules are taken
 * @boundary:	2^n - 1, ~0: none
 * @offset:	of the mapping's first byte in what is taken
 * @size:	of the mapping
 * @bytes:	of what is taken
 */
struct xsw_want {
	u64	align;
	u64	low;
	u64	granule;
	u64	boundary;
	u64	offset;
	u64	size;
	u64	bytes;
};

static void want_init(struct xsw_want *want, const struct xsw_dev *dev, phys_addr_t phys,
		      size_t size)
{
	u64 keep = low_mask(dev->min_align_mask);

	want->boundary = boundary_of(dev);
	want->granule = low_mask(dev->alloc_align_mask) | XSW_SLOT_MASK;
	/*
	 * Drivers rely on it that what is as long as a page starts at one, as far as
	 * nothing else was asked for.
	 */
	if (size >= PAGE_SIZE && want->granule == XSW_SLOT_MASK && keep <= XSW_SLOT_MASK)
		want->align = PAGE_SIZE - 1;
	else
		want->align = want->granule | keep;
	want->align |= XSW_SLOT_MASK;
	/* The bits within the granule come from the offset, those above from its place. */
	want->offset = phys & keep & want->granule;
	want->low = phys & keep & ~want->granule;
	want->size = size;
	want->bytes = (want->offset + size + want->granule) & ~want->granule;
}

/* Complete @fit, which has a window. False: that holds no such place even if it is empty. */
static bool fit_init(struct xsw_fit *fit, const struct xsw_want *want)
{
	u64 stride = want->align >> XSW_SLOT_SHIFT;
	u64 phase = ((want->low - fit->dma0) & want->align) >> XSW_SLOT_SHIFT;
	u64 first, last;

	/* A granule beyond all bounds makes bytes 0. */
	if (want->bytes - 1 >= (u64)(fit->hi - fit->lo) << XSW_SLOT_SHIFT || phase >= fit->hi)
		return false;
	fit->n = want->bytes >> XSW_SLOT_SHIFT;
	fit->stride = min_t(u64, stride, 2 * XSW_AREA_MAX_SLOTS - 1);
	fit->phase = phase;
	fit->offset = want->offset;
	fit->size = want->size;
	fit->boundary = ~0ULL;

	/* Seldom is there a boundary in the window at all. */
	first = fit->dma0 + ((u64)fit->lo << XSW_SLOT_SHIFT);
	last = fit->dma0 + ((u64)fit->hi << XSW_SLOT_SHIFT) - 1;
	if ((first ^ last) & ~want->boundary) {
		u64 start = fit->dma0 + ((u64)phase << XSW_SLOT_SHIFT) + want->offset;
		u64 least = start & min(want->align, want->boundary);

		/* No start is nearer behind a boundary than the least. */
		if (want->size > want->boundary + 1 - least)
			return false;
		fit->boundary = want->boundary;
	}
	return true;
}

static unsigned int nr_windows(const struct xsw_dev *dev)
{
	return dev->ranges ? dev->nr_ranges : 1;
}

/* ---- bytes ---- */

static void copy(void *bounce, phys_addr_t phys, size_t size, bool to_bounce)
{
	u8 *at = bounce;

	while (size) {
		size_t len = size;
		void *orig = xsw_phys_map(phys, &len);

		if (to_bounce)
			memcpy(at, orig, len);
		else
			memcpy(orig, at, len);
		xsw_phys_unmap(orig);
		at += len;
		phys += len;
		size -= len;
	}
}

static bool valid_for_cpu(enum dma_data_direction dir)
{
	return dir == DMA_FROM_DEVICE || dir == DMA_BIDIRECTIONAL;
}

static bool valid_for_device(enum dma_data_direction dir)
{
	return dir == DMA_TO_DEVICE || dir == DMA_BIDIRECTIONAL;
}

/* ---- mapping ---- */

static u32 live_word(const struct xsw_area *area, u32 head, const struct xsw_want *want)
{
	u32 granule_slots = (want->granule + 1) >> XSW_SLOT_SHIFT;
	u32 gen = (READ_ONCE(area->slot[head].word) >> XSW_SLOT_GEN_SHIFT) + 1;

	return XSW_SLOT_LIVE | gen << XSW_SLOT_GEN_SHIFT |
	       (u32)(want->offset & XSW_SLOT_MASK) << XSW_SLOT_OFF_SHIFT |
	       (u32)ilog2(granule_slots) << XSW_SLOT_GRAN_SHIFT |
	       (want->offset > XSW_SLOT_MASK ? XSW_SLOT_PADDED : 0);
}

/* Byte of the area at which the mapping starts that @word of slot @head describes. */
static u64 start_of(u32 head, u32 word)
{
	return ((u64)head << XSW_SLOT_SHIFT) + (word >> XSW_SLOT_OFF_SHIFT & XSW_SLOT_MASK);
}

/* The slots it takes. */
static void slots_of(const struct xsw_area *area, u32 head, u32 word, u32 *first, u32 *n)
{
	u64 granule = XSW_SLOT_SIZE << (word >> XSW_SLOT_GRAN_SHIFT & 0x1f);
	u64 bytes = (word >> XSW_SLOT_OFF_SHIFT & XSW_SLOT_MASK) +
		    READ_ONCE(area->slot[head].size);
	u32 pad = 0;

	if (word & XSW_SLOT_PADDED)
		pad = READ_ONCE(area->slot[head - 1].size);
	bytes += (u64)pad << XSW_SLOT_SHIFT;
	*first = head - pad;
	*n = ((bytes + granule - 1) & ~(granule - 1)) >> XSW_SLOT_SHIFT;
}

/* Fill slots that are ours alone, and let the mapping live. */
static void fill(struct xsw_area *area, u32 first, const struct xsw_want *want,
		 const struct xsw_dev *dev, phys_addr_t phys)
{
	u32 head = first + (want->offset >> XSW_SLOT_SHIFT);
	u64 at = (u64)first << XSW_SLOT_SHIFT;
	u64 end = want->offset + want->size;
	struct xsw_slot *slot = &area->slot[head];
	u8 *mem = area->vaddr + at;

	memset(mem, 0, want->offset);
	copy(mem + want->offset, phys, want->size, true);
	memset(mem + end, 0, want->bytes - end);
	/* All of it, even if the driver promises to sync later: padding it never will. */
	if (!dev->coherent)
		xsw_arch_sync_for_device(area->phys + at, want->bytes, DMA_BIDIRECTIONAL);

	WRITE_ONCE(slot->phys, phys);
	WRITE_ONCE(slot->size, want->size);
	if (want->offset > XSW_SLOT_MASK)
		WRITE_ONCE(slot[-1].size, want->offset >> XSW_SLOT_SHIFT);
	/* Who sees it live sees all of it. */
	smp_store_release(&slot->word, live_word(area, head, want));
}

/* A place in @area, or XSW_NO_SLOT. */
static u32 take(struct xsw_pool *pool, struct xsw_area *area, const struct xsw_fit *fit)
{
	/* Enough to give up all hot runs, and an end whatever others add meanwhile. */
	u32 tries = XSW_HOT_SLOTS * XSW_HOT_RUNS / XSW_COOL_RUNS + 1;
	bool charged = true, again = false;
	unsigned long flags;
	u32 slot;

	do {
		spin_lock_irqsave(&area->lock, flags);
		slot = xsw_area_alloc(area, fit);
		if (slot != XSW_NO_SLOT) {
			charged = charge(area, fit->n);
			again = false;
		} else {
			again = area->hot_runs;
			xsw_area_cool(area, XSW_COOL_RUNS);
		}
		spin_unlock_irqrestore(&area->lock, flags);
	} while (again && --tries);
	if (!charged)
		settle(pool, area, fit->n, false);
	return slot;
}

/* @head: the slot whose metadata told of these. */
static void give_back(struct xsw_pool *pool, struct xsw_area *area, u32 first, u32 n, u32 head)
{
	unsigned long flags;
	bool charged;

	spin_lock_irqsave(&area->lock, flags);
	/* First, or somebody takes these slots and the account goes over the top. */
	charged = charge(area, -(s64)n);
	if (charged)
		xsw_area_free(area, first, n, head);
	spin_unlock_irqrestore(&area->lock, flags);
	if (charged)
		return;

	settle(pool, area, -(s64)n, false);
	spin_lock_irqsave(&area->lock, flags);
	xsw_area_free(area, first, n, head);
	spin_unlock_irqrestore(&area->lock, flags);
}

/* Why there was no place: because of the moment, the size, the demands or the device's reach. */
static enum xsw_cause why_not(const struct xsw_pool *pool, const struct xsw_dev *dev,
			      const struct xsw_want *want)
{
	bool large = true, room = false;
	unsigned int i, r;

	for (i = 0; i < pool->nr_areas; i++) {
		const struct xsw_area *area = &pool->area[i];

		if (want->size > (u64)area->nr << XSW_SLOT_SHIFT)
			continue;
		large = false;
		for (r = 0; r < nr_windows(dev); r++) {
			struct xsw_fit fit;

			if (!fit_window(&fit, dev, area, r) ||
			    want->size > (u64)(fit.hi - fit.lo) << XSW_SLOT_SHIFT)
				continue;
			room = true;
			if (fit_init(&fit, want) &&
			    xsw_fit_from(&fit, fit.lo) <= fit.hi - fit.n)
				return XSW_CAUSE_NO_SPACE;
		}
	}
	if (large)
		return XSW_CAUSE_TOO_LARGE;
	return room ? XSW_CAUSE_MISALIGNED : XSW_CAUSE_MASK;
}

enum xsw_cause xsw_pool_map(struct xsw_pool *pool, const struct xsw_dev *dev, phys_addr_t phys,
			    size_t size, dma_addr_t *dma)
{
	unsigned int nr = xsw_cpu() % pool->nr_areas;
	struct xsw_want want;
	unsigned int i, r;

	if (size > XSW_AREA_MAX_BYTES)
		return XSW_CAUSE_TOO_LARGE;
	want_init(&want, dev, phys, size);
	/* This CPU's area first, then all others. */
	for (i = 0; i < pool->nr_areas; i++) {
		struct xsw_area *area = &pool->area[nr];

		for (r = 0; r < nr_windows(dev); r++) {
			struct xsw_fit fit;
			u32 slot;

			if (!fit_window(&fit, dev, area, r) || !fit_init(&fit, &want))
				continue;
			slot = take(pool, area, &fit);
			if (slot == XSW_NO_SLOT)
				continue;
			fill(area, slot, &want, dev, phys);
			*dma = fit.dma0 + ((u64)slot << XSW_SLOT_SHIFT) + want.offset;
			return XSW_CAUSE_NONE;
		}
		if (++nr == pool->nr_areas)
			nr = 0;
	}
	return why_not(pool, dev, &want);
}

/* Whether all that was read of a slot without its lock is of the mapping of @word. */
static bool unchanged(const struct xsw_slot *slot, u32 word)
{
	/* Pairs with the full barrier of the unmap's compare-and-exchange. */
	smp_rmb();
	return READ_ONCE(slot->word) == word;
}

enum xsw_cause xsw_pool_unmap(struct xsw_pool *pool, struct xsw_area *area,
			      const struct xsw_dev *dev, u64 machine, size_t size,
			      enum dma_data_direction dir, unsigned long attrs)
{
	u64 at = machine - area->machine;
	u32 head = at >> XSW_SLOT_SHIFT;
	struct xsw_slot *slot = &area->slot[head];
	u32 word, first, n;

	/* Pairs with the release in fill(). */
	word = smp_load_acquire(&slot->word);
	if ((word & XSW_SLOT_STATE) != XSW_SLOT_LIVE || start_of(head, word) != at)
		return XSW_CAUSE_NOT_MAPPED;
	if (READ_ONCE(slot->size) != size)
		return unchanged(slot, word) ? XSW_CAUSE_SIZE_MISMATCH : XSW_CAUSE_NOT_MAPPED;
	/* Of several unmaps one gets past this; the slots are then its alone. */
	if (cmpxchg(&slot->word, word, word ^ XSW_SLOT_LIVE ^ XSW_SLOT_DYING) != word)
		return XSW_CAUSE_NOT_MAPPED;

	if (valid_for_cpu(dir) && !(attrs & DMA_ATTR_SKIP_CPU_SYNC)) {
		if (!dev->coherent)
			xsw_arch_sync_for_cpu(area->phys + at, size, dir);
		copy(area->vaddr + at, slot->phys, size, false);
	}
	slots_of(area, head, word, &first, &n);
	WRITE_ONCE(slot->word, word & ~0U << XSW_SLOT_GEN_SHIFT);
	give_back(pool, area, first, n, head);
	return XSW_CAUSE_NONE;
}

enum xsw_cause xsw_pool_sync(struct xsw_area *area, const struct xsw_dev *dev, u64 machine,
			     size_t size, enum dma_data_direction dir, bool for_cpu)
{
	u64 at = machine - area->machine;
	u32 head = xsw_area_head(area, at >> XSW_SLOT_SHIFT);
	const struct xsw_slot *slot;
	u32 word, first, n, len;
	u64 start;
	phys_addr_t phys;

	if (head == XSW_NO_SLOT)
		return XSW_CAUSE_NOT_MAPPED;
	slot = &area->slot[head];
	/* Pairs with the release in fill(). */
	word = smp_load_acquire(&slot->word);
	start = start_of(head, word);
	len = READ_ONCE(slot->size);
	phys = READ_ONCE(slot->phys);
	slots_of(area, head, word, &first, &n);
	if ((word & XSW_SLOT_STATE) != XSW_SLOT_LIVE || at >> XSW_SLOT_SHIFT >= first + n ||
	    !unchanged(slot, word))
		return XSW_CAUSE_NOT_MAPPED;
	if (at < start || at - start > len || size > len - (at - start))
		return XSW_CAUSE_OUT_OF_RANGE;

	phys += at - start;
	if (for_cpu) {
		if (!valid_for_cpu(dir))
			return XSW_CAUSE_NONE;
		if (!dev->coherent)
			xsw_arch_sync_for_cpu(area->phys + at, size, dir);
		copy(area->vaddr + at, phys, size, false);
	} else {
		/* What the device has written and the CPU not yet seen must survive. */
		if (valid_for_device(dir))
			copy(area->vaddr + at, phys, size, true);
		if (!dev->coherent)
			xsw_arch_sync_for_device(area->phys + at, size, dir);
	}
	return XSW_CAUSE_NONE;
}

size_t xsw_pool_max_mapping(const struct xsw_pool *pool, const struct xsw_dev *dev)
{
	u64 keep = low_mask(dev->min_align_mask);
	u64 granule = low_mask(dev->alloc_align_mask) | XSW_SLOT_MASK;
	u64 align = keep | granule | (PAGE_SIZE - 1);
	/* What the low bits may cost at worst, in whole slots. */
	u64 lost = (keep + XSW_SLOT_MASK) & ~(u64)XSW_SLOT_MASK;
	u64 boundary = boundary_of(dev);
	u64 best = 0;
	unsigned int i, r;

	for (i = 0; i < pool->nr_areas; i++) {
		for (r = 0; r < nr_windows(dev); r++) {
			struct xsw_fit fit;
			u64 bytes, skip;

			if (!fit_window(&fit, dev, &pool->area[i], r))
				continue;
			bytes = (u64)(fit.hi - fit.lo) << XSW_SLOT_SHIFT;
			skip = -(fit.dma0 + ((u64)fit.lo << XSW_SLOT_SHIFT)) & align;
			if (skip >= bytes)
				continue;
			bytes = (bytes - skip) & ~granule;
			if (bytes > lost)
				best = max(best, bytes - lost);
		}
	}
	if (boundary != ~0ULL)
		best = min(best, boundary > keep ? boundary + 1 - lost : 0);
	return min_t(u64, best, SIZE_MAX);
}

bool xsw_pool_reachable(const struct xsw_env *env, const struct xsw_dev *dev)
{
	const struct xsw_pool *pool = env->pool;
	unsigned int i, r;

	for (i = 0; pool && i < pool->nr_areas; i++) {
		u32 slots = 0;

		for (r = 0; r < nr_windows(dev); r++) {
			struct xsw_fit fit;

			if (fit_window(&fit, dev, &pool->area[i], r))
				slots += fit.hi - fit.lo;
		}
		if (slots < pool->area[i].nr)
			return false;
	}
	return true;
}
