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

#define LEAF_WORDS	8U
#define LEAF_SLOTS	(64 * LEAF_WORDS)
/* The pages of a leaf are a word of the bitmap of free ones. */
static_assert(LEAF_SLOTS == 64 * XSW_PAGE_SLOTS);

static struct xsw_word free_in_word(u64 taken)
{
	u64 runs[6], run = ~taken;
	struct xsw_word f;
	int i;

	if (!taken)
		return (struct xsw_word){ 64, 64, 64 };
	if (!run)
		return (struct xsw_word){ 0, 0, 0 };
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

static struct xsw_free free_in_leaf(const struct xsw_word *word)
{
	struct xsw_free f = { .first = LEAF_SLOTS };
	u32 i, run = 0;

	for (i = 0; i < LEAF_WORDS; i++) {
		run += word[i].first;
		if (word[i].first == 64)
			continue;
		if (f.first == LEAF_SLOTS)
			f.first = run;
		f.most = max(f.most, max(run, (u32)word[i].most));
		run = word[i].last;
	}
	f.last = run;
	f.most = max(f.most, run);
	return f;
}

/* And what is above it, up to where that makes no difference. */
static void refresh_leaf(struct xsw_area *area, const struct xsw_stale *stale)
{
	u32 node = area->leaves + stale->leaf, len = LEAF_SLOTS, w = stale->leaf * LEAF_WORDS;
	struct xsw_free *tree = area->tree;
	u32 words;

	for (words = stale->words; words; words &= words - 1) {
		u32 i = w + __ffs64(words);

		area->word[i] = free_in_word(area->taken[i]);
	}

	if (!set_free(&tree[node], free_in_leaf(&area->word[w])))
		return;
	for (node /= 2; node; node /= 2, len *= 2)
		if (!set_free(&tree[node], free_in_pair(&tree[2 * node], len)))
			return;
}

/* Before anybody looks at the tree, or at area->word. */
static void refresh(struct xsw_area *area)
{
	while (area->nr_stale)
		refresh_leaf(area, &area->stale[--area->nr_stale]);
}

/* Word @w has changed. Until somebody looks, it and its neighbours may change more than once. */
static void set_stale(struct xsw_area *area, u32 w)
{
	u32 i, leaf = w / LEAF_WORDS, word = 1U << w % LEAF_WORDS;

	for (i = area->nr_stale; i--; ) {
		if (area->stale[i].leaf == leaf) {
			area->stale[i].words |= word;
			return;
		}
	}
	if (area->nr_stale == XSW_STALE_LEAVES)
		refresh(area);
	area->stale[area->nr_stale++] = (struct xsw_stale){ leaf, word };
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

/* The same from slot @from to the end of its leaf, or XSW_NO_SLOT; then @last are at the end. */
static u32 run_in_leaf(const struct xsw_area *area, u32 from, u32 n, u32 *last)
{
	u32 w = from / 64, run = 0;
	struct xsw_word word = area->word[w];
	u64 taken = area->taken[w];

	if (from % 64) {
		taken |= ~(~0ULL << from % 64);
		word = free_in_word(taken);
	}
	for (;;) {
		if (run + word.first >= n)
			return w * 64 - run;
		if (word.most >= n)
			return run_in_word(w, taken, n);
		run = word.first < 64 ? word.last : run + 64;
		if (++w % LEAF_WORDS == 0)
			break;
		taken = area->taken[w];
		word = area->word[w];
	}
	*last = run;
	return XSW_NO_SLOT;
}

/* First of @n free slots in a row that lie at or after @from, or XSW_NO_SLOT. */
static u32 next_run(struct xsw_area *area, u32 from, u32 n)
{
	u32 node = area->leaves + from / LEAF_SLOTS, len = LEAF_SLOTS;
	u32 run, slot;

	refresh(area);
	if (area->tree[1].most < n || from >= area->nr)
		return XSW_NO_SLOT;
	slot = run_in_leaf(area, from, n, &run);
	if (slot != XSW_NO_SLOT)
		return slot;
	/* Up, with the run that reaches up to the end of what was seen. */
	for (; ; node /= 2, len *= 2) {
		const struct xsw_free *next = &area->tree[node + 1];

		if (node == 1)
			return XSW_NO_SLOT;
		if (node & 1)
			continue;
		if (run + next->first >= n)
			return (node + 1 - area->leaves / (len / LEAF_SLOTS)) * len - run;
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
			return (node + 1 - area->leaves / (len / LEAF_SLOTS)) * len - pair[0].last;
		node++;
	}
	return run_in_leaf(area, (node - area->leaves) * LEAF_SLOTS, n, &run);
}

/* ---- places ---- */

#define PAGE_SLOTS	((u32)XSW_PAGE_SLOTS)
#define NO_PAGES	0x7f7f7f7f7f7f7f7fULL

/* A bit for each of a word's pages: all of it is free. */
static u64 whole_pages(u64 taken)
{
	/* The top bits of the bytes that are 0, then gathered in one. */
	u64 zero = ~(((taken & NO_PAGES) + NO_PAGES) | taken | NO_PAGES);

	return (zero >> 7) * 0x0102040810204080ULL >> 56;
}

/* Of the pages that word @at of the bitmap of free pages tells of. */
static void set_free_pages(struct xsw_area *area, u32 at, u64 pages)
{
	area->free_page[at] = pages;
	if (pages)
		area->free_word[at / 64] |= 1ULL << at % 64;
	else
		area->free_word[at / 64] &= ~(1ULL << at % 64);
}

static void update_pages(struct xsw_area *area, u32 w)
{
	u32 at = w / 8, shift = w % 8 * 8;
	u64 pages = area->free_page[at] & ~(0xffULL << shift);

	set_free_pages(area, at, pages | whole_pages(area->taken[w]) << shift);
}

static inline void set_words(struct xsw_area *area, u32 from, u32 to, bool taken)
{
	u32 w;

	for (w = from / 64; w * 64 < to; w++) {
		if (taken)
			area->taken[w] |= word_mask(w, from, to);
		else
			area->taken[w] &= ~word_mask(w, from, to);
		update_pages(area, w);
		set_stale(area, w);
	}
}

/* All of leaves [from, to), and at once what is above them: a node for each, not for each word. */
static void set_leaves(struct xsw_area *area, u32 from, u32 to, bool taken)
{
	u32 all = taken ? 0 : LEAF_SLOTS, len = LEAF_SLOTS, leaf, node;
	struct xsw_free *tree = area->tree;

	memset(&area->taken[from * LEAF_WORDS], taken ? 0xff : 0,
	       (to - from) * LEAF_WORDS * sizeof(u64));
	memset(&area->word[from * LEAF_WORDS], taken ? 0 : 64,
	       (to - from) * LEAF_WORDS * sizeof(struct xsw_word));
	for (leaf = from; leaf < to; leaf++) {
		set_free_pages(area, leaf, taken ? 0 : ~0ULL);
		tree[area->leaves + leaf] = (struct xsw_free){ all, all, all };
	}
	from += area->leaves;
	to += area->leaves - 1;
	for (from /= 2, to /= 2; from; from /= 2, to /= 2, len *= 2)
		for (node = from; node <= to; node++)
			tree[node] = free_in_pair(&tree[2 * node], len);
}

static void set_taken(struct xsw_area *area, u32 from, u32 to, bool taken)
{
	u32 first = DIV_ROUND_UP(from, LEAF_SLOTS), last = to / LEAF_SLOTS;

	if (unlikely(first < last)) {
		set_words(area, from, first * LEAF_SLOTS, taken);
		set_leaves(area, first, last, taken);
		from = last * LEAF_SLOTS;
	}
	set_words(area, from, to, taken);
}

/* The first free page at or after slot @from, as its first slot, or XSW_NO_SLOT. */
static u32 next_page(const struct xsw_area *area, u32 from)
{
	u32 page = DIV_ROUND_UP(from, PAGE_SLOTS), w = page / 64, i;
	u64 bits;

	if (w >= area->page_words)
		return XSW_NO_SLOT;
	bits = area->free_page[w] & ~0ULL << page % 64;
	if (!bits) {
		if (++w >= area->page_words)
			return XSW_NO_SLOT;
		bits = area->free_word[w / 64] & ~0ULL << w % 64;
		for (i = w / 64; !bits; bits = area->free_word[i])
			if (++i >= DIV_ROUND_UP(area->page_words, 64))
				return XSW_NO_SLOT;
		w = i * 64 + __ffs64(bits);
		bits = area->free_page[w];
	}
	return (w * 64 + __ffs64(bits)) * PAGE_SLOTS;
}

/*
 * Each of these looks from slot *@from on, for long enough to find a place or rule out the next
 * ones. XSW_NO_SLOT: then the search goes on from *@from, unless that is XSW_NO_SLOT, too.
 */

/* What is just a page, and starts at one: constant work. */
static u32 look_at_page(const struct xsw_area *area, const struct xsw_fit *fit, u32 *from)
{
	u32 slot = next_page(area, *from);

	if (slot == XSW_NO_SLOT || slot > fit->hi - fit->n) {
		*from = XSW_NO_SLOT;
		return XSW_NO_SLOT;
	}
	*from = xsw_fit_from(fit, slot);
	return *from == slot ? slot : XSW_NO_SLOT;
}

static struct xsw_run *home_of(const struct xsw_area *area, u32 slot)
{
	return &area->page[slot / PAGE_SLOTS];
}

/* A page with a start in it has one record of its own; more of them need others. */
static bool has_record(const struct xsw_area *area, u32 slot)
{
	return likely(area->unused) || !home_of(area, slot)->n;
}

/*
 * At most 64 slots, at a stride of at most 64: all possible starts in a word are
 * found at once, so that no pattern of free slots makes this slow.
 */
static u32 look_at_word(struct xsw_area *area, const struct xsw_fit *fit, u32 *from)
{
	u32 last = fit->hi - fit->n, at = next_run(area, *from, fit->n), i, w = at / 64;
	u64 starts = 1ULL << fit->phase, run, next;

	if (at == XSW_NO_SLOT || at > last) {
		*from = XSW_NO_SLOT;
		return XSW_NO_SLOT;
	}
	for (i = fit->stride + 1; i < 64; i *= 2)
		starts |= starts << i;
	run = ~area->taken[w];
	next = w + 1 < area->words ? ~area->taken[w + 1] : 0;
	/* A bit that stays has i free slots from it on. */
	for (i = 1; i < fit->n; ) {
		u32 shift = min(i, fit->n - i);

		run &= run >> shift | next << (64 - shift);
		next &= next >> shift;
		i += shift;
	}
	run &= starts & word_mask(w, at, last + 1);
	while (run) {
		u32 slot = w * 64 + __ffs64(run);

		at = xsw_fit_from(fit, slot);
		if (at == slot) {
			if (has_record(area, slot))
				return slot;
			at = (slot / PAGE_SLOTS + 1) * PAGE_SLOTS;
		}
		if (at >= w * 64 + 64)
			break;
		run &= ~0ULL << (at % 64);
	}
	*from = w * 64 + 64;
	return XSW_NO_SLOT;
}

/* The last leaf before @leaf that is not all free, or XSW_NO_SLOT. The tree is the bitmap's. */
static u32 last_leaf(const struct xsw_area *area, u32 leaf)
{
	u32 node = area->leaves + leaf, len = LEAF_SLOTS;

	do {
		/* What is before a left child is beside one that it is in. */
		for (; !(node % 2); len *= 2)
			node /= 2;
		if (node == 1)
			return XSW_NO_SLOT;
		node--;
	} while (area->tree[node].most == len);
	while (node < area->leaves) {
		node = 2 * node + 1;
		len /= 2;
		if (area->tree[node].most == len)
			node--;
	}
	return node - area->leaves;
}

/* Last taken slot in [from, to), or XSW_NO_SLOT. The tree is that of the bitmap. */
static u32 last_taken(const struct xsw_area *area, u32 from, u32 to)
{
	u32 w = (to - 1) / 64;

	for (;; w--) {
		u32 leaf = w / LEAF_WORDS;
		u64 bits = area->taken[w] & word_mask(w, from, to);

		if (bits)
			return w * 64 + fls64(bits) - 1;
		if (area->tree[area->leaves + leaf].most == LEAF_SLOTS) {
			leaf = last_leaf(area, leaf);
			if (leaf == XSW_NO_SLOT)
				return XSW_NO_SLOT;
			w = (leaf + 1) * LEAF_WORDS;
		}
		if (w <= from / 64)
			return XSW_NO_SLOT;
	}
}

/* Anything else: goes on behind the last taken slot that is in the way. */
static u32 look_behind(struct xsw_area *area, const struct xsw_fit *fit, u32 *from)
{
	u32 at = next_run(area, *from, fit->n), slot, taken;

	slot = at == XSW_NO_SLOT ? at : xsw_fit_from(fit, at);
	if (slot == XSW_NO_SLOT || slot > fit->hi - fit->n) {
		*from = XSW_NO_SLOT;
		return XSW_NO_SLOT;
	}
	/* With a stride that was made wider it may be before the next boundary again. */
	if (xsw_fit_from(fit, slot) != slot) {
		*from = slot;
		return XSW_NO_SLOT;
	}
	if (slot != at) {
		/* What of it is before this, next_run() has found free. */
		at = max(slot, at + fit->n);
		taken = last_taken(area, at, slot + fit->n);
		if (taken != XSW_NO_SLOT) {
			*from = taken + 1;
			return XSW_NO_SLOT;
		}
	}
	if (has_record(area, slot))
		return slot;
	*from = (slot / PAGE_SLOTS + 1) * PAGE_SLOTS;
	return XSW_NO_SLOT;
}

/* The same, a number of times. */
static u32 look_on(struct xsw_area *area, const struct xsw_fit *fit, u32 *from)
{
	/* The wider the stride, or the longer what must not cross a boundary, the longer a look. */
	u32 wide = max(fit->stride, fit->boundary != ~0ULL ? fit->n : 0);
	u32 looks = max(XSW_LOOKS / (1 + wide / (2 * LEAF_SLOTS)), 1U), slot;

	do {
		if (fit->n == PAGE_SLOTS && fit->stride == PAGE_SLOTS - 1 && !fit->phase)
			slot = look_at_page(area, fit, from);
		else if (fit->n <= 64 && fit->stride < 64)
			slot = look_at_word(area, fit, from);
		else
			slot = look_behind(area, fit, from);
	} while (slot == XSW_NO_SLOT && *from != XSW_NO_SLOT && --looks);
	return slot;
}

/* In one of the first pages that are free, all of them, and so have an unused record. */
static u32 find_in_free_page(struct xsw_area *area, const struct xsw_fit *fit)
{
	u32 before = fit->phase % PAGE_SLOTS, from = fit->lo, slot;
	struct xsw_fit page = *fit;

	page.stride |= PAGE_SLOTS - 1;
	page.phase -= before;
	page.offset += before << XSW_SLOT_SHIFT;
	page.n = max(fit->n + before, PAGE_SLOTS);
	if (page.n > page.hi - page.lo || page.phase > page.hi - page.n)
		return XSW_NO_SLOT;
	slot = look_on(area, &page, &from);
	return slot == XSW_NO_SLOT ? slot : slot + before;
}

/* For no longer than the lock may be held. */
static u32 find(struct xsw_area *area, const struct xsw_fit *fit, u32 *from)
{
	u32 slot = XSW_NO_SLOT;

	/* Without records no page with a start in it will do, and that may be most of them. */
	if (unlikely(!area->unused))
		slot = find_in_free_page(area, fit);
	return slot != XSW_NO_SLOT ? slot : look_on(area, fit, from);
}

/* ---- runs and their records ---- */

static void set_filled(struct xsw_area *area, u32 page, bool filled)
{
	u32 w = page / 64;

	if (filled)
		area->filled[w] |= 1ULL << page % 64;
	else
		area->filled[w] &= ~(1ULL << page % 64);
	if (area->filled[w])
		area->filled_word[w / 64] |= 1ULL << w % 64;
	else
		area->filled_word[w / 64] &= ~(1ULL << w % 64);
}

static void put_unused(struct xsw_area *area, struct xsw_run *run)
{
	if (!area->unused)
		area->gave++;
	run->next = area->unused;
	area->unused = run;
	area->nr_unused++;
}

static struct xsw_run *take_record(struct xsw_area *area, u32 slot)
{
	struct xsw_run *home = home_of(area, slot), *run = home;

	if (home->n) {
		run = area->unused;
		area->unused = run->next;
		area->nr_unused--;
		run->next = home->next;
		home->next = run;
	}
	set_filled(area, slot / PAGE_SLOTS, true);
	return run;
}

static void put_record(struct xsw_area *area, struct xsw_run *run)
{
	struct xsw_run *home = home_of(area, run->first), **link = &home->next;

	run->n = 0;
	if (run != home) {
		while (*link != run)
			link = &(*link)->next;
		*link = run->next;
		put_unused(area, run);
	}
	if (!home->n && !home->next)
		set_filled(area, run->first / PAGE_SLOTS, false);
}

static void release(struct xsw_area *area, struct xsw_run *run)
{
	set_taken(area, run->first, run->first + run->n, false);
	area->gave++;
	put_record(area, run);
}

/* @run has @n slots from @first on. */
static void set_slots(struct xsw_area *area, struct xsw_run *run, u32 first, u32 n)
{
	run->first = first;
	run->n = n;
	if (n <= XSW_HOT_SLOTS)
		area->lengths[n / 64] |= 1ULL << n % 64;
}

/* The least length beyond @n of which there is a hot run, or 0. */
static u32 next_hot(const struct xsw_area *area, u32 n)
{
	u32 w = ++n / 64;
	u64 bits = area->lengths[w] & ~0ULL << n % 64;

	for (;;) {
		for (; bits; bits &= bits - 1) {
			n = w * 64 + __ffs64(bits);
			if (area->hot[n])
				return n;
		}
		if (++w == XSW_HOT_SLOTS / 64 + 1)
			return 0;
		bits = area->lengths[w];
	}
}

/* Each length in its turn, so that those that nobody asks for any more go, too. */
bool xsw_area_cool_one(struct xsw_area *area, u32 *first, u32 *n)
{
	struct xsw_run *run;

	if (!xsw_area_has_hot(area))
		return false;
	do {
		area->cool = next_hot(area, area->cool);
		run = area->hot[area->cool];
	} while (!run);
	if (area->cool) {
		xsw_area_take_hot(area, run, run->n);
	} else {
		area->hot[0] = run->cooler;
		area->nr_long--;
	}
	*first = run->first;
	*n = run->n;
	release(area, run);
	return true;
}

void xsw_area_cool(struct xsw_area *area, u32 runs)
{
	u32 first, n;

	while (runs-- && xsw_area_cool_one(area, &first, &n))
		;
}

static struct xsw_run *take_slots(struct xsw_area *area, u32 slot, u32 n)
{
	struct xsw_run *run = take_record(area, slot);

	set_taken(area, slot, slot + n, true);
	set_slots(area, run, slot, n);
	return run;
}

bool xsw_area_heat(struct xsw_area *area, u32 pages)
{
	if (area->closed)
		return false;
	for (; pages; pages--) {
		u32 slot = next_page(area, 0), hot = area->hot_slots + PAGE_SLOTS;
		struct xsw_run *run;

		if (slot == XSW_NO_SLOT ||
		    !xsw_area_may_be_hot(area, PAGE_SLOTS, hot, area->used))
			return false;
		run = take_slots(area, slot, PAGE_SLOTS);
		run->at = slot << XSW_SLOT_SHIFT;
		xsw_area_put_hot(area, run, PAGE_SLOTS, hot);
	}
	return true;
}

/* Leaves @n slots of @run, and returns the rest; NULL: there is no record for it. */
static struct xsw_run *cut(struct xsw_area *area, struct xsw_run *run, u32 n)
{
	u32 slot = run->first + n, left = run->n - n;
	struct xsw_run *rest;

	if (!has_record(area, slot))
		return NULL;
	rest = take_record(area, slot);
	set_slots(area, rest, slot, left);
	rest->at = slot << XSW_SLOT_SHIFT;
	set_slots(area, run, run->first, n);
	return rest;
}

/*
 * The beginning of a longer hot run: its rest stays hot, and the bitmap as it is. Where it is a
 * page that is asked for, some more are cut off: soon another will be.
 */
static struct xsw_run *split_hot(struct xsw_area *area, const struct xsw_fit *fit)
{
	u32 n, pages, lengths = XSW_SPLIT_LENGTHS;
	struct xsw_run *run, *page, *rest;

	if (fit->n >= XSW_HOT_SLOTS)
		return NULL;
	for (n = next_hot(area, fit->n); n && lengths--; n = next_hot(area, n)) {
		run = area->hot[n];
		if (run->first < fit->lo || run->first + fit->n > fit->hi ||
		    xsw_fit_from(fit, run->first) != run->first)
			continue;
		rest = cut(area, run, fit->n);
		if (!rest)
			continue;
		xsw_area_take_hot(area, run, n);
		pages = fit->n == PAGE_SLOTS && !(run->first % PAGE_SLOTS) ? XSW_MORE_PAGES : 0;
		for (; pages && rest->n > PAGE_SLOTS &&
		     rest->first + PAGE_SLOTS <= fit->hi; pages--) {
			page = rest;
			rest = cut(area, page, PAGE_SLOTS);
			xsw_area_put_hot(area, page, page->n, area->hot_slots + page->n);
			if (!rest)
				return run;
		}
		xsw_area_put_hot(area, rest, rest->n, area->hot_slots + rest->n);
		return run;
	}
	return NULL;
}

static bool may_have(const struct xsw_area *area, const struct xsw_fit *fit)
{
	return likely(!area->closed && area->machine == fit->machine &&
		      !xsw_area_in_vain(area, fit->n));
}

struct xsw_run *xsw_area_alloc(struct xsw_area *area, const struct xsw_fit *fit, u32 *from)
{
	u32 slot = XSW_NO_SLOT;

	if (may_have(area, fit))
		slot = find(area, fit, from);
	else
		*from = XSW_NO_SLOT;
	return slot != XSW_NO_SLOT ? take_slots(area, slot, fit->n) : NULL;
}

struct xsw_run *xsw_area_split(struct xsw_area *area, const struct xsw_fit *fit)
{
	if (!may_have(area, fit))
		return NULL;
	if (xsw_area_has_hot(area))
		return split_hot(area, fit);
	refresh(area);
	area->longest = area->tree[1].most;
	area->freed = 0;
	return NULL;
}

bool xsw_area_is_free(struct xsw_area *area)
{
	refresh(area);
	return area->tree[1].most == area->nr;
}

/* The latest comes first; what has been there for longest goes. */
static void put_long(struct xsw_area *area, struct xsw_run *run)
{
	struct xsw_run **link = &area->hot[0], *last;

	run->cooler = *link;
	*link = run;
	if (++area->nr_long <= XSW_HOT_LONG)
		return;
	while ((*link)->cooler)
		link = &(*link)->cooler;
	last = *link;
	*link = NULL;
	area->nr_long--;
	release(area, last);
}

/* There are enough hot runs, or too many; a few at a time, or the lock is held for long. */
void xsw_area_free_slow(struct xsw_area *area, struct xsw_run *run)
{
	u32 hot;

	if (run->n > XSW_HOT_SLOTS) {
		/* There can be several. */
		if (4 * run->n + area->used > area->nr)
			release(area, run);
		else
			put_long(area, run);
		return;
	}
	xsw_area_cool(area, 2);
	hot = area->hot_slots + run->n;
	if (xsw_area_may_be_hot(area, run->n, hot, area->used))
		xsw_area_put_hot(area, run, run->n, hot);
	else
		release(area, run);
}

/* The last bit that is set before @bit, or XSW_NO_SLOT. */
static u32 last_bit(const u64 *map, u32 bit)
{
	u32 w = bit / 64;
	u64 bits = map[w] & ((1ULL << bit % 64) - 1);

	while (!bits) {
		if (!w--)
			return XSW_NO_SLOT;
		bits = map[w];
	}
	return w * 64 + fls64(bits) - 1;
}

struct xsw_run *xsw_area_find_last(const struct xsw_area *area, u32 slot)
{
	u32 page = slot / PAGE_SLOTS, w = page / 64;
	u64 bits = area->filled[w] & word_mask(w, 0, page + 1);
	struct xsw_run *run, *last = NULL;

	for (;;) {
		if (!bits) {
			w = last_bit(area->filled_word, w);
			if (w == XSW_NO_SLOT)
				return NULL;
			bits = area->filled[w];
		}
		page = w * 64 + fls64(bits) - 1;
		for (run = &area->page[page]; run; run = run->next)
			if (run->n && run->first <= slot && (!last || run->first > last->first))
				last = run;
		if (last)
			return last;
		/* Only the first page can have none: all of its runs start later. */
		bits &= ~(1ULL << page % 64);
	}
}

/* ---- making and giving up ---- */

int xsw_area_refill(struct xsw_area *area)
{
	unsigned long flags;
	struct xsw_run *block;
	/* Nobody else adds to them. A quarter more: what nobody uses is a loss. */
	u32 i, nr = min(max(area->records / 4, 128U), area->nr - area->records);

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
	area->records += nr;
	spin_unlock_irqrestore(&area->lock, flags);
	return 0;
}

/* Not fewer than a cache line has, or another area's may be on it. */
static u32 line_words(u32 words)
{
	return roundup_pow_of_two(max_t(u32, words, SMP_CACHE_BYTES / sizeof(u64)));
}

int xsw_area_init(struct xsw_area *area, const struct xsw_extent *ext, u64 offset, u64 size)
{
	u32 i, pages = DIV_ROUND_UP_ULL(size, 1ULL << XSW_PAGE_SHIFT);

	area->machine = ext->machine + offset;
	area->phys = ext->phys + offset;
	area->vaddr = (u8 *)ext->vaddr + offset;
	area->node = ext->node;
	area->bytes = size;
	area->nr = size >> XSW_SLOT_SHIFT;
	area->words = DIV_ROUND_UP(area->nr, LEAF_SLOTS) * LEAF_WORDS;
	area->leaves = roundup_pow_of_two(area->words / LEAF_WORDS);
	area->page_words = area->words / 8;
	/* For as long as more of them need to be made. */
	area->records = min(area->nr, max(area->nr / 512, 128U));

	area->page = kvcalloc(pages, sizeof(*area->page), GFP_KERNEL);
	area->taken = kvcalloc(area->words, sizeof(u64), GFP_KERNEL);
	area->word = kvcalloc(area->words, sizeof(*area->word), GFP_KERNEL);
	area->tree = kvcalloc(2 * area->leaves, sizeof(*area->tree), GFP_KERNEL);
	area->filled = kvcalloc(DIV_ROUND_UP(pages, 64), sizeof(u64), GFP_KERNEL);
	area->filled_word = kvcalloc(line_words(DIV_ROUND_UP(pages, 64 * 64)), sizeof(u64),
				     GFP_KERNEL);
	area->free_page = kvcalloc(area->page_words, sizeof(u64), GFP_KERNEL);
	area->free_word = kvcalloc(line_words(DIV_ROUND_UP(area->page_words, 64)), sizeof(u64),
				   GFP_KERNEL);
	area->blocks = kvcalloc(area->records + 1, sizeof(*area->blocks), GFP_KERNEL);
	if (!area->page || !area->taken || !area->word || !area->tree || !area->filled ||
	    !area->filled_word || !area->free_page || !area->free_word || !area->blocks)
		return -ENOMEM;
	area->longest = ~0U;
	for (i = area->records; i; i--)
		put_unused(area, &area->blocks[i]);
	/* What the last leaf has beyond the end is never free, nor are leaves beyond it. */
	for (i = area->nr / 64; i < area->words; i++)
		area->taken[i] = i * 64 < area->nr ? ~0ULL << area->nr % 64 : ~0ULL;
	for (i = 0; i < area->words; i++) {
		update_pages(area, i);
		set_stale(area, i);
	}
	return 0;
}

void xsw_area_exit(struct xsw_area *area)
{
	while (area->blocks) {
		struct xsw_run *block = area->blocks;

		area->blocks = block->next;
		kvfree(block);
	}
	kvfree(area->free_word);
	kvfree(area->free_page);
	kvfree(area->filled_word);
	kvfree(area->filled);
	kvfree(area->tree);
	kvfree(area->word);
	kvfree(area->taken);
	kvfree(area->page);
}
