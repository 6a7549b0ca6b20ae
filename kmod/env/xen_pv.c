// SPDX-License-Identifier: GPL-2.0
/*
 * PV domains on x86: the guest itself knows the machine frame of each of its pages, and
 * neighbours in pfn need not be neighbours in mfn.
 *
 * Memory that is contiguous for the machine comes from the kernel's own ops, which can
 * exchange frames with Xen; a module can not. They are asked for it on behalf of shadow
 * devices, one for each width of address.
 */
#include <linux/dma-map-ops.h>
#include <linux/dma-mapping.h>
#include <linux/log2.h>
#include <linux/mm.h>
#include <linux/moduleparam.h>
#include <linux/pfn.h>
#include <linux/slab.h>

#include <xen/page.h>

#include "xen.h"

#define XSW_MIN_BITS	24
#define XSW_MAX_BITS	64

/* [0] stands for XSW_MIN_BITS: never registered, each only carries its mask. */
static struct device *xsw_pv_shadow;

static u64 xsw_pv_to_machine(struct xsw_env *env, phys_addr_t phys, bool *foreign)
{
	unsigned long mfn = __pfn_to_mfn(PHYS_PFN(phys));

	if (unlikely(mfn == INVALID_P2M_ENTRY))
		return XSW_MACHINE_NONE;
	if (mfn & FOREIGN_FRAME_BIT)
		*foreign = true;
	mfn &= ~(FOREIGN_FRAME_BIT | IDENTITY_FRAME_BIT);
	return PFN_PHYS((u64)mfn) | offset_in_page(phys);
}

static bool xsw_pv_to_phys(struct xsw_env *env, u64 machine, phys_addr_t *phys)
{
	unsigned long pfn = bfn_to_local_pfn(PHYS_PFN(machine));

	*phys = PFN_PHYS((u64)pfn) | offset_in_page(machine);
	return pfn_valid(pfn);
}

/* By Xen's own table, which phys_to_machine() never looks at. */
static bool xsw_pv_m2p(struct xsw_env *env, u64 machine, phys_addr_t *phys)
{
	unsigned long mfn = PHYS_PFN(machine), pfn = mfn_to_pfn_no_overrides(mfn);

	*phys = PFN_PHYS((u64)pfn) | offset_in_page(machine);
	return pfn_valid(pfn) && __pfn_to_mfn(pfn) == mfn;
}

/*
 * gntdev maps grants by Xen's page table entries here, and leaves them to the kernel's
 * page table code when a page is pinned while it is unmapped: that finds them bad.
 */
static bool pin_grants;
module_param(pin_grants, bool, 0444);
MODULE_PARM_DESC(pin_grants, "x86 PV: pin memory that gntdev has mapped; the kernel complains if it is unmapped before it is unpinned, as when a process is killed (N)");

static bool xsw_pv_may_pin(struct page *page)
{
	return pin_grants || !(__pfn_to_mfn(page_to_pfn(page)) & FOREIGN_FRAME_BIT);
}

/* The widest shadow that does not exceed @limit; NULL if even the narrowest does. */
static struct device *xsw_pv_shadow_for(u64 limit)
{
	unsigned int bits = limit == U64_MAX ? XSW_MAX_BITS : ilog2(limit + 1);

	return bits < XSW_MIN_BITS ? NULL : &xsw_pv_shadow[bits - XSW_MIN_BITS];
}

/*
 * By the ops themselves where there are any: the DMA API's checks would take memory that a
 * driver gets of this for mapped twice.
 */
static struct page *xsw_pv_alloc(struct xsw_env *env, u64 size, u64 limit, gfp_t gfp)
{
	struct device *shadow = xsw_pv_shadow_for(limit);
	const struct dma_map_ops *ops;
	struct page *page;
	dma_addr_t dma;
	void *vaddr;

	if (!shadow)
		return NULL;
	ops = get_dma_ops(shadow);
	if (ops)
		vaddr = ops->alloc(shadow, size, &dma, gfp, DMA_ATTR_NO_WARN);
	else
		vaddr = dma_alloc_attrs(shadow, size, &dma, gfp, DMA_ATTR_NO_WARN);
	if (!vaddr)
		return NULL;
	/* It has to be freed for the same one. */
	page = virt_to_page(vaddr);
	set_page_private(page, (unsigned long)shadow);
	return page;
}

static void xsw_pv_free(struct xsw_env *env, struct page *page, u64 size)
{
	struct device *shadow = (struct device *)page_private(page);
	const struct dma_map_ops *ops = get_dma_ops(shadow);
	bool foreign = false;
	u64 machine = xsw_pv_to_machine(env, page_to_phys(page), &foreign);

	set_page_private(page, 0);
	if (ops)
		ops->free(shadow, size, page_address(page), machine, 0);
	else
		dma_free_attrs(shadow, size, page_address(page), machine, 0);
}

static const struct xsw_env_ops xsw_pv_ops = {
	.name			= "xen_pv",
	.phys_to_machine	= xsw_pv_to_machine,
	.machine_to_phys	= xsw_pv_to_phys,
};

static const struct xsw_host_env_ops xsw_pv_host_ops = {
	.alloc_contiguous	= xsw_pv_alloc,
	.free_contiguous	= xsw_pv_free,
	.m2p			= xsw_pv_m2p,
	.max_machine		= xsw_xen_max_machine,
	.may_pin		= xsw_pv_may_pin,
	.show			= xsw_xen_show,
	.is_kernels		= xsw_xen_is_kernels,
};

int xsw_xen_pv_init(struct xsw_kenv *kenv)
{
	unsigned int i, nr = XSW_MAX_BITS - XSW_MIN_BITS + 1;

	xsw_pv_shadow = kvcalloc(nr, sizeof(*xsw_pv_shadow), GFP_KERNEL);
	if (!xsw_pv_shadow)
		return -ENOMEM;
	for (i = 0; i < nr; i++) {
		xsw_pv_shadow[i].init_name = "xswiotlb-shadow";
		xsw_pv_shadow[i].coherent_dma_mask = DMA_BIT_MASK(XSW_MIN_BITS + i);
		xsw_pv_shadow[i].dma_mask = &xsw_pv_shadow[i].coherent_dma_mask;
		set_dev_node(&xsw_pv_shadow[i], NUMA_NO_NODE);
	}
	kenv->env.ops = &xsw_pv_ops;
	kenv->host = &xsw_pv_host_ops;
	static_branch_inc(&xsw_key_translate);
	return 0;
}

void xsw_xen_pv_exit(struct xsw_kenv *kenv)
{
	static_branch_dec(&xsw_key_translate);
	kvfree(xsw_pv_shadow);
}
