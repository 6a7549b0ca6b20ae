// SPDX-License-Identifier: GPL-2.0
/*
 * The allocator of one area.
 *
 * Runs of slots that were freed last wait, by length, to be taken again while the cache
 * still has them. All others are free bits in a bitmap, placed first fit; a tree over
 * its words tells where so many free slots in a row are, or that they are nowhere.
 */
#include "area.h"

/* Bits of word @w that lie within [from, to). */
static u64 word_mask(u32 w, u32 from, u32 to)
{
	u32 base = w * 64;
	u64 mask = ~0ULL;

	if (from > base)
		mask <<= from - base;
	if (to < base + 64)
		mask &= (1ULL << (to - base)) - 1;
	return mask;
}

/* ---- the tree ---- */

static struct xsw_free free_in_word(u64 taken)
{
	struct xsw_free f = { 64, 64, 64 };
	u64 runs[6], run = ~taken;
	int i;

	if (!taken)
		return f;
	if (!~taken)
		return (struct xsw_free){ 0 };
	f.first = __ffs64(taken);
	f.last = 64 - fls64(taken);
	f.most = 0;
	/* runs[i]: where 2^i free slots start; the longest run in binary, from the top */
	for (i = 0; i < 6 && run; i++) {
		runs[i] = run;
		run &= run >> (1 << i);
	}
	for (run = ~0ULL; i--; ) {
		if (run & runs[i]) {
			run = (run & runs[i]) << (1 << i);
			f.most += 1 << i;
		}
	}
	return f;
}

static struct xsw_free free_in_pair(const struct xsw_free *pair, u32 len)
{
	struct xsw_free f = {
		.first = pair[0].first < len ? pair[0].first : len + pair[1].first,
		.last = pair[1].last < len ? pair[1].last : len + pair[0].last,
		.most = pair[0].last + pair[1].first,
	};

	f.most = max(f.most, max(pair[0].most, pair[1].most));
	return f;
}

static bool set_free(struct xsw_free *node, struct xsw_free f)
{
	if (node->first == f.first && node->last == f.last && node->most == f.most)
		return false;
	*node = f;
	return true;
}

/* After words [from, to] have changed: up to where that makes no difference. */
static void update(struct xsw_area *area, u32 from, u32 to)
{
	struct xsw_free *tree = area->tree;
	bool changed = false;
	u32 i, len;

	for (i = from; i <= to; i++)
		changed |= set_free(&tree[area->leaves + i], free_in_word(area->taken[i]));
	from += area->leaves;
	to += area->leaves;
	for (len = 64; changed && from > 1; len *= 2) {
		from /= 2;
		to /= 2;
		changed = false;
		for (i = from; i <= to; i++)
			changed |= set_free(&tree[i], free_in_pair(&tree[2 * i], len));
	}
}

/* First of the @n free slots in a row of word @w, which has them. */
static u32 run_in_word(u32 w, u64 taken, u32 n)
{
	u64 run = ~taken;
	u32 i;

	for (i = 1; i < n; ) {
		u32 shift = min(i, n - i);

		run &= run >> shift;
		i += shift;
	}
	return w * 64 + __ffs64(run);
}

/* First of @n free slots in a row that lie at or after @from, or XSW_NO_SLOT. */
static u32 next_run(const struct xsw_area *area, u32 from, u32 n)
{
	u32 w = from / 64, node = area->leaves + w, len = 64;
	struct xsw_free f;
	u64 taken;
	u32 run;

	if (area->tree[1].most < n || w >= area->words)
		return XSW_NO_SLOT;
	taken = area->taken[w] | ~(~0ULL << from % 64);
	f = free_in_word(taken);
	if (f.most >= n)
		return run_in_word(w, taken, n);
	/* Up, with the run that reaches up to the end of what was seen. */
	for (run = f.last; ; node /= 2, len *= 2) {
		const struct xsw_free *next = &area->tree[node + 1];

		if (node == 1)
			return XSW_NO_SLOT;
		if (node & 1)
			continue;
		if (run + next->first >= n)
			return (node + 1 - area->leaves / (len / 64)) * len - run;
		if (next->most >= n)
			break;
		run = next->last < len ? next->last : run + len;
	}
	/* Down, to the first in what holds one. */
	for (node++; node < area->leaves; ) {
		const struct xsw_free *pair = &area->tree[2 * node];

		len /= 2;
		node *= 2;
		if (pair[0].most >= n)
			continue;
		if (pair[0].last + pair[1].first >= n)
			return (node + 1 - area->leaves / (len / 64)) * len - pair[0].last;
		node++;
	}
	w = node - area->leaves;
	return run_in_word(w, area->taken[w], n);
}

