// SPDX-License-Identifier: GPL-2.0
/*
 * The bounce pool: its areas, its accounts, and mapping through it.
 */
#include "pool.h"

#define XSW_AREA_MIN_BYTES	(4ULL << 20)
#define XSW_AREA_MAX_BYTES	((u64)XSW_AREA_MAX_SLOTS << XSW_SLOT_SHIFT)
/* Areas are cut at multiples of this from the start of their extent. */
#define XSW_AREA_UNIT		(256ULL << 10)
/* Hot runs that are given up, or made, before the lock is released once more. */
#define XSW_HOT_STEP		2
/* Times that all is looked at again, as others gave something back meanwhile. */
#define XSW_ROUNDS		4
/* Pages that are hot again after a search has given up everything in vain. */
#define XSW_HEAT_PAGES		64

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

static struct xsw_area *area_create(struct xsw_pool *pool, const struct xsw_extent *ext,
				    u64 offset, u64 size)
{
	/* Powers of two come aligned to cache lines. */
	struct xsw_area *area = kvcalloc(1, roundup_pow_of_two(sizeof(*area)), GFP_KERNEL);

	if (!area)
		return NULL;
	spin_lock_init(&area->lock);
	area->pool = pool;
	if (!xsw_area_init(area, ext, offset, size))
		return area;
	xsw_area_exit(area);
	kvfree(area);
	return NULL;
}

/* Cut one extent into areas. */
static int add_areas(struct xsw_pool *pool, const struct xsw_extent *ext, u64 target)
{
	u64 units = DIV_ROUND_UP_ULL(ext->size, XSW_AREA_UNIT);
	u64 i, offset = 0, nr = areas_of(ext->size, target);

	for (i = 1; i <= nr; i++) {
		u64 end = min(div64_u64(units * i, nr) * XSW_AREA_UNIT, ext->size);
		struct xsw_area *area = area_create(pool, ext, offset, end - offset);

		if (!area)
			return -ENOMEM;
		pool->area[pool->nr_areas++] = area;
		offset = end;
	}
	return 0;
}

/* With the pool's lock held: look-ups find @area. */
static void place(struct xsw_pool *pool, struct xsw_area *area)
{
	u64 last = area->machine + area->bytes - 1;
	u64 near = area->machine >> XSW_NEAR_SHIFT;
	unsigned int at = pool->nr_open;

	WRITE_ONCE(pool->lowest, min(pool->lowest, area->machine));
	WRITE_ONCE(pool->highest, max(pool->highest, last));
	for (; near <= last >> XSW_NEAR_SHIFT; near++) {
		u64 *word = &pool->near[near / 64 % XSW_NEAR_WORDS];

		WRITE_ONCE(*word, *word | 1ULL << (near % 64));
	}
	write_seqcount_begin(&pool->seq);
	for (; at && pool->place[at - 1].machine > area->machine; at--) {
		WRITE_ONCE(pool->place[at].machine, pool->place[at - 1].machine);
		WRITE_ONCE(pool->place[at].area, pool->place[at - 1].area);
	}
	WRITE_ONCE(pool->place[at].machine, area->machine);
	WRITE_ONCE(pool->place[at].area, area);
	WRITE_ONCE(pool->nr_open, pool->nr_open + 1);
	write_seqcount_end(&pool->seq);
}

static void displace(struct xsw_pool *pool, const struct xsw_area *area)
{
	unsigned int at = 0;

	while (pool->place[at].area != area)
		at++;
	write_seqcount_begin(&pool->seq);
	for (; at + 1 < pool->nr_open; at++) {
		WRITE_ONCE(pool->place[at].machine, pool->place[at + 1].machine);
		WRITE_ONCE(pool->place[at].area, pool->place[at + 1].area);
	}
	WRITE_ONCE(pool->nr_open, pool->nr_open - 1);
	write_seqcount_end(&pool->seq);
}

/* The areas of a CPU's own node are shared out among its CPUs; where it has none, all are. */
static struct xsw_area *home_of(const struct xsw_pool *pool, unsigned int cpu)
{
	unsigned int i, nth = 0, near = 0;
	int node = xsw_node_of(cpu);

	for (i = 0; i < cpu; i++)
		nth += xsw_node_of(i) == node;
	for (i = 0; i < pool->nr_areas; i++)
		near += pool->area[i]->node == node;
	if (!near)
		return pool->area[cpu % pool->nr_areas];
	nth %= near;
	for (i = 0; pool->area[i]->node != node || nth--; i++)
		;
	return pool->area[i];
}

/* More may come. */
static unsigned int areas_there_are(const struct xsw_pool *pool)
{
	/* Pairs with the release in xsw_pool_add(). */
	return smp_load_acquire(&pool->nr_areas);
}

static void refill(struct work_struct *work)
{
	struct xsw_pool *pool = container_of(work, struct xsw_pool, refill);
	unsigned int i, nr = areas_there_are(pool);

	for (i = 0; i < nr; i++) {
		struct xsw_area *area = pool->area[i];
		unsigned long flags;
		bool low;

		/* Out of memory, the next map that finds it low asks again. */
		do {
			spin_lock_irqsave(&area->lock, flags);
			low = xsw_area_low(area);
			spin_unlock_irqrestore(&area->lock, flags);
		} while (low && !xsw_area_refill(area));
	}
}

