/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Which path a map takes, and why, in the order in which the reasons are looked for. The memory has
 * pages of every kind, the pool is within everybody's reach.
 */
#ifndef XSW_CASES_DECIDE_H
#define XSW_CASES_DECIDE_H

#include "core.h"

/* Pages of the memory, each the first of two that are alike but for the straddling ones. */
enum xsw_case_page {
	XSW_CASE_LOW,		/* local, the device reaches it */
	XSW_CASE_HIGH,		/* local, beyond a mask of 32 bits */
	XSW_CASE_STRADDLE,	/* two pages that are not neighbours for the machine */
	XSW_CASE_FOREIGN,	/* another domain's, within reach */
	XSW_CASE_FOREIGN_HIGH,	/* another domain's, beyond reach */
	XSW_CASE_MIXED,		/* local, then foreign; neighbours for the machine */
	XSW_CASE_NO_FRAME,	/* has no machine frame */
	XSW_CASE_HALF_FRAME,	/* the second page has none */
	XSW_CASE_ODD,		/* for the machine, the first of them is at an odd page */
	XSW_CASE_NR_PAGES,
};

struct xsw_decide_case {
	const char		*name;
	enum xsw_case_page	page;
	u64			size;
	u64			boundary;	/* of the device's segments; 0: none */
	unsigned long		attrs;
	bool			noncoherent;
	bool			force;		/* dev->force_bounce */
	bool			refuse;		/* dev->no_bounce */
	bool			no_flush;	/* foreign caches can't be flushed */
	bool			no_pool;
	enum xsw_reason		reason;
	enum xsw_cause		cause;
};

