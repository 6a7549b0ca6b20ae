/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Layouts of simulated environments, for whatever must hold in each.
 */
#ifndef XSW_KUNIT_LAYOUTS_H
#define XSW_KUNIT_LAYOUTS_H

#include <linux/sizes.h>

#include "env.h"
#include "utest.h"

struct layout_case {
	const char		*name;
	bool			neighbours;	/* neighbours in pfn are so in mfn */
	struct xsw_sim_layout	layout;
};

#define LAYOUT(_name, _neighbours, ...)				\
{								\
	.name = _name,						\
	.neighbours = _neighbours,				\
	.layout = {						\
		.pool_bytes = SZ_1M,				\
		.pool_limit = 0xffffffff,			\
		__VA_ARGS__					\
	},							\
}

static const struct layout_case layout_cases[] = {
	LAYOUT("identity", true, .p2m = XSW_P2M_IDENTITY),
	LAYOUT("identity_no_m2p", true, .p2m = XSW_P2M_IDENTITY, .no_m2p = true),
	LAYOUT("offset_1", true, .p2m = XSW_P2M_OFFSET, .offset = 1),
	LAYOUT("offset_4g", true, .p2m = XSW_P2M_OFFSET, .offset = 0x100000),
	LAYOUT("shuffled", false, .p2m = XSW_P2M_SHUFFLED, .seed = 1),
	LAYOUT("shuffled_no_m2p", false, .p2m = XSW_P2M_SHUFFLED, .seed = 7, .no_m2p = true),
	LAYOUT("shuffled_no_flush", false, .p2m = XSW_P2M_SHUFFLED, .seed = 12345,
	       .no_flush = true),
};

static inline void layout_desc(const struct layout_case *lc, char *desc)
{
	strscpy(desc, lc->name, KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(layout, layout_cases, layout_desc);

#endif /* XSW_KUNIT_LAYOUTS_H */
