// SPDX-License-Identifier: GPL-2.0
#include <linux/err.h>
#include <linux/mm.h>
#include <linux/slab.h>
#include "handle.h"

#define XSW_CHUNK_SLOTS		128u
#define XSW_NO_SLOT		(~0u)

static atomic_t xsw_handle_sessions;

/**
 * xsw_handles_init() - start with no handle at all
 * @handles:	to set up
 * @limit:	most objects, by kind
 *
 * Return: 0, -ENOMEM.
 */
int xsw_handles_init(struct xsw_handles *handles, const u32 limit[XSW_NR_HANDLE_KINDS])
{
	u32 total = 0;
	int kind;

	for (kind = 0; kind < XSW_NR_HANDLE_KINDS; kind++) {
		handles->limit[kind] = limit[kind];
		handles->count[kind] = 0;
		total += limit[kind];
	}
	spin_lock_init(&handles->lock);
	handles->max_slots = round_up(total, XSW_CHUNK_SLOTS);
	handles->nr_slots = 0;
	handles->free_head = XSW_NO_SLOT;
	handles->free_tail = XSW_NO_SLOT;
	/* A step that is prime to 4095 keeps the sessions' generations apart. */
	handles->first_gen = (u32)atomic_inc_return(&xsw_handle_sessions) * 1009u %
			     XSW_GEN_MAX + 1;
	handles->chunks = kvcalloc(handles->max_slots / XSW_CHUNK_SLOTS,
				   sizeof(*handles->chunks), GFP_KERNEL_ACCOUNT);
	return handles->chunks ? 0 : -ENOMEM;
}

/**
 * xsw_handles_destroy() - free the table; nothing is live any more
 * @handles:	of a session
 */
void xsw_handles_destroy(struct xsw_handles *handles)
{
	u32 i;

	for (i = 0; i < handles->nr_slots / XSW_CHUNK_SLOTS; i++)
		kfree(handles->chunks[i]);
	kvfree(handles->chunks);
}

static struct xsw_slot *slot_at(struct xsw_handles *handles, u32 index)
{
	return &handles->chunks[index / XSW_CHUNK_SLOTS][index % XSW_CHUNK_SLOTS];
}

static void push_free(struct xsw_handles *handles, struct xsw_slot *slot)
{
	slot->next = XSW_NO_SLOT;
	if (handles->free_tail == XSW_NO_SLOT)
		handles->free_head = slot->index;
	else
		slot_at(handles, handles->free_tail)->next = slot->index;
	handles->free_tail = slot->index;
}

static struct xsw_slot *pop_free(struct xsw_handles *handles)
{
	struct xsw_slot *slot;

	if (handles->free_head == XSW_NO_SLOT)
		return NULL;
	slot = slot_at(handles, handles->free_head);
	handles->free_head = slot->next;
	if (handles->free_head == XSW_NO_SLOT)
		handles->free_tail = XSW_NO_SLOT;
	return slot;
}

static void add_chunk(struct xsw_handles *handles, struct xsw_slot *chunk)
{
	u32 i, first = handles->nr_slots;

	handles->chunks[first / XSW_CHUNK_SLOTS] = chunk;
	handles->nr_slots += XSW_CHUNK_SLOTS;
	for (i = 0; i < XSW_CHUNK_SLOTS; i++) {
		chunk[i].index = first + i;
		chunk[i].gen = handles->first_gen;
		push_free(handles, &chunk[i]);
	}
}

/**
 * xsw_handle_new() - reserve a handle, which is not found until it is published
 * @handles:	of a session
 * @kind:	of the object
 * @gfp:	for more slots
 *
 * Return: the slot, or ERR_PTR: -EMFILE there are too many, -ENOMEM.
 */
struct xsw_slot *xsw_handle_new(struct xsw_handles *handles, enum xsw_handle_kind kind,
				gfp_t gfp)
{
	struct xsw_slot *slot, *chunk = NULL;

	spin_lock(&handles->lock);
	if (handles->count[kind] >= handles->limit[kind]) {
		slot = ERR_PTR(-EMFILE);
		goto out;
	}
	slot = pop_free(handles);
	if (!slot) {
		spin_unlock(&handles->lock);
		chunk = kcalloc(XSW_CHUNK_SLOTS, sizeof(*chunk), gfp | __GFP_ACCOUNT);
		spin_lock(&handles->lock);
		if (chunk && handles->nr_slots < handles->max_slots) {
			add_chunk(handles, chunk);
			chunk = NULL;
		}
		/* The limits may have been reached while the lock was not held. */
		slot = handles->count[kind] < handles->limit[kind] ?
			pop_free(handles) ?: ERR_PTR(-ENOMEM) : ERR_PTR(-EMFILE);
		if (IS_ERR(slot))
			goto out;
	}
	slot->obj = NULL;
	slot->kind = kind;
	slot->live = false;
	atomic_set(&slot->uses, 0);
	handles->count[kind]++;
out:
	spin_unlock(&handles->lock);
	kfree(chunk);
	return slot;
}

