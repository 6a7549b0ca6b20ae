// SPDX-License-Identifier: GPL-2.0
#include <linux/bvec.h>
#include <linux/capability.h>
#include <linux/err.h>
#include <linux/mm.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/uaccess.h>
#include "ops.h"
#include "env.h"
#include "mmio.h"
#include "op.h"
#include "stats.h"

/* ---- the pieces of a range that are physically contiguous ---- */

struct piece {
	struct page	*page;
	u32		offset;
	u64		len;
};

/**
 * struct walk - where in a range we are
 * @range:	what is walked
 * @boundary:	2^n - 1, at least a page's: no piece crosses a multiple of 2^n; ~0: none
 * @index:	of the page or bvec
 * @offset:	into it
 * @left:	bytes
 */
struct walk {
	const struct xsw_range	*range;
	u64			boundary;
	u32			index;
	u64			offset;
	u64			left;
};

static void walk_begin(struct walk *walk, const struct xsw_range *range, u64 boundary)
{
	walk->range = range;
	walk->boundary = boundary;
	walk->index = range->pages ? range->offset >> PAGE_SHIFT : 0;
	walk->offset = range->pages ? offset_in_page(range->offset) : range->offset;
	walk->left = range->len;
}

/* One page, or what is left of one bvec, up to the boundary. */
static bool walk_step(struct walk *walk, phys_addr_t *phys, u64 *len)
{
	const struct bio_vec *bvec;
	u64 all, most;

	if (!walk->left)
		return false;
	if (walk->range->pages) {
		*phys = page_to_phys(walk->range->pages[walk->index]) + walk->offset;
		all = PAGE_SIZE - walk->offset;
	} else {
		bvec = walk->range->bvec + walk->index;
		while (walk->offset >= bvec->bv_len) {
			walk->offset -= bvec->bv_len;
			bvec++;
			walk->index++;
		}
		*phys = page_to_phys(bvec->bv_page) + bvec->bv_offset + walk->offset;
		all = bvec->bv_len - walk->offset;
	}
	most = walk->boundary - (*phys & walk->boundary);
	*len = min3(all - 1, walk->left - 1, most) + 1;
	walk->left -= *len;
	walk->offset += *len;
	if (*len == all) {
		walk->index++;
		walk->offset = 0;
	}
	return true;
}

static bool walk_next(struct walk *walk, struct piece *piece)
{
	struct walk ahead;
	phys_addr_t first, phys;
	u64 len;

	if (!walk_step(walk, &first, &piece->len))
		return false;
	if (walk->left) {
		ahead = *walk;
		while (walk_step(&ahead, &phys, &len) && phys == first + piece->len &&
		       phys & walk->boundary) {
			piece->len += len;
			*walk = ahead;
		}
	}
	piece->page = pfn_to_page(PHYS_PFN(first));
	piece->offset = offset_in_page(first);
	return true;
}

/**
 * xsw_range_keep() - a device may write to it at any time from now on
 * @range:	in a registered buffer, whose pages are never to be used again
 */
void xsw_range_keep(const struct xsw_range *range)
{
	struct walk walk;
	phys_addr_t phys;
	u64 len;
	unsigned long pfn;

	walk_begin(&walk, range, ~0ULL);
	while (walk_step(&walk, &phys, &len)) {
		for (pfn = PHYS_PFN(phys); pfn <= PHYS_PFN(phys + len - 1); pfn++) {
			get_page(pfn_to_page(pfn));
			atomic_inc(&xsw_nr_quarantined);
		}
	}
}

/* ---- the DMA API ---- */

/*
 * Its calls are timed and nothing else: what else there is to do differs with whose ops they are.
 */
static u64 clock_begin(const u64 *spent)
{
	return spent ? ktime_get_ns() : 0;
}

static void clock_end(u64 *spent, u64 start)
{
	if (spent)
		*spent += ktime_get_ns() - start;
}

static u32 saturated(u64 ns)
{
	return min_t(u64, ns, U32_MAX);
}

