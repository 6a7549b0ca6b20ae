// SPDX-License-Identifier: GPL-2.0
#include "../../kmod/core/pool.h"

#include "pool.h"

bool xsw_bench_pool_map(struct xsw_pool *pool, const struct xsw_dev *dev, const void *from,
			size_t size, dma_addr_t *dma)
{
	return xsw_pool_map(pool, dev, (uintptr_t)from, size, dma) == XSW_CAUSE_NONE;
}

bool xsw_bench_pool_unmap(struct xsw_pool *pool, const struct xsw_dev *dev, dma_addr_t dma,
			  size_t size, enum dma_data_direction dir)
{
	struct xsw_area *area = xsw_pool_find(pool, dma);

	return area &&
	       xsw_pool_unmap(area, dev->coherent, dma, size, dir, 0) == XSW_CAUSE_NONE;
}

bool xsw_bench_pool_holds(const struct xsw_pool *pool, u64 machine)
{
	return xsw_pool_find(pool, machine);
}
