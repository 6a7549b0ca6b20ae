// SPDX-License-Identifier: GPL-2.0
/*
 * Direct-mapped domains on Arm: pfn == mfn, but for pages of other domains, which are
 * mapped here by a grant.
 *
 * A foreign page is told by its page flag. Every entry of the kernel's p2m tree is made
 * by gnttab_map_refs(), which sets the flag before it makes the entry and before the
 * caller can use the page; gnttab_unmap_refs() clears it when no mapping of the page
 * can be left. Nothing else clears it: the flag's other users own pages of kinds that
 * grants are never mapped to. So a page without the flag is local, and no lock is
 * taken and no tree is walked for it. One with it may be foreign: the flag has other users.
 */
#include <linux/mm.h>
#include <linux/moduleparam.h>
#include <linux/of_device.h>
#include <linux/page-flags.h>
#include <linux/percpu.h>
#include <linux/pfn.h>
#include <linux/seq_file.h>

#include <xen/interface/grant_table.h>
#include <xen/page.h>
#include <asm/xen/hypercall.h>

#include "trace.h"
#include "xen.h"
#include "xen_flush.h"

/* Frames of one hypercall; their descriptors are on the stack. */
#define XSW_FLUSH_BATCH		16

static bool xen_flush = true;
module_param(xen_flush, bool, 0444);
MODULE_PARM_DESC(xen_flush, "Xen on Arm: flush caches of foreign frames where Xen can; N: bounce for non-coherent devices (Y)");

/* How often the kernel's tree was asked: never for a page without the flag. */
static DEFINE_PER_CPU(u64, xsw_p2m_lookups);

static u64 xsw_xen_arm_to_machine(struct xsw_env *env, phys_addr_t phys, bool *foreign)
{
	unsigned long mfn;

	if (likely(!PageForeign(pfn_to_page(PHYS_PFN(phys)))))
		return phys;
	this_cpu_inc(xsw_p2m_lookups);
	mfn = __pfn_to_mfn(XEN_PFN_DOWN(phys));
	if (mfn == INVALID_P2M_ENTRY)
		return phys;
	*foreign = true;
	return ((u64)mfn << XEN_PAGE_SHIFT) | (phys & ~XEN_PAGE_MASK);
}

/*
 * Without a p2m, by the frame alone. RAM of this domain is at its own machine address. There
 * may be a struct page at a foreign one too: unpopulated pages take guest addresses
 * that are other domains' RAM for the machine.
 */
static bool xsw_xen_arm_to_phys(struct xsw_env *env, u64 machine, phys_addr_t *phys)
{
	*phys = machine;
	return xsw_phys_is_ram(machine);
}

static void xsw_xen_flush(struct gnttab_cache_flush *batch, unsigned int n)
{
	bool clean = batch->op == GNTTAB_CACHE_CLEAN;
	int err = HYPERVISOR_grant_table_op(GNTTABOP_cache_flush, batch, n);
	unsigned int i;

	if (trace_xsw_flush_enabled())
		for (i = 0; i < n; i++)
			trace_xsw_flush(batch[i].a.dev_bus_addr, batch[i].offset,
					batch[i].length, clean, err);
	if (err)
		pr_warn_ratelimited("Xen refuses to %s the cache of %u foreign frames from machine address %llx on: %d; was a grant ended while its page was mapped for DMA?\n",
				    clean ? "clean" : "invalidate", n, batch->a.dev_bus_addr, err);
}

static void xsw_xen_arm_cache(struct xsw_env *env, u64 machine, size_t size,
			      enum dma_data_direction dir, bool for_cpu)
{
	struct gnttab_cache_flush batch[XSW_FLUSH_BATCH];
	struct xsw_frame_piece piece;
	unsigned int n = 0;

	if (for_cpu && dir == DMA_TO_DEVICE)
		return;
	while (xsw_next_frame(&machine, &size, &piece)) {
		/*
		 * Clean for every direction: bytes that the device leaves alone must be
		 * found in memory when the lines are invalidated.
		 */
		batch[n].op = for_cpu ? GNTTAB_CACHE_INVAL : GNTTAB_CACHE_CLEAN;
		batch[n].a.dev_bus_addr = piece.frame;
		batch[n].offset = piece.offset;
		batch[n].length = piece.length;
		if (++n < XSW_FLUSH_BATCH && size)
			continue;
		xsw_xen_flush(batch, n);
		n = 0;
	}
}

static enum xsw_reason xsw_xen_arm_must_bounce(struct xsw_env *env, u64 machine, bool foreign,
					       bool coherent)
{
	return foreign && !coherent ? XSW_REASON_BOUNCE_FOREIGN : XSW_REASON_NONE;
}

static const struct xsw_env_ops xsw_xen_arm_ops = {
	.name			= "xen_arm",
	.phys_to_machine	= xsw_xen_arm_to_machine,
	.machine_to_phys	= xsw_xen_arm_to_phys,
	.cache_foreign		= xsw_xen_arm_cache,
};

/* Where Xen has no cache flush: foreign memory is out of the reach of non-coherent devices. */
static const struct xsw_env_ops xsw_xen_arm_no_flush_ops = {
	.name			= "xen_arm",
	.phys_to_machine	= xsw_xen_arm_to_machine,
	.machine_to_phys	= xsw_xen_arm_to_phys,
	.must_bounce		= xsw_xen_arm_must_bounce,
};

static void xsw_xen_arm_show(struct seq_file *m)
{
	u64 lookups = 0;
	int cpu;

	for_each_possible_cpu(cpu)
		lookups += per_cpu(xsw_p2m_lookups, cpu);
	xsw_xen_show(m);
	seq_printf(m, "p2m_lookups: %llu\n", lookups);
}

/* As of a bus that says nothing about DMA. */
static int xsw_xen_arm_set_up(struct device *dev)
{
	return of_dma_configure(dev, NULL, true);
}

static const struct xsw_host_env_ops xsw_xen_arm_host_ops = {
	.max_machine	= xsw_xen_max_machine,
	.show		= xsw_xen_arm_show,
	.is_kernels	= xsw_xen_is_kernels,
	.set_up		= xsw_xen_arm_set_up,
};

static bool xsw_xen_has_flush(void)
{
	struct gnttab_cache_flush nothing = { };

	return !HYPERVISOR_grant_table_op(GNTTABOP_cache_flush, &nothing, 1);
}

int xsw_xen_arm_init(struct xsw_kenv *kenv)
{
	bool flush = xen_flush && xsw_xen_has_flush();

	kenv->env.ops = flush ? &xsw_xen_arm_ops : &xsw_xen_arm_no_flush_ops;
	kenv->host = &xsw_xen_arm_host_ops;
	static_branch_inc(&xsw_key_translate);
	if (flush)
		static_branch_inc(&xsw_key_cache);
	else
		static_branch_inc(&xsw_key_bounce);
	return 0;
}

void xsw_xen_arm_exit(struct xsw_kenv *kenv)
{
	if (kenv->env.ops == &xsw_xen_arm_ops)
		static_branch_dec(&xsw_key_cache);
	else
		static_branch_dec(&xsw_key_bounce);
	static_branch_dec(&xsw_key_translate);
}
