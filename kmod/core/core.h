/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The core: bounce pool, map decision, translation, sync.
 *
 * Everything here may be called from any context, hard interrupts included: no
 * function sleeps or allocates, but for those that say so. Three kinds of
 * address must not be mixed, and each has its own type and name:
 *
 *   phys_addr_t phys     as the guest's CPU sees it       (pfn, gfn)
 *   u64 machine          as the machine or the bus does   (mfn, bfn)
 *   dma_addr_t dma       what the device is programmed with: the machine
 *                        address after the device's dma_range_map
 *
 * Reasons and causes are the ABI's enum xsw_reason and enum xsw_cause.
 */
#ifndef XSW_CORE_H
#define XSW_CORE_H

#include "xsw_seam.h"
#include "xswiotlb.h"

#define XSW_SLOT_SHIFT		9
#define XSW_SLOT_SIZE		BIT(XSW_SLOT_SHIFT)

#define XSW_MACHINE_NONE	(~(u64)0)	/* no machine frame */

/* ---- what the core must know of a device, for one call ---- */

/**
 * struct xsw_dma_range - one piece of a device's dma_range_map
 * @machine:	first machine address, bytes
 * @dma:	what the device calls it
 * @size:	bytes
 */
struct xsw_dma_range {
	u64		machine;
	dma_addr_t	dma;
	u64		size;
};

/**
 * struct xsw_dev - what the core must know of a device
 * @dma_mask:		highest address that the device can form
 * @bus_limit:		highest address that passes its bus; 0: no limit
 * @min_align_mask:	low bits of phys that the dma address must keep
 * @alloc_align_mask:	2^n - 1: bounced, a mapping shares no 2^n bytes of dma addresses with
 *			another (0: a slot)
 * @seg_boundary:	2^n - 1: a mapping never crosses a multiple of 2^n; ~0: none
 * @ranges:		its dma_range_map, NULL: dma address == machine address
 * @nr_ranges:		of @ranges
 * @coherent:		the device sees the CPU's caches
 * @force_bounce:	bounce everything
 * @no_bounce:		never bounce, fail instead
 */
struct xsw_dev {
	u64				dma_mask;
	u64				bus_limit;
	u64				min_align_mask;
	u64				alloc_align_mask;
	u64				seg_boundary;
	const struct xsw_dma_range	*ranges;
	unsigned int			nr_ranges;
	bool				coherent;
	bool				force_bounce;
	bool				no_bounce;
};

/* Returns false where no range holds all of [machine, machine + size). */
bool xsw_machine_to_dma(const struct xsw_dev *dev, u64 machine, u64 size, dma_addr_t *dma);
/* All of [dma, dma + size) within mask and bus limit, without wrapping. */
bool xsw_dma_capable(const struct xsw_dev *dev, dma_addr_t dma, u64 size);

/* ---- bounce pool ---- */

/**
 * struct xsw_extent - memory to make a pool of
 * @vaddr:	where the CPU reaches it
 * @phys:	its guest physical address
 * @machine:	its machine address: contiguous for the whole extent
 * @size:	bytes, a multiple of XSW_SLOT_SIZE; @phys and @machine are so aligned too
 * @node:	that it is near to; CPUs of that node try it first
 */
struct xsw_extent {
	void		*vaddr;
	phys_addr_t	phys;
	u64		machine;
	u64		size;
	int		node;
};

struct xsw_pool;

/**
 * xsw_pool_create() - make a pool of memory that stays the caller's
 * @ext:	extents; none may overlap another in @phys or in @machine
 * @nr_ext:	at least 1
 * @nr_areas:	areas to aim for, each with its own lock (normally one per CPU);
 *		never cuts an area below 4 MiB unless an extent is smaller
 * @poolp:	receives the pool
 *
 * Context: may sleep. Return: 0, -EINVAL, -ENOMEM.
 */
int xsw_pool_create(const struct xsw_extent *ext, unsigned int nr_ext,
		    unsigned int nr_areas, struct xsw_pool **poolp);

/**
 * xsw_pool_destroy() - give up a pool
 * @pool:	or NULL
 *
 * Context: may sleep; nobody else uses the pool any more.
 * Return: slots that were still in use: 0, or somebody has leaked a mapping.
 */
u64 xsw_pool_destroy(struct xsw_pool *pool);

