// SPDX-License-Identifier: GPL-2.0
/*
 * Coherent memory.
 *
 * A coherent device gets pages as they are. For one that is not, memory must be mapped
 * uncached, which only the kernel's own ops can do: they do it for a shadow device,
 * and what they allocate is then given the machine and dma address that our device
 * sees.
 */
#include <linux/dma-map-ops.h>
#include <linux/gfp.h>
#include <linux/mm.h>
#include <linux/platform_device.h>
#include <linux/scatterlist.h>
#include <linux/vmalloc.h>

#include "internal.h"

/* Highest machine address that @d can reach. */
static u64 xsw_machine_limit(const struct xsw_dev *d)
{
	u64 limit = min_not_zero(d->dma_mask, d->bus_limit), machine = 0;
	unsigned int i;

	if (!d->ranges)
		return limit;
	for (i = 0; i < d->nr_ranges; i++) {
		const struct xsw_dma_range *r = &d->ranges[i];

		if (r->dma <= limit)
			machine = max(machine, r->machine + min(r->size - 1, limit - r->dma));
	}
	return machine;
}

/* ---- memory that the device reaches ---- */

/* That the frames were exchanged is remembered in the first page, which is ours. */
#define XSW_EXCHANGED	1UL

static void xsw_undo_contiguous(struct xsw_kenv *kenv, struct page *page, size_t size)
{
	if (page_private(page) != XSW_EXCHANGED)
		return;
	set_page_private(page, 0);
	kenv->host->undo_contiguous(&kenv->env, page_to_phys(page), size);
}

static bool xsw_machine_reachable(const struct xsw_dev *d, u64 machine, size_t size,
				  dma_addr_t *dma)
{
	return xsw_machine_to_dma(d, machine, size, dma) && xsw_dma_capable(d, *dma, size);
}

/* Makes the pages contiguous for the machine and reachable, when they can be. */
static bool xsw_make_reachable(struct xsw_kenv *kenv, const struct xsw_dev *d, struct page *page,
			       size_t size, gfp_t gfp, dma_addr_t *dma)
{
	phys_addr_t phys = page_to_phys(page);
	u64 machine;

	set_page_private(page, 0);
	if (xsw_env_machine(kenv, phys, size, &machine) &&
	    xsw_machine_reachable(d, machine, size, dma))
		return true;

	if (!kenv->host->make_contiguous || !gfpflags_allow_blocking(gfp))
		return false;
	if (kenv->host->make_contiguous(&kenv->env, phys, size, xsw_machine_limit(d), &machine))
		return false;
	set_page_private(page, XSW_EXCHANGED);
	if (xsw_machine_reachable(d, machine, size, dma))
		return true;
	xsw_undo_contiguous(kenv, page, size);
	return false;
}

/* Pages that come contiguous and reachable, where frames can be exchanged only so. */
static struct page *xsw_alloc_contiguous(struct xsw_kenv *kenv, const struct xsw_dev *d,
					 size_t size, u64 limit, gfp_t gfp, dma_addr_t *dma)
{
	struct page *page = kenv->host->alloc_contiguous(&kenv->env, size, limit, gfp);
	u64 machine;

	if (!page)
		return NULL;
	if (xsw_env_machine(kenv, page_to_phys(page), size, &machine) &&
	    xsw_machine_reachable(d, machine, size, dma))
		return page;
	kenv->host->free_contiguous(&kenv->env, page, size);
	return NULL;
}

struct page *xsw_alloc_reachable(struct xsw_device *xdev, size_t size, gfp_t gfp, u64 mask,
				 dma_addr_t *dma)
{
	static const gfp_t zones[] = { 0, GFP_DMA32, GFP_DMA };
	unsigned int order = get_order(size), i = 0;
	struct xsw_kenv *kenv = xdev->env;
	struct page *page;
	struct xsw_dev d;
	u64 limit;

	xsw_dev_fill(xdev, xdev->dev, &d);
	d.dma_mask = mask;
	limit = xsw_machine_limit(&d);
	size = PAGE_ALIGN(size);
	gfp &= ~(__GFP_DMA | __GFP_DMA32 | __GFP_HIGHMEM | __GFP_COMP);
	gfp |= __GFP_ZERO | __GFP_NOWARN;
	if (kenv->host->alloc_contiguous)
		return xsw_alloc_contiguous(kenv, &d, size, limit, gfp, dma);

	/* Where frames can be exchanged, zones tell nothing. */
	if (!kenv->host->make_contiguous && limit < xsw_max_phys())
		i = 1;
	for (; i < ARRAY_SIZE(zones); i++) {
		page = alloc_pages_node(dev_to_node(xdev->dev), gfp | zones[i], order);
		if (!page)
			continue;
		if (xsw_make_reachable(kenv, &d, page, size, gfp, dma))
			return page;
		__free_pages(page, order);
	}
	return NULL;
}

void xsw_free_reachable(struct xsw_device *xdev, struct page *page, size_t size)
{
	struct xsw_kenv *kenv = xdev->env;

	if (kenv->host->free_contiguous) {
		kenv->host->free_contiguous(&kenv->env, page, PAGE_ALIGN(size));
		return;
	}
	xsw_undo_contiguous(kenv, page, PAGE_ALIGN(size));
	__free_pages(page, get_order(size));
}

