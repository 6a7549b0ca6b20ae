/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Counters: per CPU, per device and for the whole module; summed when read.
 */
#ifndef XSW_STATS_H
#define XSW_STATS_H

#include <linux/percpu.h>
#include <linux/u64_stats_sync.h>
#include "core.h"

/**
 * struct xsw_stats_pcpu - what one CPU counted
 * @reason:		mappings made, by enum xsw_reason
 * @cause:		failures, by enum xsw_cause
 * @unmaps:		mappings ended
 * @syncs:		calls of dma_sync_*
 * @bounced_bytes:	copied between buffers and the pool
 *
 * 64-bit machines only: a u64 is read whole.
 */
struct xsw_stats_pcpu {
	u64	reason[XSW_NR_REASONS];
	u64	cause[XSW_NR_CAUSES];
	u64	unmaps;
	u64	syncs;
	u64	bounced_bytes;
};

DECLARE_PER_CPU(struct xsw_stats_pcpu, xsw_stats_all);

/* Sums @pcpu over all CPUs into @out. Any context. */
void xsw_stats_sum(const struct xsw_stats_pcpu __percpu *pcpu, struct xsw_stats_pcpu *out);

/* Pages that were given up for good because a device may still write to them. */
extern atomic_t xsw_nr_quarantined;

int xsw_debugfs_init(void);
void xsw_debugfs_exit(void);

#endif /* XSW_STATS_H */