int xsw_pool_create(const struct xsw_extent *ext, unsigned int nr_ext,
		    unsigned int nr_areas, struct xsw_pool **poolp)
{
	struct xsw_pool *pool;
	u64 total = 0, nr = 0, target;
	unsigned long flags;
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
	seqcount_spinlock_init(&pool->seq, &pool->lock);
	INIT_WORK(&pool->refill, refill);
	pool->lowest = ~0ULL;
	ret = -ENOMEM;
	pool->home = kvcalloc(xsw_nr_cpus(), sizeof(*pool->home), GFP_KERNEL);
	pool->area = kvcalloc(nr, sizeof(*pool->area), GFP_KERNEL);
	pool->place = kvcalloc(nr, sizeof(*pool->place), GFP_KERNEL);
	if (!pool->home || !pool->area || !pool->place)
		goto err;

	for (i = 0; i < nr_ext; i++) {
		ret = add_areas(pool, &ext[i], target);
		if (ret)
			goto err;
	}
	for (i = 0; i < pool->nr_areas; i++) {
		spin_lock_irqsave(&pool->lock, flags);
		place(pool, pool->area[i]);
		spin_unlock_irqrestore(&pool->lock, flags);
	}
	pool->nr_first = pool->nr_areas;
	for (i = 0; i < xsw_nr_cpus(); i++)
		pool->home[i] = home_of(pool, i);
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
		leaked += pool->area[i]->used;
		xsw_area_exit(pool->area[i]);
		kvfree(pool->area[i]);
	}
	kvfree(pool->place);
	kvfree(pool->area);
	kvfree(pool->home);
	kvfree(pool);
	return leaked;
}

/* ---- growing and shrinking ---- */

int xsw_pool_may_grow(struct xsw_pool *pool, const struct xsw_pool_more *more)
{
	unsigned int nr = pool->nr_areas + more->nr;
	struct xsw_place_of *places;
	struct xsw_area **areas;

	if (!more->nr || !more->bytes || more->bytes & XSW_SLOT_MASK ||
	    more->bytes > XSW_AREA_MAX_BYTES || pool->nr_more)
		return -EINVAL;
	areas = kvcalloc(nr, sizeof(*areas), GFP_KERNEL);
	places = kvcalloc(nr, sizeof(*places), GFP_KERNEL);
	if (!areas || !places) {
		kvfree(places);
		kvfree(areas);
		return -ENOMEM;
	}
	memcpy(areas, pool->area, pool->nr_areas * sizeof(*areas));
	memcpy(places, pool->place, pool->nr_open * sizeof(*places));
	kvfree(pool->place);
	kvfree(pool->area);
	pool->place = places;
	pool->area = areas;
	pool->nr_more = more->nr;
	pool->more_bytes = more->bytes;
	pool->full = more->full;
	pool->full_arg = more->arg;
	return 0;
}

int xsw_pool_add(struct xsw_pool *pool, const struct xsw_extent *ext)
{
	struct xsw_area *area = NULL, *made = NULL;
	unsigned long flags;
	unsigned int i;
	int ret;

	ret = check_extents(ext, 1);
	if (ret)
		return ret;
	if (ext->size != pool->more_bytes)
		return -EINVAL;
	for (i = 0; i < pool->nr_areas; i++) {
		struct xsw_area *a = pool->area[i];

		if (a->closed)
			area = a;
		else if (overlap(ext->machine, ext->size, a->machine, a->bytes) ||
			 overlap(ext->phys, ext->size, a->phys, a->bytes))
			return -EINVAL;
	}
	if (!area) {
		if (pool->nr_areas == pool->nr_first + pool->nr_more)
			return -ENOSPC;
		made = area_create(pool, ext, 0, ext->size);
		if (!made)
			return -ENOMEM;
		made->closed = true;
		area = made;
	}

	spin_lock_irqsave(&pool->lock, flags);
	if (made) {
		pool->area[pool->nr_areas] = made;
		/* Who sees the number sees the area. */
		smp_store_release(&pool->nr_areas, pool->nr_areas + 1);
	}
	spin_lock(&area->lock);
	WRITE_ONCE(area->machine, ext->machine);
	area->phys = ext->phys;
	area->vaddr = ext->vaddr;
	WRITE_ONCE(area->node, ext->node);
	spin_unlock(&area->lock);
	place(pool, area);
	/* Last: what is mapped there must be found. */
	spin_lock(&area->lock);
	WRITE_ONCE(area->closed, false);
	spin_unlock(&area->lock);
	spin_unlock_irqrestore(&pool->lock, flags);
	return 0;
}

int xsw_pool_remove(struct xsw_pool *pool, u64 machine)
{
	struct xsw_area *area = NULL;
	unsigned long flags;
	unsigned int i;
	bool again, busy = true;

	for (i = pool->nr_first; i < pool->nr_areas; i++)
		if (!pool->area[i]->closed && pool->area[i]->machine == machine)
			area = pool->area[i];
	if (!area)
		return -ENOENT;
	do {
		spin_lock_irqsave(&pool->lock, flags);
		spin_lock(&area->lock);
		again = !area->used && xsw_area_has_hot(area);
		if (again)
			xsw_area_cool(area, XSW_HOT_STEP);
		else
			/* Some may be taken and not charged yet, or no longer, and not free yet. */
			busy = area->used || !xsw_area_is_free(area);
		if (!busy)
			WRITE_ONCE(area->closed, true);
		spin_unlock(&area->lock);
		if (!busy)
			displace(pool, area);
		spin_unlock_irqrestore(&pool->lock, flags);
	} while (again);
	return busy ? -EBUSY : 0;
}

