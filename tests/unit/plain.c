// SPDX-License-Identifier: GPL-2.0
/* What the core has inline for the ops, out of line for C++. */
#include "plain.h"

#include "map.h"

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
