// SPDX-License-Identifier: GPL-2.0
#include <linux/err.h>
#include <linux/mm.h>
#include <linux/nodemask.h>
#include <linux/overflow.h>
#include <linux/sched/mm.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include "env.h"
#include "mmio.h"
#include "op.h"
#include "stats.h"
#include "vm_flags.h"

/* How hard to look for pages at the right place: at most this much is held meanwhile. */
#define XSW_SEARCH_TRIES	256
#define XSW_SEARCH_BYTES	SZ_64M	/* of each zone of a node */

static bool charge(atomic64_t *counter, u64 bytes, int limit)
{
	if (atomic64_add_return(bytes, counter) <= (u64)xsw_limits[limit].value << 20)
		return true;
	atomic64_sub(bytes, counter);
	return false;
}

static u64 buffer_size(const struct xsw_buffer *buffer)
{
	return (u64)buffer->nr_pages << PAGE_SHIFT;
}

/* ---- user memory ---- */

/* Asked of pages that are pinned: what they are does not change any more. */
static bool may_pin(const struct xsw_buffer *buffer)
{
	const struct xsw_host_env_ops *host = xsw_host_env()->host;
	u32 i;

	if (host->may_pin)
		for (i = 0; i < buffer->nr_pages; i++)
			if (!host->may_pin(buffer->pages[i]))
				return false;
	return true;
}

static long pin_user(struct xsw_call *call, struct xsw_buffer *buffer, u64 addr)
{
	u64 size = buffer_size(buffer);
	u32 pinned = 0;
	long ret;

	if (!charge(&call->session->pinned, size, XSW_LIMIT_PINNED_MIB))
		return xsw_fail(call, -ENOMEM, XSW_CAUSE_LIMIT);
	if (account_locked_vm(current->mm, buffer->nr_pages, true)) {
		ret = xsw_fail(call, -ENOMEM, XSW_CAUSE_LIMIT);
		goto uncharge;
	}
	while (pinned < buffer->nr_pages) {
		ret = pin_user_pages_fast((addr & PAGE_MASK) + ((u64)pinned << PAGE_SHIFT),
					  buffer->nr_pages - pinned,
					  FOLL_WRITE | FOLL_LONGTERM, buffer->pages + pinned);
		if (ret <= 0)
			goto unpin;
		pinned += ret;
	}
	if (!may_pin(buffer)) {
		ret = -EOPNOTSUPP;
		goto unpin;
	}
	buffer->mm = current->mm;
	mmgrab(buffer->mm);
	return 0;

unpin:
	unpin_user_pages(buffer->pages, pinned);
	account_locked_vm(current->mm, buffer->nr_pages, false);
	ret = ret == -EOPNOTSUPP ? xsw_fail(call, ret, XSW_CAUSE_UNSUPPORTED) :
	      ret == -ENOMEM ? xsw_fail(call, ret, XSW_CAUSE_NO_MEMORY) :
			       xsw_fail(call, -EFAULT, XSW_CAUSE_FAULT);
uncharge:
	atomic64_sub(size, &call->session->pinned);
	return ret;
}

static void unpin_user(struct xsw_session *session, struct xsw_buffer *buffer)
{
	if (!buffer->quarantined)
		unpin_user_pages_dirty_lock(buffer->pages, buffer->nr_pages, true);
	account_locked_vm(buffer->mm, buffer->nr_pages, false);
	mmdrop(buffer->mm);
	atomic64_sub(buffer_size(buffer), &session->pinned);
}

/* ---- kernel memory ---- */

/* Does it map as this host's devices do? Else what its frames are is its own matter. */
static bool of_host(const struct xsw_engine *engine)
{
	return engine->env == xsw_host_env();
}

/* A real device's mask is about machine addresses, and so are the kernel's own ops. */
static bool placed_well(struct xsw_engine *engine, phys_addr_t phys, u64 size, u32 placement)
{
	bool contiguous = true;
	u64 addr = phys;

	if (of_host(engine) || !engine->xdev)
		contiguous = xsw_env_machine(xsw_host_env(), phys, size, &addr);
	switch (placement) {
	case XSW_PLACE_LOW:
		return contiguous && addr + size - 1 <= engine->dma_mask;
	case XSW_PLACE_ABOVE_MASK:
		return addr > engine->dma_mask;
	default:
		return true;
	}
}

/* As alloc_pages_exact(), of @node and no other. */
static void *alloc_exact(int node, u64 size, gfp_t gfp)
{
	unsigned int order = get_order(size), i;
	struct page *page = alloc_pages_node(node, gfp | __GFP_THISNODE, order);

	if (!page)
		return NULL;
	split_page(page, order);
	for (i = size >> PAGE_SHIFT; i < 1U << order; i++)
		__free_page(page + i);
	return page_address(page);
}

