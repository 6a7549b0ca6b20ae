/* SPDX-License-Identifier: GPL-2.0 */
/*
 * dma_map_ops maps by physical address, MMIO by attribute; before that by page,
 * and MMIO by two members of its own. Included by the one file that has the table,
 * behind xsw_ops_map() and xsw_ops_unmap().
 */
#ifndef XSW_COMPAT_MAP_OPS_H
#define XSW_COMPAT_MAP_OPS_H

#include <linux/dma-map-ops.h>
#include <linux/mm.h>

#ifdef XSW_HAVE_MAP_PHYS

static dma_addr_t xsw_ops_map_phys(struct device *dev, phys_addr_t phys, size_t size,
				   enum dma_data_direction dir, unsigned long attrs)
{
	return xsw_ops_map(dev, phys, size, dir, attrs);
}

static void xsw_ops_unmap_phys(struct device *dev, dma_addr_t dma, size_t size,
			       enum dma_data_direction dir, unsigned long attrs)
{
	xsw_ops_unmap(dev, dma, size, dir, attrs);
}

#define XSW_MAP_OPS					\
	.map_phys	= xsw_ops_map_phys,		\
	.unmap_phys	= xsw_ops_unmap_phys

#else

static dma_addr_t xsw_ops_map_page(struct device *dev, struct page *page, unsigned long offset,
				   size_t size, enum dma_data_direction dir, unsigned long attrs)
{
	return xsw_ops_map(dev, page_to_phys(page) + offset, size, dir, attrs & ~DMA_ATTR_MMIO);
}

static void xsw_ops_unmap_page(struct device *dev, dma_addr_t dma, size_t size,
			       enum dma_data_direction dir, unsigned long attrs)
{
	xsw_ops_unmap(dev, dma, size, dir, attrs & ~DMA_ATTR_MMIO);
}

static dma_addr_t xsw_ops_map_resource(struct device *dev, phys_addr_t phys, size_t size,
				       enum dma_data_direction dir, unsigned long attrs)
{
	return xsw_ops_map(dev, phys, size, dir, attrs | DMA_ATTR_MMIO);
}

static void xsw_ops_unmap_resource(struct device *dev, dma_addr_t dma, size_t size,
				   enum dma_data_direction dir, unsigned long attrs)
{
	xsw_ops_unmap(dev, dma, size, dir, attrs | DMA_ATTR_MMIO);
}

#define XSW_MAP_OPS					\
	.map_page	= xsw_ops_map_page,		\
	.unmap_page	= xsw_ops_unmap_page,		\
	.map_resource	= xsw_ops_map_resource,		\
	.unmap_resource	= xsw_ops_unmap_resource

#endif

#endif /* XSW_COMPAT_MAP_OPS_H */
