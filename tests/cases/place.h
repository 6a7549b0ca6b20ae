/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What a device may demand of a place in the pool, and whether an empty pool has one. The pool
 * is a single area of 4 MiB, its machine addresses from 0x40000000 on.
 */
#ifndef XSW_CASES_PLACE_H
#define XSW_CASES_PLACE_H

#include "core.h"

#define XSW_PLACE_POOL_MACHINE	0x40000000ULL
#define XSW_PLACE_POOL_SIZE	0x400000ULL

struct xsw_place_case {
	const char	*name;
	u64		mask;		/* 0: all addresses */
	u64		bus_limit;
	u64		min_align;
	u64		alloc_align;
	u64		boundary;	/* 0: none */
	u64		low;		/* low bits of phys */
	u64		size;
	enum xsw_cause	cause;
};

static const struct xsw_place_case xsw_place_cases[] = {
	{ .name = "smallest", .size = 1 },
	{ .name = "slot", .size = 0x800 },
	{ .name = "whole_area", .size = 0x400000 },
	{ .name = "beyond_area", .size = 0x400001, .cause = XSW_CAUSE_TOO_LARGE },
	{ .name = "huge", .size = 1ULL << 40, .cause = XSW_CAUSE_TOO_LARGE },
	{ .name = "largest", .size = 1ULL << 63, .cause = XSW_CAUSE_TOO_LARGE },

	{ .name = "mask_just_holds", .mask = 0x403fffff, .size = 0x400000 },
	{ .name = "mask_one_short", .mask = 0x403ffffe, .size = 0x400000,
	  .cause = XSW_CAUSE_MASK },
	{ .name = "mask_holds_one_slot", .mask = 0x400007ff, .size = 0x800 },
	{ .name = "mask_holds_one_slot_not_two", .mask = 0x400007ff, .size = 0x801,
	  .cause = XSW_CAUSE_MASK },
	{ .name = "mask_below_pool", .mask = 0x3fffffff, .size = 1, .cause = XSW_CAUSE_MASK },
	{ .name = "mask_24_bits", .mask = 0xffffff, .size = 1, .cause = XSW_CAUSE_MASK },
	{ .name = "bus_limit_just_holds", .bus_limit = 0x400fffff, .size = 0x100000 },
	{ .name = "bus_limit_one_short", .bus_limit = 0x400fffff, .size = 0x100001,
	  .cause = XSW_CAUSE_MASK },
	{ .name = "bus_limit_and_mask", .mask = 0xffffffff, .bus_limit = 0x40000fff,
	  .size = 0x1000 },

	{ .name = "align_512", .min_align = 0x1ff, .low = 0x1fb, .size = 100 },
	{ .name = "align_slot", .min_align = 0x7ff, .low = 0x7ff, .size = 0x1000 },
	{ .name = "align_page", .min_align = 0xfff, .low = 0xfff, .size = 0x1000 },
	{ .name = "align_page_high_slot", .min_align = 0xfff, .low = 0x800, .size = 0x800 },
	{ .name = "align_64k", .min_align = 0xffff, .low = 0xfabc, .size = 0x10000 },
	{ .name = "align_1m", .min_align = 0xfffff, .low = 0xffabc, .size = 0x10000 },
	{ .name = "align_fills", .min_align = 0xfff, .low = 0x800, .size = 0x3ff800 },
	{ .name = "align_fills_not", .min_align = 0xfff, .low = 0x801, .size = 0x3ff800,
	  .cause = XSW_CAUSE_MISALIGNED },
	{ .name = "align_beyond_area", .min_align = 0x7fffff, .low = 0x400000, .size = 1,
	  .cause = XSW_CAUSE_MISALIGNED },
	{ .name = "align_beyond_area_in_phase", .min_align = 0x7fffff, .low = 0x3ff000,
	  .size = 0x1000 },
	{ .name = "align_everything", .min_align = ~0ULL, .low = 0, .size = 1,
	  .cause = XSW_CAUSE_MISALIGNED },

	{ .name = "granule_page", .alloc_align = 0xfff, .size = 1 },
	{ .name = "granule_64k", .alloc_align = 0xffff, .size = 0x10001 },
	{ .name = "granule_area", .alloc_align = 0x3fffff, .size = 1 },
	{ .name = "granule_beyond_area", .alloc_align = 0x7fffff, .size = 1,
	  .cause = XSW_CAUSE_MISALIGNED },
	{ .name = "granule_everything", .alloc_align = ~0ULL, .size = 1,
	  .cause = XSW_CAUSE_MISALIGNED },
	{ .name = "granule_above_align", .min_align = 0xfff, .alloc_align = 0xffff, .low = 0xe10,
	  .size = 0x2000 },
	{ .name = "granule_below_align", .min_align = 0xffff, .alloc_align = 0xfff, .low = 0xee10,
	  .size = 0x2000 },

	{ .name = "boundary_64k", .boundary = 0xffff, .size = 0x10000 },
	{ .name = "boundary_exceeded", .boundary = 0xffff, .size = 0x10001,
	  .cause = XSW_CAUSE_MISALIGNED },
	{ .name = "boundary_page_kept_low", .min_align = 0xfff, .boundary = 0xfff, .low = 0x800,
	  .size = 0x800 },
	{ .name = "boundary_page_crossed", .min_align = 0xfff, .boundary = 0xfff, .low = 0x800,
	  .size = 0x801, .cause = XSW_CAUSE_MISALIGNED },
	{ .name = "boundary_below_slot", .boundary = 0x1ff, .size = 0x200 },
	{ .name = "boundary_below_slot_exceeded", .boundary = 0x1ff, .size = 0x201,
	  .cause = XSW_CAUSE_MISALIGNED },
	{ .name = "boundary_4g", .boundary = 0xffffffff, .size = 0x400000 },
};

#endif /* XSW_CASES_PLACE_H */
