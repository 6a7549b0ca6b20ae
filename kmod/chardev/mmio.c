// SPDX-License-Identifier: GPL-2.0
/*
 * One BAR that whoever loads the module sets aside; buffers are pieces of it, so no
 * caller names an address. The device must have no driver, and gets none meanwhile.
 *
 * It may be unplugged all the same. Nothing holds that up but what an engine is moving at
 * that moment; mappings into userspace end, and whatever comes later gets -ENODEV, for as long
 * as the module is loaded.
 */
#include <linux/bitmap.h>
#include <linux/err.h>
#include <linux/io.h>
#include <linux/ioport.h>
#include <linux/kref.h>
#include <linux/list.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/moduleparam.h>
#include <linux/mutex.h>
#include <linux/pci.h>
#include <linux/sizes.h>
#include <linux/slab.h>
#include "engine.h"
#include "mmio.h"
#include "vm_flags.h"

/* More of a BAR is not used. */
#define XSW_MMIO_MAX		SZ_1G
/* Page offset of the BAR in mappings of the file: beyond the handles that others are mapped by. */
#define XSW_MMIO_PGOFF		BIT(32)

static char *mmio;
module_param(mmio, charp, 0444);
MODULE_PARM_DESC(mmio, "memory BAR to take buffers from, of a PCI device without driver: DOMAIN:BUS:SLOT.FUNCTION/BAR");

/**
 * struct xsw_mmio - a piece of the BAR
 * @kref:	its buffer's, and one for each mapping into userspace
 * @first:	page
 * @nr_pages:	long
 * @kept:	its pages are never given to anybody else
 * @file:	what it is mapped into userspace by, or NULL
 * @node:	of all pieces
 */
struct xsw_mmio {
	struct kref		kref;
	u32			first;
	u32			nr_pages;
	bool			kept;
	struct address_space	*file;
	struct list_head	node;
};

static struct {
	struct pci_dev		*pdev;		/* NULL: it has gone */
	int			nr;		/* of the BAR */
	phys_addr_t		start;
	u32			nr_pages;
	struct mutex		lock;		/* what follows */
	unsigned long		*used;
	bool			gone;
	struct list_head	pieces;
} bar = {
	.lock	= __MUTEX_INITIALIZER(bar.lock),
	.pieces	= LIST_HEAD_INIT(bar.pieces),
};

static int __init refuse(const char *why)
{
	pr_err("mmio=%s: %s\n", mmio, why);
	return -EINVAL;
}

static int __init check_bar(void)
{
	struct resource *res = &bar.pdev->resource[bar.nr];
	resource_size_t size = resource_size(res);

	if (!(res->flags & IORESOURCE_MEM) || !res->start || res->end <= res->start)
		return refuse("no memory BAR, or it has no address");
	if (!(res->flags & IORESOURCE_PREFETCH))
		return refuse("these are registers, not memory: the BAR is not prefetchable");
	if (region_intersects(res->start, size, IORESOURCE_SYSTEM_RAM, IORES_DESC_NONE) !=
	    REGION_DISJOINT)
		return refuse("it lies in the system's RAM");
	bar.start = res->start;
	bar.nr_pages = min_t(resource_size_t, size, XSW_MMIO_MAX) >> PAGE_SHIFT;
	if (!bar.nr_pages || !PAGE_ALIGNED(bar.start))
		return refuse("it is smaller than a page");
	return 0;
}

static u64 bar_size(void)
{
	return (u64)bar.nr_pages << PAGE_SHIFT;
}

static int claim(void)
{
	int err = pci_enable_device_mem(bar.pdev);

	if (err)
		return err;
	err = pci_request_region(bar.pdev, bar.nr, KBUILD_MODNAME);
	if (err)
		goto disable;
	/* Where page by page it would be uncached else. */
	err = arch_io_reserve_memtype_wc(bar.start, bar_size());
	if (!err)
		return 0;
	pci_release_region(bar.pdev, bar.nr);
disable:
	pci_disable_device(bar.pdev);
	return err;
}

static void let_go(void)
{
	arch_io_free_memtype_wc(bar.start, bar_size());
	pci_release_region(bar.pdev, bar.nr);
	pci_disable_device(bar.pdev);
	pci_dev_put(bar.pdev);
	bar.pdev = NULL;
}