static int cause_errno(u8 cause)
{
	switch (cause) {
	case XSW_CAUSE_NO_SPACE:
	case XSW_CAUSE_NO_MEMORY:
		return -ENOMEM;
	case XSW_CAUSE_BAD_ADDRESS:
	case XSW_CAUSE_BAD_SIZE:
	case XSW_CAUSE_BAD_DIRECTION:
	case XSW_CAUSE_TOO_LARGE:
	case XSW_CAUSE_MISALIGNED:
		return -EINVAL;
	default:
		return -EIO;
	}
}

static bool is_at(phys_addr_t phys, u64 len, dma_addr_t dma)
{
	u64 machine;

	return xsw_env_machine(xsw_host_env(), phys, len, &machine) && dma == machine;
}

/* Where the memory is for the machine, and nowhere else. */
static bool address_unchanged(const struct xsw_dmamap *map, const struct piece *only)
{
	struct scatterlist *sg;
	int i;

	if (map->range.mmio)
		return map->side.dma == map->range.mmio + map->range.offset;
	if (!map->sgt.sgl)
		return is_at(page_to_phys(only->page) + only->offset, only->len, map->side.dma);
	for_each_sgtable_dma_sg(&map->sgt, sg, i)
		if (!is_at(sg_phys(sg), sg->length, sg_dma_address(sg)))
			return false;
	return true;
}

/* It is mapped. Preemption has been disabled since @dead was looked at. */
static __always_inline void keep(struct xsw_dmamap *map)
{
	struct xsw_engine *engine = map->engine;

	if (!engine->removable)
		return;
	spin_lock(&engine->lock);
	list_add(&map->node, &engine->maps);
	spin_unlock(&engine->lock);
}

/* Of the kernel's ops, the address has to tell what they did. */
static noinline int kernels_outcome(struct xsw_dmamap *map, const struct piece *only, int err)
{
	if (err && map->range.mmio) {
		map->cause = XSW_CAUSE_UNSUPPORTED;
		return -EOPNOTSUPP;
	}
	if (err) {
		map->cause = XSW_CAUSE_NO_SPACE;
		return -ENOMEM;
	}
	map->reason = address_unchanged(map, only) ? XSW_REASON_KERNEL_DIRECT :
						     XSW_REASON_KERNEL_OTHER;
	return 0;
}

/*
 * Ours leave word, which is this map's for as long as preemption is disabled: the engine is this
 * session's alone, and only its own threads map for the device.
 */
static __always_inline int our_outcome(const struct xsw_engine *engine, int err, u8 *reason,
				       u8 *cause)
{
	const struct xsw_last_map *last = this_cpu_ptr(engine->xdev->last_map);

	if (err) {
		*cause = last->cause;
		return cause_errno(last->cause);
	}
	*reason = last->reason;
	return 0;
}

static __always_inline int outcome(struct xsw_dmamap *map, const struct piece *only, int err)
{
	if (!map->engine->xdev)
		return kernels_outcome(map, only, err);
	return our_outcome(map->engine, err, &map->reason, &map->cause);
}

/* Segments are the driver's to cut: the DMA API maps each as it is. */
static noinline int build_sg(struct xsw_dmamap *map, gfp_t gfp)
{
	/* No length in a scatterlist is beyond 32 bits. */
	u64 boundary = dma_get_seg_boundary(map->engine->dev) & S32_MAX;
	struct scatterlist *sg;
	struct piece piece;
	struct walk walk;
	u32 nr = 0;

	walk_begin(&walk, &map->range, boundary);
	while (walk_next(&walk, &piece))
		nr++;
	if (sg_alloc_table(&map->sgt, nr, gfp))
		return -ENOMEM;
	sg = map->sgt.sgl;
	walk_begin(&walk, &map->range, boundary);
	while (walk_next(&walk, &piece)) {
		sg_set_page(sg, piece.page, piece.len, piece.offset);
		sg = sg_next(sg);
	}
	return 0;
}

