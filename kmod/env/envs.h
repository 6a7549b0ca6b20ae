/* SPDX-License-Identifier: GPL-2.0 */
/* What the environments show to host.c alone. */
#ifndef XSW_ENVS_H
#define XSW_ENVS_H

#include "env.h"

extern const struct xsw_env_ops xsw_bare_env_ops;
extern const struct xsw_host_env_ops xsw_bare_host_ops;

#endif /* XSW_ENVS_H */
