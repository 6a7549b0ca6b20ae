/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the files of the core share and nobody else needs.
 */
#ifndef XSW_POOL_H
#define XSW_POOL_H

#include "area.h"

/* As xsw_machine_to_dma(), for @size bytes that one range must hold. */
bool xsw_range_lookup(const struct xsw_dev *dev, u64 machine, u64 size, dma_addr_t *dma);

static inline bool xsw_range_to_dma(const struct xsw_dev *dev, u64 machine, u64 size,
				    dma_addr_t *dma)
{
	if (dev->ranges)
		return xsw_range_lookup(dev, machine, size, dma);
	*dma = machine;
	return true;
}

/* Highest dma address that reaches memory. */
static inline u64 xsw_dma_limit(const struct xsw_dev *dev)
{
	return dev->bus_limit ? min(dev->dma_mask, dev->bus_limit) : dev->dma_mask;
}

static inline bool xsw_capable(const struct xsw_dev *dev, dma_addr_t dma, u64 size)
{
	u64 end = dma + size - 1;

	return size && dma != DMA_MAPPING_ERROR && end >= dma && end <= xsw_dma_limit(dev);
}

/* The area that holds @machine, or NULL: not in the pool, or no pool. */
struct xsw_area *xsw_pool_find(const struct xsw_pool *pool, u64 machine);

/* Bounce: xsw_map(), xsw_unmap() and xsw_sync() of what is in the pool. */
enum xsw_cause xsw_pool_map(struct xsw_pool *pool, const struct xsw_dev *dev, phys_addr_t phys,
			    size_t size, dma_addr_t *dma);
enum xsw_cause xsw_pool_unmap(struct xsw_pool *pool, struct xsw_area *area,
			      const struct xsw_dev *dev, u64 machine, size_t size,
			      enum dma_data_direction dir, unsigned long attrs);
enum xsw_cause xsw_pool_sync(struct xsw_area *area, const struct xsw_dev *dev, u64 machine,
			     size_t size, enum dma_data_direction dir, bool for_cpu);

/* Longest mapping that can be placed in an empty pool whatever its low bits are. */
size_t xsw_pool_max_mapping(const struct xsw_pool *pool, const struct xsw_dev *dev);

#endif /* XSW_POOL_H */
