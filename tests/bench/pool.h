/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The pool by itself, without the decision to bounce, for C++, which pool.h of the core is not for;
 * and what is measured as a loop, of the pool and of the whole path.
 */
#ifndef XSW_BENCH_POOL_H
#define XSW_BENCH_POOL_H

#include "core.h"

bool xsw_bench_pool_map(struct xsw_pool *pool, const struct xsw_dev *dev, const void *from,
			size_t size, dma_addr_t *dma);
bool xsw_bench_pool_unmap(struct xsw_pool *pool, const struct xsw_dev *dev, dma_addr_t dma,
			  size_t size, enum dma_data_direction dir);
/* @rounds of @depth maps, at most XSW_BENCH_DEPTH, and their unmaps. */
#define XSW_BENCH_DEPTH	32
bool xsw_bench_pool_pairs(struct xsw_pool *pool, const struct xsw_dev *dev, const void *from,
			  size_t size, enum dma_data_direction dir, size_t rounds, size_t depth);
bool xsw_bench_pairs(struct xsw_env *env, const struct xsw_dev *dev, const void *from, size_t size,
		     enum dma_data_direction dir, size_t rounds, size_t depth);
bool xsw_bench_pool_holds(const struct xsw_pool *pool, u64 machine);

#endif /* XSW_BENCH_POOL_H */
