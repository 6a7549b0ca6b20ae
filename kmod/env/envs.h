/* SPDX-License-Identifier: GPL-2.0 */
/* What the environments show to host.c alone. */
#ifndef XSW_ENVS_H
#define XSW_ENVS_H

#include <linux/printk.h>
#include <xen/xen.h>
#include "env.h"

extern const struct xsw_env_ops xsw_bare_env_ops;
extern const struct xsw_host_env_ops xsw_bare_host_ops;

#if IS_ENABLED(CONFIG_XSWIOTLB_XEN)
/* Makes the environment that of this Xen guest, if it is one. */
int xsw_xen_env_init(struct xsw_kenv *kenv);
void xsw_xen_env_exit(struct xsw_kenv *kenv);
/* Version and kind of domain; false where there is no Xen. */
bool xsw_xen_name(char *name, size_t size);
#else
static inline int xsw_xen_env_init(struct xsw_kenv *kenv)
{
	if (!xen_domain())
		return 0;
	pr_err("this is a Xen guest, and the module was built without CONFIG_XSWIOTLB_XEN\n");
	return -EOPNOTSUPP;
}

static inline void xsw_xen_env_exit(struct xsw_kenv *kenv)
{
}

static inline bool xsw_xen_name(char *name, size_t size)
{
	return false;
}
#endif

#endif /* XSW_ENVS_H */
