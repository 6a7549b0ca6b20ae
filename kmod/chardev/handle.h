/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Handles: names that a session gives to what it owns.
 *
 * A handle is an index of 20 bits and a generation of 12, which is never 0. Freed
 * slots are used again in the order that they were freed, so that a stale handle
 * is told from a new one for as long as possible.
 */
#ifndef XSW_HANDLE_H
#define XSW_HANDLE_H

#include <linux/atomic.h>
#include <linux/bits.h>
#include <linux/err.h>
#include <linux/spinlock.h>
#include <linux/types.h>

#define XSW_INDEX_BITS		20
#define XSW_INDEX_MASK		(BIT(XSW_INDEX_BITS) - 1)
#define XSW_GEN_MAX		(BIT(32 - XSW_INDEX_BITS) - 1)

enum xsw_handle_kind {
	XSW_HANDLE_ENGINE,
	XSW_HANDLE_BUFFER,
	XSW_HANDLE_MAPPING,
	XSW_NR_HANDLE_KINDS,
};

/**
 * struct xsw_slot - what a handle names
 * @obj:	engine, buffer or mapping; the owner's
 * @uses:	operations and other objects that use it now
 * @index:	of this slot
 * @next:	free list
 * @gen:	generation that a handle must have
 * @kind:	enum xsw_handle_kind
 * @live:	can be found; clear while it is being made or taken apart
 * @used:	has been live at some time: a handle that does not fit is stale, not unknown
 */
struct xsw_slot {
	void		*obj;
	atomic_t	uses;
	u32		index;
	u32		next;
	u16		gen;
	u8		kind;
	bool		live;
	bool		used;
};

/**
 * struct xsw_handles - the handles of a session
 * @lock:	protects all but @uses of a slot; what is in use stays what it is
 * @chunks:	slots, in pages
 * @max_slots:	that there may be
 * @nr_slots:	that there are
 * @free_head:	free slot to use next
 * @free_tail:	free slot to use last
 * @first_gen:	generation that a fresh slot starts with: differs between sessions, so
 *		that another session's handle is refused and not taken for an own one
 * @count:	objects, by kind
 * @limit:	most objects, by kind
 */
struct xsw_handles {
	spinlock_t	lock;	/* all but the uses of a slot */
	struct xsw_slot	**chunks;
	u32		max_slots;
	u32		nr_slots;
	u32		free_head;
	u32		free_tail;
	u16		first_gen;
	u32		count[XSW_NR_HANDLE_KINDS];
	u32		limit[XSW_NR_HANDLE_KINDS];
};

int xsw_handles_init(struct xsw_handles *handles, const u32 limit[XSW_NR_HANDLE_KINDS]);
void xsw_handles_destroy(struct xsw_handles *handles);

struct xsw_slot *xsw_handle_new(struct xsw_handles *handles, enum xsw_handle_kind kind,
				gfp_t gfp);
void xsw_handle_publish(struct xsw_handles *handles, struct xsw_slot *slot);
void xsw_handle_free(struct xsw_handles *handles, struct xsw_slot *slot);

struct xsw_slot *xsw_handle_get(struct xsw_handles *handles, u32 handle,
				enum xsw_handle_kind kind);
struct xsw_slot *xsw_handle_take(struct xsw_handles *handles, u32 handle,
				 enum xsw_handle_kind kind);
struct xsw_slot *xsw_handle_next(struct xsw_handles *handles, enum xsw_handle_kind kind,
				 u32 *index);

/**
 * xsw_handle_value() - the number that the caller knows it by
 * @slot:	reserved, or in use
 *
 * Return: never 0.
 */
static inline u32 xsw_handle_value(const struct xsw_slot *slot)
{
	return (u32)slot->gen << XSW_INDEX_BITS | slot->index;
}

/**
 * xsw_handle_put() - no longer used
 * @slot:	from xsw_handle_get(), or NULL
 *
 * Any context: takes no lock.
 */
static inline void xsw_handle_put(struct xsw_slot *slot)
{
	if (slot)
		atomic_dec_return_release(&slot->uses);
}

#endif /* XSW_HANDLE_H */
