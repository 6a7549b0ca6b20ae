/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Which way a bounced mapping's bytes are copied, and when. The copy to the pool when
 * mapping is not listed: it is made always.
 */
#ifndef XSW_CASES_COPY_H
#define XSW_CASES_COPY_H

#include "core.h"

struct xsw_copy_case {
	const char		*name;
	enum dma_data_direction	dir;
	unsigned long		attrs;
	bool			sync_cpu;	/* sync for the CPU copies back */
	bool			sync_device;	/* sync for the device copies to the pool */
	bool			unmap;		/* unmap copies back */
};

static const struct xsw_copy_case xsw_copy_cases[] = {
	{ "bidirectional", DMA_BIDIRECTIONAL, 0, true, true, true },
	{ "to_device", DMA_TO_DEVICE, 0, false, true, false },
	{ "from_device", DMA_FROM_DEVICE, 0, true, false, true },
	{ "bidirectional_skip", DMA_BIDIRECTIONAL, DMA_ATTR_SKIP_CPU_SYNC, true, true, false },
	{ "to_device_skip", DMA_TO_DEVICE, DMA_ATTR_SKIP_CPU_SYNC, false, true, false },
	{ "from_device_skip", DMA_FROM_DEVICE, DMA_ATTR_SKIP_CPU_SYNC, true, false, false },
};

#endif /* XSW_CASES_COPY_H */
