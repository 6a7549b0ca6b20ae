// SPDX-License-Identifier: GPL-2.0
/*
 * Counters, and the one object with the tracepoints.
 */
#include <linux/spinlock.h>
#include <linux/string.h>

#include "stats.h"

#define CREATE_TRACE_POINTS
#include "trace.h"

static LIST_HEAD(xsw_counters_all);
static struct xsw_stats_pcpu xsw_gone;
/* Of both. */
static DEFINE_SPINLOCK(xsw_counters_lock);

atomic_t xsw_nr_quarantined = ATOMIC_INIT(0);

static void add(struct xsw_stats_pcpu *to, const struct xsw_stats_pcpu *s)
{
	unsigned int i;

	for (i = 0; i < XSW_NR_REASONS; i++)
		to->reason[i] += READ_ONCE(s->reason[i]);
	for (i = 0; i < XSW_NR_CAUSES; i++)
		to->cause[i] += READ_ONCE(s->cause[i]);
	to->unmaps += READ_ONCE(s->unmaps);
	to->syncs += READ_ONCE(s->syncs);
	to->bounced_bytes += READ_ONCE(s->bounced_bytes);
}

static void add_all(struct xsw_stats_pcpu *to, const struct xsw_counters *counters)
{
	int cpu;

	for_each_possible_cpu(cpu)
		add(to, per_cpu_ptr(counters->pcpu, cpu));
}

int xsw_counters_init(struct xsw_counters *counters)
{
	counters->pcpu = alloc_percpu(struct xsw_stats_pcpu);
	if (!counters->pcpu)
		return -ENOMEM;
	spin_lock(&xsw_counters_lock);
	list_add(&counters->node, &xsw_counters_all);
	spin_unlock(&xsw_counters_lock);
	return 0;
}

void xsw_counters_destroy(struct xsw_counters *counters)
{
	if (!counters->pcpu)
		return;
	spin_lock(&xsw_counters_lock);
	list_del(&counters->node);
	add_all(&xsw_gone, counters);
	spin_unlock(&xsw_counters_lock);
	free_percpu(counters->pcpu);
}

void xsw_counters_sum(const struct xsw_counters *counters, struct xsw_stats_pcpu *out)
{
	memset(out, 0, sizeof(*out));
	add_all(out, counters);
}

void xsw_counters_total(struct xsw_stats_pcpu *out)
{
	const struct xsw_counters *counters;

	spin_lock(&xsw_counters_lock);
	*out = xsw_gone;
	list_for_each_entry(counters, &xsw_counters_all, node)
		add_all(out, counters);
	spin_unlock(&xsw_counters_lock);
}
