// SPDX-License-Identifier: GPL-2.0
/*
 * Pages to map grants into, contiguous for the guest. The kernel's own allocator of such
 * pages gives single ones; here they come as runs, so that grants of machine frames that
 * adjoin can be one DMA mapping.
 *
 * First choice is what the kernel gives, unpopulated addresses that take no RAM: enough
 * are taken, sorted, and what is not in the run goes back. Where that is short, or RAM
 * anyway (ballooned out page by page), a block of RAM is taken and its frames are given
 * back to Xen; on PV, where that can't be done, the run is looked for in RAM. The page
 * address is a guest physical one, nothing more: what a device is told comes from the
 * frame that is mapped there.
 */
#include <linux/gfp.h>
#include <linux/list.h>
#include <linux/memremap.h>
#include <linux/mm.h>
#include <linux/mutex.h>
#include <linux/slab.h>
#include <linux/sort.h>

#include <xen/features.h>
#include <xen/grant_table.h>
#include <xen/mem-reservation.h>
#include <xen/page.h>

#include "xen.h"

/* How many pages may be taken to find a run among them. */
#define XSW_MOST_TAKEN		8192U

/**
 * struct xsw_ram_run - RAM whose frames Xen has, until it is freed
 * @node:	of xsw_ram_runs
 * @page:	its first
 */
struct xsw_ram_run {
	struct list_head	node;
	struct page		*page;
};

static LIST_HEAD(xsw_ram_runs);
static DEFINE_MUTEX(xsw_ram_lock);

/* ---- unpopulated pages ---- */

static int xsw_page_cmp(const void *a, const void *b)
{
	const struct page *x = *(struct page * const *)a, *y = *(struct page * const *)b;

	return page_to_pfn(x) < page_to_pfn(y) ? -1 : page_to_pfn(x) > page_to_pfn(y);
}

/* Index of the first of @nr pages in a row; @of when there are none. */
static u32 xsw_find_run(struct page **pages, u32 of, u32 nr)
{
	u32 i, length = 0;

	for (i = 0; i < of; i++) {
		length = i && page_to_pfn(pages[i]) == page_to_pfn(pages[i - 1]) + 1 ?
			 length + 1 : 1;
		if (length == nr)
			return i + 1 - nr;
	}
	return of;
}

/* Takes @of pages and keeps a run of @nr. -ENOMEM; -ENOENT when there is none among them. */
static int xsw_take_run(struct page **pages, u32 nr, u32 of, bool *unpopulated)
{
	struct page **all = kvcalloc(of, sizeof(*all), GFP_KERNEL);
	int err = -ENOMEM;
	u32 at;

	if (!all || gnttab_alloc_pages(of, all))
		goto free;
	*unpopulated = is_zone_device_page(all[0]);
	sort(all, of, sizeof(*all), xsw_page_cmp, NULL);
	at = xsw_find_run(all, of, nr);
	if (at == of) {
		gnttab_free_pages(of, all);
		err = -ENOENT;
		goto free;
	}
	err = 0;
	memcpy(pages, all + at, nr * sizeof(*pages));
	if (at)
		gnttab_free_pages(at, all);
	if (at + nr < of)
		gnttab_free_pages(of - at - nr, all + at + nr);
free:
	kvfree(all);
	return err;
}

/* ---- RAM ---- */

static xen_pfn_t *xsw_frames(struct page *page, u32 nr)
{
	xen_pfn_t *frames = kvmalloc_array(nr, sizeof(*frames), GFP_KERNEL);
	u32 i;

	if (frames)
		for (i = 0; i < nr; i++)
			frames[i] = xen_page_to_gfn(page + i);
	return frames;
}

/* Only where Xen translates: else the kernel's page tables would have to follow. */
static bool xsw_take_ram(struct page **pages, u32 nr)
{
	struct xsw_ram_run *run = kzalloc(sizeof(*run), GFP_KERNEL);
	xen_pfn_t *frames = NULL;
	void *mem = NULL;
	int done;
	u32 i;

	if (!run || !xen_feature(XENFEAT_auto_translated_physmap))
		goto fail;
	mem = alloc_pages_exact((size_t)nr << PAGE_SHIFT, GFP_KERNEL | __GFP_ZERO | __GFP_NOWARN |
				__GFP_NORETRY);
	if (!mem)
		goto fail;
	run->page = virt_to_page(mem);
	frames = xsw_frames(run->page, nr);
	if (!frames)
		goto fail;
	for (i = 0; i < nr; i++)
		pages[i] = run->page + i;
	if (gnttab_pages_set_private(nr, pages))
		goto fail;
	done = xenmem_reservation_decrease(nr, frames);
	if (done != nr) {
		gnttab_pages_clear_private(nr, pages);
		if (done > 0 && xenmem_reservation_increase(done, frames) != done)
			mem = NULL;
		goto fail;
	}
	kvfree(frames);
	mutex_lock(&xsw_ram_lock);
	list_add(&run->node, &xsw_ram_runs);
	mutex_unlock(&xsw_ram_lock);
	return true;

fail:
	kvfree(frames);
	if (mem)
		free_pages_exact(mem, (size_t)nr << PAGE_SHIFT);
	kfree(run);
	return false;
}

static struct xsw_ram_run *xsw_find_ram(const struct page *page)
{
	struct xsw_ram_run *run, *found = NULL;

	mutex_lock(&xsw_ram_lock);
	list_for_each_entry(run, &xsw_ram_runs, node) {
		if (run->page != page)
			continue;
		list_del(&run->node);
		found = run;
		break;
	}
	mutex_unlock(&xsw_ram_lock);
	return found;
}

static void xsw_free_ram(struct xsw_ram_run *run, struct page **pages, u32 nr)
{
	xen_pfn_t *frames = xsw_frames(run->page, nr);

	gnttab_pages_clear_private(nr, pages);
	if (frames && xenmem_reservation_increase(nr, frames) == nr)
		free_pages_exact(page_address(run->page), (size_t)nr << PAGE_SHIFT);
	else
		pr_err("Xen did not give back the frames of %u pages: they are lost\n", nr);
	kvfree(frames);
	kfree(run);
}

/* ---- both ---- */

int xsw_xen_pages_alloc(struct page **pages, u32 nr, bool contiguous)
{
	bool ram_in_blocks = xen_feature(XENFEAT_auto_translated_physmap), unpopulated;
	int err = -ENOENT;
	u32 of;

	if (XEN_PAGE_SIZE != PAGE_SIZE)
		return -EOPNOTSUPP;
	if (!contiguous)
		return gnttab_alloc_pages(nr, pages) ? -ENOMEM : 0;
	for (of = nr; err == -ENOENT && of <= XSW_MOST_TAKEN; of *= 2) {
		err = xsw_take_run(pages, nr, of, &unpopulated);
		if (!err)
			return 0;
		if (err == -ENOENT && !unpopulated && ram_in_blocks)
			break;
	}
	if (xsw_take_ram(pages, nr))
		return 0;
	/* Separate pages are mapped separately, which works as well. */
	return gnttab_alloc_pages(nr, pages) ? -ENOMEM : 0;
}

void xsw_xen_pages_free(struct page **pages, u32 nr)
{
	struct xsw_ram_run *run = xsw_find_ram(pages[0]);

	if (run)
		xsw_free_ram(run, pages, nr);
	else
		gnttab_free_pages(nr, pages);
}

void xsw_xen_pages_keep(struct page **pages)
{
	kfree(xsw_find_ram(pages[0]));
}
