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

bool xsw_bench_pool_pairs(struct xsw_pool *pool, const struct xsw_dev *dev, const void *from,
			  size_t size, enum dma_data_direction dir, size_t rounds, size_t depth)
{
	dma_addr_t dma[XSW_BENCH_DEPTH];
	bool ok = true;
	size_t i;

	while (rounds--) {
		for (i = 0; i < depth; i++)
			ok &= xsw_pool_map(pool, dev, (uintptr_t)from, size, &dma[i]) ==
			      XSW_CAUSE_NONE;
		for (i = 0; i < depth; i++) {
			struct xsw_area *area = xsw_pool_find(pool, dma[i]);

			ok &= area && xsw_pool_unmap(area, dev->coherent, dma[i], size, dir, 0) ==
				      XSW_CAUSE_NONE;
		}
	}
	return ok;
}

bool xsw_bench_pairs(struct xsw_env *env, const struct xsw_dev *dev, const void *from, size_t size,
		     enum dma_data_direction dir, size_t rounds, size_t depth)
{
	struct xsw_mapped m[XSW_BENCH_DEPTH];
	bool ok = true;
	size_t i;

	while (rounds--) {
		enum xsw_cause cause;

		for (i = 0; i < depth; i++)
			ok &= !xsw_map(env, dev, (uintptr_t)from, size, dir, 0, &m[i]);
		for (i = 0; i < depth; i++)
			ok &= xsw_unmap(env, dev, m[i].dma, size, dir, 0, &cause) == 1;
	}
	return ok;
}

bool xsw_bench_pool_holds(const struct xsw_pool *pool, u64 machine)
{
	return xsw_pool_find(pool, machine);
}
