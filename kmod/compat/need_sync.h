/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Kernels that skip dma_sync_*() for devices which need none decide so in
 * dma_set_mask(): ops put on later must take that back.
 */
#ifndef XSW_COMPAT_NEED_SYNC_H
#define XSW_COMPAT_NEED_SYNC_H

#include <linux/dma-map-ops.h>

#ifndef XSW_HAVE_RESET_NEED_SYNC
static inline void dma_reset_need_sync(struct device *dev)
{
}
#endif

#endif /* XSW_COMPAT_NEED_SYNC_H */