/* Keeps what is in the wrong place until something is in the right one, then gives it back. */
static void *search(struct xsw_engine *engine, int node, gfp_t gfp, u64 size, u32 placement)
{
	u32 tries = clamp_t(u64, XSW_SEARCH_BYTES / size, 1, XSW_SEARCH_TRIES);
	void *found = NULL, *rejected = NULL, *next, *mem;

	while (tries-- && !found && !fatal_signal_pending(current)) {
		mem = alloc_exact(node, size, gfp);
		if (!mem)
			break;
		if (placed_well(engine, virt_to_phys(mem), size, placement)) {
			found = mem;
		} else {
			*(void **)mem = rejected;
			rejected = mem;
			cond_resched();
		}
	}
	for (; rejected; rejected = next) {
		next = *(void **)rejected;
		free_pages_exact(rejected, size);
	}
	return found;
}

/* The allocator can't be told about an arbitrary mask: zone by zone and node by node. */
static void *alloc_placed(struct xsw_engine *engine, u64 size, u32 placement)
{
	const gfp_t gfp = GFP_KERNEL_ACCOUNT | __GFP_NOWARN | __GFP_NORETRY;
	static const gfp_t zones[] = { 0, GFP_DMA32, GFP_DMA };
	int node, near = numa_mem_id();
	void *found;
	u32 i;

	if (placement != XSW_PLACE_LOW && placement != XSW_PLACE_ABOVE_MASK)
		return alloc_pages_exact(size, gfp | __GFP_ZERO);
	/* On Xen a low zone may well have high machine addresses. */
	for (i = 0; i < ARRAY_SIZE(zones); i++) {
		found = search(engine, near, gfp | zones[i], size, placement);
		for_each_node_state(node, N_MEMORY)
			if (!found && node != near)
				found = search(engine, node, gfp | zones[i], size, placement);
		if (found)
			return memset(found, 0, size);
	}
	return NULL;
}

/* Turns a buffer's own pages into ones that are granted, and mapped elsewhere. */
static int grant_pages(struct xsw_buffer *buffer, u32 placement)
{
	bool contiguous = placement != XSW_PLACE_FOREIGN;
	struct page **mapped;

	mapped = kvcalloc(buffer->nr_pages, sizeof(*mapped), GFP_KERNEL_ACCOUNT);
	if (!mapped)
		return -ENOMEM;
	if (placement == XSW_PLACE_STRADDLE)
		xsw_grants_scatter(buffer->pages, buffer->nr_pages);
	buffer->grants = xsw_grants_create(buffer->pages, mapped, buffer->nr_pages, contiguous);
	if (IS_ERR(buffer->grants)) {
		int err = PTR_ERR(buffer->grants);

		buffer->grants = NULL;
		kvfree(mapped);
		return err;
	}
	buffer->granter = buffer->pages;
	buffer->pages = mapped;
	return 0;
}

static bool of_sim_range(u32 placement)
{
	return placement == XSW_PLACE_STRADDLE || placement == XSW_PLACE_FOREIGN;
}

static long place_kernel(struct xsw_call *call, struct xsw_buffer *buffer, u32 placement,
			 struct xsw_slot *engine_slot)
{
	struct xsw_engine *engine = engine_slot ? engine_slot->obj : NULL;
	int err;

	if (!of_sim_range(placement) && placement != XSW_PLACE_FOREIGN_CONTIG)
		return 0;
	if (!of_host(engine)) {
		err = xsw_sim_place(engine->env, page_to_phys(buffer->pages[0]),
				    buffer_size(buffer), placement);
		if (!err)
			buffer->engine = engine_slot;
	} else {
		err = grant_pages(buffer, placement);
	}
	if (!err)
		return 0;
	return xsw_fail(call, err, err == -ENOSPC ? XSW_CAUSE_LIMIT :
				   err == -ENOMEM ? XSW_CAUSE_NO_MEMORY :
				   err == -EIO ? XSW_CAUSE_DEVICE : XSW_CAUSE_UNSUPPORTED);
}

static long alloc_mmio(struct xsw_call *call, struct xsw_buffer *buffer)
{
	struct xsw_mmio *mmio = xsw_mmio_create(buffer->nr_pages);
	int err = PTR_ERR_OR_ZERO(mmio);

	if (err)
		return xsw_fail(call, err, err == -ENOMEM ? XSW_CAUSE_NO_MEMORY :
					   err == -ENOSPC ? XSW_CAUSE_LIMIT :
					   err == -ENODEV ? XSW_CAUSE_NO_DEVICE :
							    XSW_CAUSE_UNSUPPORTED);
	buffer->mmio = mmio;
	return 0;
}