/**
 * xsw_handle_publish() - let it be found
 * @handles:	of a session
 * @slot:	reserved, with its object set
 */
void xsw_handle_publish(struct xsw_handles *handles, struct xsw_slot *slot)
{
	spin_lock(&handles->lock);
	slot->live = true;
	slot->used = true;
	spin_unlock(&handles->lock);
}

/**
 * xsw_handle_free() - end a handle
 * @handles:	of a session
 * @slot:	reserved or taken
 */
void xsw_handle_free(struct xsw_handles *handles, struct xsw_slot *slot)
{
	spin_lock(&handles->lock);
	slot->obj = NULL;
	slot->live = false;
	slot->gen = slot->gen == XSW_GEN_MAX ? 1 : slot->gen + 1;
	handles->count[slot->kind]--;
	push_free(handles, slot);
	spin_unlock(&handles->lock);
}

static inline struct xsw_slot *find_locked(struct xsw_handles *handles, u32 handle,
					   enum xsw_handle_kind kind)
{
	u32 index = handle & XSW_INDEX_MASK;
	struct xsw_slot *slot;

	if (!(handle >> XSW_INDEX_BITS) || index >= handles->nr_slots)
		return ERR_PTR(-ENOENT);
	slot = slot_at(handles, index);
	if (!slot->used)
		return ERR_PTR(-ENOENT);
	if (slot->gen != handle >> XSW_INDEX_BITS)
		return ERR_PTR(-ESTALE);
	if (!slot->live)
		return ERR_PTR(-ENOENT);
	return slot->kind == kind ? slot : ERR_PTR(-EINVAL);
}

/**
 * xsw_handle_get() - find what a handle names, and keep it
 * @handles:	of a session
 * @handle:	number
 * @kind:	that it must be of
 *
 * Return: the slot, to be given to xsw_handle_put(), or ERR_PTR: -ENOENT never
 * existed, -ESTALE did once, -EINVAL is of another kind.
 */
struct xsw_slot *xsw_handle_get(struct xsw_handles *handles, u32 handle,
				enum xsw_handle_kind kind)
{
	struct xsw_slot *slot;

	spin_lock(&handles->lock);
	slot = find_locked(handles, handle, kind);
	if (!IS_ERR(slot))
		atomic_inc(&slot->uses);
	spin_unlock(&handles->lock);
	return slot;
}

/**
 * xsw_handle_take() - stop it from being found, to take it apart
 * @handles:	of a session
 * @handle:	number
 * @kind:	that it must be of
 *
 * Return: the slot, to be given to xsw_handle_free(), or ERR_PTR: as
 * xsw_handle_get(), and -EBUSY while something uses it.
 */
struct xsw_slot *xsw_handle_take(struct xsw_handles *handles, u32 handle,
				 enum xsw_handle_kind kind)
{
	struct xsw_slot *slot;

	spin_lock(&handles->lock);
	slot = find_locked(handles, handle, kind);
	if (!IS_ERR(slot)) {
		if (atomic_read_acquire(&slot->uses))
			slot = ERR_PTR(-EBUSY);
		else
			slot->live = false;
	}
	spin_unlock(&handles->lock);
	return slot;
}

/**
 * xsw_handle_next() - walk what is live
 * @handles:	of a session
 * @kind:	to look for
 * @index:	0 to begin with; left behind the slot that is returned
 *
 * Return: a slot to be given to xsw_handle_put(), or NULL at the end.
 */
struct xsw_slot *xsw_handle_next(struct xsw_handles *handles, enum xsw_handle_kind kind,
				 u32 *index)
{
	struct xsw_slot *slot;

	spin_lock(&handles->lock);
	while (*index < handles->nr_slots) {
		slot = slot_at(handles, (*index)++);
		if (slot->live && slot->kind == kind) {
			atomic_inc(&slot->uses);
			goto out;
		}
	}
	slot = NULL;
out:
	spin_unlock(&handles->lock);
	return slot;
}
