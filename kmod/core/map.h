/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The one map path: translate, decide, map directly or through the pool.
 *
 * Inline for the table of ops, as dma-direct's is for the kernel; xsw_map(), xsw_unmap() and
 * xsw_sync() are the same for everybody else. No pointer to @dev goes to what is called from
 * here on the way of a direct mapping: an inlining caller's copy is never made, then.
 */
#ifndef XSW_MAP_H
#define XSW_MAP_H

#include "pool.h"

/* Where a buffer is for the machine; XSW_MACHINE_NONE: a page has no frame. */
struct xsw_place {
	u64	machine;
	bool	foreign;
	bool	straddles;
};

/* What only some take, out of line. */
struct xsw_place xsw_translate(struct xsw_env *env, phys_addr_t phys, size_t size);
bool xsw_only_dma_crosses(u64 seg_boundary, phys_addr_t phys, dma_addr_t dma, size_t size);
struct xsw_mapped xsw_map_mmio(u64 limit, const struct xsw_dma_range *ranges, unsigned int nr,
			       phys_addr_t phys, size_t size);
void xsw_cache_foreign(struct xsw_env *env, u64 machine, size_t size,
		       enum dma_data_direction dir, bool for_cpu);
void xsw_cache_machine(struct xsw_env *env, u64 machine, size_t size,
		       enum dma_data_direction dir, bool for_cpu);

static __always_inline struct xsw_mapped xsw_not_mapped(enum xsw_cause cause)
{
	return (struct xsw_mapped){ .dma = DMA_MAPPING_ERROR, .cause = cause };
}

static __always_inline bool xsw_valid_dir(enum dma_data_direction dir)
{
	return dir == DMA_BIDIRECTIONAL || dir == DMA_TO_DEVICE || dir == DMA_FROM_DEVICE;
}

static __always_inline bool xsw_is_bounced(enum xsw_reason reason)
{
	return reason >= XSW_REASON_BOUNCE_MASK;
}

static __always_inline bool xsw_crosses(u64 boundary, u64 start, size_t size)
{
	return (start ^ (start + size - 1)) & ~boundary;
}

/* Why these bytes must be bounced, or how they go directly. In the order of Xen's own ops. */
static __always_inline enum xsw_reason
xsw_decide(struct xsw_env *env, const struct xsw_dev *dev, phys_addr_t phys, size_t size,
	   enum dma_data_direction dir, struct xsw_place place, dma_addr_t *dma)
{
	if (unlikely(!xsw_range_to_dma(dev, place.machine, size, dma) ||
		     !xsw_capable(dev, *dma, size)))
		return XSW_REASON_BOUNCE_MASK;
	if (!dev->coherent && xsw_needs_cacheline_bounce(phys, size, dir))
		return XSW_REASON_BOUNCE_CACHELINE;
	/*
	 * A driver keeps to its device's boundary by the guest's addresses, if at all. Where those
	 * are the machine's, that is left to it, as the kernel does.
	 */
	if (unlikely(place.straddles ||
		     (place.machine != phys && xsw_crosses(dev->seg_boundary, *dma, size) &&
		      xsw_only_dma_crosses(dev->seg_boundary, phys, *dma, size))))
		return XSW_REASON_BOUNCE_STRADDLE;
	if (static_branch_unlikely(&xsw_key_bounce) && env->ops->must_bounce) {
		enum xsw_reason reason = env->ops->must_bounce(env, place.machine, place.foreign,
							       dev->coherent);

		if (reason != XSW_REASON_NONE)
			return reason;
	}
	if (unlikely(dev->force_bounce))
		return XSW_REASON_BOUNCE_FORCED;
	return place.foreign ? XSW_REASON_FOREIGN : XSW_REASON_DIRECT;
}

/*
 * As xsw_map(), up to the pool: where the reason is one to bounce and there is no cause,
 * nothing is mapped yet, and xsw_map_bounced() is next. Of @dev, min_align_mask and
 * alloc_align_mask are not looked at.
 */
static __always_inline struct xsw_mapped
xsw_map_direct(struct xsw_env *env, const struct xsw_dev *dev, phys_addr_t phys, size_t size,
	       enum dma_data_direction dir, unsigned long attrs)
{
	struct xsw_place place = { .machine = phys };
	enum xsw_reason reason;
	dma_addr_t dma;

	if (unlikely(!xsw_valid_dir(dir)))
		return xsw_not_mapped(XSW_CAUSE_BAD_DIRECTION);
	if (unlikely(!size))
		return xsw_not_mapped(XSW_CAUSE_BAD_SIZE);
	if (unlikely((phys_addr_t)(phys + size - 1) < phys))
		return xsw_not_mapped(XSW_CAUSE_BAD_ADDRESS);
	if (unlikely(attrs & DMA_ATTR_MMIO))
		return xsw_map_mmio(xsw_dma_limit(dev), dev->ranges, dev->nr_ranges, phys, size);
	if (unlikely(attrs & DMA_ATTR_REQUIRE_COHERENT) && !dev->coherent)
		return xsw_not_mapped(XSW_CAUSE_NEEDS_COHERENT);