/* ---- through the shadow device ---- */

/* What the shadow calls a dma address is the physical one: it has no dma_range_map. */
static struct page *xsw_shadow_page(void *vaddr)
{
	return is_vmalloc_addr(vaddr) ? vmalloc_to_page(vaddr) : virt_to_page(vaddr);
}

static void *xsw_shadow_alloc(struct xsw_device *xdev, struct device *dev, size_t size,
			      dma_addr_t *dma, gfp_t gfp, unsigned long attrs)
{
	struct device *shadow = &xdev->shadow->dev;
	struct xsw_dev d;
	dma_addr_t phys;
	void *vaddr;

	xsw_dev_fill(xdev, dev, &d);
	d.dma_mask = dev->coherent_dma_mask;
	shadow->coherent_dma_mask = xdev->env->host->make_contiguous ? DMA_BIT_MASK(64) :
				    xsw_machine_limit(&d);

	vaddr = dma_alloc_attrs(shadow, size, &phys, gfp, attrs);
	if (!vaddr)
		return NULL;
	if (xsw_make_reachable(xdev->env, &d, xsw_shadow_page(vaddr), PAGE_ALIGN(size), gfp, dma))
		return vaddr;
	dma_free_attrs(shadow, size, vaddr, phys, attrs);
	return NULL;
}

static void xsw_shadow_free(struct xsw_device *xdev, size_t size, void *vaddr,
			    unsigned long attrs)
{
	struct page *page = xsw_shadow_page(vaddr);

	xsw_undo_contiguous(xdev->env, page, PAGE_ALIGN(size));
	dma_free_attrs(&xdev->shadow->dev, size, vaddr, page_to_phys(page), attrs);
}

/* ---- the members of the table ---- */

/*
 * Without a kernel mapping the kernel may return something that is no address: since
 * what it returns is opaque to the driver, an address does as well.
 */
#define XSW_ALLOC_ATTRS(attrs)	((attrs) & ~DMA_ATTR_NO_KERNEL_MAPPING)

void *xsw_ops_alloc(struct device *dev, size_t size, dma_addr_t *dma, gfp_t gfp,
		    unsigned long attrs)
{
	struct xsw_device *xdev = xsw_device_in_ops(dev);
	void *vaddr = NULL;

	if (xdev->shadow) {
		vaddr = xsw_shadow_alloc(xdev, dev, size, dma, gfp, XSW_ALLOC_ATTRS(attrs));
	} else {
		struct page *page = xsw_alloc_reachable(xdev, size, gfp, dev->coherent_dma_mask,
							dma);

		if (page)
			vaddr = page_address(page);
	}
	if (!vaddr && !(attrs & DMA_ATTR_NO_WARN) && !(gfp & __GFP_NOWARN))
		dev_err_ratelimited(dev, "no coherent memory: %zu bytes within DMA mask %llx\n",
				    size, dev->coherent_dma_mask);
	return vaddr;
}

void xsw_ops_free(struct device *dev, size_t size, void *vaddr, dma_addr_t dma,
		  unsigned long attrs)
{
	struct xsw_device *xdev = xsw_device_in_ops(dev);

	if (xdev->shadow)
		xsw_shadow_free(xdev, size, vaddr, XSW_ALLOC_ATTRS(attrs));
	else
		xsw_free_reachable(xdev, virt_to_page(vaddr), size);
}

int xsw_ops_mmap(struct device *dev, struct vm_area_struct *vma, void *vaddr, dma_addr_t dma,
		 size_t size, unsigned long attrs)
{
	struct xsw_device *xdev = xsw_device_in_ops(dev);
	unsigned long pages = PAGE_ALIGN(size) >> PAGE_SHIFT;

	if (xdev->shadow)
		return dma_mmap_attrs(&xdev->shadow->dev, vma, vaddr,
				      page_to_phys(xsw_shadow_page(vaddr)), size,
				      XSW_ALLOC_ATTRS(attrs));

	/* Memory that the device itself has is no page of ours. */
	if (!virt_addr_valid(vaddr) || vma->vm_pgoff >= pages ||
	    vma_pages(vma) > pages - vma->vm_pgoff)
		return -ENXIO;
	return remap_pfn_range(vma, vma->vm_start,
			       page_to_pfn(virt_to_page(vaddr)) + vma->vm_pgoff,
			       vma_pages(vma) << PAGE_SHIFT, vma->vm_page_prot);
}

int xsw_ops_get_sgtable(struct device *dev, struct sg_table *sgt, void *vaddr, dma_addr_t dma,
			size_t size, unsigned long attrs)
{
	struct xsw_device *xdev = xsw_device_in_ops(dev);
	int err;

	if (xdev->shadow)
		return dma_get_sgtable_attrs(&xdev->shadow->dev, sgt, vaddr,
					     page_to_phys(xsw_shadow_page(vaddr)), size,
					     XSW_ALLOC_ATTRS(attrs));

	if (!virt_addr_valid(vaddr))
		return -ENXIO;
	err = sg_alloc_table(sgt, 1, GFP_KERNEL);
	if (!err)
		sg_set_page(sgt->sgl, virt_to_page(vaddr), PAGE_ALIGN(size), 0);
	return err;
}