/* True: there is more than the first. */
static noinline bool walk_first(const struct xsw_range *range, struct piece *piece)
{
	struct walk walk;

	walk_begin(&walk, range, ~0ULL);
	walk_next(&walk, piece);
	return walk.left;
}

/* False: it does not lie within one of @pages. */
static __always_inline bool within_page(struct page **pages, u64 offset, u64 len,
					struct piece *piece)
{
	if (len > PAGE_SIZE - offset_in_page(offset))
		return false;
	piece->page = pages[offset >> PAGE_SHIFT];
	piece->offset = offset_in_page(offset);
	piece->len = len;
	return true;
}

/* As walk_first(). Most of what is small lies within a page: there is nothing to walk. */
static __always_inline bool first_piece(const struct xsw_range *range, struct piece *piece)
{
	if (range->pages && within_page(range->pages, range->offset, range->len, piece))
		return false;
	return walk_first(range, piece);
}

/*
 * All but the DMA API: once for a range, however often it is mapped then. Member by member:
 * to clear it all and fill it in is much of what a small job costs, and so are calls.
 */
static __always_inline int prepare(struct xsw_dmamap *map, bool sg, gfp_t gfp, struct piece *first)
{
	map->side = (struct xsw_xfer_side){ };
	map->sgt = (struct sg_table){ };
	map->reason = XSW_REASON_NONE;
	INIT_LIST_HEAD(&map->node);

	if (map->range.mmio) {
		/* No pages for a scatterlist, and not what a simulated device reaches. */
		if (!sg && map->engine->kind != XSW_ENGINE_SIM)
			return 0;
		map->cause = XSW_CAUSE_UNSUPPORTED;
		return -EOPNOTSUPP;
	}
	if ((first_piece(&map->range, first) || sg) && build_sg(map, gfp)) {
		map->cause = XSW_CAUSE_NO_MEMORY;
		return -ENOMEM;
	}
	return 0;
}

/* Map what is prepared; @first is its only piece unless it has a scatterlist. */
static __always_inline int begin(struct xsw_dmamap *map, const struct piece *first, u64 *spent)
{
	struct xsw_engine *engine = map->engine;
	struct device *dev = engine->dev;
	u64 start;
	int err;

	/* A device that goes away waits for whoever is in here. */
	preempt_disable();
	if (READ_ONCE(engine->dead) || (map->range.mmio && xsw_mmio_gone())) {
		map->cause = XSW_CAUSE_NO_DEVICE;
		err = -ENODEV;
		goto out;
	}
	start = clock_begin(spent);
	if (map->sgt.sgl) {
		err = dma_map_sgtable(dev, &map->sgt, map->dir, map->attrs);
		clock_end(spent, start);
	} else {
		if (map->range.mmio)
			map->side.dma = dma_map_resource(dev, map->range.mmio + map->range.offset,
							 map->range.len, map->dir, map->attrs);
		else
			map->side.dma = dma_map_page_attrs(dev, first->page, first->offset,
							   first->len, map->dir, map->attrs);
		clock_end(spent, start);
		err = dma_mapping_error(dev, map->side.dma);
	}
	err = outcome(map, first, err);
	if (!err)
		keep(map);
out:
	preempt_enable();
	return err;
}

/**
 * xsw_dmamap_begin() - xsw_dmamap_map() of what has been filled in
 * @map:	to map; on failure its cause is set
 * @sg:		by dma_map_sg(), even where one call of dma_map_page() would do
 * @gfp:	for the scatterlist
 * @spent:	ns that the DMA API took are added to it, or NULL
 *
 * Return: 0, or a negative errno. -ENOMEM with XSW_CAUSE_NO_MEMORY: @gfp did not get it.
 */
int xsw_dmamap_begin(struct xsw_dmamap *map, bool sg, gfp_t gfp, u64 *spent)
{
	struct piece first;
	int err;

	err = prepare(map, sg, gfp, &first) ?: begin(map, &first, spent);
	if (err) {
		sg_free_table(&map->sgt);
	} else if (map->sgt.sgl) {
		map->side.sgl = map->sgt.sgl;
		map->side.nents = map->sgt.nents;
	}
	return err;
}

