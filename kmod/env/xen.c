// SPDX-License-Identifier: GPL-2.0
/*
 * Which kind of Xen guest this is, and what Xen tells of itself.
 */
#include <linux/dma-map-ops.h>
#include <linux/kernel.h>
#include <linux/pfn.h>
#include <linux/seq_file.h>
#include <linux/string.h>

#include <xen/features.h>
#include <xen/interface/xen.h>
#include <xen/interface/memory.h>
#include <xen/interface/version.h>
#include <xen/xen.h>
#include <asm/xen/hypercall.h>

#include "envs.h"
#include "xen.h"

enum xsw_xen_kind {
	XSW_XEN_NONE,
	XSW_XEN_ARM,
	XSW_XEN_PV,
	XSW_XEN_PVH,
};

/* As the kernel decides whether to use its own ops for Xen. */
static enum xsw_xen_kind xsw_xen_kind(void)
{
	if (!xen_domain())
		return XSW_XEN_NONE;
	if (xen_pv_domain())
		return XSW_XEN_PV;
	if (IS_ENABLED(CONFIG_ARM64) &&
	    (xen_feature(XENFEAT_direct_mapped) ||
	     (!xen_feature(XENFEAT_not_direct_mapped) && xen_initial_domain())))
		return XSW_XEN_ARM;
	return XSW_XEN_PVH;
}

u64 xsw_xen_max_machine(struct xsw_env *env)
{
	long frames = HYPERVISOR_memory_op(XENMEM_maximum_ram_page, NULL);

	/* Whether Xen counts or names the last one depends on its version. */
	return frames < 0 ? U64_MAX : PFN_PHYS((u64)frames + 1) - 1;
}

void xsw_xen_show(struct seq_file *m)
{
	seq_printf(m, "XENFEAT_direct_mapped: %d\n", xen_feature(XENFEAT_direct_mapped));
	seq_printf(m, "XENFEAT_not_direct_mapped: %d\n", xen_feature(XENFEAT_not_direct_mapped));
	seq_printf(m, "XENFEAT_auto_translated_physmap: %d\n",
		   xen_feature(XENFEAT_auto_translated_physmap));
}

int xsw_xen_env_init(struct xsw_kenv *kenv)
{
	switch (xsw_xen_kind()) {
#ifdef CONFIG_ARM64
	case XSW_XEN_ARM:
		return xsw_xen_arm_init(kenv);
#endif
#ifdef CONFIG_XEN_PV
	case XSW_XEN_PV:
		return xsw_xen_pv_init(kenv);
#endif
	case XSW_XEN_PVH:
		xsw_xen_pvh_init(kenv);
		return 0;
	default:
		return 0;
	}
}

void xsw_xen_env_exit(struct xsw_kenv *kenv)
{
	switch (xsw_xen_kind()) {
#ifdef CONFIG_ARM64
	case XSW_XEN_ARM:
		xsw_xen_arm_exit(kenv);
		break;
#endif
#ifdef CONFIG_XEN_PV
	case XSW_XEN_PV:
		xsw_xen_pv_exit(kenv);
		break;
#endif
	default:
		break;
	}
}

bool xsw_xen_name(char *name, size_t size)
{
	static const char * const kinds[] = {
		[XSW_XEN_ARM] = "arm", [XSW_XEN_PV] = "pv",
		[XSW_XEN_PVH] = IS_ENABLED(CONFIG_ARM64) ? "arm" : "pvh",
	};
	int version;

	if (!xen_domain())
		return false;
	version = HYPERVISOR_xen_version(XENVER_version, NULL);
	snprintf(name, size, "xen-%d.%d %s %s", version >> 16, version & 0xffff,
		 kinds[xsw_xen_kind()], xen_initial_domain() ? "dom0" : "domU");
	return true;
}

/* They are not exported: known by the name of a function of theirs. */
bool xsw_xen_is_kernels(const struct dma_map_ops *ops)
{
	static const char theirs[] = "xen_swiotlb_map_sg";
	char name[sizeof(theirs) + 1];

	snprintf(name, sizeof(name), "%ps", ops->map_sg);
	return !strcmp(name, theirs);
}
