// SPDX-License-Identifier: GPL-2.0
/*
 * Between machine and dma addresses: a device's dma_range_map, mask and bus limit.
 */
#include "pool.h"

const struct xsw_dma_range *xsw_range_of_machine(const struct xsw_dma_range *ranges,
						 unsigned int nr, u64 machine, u64 size)
{
	unsigned int i;

	for (i = 0; i < nr; i++) {
		const struct xsw_dma_range *r = &ranges[i];
		u64 off = machine - r->machine;

		if (machine >= r->machine && off < r->size && size <= r->size - off)
			return r;
	}
	return NULL;
}

const struct xsw_dma_range *xsw_range_of_dma(const struct xsw_dma_range *ranges, unsigned int nr,
					     dma_addr_t dma)
{
	unsigned int i;

	for (i = 0; i < nr; i++) {
		const struct xsw_dma_range *r = &ranges[i];

		if (dma >= r->dma && dma - r->dma < r->size)
			return r;
	}
	return NULL;
}

bool xsw_machine_to_dma(const struct xsw_dev *dev, u64 machine, u64 size, dma_addr_t *dma)
{
	return xsw_range_to_dma(dev, machine, size, dma);
}

bool xsw_dma_capable(const struct xsw_dev *dev, dma_addr_t dma, u64 size)
{
	return xsw_capable(dev, dma, size);
}
