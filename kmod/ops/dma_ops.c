// SPDX-License-Identifier: GPL-2.0
/*
 * The table of dma_map_ops: the core's map path as the kernel calls it.
 */
#include <linux/dma-map-ops.h>
#include <linux/ratelimit.h>
#include <linux/scatterlist.h>

#include "alloc_pages_op.h"
#include "host_local.h"
#include "internal.h"
#include "map.h"
#include "trace.h"
#include "uninitialized.h"

/* Who looks at what the last map did knows whether it failed. */
static __always_inline void xsw_last_made(struct xsw_device *xdev, enum xsw_reason reason)
{
	this_cpu_write(xdev->counters.pcpu->last.reason, reason);
}

static __always_inline void xsw_last_failed(struct xsw_device *xdev, enum xsw_cause cause)
{
	this_cpu_write(xdev->counters.pcpu->last.cause, cause);
}

/* ---- what went wrong ---- */

static const char *xsw_advice(enum xsw_cause cause)
{
	switch (cause) {
	case XSW_CAUSE_NO_SPACE:
		return "it can succeed later; a larger pool makes that rare";
	case XSW_CAUSE_TOO_LARGE:
		return "map less at once, as dma_max_mapping_size() says, or make the pool larger";
	case XSW_CAUSE_MISALIGNED:
		return "no slot meets the device's alignment mask and segment boundary";
	case XSW_CAUSE_MASK:
		return "it and the pool are beyond the device's DMA mask: make the pool lower";
	case XSW_CAUSE_NOT_CONTIGUOUS:
		return "map each piece by itself, or let the device bounce";
	case XSW_CAUSE_NO_BOUNCE:
		return "it must be bounced, and there is no pool or bouncing is off for the device";
	case XSW_CAUSE_BAD_ADDRESS:
		return "that is no memory which this kind of mapping can be made of";
	case XSW_CAUSE_NEEDS_COHERENT:
		return "the driver insists on coherence that this device does not have here";
	default:
		return "the driver asks for what can not be mapped";
	}
}

static noinline void xsw_map_failed(struct xsw_device *xdev, struct device *dev, phys_addr_t phys,
				    size_t size, enum dma_data_direction dir, unsigned long attrs,
				    enum xsw_cause cause)
{
	static DEFINE_RATELIMIT_STATE(limit, DEFAULT_RATELIMIT_INTERVAL, DEFAULT_RATELIMIT_BURST);
	struct xsw_pool_info info = { };

	this_cpu_inc(xdev->counters.pcpu->cause[cause]);
	trace_xsw_map_err(dev, phys, size, dir, attrs, cause);

	if ((attrs & DMA_ATTR_NO_WARN) || !__ratelimit(&limit))
		return;
	if (xdev->env->env.pool)
		xsw_pool_get_info(xdev->env->env.pool, &info);
	dev_err(dev, "can't map %zu bytes: %s (%llu of %llu slots of the pool in use, longest mapping %llu bytes); %s\n",
		size, xsw_cause_name(cause), info.used, info.slots, info.largest,
		xsw_advice(cause));
}

static noinline void xsw_refused(struct xsw_device *xdev, struct device *dev, const char *what,
				 dma_addr_t dma, size_t size, enum xsw_cause cause)
{
	this_cpu_inc(xdev->counters.pcpu->cause[cause]);
	if (!test_and_set_bit(XSW_COMPLAINED, &xdev->complained))
		dev_err(dev, "refused to %s %zu bytes at dma address %pad: %s; the driver is at fault, further ones are only counted\n",
			what, size, &dma, xsw_cause_name(cause));
}

/* ---- one piece ---- */

static noinline struct xsw_mapped xsw_map_one(struct xsw_device *xdev, struct device *dev,
					      phys_addr_t phys, size_t size,
					      enum dma_data_direction dir, unsigned long attrs)
{
	struct xsw_env *env = &xdev->env->env;
	struct xsw_dev d __uninitialized;
	struct xsw_mapped m;

	xsw_dev_fill(xdev, dev, &d);
	m = xsw_map_direct(env, &d, phys, size, dir, attrs);
	if (xsw_is_bounced(m.reason))
		m = xsw_map_bounced(env, &d, phys, size, attrs, m.reason);
	if (unlikely(m.cause != XSW_CAUSE_NONE)) {
		xsw_map_failed(xdev, dev, phys, size, dir, attrs, m.cause);
		return m;
	}