static __always_inline void unmap_inline(struct xsw_dmamap *map, unsigned long attrs, u64 *spent)
{
	struct device *dev = map->engine->dev;
	u64 start;

	attrs |= map->attrs;
	/* Timed, it is not to hold another task's turn. */
	preempt_disable();
	start = clock_begin(spent);
	if (map->range.mmio)
		dma_unmap_resource(dev, map->side.dma, map->range.len, map->dir, attrs);
	else if (map->sgt.sgl)
		dma_unmap_sgtable(dev, &map->sgt, map->dir, attrs);
	else
		dma_unmap_page_attrs(dev, map->side.dma, map->range.len, map->dir, attrs);
	clock_end(spent, start);
	preempt_enable();
}

static noinline void unmap(struct xsw_dmamap *map, unsigned long attrs, u64 *spent)
{
	unmap_inline(map, attrs, spent);
}

/* Of a device that can go: as long as the mapping is on its list, the device is there. */
static noinline bool unmap_removable(struct xsw_dmamap *map, unsigned long attrs, u64 *spent)
{
	struct xsw_engine *engine = map->engine;
	bool ended = true;

	spin_lock(&engine->lock);
	/* What is on no list has been ended by xsw_engine_unmap_all(). */
	if (!list_empty(&map->node)) {
		list_del(&map->node);
		ended = !READ_ONCE(engine->unanswered);
		if (ended)
			unmap(map, attrs, spent);
	}
	spin_unlock(&engine->lock);
	return ended;
}

/* False when the device did not answer: as xsw_dmamap_unmap(). */
static __always_inline bool end(struct xsw_dmamap *map, unsigned long attrs, u64 *spent)
{
	if (map->engine->removable)
		return unmap_removable(map, attrs, spent);
	unmap_inline(map, attrs, spent);
	return true;
}

/**
 * xsw_dmamap_unmap() - end a mapping
 * @map:	mapped
 * @attrs:	DMA_ATTR_* in addition
 * @spent:	ns that the DMA API took are added to it, or NULL
 *
 * Return: false when the device did not answer: then nothing was unmapped, and its memory
 * must never be used for anything else.
 */
bool xsw_dmamap_unmap(struct xsw_dmamap *map, unsigned long attrs, u64 *spent)
{
	bool ended = end(map, attrs, spent);

	if (map->sgt.sgl)
		sg_free_table(&map->sgt);
	return ended;
}

void xsw_engine_unmap_all(struct xsw_engine *engine)
{
	struct xsw_dmamap *map;

	/* Bound again, such a device may go on with what it was told before. */
	if (READ_ONCE(engine->unanswered))
		return;
	spin_lock(&engine->lock);
	while ((map = list_first_entry_or_null(&engine->maps, struct xsw_dmamap, node))) {
		list_del_init(&map->node);
		unmap(map, 0, NULL);
		/* Thousands may have to be copied back. */
		cond_resched_lock(&engine->lock);
	}
	spin_unlock(&engine->lock);
}

/**
 * xsw_dmamap_sync() - hand part of a mapping to the CPU or the device
 * @map:	mapped
 * @offset:	0 when it has several segments
 * @len:	the whole length when it has several segments
 * @for_cpu:	or for the device
 * @spent:	ns that the DMA API took are added to it, or NULL
 *
 * Return: false when the device is dead, or has gone that the memory is of.
 */
