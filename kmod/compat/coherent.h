/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Saying that a device of one's own sees the CPU's caches.
 */
#ifndef XSW_COMPAT_COHERENT_H
#define XSW_COMPAT_COHERENT_H

#include <linux/device.h>

static inline void xsw_set_dma_coherent(struct device *dev)
{
#ifdef XSW_HAVE_ASSIGN_DMA_COHERENT
	dev_assign_dma_coherent(dev, true);
#elif defined(CONFIG_ARCH_HAS_SYNC_DMA_FOR_DEVICE) || \
	defined(CONFIG_ARCH_HAS_SYNC_DMA_FOR_CPU) || \
	defined(CONFIG_ARCH_HAS_SYNC_DMA_FOR_CPU_ALL)
	dev->dma_coherent = true;
#endif
}

#endif /* XSW_COMPAT_COHERENT_H */