	this_cpu_inc(xdev->counters.pcpu->reason[m.reason]);
	trace_xsw_map(dev, phys, m.dma, size, dir, attrs, m.reason);
	if (xsw_is_bounced(m.reason)) {
		this_cpu_add(xdev->counters.pcpu->bounced_bytes, size);
		trace_xsw_bounce(dev, m.dma, size, true);
	}
	return m;
}

static __always_inline void xsw_unmap_one(struct xsw_device *xdev, struct device *dev,
					  const struct xsw_dev *d, dma_addr_t dma, size_t size,
					  enum dma_data_direction dir, unsigned long attrs)
{
	enum xsw_cause cause = XSW_CAUSE_NONE;
	int bounced = xsw_unmap_inline(&xdev->env->env, d, dma, size, dir, attrs, &cause);

	trace_xsw_unmap(dev, dma, size, dir, attrs, bounced > 0, cause);
	if (unlikely(bounced < 0)) {
		xsw_refused(xdev, dev, "unmap", dma, size, cause);
		return;
	}

	this_cpu_inc(xdev->counters.pcpu->unmaps);
	if (bounced && dir != DMA_TO_DEVICE && !(attrs & DMA_ATTR_SKIP_CPU_SYNC)) {
		this_cpu_add(xdev->counters.pcpu->bounced_bytes, size);
		trace_xsw_bounce(dev, dma, size, false);
	}
}

static __always_inline void xsw_sync_one(struct xsw_device *xdev, struct device *dev,
					 const struct xsw_dev *d, dma_addr_t dma, size_t size,
					 enum dma_data_direction dir, bool for_cpu)
{
	enum xsw_cause cause = XSW_CAUSE_NONE;
	int bounced = xsw_sync_inline(&xdev->env->env, d, dma, size, dir, for_cpu, &cause);

	trace_xsw_sync(dev, dma, size, dir, for_cpu, bounced > 0, cause);
	if (unlikely(bounced < 0)) {
		xsw_refused(xdev, dev, for_cpu ? "sync for the CPU" : "sync for the device", dma,
			    size, cause);
		return;
	}

	if (bounced && dir != (for_cpu ? DMA_TO_DEVICE : DMA_FROM_DEVICE)) {
		this_cpu_add(xdev->counters.pcpu->bounced_bytes, size);
		trace_xsw_bounce(dev, dma, size, !for_cpu);
	}
}

/* ---- single mappings ---- */

static noinline dma_addr_t xsw_map_any(struct xsw_device *xdev, struct device *dev,
				       phys_addr_t phys, size_t size,
				       enum dma_data_direction dir, unsigned long attrs)
{
	struct xsw_mapped m = xsw_map_one(xdev, dev, phys, size, dir, attrs);

	if (likely(m.cause == XSW_CAUSE_NONE))
		xsw_last_made(xdev, m.reason);
	else
		xsw_last_failed(xdev, m.cause);
	return m.dma;
}

static noinline void xsw_unmap_any(struct xsw_device *xdev, struct device *dev, dma_addr_t dma,
				   size_t size, enum dma_data_direction dir, unsigned long attrs)
{
	struct xsw_dev d __uninitialized;

	xsw_dev_fill(xdev, dev, &d);
	xsw_unmap_one(xdev, dev, &d, dma, size, dir, attrs);
}

/* Local memory at @machine is mapped directly, and nothing else to be done? False tells nothing. */
static __always_inline bool xsw_plain_at(struct device *dev, u64 machine, size_t size,
					 enum dma_data_direction dir, unsigned long attrs)
{
	struct xsw_dev d __uninitialized;

	xsw_dev_fill_plain(dev, &d);
	return xsw_local_is_plain(&d, machine, size, dir, attrs);
}

/* Within a page, a boundary is where it is for the guest. */
static __always_inline bool xsw_may_cross(struct device *dev, u64 machine, size_t size)
{
	u64 differ = machine ^ (machine + size - 1);

	return differ >> PAGE_SHIFT && differ & ~(u64)dma_get_seg_boundary(dev);
}

/* The same of memory that this host's environment translates; sets where it is. */
static __always_inline bool xsw_plain_host(const struct xsw_device *xdev, struct device *dev,
					   phys_addr_t phys, size_t size,
					   enum dma_data_direction dir, unsigned long attrs,
					   dma_addr_t *dma)
{
	u64 machine;

	/* Another device's memory has no pages to look at. */
	if (!xdev->host || attrs & DMA_ATTR_MMIO || !xsw_host_local(phys, size, &machine) ||
	    xsw_may_cross(dev, machine, size))
		return false;
	*dma = machine;
	return xsw_plain_at(dev, machine, size, dir, attrs);
}