/* ---- figures ---- */

void xsw_pool_get_node_info(const struct xsw_pool *pool, int node, struct xsw_pool_info *info)
{
	unsigned int i, nr = areas_there_are(pool);

	*info = (struct xsw_pool_info){ };
	for (i = 0; i < nr; i++) {
		const struct xsw_area *area = pool->area[i];

		if (READ_ONCE(area->closed) ||
		    (node != NUMA_NO_NODE && READ_ONCE(area->node) != node))
			continue;
		info->nr_areas++;
		info->slots += area->nr;
		info->used += READ_ONCE(area->used);
		info->largest = max_t(u64, info->largest, area->bytes);
	}
}

void xsw_pool_get_info(const struct xsw_pool *pool, struct xsw_pool_info *info)
{
	xsw_pool_get_node_info(pool, NUMA_NO_NODE, info);
	info->hiwater = READ_ONCE(pool->hiwater);
}

struct xsw_area *xsw_pool_area(const struct xsw_pool *pool, u64 machine)
{
	struct xsw_area *area;
	unsigned int seq;

	do {
		unsigned int lo = 0, n;

		seq = read_seqcount_begin(&pool->seq);
		/* The last area that starts at or before @machine. */
		for (n = READ_ONCE(pool->nr_open); n > 1; ) {
			unsigned int half = n / 2;

			if (machine >= READ_ONCE(pool->place[lo + half].machine)) {
				lo += half;
				n -= half;
			} else {
				n = half;
			}
		}
		area = READ_ONCE(pool->place[lo].area);
	} while (read_seqcount_retry(&pool->seq, seq));
	return machine - READ_ONCE(area->machine) < area->bytes ? area : NULL;
}

/* ---- accounts ---- */

/* With the area's lock held. False: the account must be settled, without that lock. */
static bool charge(struct xsw_area *area, s32 slots)
{
	s32 used = area->used + slots;

	if (unlikely(used > area->limit))
		return false;
	WRITE_ONCE(area->used, used);
	return true;
}

/*
 * With the pool's lock held, so that no area is frozen: charge @slots to @area within the mark.
 * What it lacks comes from areas that are below their limits, in turn; of much that one is below,
 * half, as more will be asked for. False: there is not so much below the mark.
 */
static bool charge_within(struct xsw_pool *pool, struct xsw_area *area, s32 slots)
{
	struct xsw_area *lender = pool->lender;
	s32 lacks, got = 0;
	unsigned int i;
	bool charged;

	spin_lock(&area->lock);
	lacks = area->used + slots - area->limit;
	spin_unlock(&area->lock);
	for (i = 0; got < lacks && i < pool->nr_accounts; i++) {
		s32 left;

		lender = lender && lender->next_account ? lender->next_account : pool->accounts;
		if (lender == area)
			continue;
		spin_lock(&lender->lock);
		left = lender->limit - lender->used;
		left = min(left, max(lacks - got, left / 2));
		lender->limit -= left;
		spin_unlock(&lender->lock);
		got += left;
	}
	pool->lender = lender;
	spin_lock(&area->lock);
	area->limit += got;
	charged = charge(area, slots);
	spin_unlock(&area->lock);
	return charged;
}

/*
 * Charge @slots to @charged, or, with @reset, none. Where there is not so much below the mark, stop
 * the accounts of all areas that have one, for long enough to add them up and raise it: whoever
 * finds his area frozen comes here too, and waits for the lock.
 */
static noinline void settle(struct xsw_pool *pool, struct xsw_area *charged, s32 slots, bool reset)
{
	u64 total = (s64)slots;
	struct xsw_area *area;
	unsigned long flags;

	spin_lock_irqsave(&pool->lock, flags);
	if (charged && !charged->has_account) {
		charged->has_account = true;
		charged->next_account = pool->accounts;
		pool->accounts = charged;
		pool->nr_accounts++;
	}
	if (charged && charge_within(pool, charged, slots))
		goto unlock;
	for (area = pool->accounts; area; area = area->next_account) {
		spin_lock(&area->lock);
		area->limit = -1;
		total += area->used;
		spin_unlock(&area->lock);
	}
	if (reset || total > pool->hiwater)
		WRITE_ONCE(pool->hiwater, total);
	for (area = pool->accounts; area; area = area->next_account) {
		spin_lock(&area->lock);
		area->limit = area->used;
		if (area == charged) {
			WRITE_ONCE(area->used, area->used + slots);
			/* Others may have given something back meanwhile. */
			area->limit = area->used + (s32)(pool->hiwater - total);
		}
		spin_unlock(&area->lock);
	}
unlock:
	spin_unlock_irqrestore(&pool->lock, flags);
}

void xsw_pool_reset_hiwater(struct xsw_pool *pool)
{
	settle(pool, NULL, 0, true);
}

/* ---- places ---- */

