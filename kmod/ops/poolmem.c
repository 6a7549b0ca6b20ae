// SPDX-License-Identifier: GPL-2.0
/*
 * Memory for pools: large blocks below a machine address, joined where they adjoin.
 */
#include <linux/gfp.h>
#include <linux/list.h>
#include <linux/mm.h>
#include <linux/pfn.h>
#include <linux/sizes.h>
#include <linux/slab.h>
#include <linux/sort.h>
#include <linux/string.h>

#include "internal.h"

/* Smaller blocks than this make areas too small to be of use. */
#define XSW_MIN_BLOCK	SZ_256K
#define XSW_MAX_BLOCK	SZ_4M

/**
 * struct xsw_block - a block of pages
 * @page:	its first
 * @order:	of its size
 * @machine:	its machine address
 * @exchanged:	its frames were made contiguous, and must be given back
 */
struct xsw_block {
	struct page	*page;
	unsigned int	order;
	u64		machine;
	bool		exchanged;
};

/**
 * struct xsw_poolmem - memory of a pool
 * @nr_blocks:	of @blocks
 * @blocks:	ascending by physical address
 */
struct xsw_poolmem {
	unsigned int		nr_blocks;
	struct xsw_block	blocks[];
};

static u64 xsw_block_size(const struct xsw_block *b)
{
	return (u64)PAGE_SIZE << b->order;
}

static int xsw_block_cmp(const void *a, const void *b)
{
	const struct xsw_block *x = a, *y = b;

	return x->page < y->page ? -1 : x->page > y->page;
}

static bool xsw_block_alloc(struct xsw_kenv *kenv, struct xsw_block *b, unsigned int order,
			    u64 limit, gfp_t gfp)
{
	b->order = order;
	if (kenv->host->alloc_contiguous)
		b->page = kenv->host->alloc_contiguous(&kenv->env, xsw_block_size(b), limit, gfp);
	else
		b->page = alloc_pages(gfp, order);
	return b->page;
}

static void xsw_block_free(struct xsw_kenv *kenv, struct xsw_block *b)
{
	if (kenv->host->free_contiguous) {
		kenv->host->free_contiguous(&kenv->env, b->page, xsw_block_size(b));
		return;
	}
	if (b->exchanged)
		kenv->host->undo_contiguous(&kenv->env, page_to_phys(b->page), xsw_block_size(b));
	__free_pages(b->page, b->order);
}

static bool xsw_block_place(struct xsw_kenv *kenv, struct xsw_block *b, u64 limit)
{
	phys_addr_t phys = page_to_phys(b->page);
	u64 size = xsw_block_size(b);

	b->exchanged = false;
	if (xsw_env_machine(kenv, phys, size, &b->machine) && b->machine <= limit &&
	    size - 1 <= limit - b->machine)
		return true;
	if (!kenv->host->make_contiguous ||
	    kenv->host->make_contiguous(&kenv->env, phys, size, limit, &b->machine))
		return false;
	b->exchanged = true;
	return true;
}

/*
 * Takes blocks of one size from one zone until @want bytes are there. Blocks out of place
 * are held back until the end, lest they come again; returns what is still wanted.
 */
static u64 xsw_take_blocks(struct xsw_kenv *kenv, struct xsw_poolmem *mem, u64 want, u64 limit,
			   unsigned int order, gfp_t zone)
{
	const gfp_t gfp = GFP_KERNEL | __GFP_NOWARN | __GFP_NORETRY;
	u64 size = (u64)PAGE_SIZE << order, rejected = 0;
	u64 most = min(4 * want + SZ_16M, PFN_PHYS((u64)totalram_pages()) / 4);
	struct page *page, *next;
	LIST_HEAD(rejects);

	while (want >= size && rejected < most) {
		struct xsw_block *b = &mem->blocks[mem->nr_blocks];

		if (!xsw_block_alloc(kenv, b, order, limit, gfp | zone))
			break;
		if (xsw_block_place(kenv, b, limit)) {
			memset(page_address(b->page), 0, size);
			mem->nr_blocks++;
			want -= size;
		} else {
			list_add(&b->page->lru, &rejects);
			rejected += size;
			/* Where frames can be exchanged and were not, there are no more. */
			if (kenv->host->make_contiguous)
				break;
		}
	}

	list_for_each_entry_safe(page, next, &rejects, lru) {
		list_del(&page->lru);
		__free_pages(page, order);
	}
	return want;
}

