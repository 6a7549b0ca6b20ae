// SPDX-License-Identifier: GPL-2.0
/*
 * /sys/kernel/debug/xswiotlb/: what the host environment's pool and all devices did.
 */
#include <linux/debugfs.h>
#include <linux/module.h>
#include <linux/nodemask.h>
#include <linux/seq_file.h>

#include "env.h"
#include "ops.h"
#include "stats.h"

static struct dentry *xsw_debugfs;

static int xsw_env_show(struct seq_file *m, void *unused)
{
	const struct xsw_kenv *kenv = xsw_host_env();

	seq_printf(m, "environment: %s\n", kenv->env.ops->name);
	seq_printf(m, "hypervisor: %s\n", xsw_hypervisor_name());
	if (kenv->host->show)
		kenv->host->show(m);
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(xsw_env);

static int xsw_pool_show(struct seq_file *m, void *unused)
{
	const struct xsw_pool *pool = xsw_host_env()->env.pool;
	struct xsw_pool_info info = { };
	int node;

	if (pool)
		xsw_pool_get_info(pool, &info);
	seq_printf(m, "slots: %llu\n", info.slots);
	seq_printf(m, "used_slots: %llu\n", info.used);
	seq_printf(m, "hiwater_slots: %llu\n", info.hiwater);
	seq_printf(m, "areas: %u\n", info.nr_areas);
	seq_printf(m, "largest_bytes: %llu\n", info.largest);
	seq_printf(m, "slot_bytes: %lu\n", XSW_SLOT_SIZE);
	if (!pool || num_online_nodes() == 1)
		return 0;
	for_each_online_node(node) {
		xsw_pool_get_node_info(pool, node, &info);
		seq_printf(m, "node%d_slots: %llu\n", node, info.slots);
		seq_printf(m, "node%d_used_slots: %llu\n", node, info.used);
	}
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(xsw_pool);

static int xsw_reasons_show(struct seq_file *m, void *unused)
{
	struct xsw_stats_pcpu s;
	unsigned int i;

	xsw_counters_total(&s);
	for (i = XSW_REASON_NONE + 1; i < XSW_NR_REASONS; i++)
		seq_printf(m, "%s: %llu\n", xsw_reason_name(i), s.reason[i]);
	seq_printf(m, "unmaps: %llu\n", s.unmaps);
	seq_printf(m, "syncs: %llu\n", s.syncs);
	seq_printf(m, "bounced_bytes: %llu\n", s.bounced_bytes);
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(xsw_reasons);

static int xsw_causes_show(struct seq_file *m, void *unused)
{
	struct xsw_stats_pcpu s;
	unsigned int i;

	xsw_counters_total(&s);
	for (i = XSW_CAUSE_NONE + 1; i < XSW_NR_CAUSES; i++)
		seq_printf(m, "%s: %llu\n", xsw_cause_name(i), s.cause[i]);
	seq_printf(m, "quarantined_pages: %u\n", atomic_read(&xsw_nr_quarantined));
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(xsw_causes);

static int xsw_list_show(struct seq_file *m, void *unused)
{
	xsw_devices_show(m);
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(xsw_list);

static ssize_t xsw_reset_hiwater_write(struct file *file, const char __user *buf, size_t count,
				       loff_t *pos)
{
	struct xsw_pool *pool = xsw_host_env()->env.pool;

	if (pool)
		xsw_pool_reset_hiwater(pool);
	return count;
}

static const struct file_operations xsw_reset_hiwater_fops = {
	.owner	= THIS_MODULE,
	.open	= nonseekable_open,
	.write	= xsw_reset_hiwater_write,
};

int __init xsw_debugfs_init(void)
{
	xsw_debugfs = debugfs_create_dir(KBUILD_MODNAME, NULL);
	debugfs_create_file("env", 0444, xsw_debugfs, NULL, &xsw_env_fops);
	debugfs_create_file("pool", 0444, xsw_debugfs, NULL, &xsw_pool_fops);
	debugfs_create_file("reasons", 0444, xsw_debugfs, NULL, &xsw_reasons_fops);
	debugfs_create_file("causes", 0444, xsw_debugfs, NULL, &xsw_causes_fops);
	debugfs_create_file("devices", 0444, xsw_debugfs, NULL, &xsw_list_fops);
	debugfs_create_file("reset_hiwater", 0200, xsw_debugfs, NULL, &xsw_reset_hiwater_fops);
	return 0;
}

void xsw_debugfs_exit(void)
{
	debugfs_remove_recursive(xsw_debugfs);
}