bool xsw_dmamap_sync(struct xsw_dmamap *map, u64 offset, u64 len, bool for_cpu, u64 *spent)
{
	struct device *dev = map->engine->dev;
	dma_addr_t dma = xsw_dmamap_addr(map);
	bool dead;
	u64 start;

	preempt_disable();
	dead = READ_ONCE(map->engine->dead) || (map->range.mmio && xsw_mmio_gone());
	start = clock_begin(spent);
	/* The CPU sees another device's memory as it is. */
	if (dead || map->range.mmio)
		;
	else if (map->sgt.orig_nents > 1 && for_cpu)
		dma_sync_sgtable_for_cpu(dev, &map->sgt, map->dir);
	else if (map->sgt.orig_nents > 1)
		dma_sync_sgtable_for_device(dev, &map->sgt, map->dir);
	else if (for_cpu)
		dma_sync_single_range_for_cpu(dev, dma, offset, len, map->dir);
	else
		dma_sync_single_range_for_device(dev, dma, offset, len, map->dir);
	clock_end(spent, start);
	preempt_enable();
	return !dead;
}

/* Of the first segment. */
dma_addr_t xsw_dmamap_addr(const struct xsw_dmamap *map)
{
	return map->sgt.sgl ? sg_dma_address(map->sgt.sgl) : map->side.dma;
}

/* ---- two pages, from map to unmap ---- */

static __always_inline bool page_of_buffer(const struct xsw_buffer *buffer, u64 offset, u32 len,
					   struct piece *piece)
{
	return !xsw_out_of_range(offset, len, buffer->bytes) &&
	       within_page(buffer->pages, buffer->page_offset + offset, len, piece);
}

static __always_inline int page_map(const struct xsw_copy *copy, const struct piece *piece,
				    enum dma_data_direction dir, dma_addr_t *dma, u8 *reason,
				    u8 *cause)
{
	struct device *dev = copy->engine->dev;
	int err;

	preempt_disable();
	*dma = dma_map_page_attrs(dev, piece->page, piece->offset, piece->len, dir, copy->attrs);
	err = our_outcome(copy->engine, dma_mapping_error(dev, *dma), reason, cause);
	preempt_enable();
	return err;
}

/**
 * xsw_pages_copy() - map two pages, have the engine copy, and unmap them
 * @copy:	prepared for @job, or for a job that is like it but for its offsets
 * @job:	where in the buffers it copies from and to is not known to be within them
 * @result:	of the job, all 0: a failure without a cause is the engine's
 *
 * Context: task.
 * Return: false: it does not lie in two pages, and nothing was done.
 */
bool xsw_pages_copy(struct xsw_copy *copy, const struct xsw_job *job, struct xsw_result *result)
{
	struct xsw_engine *engine = copy->engine;
	dma_addr_t src_dma, dst_dma;
	struct piece src, dst;
	unsigned long attrs = copy->attrs;
	int err;

	if (!page_of_buffer(copy->src, job->src_offset, job->len, &src) ||
	    !page_of_buffer(copy->dst, job->dst_offset, job->len, &dst))
		return false;
	err = page_map(copy, &src, job->src_dir, &src_dma, &result->src_reason, &result->cause);
	if (err)
		goto out;
	err = page_map(copy, &dst, job->dst_dir, &dst_dma, &result->dst_reason, &result->cause);
	if (err) {
		result->src_reason = XSW_REASON_NONE;
		attrs |= DMA_ATTR_SKIP_CPU_SYNC;
		goto unmap_src;
	}
	result->nr_segs = 2;
	copy->xfer.src.dma = src_dma;
	copy->xfer.dst.dma = dst_dma;
	err = engine->ops->submit(engine, &copy->xfer);
	if (!err)
		result->bytes = job->len;
	dma_unmap_page_attrs(engine->dev, dst_dma, job->len, job->dst_dir, attrs);
unmap_src:
	dma_unmap_page_attrs(engine->dev, src_dma, job->len, job->src_dir, attrs);
out:
	result->status = err;
	return true;
}

/* ---- MAP, UNMAP, SYNC ---- */