/* Of a mapping of the very last byte there is nobody could tell that it did not fail. */
static inline u64 last_dma(const struct xsw_dev *dev)
{
	return min_t(u64, xsw_dma_limit(dev), DMA_MAPPING_ERROR - 1);
}

/* The slots of @area that @dev reaches through its range @r, and how they must be chosen. */
static bool fit_window(struct xsw_fit *fit, const struct xsw_dev *dev,
		       const struct xsw_area *area, unsigned int r)
{
	u64 machine = READ_ONCE(area->machine);
	u64 first = machine;
	u64 last = first + area->bytes - 1;
	u64 limit = last_dma(dev);
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
	fit->machine = machine;
	fit->dma0 = machine + delta;
	fit->lo = (first - machine + XSW_SLOT_MASK) >> XSW_SLOT_SHIFT;
	fit->hi = (last - machine + 1) >> XSW_SLOT_SHIFT;
	return fit->lo < fit->hi;
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

	want->boundary = xsw_boundary_mask(dev->seg_boundary);
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
	keep = xsw_low_mask(dev->min_align_mask);
	want->granule = xsw_low_mask(dev->alloc_align_mask) | XSW_SLOT_MASK;
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
	    *dma + want->bytes - 1 > last_dma(dev) || (*dma ^ want->low) & want->align)
		return false;
	start = *dma + want->offset;
	return !((start ^ (start + want->size - 1)) & ~want->boundary);
}

/*
 * Most devices: any slots of @area, which is some CPU's and so never moves, will do for @dev. A
 * boundary that is no 2^n - 1 asks for more here than it does elsewhere.
 */
static inline bool is_plain(const struct xsw_dev *dev, const struct xsw_area *area)
{
	u64 first = area->machine, last = first + area->bytes - 1;

	return !(dev->min_align_mask | dev->alloc_align_mask) && !dev->ranges &&
	       last <= last_dma(dev) && !((first ^ last) & ~dev->seg_boundary);
}

/* With the lock held: the mapping has its place, and can be told from all others. */
static bool begin(struct xsw_area *area, struct xsw_run *run, u64 offset)
{
	run->at = (run->first << XSW_SLOT_SHIFT) + offset;
	return charge(area, run->n);
}

/*
 * With the lock held, what most maps come to: the run of @n slots that was freed last, as the
 * others are hardly hot. NULL: whatever is in the way, map_cold() sees to.
 */
static inline struct xsw_run *take_plain(struct xsw_area *area, size_t size, u32 n,
					 dma_addr_t *dma)
{
	u64 align = size >= PAGE_SIZE ? PAGE_SIZE - 1 : 0, machine;
	struct xsw_run *run = area->hot[n];

	if (unlikely(!run || (s32)(area->used + n) > area->limit))
		return NULL;
	machine = area->machine + (run->first << XSW_SLOT_SHIFT);
	if (unlikely(machine & align))
		return NULL;
	xsw_area_take_hot(area, run, n);
	WRITE_ONCE(area->used, area->used + n);
	run->at = run->first << XSW_SLOT_SHIFT;
	*dma = machine;
	return run;
}

/* With the lock held: the hot run of @n slots that was freed last, if it suits. */
static struct xsw_run *take_latest(struct xsw_area *area, const struct xsw_want *want,
				   const struct xsw_dev *dev, u64 n, dma_addr_t *dma)
{
	struct xsw_run **link = &area->hot[n <= XSW_HOT_SLOTS ? n : 0], *run;

	/* The longer ones are in one list. */
	while (*link && (*link)->n != n)
		link = &(*link)->cooler;
	run = *link;
	if (!run || !suits(want, dev, area->machine + ((u64)run->first << XSW_SLOT_SHIFT), dma))
		return NULL;
	if (n <= XSW_HOT_SLOTS) {
		xsw_area_take_hot(area, run, n);
	} else {
		*link = run->cooler;
		area->nr_long--;
	}
	return run;
}

/* Takes the lock for it, and charges. */
static struct xsw_run *take_hot(struct xsw_pool *pool, struct xsw_area *area,
				const struct xsw_want *want, const struct xsw_dev *dev,
				dma_addr_t *dma)
{
	u64 n = want->bytes >> XSW_SLOT_SHIFT;
	struct xsw_run *run;
	bool charged = true;
	unsigned long flags;

	spin_lock_irqsave(&area->lock, flags);
	run = take_latest(area, want, dev, n, dma);
	if (run)
		charged = begin(area, run, want->offset);
	spin_unlock_irqrestore(&area->lock, flags);
	if (unlikely(!charged))
		settle(pool, area, run->n, false);
	return run;
}

/* Make so many free pages hot, as far as there are, and may be. */
static void heat(struct xsw_area *area, u32 pages)
{
	unsigned long flags;
	bool more = true;
	u32 i;

	for (i = 0; more && i < pages / XSW_HOT_STEP; i++) {
		spin_lock_irqsave(&area->lock, flags);
		more = xsw_area_heat(area, XSW_HOT_STEP);
		spin_unlock_irqrestore(&area->lock, flags);
	}
}

/*
 * A place in @area as it is, or NULL. With @gave, which is set to what that is at first, the
 * beginning of a hot run is one, too.
 */
