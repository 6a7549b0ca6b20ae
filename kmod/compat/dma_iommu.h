/* SPDX-License-Identifier: GPL-2.0 */
/* Kernels that call dma-iommu without dma_map_ops mark its devices. */
#ifndef XSW_COMPAT_DMA_IOMMU_H
#define XSW_COMPAT_DMA_IOMMU_H

#include <linux/device.h>

#ifdef XSW_HAVE_USE_DMA_IOMMU
#include <linux/iommu-dma.h>
#else
/* Here such a device has the ops of dma-iommu, and is known by them. */
static inline bool use_dma_iommu(struct device *dev)
{
	return false;
}
#endif

#endif /* XSW_COMPAT_DMA_IOMMU_H */
