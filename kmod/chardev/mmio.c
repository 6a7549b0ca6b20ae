// SPDX-License-Identifier: GPL-2.0
/*
 * One BAR that whoever loads the module sets aside; buffers are pieces of it, so no
 * caller names an address. The device must have no driver, and gets none meanwhile.
 */
#include <linux/bitmap.h>
#include <linux/err.h>
#include <linux/io.h>
#include <linux/ioport.h>
#include <linux/kref.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/moduleparam.h>
#include <linux/mutex.h>
#include <linux/pci.h>
#include <linux/sizes.h>
#include <linux/slab.h>
#include "mmio.h"
#include "vm_flags.h"

/* More of a BAR is not used. */
#define XSW_MMIO_MAX		SZ_1G

static char *mmio;
module_param(mmio, charp, 0444);
MODULE_PARM_DESC(mmio, "memory BAR to take buffers from, of a PCI device without driver: DOMAIN:BUS:SLOT.FUNCTION/BAR");

/**
 * struct xsw_mmio - a piece of the BAR
 * @kref:	its buffer's, and one for each mapping into userspace
 * @first:	page
 * @nr_pages:	long
 * @kept:	its pages are never given to anybody else
 */
struct xsw_mmio {
	struct kref	kref;
	u32		first;
	u32		nr_pages;
	bool		kept;
};

static struct {
	struct pci_dev	*pdev;
	int		nr;		/* of the BAR */
	phys_addr_t	start;
	u32		nr_pages;
	struct mutex	lock;		/* @used */
	unsigned long	*used;
} bar = { .lock = __MUTEX_INITIALIZER(bar.lock) };

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
	bar.pdev = pci_get_domain_bus_and_slot(domain, bus, PCI_DEVFN(slot, func));
	if (!bar.pdev) {
		pr_err("mmio=%s: there is no such PCI device\n", mmio);
		return -ENODEV;
	}
	err = check_bar();
	if (err)
		goto put;
	err = pci_enable_device_mem(bar.pdev);
	if (err)
		goto put;
	err = pci_request_region(bar.pdev, bar.nr, KBUILD_MODNAME);
	if (err) {
		pr_err("mmio=%s: the BAR has an owner: unbind the device from its driver\n", mmio);
		goto disable;
	}
	bar.used = bitmap_zalloc(bar.nr_pages, GFP_KERNEL);
	if (bar.used)
		return 0;
	err = -ENOMEM;
	pci_release_region(bar.pdev, bar.nr);
disable:
	pci_disable_device(bar.pdev);
put:
	pci_dev_put(bar.pdev);
	return err;
}

void xsw_mmio_exit(void)
{
	if (!bar.used)
		return;
	bitmap_free(bar.used);
	pci_release_region(bar.pdev, bar.nr);
	pci_disable_device(bar.pdev);
	pci_dev_put(bar.pdev);
}

bool xsw_mmio_there(void)
{
	return bar.used;
}

static void mmio_free(struct kref *kref)
{
	struct xsw_mmio *piece = container_of(kref, struct xsw_mmio, kref);

	if (!piece->kept) {
		mutex_lock(&bar.lock);
		bitmap_clear(bar.used, piece->first, piece->nr_pages);
		mutex_unlock(&bar.lock);
	}
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

/**
 * xsw_mmio_create() - take a piece of the BAR
 * @nr_pages:	long
 *
 * Return: the piece, zeroed; ERR_PTR: -EOPNOTSUPP (no BAR was set aside), -ENOSPC, -ENOMEM.
 */
struct xsw_mmio *xsw_mmio_create(u32 nr_pages)
{
	struct xsw_mmio *piece;
	unsigned long first;
	int err;

	if (!bar.used)
		return ERR_PTR(-EOPNOTSUPP);
	piece = kzalloc(sizeof(*piece), GFP_KERNEL_ACCOUNT);
	if (!piece)
		return ERR_PTR(-ENOMEM);
	mutex_lock(&bar.lock);
	first = bitmap_find_next_zero_area(bar.used, bar.nr_pages, 0, nr_pages, 0);
	if (first < bar.nr_pages)
		bitmap_set(bar.used, first, nr_pages);
	mutex_unlock(&bar.lock);
	if (first >= bar.nr_pages) {
		kfree(piece);
		return ERR_PTR(-ENOSPC);
	}
	kref_init(&piece->kref);
	piece->first = first;
	piece->nr_pages = nr_pages;
	piece->kept = false;
	err = clear_piece(piece);
	if (!err)
		return piece;
	xsw_mmio_put(piece);
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

static const struct vm_operations_struct vm_ops = {
	.open	= vma_open,
	.close	= vma_close,
};

/**
 * xsw_mmio_mmap() - map a piece for its owner
 * @piece:	which stays taken for as long as the mapping is there
 * @vma:	at most as long
 *
 * Return: 0, -ENXIO (longer than the piece), or what the kernel's mapping says.
 */
int xsw_mmio_mmap(struct xsw_mmio *piece, struct vm_area_struct *vma)
{
	int err;

	if (vma_pages(vma) > piece->nr_pages)
		return -ENXIO;
	vma->vm_page_prot = pgprot_writecombine(vma->vm_page_prot);
	err = io_remap_pfn_range(vma, vma->vm_start, PHYS_PFN(xsw_mmio_phys(piece)),
				 vma->vm_end - vma->vm_start, vma->vm_page_prot);
	if (err)
		return err;
	kref_get(&piece->kref);
	vma->vm_private_data = piece;
	vma->vm_ops = &vm_ops;
	return 0;
}