static struct xsw_run *look(struct xsw_pool *pool, struct xsw_area *area,
			    const struct xsw_fit *fit, const struct xsw_want *want, u32 *gave)
{
	bool charged = true, low;
	struct xsw_run *run;
	unsigned long flags;
	u32 from = fit->lo;

	do {
		spin_lock_irqsave(&area->lock, flags);
		if (gave && from == fit->lo)
			*gave = area->gave;
		run = xsw_area_alloc(area, fit, &from);
		if (!run && gave && from == XSW_NO_SLOT)
			run = xsw_area_split(area, fit);
		if (run)
			charged = begin(area, run, want->offset);
		low = xsw_area_low(area);
		spin_unlock_irqrestore(&area->lock, flags);
	} while (!run && from != XSW_NO_SLOT);
	if (!charged)
		settle(pool, area, fit->n, false);
	if (low)
		schedule_work(&pool->refill);
	return run;
}

enum cooled {
	COOLED,		/* a hot run was given up */
	IN_VAIN,	/* nowhere are there so many slots in a row */
	NOT_ALONE,	/* there is none, and others gave something back */
	NONE_HOT,	/* there is none */
};

/*
 * Give up a hot run: a place that comes about by it is within @near. Without one, has anything come
 * back since @gave was all that had?
 */
static enum cooled cool(struct xsw_area *area, const struct xsw_fit *fit, struct xsw_fit *near,
			u32 gave)
{
	enum cooled cooled = COOLED;
	u32 first = 0, n = 0, around;
	unsigned long flags;

	spin_lock_irqsave(&area->lock, flags);
	if (xsw_area_in_vain(area, fit->n)) {
		cooled = IN_VAIN;
	} else if (!xsw_area_cool_one(area, &first, &n)) {
		/* It only remembers now. */
		xsw_area_split(area, fit);
		cooled = xsw_area_in_vain(area, fit->n) ? IN_VAIN :
			 area->gave != gave ? NOT_ALONE : NONE_HOT;
	}
	spin_unlock_irqrestore(&area->lock, flags);
	/* A page more: its record may be what another place in its page has lacked. */
	around = fit->n + XSW_PAGE_SLOTS;
	near->lo = max(fit->lo, first - min(first, around));
	near->hi = min(fit->hi, first + n + around);
	return cooled;
}

/* A place in @area, or NULL; with @give_up, hot runs go for it. */
static struct xsw_run *take(struct xsw_pool *pool, struct xsw_area *area,
			    const struct xsw_fit *fit, const struct xsw_want *want, bool give_up)
{
	/* Enough to give up all hot runs, and an end whatever others add meanwhile. */
	u32 tries = give_up ? XSW_HOT_MOST + XSW_HOT_LONG : 0, rounds = XSW_ROUNDS, gave;
	enum cooled cooled = NONE_HOT;
	struct xsw_fit near = *fit;
	struct xsw_run *run;
	bool any = false;

	do {
		run = look(pool, area, fit, want, &gave);
		while (!run && tries) {
			cooled = cool(area, fit, &near, gave);
			if (cooled != COOLED)
				break;
			any = true;
			tries--;
			gave++;
			if (near.lo + fit->n <= near.hi)
				run = look(pool, area, &near, want, NULL);
		}
		/* What others gave up, or a record that there was none of, was not looked at. */
	} while (!run && cooled == NOT_ALONE && --rounds);
	/*
	 * All hot runs were given up in vain. Pages are taken back, or smaller mappings break them
	 * up, and each map of one finds nothing hot. What failed for its alignment or reach would
	 * give them up again each time.
	 */
	if (!run && any && cooled == IN_VAIN)
		heat(area, XSW_HEAT_PAGES);
	return run;
}

/* A place by the bitmaps. */
static struct xsw_run *search(struct xsw_pool *pool, struct xsw_area *area,
			      const struct xsw_want *want, const struct xsw_dev *dev,
			      dma_addr_t *dma, bool give_up)
{
	unsigned int r;

	for (r = 0; r < nr_windows(dev); r++) {
		struct xsw_fit fit;
		struct xsw_run *run;

		if (!fit_window(&fit, dev, area, r) || !fit_init(&fit, want))
			continue;
		run = take(pool, area, &fit, want, give_up);
		if (!run)
			continue;
		*dma = fit.dma0 + ((u64)run->first << XSW_SLOT_SHIFT);
		return run;
	}
	return NULL;
}

/* All of it, even if the driver promises to sync later: padding it never will. */
static noinline enum xsw_cause fill_caches(struct xsw_area *area, struct xsw_run *run, u32 at,
					   u32 bytes, size_t size)
{
	xsw_arch_sync_for_device(area->phys + at, bytes, DMA_BIDIRECTIONAL);
	/* As in fill(); pairs with the acquires there are of it. */
	smp_store_release(&run->size, size);
	return XSW_CAUSE_NONE;
}

/*
 * Fill slots that are ours alone, from @at on and @bytes of them, with the mapping at @offset, and
 * let it live.
 */
