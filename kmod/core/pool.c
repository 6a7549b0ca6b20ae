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

static void refill(struct work_struct *work)
{
	struct xsw_pool *pool = container_of(work, struct xsw_pool, refill);
	unsigned int i;

	for (i = 0; i < pool->nr_areas; i++) {
		struct xsw_area *area = &pool->area[i];
		unsigned long flags;
		bool low;

		spin_lock_irqsave(&area->lock, flags);
		low = xsw_area_low(area);
		spin_unlock_irqrestore(&area->lock, flags);
		/* Out of memory, the next map that finds it low asks again. */
		if (low)
			xsw_area_refill(area);
	}
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
	spin_lock_init(&pool->lock);
	INIT_WORK(&pool->refill, refill);
	ret = -ENOMEM;
	pool->area = kvcalloc(1, roundup_pow_of_two(nr * sizeof(*pool->area)), GFP_KERNEL);
	if (!pool->area)
		goto err;

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
	cancel_work_sync(&pool->refill);
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

struct xsw_area *xsw_pool_area(const struct xsw_pool *pool, u64 machine)
{
	unsigned int lo = 0, n;

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
static noinline void settle(struct xsw_pool *pool, struct xsw_area *charged, s32 slots, bool reset)
{
	unsigned long flags;
	unsigned int i;
	u64 total = (s64)slots, share;

	spin_lock_irqsave(&pool->lock, flags);
	for (i = 0; i < pool->nr_areas; i++) {
		struct xsw_area *area = &pool->area[i];

		spin_lock(&area->lock);
		area->limit = -1;
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
		spin_unlock(&area->lock);
	}
	spin_unlock_irqrestore(&pool->lock, flags);
}

void xsw_pool_reset_hiwater(struct xsw_pool *pool)
{
	settle(pool, NULL, 0, true);
}

/* With the area's lock held. False: the account must be settled, without that lock. */
static bool charge(struct xsw_area *area, s32 slots)
{
	s32 used = area->used + slots;

	if (unlikely(used > area->limit))
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

static inline void want_init(struct xsw_want *want, const struct xsw_dev *dev, phys_addr_t phys,
			     size_t size)
{
	u64 keep;

	want->boundary = boundary_of(dev);
	want->size = size;
	/* Most devices. */
	if (likely(!(dev->min_align_mask | dev->alloc_align_mask))) {
		want->align = size >= PAGE_SIZE ? PAGE_SIZE - 1 : XSW_SLOT_MASK;
		want->granule = XSW_SLOT_MASK;
		want->offset = 0;
		want->low = 0;
		want->bytes = (size + XSW_SLOT_MASK) & ~XSW_SLOT_MASK;
		return;
	}
	keep = low_mask(dev->min_align_mask);
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

static inline void copy(void *bounce, phys_addr_t phys, size_t size, bool to_bounce)
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

/* Is a run at @machine one that @want may have? Sets its dma address. */
static inline bool suits(const struct xsw_want *want, const struct xsw_dev *dev, u64 machine,
			 dma_addr_t *dma)
{
	u64 start;

	if (!xsw_range_to_dma(dev, machine, want->bytes, dma) ||
	    *dma + want->bytes - 1 > xsw_dma_limit(dev) || (*dma ^ want->low) & want->align)
		return false;
	start = *dma + want->offset;
	return !((start ^ (start + want->size - 1)) & ~want->boundary);
}

/* With the lock held: the mapping has its place, and can be told from all others. */
static inline bool begin(struct xsw_area *area, struct xsw_run *run, const struct xsw_want *want)
{
	run->at = (run->first << XSW_SLOT_SHIFT) + want->offset;
	xsw_area_insert(area, run);
	return charge(area, run->n);
}

/* The run of the right length that was freed last, if it will do: the others are hardly hot. */
static inline struct xsw_run *take_hot(struct xsw_pool *pool, struct xsw_area *area,
				       const struct xsw_want *want, const struct xsw_dev *dev,
				       dma_addr_t *dma)
{
	u64 n = want->bytes >> XSW_SLOT_SHIFT;
	struct xsw_run *run;
	unsigned long flags;
	bool charged = true;

	if (n - 1 >= XSW_HOT_SLOTS)
		return NULL;
	spin_lock_irqsave(&area->lock, flags);
	run = area->hot[n];
	if (run && suits(want, dev, area->machine + (run->first << XSW_SLOT_SHIFT), dma)) {
		xsw_area_take_hot(area, run);
		charged = begin(area, run, want);
	} else {
		run = NULL;
	}
	spin_unlock_irqrestore(&area->lock, flags);
	if (unlikely(!charged))
		settle(pool, area, run->n, false);
	return run;
}

/* A place in @area, or NULL. */
static struct xsw_run *take(struct xsw_pool *pool, struct xsw_area *area,
			    const struct xsw_fit *fit, const struct xsw_want *want)
{
	/* Enough to give up all hot runs, and an end whatever others add meanwhile. */
	u32 tries = XSW_HOT_MOST / XSW_COOL_RUNS + 1;
	bool charged = true, again = false, low;
	struct xsw_run *run;
	unsigned long flags;

	do {
		spin_lock_irqsave(&area->lock, flags);
		run = xsw_area_alloc(area, fit);
		if (run) {
			charged = begin(area, run, want);
			again = false;
		} else {
			again = area->hot_slots;
			xsw_area_cool(area, XSW_COOL_RUNS);
		}
		low = xsw_area_low(area);
		spin_unlock_irqrestore(&area->lock, flags);
	} while (again && --tries);
	if (!charged)
		settle(pool, area, fit->n, false);
	if (low)
		schedule_work(&pool->refill);
	return run;
}

/* A place by the bitmaps. */
static struct xsw_run *search(struct xsw_pool *pool, struct xsw_area *area,
			      const struct xsw_want *want, const struct xsw_dev *dev,
			      dma_addr_t *dma)
{
	unsigned int r;

	for (r = 0; r < nr_windows(dev); r++) {
		struct xsw_fit fit;
		struct xsw_run *run;

		if (!fit_window(&fit, dev, area, r) || !fit_init(&fit, want))
			continue;
		run = take(pool, area, &fit, want);
		if (!run)
			continue;
		*dma = fit.dma0 + ((u64)run->first << XSW_SLOT_SHIFT);
		return run;
	}
	return NULL;
}

/* Fill slots that are ours alone, and let the mapping live. */
static inline void fill(struct xsw_area *area, struct xsw_run *run, const struct xsw_want *want,
			const struct xsw_dev *dev, phys_addr_t phys)
{
	u64 end = want->offset + want->size;
	u32 at = run->at - want->offset;
	u8 *mem = area->vaddr + at;

	/* Filling nothing takes its time, too. */
	if (want->offset)
		memset(mem, 0, want->offset);
	copy(mem + want->offset, phys, want->size, true);
	if (end < want->bytes)
		memset(mem + end, 0, want->bytes - end);
	/* All of it, even if the driver promises to sync later: padding it never will. */
	if (!dev->coherent)
		xsw_arch_sync_for_device(area->phys + at, want->bytes, DMA_BIDIRECTIONAL);

	run->phys = phys;
	/* Who sees it live sees all of it. */
	smp_store_release(&run->size, want->size);
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

/* Where area @nr has nothing hot: its bitmaps, then all other areas. */
static noinline enum xsw_cause map_anywhere(struct xsw_pool *pool, unsigned int nr,
					    const struct xsw_want *want,
					    const struct xsw_dev *dev, phys_addr_t phys,
					    dma_addr_t *dma)
{
	unsigned int i;

	for (i = 0; i < pool->nr_areas; i++) {
		struct xsw_area *area = &pool->area[nr];
		struct xsw_run *run = i ? take_hot(pool, area, want, dev, dma) : NULL;

		if (!run)
			run = search(pool, area, want, dev, dma);
		if (run) {
			fill(area, run, want, dev, phys);
			*dma += want->offset;
			return XSW_CAUSE_NONE;
		}
		if (++nr == pool->nr_areas)
			nr = 0;
	}
	return why_not(pool, dev, want);
}

enum xsw_cause xsw_pool_map(struct xsw_pool *pool, const struct xsw_dev *dev, phys_addr_t phys,
			    size_t size, dma_addr_t *dma)
{
	unsigned int nr = xsw_cpu();
	struct xsw_want want;
	struct xsw_run *run;

	if (size > XSW_AREA_MAX_BYTES)
		return XSW_CAUSE_TOO_LARGE;
	want_init(&want, dev, phys, size);
	if (unlikely(nr >= pool->nr_areas))
		nr %= pool->nr_areas;
	/* This CPU's area first. */
	run = take_hot(pool, &pool->area[nr], &want, dev, dma);
	if (unlikely(!run))
		return map_anywhere(pool, nr, &want, dev, phys, dma);
	fill(&pool->area[nr], run, &want, dev, phys);
	*dma += want.offset;
	return XSW_CAUSE_NONE;
}

enum xsw_cause xsw_pool_unmap(struct xsw_pool *pool, struct xsw_area *area,
			      bool coherent, u64 machine, size_t size,
			      enum dma_data_direction dir, unsigned long attrs)
{
	u32 at = machine - area->machine;
	struct xsw_run **link, *run;
	unsigned long flags;
	u32 len;

	spin_lock_irqsave(&area->lock, flags);
	link = xsw_area_find(area, at);
	run = *link;
	/* Pairs with the release in fill(). */
	len = run ? smp_load_acquire(&run->size) : 0;
	if (unlikely(!len || len != size)) {
		spin_unlock_irqrestore(&area->lock, flags);
		return len ? XSW_CAUSE_SIZE_MISMATCH : XSW_CAUSE_NOT_MAPPED;
	}
	/* Of several unmaps one gets past this; the slots are then its alone. */
	run->size = 0;
	if (valid_for_cpu(dir) && !(attrs & DMA_ATTR_SKIP_CPU_SYNC)) {
		spin_unlock_irqrestore(&area->lock, flags);
		if (!coherent)
			xsw_arch_sync_for_cpu(area->phys + at, size, dir);
		copy(area->vaddr + at, run->phys, size, false);
		spin_lock_irqsave(&area->lock, flags);
		link = xsw_area_find(area, at);
	}
	/* First, or somebody takes these slots and the account goes over the top. */
	if (!charge(area, -(s32)run->n)) {
		spin_unlock_irqrestore(&area->lock, flags);
		settle(pool, area, -(s32)run->n, false);
		spin_lock_irqsave(&area->lock, flags);
		link = xsw_area_find(area, at);
	}
	xsw_area_remove(area, link);
	xsw_area_free(area, run);
	spin_unlock_irqrestore(&area->lock, flags);
	return XSW_CAUSE_NONE;
}

/* The mapping that has byte @at, if all of @size is in it: its memory there. */
static enum xsw_cause find_mapped(struct xsw_area *area, u32 at, size_t size, phys_addr_t *phys)
{
	enum xsw_cause cause = XSW_CAUSE_NONE;
	const struct xsw_run *run;
	unsigned long flags;
	u32 len;

	spin_lock_irqsave(&area->lock, flags);
	run = xsw_area_find_last(area, at);
	/* Pairs with the release in fill(). */
	len = run ? smp_load_acquire(&run->size) : 0;
	if (!len || at >> XSW_SLOT_SHIFT >= run->first + run->n)
		cause = XSW_CAUSE_NOT_MAPPED;
	else if (at < run->at || at - run->at > len || size > len - (at - run->at))
		cause = XSW_CAUSE_OUT_OF_RANGE;
	else
		*phys = run->phys + (at - run->at);
	spin_unlock_irqrestore(&area->lock, flags);
	return cause;
}

enum xsw_cause xsw_pool_sync(struct xsw_area *area, bool coherent, u64 machine, size_t size,
			     enum dma_data_direction dir, bool for_cpu)
{
	u32 at = machine - area->machine;
	phys_addr_t phys;
	enum xsw_cause cause = find_mapped(area, at, size, &phys);

	if (cause != XSW_CAUSE_NONE)
		return cause;
	if (for_cpu) {
		if (!valid_for_cpu(dir))
			return XSW_CAUSE_NONE;
		if (!coherent)
			xsw_arch_sync_for_cpu(area->phys + at, size, dir);
		copy(area->vaddr + at, phys, size, false);
	} else {
		/* What the device has written and the CPU not yet seen must survive. */
		if (valid_for_device(dir))
			copy(area->vaddr + at, phys, size, true);
		if (!coherent)
			xsw_arch_sync_for_device(area->phys + at, size, dir);
	}
	return XSW_CAUSE_NONE;
}

/*
 * What fits into @bytes at dma address @start, from the first place there or from behind the first
 * boundary: no other place has more up to both the next boundary and the end.
 */
static u64 most_from(u64 start, u64 bytes, u64 align, u64 granule, u64 boundary)
{
	u64 most = 0;
	int i;

	for (i = 0; i < 2; i++) {
		u64 skip = -start & align;
		u64 room, whole;

		if (skip >= bytes)
			break;
		start += skip;
		bytes -= skip;
		/* Less one: without a boundary it may be all there is. */
		room = boundary - (start & boundary);
		whole = bytes & ~granule;
		if (whole)
			most = max(most, min(whole - 1, room) + 1);
		if (room >= bytes - 1)
			break;
		start += room + 1;
		bytes -= room + 1;
	}
	return most;
}

size_t xsw_pool_max_mapping(const struct xsw_pool *pool, const struct xsw_dev *dev)
{
	u64 keep = low_mask(dev->min_align_mask);
	u64 granule = low_mask(dev->alloc_align_mask) | XSW_SLOT_MASK;
	u64 align = keep | granule | (PAGE_SIZE - 1);
	/* What the low bits may cost at worst, in whole slots. */
	u64 lost = (keep + XSW_SLOT_MASK) & ~(u64)XSW_SLOT_MASK;
	u64 best = 0;
	unsigned int i, r;

	for (i = 0; i < pool->nr_areas; i++) {
		for (r = 0; r < nr_windows(dev); r++) {
			struct xsw_fit fit;

			if (!fit_window(&fit, dev, &pool->area[i], r))
				continue;
			best = max(best, most_from(fit.dma0 + ((u64)fit.lo << XSW_SLOT_SHIFT),
						   (u64)(fit.hi - fit.lo) << XSW_SLOT_SHIFT,
						   align, granule, boundary_of(dev)));
		}
	}
	return best > lost ? min_t(u64, best - lost, SIZE_MAX) : 0;
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
