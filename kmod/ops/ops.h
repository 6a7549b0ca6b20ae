/* SPDX-License-Identifier: GPL-2.0 */
/*
 * dma_map_ops, and devices that carry them.
 */
#ifndef XSW_OPS_H
#define XSW_OPS_H

#include <linux/device.h>
#include <linux/dma-map-ops.h>
#include "env.h"
#include "stats.h"

struct seq_file;

/**
 * struct xsw_device - a device that carries our ops
 * @ops:	its dma_map_ops: a copy each, so that the device is found from them
 * @dev:	holds a reference
 * @env:	environment that it maps in
 * @saved_ops:	to put back
 * @counters:	of this device
 * @last_map:	what the last map did, within @counters
 * @ranges:	its dma_range_map as the core wants it, or NULL
 * @nr_ranges:	of @ranges
 * @force_bounce: bounce everything
 * @no_bounce:	never bounce
 * @host:	@env is this host's: xsw_host_local() knows it
 * @plain:	coherent, no @ranges, no @force_bounce: nothing but its masks is in the way
 * @shadow:	non-coherent devices: a device with the kernel's ops, for coherent memory
 * @complained:	the one message about a refused unmap or sync has been printed
 * @node:	in the list of devices that carry our ops
 */
struct xsw_device {
	const struct dma_map_ops	ops;
	struct device			*dev;
	struct xsw_kenv			*env;
	const struct dma_map_ops	*saved_ops;
	struct xsw_counters		counters;
	struct xsw_last_map __percpu	*last_map;
	struct xsw_dma_range		*ranges;
	unsigned int			nr_ranges;
	bool				force_bounce;
	bool				no_bounce;
	bool				host;
	bool				plain;
	struct platform_device		*shadow;
	unsigned long			complained;
	struct list_head		node;
};

/**
 * struct xsw_attach_opts - how to put the ops on a device
 * @force_bounce:	bounce everything
 * @no_bounce:		never bounce, fail instead
 */
struct xsw_attach_opts {
	bool	force_bounce;
	bool	no_bounce;
};

/*
 * Put the ops on a device that nobody maps for at this moment. May sleep.
 * ERR_PTR: -EBUSY it has them already; -EOPNOTSUPP an IOMMU driver or other ops
 * that are not the kernel's own for this environment serve it; -ENOMEM.
 */
struct xsw_device *xsw_attach(struct device *dev, struct xsw_kenv *env,
			      const struct xsw_attach_opts *opts);
/* Put back what was there. All its mappings have ended. May sleep. */
void xsw_detach(struct xsw_device *xdev);
/* NULL where @dev does not carry our ops. Any context. */
struct xsw_device *xsw_device_of(struct device *dev);
/* A line for each device that carries our ops. May sleep. */
void xsw_devices_show(struct seq_file *m);

/* ---- devices attached by module parameter (ops/bind.c) ---- */

/* Takes a comma separated list of PCI addresses, or NULL. -EINVAL, -ENOMEM. */
int xsw_bind_parse(const char *list);
/*
 * Put the ops on those devices whenever a driver is bound to one, and take them off
 * when it is unbound.
 */
int xsw_bind_init(const struct xsw_attach_opts *opts);
void xsw_bind_exit(void);

/* ---- memory for pools (ops/poolmem.c) ---- */

/*
 * Allocate about @bytes (never less than half) ending at or below machine address @limit,
 * machine-contiguous in pieces as large as can be had, and make env->pool of it. When it is full
 * it grows up to about @most bytes, and gives that back when it is idle.
 * May sleep. 0, -ENOMEM.
 */
int xsw_poolmem_create(struct xsw_kenv *kenv, u64 bytes, u64 most, u64 limit,
		       unsigned int nr_areas);
/* Returns slots that were still in use; their memory is then kept for good. */
u64 xsw_poolmem_destroy(struct xsw_kenv *kenv);

#endif /* XSW_OPS_H */
