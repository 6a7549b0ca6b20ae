/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Offsets and lengths around every edge that a partial sync can meet: byte, cache line,
 * slot, page, and the mapping's own ends. Taken all with all.
 */
#ifndef XSW_CASES_SYNC_H
#define XSW_CASES_SYNC_H

#include "core.h"

/* of the mapping in its page */
static const u64 xsw_sync_starts[] = {
	0, 1, 0x1ff, 0x200, 0x600, 0x7ff, 0x800, 0x801, 0xa80, 0xe00, 0xfff,
};

/* of the sync in the mapping, those that lie within */
static const u64 xsw_sync_offsets[] = {
	0, 1, 63, 64, 0x1ff, 0x27f, 0x280, 0x7ff, 0x800, 0x801, 0xdff, 0xfff, 0x1000, 0x1001,
	0x17ff, 0x1800, 0x1fff, 0x2000, 0x2fff, 0x3000,
};

static const u64 xsw_sync_lengths[] = {
	1, 2, 63, 64, 65, 0x7ff, 0x800, 0x801, 0xfff, 0x1000, 0x1001, 0x2000,
};

/* of the mapping */
static const u64 xsw_sync_sizes[] = { 1, 64, 0x800, 0x1000, 0x2001, 0x3000 };

#endif /* XSW_CASES_SYNC_H */