/* ---- places ---- */

static void set_taken(struct xsw_area *area, u32 from, u32 to, bool taken)
{
	u32 w;

	for (w = from / 64; w * 64 < to; w++) {
		if (taken)
			area->taken[w] |= word_mask(w, from, to);
		else
			area->taken[w] &= ~word_mask(w, from, to);
	}
	update(area, from / 64, (to - 1) / 64);
}

/* Last taken slot in [from, to), or XSW_NO_SLOT. */
static u32 last_taken(const struct xsw_area *area, u32 from, u32 to)
{
	u32 w = (to - 1) / 64;

	for (;; w--) {
		u64 bits = area->taken[w] & word_mask(w, from, to);

		if (bits)
			return w * 64 + fls64(bits) - 1;
		if (w == from / 64)
			return XSW_NO_SLOT;
	}
}

/*
 * At most 64 slots, at a stride of at most 64: all possible starts in a word are
 * found at once, so that no pattern of free slots makes this slow.
 */
static u32 find_in_words(const struct xsw_area *area, const struct xsw_fit *fit)
{
	u32 last = fit->hi - fit->n, from = fit->lo, i, w;
	u64 starts = 0;

	for (i = fit->phase; i < 64; i += fit->stride + 1)
		starts |= 1ULL << i;

	for (;; from = (w + 1) * 64) {
		u64 run, next;

		from = next_run(area, from, fit->n);
		if (from == XSW_NO_SLOT || from > last)
			return XSW_NO_SLOT;
		w = from / 64;
		run = ~area->taken[w];
		next = w + 1 < area->words ? ~area->taken[w + 1] : 0;
		/* A bit that stays has i free slots from it on. */
		for (i = 1; i < fit->n; ) {
			u32 shift = min(i, fit->n - i);

			run &= run >> shift | next << (64 - shift);
			next &= next >> shift;
			i += shift;
		}
		run &= starts & word_mask(w, from, last + 1);
		while (run) {
			u32 slot = w * 64 + __ffs64(run);

			from = xsw_fit_from(fit, slot);
			if (from == slot)
				return slot;
			if (from >= w * 64 + 64)
				break;
			run &= ~0ULL << (from % 64);
		}
	}
}

/* Anything else: goes on behind the last taken slot that is in the way. */
static u32 find_by_jumps(const struct xsw_area *area, const struct xsw_fit *fit)
{
	u32 last = fit->hi - fit->n, from = fit->lo;

	for (;;) {
		u32 slot, taken;

		from = next_run(area, from, fit->n);
		if (from == XSW_NO_SLOT)
			return from;
		slot = xsw_fit_from(fit, from);
		if (slot > last)
			return XSW_NO_SLOT;
		taken = last_taken(area, slot, slot + fit->n);
		if (taken == XSW_NO_SLOT)
			return slot;
		from = taken + 1;
	}
}

/* ---- runs ---- */

static void put_unused(struct xsw_area *area, struct xsw_run *run)
{
	run->next = area->unused;
	area->unused = run;
	area->unused_runs++;
}

static void release(struct xsw_area *area, struct xsw_run *run)
{
	set_taken(area, run->first, run->first + run->n, false);
	put_unused(area, run);
}

/* Each length in its turn, so that those that nobody asks for any more go, too. */
void xsw_area_cool(struct xsw_area *area, u32 runs)
{
	for (; area->hot_slots && runs; area->cool = area->cool ? area->cool - 1 : XSW_HOT_SLOTS) {
		struct xsw_run *run = area->hot[area->cool];

		if (!run)
			continue;
		xsw_area_take_hot(area, run);
		release(area, run);
		runs--;
	}
}

struct xsw_run *xsw_area_alloc(struct xsw_area *area, const struct xsw_fit *fit)
{
	struct xsw_run *run = area->unused;
	u32 slot;

	if (!run)
		return NULL;
	if (fit->n <= 64 && fit->stride < 64)
		slot = find_in_words(area, fit);
	else
		slot = find_by_jumps(area, fit);
	if (slot == XSW_NO_SLOT)
		return NULL;
	area->unused = run->next;
	area->unused_runs--;
	set_taken(area, slot, slot + fit->n, true);
	run->first = slot;
	run->n = fit->n;
	return run;
}