static u64 xsw_take_memory(struct xsw_kenv *kenv, struct xsw_poolmem *mem, u64 bytes, u64 limit)
{
	unsigned int order = get_order(min_t(u64, bytes, XSW_MAX_BLOCK));
	unsigned int least = min_t(unsigned int, order, get_order(XSW_MIN_BLOCK));
	gfp_t zones[2] = { };
	unsigned int nr_zones = 1, i;
	u64 want = max_t(u64, bytes, (u64)PAGE_SIZE << order);

	/* Zones tell nothing where frames can be exchanged. */
	if (!kenv->host->make_contiguous && !kenv->host->alloc_contiguous &&
	    limit < xsw_max_phys()) {
		/* The next one too where the first is not just what is wanted. */
		zones[0] = GFP_DMA32;
		zones[1] = limit < DMA_BIT_MASK(32) ? GFP_DMA : 0;
		nr_zones = limit == DMA_BIT_MASK(32) ? 1 : 2;
	}

	for (;; order--) {
		for (i = 0; i < nr_zones; i++)
			want = xsw_take_blocks(kenv, mem, want, limit, order, zones[i]);
		if (order == least)
			return want;
	}
}

/* Joins blocks that adjoin for the guest and for the machine. */
static unsigned int xsw_join(const struct xsw_poolmem *mem, struct xsw_extent *ext)
{
	unsigned int i, n = 0;

	for (i = 0; i < mem->nr_blocks; i++) {
		const struct xsw_block *b = &mem->blocks[i];
		phys_addr_t phys = page_to_phys(b->page);
		struct xsw_extent *e;

		if (n) {
			e = &ext[n - 1];
			if (e->phys + e->size == phys && e->machine + e->size == b->machine) {
				e->size += xsw_block_size(b);
				continue;
			}
		}
		e = &ext[n++];
		e->vaddr = page_address(b->page);
		e->phys = phys;
		e->machine = b->machine;
		e->size = xsw_block_size(b);
	}
	return n;
}

static void xsw_poolmem_free(struct xsw_kenv *kenv, struct xsw_poolmem *mem)
{
	while (mem->nr_blocks)
		xsw_block_free(kenv, &mem->blocks[--mem->nr_blocks]);
	kvfree(mem);
}

int xsw_poolmem_create(struct xsw_kenv *kenv, u64 bytes, u64 limit, unsigned int nr_areas)
{
	struct xsw_extent *ext = NULL;
	struct xsw_poolmem *mem;
	unsigned int most;
	int err = -ENOMEM;

	bytes = PAGE_ALIGN(bytes);
	most = DIV_ROUND_UP_ULL(bytes, XSW_MIN_BLOCK) + 1;
	mem = kvzalloc(struct_size(mem, blocks, most), GFP_KERNEL);
	if (!mem)
		return -ENOMEM;
	if (xsw_take_memory(kenv, mem, bytes, limit) > bytes / 2)
		goto free;

	sort(mem->blocks, mem->nr_blocks, sizeof(mem->blocks[0]), xsw_block_cmp, NULL);
	ext = kvcalloc(mem->nr_blocks, sizeof(*ext), GFP_KERNEL);
	if (!ext)
		goto free;
	err = xsw_pool_create(ext, xsw_join(mem, ext), nr_areas, &kenv->env.pool);
	if (err)
		goto free;
	kvfree(ext);
	kenv->mem = mem;
	return 0;

free:
	kvfree(ext);
	xsw_poolmem_free(kenv, mem);
	return err;
}

u64 xsw_poolmem_destroy(struct xsw_kenv *kenv)
{
	struct xsw_poolmem *mem = kenv->mem;
	unsigned int i;
	u64 leaked;

	if (!mem)
		return 0;
	leaked = xsw_pool_destroy(kenv->env.pool);
	kenv->env.pool = NULL;
	kenv->mem = NULL;
	if (!leaked) {
		xsw_poolmem_free(kenv, mem);
		return 0;
	}

	/* A device may still write there. */
	for (i = 0; i < mem->nr_blocks; i++)
		atomic_add(1 << mem->blocks[i].order, &xsw_nr_quarantined);
	pr_err("%s: %llu slots of the pool were never unmapped: its memory is given up, the driver that mapped them is at fault\n",
	       kenv->env.ops->name, leaked);
	kvfree(mem);
	return leaked;
}