static long alloc_kernel(struct xsw_call *call, struct xsw_buffer *buffer, u32 placement,
			 struct xsw_slot *engine_slot)
{
	struct xsw_engine *engine = engine_slot ? engine_slot->obj : NULL;
	u64 size = buffer_size(buffer);
	void *mem;
	u32 i;
	int err;

	if (!charge(&call->session->kernel_bytes, size, XSW_LIMIT_KERNEL_MIB))
		return xsw_fail(call, -ENOMEM, XSW_CAUSE_LIMIT);
	mem = alloc_placed(engine, size, placement);
	if (!mem) {
		err = xsw_fail(call, -ENOMEM, XSW_CAUSE_NO_MEMORY);
		goto uncharge;
	}
	for (i = 0; i < buffer->nr_pages; i++)
		buffer->pages[i] = virt_to_page(mem + (u64)i * PAGE_SIZE);

	err = place_kernel(call, buffer, placement, engine_slot);
	if (!err)
		return 0;
	free_pages_exact(mem, size);
uncharge:
	atomic64_sub(size, &call->session->kernel_bytes);
	return err;
}

static void free_kernel(struct xsw_session *session, struct xsw_buffer *buffer)
{
	struct page **own = buffer->granter ? buffer->granter : buffer->pages;
	struct xsw_engine *engine;
	u32 i;

	if (buffer->grants && buffer->quarantined)
		xsw_grants_keep(buffer->grants);
	else if (buffer->grants)
		xsw_grants_destroy(buffer->grants);
	if (buffer->engine) {
		engine = buffer->engine->obj;
		xsw_sim_unplace(engine->env, page_to_phys(buffer->pages[0]),
				buffer_size(buffer));
		xsw_handle_put(buffer->engine);
	}
	/* A page that is still mapped in userspace lives until it no longer is. */
	if (!buffer->quarantined)
		for (i = 0; i < buffer->nr_pages; i++)
			put_page(own[i]);
	atomic64_sub(buffer_size(buffer), &session->kernel_bytes);
}

/* ---- both ---- */

static struct xsw_buffer *buffer_new(u64 offset, u64 bytes, bool mmio)
{
	struct xsw_buffer *buffer = kzalloc(sizeof(*buffer), GFP_KERNEL_ACCOUNT);

	if (!buffer)
		return NULL;
	buffer->page_offset = offset;
	buffer->bytes = bytes;
	buffer->nr_pages = PAGE_ALIGN(offset + bytes) >> PAGE_SHIFT;
	if (mmio)
		return buffer;
	buffer->pages = kvcalloc(buffer->nr_pages, sizeof(*buffer->pages), GFP_KERNEL_ACCOUNT);
	if (buffer->pages)
		return buffer;
	kfree(buffer);
	return NULL;
}

static void buffer_release(struct xsw_buffer *buffer)
{
	kvfree(buffer->granter);
	kvfree(buffer->pages);
	kfree(buffer);
}

static bool buf_create_valid(const struct xsw_buf_create *op)
{
	u64 end;

	if (op->placement > XSW_PLACE_MMIO || !op->bytes || op->bytes > XSW_MAX_LEN)
		return false;
	if (!op->engine && op->placement != XSW_PLACE_ANY)
		return false;
	switch (op->kind) {
	case XSW_BUF_USER:
		/* Rounding up to pages must not wrap either. */
		return op->placement == XSW_PLACE_ANY && !op->page_offset &&
		       !check_add_overflow(op->addr, op->bytes + PAGE_SIZE, &end);
	case XSW_BUF_KERNEL:
		return !op->addr && op->page_offset < 4096;
	default:
		return false;
	}
}

static bool placement_possible(const struct xsw_engine *engine, u32 placement)
{
	if (placement == XSW_PLACE_MMIO)
		return engine->kind != XSW_ENGINE_SIM && xsw_mmio_there();
	if (of_host(engine))
		return placement <= XSW_PLACE_ABOVE_MASK || xsw_grants_usable();
	return !of_sim_range(placement) || engine->xdev;
}