long xsw_mapping_create(struct xsw_call *call, const union xsw_op *any)
{
	const struct xsw_map *op = &any->map;
	struct xsw_handles *handles = &call->session->handles;
	struct xsw_slot *slot, *engine_slot, *buffer_slot;
	struct xsw_result *result = &call->result;
	struct xsw_mapping *mapping;
	struct xsw_buffer *buffer;
	u64 spent = 0;
	long ret;

	if (op->dir > XSW_FROM_DEVICE || (op->attrs & ~XSW_ATTRS_ALL) ||
	    !op->len || op->len > XSW_MAX_LEN)
		return xsw_fail(call, -EINVAL, XSW_CAUSE_BAD_VALUE);
	engine_slot = xsw_handle_get(handles, op->engine, XSW_HANDLE_ENGINE);
	if (IS_ERR(engine_slot))
		return xsw_fail_handle(call, PTR_ERR(engine_slot));
	buffer_slot = xsw_handle_get(handles, op->buffer, XSW_HANDLE_BUFFER);
	if (IS_ERR(buffer_slot)) {
		ret = xsw_fail_handle(call, PTR_ERR(buffer_slot));
		goto put_engine;
	}
	buffer = buffer_slot->obj;
	if (xsw_out_of_range(op->offset, op->len, buffer->bytes)) {
		ret = xsw_fail(call, -ERANGE, XSW_CAUSE_OUT_OF_RANGE);
		goto put_buffer;
	}
	slot = xsw_handle_new(handles, XSW_HANDLE_MAPPING, call->gfp);
	if (IS_ERR(slot)) {
		ret = xsw_fail_handle(call, PTR_ERR(slot));
		goto put_buffer;
	}
	mapping = kmalloc(sizeof(*mapping), call->gfp | __GFP_ACCOUNT);
	if (!mapping) {
		ret = xsw_fail(call, -ENOMEM, XSW_CAUSE_NO_MEMORY);
		goto free_slot;
	}
	mapping->map.range = xsw_buffer_range(buffer, op->offset, op->len);
	ret = xsw_dmamap_map(&mapping->map, engine_slot->obj, op->dir, xsw_dma_attrs(op->attrs),
			     op->flags & XSW_F_SG, call->gfp, xsw_spent(op->flags, &spent));
	if (ret) {
		xsw_fail(call, ret, mapping->map.cause);
		goto free_mapping;
	}
	result->map_ns = saturated(spent);
	result->src_reason = mapping->map.reason;
	result->nr_segs = xsw_dmamap_nents(&mapping->map);
	result->bytes = op->len;
	if (capable(CAP_SYS_RAWIO))
		result->value = xsw_dmamap_addr(&mapping->map);
	/* What the caller asks of this map, its unmap does not inherit. */
	mapping->map.attrs &= ~DMA_ATTR_SKIP_CPU_SYNC;
	mapping->engine = engine_slot;
	mapping->buffer = buffer_slot;
	slot->obj = mapping;
	call->created = slot;
	return 0;

free_mapping:
	kfree(mapping);
free_slot:
	xsw_handle_free(handles, slot);
put_buffer:
	xsw_handle_put(buffer_slot);
put_engine:
	xsw_handle_put(engine_slot);
	/* A worker may sleep for what could not be had here. */
	if (ret == -ENOMEM && call->nonblock && result->cause == XSW_CAUSE_NO_MEMORY)
		ret = -EAGAIN;
	return ret;
}

/**
 * xsw_mapping_free() - end a mapping that nothing uses
 * @mapping:	mapping
 * @attrs:	DMA_ATTR_* in addition
 * @spent:	ns that the DMA API took are added to it, or NULL
 *
 * Return: as xsw_dmamap_unmap().
 */
bool xsw_mapping_free(struct xsw_mapping *mapping, unsigned long attrs, u64 *spent)
{
	bool ended = xsw_dmamap_unmap(&mapping->map, attrs, spent);

	if (!ended)
		xsw_buffer_quarantine(mapping->buffer->obj);
	xsw_handle_put(mapping->buffer);
	xsw_handle_put(mapping->engine);
	kfree(mapping);
	return ended;
}

