// SPDX-License-Identifier: GPL-2.0
/* What C++ can not include of the core, out of line. */
#include "internals.h"

#include "map.h"
#include "pool.h"

bool map_is_plain(const struct xsw_dev *dev, phys_addr_t phys, size_t size,
		  enum dma_data_direction dir, unsigned long attrs)
{
	return xsw_map_is_plain(dev, phys, size, dir, attrs);
}

bool unmap_is_plain(const struct xsw_env *env, const struct xsw_dev *dev, dma_addr_t dma,
		    enum dma_data_direction dir)
{
	return xsw_unmap_is_plain(env, dev, dma, dir);
}

bool pool_heat(struct xsw_pool *pool, unsigned int area, u32 pages)
{
	unsigned long flags;
	bool more;

	spin_lock_irqsave(&pool->area[area]->lock, flags);
	more = xsw_area_heat(pool->area[area], pages);
	spin_unlock_irqrestore(&pool->area[area]->lock, flags);
	return more;
}

unsigned int pool_accounts(const struct xsw_pool *pool)
{
	return pool->nr_accounts;
}

s32 pool_limit(const struct xsw_pool *pool, unsigned int area)
{
	return pool->area[area]->limit;
}
