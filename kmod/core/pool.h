/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the files of the core share and nobody else needs.
 */
#ifndef XSW_POOL_H
#define XSW_POOL_H

#include "area.h"

/* The range that holds @size bytes from @machine on, or the one with @dma; NULL: none does. */
const struct xsw_dma_range *xsw_range_of_machine(const struct xsw_dma_range *ranges,
						 unsigned int nr, u64 machine, u64 size);
const struct xsw_dma_range *xsw_range_of_dma(const struct xsw_dma_range *ranges, unsigned int nr,
					     dma_addr_t dma);

/* As xsw_machine_to_dma(), for @size bytes that one range must hold. */
static inline bool xsw_range_to_dma(const struct xsw_dev *dev, u64 machine, u64 size,
				    dma_addr_t *dma)
{
	const struct xsw_dma_range *range;

	*dma = machine;
	if (likely(!dev->ranges))
		return true;
	range = xsw_range_of_machine(dev->ranges, dev->nr_ranges, machine, size);
	if (range)
		*dma = range->dma + (machine - range->machine);
	return range;
}

/* As xsw_dma_to_machine(). */
static inline bool xsw_range_to_machine(const struct xsw_dev *dev, dma_addr_t dma, u64 *machine)
{
	const struct xsw_dma_range *range;

	*machine = dma;
	if (likely(!dev->ranges))
		return true;
	range = xsw_range_of_dma(dev->ranges, dev->nr_ranges, dma);
	if (range)
		*machine = range->machine + (dma - range->dma);
	return range;
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

/**
 * struct xsw_pool - the bounce pool
 * @area:	its areas, in the order of their machine addresses
 * @nr_areas:	of @area
 * @lo:		first machine address
 * @span:	bytes from there to the end of the last area
 * @refill:	makes runs for areas that are low on them
 * @lock:	protects what follows; taken before any area's lock
 * @hiwater:	most slots that were ever used at once
 *
 * The sum of all areas' limits never exceeds @hiwater, so that as long as each keeps
 * its limit, the mark holds without anybody adding up.
 */
struct xsw_pool {
	struct xsw_area	*area;
	unsigned int	nr_areas;
	u64		lo;
	u64		span;
	struct work_struct refill;

	spinlock_t	lock ____cacheline_aligned_in_smp;
	u64		hiwater;
};

/* The area that holds @machine, which lies between the first and the last; or NULL. */
struct xsw_area *xsw_pool_area(const struct xsw_pool *pool, u64 machine);

/* Is @machine between the first and the last byte of the pool? NULL: there is none. */
static inline bool xsw_pool_spans(const struct xsw_pool *pool, u64 machine)
{
	return pool && machine - pool->lo < pool->span;
}

/* The area that holds @machine, or NULL: not in the pool, or no pool. */
static inline struct xsw_area *xsw_pool_find(const struct xsw_pool *pool, u64 machine)
{
	return xsw_pool_spans(pool, machine) ? xsw_pool_area(pool, machine) : NULL;
}

/* Bounce: xsw_map(), xsw_unmap() and xsw_sync() of what is in the pool. */
enum xsw_cause xsw_pool_map(struct xsw_pool *pool, const struct xsw_dev *dev, phys_addr_t phys,
			    size_t size, dma_addr_t *dma);
enum xsw_cause xsw_pool_unmap(struct xsw_pool *pool, struct xsw_area *area,
			      bool coherent, u64 machine, size_t size,
			      enum dma_data_direction dir, unsigned long attrs);
enum xsw_cause xsw_pool_sync(struct xsw_area *area, bool coherent, u64 machine, size_t size,
			     enum dma_data_direction dir, bool for_cpu);

/* Longest mapping that can be placed in an empty pool whatever its low bits are. */
size_t xsw_pool_max_mapping(const struct xsw_pool *pool, const struct xsw_dev *dev);

#endif /* XSW_POOL_H */
