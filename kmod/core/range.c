// SPDX-License-Identifier: GPL-2.0
/*
 * Between machine and dma addresses: a device's dma_range_map, mask and bus limit.
 */
#include "pool.h"

bool xsw_range_lookup(const struct xsw_dev *dev, u64 machine, u64 size, dma_addr_t *dma)
{
	unsigned int i;

	for (i = 0; i < dev->nr_ranges; i++) {
		const struct xsw_dma_range *r = &dev->ranges[i];
		u64 off = machine - r->machine;

		if (machine >= r->machine && off < r->size && size <= r->size - off) {
			*dma = r->dma + off;
			return true;
		}
	}
	return false;
}

bool xsw_machine_to_dma(const struct xsw_dev *dev, u64 machine, dma_addr_t *dma)
{
	return xsw_range_to_dma(dev, machine, 1, dma);
}

bool xsw_dma_to_machine(const struct xsw_dev *dev, dma_addr_t dma, u64 *machine)
{
	unsigned int i;

	if (!dev->ranges) {
		*machine = dma;
		return true;
	}
	for (i = 0; i < dev->nr_ranges; i++) {
		const struct xsw_dma_range *r = &dev->ranges[i];

		if (dma >= r->dma && dma - r->dma < r->size) {
			*machine = r->machine + (dma - r->dma);
			return true;
		}
	}
	return false;
}

bool xsw_dma_capable(const struct xsw_dev *dev, dma_addr_t dma, u64 size)
{
	return xsw_capable(dev, dma, size);
}