static __always_inline enum xsw_cause fill(struct xsw_area *area, struct xsw_run *run, u32 at,
					   phys_addr_t phys, size_t size, u64 offset, u64 bytes,
					   bool coherent)
{
	u64 end = offset + size;
	u8 *mem = area->vaddr + at;

	/* Filling nothing takes its time, too. */
	if (offset)
		memset(mem, 0, offset);
	copy(mem + offset, phys, size, true);
	if (end < bytes)
		memset(mem + end, 0, bytes - end);
	run->phys = phys;
	if (!coherent)
		return fill_caches(area, run, at, bytes, size);
	/* Who sees it live sees all of it. */
	smp_store_release(&run->size, size);
	return XSW_CAUSE_NONE;
}

/* All of what the pool was made with. */
static bool reaches_all(const struct xsw_pool *pool, const struct xsw_dev *dev)
{
	unsigned int i, r;

	for (i = 0; i < pool->nr_first; i++) {
		const struct xsw_area *area = pool->area[i];
		u32 at = 0, before;
		struct xsw_fit fit;

		/* Windows may adjoin, in any order, and overlap. */
		do {
			before = at;
			for (r = 0; r < nr_windows(dev); r++)
				if (fit_window(&fit, dev, area, r) && fit.lo <= at)
					at = max(at, fit.hi);
		} while (at != before && at < area->nr);
		if (at < area->nr)
			return false;
	}
	return true;
}

/* Complete @fit, which has a window. Is there such a place in it, if it is empty? */
static bool has_place(struct xsw_fit *fit, const struct xsw_want *want)
{
	return fit_init(fit, want) && xsw_fit_from(fit, fit->lo) <= fit->hi - fit->n;
}

/* Could one more area have a place? It is aligned to its size; beyond that there is no telling. */
static bool more_would_do(const struct xsw_pool *pool, const struct xsw_want *want)
{
	struct xsw_fit fit = { .hi = pool->more_bytes >> XSW_SLOT_SHIFT };
	struct xsw_want within = *want;

	within.align &= (1ULL << (fls64(pool->more_bytes) - 1)) - 1;
	return has_place(&fit, &within);
}

/* Why there was no place: because of the moment, the size, the demands or the device's reach. */
static enum xsw_cause why_not(const struct xsw_pool *pool, const struct xsw_dev *dev,
			      const struct xsw_want *want)
{
	unsigned int i, r, nr = areas_there_are(pool);
	bool large = true, room = false;

	for (i = 0; i < nr; i++) {
		const struct xsw_area *area = pool->area[i];

		if (READ_ONCE(area->closed) || want->size > area->bytes)
			continue;
		large = false;
		for (r = 0; r < nr_windows(dev); r++) {
			struct xsw_fit fit;

			if (!fit_window(&fit, dev, area, r) ||
			    want->size > (u64)(fit.hi - fit.lo) << XSW_SLOT_SHIFT)
				continue;
			room = true;
			if (has_place(&fit, want))
				return XSW_CAUSE_NO_SPACE;
		}
	}
	if (large)
		return XSW_CAUSE_TOO_LARGE;
	return room ? XSW_CAUSE_MISALIGNED : XSW_CAUSE_MASK;
}

/* @home, then the others of its node; or, @far, those of other nodes. NULL at the end. */
static struct xsw_area *next_area(const struct xsw_pool *pool, struct xsw_area *home,
				  unsigned int nr, bool far, unsigned int *i)
{
	while (*i <= nr) {
		unsigned int at = (*i)++;
		struct xsw_area *area = at ? pool->area[at - 1] : home;

		if ((READ_ONCE(area->node) != home->node) == far && (!at || area != home))
			return area;
	}
	return NULL;
}

/*
 * All that is not plain: the areas of this CPU's node, its own first, as they are; then the same
 * once more, where hot runs are given up; then all others, likewise.
 */
static noinline enum xsw_cause map_anywhere(struct xsw_pool *pool, const struct xsw_dev *dev,
					    phys_addr_t phys, size_t size, dma_addr_t *dma)
{
	struct xsw_area *home = pool->home[xsw_cpu()], *area;
	unsigned int i, nr = areas_there_are(pool), pass;
	struct xsw_want want;
	enum xsw_cause cause;

	if (size > XSW_AREA_MAX_BYTES)
		return XSW_CAUSE_TOO_LARGE;
	want_init(&want, dev, phys, size);
	/* Of one area the second pass does: it looks before it gives up anything. */
	for (pass = nr == 1; pass < 4; pass++) {
		bool far = pass & 2, give_up = pass & 1;

		for (i = 0; (area = next_area(pool, home, nr, far, &i)); ) {
			struct xsw_run *run = take_hot(pool, area, &want, dev, dma);

			if (!run)
				run = search(pool, area, &want, dev, dma, give_up);
			if (!run)
				continue;
			*dma += want.offset;
			return fill(area, run, run->at - want.offset, phys, size, want.offset,
				    want.bytes, dev->coherent);
		}
	}
	cause = why_not(pool, dev, &want);
	/* Who does not reach what there is would hardly reach more of it. */
	if (cause == XSW_CAUSE_NO_SPACE && pool->full && more_would_do(pool, &want) &&
	    reaches_all(pool, dev))
		pool->full(pool->full_arg);
	return cause;
}

