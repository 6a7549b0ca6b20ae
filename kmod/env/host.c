// SPDX-License-Identifier: GPL-2.0
/*
 * Which environment this host is, and what holds for any of them.
 */
#include <linux/ctype.h>
#include <linux/memory_hotplug.h>
#include <linux/mmzone.h>
#include <linux/nodemask.h>
#include <linux/pfn.h>

#ifdef CONFIG_X86
#include <asm/cpufeature.h>
#include "cpuid.h"
#endif

#include "envs.h"

static struct xsw_kenv xsw_host;
static char xsw_hypervisor[32] = "none";

phys_addr_t xsw_min_phys(void)
{
	unsigned long start = ULONG_MAX;
	int nid;

	for_each_node_state(nid, N_MEMORY)
		start = min(start, node_start_pfn(nid));
	return PFN_PHYS((phys_addr_t)start);
}

phys_addr_t xsw_max_phys(void)
{
	unsigned long end = 0;
	int nid;

	for_each_online_node(nid)
		end = max(end, node_end_pfn(nid));
	return PFN_PHYS((phys_addr_t)end) - 1;
}

u64 xsw_env_max_machine(struct xsw_kenv *kenv)
{
	return kenv->host->max_machine ? kenv->host->max_machine(&kenv->env) : xsw_max_phys();
}

bool xsw_env_machine(struct xsw_kenv *kenv, phys_addr_t phys, u64 size, u64 *machine)
{
	struct xsw_env *env = &kenv->env;
	bool foreign = false;
	phys_addr_t page;

	if (!env->ops->phys_to_machine) {
		*machine = phys;
		return true;
	}

	*machine = env->ops->phys_to_machine(env, phys, &foreign);
	if (*machine == XSW_MACHINE_NONE)
		return false;
	for (page = (phys & PAGE_MASK) + PAGE_SIZE; page < phys + size; page += PAGE_SIZE)
		if (env->ops->phys_to_machine(env, page, &foreign) != *machine + (page - phys))
			return false;
	return true;
}

bool xsw_env_m2p(struct xsw_kenv *kenv, u64 machine, phys_addr_t *phys)
{
	*phys = machine;
	if (kenv->host->m2p && !kenv->host->m2p(&kenv->env, machine, phys))
		return false;
	return pfn_to_online_page(PHYS_PFN(*phys));
}

static void xsw_name_hypervisor(void)
{
	if (xsw_xen_name(xsw_hypervisor, sizeof(xsw_hypervisor)))
		return;

#ifdef CONFIG_X86
	if (boot_cpu_has(X86_FEATURE_HYPERVISOR)) {
		u32 eax, signature[4] = { };
		char *c;

		cpuid(0x40000000, &eax, &signature[0], &signature[1], &signature[2]);
		strscpy(xsw_hypervisor, (char *)signature, sizeof(xsw_hypervisor));
		for (c = xsw_hypervisor; *c; c++)
			if (!isalnum(*c))
				*c = '-';
	}
#endif
}

int xsw_host_env_init(void)
{
	xsw_name_hypervisor();
	xsw_host.env.ops = &xsw_bare_env_ops;
	xsw_host.host = &xsw_bare_host_ops;
	return xsw_xen_env_init(&xsw_host);
}

void xsw_host_env_exit(void)
{
	xsw_xen_env_exit(&xsw_host);
}

struct xsw_kenv *xsw_host_env(void)
{
	return &xsw_host;
}

const char *xsw_hypervisor_name(void)
{
	return xsw_hypervisor;
}

bool xsw_is_kernels_ops(const struct dma_map_ops *ops)
{
	return xsw_host.host->is_kernels && xsw_host.host->is_kernels(ops);
}

int xsw_set_up_dma(struct device *dev)
{
	return xsw_host.host->set_up ? xsw_host.host->set_up(dev) : 0;
}
