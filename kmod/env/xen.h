/* SPDX-License-Identifier: GPL-2.0 */
/* What the Xen environments share, and what they show to xen.c. */
#ifndef XSW_XEN_H
#define XSW_XEN_H

#include "env.h"

/*
 * Each takes over an environment that is bare so far, for as long as the module is
 * loaded, and switches on the static keys that it needs. May sleep.
 */
int xsw_xen_arm_init(struct xsw_kenv *kenv);
void xsw_xen_arm_exit(struct xsw_kenv *kenv);
int xsw_xen_pv_init(struct xsw_kenv *kenv);
void xsw_xen_pv_exit(struct xsw_kenv *kenv);
void xsw_xen_pvh_init(struct xsw_kenv *kenv);

/* Highest machine address of any RAM, whose ever it is. */
u64 xsw_xen_max_machine(struct xsw_env *env);

/* Which kind of address translation Xen tells the guest to have. */
void xsw_xen_show(struct seq_file *m);

/* Are they those of swiotlb-xen? */
bool xsw_xen_is_kernels(const struct dma_map_ops *ops);

/*
 * @nr pages to map grants into, in a row if that can be had and is wanted. No RAM is
 * behind them, do not touch them before. May sleep. 0, -ENOMEM, -EOPNOTSUPP.
 */
int xsw_xen_pages_alloc(struct page **pages, u32 nr, bool contiguous);
/* As they were allocated, all of them. May sleep. */
void xsw_xen_pages_free(struct page **pages, u32 nr);
/* Forget them: they are never freed. May sleep. */
void xsw_xen_pages_keep(struct page **pages);

#endif /* XSW_XEN_H */