static const struct xsw_decide_case xsw_decide_cases[] = {
	{ .name = "local", .page = XSW_CASE_LOW, .size = 0x2000, .reason = XSW_REASON_DIRECT },
	{ .name = "local_needs_no_pool", .page = XSW_CASE_LOW, .size = 0x2000, .no_pool = true,
	  .reason = XSW_REASON_DIRECT },
	{ .name = "local_needs_no_bounce", .page = XSW_CASE_LOW, .size = 1, .refuse = true,
	  .reason = XSW_REASON_DIRECT },
	{ .name = "high", .page = XSW_CASE_HIGH, .size = 0x2000,
	  .reason = XSW_REASON_BOUNCE_MASK },
	{ .name = "high_no_pool", .page = XSW_CASE_HIGH, .size = 1, .no_pool = true,
	  .cause = XSW_CAUSE_MASK },
	{ .name = "high_no_bounce", .page = XSW_CASE_HIGH, .size = 1, .refuse = true,
	  .cause = XSW_CAUSE_NO_BOUNCE },
	{ .name = "straddle", .page = XSW_CASE_STRADDLE, .size = 0x1001,
	  .reason = XSW_REASON_BOUNCE_STRADDLE },
	{ .name = "straddle_one_page", .page = XSW_CASE_STRADDLE, .size = 0x1000,
	  .reason = XSW_REASON_DIRECT },
	{ .name = "straddle_no_pool", .page = XSW_CASE_STRADDLE, .size = 0x1001, .no_pool = true,
	  .cause = XSW_CAUSE_NOT_CONTIGUOUS },
	{ .name = "straddle_no_bounce", .page = XSW_CASE_STRADDLE, .size = 0x1001, .refuse = true,
	  .cause = XSW_CAUSE_NO_BOUNCE },
	{ .name = "straddle_before_forced", .page = XSW_CASE_STRADDLE, .size = 0x1001,
	  .force = true, .reason = XSW_REASON_BOUNCE_STRADDLE },
	{ .name = "boundary_lost", .page = XSW_CASE_ODD, .size = 0x2000, .boundary = 0x1fff,
	  .reason = XSW_REASON_BOUNCE_STRADDLE },
	{ .name = "boundary_rounded_up", .page = XSW_CASE_ODD, .size = 0x2000,
	  .boundary = 0x1000, .reason = XSW_REASON_BOUNCE_STRADDLE },
	{ .name = "boundary_lost_no_pool", .page = XSW_CASE_ODD, .size = 0x2000,
	  .boundary = 0x1fff, .no_pool = true, .cause = XSW_CAUSE_NOT_CONTIGUOUS },
	{ .name = "boundary_not_reached", .page = XSW_CASE_ODD, .size = 0x1000,
	  .boundary = 0x1fff, .reason = XSW_REASON_DIRECT },
	{ .name = "boundary_none", .page = XSW_CASE_ODD, .size = 0x2000,
	  .reason = XSW_REASON_DIRECT },
	{ .name = "boundary_kept", .page = XSW_CASE_LOW, .size = 0x2000, .boundary = 0x1fff,
	  .reason = XSW_REASON_DIRECT },
	{ .name = "boundary_crossed_by_driver", .page = XSW_CASE_ODD, .size = 0x2000,
	  .boundary = 0xfff, .reason = XSW_REASON_DIRECT },
	{ .name = "foreign", .page = XSW_CASE_FOREIGN, .size = 0x2000,
	  .reason = XSW_REASON_FOREIGN },
	{ .name = "foreign_noncoherent", .page = XSW_CASE_FOREIGN, .size = 0x2000,
	  .noncoherent = true, .reason = XSW_REASON_FOREIGN },
	{ .name = "foreign_no_flush", .page = XSW_CASE_FOREIGN, .size = 0x2000,
	  .noncoherent = true, .no_flush = true, .reason = XSW_REASON_BOUNCE_FOREIGN },
	{ .name = "foreign_no_flush_coherent", .page = XSW_CASE_FOREIGN, .size = 0x2000,
	  .no_flush = true, .reason = XSW_REASON_FOREIGN },
	{ .name = "foreign_no_flush_no_bounce", .page = XSW_CASE_FOREIGN, .size = 1,
	  .noncoherent = true, .refuse = true, .no_flush = true, .cause = XSW_CAUSE_NO_BOUNCE },
	{ .name = "foreign_before_forced", .page = XSW_CASE_FOREIGN, .size = 0x2000,
	  .noncoherent = true, .force = true, .no_flush = true,
	  .reason = XSW_REASON_BOUNCE_FOREIGN },
	{ .name = "foreign_forced", .page = XSW_CASE_FOREIGN, .size = 1, .force = true,
	  .reason = XSW_REASON_BOUNCE_FORCED },
	{ .name = "foreign_high", .page = XSW_CASE_FOREIGN_HIGH, .size = 1,
	  .reason = XSW_REASON_BOUNCE_MASK },
	{ .name = "mixed", .page = XSW_CASE_MIXED, .size = 0x1001,
	  .reason = XSW_REASON_BOUNCE_STRADDLE },
	{ .name = "no_frame", .page = XSW_CASE_NO_FRAME, .size = 1,
	  .cause = XSW_CAUSE_BAD_ADDRESS },
	{ .name = "half_a_frame", .page = XSW_CASE_HALF_FRAME, .size = 0x1001,
	  .cause = XSW_CAUSE_BAD_ADDRESS },
	{ .name = "forced", .page = XSW_CASE_LOW, .size = 0x2000, .force = true,
	  .reason = XSW_REASON_BOUNCE_FORCED },
	{ .name = "forced_no_pool", .page = XSW_CASE_LOW, .size = 1, .force = true,
	  .no_pool = true, .cause = XSW_CAUSE_NO_BOUNCE },
	{ .name = "forced_but_refused", .page = XSW_CASE_LOW, .size = 1, .force = true,
	  .refuse = true, .cause = XSW_CAUSE_NO_BOUNCE },

	{ .name = "coherence_kept", .page = XSW_CASE_LOW, .size = 1,
	  .attrs = DMA_ATTR_REQUIRE_COHERENT, .reason = XSW_REASON_DIRECT },
	{ .name = "coherence_of_device", .page = XSW_CASE_LOW, .size = 1,
	  .attrs = DMA_ATTR_REQUIRE_COHERENT, .noncoherent = true,
	  .cause = XSW_CAUSE_NEEDS_COHERENT },
	{ .name = "coherence_not_by_bouncing", .page = XSW_CASE_HIGH, .size = 1,
	  .attrs = DMA_ATTR_REQUIRE_COHERENT, .cause = XSW_CAUSE_NEEDS_COHERENT },
};

#endif /* XSW_CASES_DECIDE_H */
