// SPDX-License-Identifier: GPL-2.0
/*
 * Memory for pools: large blocks below a machine address, from all nodes, joined where they adjoin;
 * and one more at a time where a pool is full, given back when it is not wanted any more.
 */
#include <linux/gfp.h>
#include <linux/jiffies.h>
#include <linux/list.h>
#include <linux/mm.h>
#include <linux/mutex.h>
#include <linux/nodemask.h>
#include <linux/pfn.h>
#include <linux/sizes.h>
#include <linux/slab.h>
#include <linux/sort.h>
#include <linux/string.h>
#include <linux/workqueue.h>

#include "internal.h"

/* Smaller blocks than this make areas too small to be of use. */
#define XSW_MIN_BLOCK	SZ_256K
#define XSW_MAX_BLOCK	SZ_4M
/* After a try to grow, and between looks whether to shrink. */
#define XSW_GROW_PAUSE	(HZ / 10)
#define XSW_IDLE	(5 * HZ)

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
 * @kenv:	whose pool it is
 * @limit:	highest machine address
 * @grow:	adds a block; @shrink: takes some out
 * @shrink:	runs while there are added ones
 * @tried:	when @grow ran, jiffies
 * @wanted:	when a map last found no space
 * @lock:	of what follows, but before the pool is used and after
 * @nr_first:	blocks that the pool was made with
 * @nr_more:	blocks that may be added
 * @nr_blocks:	of @blocks
 * @blocks:	the first ones ascending by physical address, then those that were added
 */
struct xsw_poolmem {
	struct xsw_kenv		*kenv;
	u64			limit;
	struct work_struct	grow;
	struct delayed_work	shrink;
	unsigned long		tried;
	unsigned long		wanted;
	struct mutex		lock;	/* see above */
	unsigned int		nr_first;
	unsigned int		nr_more;
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
			    u64 limit, int node, gfp_t gfp)
{
	b->order = order;
	if (kenv->host->alloc_contiguous)
		b->page = kenv->host->alloc_contiguous(&kenv->env, xsw_block_size(b), limit, gfp);
	else
		b->page = alloc_pages_node(node, gfp, order);
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
			   unsigned int order, int node, gfp_t zone)
{
	const gfp_t gfp = GFP_KERNEL | __GFP_NOWARN | __GFP_NORETRY;
	u64 size = (u64)PAGE_SIZE << order, rejected = 0;
	u64 most = min(4 * want + SZ_16M, PFN_PHYS((u64)totalram_pages()) / 4);
	struct page *page, *next;
	LIST_HEAD(rejects);

	while (want >= size && rejected < most) {
		struct xsw_block *b = &mem->blocks[mem->nr_blocks];

		if (!xsw_block_alloc(kenv, b, order, limit, node, gfp | zone))
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
		struct xsw_block b = { .page = page, .order = order };

		list_del(&page->lru);
		xsw_block_free(kenv, &b);
	}
	return want;
}

/* In blocks of @order, then of less, down to @least; returns what is still wanted. */
static u64 xsw_take_memory(struct xsw_kenv *kenv, struct xsw_poolmem *mem, u64 want, u64 limit,
			   unsigned int order, unsigned int least, int node)
{
	gfp_t here = node == NUMA_NO_NODE ? 0 : __GFP_THISNODE;
	unsigned int nr_zones = 1, i;
	gfp_t zones[2] = { };

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
			want = xsw_take_blocks(kenv, mem, want, limit, order, node,
					       zones[i] | here);
		if (order == least)
			return want;
	}
}

/* As much from each node that has memory, as far as it has some in reach. */
static u64 xsw_take_first(struct xsw_kenv *kenv, struct xsw_poolmem *mem, u64 bytes, u64 limit)
{
	unsigned int order = get_order(min_t(u64, bytes, XSW_MAX_BLOCK));
	unsigned int least = min_t(unsigned int, order, get_order(XSW_MIN_BLOCK));
	u64 size = (u64)PAGE_SIZE << order;
	u64 want = max_t(u64, bytes, size);
	u64 share = rounddown(div_u64(want, num_node_state(N_MEMORY)), size);
	int node;

	if (num_node_state(N_MEMORY) > 1 && share)
		for_each_node_state(node, N_MEMORY)
			want -= share - xsw_take_memory(kenv, mem, share, limit, order, order,
							node);
	return xsw_take_memory(kenv, mem, want, limit, order, least, NUMA_NO_NODE);
}

static void xsw_extent_of(const struct xsw_block *b, struct xsw_extent *ext)
{
	ext->vaddr = page_address(b->page);
	ext->phys = page_to_phys(b->page);
	ext->machine = b->machine;
	ext->size = xsw_block_size(b);
	ext->node = page_to_nid(b->page);
}

/* Joins blocks of a node that adjoin for the guest and for the machine. */
static unsigned int xsw_join(const struct xsw_poolmem *mem, struct xsw_extent *ext)
{
	unsigned int i, n = 0;

	for (i = 0; i < mem->nr_blocks; i++) {
		const struct xsw_block *b = &mem->blocks[i];
		phys_addr_t phys = page_to_phys(b->page);
		struct xsw_extent *e;

		if (n) {
			e = &ext[n - 1];
			if (e->phys + e->size == phys && e->machine + e->size == b->machine &&
			    e->node == page_to_nid(b->page)) {
				e->size += xsw_block_size(b);
				continue;
			}
		}
		xsw_extent_of(b, &ext[n++]);
	}
	return n;
}