/* A map for which any slots will do, while something is in the way; releases the lock. */
static noinline enum xsw_cause map_cold(struct xsw_area *area, const struct xsw_dev *dev,
					phys_addr_t phys, size_t size, dma_addr_t *dma,
					unsigned long flags)
	__releases(&area->lock)
{
	u32 n = (size + XSW_SLOT_MASK) >> XSW_SLOT_SHIFT;
	/* What takes as much as a record's page leaves others whole. */
	u64 align = size >= PAGE_SIZE ? PAGE_SIZE - 1 :
		    n >= XSW_PAGE_SLOTS ? (1U << XSW_PAGE_SHIFT) - 1 : 0;
	u64 machine = area->machine;
	const struct xsw_fit fit = {
		.machine	= machine,
		.dma0		= machine,
		.size		= size,
		.boundary	= ~0ULL,
		.hi		= area->nr,
		.n		= n,
		.stride		= align >> XSW_SLOT_SHIFT,
		.phase		= (-machine & align) >> XSW_SLOT_SHIFT,
	};
	struct xsw_run *run = area->hot[n];
	/* It may have been the account that was in the way. */
	bool hot = run && xsw_fit_from(&fit, run->first) == run->first;
	bool charged, low;
	u32 from = 0;

	if (hot)
		xsw_area_take_hot(area, run, n);
	else
		run = xsw_area_alloc(area, &fit, &from);
	if (!run && from == XSW_NO_SLOT)
		run = xsw_area_split(area, &fit);
	charged = !run || begin(area, run, 0);
	low = xsw_area_low(area);
	spin_unlock_irqrestore(&area->lock, flags);
	if (unlikely(!charged))
		settle(area->pool, area, n, false);
	if (unlikely(low))
		schedule_work(&area->pool->refill);
	if (unlikely(!run))
		return map_anywhere(area->pool, dev, phys, size, dma);
	/* Soon another will be asked for. Where slots' pages are no pages, none would do. */
	if (!hot && n == XSW_PAGE_SLOTS && !fit.phase)
		heat(area, XSW_MORE_PAGES);
	*dma = machine + run->at;
	return fill(area, run, run->at, phys, size, 0, (u64)n << XSW_SLOT_SHIFT,
		    dev->coherent);
}

enum xsw_cause xsw_pool_map(struct xsw_pool *pool, const struct xsw_dev *dev, phys_addr_t phys,
			    size_t size, dma_addr_t *dma)
{
	/* Of any size: it does not go round, and of 0 it is too many. */
	u64 n = (((u64)size - 1) >> XSW_SLOT_SHIFT) + 1;
	struct xsw_area *area = pool->home[xsw_cpu()];
	struct xsw_run *run;
	unsigned long flags;

	if (unlikely(n > XSW_HOT_SLOTS || !is_plain(dev, area) ||
		     !spin_trylock_irqsave(&area->lock, flags)))
		return map_anywhere(area->pool, dev, phys, size, dma);
	run = take_plain(area, size, n, dma);
	if (unlikely(!run))
		return map_cold(area, dev, phys, size, dma, flags);
	spin_unlock_irqrestore(&area->lock, flags);
	return fill(area, run, run->at, phys, size, 0, (u64)n << XSW_SLOT_SHIFT, dev->coherent);
}

/* Any unmap; xsw_pool_unmap() has what most come to. */
static noinline enum xsw_cause unmap_any(struct xsw_area *area, bool coherent, u64 machine,
					 size_t size, enum dma_data_direction dir, bool copy_back)
{
	u64 at = machine - READ_ONCE(area->machine);
	struct xsw_run *run;
	unsigned long flags;
	u32 len = 0;

	if (unlikely(at >= area->bytes))
		return XSW_CAUSE_NOT_MAPPED;
	run = xsw_area_home(area, at);
	spin_lock_irqsave(&area->lock, flags);
	if (unlikely(run->at != at || !run->n))
		run = xsw_area_find_last(area, at >> XSW_SLOT_SHIFT);
	if (likely(run && run->at == at && area->machine + at == machine))
		/* Pairs with the release in fill(). */
		len = smp_load_acquire(&run->size);
	if (unlikely(!len || len != size)) {
		spin_unlock_irqrestore(&area->lock, flags);
		return len ? XSW_CAUSE_SIZE_MISMATCH : XSW_CAUSE_NOT_MAPPED;
	}
	/* Of several unmaps one gets past this; the slots are then its alone. */
	run->size = 0;
	if (copy_back) {
		spin_unlock_irqrestore(&area->lock, flags);
		if (!coherent)
			xsw_arch_sync_for_cpu(area->phys + at, size, dir);
		copy(area->vaddr + at, run->phys, size, false);
		spin_lock_irqsave(&area->lock, flags);
	}
	/* First, or somebody takes these slots and the account goes over the top. */
	if (unlikely(!charge(area, -(s32)run->n))) {
		spin_unlock_irqrestore(&area->lock, flags);
		settle(area->pool, area, -(s32)run->n, false);
		spin_lock_irqsave(&area->lock, flags);
	}
	xsw_area_free(area, run);
	spin_unlock_irqrestore(&area->lock, flags);
	return XSW_CAUSE_NONE;
}

/*
 * Most unmaps that copy nothing back: the run goes to where the next map takes it, and nothing is
 * in the way.
 */
