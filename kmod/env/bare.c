// SPDX-License-Identifier: GPL-2.0
/*
 * Bare metal, and guests whose hypervisor is not to be seen: a machine address is a
 * physical address, and there is nothing more to it.
 */
#include "envs.h"

const struct xsw_env_ops xsw_bare_env_ops = {
	.name	= "bare",
};

const struct xsw_host_env_ops xsw_bare_host_ops = { };