/* There are enough hot runs, or too many; a few at a time, or the lock is held for long. */
void xsw_area_free_slow(struct xsw_area *area, struct xsw_run *run)
{
	u32 most = xsw_area_hot_max(area);

	if (area->hot_slots + run->n > most)
		xsw_area_cool(area, 2);
	if (run->n <= XSW_HOT_SLOTS && area->hot_slots + run->n <= most)
		xsw_area_put_hot(area, run);
	else
		release(area, run);
}

/* ---- mappings ---- */

struct xsw_run *xsw_area_find_last(const struct xsw_area *area, u32 at)
{
	u32 b = at >> XSW_BUCKET_SHIFT, w = b / 64;
	u64 bits = area->filled[w] & word_mask(w, 0, b + 1);
	struct xsw_run *run, *last = NULL;

	for (;;) {
		while (!bits) {
			if (!w--)
				return NULL;
			bits = area->filled[w];
		}
		b = w * 64 + fls64(bits) - 1;
		for (run = area->bucket[b]; run; run = run->next)
			if (run->at <= (at | XSW_SLOT_MASK) && (!last || run->at > last->at))
				last = run;
		if (last)
			return last;
		/* Only the first bucket can have none: all of its mappings start later. */
		bits &= ~(1ULL << b % 64);
	}
}

/* ---- making and giving up ---- */

int xsw_area_refill(struct xsw_area *area)
{
	unsigned long flags;
	struct xsw_run *block;
	/* Nobody else adds to them. */
	u32 i, nr = min(area->runs, area->nr - area->runs);

	block = kvcalloc(nr + 1, sizeof(*block), GFP_KERNEL);
	if (!block)
		return -ENOMEM;
	block->next = area->blocks;
	area->blocks = block;
	for (i = 1; i <= nr; i++) {
		spin_lock_irqsave(&area->lock, flags);
		put_unused(area, &block[i]);
		spin_unlock_irqrestore(&area->lock, flags);
	}
	spin_lock_irqsave(&area->lock, flags);
	area->runs += nr;
	spin_unlock_irqrestore(&area->lock, flags);
	return 0;
}

int xsw_area_init(struct xsw_area *area, const struct xsw_extent *ext, u64 offset, u64 size)
{
	u32 i, buckets = DIV_ROUND_UP_ULL(size, 1ULL << XSW_BUCKET_SHIFT);

	area->machine = ext->machine + offset;
	area->phys = ext->phys + offset;
	area->vaddr = (u8 *)ext->vaddr + offset;
	area->nr = size >> XSW_SLOT_SHIFT;
	area->words = DIV_ROUND_UP(area->nr, 64);
	area->leaves = roundup_pow_of_two(area->words);
	/* One for each page, at least for as long as those of small mappings need to be made. */
	area->runs = min(area->nr, max(area->nr >> (XSW_BUCKET_SHIFT - XSW_SLOT_SHIFT), 512U));

	area->taken = kvcalloc(area->words, sizeof(u64), GFP_KERNEL);
	area->tree = kvcalloc(2 * area->leaves, sizeof(*area->tree), GFP_KERNEL);
	area->bucket = kvcalloc(buckets, sizeof(*area->bucket), GFP_KERNEL);
	area->filled = kvcalloc(DIV_ROUND_UP(buckets, 64), sizeof(u64), GFP_KERNEL);
	area->blocks = kvcalloc(area->runs + 1, sizeof(*area->blocks), GFP_KERNEL);
	if (!area->taken || !area->tree || !area->bucket || !area->filled || !area->blocks)
		return -ENOMEM;
	for (i = area->runs; i; i--)
		put_unused(area, &area->blocks[i]);
	/* What the last word has beyond the end is never free, nor are words beyond it. */
	if (area->nr % 64)
		area->taken[area->words - 1] = ~0ULL << (area->nr % 64);
	update(area, 0, area->words - 1);
	return 0;
}

void xsw_area_exit(struct xsw_area *area)
{
	while (area->blocks) {
		struct xsw_run *block = area->blocks;

		area->blocks = block->next;
		kvfree(block);
	}
	kvfree(area->filled);
	kvfree(area->bucket);
	kvfree(area->tree);
	kvfree(area->taken);
}