static __always_inline bool xsw_plain_map(const struct xsw_device *xdev, struct device *dev,
					  phys_addr_t phys, size_t size,
					  enum dma_data_direction dir, unsigned long attrs,
					  dma_addr_t *dma)
{
	if (trace_xsw_map_enabled() || !xdev->plain)
		return false;
	if (static_branch_unlikely(&xsw_key_translate))
		return xsw_plain_host(xdev, dev, phys, size, dir, attrs, dma);
	if (static_branch_unlikely(&xsw_key_bounce))
		return false;
	*dma = phys;
	return xsw_plain_at(dev, phys, size, dir, attrs);
}

/* Nothing to be done to unmap or sync it? False tells nothing. */
static __always_inline bool xsw_plain_unmap(const struct xsw_device *xdev, struct device *dev,
					    dma_addr_t dma, enum dma_data_direction dir)
{
	struct xsw_dev d __uninitialized;

	xsw_dev_fill_plain(dev, &d);
	return xdev->plain && xsw_unmap_is_plain(&xdev->env->env, &d, dma, dir);
}

static __always_inline void xsw_count_direct(struct xsw_device *xdev)
{
	this_cpu_inc(xdev->counters.pcpu->reason[XSW_REASON_DIRECT]);
	xsw_last_made(xdev, XSW_REASON_DIRECT);
}

/* Where something translates. Out of line, so that it costs others nothing. */
static noinline dma_addr_t xsw_map_translated(struct device *dev, phys_addr_t phys, size_t size,
					      enum dma_data_direction dir, unsigned long attrs)
{
	struct xsw_device *xdev = xsw_device_in_ops(dev);
	dma_addr_t dma;

	if (unlikely(!xsw_plain_map(xdev, dev, phys, size, dir, attrs, &dma)))
		return xsw_map_any(xdev, dev, phys, size, dir, attrs);
	xsw_count_direct(xdev);
	return dma;
}

/* What is plain calls nothing, so it needs no frame: that is half of what a call costs. */
static __always_inline dma_addr_t xsw_ops_map(struct device *dev, phys_addr_t phys, size_t size,
					      enum dma_data_direction dir, unsigned long attrs)
{
	struct xsw_device *xdev;

	if (static_branch_unlikely(&xsw_key_translate))
		return xsw_map_translated(dev, phys, size, dir, attrs);
	xdev = xsw_device_in_ops(dev);
	if (static_branch_unlikely(&xsw_key_bounce) || trace_xsw_map_enabled() ||
	    unlikely(!xdev->plain || !xsw_plain_at(dev, phys, size, dir, attrs)))
		return xsw_map_any(xdev, dev, phys, size, dir, attrs);
	xsw_count_direct(xdev);
	return phys;
}

static __always_inline void xsw_ops_unmap(struct device *dev, dma_addr_t dma, size_t size,
					  enum dma_data_direction dir, unsigned long attrs)
{
	struct xsw_device *xdev = xsw_device_in_ops(dev);

	if (trace_xsw_unmap_enabled() || unlikely(!xsw_plain_unmap(xdev, dev, dma, dir)))
		xsw_unmap_any(xdev, dev, dma, size, dir, attrs);
	else
		this_cpu_inc(xdev->counters.pcpu->unmaps);
}

#include "map_ops.h"

static noinline void xsw_sync_any(struct xsw_device *xdev, struct device *dev, dma_addr_t dma,
				  size_t size, enum dma_data_direction dir, bool for_cpu)
{
	struct xsw_dev d __uninitialized;

	xsw_dev_fill(xdev, dev, &d);
	xsw_sync_one(xdev, dev, &d, dma, size, dir, for_cpu);
}

static __always_inline void xsw_ops_sync(struct device *dev, dma_addr_t dma, size_t size,
					 enum dma_data_direction dir, bool for_cpu)
{
	struct xsw_device *xdev = xsw_device_in_ops(dev);

	this_cpu_inc(xdev->counters.pcpu->syncs);
	if (trace_xsw_sync_enabled() || unlikely(!xsw_plain_unmap(xdev, dev, dma, dir)))
		xsw_sync_any(xdev, dev, dma, size, dir, for_cpu);
}

static void xsw_ops_sync_for_cpu(struct device *dev, dma_addr_t dma, size_t size,
				 enum dma_data_direction dir)
{
	xsw_ops_sync(dev, dma, size, dir, true);
}

