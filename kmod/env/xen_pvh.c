// SPDX-License-Identifier: GPL-2.0
/*
 * Guests whose frames the hardware translates for their devices too: PVH dom0, and any
 * domain that is not direct-mapped. Here a machine address is a guest physical one, as on
 * bare metal; the masks of devices apply to that. Grants are entered into the IOMMU
 * under the frame where they are mapped, so they need nothing either.
 */
#include <linux/types.h>

#include <xen/xen.h>

#include "xen.h"

static const struct xsw_env_ops xsw_xen_pvh_ops = {
	.name	= "xen_pvh",
};

static const struct xsw_env_ops xsw_xen_domu_ops = {
	.name	= "xen_domu",
};

static const struct xsw_host_env_ops xsw_xen_pvh_host_ops = {
	.show	= xsw_xen_show,
};

void xsw_xen_pvh_init(struct xsw_kenv *kenv)
{
	kenv->env.ops = xen_initial_domain() ? &xsw_xen_pvh_ops : &xsw_xen_domu_ops;
	kenv->host = &xsw_xen_pvh_host_ops;
}
