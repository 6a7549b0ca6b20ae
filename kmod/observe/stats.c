// SPDX-License-Identifier: GPL-2.0
/*
 * Counters, and the one object with the tracepoints.
 */
#include <linux/string.h>

#include "stats.h"

#define CREATE_TRACE_POINTS
#include "trace.h"

DEFINE_PER_CPU(struct xsw_stats_pcpu, xsw_stats_all);

atomic_t xsw_nr_quarantined = ATOMIC_INIT(0);

void xsw_stats_sum(const struct xsw_stats_pcpu __percpu *pcpu, struct xsw_stats_pcpu *out)
{
	unsigned int i;
	int cpu;

	memset(out, 0, sizeof(*out));
	for_each_possible_cpu(cpu) {
		const struct xsw_stats_pcpu *s = per_cpu_ptr(pcpu, cpu);

		for (i = 0; i < XSW_NR_REASONS; i++)
			out->reason[i] += READ_ONCE(s->reason[i]);
		for (i = 0; i < XSW_NR_CAUSES; i++)
			out->cause[i] += READ_ONCE(s->cause[i]);
		out->unmaps += READ_ONCE(s->unmaps);
		out->syncs += READ_ONCE(s->syncs);
		out->bounced_bytes += READ_ONCE(s->bounced_bytes);
	}
}