/**
 * struct xsw_pool_more - how a pool may grow
 * @nr:		areas that may be added
 * @bytes:	of each, a multiple of XSW_SLOT_SIZE
 * @full:	called when a map finds no space though one of @bytes would have it, for a device
 *		that reaches all that the pool was made with; from any context and as often as
 *		that happens
 * @arg:	its argument
 */
struct xsw_pool_more {
	unsigned int	nr;
	u64		bytes;
	void		(*full)(void *arg);
	void		*arg;
};

/**
 * xsw_pool_may_grow() - let a pool grow
 * @pool:	just made, nobody maps yet; at most once
 * @more:	how
 *
 * Context: may sleep. Return: 0, -EINVAL, -ENOMEM.
 */
int xsw_pool_may_grow(struct xsw_pool *pool, const struct xsw_pool_more *more);

/**
 * xsw_pool_add() - add an area to a pool that may grow
 * @pool:	the pool
 * @ext:	its memory, of the size that xsw_pool_may_grow() was told
 *
 * Context: may sleep; one caller at a time. Return: 0; -ENOSPC there are as many as there may
 * be; -EINVAL it overlaps one, has another size, or is not aligned to slots; -ENOMEM.
 */
int xsw_pool_add(struct xsw_pool *pool, const struct xsw_extent *ext);

/**
 * xsw_pool_remove() - take an area that was added out of a pool
 * @pool:	the pool
 * @machine:	of the extent that was added
 *
 * Context: may sleep; one caller at a time, and not one of xsw_pool_add(). Return: 0, its memory is
 * the caller's again; -EBUSY something is mapped there; -ENOENT no such area was added.
 */
int xsw_pool_remove(struct xsw_pool *pool, u64 machine);

/**
 * struct xsw_pool_info - figures of a pool
 * @slots:	in all
 * @used:	in use: exact when nobody maps or unmaps meanwhile
 * @hiwater:	most that were ever in use at once
 * @largest:	bytes of the largest area: the longest mapping there can be
 * @nr_areas:	areas
 */
struct xsw_pool_info {
	u64		slots;
	u64		used;
	u64		hiwater;
	u64		largest;
	unsigned int	nr_areas;
};

void xsw_pool_get_info(const struct xsw_pool *pool, struct xsw_pool_info *info);
/* The same of what is near to @node; of that, no high-water mark is kept. */
void xsw_pool_get_node_info(const struct xsw_pool *pool, int node, struct xsw_pool_info *info);
/* The next high-water mark counts from what is used now. */
void xsw_pool_reset_hiwater(struct xsw_pool *pool);

/* ---- environment: what a machine address is, here ---- */

struct xsw_env;

/**
 * struct xsw_env_ops - the four things that Xen-like guests do differently
 * @name:		of the environment
 * @phys_to_machine:	machine address of @phys, or XSW_MACHINE_NONE; sets @foreign where the
 *			frame is another domain's. NULL: identity. (xsw_key_translate)
 * @machine_to_phys:	where the CPU reaches @machine, if it is local memory; returns
 *			false where it is foreign or that can't be known. NULL: identity.
 * @must_bounce:	extra reason to bounce what is at @machine, for a device that sees the
 *			CPU's caches (@coherent) or not; or XSW_REASON_NONE.
 *			NULL: none. (xsw_key_bounce)
 * @cache_foreign:	clean or invalidate the cache for foreign machine memory, any
 *			offset and length. NULL: no such memory. (xsw_key_cache)
 *
 * All are called from any context. The members that have a key named behind
 * them are looked at only while that key is on.
 */
struct xsw_env_ops {
	const char	*name;
	u64		(*phys_to_machine)(struct xsw_env *env, phys_addr_t phys, bool *foreign);
	bool		(*machine_to_phys)(struct xsw_env *env, u64 machine, phys_addr_t *phys);
	enum xsw_reason	(*must_bounce)(struct xsw_env *env, u64 machine, bool foreign,
				       bool coherent);
	void		(*cache_foreign)(struct xsw_env *env, u64 machine, size_t size,
					 enum dma_data_direction dir, bool for_cpu);
};

/**
 * struct xsw_env - an environment with its pool
 * @ops:	what is different here
 * @pool:	bounce pool, or NULL: nothing can be bounced
 *
 * Embedded in what the environment itself keeps.
 */
