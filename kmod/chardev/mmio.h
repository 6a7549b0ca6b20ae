/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Buffers in the memory of another PCI device: what peer-to-peer DMA goes to.
 */
#ifndef XSW_MMIO_H
#define XSW_MMIO_H

#include <linux/types.h>

struct vm_area_struct;
struct xsw_mmio;

int xsw_mmio_init(void);
void xsw_mmio_exit(void);
bool xsw_mmio_there(void);
/* It was there: nothing of it is reached any more. Any context. */
bool xsw_mmio_gone(void);

struct xsw_mmio *xsw_mmio_create(u32 nr_pages);
void xsw_mmio_put(struct xsw_mmio *mmio);
void xsw_mmio_keep(struct xsw_mmio *mmio);
phys_addr_t xsw_mmio_phys(const struct xsw_mmio *mmio);
int xsw_mmio_mmap(struct xsw_mmio *mmio, struct vm_area_struct *vma);

#endif /* XSW_MMIO_H */
