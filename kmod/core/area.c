// SPDX-License-Identifier: GPL-2.0
/*
 * The allocator of one area: first fit in a bitmap, a word at a time.
 */
#include "area.h"

int xsw_area_init(struct xsw_area *area, const struct xsw_extent *ext, u64 offset, u64 size)
{
	area->machine = ext->machine + offset;
	area->phys = ext->phys + offset;
	area->vaddr = (u8 *)ext->vaddr + offset;
	area->nr = size >> XSW_SLOT_SHIFT;
	area->words = DIV_ROUND_UP(area->nr, 64);

	area->slot = kvcalloc(area->nr, sizeof(*area->slot), GFP_KERNEL);
	area->taken = kvcalloc(area->words, sizeof(u64), GFP_KERNEL);
	area->head = kvcalloc(area->words, sizeof(u64), GFP_KERNEL);
	if (!area->slot || !area->taken || !area->head)
		return -ENOMEM;
	/* What the last word has beyond the end is never free. */
	if (area->nr % 64)
		area->taken[area->words - 1] = ~0ULL << (area->nr % 64);
	return 0;
}

void xsw_area_exit(struct xsw_area *area)
{
	kvfree(area->head);
	kvfree(area->taken);
	kvfree(area->slot);
}

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

static void mark(u64 *map, u32 from, u32 to, bool set)
{
	u32 w;

	for (w = from / 64; w * 64 < to; w++) {
		u64 mask = word_mask(w, from, to);

		WRITE_ONCE(map[w], set ? map[w] | mask : map[w] & ~mask);
	}
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

u32 xsw_fit_from(const struct xsw_fit *fit, u32 slot)
{
	u64 room;

	slot += (fit->phase - slot) & fit->stride;
	room = fit->boundary - ((fit->dma0 + ((u64)slot << XSW_SLOT_SHIFT) + fit->offset) &
				fit->boundary);
	if (fit->size - 1 > room) {
		/* Once more is enough: no start is nearer behind a boundary than this. */
		slot += (room >> XSW_SLOT_SHIFT) + 1;
		slot += (fit->phase - slot) & fit->stride;
	}
	return slot;
}

/*
 * At most 64 slots, at a stride of at most 64: every possible start in a word is
 * found at once, so that no pattern of free slots makes this slow.
 */
static u32 find_in_words(const struct xsw_area *area, const struct xsw_fit *fit)
{
	u32 last = fit->hi - fit->n;
	u64 starts = 0;
	u32 i, w;

	for (i = fit->phase; i < 64; i += fit->stride + 1)
		starts |= 1ULL << i;

	for (w = fit->lo / 64; w <= last / 64; w++) {
		u64 here = ~area->taken[w] & starts;
		u64 run, next;

		if (!here)
			continue;
		run = ~area->taken[w];
		next = w + 1 < area->words ? ~area->taken[w + 1] : 0;
		/* A bit that stays has i free slots from it on. */
		for (i = 1; i < fit->n; ) {
			u32 shift = min(i, fit->n - i);

			run &= run >> shift | next << (64 - shift);
			next &= next >> shift;
			i += shift;
		}
		here &= run & word_mask(w, fit->lo, last + 1);
		while (here) {
			u32 slot = w * 64 + __ffs64(here);
			u32 from = xsw_fit_from(fit, slot);

			if (from == slot)
				return slot;
			if (from >= w * 64 + 64)
				break;
			here &= ~0ULL << (from % 64);
		}
	}
	return XSW_NO_SLOT;
}

/*
 * Anything: looks for the last taken slot in the way and goes on behind it. No word is
 * looked at twice in vain, for what lies behind that slot was seen to be free.
 */
static u32 find_by_jumps(const struct xsw_area *area, const struct xsw_fit *fit)
{
	u32 slot = xsw_fit_from(fit, fit->lo);

	while (slot <= fit->hi - fit->n) {
		u32 taken = last_taken(area, slot, slot + fit->n);

		if (taken == XSW_NO_SLOT)
			return slot;
		slot = xsw_fit_from(fit, taken + 1);
	}
	return XSW_NO_SLOT;
}

u32 xsw_area_alloc(struct xsw_area *area, const struct xsw_fit *fit)
{
	u32 head, slot;

	if (fit->n <= 64 && fit->stride < 64)
		slot = find_in_words(area, fit);
	else
		slot = find_by_jumps(area, fit);
	if (slot == XSW_NO_SLOT)
		return slot;

	mark(area->taken, slot, slot + fit->n, true);
	head = slot + (fit->offset >> XSW_SLOT_SHIFT);
	mark(area->head, head, head + 1, true);
	return slot;
}

void xsw_area_free(struct xsw_area *area, u32 slot, u32 n)
{
	mark(area->taken, slot, slot + n, false);
	mark(area->head, slot, slot + n, false);
}

u32 xsw_area_head(const struct xsw_area *area, u32 slot)
{
	u32 w = slot / 64;
	u64 bits = READ_ONCE(area->head[w]) & word_mask(w, 0, slot + 1);

	while (!bits) {
		if (!w--)
			return XSW_NO_SLOT;
		bits = READ_ONCE(area->head[w]);
	}
	return w * 64 + fls64(bits) - 1;
}