struct xsw_env {
	const struct xsw_env_ops	*ops;
	struct xsw_pool			*pool;
};

/*
 * Off while no environment needs them: the map path of a guest that needs none
 * is the plain one. Switched by whoever creates an environment.
 */
DECLARE_STATIC_KEY_FALSE(xsw_key_translate);
DECLARE_STATIC_KEY_FALSE(xsw_key_bounce);
DECLARE_STATIC_KEY_FALSE(xsw_key_cache);

/* ---- the one map path ---- */

/* Attributes: the kernel's DMA_ATTR_*; these are the ones that the core heeds. */
#define XSW_CORE_ATTRS	(DMA_ATTR_SKIP_CPU_SYNC | DMA_ATTR_MMIO | DMA_ATTR_REQUIRE_COHERENT)

/**
 * struct xsw_mapped - what became of a map
 * @dma:	address for the device; DMA_MAPPING_ERROR when the map failed
 * @reason:	of the path taken; XSW_REASON_NONE when the map failed
 * @cause:	of the failure; XSW_CAUSE_NONE when it did not fail
 */
struct xsw_mapped {
	dma_addr_t	dma;
	enum xsw_reason	reason;
	enum xsw_cause	cause;
};

/**
 * xsw_map() - map memory for a device
 * @env:	environment
 * @dev:	the device
 * @phys:	guest physical address; with DMA_ATTR_MMIO of another device's memory
 * @size:	bytes
 * @dir:	direction
 * @attrs:	DMA_ATTR_*
 * @out:	what became of it
 *
 * A map that fails has changed nothing. Bounced, the whole of the mapping is copied to the pool
 * for every direction, so that bytes which the device does not write survive and
 * stale ones never show; what else the device sees of the slots is zeroed.
 *
 * Return: 0; -ENOMEM (no space now), -EINVAL or -EIO (never possible), see @out->cause.
 */
int xsw_map(struct xsw_env *env, const struct xsw_dev *dev, phys_addr_t phys, size_t size,
	    enum dma_data_direction dir, unsigned long attrs, struct xsw_mapped *out);

/**
 * xsw_unmap() - end a mapping
 * @env:	environment
 * @dev:	the device
 * @dma:	as xsw_map() returned it
 * @size:	as mapped
 * @dir:	as mapped
 * @attrs:	DMA_ATTR_SKIP_CPU_SYNC, DMA_ATTR_MMIO
 * @cause:	of a refusal, XSW_CAUSE_NOT_MAPPED or XSW_CAUSE_SIZE_MISMATCH
 *
 * Return: 1 if it was bounced, 0 if not, -EINVAL when refused: then nothing is
 * changed. Only bounced mappings can be checked.
 */
int xsw_unmap(struct xsw_env *env, const struct xsw_dev *dev, dma_addr_t dma, size_t size,
	      enum dma_data_direction dir, unsigned long attrs, enum xsw_cause *cause);

/**
 * xsw_sync() - hand part of a mapping to the CPU or the device
 * @env:	environment
 * @dev:	the device
 * @dma:	anywhere in a mapping
 * @size:	bytes from there; refused when they leave the mapping
 * @dir:	as mapped
 * @for_cpu:	or for the device
 * @cause:	of a refusal, XSW_CAUSE_NOT_MAPPED or XSW_CAUSE_OUT_OF_RANGE
 *
 * Return: 1 if it was bounced, 0 if not, -EINVAL when refused: then nothing is
 * changed. Only bounced mappings can be checked.
 */
int xsw_sync(struct xsw_env *env, const struct xsw_dev *dev, dma_addr_t dma, size_t size,
	     enum dma_data_direction dir, bool for_cpu, enum xsw_cause *cause);

/* Longest mapping that certainly can be bounced in an empty pool; SIZE_MAX where
 * this device never bounces. @can_bounce: whether any memory is out of its reach.
 */
size_t xsw_max_mapping_size(const struct xsw_env *env, const struct xsw_dev *dev,
			    bool can_bounce);

/* Is all the pool within reach of a device with this mask? */
bool xsw_pool_reachable(const struct xsw_env *env, const struct xsw_dev *dev);

/* Names for logs and reports; "?" for a value that is none. */
const char *xsw_reason_name(unsigned int reason);
const char *xsw_cause_name(unsigned int cause);

#endif /* XSW_CORE_H */
