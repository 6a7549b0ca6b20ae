/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Where most memory is for the machine in this host's environment, for the map path to have inline.
 */
#ifndef XSW_HOST_LOCAL_H
#define XSW_HOST_LOCAL_H

#include <linux/mm.h>
#include <linux/pfn.h>

#ifdef CONFIG_XSWIOTLB_XEN
#include <xen/page.h>
#endif

/*
 * True: [phys, phys + size) is local memory in one piece, at @machine. False tells nothing: ask
 * phys_to_machine(). Only while xsw_key_translate is on for the host's own environment.
 */
static __always_inline bool xsw_host_local(phys_addr_t phys, size_t size, u64 *machine)
{
#if defined(CONFIG_XSWIOTLB_XEN) && defined(CONFIG_ARM64)
	unsigned long pfn = PHYS_PFN(phys), last = PHYS_PFN(phys + size - 1);

	*machine = phys;
	/* Not one page of another domain's is mapped; else, as xsw_xen_arm_to_machine(). */
	if (!READ_ONCE(phys_to_mach.rb_node))
		return true;
	if (!size)
		return false;
	do {
		if (PageForeign(pfn_to_page(pfn)))
			return false;
	} while (pfn++ < last);
	return true;
#elif defined(CONFIG_XSWIOTLB_XEN) && defined(CONFIG_XEN_PV)
	unsigned long pfn = PHYS_PFN(phys), last = PHYS_PFN(phys + size - 1);
	unsigned long mfn;

	if (unlikely(last >= xen_p2m_size))
		return false;
	mfn = READ_ONCE(xen_p2m_addr[pfn]);
	*machine = PFN_PHYS((u64)mfn) | offset_in_page(phys);
	/* Foreign, identity, none and not known yet have a bit of these. */
	if (mfn & (FOREIGN_FRAME_BIT | IDENTITY_FRAME_BIT))
		return false;
	while (pfn++ < last)
		if (READ_ONCE(xen_p2m_addr[pfn]) != ++mfn)
			return false;
	return true;
#else
	return false;
#endif
}

#endif /* XSW_HOST_LOCAL_H */