static void xsw_poolmem_free(struct xsw_kenv *kenv, struct xsw_poolmem *mem)
{
	while (mem->nr_blocks)
		xsw_block_free(kenv, &mem->blocks[--mem->nr_blocks]);
	kvfree(mem);
}

/* ---- growing and shrinking ---- */

/* From a map that found no space, in any context. */
static void xsw_poolmem_full(void *arg)
{
	struct xsw_poolmem *mem = arg;

	WRITE_ONCE(mem->wanted, jiffies);
	if (time_after(jiffies, READ_ONCE(mem->tried) + XSW_GROW_PAUSE))
		schedule_work(&mem->grow);
}

static void xsw_poolmem_grow(struct work_struct *work)
{
	struct xsw_poolmem *mem = container_of(work, struct xsw_poolmem, grow);
	unsigned int order = get_order(XSW_MAX_BLOCK);
	struct xsw_extent ext;

	mutex_lock(&mem->lock);
	if (mem->nr_blocks < mem->nr_first + mem->nr_more &&
	    !xsw_take_memory(mem->kenv, mem, XSW_MAX_BLOCK, mem->limit, order, order,
			     NUMA_NO_NODE)) {
		struct xsw_block *b = &mem->blocks[mem->nr_blocks - 1];

		xsw_extent_of(b, &ext);
		if (xsw_pool_add(mem->kenv->env.pool, &ext)) {
			mem->nr_blocks--;
			xsw_block_free(mem->kenv, b);
		}
	}
	WRITE_ONCE(mem->tried, jiffies);
	mutex_unlock(&mem->lock);
	schedule_delayed_work(&mem->shrink, XSW_IDLE);
}

/*
 * When the pool was not full for a while: what was added last goes first, as long as what stays is
 * less than half full.
 */
static void xsw_poolmem_shrink(struct work_struct *work)
{
	struct xsw_poolmem *mem = container_of(to_delayed_work(work), struct xsw_poolmem, shrink);
	struct xsw_pool *pool = mem->kenv->env.pool;
	unsigned int i;

	mutex_lock(&mem->lock);
	i = mem->nr_blocks;
	if (time_before(jiffies, READ_ONCE(mem->wanted) + XSW_IDLE))
		i = mem->nr_first;
	while (i-- > mem->nr_first) {
		struct xsw_block b = mem->blocks[i];
		struct xsw_pool_info info;

		xsw_pool_get_info(pool, &info);
		if (2 * info.used > info.slots - xsw_block_size(&b) / XSW_SLOT_SIZE)
			break;
		if (xsw_pool_remove(pool, b.machine))
			continue;
		mem->blocks[i] = mem->blocks[--mem->nr_blocks];
		xsw_block_free(mem->kenv, &b);
	}
	if (mem->nr_blocks > mem->nr_first)
		schedule_delayed_work(&mem->shrink, XSW_IDLE);
	mutex_unlock(&mem->lock);
}

int xsw_poolmem_create(struct xsw_kenv *kenv, u64 bytes, u64 most, u64 limit,
		       unsigned int nr_areas)
{
	struct xsw_pool_more more = { .bytes = XSW_MAX_BLOCK, .full = xsw_poolmem_full };
	unsigned int room, nr_more = 0;
	struct xsw_extent *ext = NULL;
	struct xsw_poolmem *mem;
	int err = -ENOMEM;

	bytes = PAGE_ALIGN(bytes);
	if (most > bytes)
		nr_more = DIV_ROUND_UP_ULL(most - bytes, XSW_MAX_BLOCK);
	room = DIV_ROUND_UP_ULL(bytes, XSW_MIN_BLOCK) + 1 + nr_more + 1;
	mem = kvzalloc(struct_size(mem, blocks, room), GFP_KERNEL);
	if (!mem)
		return -ENOMEM;
	mem->kenv = kenv;
	mem->limit = limit;
	mem->tried = jiffies - XSW_GROW_PAUSE;
	INIT_WORK(&mem->grow, xsw_poolmem_grow);
	INIT_DELAYED_WORK(&mem->shrink, xsw_poolmem_shrink);
	mutex_init(&mem->lock);
	if (xsw_take_first(kenv, mem, bytes, limit) > bytes / 2)
		goto free;
	mem->nr_first = mem->nr_blocks;
	mem->nr_more = nr_more;

	sort(mem->blocks, mem->nr_blocks, sizeof(mem->blocks[0]), xsw_block_cmp, NULL);
	ext = kvcalloc(mem->nr_blocks, sizeof(*ext), GFP_KERNEL);
	if (!ext)
		goto free;
	err = xsw_pool_create(ext, xsw_join(mem, ext), nr_areas, &kenv->env.pool);
	if (err)
		goto free;
	more.nr = nr_more;
	more.arg = mem;
	if (nr_more) {
		err = xsw_pool_may_grow(kenv->env.pool, &more);
		if (err)
			goto destroy;
	}
	kvfree(ext);
	kenv->mem = mem;
	return 0;

destroy:
	xsw_pool_destroy(kenv->env.pool);
	kenv->env.pool = NULL;
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
	cancel_work_sync(&mem->grow);
	cancel_delayed_work_sync(&mem->shrink);
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
