// SPDX-License-Identifier: GPL-2.0
/*
 * Putting the ops on a device, and taking them off.
 */
#include <linux/cc_platform.h>
#include <linux/dma-direct.h>
#include <linux/dma-map-ops.h>
#include <linux/list.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/platform_device.h>
#include <linux/seq_file.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "dma_iommu.h"
#include "internal.h"
#include "need_sync.h"

static LIST_HEAD(xsw_devices);
static DEFINE_MUTEX(xsw_devices_lock);

static int xsw_copy_ranges(struct xsw_device *xdev)
{
	const struct bus_dma_region *map = xdev->dev->dma_range_map;
	unsigned int i, n = 0;

	if (!map)
		return 0;
	while (map[n].size)
		n++;
	xdev->ranges = kcalloc(n, sizeof(*xdev->ranges), GFP_KERNEL);
	if (!xdev->ranges)
		return -ENOMEM;
	xdev->nr_ranges = n;
	for (i = 0; i < n; i++) {
		xdev->ranges[i].machine = map[i].cpu_start;
		xdev->ranges[i].dma = map[i].dma_start;
		xdev->ranges[i].size = map[i].size;
	}
	return 0;
}

/* Never registered: it only carries masks to the kernel's own ops. */
static int xsw_create_shadow(struct xsw_device *xdev)
{
	int err;

	if (dev_is_dma_coherent(xdev->dev))
		return 0;
	xdev->shadow = platform_device_alloc("xswiotlb-shadow", PLATFORM_DEVID_NONE);
	if (!xdev->shadow)
		return -ENOMEM;
	set_dev_node(&xdev->shadow->dev, dev_to_node(xdev->dev));
	err = dev_set_name(&xdev->shadow->dev, "xswiotlb-shadow.%s", dev_name(xdev->dev));
	if (err) {
		platform_device_put(xdev->shadow);
		xdev->shadow = NULL;
	}
	return err;
}

static void xsw_device_free(struct xsw_device *xdev)
{
	if (xdev->shadow)
		platform_device_put(xdev->shadow);
	kfree(xdev->ranges);
	xsw_counters_destroy(&xdev->counters);
	put_device(xdev->dev);
	kfree(xdev);
}

struct xsw_device *xsw_attach(struct device *dev, struct xsw_kenv *env,
			      const struct xsw_attach_opts *opts)
{
	struct xsw_device *xdev;
	int err = -ENOMEM;

	if (xsw_device_of(dev))
		return ERR_PTR(-EBUSY);
	/* An encrypted guest shares memory with devices in a way that ours do not know. */
	if (cc_platform_has(CC_ATTR_MEM_ENCRYPT))
		return ERR_PTR(-EOPNOTSUPP);
	/* Ops that somebody else put there translate in a way that ours do not know. */
	if (use_dma_iommu(dev) || (get_dma_ops(dev) && !xsw_is_kernels_ops(get_dma_ops(dev))))
		return ERR_PTR(-EOPNOTSUPP);
	if (!try_module_get(THIS_MODULE))
		return ERR_PTR(-EBUSY);

	xdev = kmemdup(&xsw_new_device, sizeof(*xdev), GFP_KERNEL);
	if (!xdev)
		goto put_module;
	xdev->dev = get_device(dev);
	xdev->env = env;
	xdev->force_bounce = opts->force_bounce;
	xdev->no_bounce = opts->no_bounce;
	xdev->host = env == xsw_host_env();
	if (xsw_counters_init(&xdev->counters))
		goto free;
	xdev->last_map = &xdev->counters.pcpu->last;
	err = xsw_copy_ranges(xdev);
	if (err)
		goto free;
	err = xsw_create_shadow(xdev);
	if (err)
		goto free;
	xdev->plain = dev_is_dma_coherent(dev) && !xdev->ranges && !xdev->force_bounce;

	xdev->saved_ops = dev->dma_ops;
	set_dma_ops(dev, &xdev->ops);
	dma_reset_need_sync(dev);

	mutex_lock(&xsw_devices_lock);
	list_add_tail(&xdev->node, &xsw_devices);
	mutex_unlock(&xsw_devices_lock);
	return xdev;

free:
	xsw_device_free(xdev);
put_module:
	module_put(THIS_MODULE);
	return ERR_PTR(err);
}

void xsw_detach(struct xsw_device *xdev)
{
	mutex_lock(&xsw_devices_lock);
	list_del(&xdev->node);
	mutex_unlock(&xsw_devices_lock);

	/* Some kernels clear the pointer when a driver is unbound. */
	if (xdev->dev->dma_ops == &xdev->ops)
		set_dma_ops(xdev->dev, xdev->saved_ops);
	xsw_device_free(xdev);
	module_put(THIS_MODULE);
}

struct xsw_device *xsw_device_of(struct device *dev)
{
	const struct dma_map_ops *ops = READ_ONCE(dev->dma_ops);

	if (!ops || ops->map_sg != xsw_new_device.ops.map_sg)
		return NULL;
	return container_of(ops, struct xsw_device, ops);
}

void xsw_devices_show(struct seq_file *m)
{
	struct xsw_stats_pcpu s;
	struct xsw_device *xdev;
	unsigned int i;

	mutex_lock(&xsw_devices_lock);
	list_for_each_entry(xdev, &xsw_devices, node) {
		xsw_counters_sum(&xdev->counters, &s);
		seq_printf(m, "%s driver=%s env=%s coherent=%d", dev_name(xdev->dev),
			   dev_driver_string(xdev->dev), xdev->env->env.ops->name,
			   dev_is_dma_coherent(xdev->dev));
		for (i = XSW_REASON_NONE + 1; i < XSW_NR_REASONS; i++)
			if (s.reason[i])
				seq_printf(m, " %s=%llu", xsw_reason_name(i), s.reason[i]);
		for (i = XSW_CAUSE_NONE + 1; i < XSW_NR_CAUSES; i++)
			if (s.cause[i])
				seq_printf(m, " failed:%s=%llu", xsw_cause_name(i), s.cause[i]);
		seq_printf(m, " unmaps=%llu syncs=%llu bounced_bytes=%llu\n", s.unmaps, s.syncs,
			   s.bounced_bytes);
	}
	mutex_unlock(&xsw_devices_lock);
}