long xsw_mapping_unmap(struct xsw_call *call, const union xsw_op *any)
{
	const struct xsw_unmap *op = &any->unmap;
	struct xsw_handles *handles = &call->session->handles;
	struct xsw_result *result = &call->result;
	struct xsw_mapping *mapping;
	struct xsw_slot *slot;
	bool ended, dead;
	u64 spent = 0;
	long ret = 0;

	if (op->attrs & ~XSW_ATTRS_ALL)
		return xsw_fail(call, -EINVAL, XSW_CAUSE_BAD_VALUE);
	slot = xsw_handle_take(handles, op->mapping, XSW_HANDLE_MAPPING);
	if (IS_ERR(slot))
		return xsw_fail_handle(call, PTR_ERR(slot));
	mapping = slot->obj;
	result->src_reason = mapping->map.reason;
	result->nr_segs = xsw_dmamap_nents(&mapping->map);
	result->bytes = mapping->map.range.len;
	/* The handle ends either way; the memory of a device that did not answer does not. */
	dead = READ_ONCE(mapping->map.engine->dead);
	ended = xsw_mapping_free(mapping, xsw_dma_attrs(op->attrs), xsw_spent(op->flags, &spent));
	if (dead || !ended)
		ret = xsw_fail(call, -ENODEV, XSW_CAUSE_NO_DEVICE);
	result->unmap_ns = saturated(spent);
	xsw_handle_free(handles, slot);
	return ret;
}

long xsw_mapping_sync(struct xsw_call *call, const union xsw_op *any)
{
	const struct xsw_sync *op = &any->sync;
	struct xsw_result *result = &call->result;
	struct xsw_mapping *mapping;
	struct xsw_slot *slot;
	u64 bytes, spent = 0;
	long ret = 0;

	if (op->target != XSW_SYNC_FOR_CPU && op->target != XSW_SYNC_FOR_DEVICE)
		return xsw_fail(call, -EINVAL, XSW_CAUSE_BAD_VALUE);
	slot = xsw_handle_get(&call->session->handles, op->mapping, XSW_HANDLE_MAPPING);
	if (IS_ERR(slot))
		return xsw_fail_handle(call, PTR_ERR(slot));
	mapping = slot->obj;
	bytes = mapping->map.range.len;
	if (!op->len) {
		ret = xsw_fail(call, -EINVAL, XSW_CAUSE_BAD_VALUE);
	} else if (xsw_out_of_range(op->offset, op->len, bytes)) {
		ret = xsw_fail(call, -ERANGE, XSW_CAUSE_OUT_OF_RANGE);
	} else if (mapping->map.sgt.orig_nents > 1 && op->len != bytes) {
		ret = xsw_fail(call, -EINVAL, XSW_CAUSE_BAD_VALUE);
	} else {
		if (!xsw_dmamap_sync(&mapping->map, op->offset, op->len,
				     op->target == XSW_SYNC_FOR_CPU,
				     xsw_spent(op->flags, &spent)))
			ret = xsw_fail(call, -ENODEV, XSW_CAUSE_NO_DEVICE);
		result->sync_ns = saturated(spent);
		result->src_reason = mapping->map.reason;
		result->nr_segs = xsw_dmamap_nents(&mapping->map);
		result->bytes = ret ? 0 : op->len;
	}
	xsw_handle_put(slot);
	return ret;
}

/* ---- MEASURE ---- */

static long measure_one(struct xsw_call *call, const struct xsw_measure *op,
			struct xsw_dmamap *map, const struct piece *first,
			struct xsw_sample *sample, bool *ended)
{
	u64 mapped = 0, synced = 0, unmapped = 0, nothing = 0;
	long ret = begin(map, first, &mapped);