long xsw_buffer_create(struct xsw_call *call, const union xsw_op *any)
{
	const struct xsw_buf_create *op = &any->buf_create;
	struct xsw_handles *handles = &call->session->handles;
	struct xsw_slot *slot, *engine_slot = NULL;
	struct xsw_buffer *buffer;
	struct xsw_engine *engine;
	long ret;

	if (!buf_create_valid(op))
		return xsw_fail(call, -EINVAL, XSW_CAUSE_BAD_VALUE);
	if (op->engine) {
		engine_slot = xsw_handle_get(handles, op->engine, XSW_HANDLE_ENGINE);
		if (IS_ERR(engine_slot))
			return xsw_fail_handle(call, PTR_ERR(engine_slot));
		engine = engine_slot->obj;
		if (!placement_possible(engine, op->placement)) {
			ret = xsw_fail(call, -EINVAL, XSW_CAUSE_UNSUPPORTED);
			goto put_engine;
		}
	}
	slot = xsw_handle_new(handles, XSW_HANDLE_BUFFER, call->gfp);
	if (IS_ERR(slot)) {
		ret = xsw_fail_handle(call, PTR_ERR(slot));
		goto put_engine;
	}
	buffer = buffer_new(op->kind == XSW_BUF_USER ? offset_in_page(op->addr) :
						       op->page_offset, op->bytes,
			    op->placement == XSW_PLACE_MMIO);
	if (!buffer) {
		ret = xsw_fail(call, -ENOMEM, XSW_CAUSE_NO_MEMORY);
		goto free_slot;
	}
	if (op->kind == XSW_BUF_USER)
		ret = pin_user(call, buffer, op->addr);
	else if (op->placement == XSW_PLACE_MMIO)
		ret = alloc_mmio(call, buffer);
	else
		ret = alloc_kernel(call, buffer, op->placement, engine_slot);
	if (ret)
		goto free_buffer;
	slot->obj = buffer;
	call->created = slot;
	if (op->kind == XSW_BUF_KERNEL)
		call->result.value = (u64)xsw_handle_value(slot) << PAGE_SHIFT;
	if (!buffer->engine)
		xsw_handle_put(engine_slot);
	return 0;

free_buffer:
	buffer_release(buffer);
free_slot:
	xsw_handle_free(handles, slot);
put_engine:
	xsw_handle_put(engine_slot);
	return ret;
}

/**
 * xsw_buffer_free() - unpin or free a buffer that nothing uses
 * @session:	that it counts against
 * @buffer:	buffer
 */
void xsw_buffer_free(struct xsw_session *session, struct xsw_buffer *buffer)
{
	if (buffer->mm) {
		unpin_user(session, buffer);
	} else if (buffer->mmio) {
		if (buffer->quarantined)
			xsw_mmio_keep(buffer->mmio);
		xsw_mmio_put(buffer->mmio);
	} else {
		free_kernel(session, buffer);
	}
	buffer_release(buffer);
}

long xsw_buffer_destroy(struct xsw_call *call, const union xsw_op *any)
{
	const struct xsw_handle *op = &any->handle;
	struct xsw_handles *handles = &call->session->handles;
	struct xsw_slot *slot = xsw_handle_take(handles, op->handle, XSW_HANDLE_BUFFER);

	if (IS_ERR(slot))
		return xsw_fail_handle(call, PTR_ERR(slot));
	xsw_buffer_free(call->session, slot->obj);
	xsw_handle_free(handles, slot);
	return 0;
}

/**
 * xsw_buffer_quarantine() - a device may write to it at any time from now on
 * @buffer:	whose pages are never to be used again
 */
void xsw_buffer_quarantine(struct xsw_buffer *buffer)
{
	if (!test_and_set_bit(0, &buffer->quarantined))
		atomic_add(buffer->nr_pages, &xsw_nr_quarantined);
}

/**
 * xsw_buffer_mmap() - map a kernel buffer for its owner
 * @session:	of the file
 * @vma:	page offset is the buffer's handle
 *
 * The pages are mapped one by one, each with a reference of its own: destroying the
 * buffer takes nothing away from under the mapping.
 *
 * Return: 0, -EINVAL, -EPERM, -ENOENT, -ESTALE, -ENXIO (longer than the buffer), -ENOMEM.
 */
int xsw_buffer_mmap(struct xsw_session *session, struct vm_area_struct *vma)
{
	struct xsw_buffer *buffer;
	struct xsw_slot *slot;
	int err;

	if (vma->vm_flags & VM_EXEC)
		return -EPERM;
	if (!(vma->vm_flags & VM_SHARED) || vma->vm_pgoff > U32_MAX)
		return -EINVAL;
	slot = xsw_handle_get(&session->handles, vma->vm_pgoff, XSW_HANDLE_BUFFER);
	if (IS_ERR(slot))
		return PTR_ERR(slot);
	buffer = slot->obj;
	if (buffer->mm) {
		err = -EINVAL;
	} else {
		vm_flags_set(vma, VM_DONTEXPAND | VM_DONTDUMP);
		vm_flags_clear(vma, VM_MAYEXEC);
		if (buffer->mmio)
			err = xsw_mmio_mmap(buffer->mmio, vma);
		else
			err = vm_map_pages_zero(vma, buffer->granter ? buffer->granter :
						buffer->pages, buffer->nr_pages);
	}
	xsw_handle_put(slot);
	return err;
}