static void xsw_ops_sync_for_device(struct device *dev, dma_addr_t dma, size_t size,
				    enum dma_data_direction dir)
{
	xsw_ops_sync(dev, dma, size, dir, false);
}

/* ---- scatterlists ---- */

static void xsw_unmap_entries(struct xsw_device *xdev, struct device *dev,
			      struct scatterlist *sgl, int nents, enum dma_data_direction dir,
			      unsigned long attrs)
{
	unsigned int plain = 0;
	struct scatterlist *sg;
	int i;

	for_each_sg(sgl, sg, nents, i) {
		if (!trace_xsw_unmap_enabled() &&
		    xsw_plain_unmap(xdev, dev, sg_dma_address(sg), dir))
			plain++;
		else
			xsw_unmap_any(xdev, dev, sg_dma_address(sg), sg_dma_len(sg), dir, attrs);
	}
	this_cpu_add(xdev->counters.pcpu->unmaps, plain);
}

static int xsw_ops_map_sg(struct device *dev, struct scatterlist *sgl, int nents,
			  enum dma_data_direction dir, unsigned long attrs)
{
	struct xsw_device *xdev = xsw_device_in_ops(dev);
	u8 reason = XSW_REASON_NONE;
	unsigned int plain = 0;
	struct scatterlist *sg;
	struct xsw_mapped m = { };
	int i;

	if (unlikely(nents <= 0))
		return -EINVAL;

	for_each_sg(sgl, sg, nents, i) {
		if (likely(xsw_plain_map(xdev, dev, sg_phys(sg), sg->length, dir, attrs,
					 &m.dma))) {
			m.reason = XSW_REASON_DIRECT;
			plain++;
		} else {
			m = xsw_map_one(xdev, dev, sg_phys(sg), sg->length, dir, attrs);
			if (unlikely(m.cause != XSW_CAUSE_NONE))
				break;
		}
		sg->dma_address = m.dma;
		sg_dma_len(sg) = sg->length;
		if (reason == XSW_REASON_NONE || reason == XSW_REASON_DIRECT)
			reason = m.reason;
	}
	this_cpu_add(xdev->counters.pcpu->reason[XSW_REASON_DIRECT], plain);
	if (likely(i == nents)) {
		xsw_last_made(xdev, reason);
		return nents;
	}

	/* No device has seen them: there is nothing to copy back. */
	xsw_unmap_entries(xdev, dev, sgl, i, dir, attrs | DMA_ATTR_SKIP_CPU_SYNC);
	sg_dma_len(sgl) = 0;
	xsw_last_failed(xdev, m.cause);
	return xsw_map_errno(m.cause);
}

static void xsw_ops_unmap_sg(struct device *dev, struct scatterlist *sgl, int nents,
			     enum dma_data_direction dir, unsigned long attrs)
{
	xsw_unmap_entries(xsw_device_in_ops(dev), dev, sgl, nents, dir, attrs);
}

static __always_inline void xsw_ops_sync_sg(struct device *dev, struct scatterlist *sgl,
					    int nents, enum dma_data_direction dir, bool for_cpu)
{
	struct xsw_device *xdev = xsw_device_in_ops(dev);
	struct scatterlist *sg;
	struct xsw_dev d __uninitialized;
	int i;

	xsw_dev_fill(xdev, dev, &d);
	this_cpu_inc(xdev->counters.pcpu->syncs);
	for_each_sg(sgl, sg, nents, i)
		xsw_sync_one(xdev, dev, &d, sg_dma_address(sg), sg_dma_len(sg), dir, for_cpu);
}

static void xsw_ops_sync_sg_for_cpu(struct device *dev, struct scatterlist *sgl, int nents,
				    enum dma_data_direction dir)
{
	xsw_ops_sync_sg(dev, sgl, nents, dir, true);
}

static void xsw_ops_sync_sg_for_device(struct device *dev, struct scatterlist *sgl, int nents,
				       enum dma_data_direction dir)
{
	xsw_ops_sync_sg(dev, sgl, nents, dir, false);
}

/* ---- pages for streaming ---- */

static struct page *xsw_ops_alloc_pages(struct device *dev, size_t size, dma_addr_t *dma,
					enum dma_data_direction dir, gfp_t gfp)
{
	struct xsw_device *xdev = xsw_device_in_ops(dev);
	dma_addr_t unused;
	struct page *page;

