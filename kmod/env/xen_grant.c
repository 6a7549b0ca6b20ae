// SPDX-License-Identifier: GPL-2.0
/*
 * Foreign memory without another domain: pages that this one grants to itself, and maps
 * at other addresses. To the kernel and to Xen those are foreign like any other.
 */
#include <linux/err.h>
#include <linux/mm.h>
#include <linux/slab.h>
#include <linux/sort.h>

#include <xen/features.h>
#include <xen/grant_table.h>
#include <xen/page.h>
#include <xen/xen.h>

#include "xen.h"

/**
 * struct xsw_grants - pages granted and mapped
 * @nr:		of them
 * @nr_refs:	of them are granted: the first
 * @granter:	they themselves, the caller's array
 * @mapped:	where they are mapped, the caller's array
 * @grant:	of each page
 */
struct xsw_grants {
	u32		nr;
	u32		nr_refs;
	struct page	**granter;
	struct page	**mapped;
	struct xsw_grant {
		grant_ref_t	ref;
		grant_handle_t	handle;
	} grant[];
};

/*
 * In a PVH domain a frame has one address only: mapping a grant of it elsewhere would
 * take it away from where it was.
 */
bool xsw_grants_usable(void)
{
	return xen_initial_domain() && (IS_ENABLED(CONFIG_ARM64) || xen_pv_domain());
}

static unsigned long xsw_mapped_at(const struct xsw_grants *g, u32 i)
{
	return (unsigned long)page_to_virt(g->mapped[i]);
}

static int xsw_grants_map(struct xsw_grants *g)
{
	struct gnttab_map_grant_ref *op = kvcalloc(g->nr, sizeof(*op), GFP_KERNEL);
	u32 i;
	int err;

	if (!op)
		return -ENOMEM;
	for (i = 0; i < g->nr; i++) {
		gnttab_set_map_op(&op[i], xsw_mapped_at(g, i), GNTMAP_host_map, g->grant[i].ref,
				  0);
		/* What it stays where the hypercall fails as a whole. */
		op[i].status = GNTST_general_error;
	}
	err = gnttab_map_refs(op, NULL, g->mapped, g->nr);
	for (i = 0; !err && i < g->nr; i++) {
		if (op[i].status == GNTST_okay)
			g->grant[i].handle = op[i].handle;
		else
			err = op[i].status == GNTST_no_device_space ? -ENOSPC : -EIO;
	}
	/* Those behind the first failure may have been mapped. */
	for (; err && i < g->nr; i++)
		if (op[i].status == GNTST_okay)
			g->grant[i].handle = op[i].handle;
	kvfree(op);
	return err;
}

/* False if a page is still mapped. */
static bool xsw_grants_unmap(struct xsw_grants *g)
{
	struct gnttab_unmap_grant_ref op;
	bool gone = true;
	u32 i;

	for (i = 0; i < g->nr_refs; i++) {
		if (g->grant[i].handle == INVALID_GRANT_HANDLE)
			continue;
		gnttab_set_unmap_op(&op, xsw_mapped_at(g, i), GNTMAP_host_map,
				    g->grant[i].handle);
		if (gnttab_unmap_refs(&op, NULL, &g->mapped[i], 1) || op.status != GNTST_okay)
			gone = false;
	}
	return gone;
}

void xsw_grants_destroy(struct xsw_grants *g)
{
	bool gone = xsw_grants_unmap(g);
	u32 i;

	for (i = 0; gone && i < g->nr_refs; i++)
		if (!gnttab_try_end_foreign_access(g->grant[i].ref))
			gone = false;
	if (gone) {
		xsw_xen_pages_free(g->mapped, g->nr);
	} else {
		pr_err("Xen keeps a mapping of a granted page: %u pages are lost\n", g->nr);
		for (i = 0; i < g->nr; i++)
			get_page(g->granter[i]);
		xsw_xen_pages_keep(g->mapped);
	}
	kvfree(g);
}

void xsw_grants_keep(struct xsw_grants *g)
{
	xsw_xen_pages_keep(g->mapped);
	kvfree(g);
}

static int xsw_frame_cmp(const void *a, const void *b)
{
	unsigned long x = xen_page_to_gfn(*(struct page * const *)a);
	unsigned long y = xen_page_to_gfn(*(struct page * const *)b);

	return x < y ? 1 : -(x > y);
}

/* Descending: a PV guest's neighbours in pfn may be so in mfn too, upwards or downwards. */
void xsw_grants_scatter(struct page **granter, u32 nr)
{
	sort(granter, nr, sizeof(*granter), xsw_frame_cmp, NULL);
}

struct xsw_grants *xsw_grants_create(struct page **granter, struct page **mapped, u32 nr,
				     bool contiguous)
{
	struct xsw_grants *g;
	int err, ref;

	if (!xsw_grants_usable())
		return ERR_PTR(-EOPNOTSUPP);
	g = kvzalloc(struct_size(g, grant, nr), GFP_KERNEL_ACCOUNT);
	if (!g)
		return ERR_PTR(-ENOMEM);
	g->nr = nr;
	g->granter = granter;
	g->mapped = mapped;
	err = xsw_xen_pages_alloc(mapped, nr, contiguous);
	if (err) {
		kvfree(g);
		return ERR_PTR(err);
	}
	for (; g->nr_refs < nr; g->nr_refs++) {
		ref = gnttab_grant_foreign_access(0, xen_page_to_gfn(granter[g->nr_refs]), 0);
		if (ref < 0) {
			err = ref;
			goto destroy;
		}
		g->grant[g->nr_refs].ref = ref;
		g->grant[g->nr_refs].handle = INVALID_GRANT_HANDLE;
	}
	err = xsw_grants_map(g);
	if (!err)
		return g;

destroy:
	xsw_grants_destroy(g);
	return ERR_PTR(err);
}