/* The device goes, and its addresses may be another's next. Hotplug is locked. */
static int bus_notify(struct notifier_block *nb, unsigned long event, void *dev)
{
	struct xsw_mmio *piece;

	if (event != BUS_NOTIFY_DEL_DEVICE || !bar.pdev || dev != &bar.pdev->dev)
		return NOTIFY_DONE;
	mutex_lock(&bar.lock);
	WRITE_ONCE(bar.gone, true);
	list_for_each_entry(piece, &bar.pieces, node)
		if (piece->file)
			unmap_mapping_range(piece->file,
					    (loff_t)(XSW_MMIO_PGOFF + piece->first) << PAGE_SHIFT,
					    (loff_t)piece->nr_pages << PAGE_SHIFT, 1);
	mutex_unlock(&bar.lock);
	xsw_edu_peer_gone();
	pci_info(bar.pdev, "removed, and its memory with it: mmio=%s is void from now on\n", mmio);
	let_go();
	return NOTIFY_OK;
}

static struct notifier_block bus_nb = {
	.notifier_call = bus_notify,
};

static int __init set_aside(unsigned int domain, unsigned int bus, unsigned int devfn)
{
	int err;

	bar.pdev = pci_get_domain_bus_and_slot(domain, bus, devfn);
	if (!bar.pdev) {
		pr_err("mmio=%s: there is no such PCI device\n", mmio);
		return -ENODEV;
	}
	err = check_bar();
	if (err)
		goto put;
	err = claim();
	if (err) {
		pr_err("mmio=%s: the BAR has an owner: unbind the device from its driver\n", mmio);
		goto put;
	}
	bar.used = bitmap_zalloc(bar.nr_pages, GFP_KERNEL);
	err = bar.used ? bus_register_notifier(&pci_bus_type, &bus_nb) : -ENOMEM;
	if (!err)
		return 0;
	bitmap_free(bar.used);
	let_go();
	return err;
put:
	pci_dev_put(bar.pdev);
	return err;
}

/**
 * xsw_mmio_init() - set the BAR of the parameter aside, if there is one
 *
 * Return: 0, -EINVAL, -ENODEV, -EBUSY (it has a driver), -ENOMEM.
 */
int __init xsw_mmio_init(void)
{
	unsigned int domain, bus, slot, func, nr;
	char rest;
	int err;

	if (!mmio || !*mmio)
		return 0;
	if (sscanf(mmio, "%x:%x:%x.%x/%u%c", &domain, &bus, &slot, &func, &nr, &rest) != 5 ||
	    bus > 0xff || slot > 0x1f || func > 7 || nr >= PCI_STD_NUM_BARS)
		return refuse("must be as 0000:00:05.0/2");
	bar.nr = nr;
	/* So that the device does not go meanwhile. */
	pci_lock_rescan_remove();
	err = set_aside(domain, bus, PCI_DEVFN(slot, func));
	pci_unlock_rescan_remove();
	return err;
}

void xsw_mmio_exit(void)
{
	if (!bar.used)
		return;
	pci_lock_rescan_remove();
	bus_unregister_notifier(&pci_bus_type, &bus_nb);
	if (bar.pdev)
		let_go();
	pci_unlock_rescan_remove();
	bitmap_free(bar.used);
}

bool xsw_mmio_there(void)
{
	return bar.used;
}

bool xsw_mmio_gone(void)
{
	return READ_ONCE(bar.gone);
}

static void mmio_free(struct kref *kref)
{
	struct xsw_mmio *piece = container_of(kref, struct xsw_mmio, kref);

	mutex_lock(&bar.lock);
	list_del(&piece->node);
	if (!piece->kept)
		bitmap_clear(bar.used, piece->first, piece->nr_pages);
	mutex_unlock(&bar.lock);
	kfree(piece);
}

void xsw_mmio_put(struct xsw_mmio *piece)
{
	kref_put(&piece->kref, mmio_free);
}

/* A device may still write there: for its owner, before he puts it. */
void xsw_mmio_keep(struct xsw_mmio *piece)
{
	piece->kept = true;
}

