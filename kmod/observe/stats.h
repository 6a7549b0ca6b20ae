/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Counters: per CPU and device, summed when read; those of devices that are gone are kept.
 */
#ifndef XSW_STATS_H
#define XSW_STATS_H

#include <linux/cache.h>
#include <linux/list.h>
#include <linux/percpu.h>
#include <linux/u64_stats_sync.h>
#include "core.h"

/**
 * struct xsw_last_map - what the last map for a device on a CPU did
 * @reason:	of the first segment that was not direct, else of the first; stale if it failed
 * @cause:	of its failure; stale if it did not fail
 *
 * For whoever is alone in mapping for a device: with preemption disabled it maps,
 * and reads this of the same CPU.
 */
struct xsw_last_map {
	u8	reason;
	u8	cause;
};

/**
 * struct xsw_stats_pcpu - what one CPU counted
 * @unmaps:		mappings ended
 * @last:		for a device: what its last map did
 * @reason:		mappings made, by enum xsw_reason
 * @syncs:		calls of dma_sync_*
 * @bounced_bytes:	copied between buffers and the pool
 * @cause:		failures, by enum xsw_cause
 *
 * What a direct mapping writes comes first, in one line. 64-bit machines only: a u64 is read
 * whole.
 */
struct xsw_stats_pcpu {
	u64			unmaps;
	struct xsw_last_map	last;
	u64			reason[XSW_NR_REASONS];
	u64			syncs;
	u64			bounced_bytes;
	u64			cause[XSW_NR_CAUSES];
} ____cacheline_aligned_in_smp;

/**
 * struct xsw_counters - of a device
 * @pcpu:	of each CPU
 * @node:	of all devices' counters
 */
struct xsw_counters {
	struct xsw_stats_pcpu __percpu	*pcpu;
	struct list_head		node;
};

/* May sleep. 0 or -ENOMEM. */
int xsw_counters_init(struct xsw_counters *counters);
/* Nobody counts there any more; harmless if xsw_counters_init() failed. Process context. */
void xsw_counters_destroy(struct xsw_counters *counters);
/* Sums a device's over all CPUs into @out. Any context. */
void xsw_counters_sum(const struct xsw_counters *counters, struct xsw_stats_pcpu *out);
/* Of all devices that there were since the module was loaded. Process context. */
void xsw_counters_total(struct xsw_stats_pcpu *out);

/* Pages that were given up for good because a device may still write to them. */
extern atomic_t xsw_nr_quarantined;

int xsw_debugfs_init(void);
void xsw_debugfs_exit(void);

#endif /* XSW_STATS_H */
