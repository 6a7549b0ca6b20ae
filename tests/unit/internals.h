/* SPDX-License-Identifier: GPL-2.0 */
/* What C++ can not include of the core: what it has inline, and what is the pool's own. */
#ifndef XSW_TESTS_INTERNALS_H
#define XSW_TESTS_INTERNALS_H

#ifdef __cplusplus
extern "C" {
#endif

#include "core.h"

bool map_is_plain(const struct xsw_dev *dev, phys_addr_t phys, size_t size,
		  enum dma_data_direction dir, unsigned long attrs);
bool unmap_is_plain(const struct xsw_env *env, const struct xsw_dev *dev, dma_addr_t dma,
		    enum dma_data_direction dir);
bool pool_heat(struct xsw_pool *pool, unsigned int area, u32 pages);
unsigned int pool_accounts(const struct xsw_pool *pool);
s32 pool_limit(const struct xsw_pool *pool, unsigned int area);

#ifdef __cplusplus
}
#endif

#endif