phys_addr_t xsw_mmio_phys(const struct xsw_mmio *piece)
{
	return bar.start + ((phys_addr_t)piece->first << PAGE_SHIFT);
}

/* What was in it is nobody's business. */
static int clear_piece(const struct xsw_mmio *piece)
{
	size_t size = (size_t)piece->nr_pages << PAGE_SHIFT;
	void __iomem *mem = ioremap_wc(xsw_mmio_phys(piece), size);

	if (!mem)
		return -ENOMEM;
	memset_io(mem, 0, size);
	iounmap(mem);
	return 0;
}

/* Under the lock: the device stays until the piece is clear. */
static int take_piece(struct xsw_mmio *piece)
{
	unsigned long first;
	int err;

	if (bar.gone)
		return -ENODEV;
	first = bitmap_find_next_zero_area(bar.used, bar.nr_pages, 0, piece->nr_pages, 0);
	if (first >= bar.nr_pages)
		return -ENOSPC;
	piece->first = first;
	err = clear_piece(piece);
	if (err)
		return err;
	bitmap_set(bar.used, first, piece->nr_pages);
	list_add(&piece->node, &bar.pieces);
	return 0;
}

/**
 * xsw_mmio_create() - take a piece of the BAR
 * @nr_pages:	long
 *
 * Return: the piece, zeroed; ERR_PTR: -EOPNOTSUPP (no BAR was set aside), -ENODEV (its device has
 * gone), -ENOSPC, -ENOMEM.
 */
struct xsw_mmio *xsw_mmio_create(u32 nr_pages)
{
	struct xsw_mmio *piece;
	int err;

	if (!bar.used)
		return ERR_PTR(-EOPNOTSUPP);
	piece = kzalloc(sizeof(*piece), GFP_KERNEL_ACCOUNT);
	if (!piece)
		return ERR_PTR(-ENOMEM);
	kref_init(&piece->kref);
	piece->nr_pages = nr_pages;
	mutex_lock(&bar.lock);
	err = take_piece(piece);
	mutex_unlock(&bar.lock);
	if (!err)
		return piece;
	kfree(piece);
	return ERR_PTR(err);
}

static void vma_open(struct vm_area_struct *vma)
{
	struct xsw_mmio *piece = vma->vm_private_data;

	kref_get(&piece->kref);
}

static void vma_close(struct vm_area_struct *vma)
{
	xsw_mmio_put(vma->vm_private_data);
}

/* Page by page, so that a mapping that is being made has nothing that would be missed. */
static vm_fault_t vma_fault(struct vm_fault *vmf)
{
	unsigned long pfn = PHYS_PFN(bar.start) + vmf->pgoff - XSW_MMIO_PGOFF;
	vm_fault_t ret = VM_FAULT_SIGBUS;

	mutex_lock(&bar.lock);
	if (!bar.gone)
		ret = vmf_insert_pfn(vmf->vma, vmf->address, pfn);
	mutex_unlock(&bar.lock);
	return ret;
}

static const struct vm_operations_struct vm_ops = {
	.open	= vma_open,
	.close	= vma_close,
	.fault	= vma_fault,
};

/**
 * xsw_mmio_mmap() - map a piece for its owner
 * @piece:	which stays taken for as long as the mapping is there
 * @vma:	at most as long
 *
 * Once the device has gone, an access gets SIGBUS.
 *
 * Return: 0, -ENXIO (longer than the piece), -ENODEV.
 */
int xsw_mmio_mmap(struct xsw_mmio *piece, struct vm_area_struct *vma)
{
	if (vma_pages(vma) > piece->nr_pages)
		return -ENXIO;
	if (xsw_mmio_gone())
		return -ENODEV;
	/* A buffer is its file's alone, and does not outlive it. */
	mutex_lock(&bar.lock);
	piece->file = vma->vm_file->f_mapping;
	mutex_unlock(&bar.lock);
	vma->vm_pgoff = XSW_MMIO_PGOFF + piece->first;
	vma->vm_page_prot = pgprot_writecombine(vma->vm_page_prot);
	vm_flags_set(vma, VM_IO | VM_PFNMAP);
	kref_get(&piece->kref);
	vma->vm_private_data = piece;
	vma->vm_ops = &vm_ops;
	return 0;
}
