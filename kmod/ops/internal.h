/* SPDX-License-Identifier: GPL-2.0 */
/* What the files of ops/ share among them. */
#ifndef XSW_OPS_INTERNAL_H
#define XSW_OPS_INTERNAL_H

#include <linux/dma-mapping.h>

#include "ops.h"

struct seq_file;

/* bits of xsw_device.complained */
#define XSW_COMPLAINED		0

/* A device with the table of ops, and nothing else yet. */
extern const struct xsw_device xsw_new_device;

/* Only from within the ops, where it is known that the device carries them. */
static __always_inline struct xsw_device *xsw_device_in_ops(struct device *dev)
{
	return container_of(dev->dma_ops, struct xsw_device, ops);
}

/* The masks are read at every call: a driver may set them at any time. */
static __always_inline void xsw_dev_fill(const struct xsw_device *xdev, struct device *dev,
					 struct xsw_dev *d)
{
	d->dma_mask = dma_get_mask(dev);
	d->bus_limit = dev->bus_dma_limit;
	d->min_align_mask = dma_get_min_align_mask(dev);
	d->seg_boundary = dma_get_seg_boundary(dev);
	d->alloc_align_mask = 0;
	d->ranges = xdev->ranges;
	d->nr_ranges = xdev->nr_ranges;
	d->coherent = dev_is_dma_coherent(dev);
	d->force_bounce = xdev->force_bounce;
	d->no_bounce = xdev->no_bounce;
}

/* The same of one that is plain: what is constant costs the map path nothing. */
static __always_inline void xsw_dev_fill_plain(struct device *dev, struct xsw_dev *d)
{
	d->dma_mask = dma_get_mask(dev);
	d->bus_limit = dev->bus_dma_limit;
	d->ranges = NULL;
	d->coherent = true;
	d->force_bounce = false;
}

/*
 * Zeroed pages, machine-contiguous, all within @mask and bus limit of the device.
 * Sleeps as @gfp allows. NULL, or the pages and their dma address.
 */
struct page *xsw_alloc_reachable(struct xsw_device *xdev, size_t size, gfp_t gfp, u64 mask,
				 dma_addr_t *dma);
void xsw_free_reachable(struct xsw_device *xdev, struct page *page, size_t size);

void *xsw_ops_alloc(struct device *dev, size_t size, dma_addr_t *dma, gfp_t gfp,
		    unsigned long attrs);
void xsw_ops_free(struct device *dev, size_t size, void *vaddr, dma_addr_t dma,
		  unsigned long attrs);
int xsw_ops_mmap(struct device *dev, struct vm_area_struct *vma, void *vaddr, dma_addr_t dma,
		 size_t size, unsigned long attrs);
int xsw_ops_get_sgtable(struct device *dev, struct sg_table *sgt, void *vaddr, dma_addr_t dma,
			size_t size, unsigned long attrs);

#endif /* XSW_OPS_INTERNAL_H */