static inline bool put_plain(struct xsw_area *area, u64 machine, size_t size)
{
	u64 at = machine - READ_ONCE(area->machine);
	struct xsw_run *run;
	unsigned long flags;
	u32 n, hot;
	s32 used;

	if (unlikely(at >= area->bytes || size - 1 >= XSW_HOT_SLOTS << XSW_SLOT_SHIFT))
		return false;
	run = xsw_area_home(area, at);
	if (unlikely(!spin_trylock_irqsave(&area->lock, flags)))
		return false;
	/* Pairs with the release in fill(). */
	if (unlikely(run->at != at || smp_load_acquire(&run->size) != size ||
		     area->machine + at != machine))
		goto none;
	n = run->n;
	used = area->used - n;
	hot = area->hot_slots + n;
	if (unlikely(used > area->limit || !xsw_area_may_be_hot(area, n, hot, used)))
		goto none;
	WRITE_ONCE(area->used, used);
	run->size = 0;
	area->freed += n;
	xsw_area_put_hot(area, run, n, hot);
	spin_unlock_irqrestore(&area->lock, flags);
	return true;
none:
	spin_unlock_irqrestore(&area->lock, flags);
	return false;
}

static noinline enum xsw_cause unmap_plain(struct xsw_area *area, bool coherent, u64 machine,
					   size_t size, enum dma_data_direction dir)
{
	if (likely(put_plain(area, machine, size)))
		return XSW_CAUSE_NONE;
	return unmap_any(area, coherent, machine, size, dir, false);
}

/* Apart, so that neither has to save what only the other needs. */
enum xsw_cause xsw_pool_unmap(struct xsw_area *area, bool coherent, u64 machine, size_t size,
			      enum dma_data_direction dir, unsigned long attrs)
{
	if (valid_for_cpu(dir) && !(attrs & DMA_ATTR_SKIP_CPU_SYNC))
		return unmap_any(area, coherent, machine, size, dir, true);
	return unmap_plain(area, coherent, machine, size, dir);
}

/* The mapping that has the byte at @machine, if all of @size is in it: where, and its memory. */
static enum xsw_cause find_mapped(struct xsw_area *area, u64 machine, size_t size, u8 **vaddr,
				  phys_addr_t *bounce, phys_addr_t *phys)
{
	enum xsw_cause cause = XSW_CAUSE_NONE;
	const struct xsw_run *run;
	unsigned long flags;
	u32 len;
	u64 at;

	spin_lock_irqsave(&area->lock, flags);
	at = machine - area->machine;
	run = at < area->bytes ? xsw_area_find_last(area, at >> XSW_SLOT_SHIFT) : NULL;
	/* Pairs with the release in fill(). */
	len = run ? smp_load_acquire(&run->size) : 0;
	if (!len || at >> XSW_SLOT_SHIFT >= run->first + run->n)
		cause = XSW_CAUSE_NOT_MAPPED;
	else if (at < run->at || at - run->at > len || size > len - (at - run->at))
		cause = XSW_CAUSE_OUT_OF_RANGE;
	else
		*phys = run->phys + (at - run->at);
	*vaddr = area->vaddr + at;
	*bounce = area->phys + at;
	spin_unlock_irqrestore(&area->lock, flags);
	return cause;
}

enum xsw_cause xsw_pool_sync(struct xsw_area *area, bool coherent, u64 machine, size_t size,
			     enum dma_data_direction dir, bool for_cpu)
{
	phys_addr_t phys, bounce;
	u8 *vaddr;
	enum xsw_cause cause = find_mapped(area, machine, size, &vaddr, &bounce, &phys);

	if (cause != XSW_CAUSE_NONE)
		return cause;
	if (for_cpu) {
		if (!valid_for_cpu(dir))
			return XSW_CAUSE_NONE;
		if (!coherent)
			xsw_arch_sync_for_cpu(bounce, size, dir);
		copy(vaddr, phys, size, false);
	} else {
		/* What the device has written and the CPU not yet seen must survive. */
		if (valid_for_device(dir))
			copy(vaddr, phys, size, true);
		if (!coherent)
			xsw_arch_sync_for_device(bounce, size, dir);
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
	u64 keep = xsw_low_mask(dev->min_align_mask);
	u64 granule = xsw_low_mask(dev->alloc_align_mask) | XSW_SLOT_MASK;
	u64 boundary = xsw_boundary_mask(dev->seg_boundary);
	u64 align = keep | granule | (PAGE_SIZE - 1);
	/* What the low bits may cost at worst, in whole slots. */
	u64 lost = (keep + XSW_SLOT_MASK) & ~(u64)XSW_SLOT_MASK;
	u64 best = 0;
	unsigned int i, r;

	/* What was added can go again. */
	for (i = 0; i < pool->nr_first; i++) {
		for (r = 0; r < nr_windows(dev); r++) {
			struct xsw_fit fit;

			if (!fit_window(&fit, dev, pool->area[i], r))
				continue;
			best = max(best, most_from(fit.dma0 + ((u64)fit.lo << XSW_SLOT_SHIFT),
						   (u64)(fit.hi - fit.lo) << XSW_SLOT_SHIFT,
						   align, granule, boundary));
		}
	}
	return best > lost ? min_t(u64, best - lost, XSW_AREA_MAX_BYTES) : 0;
}

bool xsw_pool_reachable(const struct xsw_env *env, const struct xsw_dev *dev)
{
	return !env->pool || reaches_all(env->pool, dev);
}