	/* Zeroed before it is mapped: a mapping that bounces copies what is there. */
	page = xsw_alloc_reachable(xdev, size, gfp, min(dma_get_mask(dev), dev->coherent_dma_mask),
				   &unused);
	if (!page)
		return NULL;
	*dma = xsw_ops_map(dev, page_to_phys(page), size, dir, 0);
	if (*dma == DMA_MAPPING_ERROR) {
		xsw_free_reachable(xdev, page, size);
		return NULL;
	}
	return page;
}

static void xsw_ops_free_pages(struct device *dev, size_t size, struct page *page,
			       dma_addr_t dma, enum dma_data_direction dir)
{
	xsw_ops_unmap(dev, dma, size, dir, DMA_ATTR_SKIP_CPU_SYNC);
	xsw_free_reachable(xsw_device_in_ops(dev), page, size);
}

/* ---- what the device can do ---- */

/* Highest dma address that this machine's memory has for the device. */
static dma_addr_t xsw_max_dma(const struct xsw_device *xdev, const struct xsw_dev *d)
{
	u64 max_machine = xsw_env_max_machine(xdev->env);
	dma_addr_t max_dma = 0;
	unsigned int i;

	if (!d->ranges)
		return max_machine;
	for (i = 0; i < d->nr_ranges; i++) {
		const struct xsw_dma_range *r = &d->ranges[i];

		if (r->machine <= max_machine)
			max_dma = max(max_dma,
				      r->dma + min(r->size - 1, max_machine - r->machine));
	}
	return max_dma;
}

/* Is there memory that the device can not be given as it is? */
static bool xsw_can_bounce(const struct xsw_device *xdev, const struct xsw_dev *d)
{
	const struct xsw_env_ops *ops = xdev->env->env.ops;
	dma_addr_t dma;

	if (d->no_bounce)
		return false;
	if (d->force_bounce || ops->phys_to_machine || ops->must_bounce)
		return true;
	/* Memory may lie between the ranges of a map of several, and below or above one. */
	if (d->nr_ranges > 1)
		return true;
	if (d->ranges && !xsw_machine_to_dma(d, xsw_min_phys(), 1, &dma))
		return true;
	if (!xsw_machine_to_dma(d, xsw_env_max_machine(xdev->env), 1, &dma))
		return true;
	return !xsw_dma_capable(d, xsw_max_dma(xdev, d), 1);
}

static int xsw_ops_dma_supported(struct device *dev, u64 mask)
{
	struct xsw_device *xdev = xsw_device_in_ops(dev);
	struct xsw_dev d __uninitialized;

	xsw_dev_fill(xdev, dev, &d);
	d.dma_mask = mask;
	return !xsw_can_bounce(xdev, &d) || xsw_pool_reachable(&xdev->env->env, &d);
}

static u64 xsw_ops_get_required_mask(struct device *dev)
{
	struct xsw_device *xdev = xsw_device_in_ops(dev);
	struct xsw_dev d __uninitialized;

	xsw_dev_fill(xdev, dev, &d);
	return DMA_BIT_MASK(fls64(xsw_max_dma(xdev, &d)));
}

static size_t xsw_ops_max_mapping_size(struct device *dev)
{
	struct xsw_device *xdev = xsw_device_in_ops(dev);
	struct xsw_dev d __uninitialized;

	xsw_dev_fill(xdev, dev, &d);
	return xsw_max_mapping_size(&xdev->env->env, &d, xsw_can_bounce(xdev, &d));
}

/*
 * No opt_mapping_size(): it is not told the device, and no size is better than another
 * for one that never bounces; unset, it is the maximum of the device.
 * No get_merge_boundary(): nothing is ever merged.
 */
const struct xsw_device xsw_new_device = {
	.ops = {
		.alloc			= xsw_ops_alloc,
		.free			= xsw_ops_free,
		.XSW_ALLOC_PAGES_OP	= xsw_ops_alloc_pages,
		.free_pages		= xsw_ops_free_pages,
		.mmap			= xsw_ops_mmap,
		.get_sgtable		= xsw_ops_get_sgtable,
		XSW_MAP_OPS,
		.map_sg			= xsw_ops_map_sg,
		.unmap_sg		= xsw_ops_unmap_sg,
		.sync_single_for_cpu	= xsw_ops_sync_for_cpu,
		.sync_single_for_device	= xsw_ops_sync_for_device,
		.sync_sg_for_cpu	= xsw_ops_sync_sg_for_cpu,
		.sync_sg_for_device	= xsw_ops_sync_sg_for_device,
		.dma_supported		= xsw_ops_dma_supported,
		.get_required_mask	= xsw_ops_get_required_mask,
		.max_mapping_size	= xsw_ops_max_mapping_size,
	},
};
