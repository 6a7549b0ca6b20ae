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

/* 2^n - 1 that covers @mask, as it should be itself */
static inline u64 xsw_low_mask(u64 mask)
{
	return mask & (mask + 1) ? ~0ULL >> (64 - fls64(mask)) : mask;
}

static inline u64 xsw_boundary_mask(u64 seg_boundary)
{
	return seg_boundary ? xsw_low_mask(seg_boundary) : ~0ULL;
}

/* As xsw_machine_to_dma(). */
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

/* Sets @machine; false where no range holds @dma. */
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
 * struct xsw_place_of - where an area is
 * @machine:	first address
 * @area:	the area
 */
struct xsw_place_of {
	u64		machine;
	struct xsw_area	*area;
};

/* A bit for 4 MiB, up to 4 GiB and again: blocks of a pool are so long at most, and aligned. */
#define XSW_NEAR_SHIFT	22
#define XSW_NEAR_WORDS	16

/**
 * struct xsw_pool - the bounce pool
 * @home:	for each CPU the area that it tries first: near to it, its alone if there are enough
 * @lowest:	address of an area that is, or was
 * @highest:	the same of a last byte
 * @near:	bits of where areas are, or were
 * @area:	its areas: those that it was made with, and @nr_more that were added or can be
 * @nr_areas:	of @area; those that were added are closed and opened again, but never go
 * @nr_first:	that it was made with
 * @nr_more:	that can be added
 * @more_bytes:	of each of those
 * @full:	called when a map has found no space, in any context; or NULL
 * @full_arg:	its argument
 * @refill:	makes records for areas that are low on them
 * @lock:	protects what follows; taken before any area's lock
 * @hiwater:	most slots that were ever used at once
 * @accounts:	areas that ever had slots in use; the limit of all others is 0
 * @nr_accounts: of them
 * @lender:	the last that gave another what it was below its limit, or NULL
 * @seq:	of what follows
 * @nr_open:	areas that are not closed
 * @place:	they, ascending
 *
 * The sum of all areas' limits never exceeds @hiwater, so that as long as each keeps
 * its limit, the mark holds without anybody adding up.
 */
struct xsw_pool {
	struct xsw_area	**home;
	u64		lowest;
	u64		highest;
	u64		near[XSW_NEAR_WORDS];
	struct xsw_area	**area;
	unsigned int	nr_areas;
	unsigned int	nr_first;
	unsigned int	nr_more;
	u64		more_bytes;
	void		(*full)(void *arg);
	void		*full_arg;
	struct work_struct refill;

	spinlock_t	lock ____cacheline_aligned_in_smp;
	u64		hiwater;
	struct xsw_area	*accounts;
	unsigned int	nr_accounts;
	struct xsw_area	*lender;
	seqcount_spinlock_t seq ____cacheline_aligned_in_smp;
	unsigned int	nr_open;
	struct xsw_place_of *place;
};

/* The area that holds @machine, or NULL. */
struct xsw_area *xsw_pool_area(const struct xsw_pool *pool, u64 machine);

/* False: @machine is not in the pool. NULL: there is none. */
static inline bool xsw_pool_near(const struct xsw_pool *pool, u64 machine)
{
	u64 at = machine >> XSW_NEAR_SHIFT;

	/* They only widen, and bits stay: of what is mapped, they were set before it was. */
	if (!pool || machine < READ_ONCE(pool->lowest) || machine > READ_ONCE(pool->highest))
		return false;
	return READ_ONCE(pool->near[at / 64 % XSW_NEAR_WORDS]) >> (at % 64) & 1;
}

/*
 * The area that holds @machine, or NULL: not in the pool, or no pool. One that was added may be
 * closed meanwhile, and elsewhere: with its lock held, its place must be looked at again.
 */
static inline struct xsw_area *xsw_pool_find(const struct xsw_pool *pool, u64 machine)
{
	struct xsw_area *area;

	if (!pool)
		return NULL;
	area = pool->home[xsw_cpu()];
	if (likely(machine - area->machine < area->bytes))
		return area;
	return xsw_pool_near(pool, machine) ? xsw_pool_area(pool, machine) : NULL;
}

/* Bounce: xsw_map(), xsw_unmap() and xsw_sync() of what is in the pool. */
enum xsw_cause xsw_pool_map(struct xsw_pool *pool, const struct xsw_dev *dev, phys_addr_t phys,
			    size_t size, dma_addr_t *dma);
enum xsw_cause xsw_pool_unmap(struct xsw_area *area, bool coherent, u64 machine, size_t size,
			      enum dma_data_direction dir, unsigned long attrs);
enum xsw_cause xsw_pool_sync(struct xsw_area *area, bool coherent, u64 machine, size_t size,
			     enum dma_data_direction dir, bool for_cpu);

/* Longest mapping that can be placed in an empty pool whatever its low bits are. */
size_t xsw_pool_max_mapping(const struct xsw_pool *pool, const struct xsw_dev *dev);

#endif /* XSW_POOL_H */
