// SPDX-License-Identifier: GPL-2.0
#include "../../kmod/core/pool.h"

#include "pool.h"

static inline unsigned int pool_unmap(struct xsw_pool *pool, const struct xsw_dev *dev,
				      dma_addr_t dma, size_t size, enum dma_data_direction dir)
{
	struct xsw_area *area = xsw_pool_find(pool, dma);

	if (!area)
		return XSW_CAUSE_NOT_MAPPED;
	return xsw_pool_unmap(area, dev->coherent, dma, size, dir, 0);
}

bool xsw_bench_pool_map(struct xsw_pool *pool, const struct xsw_dev *dev, const void *from,
			size_t size, dma_addr_t *dma)
{
	return xsw_pool_map(pool, dev, (uintptr_t)from, size, dma) == XSW_CAUSE_NONE;
}

bool xsw_bench_pool_unmap(struct xsw_pool *pool, const struct xsw_dev *dev, dma_addr_t dma,
			  size_t size, enum dma_data_direction dir)
{
	return !pool_unmap(pool, dev, dma, size, dir);
}

bool xsw_bench_pool_pairs(struct xsw_pool *pool, const struct xsw_dev *dev, const void *from,
			  size_t size, enum dma_data_direction dir, size_t rounds, size_t depth)
{
	dma_addr_t dma[XSW_BENCH_DEPTH];
	unsigned int bad = 0;
	size_t i;

	/* Apart: two loops of one turn each would be a tenth of what is measured. */
	if (depth == 1) {
		while (rounds--) {
			bad |= xsw_pool_map(pool, dev, (uintptr_t)from, size, dma);
			bad |= pool_unmap(pool, dev, dma[0], size, dir);
		}
		return !bad;
	}
	while (rounds--) {
		for (i = 0; i < depth; i++)
			bad |= xsw_pool_map(pool, dev, (uintptr_t)from, size, &dma[i]);
		for (i = 0; i < depth; i++)
			bad |= pool_unmap(pool, dev, dma[i], size, dir);
	}
	return !bad;
}

bool xsw_bench_pairs(struct xsw_env *env, const struct xsw_dev *dev, const void *from, size_t size,
		     enum dma_data_direction dir, size_t rounds, size_t depth)
{
	struct xsw_mapped m[XSW_BENCH_DEPTH];
	enum xsw_cause cause;
	bool ok = true;
	size_t i;

	if (depth == 1) {
		while (rounds--) {
			ok &= !xsw_map(env, dev, (uintptr_t)from, size, dir, 0, m);
			ok &= xsw_unmap(env, dev, m[0].dma, size, dir, 0, &cause) == 1;
		}
		return ok;
	}
	while (rounds--) {
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