	if (ret)
		return xsw_fail(call, ret, map->cause);
	if (op->sync && !xsw_dmamap_sync(map, 0, op->sync_len, op->sync == XSW_SYNC_FOR_CPU,
					 &synced))
		ret = xsw_fail(call, -ENODEV, XSW_CAUSE_NO_DEVICE);
	*ended = end(map, 0, &unmapped);
	preempt_disable();
	clock_end(&nothing, clock_begin(&nothing));
	preempt_enable();
	*sample = (struct xsw_sample){
		.map_ns		= saturated(mapped),
		.sync_ns	= saturated(synced),
		.unmap_ns	= saturated(unmapped),
		.clock_ns	= saturated(nothing),
	};
	return ret;
}

static long measure(struct xsw_call *call, const struct xsw_measure *op,
		    struct xsw_engine *engine, struct xsw_buffer *buffer,
		    struct xsw_sample *samples)
{
	struct xsw_dmamap map = {
		.engine	= engine,
		.range	= xsw_buffer_range(buffer, op->offset, op->len),
		.dir	= op->dir,
		.attrs	= xsw_dma_attrs(0),
	};
	struct xsw_result *result = &call->result;
	struct piece first;
	bool ended = true;
	long ret;
	u32 i;

	ret = prepare(&map, op->flags & XSW_F_SG, call->gfp, &first);
	if (ret)
		xsw_fail(call, ret, map.cause);
	else if (op->sync && map.sgt.orig_nents > 1 && op->sync_len != op->len)
		ret = xsw_fail(call, -EINVAL, XSW_CAUSE_BAD_VALUE);
	for (i = 0; !ret && i < op->nr; i++) {
		if (xsw_session_over_here(call->session))
			ret = xsw_fail(call, -ECANCELED, XSW_CAUSE_CANCELED);
		else
			ret = measure_one(call, op, &map, &first, &samples[i], &ended);
		cond_resched();
	}
	if (!ended)
		xsw_buffer_quarantine(buffer);
	if (!ret) {
		result->src_reason = map.reason;
		result->nr_segs = xsw_dmamap_nents(&map);
		result->bytes = op->len;
		if (copy_to_user(u64_to_user_ptr(op->samples), samples,
				 op->nr * sizeof(*samples)))
			ret = xsw_fail(call, -EFAULT, XSW_CAUSE_FAULT);
	}
	sg_free_table(&map.sgt);
	return ret;
}

long xsw_measure_run(struct xsw_call *call, const union xsw_op *any)
{
	const struct xsw_measure *op = &any->measure;
	struct xsw_handles *handles = &call->session->handles;
	struct xsw_slot *engine, *buffer;
	struct xsw_sample *samples;
	long ret;

	if (op->dir > XSW_FROM_DEVICE || !op->nr || op->nr > XSW_MAX_VECTOR ||
	    !op->len || op->len > XSW_MAX_LEN || op->sync > XSW_SYNC_FOR_DEVICE ||
	    op->sync_len > op->len || !op->sync != !op->sync_len)
		return xsw_fail(call, -EINVAL, XSW_CAUSE_BAD_VALUE);
	engine = xsw_handle_get(handles, op->engine, XSW_HANDLE_ENGINE);
	if (IS_ERR(engine))
		return xsw_fail_handle(call, PTR_ERR(engine));
	buffer = xsw_handle_get(handles, op->buffer, XSW_HANDLE_BUFFER);
	if (IS_ERR(buffer)) {
		ret = xsw_fail_handle(call, PTR_ERR(buffer));
		goto put_engine;
	}
	if (xsw_out_of_range(op->offset, op->len, ((struct xsw_buffer *)buffer->obj)->bytes)) {
		ret = xsw_fail(call, -ERANGE, XSW_CAUSE_OUT_OF_RANGE);
		goto put_buffer;
	}
	samples = kmalloc_array(op->nr, sizeof(*samples), call->gfp | __GFP_ACCOUNT);
	if (samples)
		ret = measure(call, op, engine->obj, buffer->obj, samples);
	else
		ret = xsw_fail(call, -ENOMEM, XSW_CAUSE_NO_MEMORY);
	kfree(samples);
put_buffer:
	xsw_handle_put(buffer);
put_engine:
	xsw_handle_put(engine);
	return ret;
}