	if (static_branch_unlikely(&xsw_key_translate)) {
		place = xsw_translate(env, phys, size);
		if (unlikely(place.machine == XSW_MACHINE_NONE))
			return xsw_not_mapped(XSW_CAUSE_BAD_ADDRESS);
	}
	reason = xsw_decide(env, dev, phys, size, dir, place, &dma);
	if (unlikely(xsw_is_bounced(reason)))
		return (struct xsw_mapped){ .dma = DMA_MAPPING_ERROR, .reason = reason };
	if (!dev->coherent && !(attrs & DMA_ATTR_SKIP_CPU_SYNC)) {
		if (unlikely(place.foreign))
			xsw_cache_foreign(env, place.machine, size, dir, false);
		else
			xsw_arch_sync_for_device(phys, size, dir);
	}
	return (struct xsw_mapped){ .dma = dma, .reason = reason };
}

/* The rest of what xsw_map_direct() has begun, with all of @dev. */
struct xsw_mapped xsw_map_bounced(struct xsw_env *env, const struct xsw_dev *dev,
				  phys_addr_t phys, size_t size, unsigned long attrs,
				  enum xsw_reason reason);

/* 0, -ENOMEM, -EINVAL or -EIO, as xsw_map() returns for @cause. */
int xsw_map_errno(enum xsw_cause cause);

/* Local memory that does not straddle is mapped directly at @machine, and nothing else done. */
static __always_inline bool xsw_local_is_plain(const struct xsw_dev *dev, u64 machine, size_t size,
					       enum dma_data_direction dir, unsigned long attrs)
{
	return xsw_valid_dir(dir) && !(attrs & DMA_ATTR_MMIO) && !dev->ranges && dev->coherent &&
	       !dev->force_bounce && xsw_capable(dev, machine, size);
}

/*
 * Nothing is in the way: xsw_map() would map directly at @phys, and do nothing besides. False
 * tells nothing. Of @dev, what plain devices differ in is looked at.
 */
static __always_inline bool xsw_map_is_plain(const struct xsw_dev *dev, phys_addr_t phys,
					     size_t size, enum dma_data_direction dir,
					     unsigned long attrs)
{
	if (static_branch_unlikely(&xsw_key_translate) || static_branch_unlikely(&xsw_key_bounce))
		return false;
	return xsw_local_is_plain(dev, phys, size, dir, attrs);
}

/* The same for xsw_unmap() and xsw_sync(): they would do nothing. */
static __always_inline bool xsw_unmap_is_plain(const struct xsw_env *env,
					       const struct xsw_dev *dev, dma_addr_t dma,
					       enum dma_data_direction dir)
{
	return xsw_valid_dir(dir) && !dev->ranges && dev->coherent &&
	       !xsw_pool_near(env->pool, dma);
}

/* As xsw_unmap(); of @dev, ranges and coherent are looked at. */
static __always_inline int
xsw_unmap_inline(struct xsw_env *env, const struct xsw_dev *dev, dma_addr_t dma, size_t size,
		 enum dma_data_direction dir, unsigned long attrs, enum xsw_cause *cause)
{
	struct xsw_area *area;
	u64 machine;

	*cause = XSW_CAUSE_NONE;
	if (unlikely(!xsw_valid_dir(dir))) {
		*cause = XSW_CAUSE_BAD_DIRECTION;
		return -EINVAL;
	}
	if (unlikely(attrs & DMA_ATTR_MMIO))
		return 0;
	if (unlikely(!xsw_range_to_machine(dev, dma, &machine))) {
		*cause = XSW_CAUSE_NOT_MAPPED;
		return -EINVAL;
	}
	area = xsw_pool_find(env->pool, machine);
	if (area) {
		*cause = xsw_pool_unmap(area, dev->coherent, machine, size, dir, attrs);
		return *cause == XSW_CAUSE_NONE ? 1 : -EINVAL;
	}
	if (!dev->coherent && !(attrs & DMA_ATTR_SKIP_CPU_SYNC))
		xsw_cache_machine(env, machine, size, dir, true);
	return 0;
}

/* As xsw_sync(); of @dev, ranges and coherent are looked at. */
static __always_inline int
xsw_sync_inline(struct xsw_env *env, const struct xsw_dev *dev, dma_addr_t dma, size_t size,
		enum dma_data_direction dir, bool for_cpu, enum xsw_cause *cause)
{
	struct xsw_area *area;
	u64 machine;

	*cause = XSW_CAUSE_NONE;
	if (unlikely(!xsw_valid_dir(dir))) {
		*cause = XSW_CAUSE_BAD_DIRECTION;
		return -EINVAL;
	}
	if (unlikely(!xsw_range_to_machine(dev, dma, &machine))) {
		*cause = XSW_CAUSE_NOT_MAPPED;
		return -EINVAL;
	}
	area = xsw_pool_find(env->pool, machine);
	if (area) {
		*cause = xsw_pool_sync(area, dev->coherent, machine, size, dir, for_cpu);
		return *cause == XSW_CAUSE_NONE ? 1 : -EINVAL;
	}
	if (!dev->coherent)
		xsw_cache_machine(env, machine, size, dir, for_cpu);
	return 0;
}

#endif /* XSW_MAP_H */
