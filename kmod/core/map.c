// SPDX-License-Identifier: GPL-2.0
/*
 * The map path out of line, and what of it only some take.
 */
#include "map.h"

DEFINE_STATIC_KEY_FALSE(xsw_key_translate);
DEFINE_STATIC_KEY_FALSE(xsw_key_bounce);
DEFINE_STATIC_KEY_FALSE(xsw_key_cache);

/* One that is local and foreign in parts straddles too: unmap will know only where it starts. */
struct xsw_place xsw_translate(struct xsw_env *env, phys_addr_t phys, size_t size)
{
	u64 (*to_machine)(struct xsw_env *env, phys_addr_t phys, bool *foreign);
	struct xsw_place place = { .machine = phys };
	u64 done;

	to_machine = env->ops->phys_to_machine;
	if (!to_machine)
		return place;

	place.machine = to_machine(env, phys, &place.foreign);
	if (place.machine == XSW_MACHINE_NONE)
		return place;
	for (done = PAGE_SIZE - (phys & (PAGE_SIZE - 1)); done < size; done += PAGE_SIZE) {
		bool foreign = false;
		u64 machine = to_machine(env, phys + done, &foreign);

		if (machine == XSW_MACHINE_NONE)
			return (struct xsw_place){ .machine = XSW_MACHINE_NONE };
		if (machine != place.machine + done || foreign != place.foreign)
			place.straddles = true;
	}
	return place;
}

bool xsw_only_dma_crosses(u64 seg_boundary, phys_addr_t phys, dma_addr_t dma, size_t size)
{
	u64 boundary = xsw_boundary_mask(seg_boundary);

	return xsw_crosses(boundary, dma, size) && !xsw_crosses(boundary, phys, size);
}

/* The device's view needs the CPU's caches to be clean. */
void xsw_cache_foreign(struct xsw_env *env, u64 machine, size_t size,
		       enum dma_data_direction dir, bool for_cpu)
{
	if (for_cpu && dir == DMA_TO_DEVICE)
		return;
	if (static_branch_unlikely(&xsw_key_cache) && env->ops->cache_foreign)
		env->ops->cache_foreign(env, machine, size, dir, for_cpu);
}

/* Where only the machine address is known. */
void xsw_cache_machine(struct xsw_env *env, u64 machine, size_t size,
		       enum dma_data_direction dir, bool for_cpu)
{
	phys_addr_t phys = machine;

	if (env->ops->machine_to_phys && !env->ops->machine_to_phys(env, machine, &phys))
		xsw_cache_foreign(env, machine, size, dir, for_cpu);
	else if (!for_cpu)
		xsw_arch_sync_for_device(phys, size, dir);
	else if (dir != DMA_TO_DEVICE)
		xsw_arch_sync_for_cpu(phys, size, dir);
}

/* Another device's memory: bus addresses, which the p2m does not know, and no caches. */
struct xsw_mapped xsw_map_mmio(u64 limit, const struct xsw_dma_range *ranges, unsigned int nr,
			       phys_addr_t phys, size_t size)
{
	struct xsw_dev dev = { .dma_mask = limit, .ranges = ranges, .nr_ranges = nr };
	dma_addr_t dma;

	/* The ends will do: no other device's memory surrounds some of the system's. */
	if (xsw_phys_is_ram(phys) || xsw_phys_is_ram(phys + size - 1))
		return xsw_not_mapped(XSW_CAUSE_BAD_ADDRESS);
	if (!xsw_range_to_dma(&dev, phys, size, &dma) || !xsw_capable(&dev, dma, size))
		return xsw_not_mapped(XSW_CAUSE_MASK);
	return (struct xsw_mapped){ .dma = dma, .reason = XSW_REASON_MMIO };
}

struct xsw_mapped xsw_map_bounced(struct xsw_env *env, const struct xsw_dev *dev,
				  phys_addr_t phys, size_t size, unsigned long attrs,
				  enum xsw_reason reason)
{
	enum xsw_cause cause;
	dma_addr_t dma;

	/* The CPU's view of a bounced mapping differs until the next sync. */
	if (attrs & DMA_ATTR_REQUIRE_COHERENT)
		return xsw_not_mapped(XSW_CAUSE_NEEDS_COHERENT);
	if (dev->no_bounce)
		return xsw_not_mapped(XSW_CAUSE_NO_BOUNCE);
	if (!env->pool)
		return xsw_not_mapped(reason == XSW_REASON_BOUNCE_MASK ? XSW_CAUSE_MASK :
				      reason == XSW_REASON_BOUNCE_STRADDLE ?
				      XSW_CAUSE_NOT_CONTIGUOUS : XSW_CAUSE_NO_BOUNCE);
	cause = xsw_pool_map(env->pool, dev, phys, size, &dma);
	if (cause != XSW_CAUSE_NONE)
		return xsw_not_mapped(cause);
	return (struct xsw_mapped){ .dma = dma, .reason = reason };
}

int xsw_map_errno(enum xsw_cause cause)
{
	switch (cause) {
	case XSW_CAUSE_NONE:
		return 0;
	case XSW_CAUSE_NO_SPACE:
		return -ENOMEM;
	case XSW_CAUSE_BAD_ADDRESS:
	case XSW_CAUSE_BAD_SIZE:
	case XSW_CAUSE_BAD_DIRECTION:
		return -EINVAL;
	default:
		return -EIO;
	}
}

int xsw_map(struct xsw_env *env, const struct xsw_dev *dev, phys_addr_t phys, size_t size,
	    enum dma_data_direction dir, unsigned long attrs, struct xsw_mapped *out)
{
	struct xsw_mapped m = xsw_map_direct(env, dev, phys, size, dir, attrs);

	if (xsw_is_bounced(m.reason))
		m = xsw_map_bounced(env, dev, phys, size, attrs, m.reason);
	*out = m;
	return likely(m.cause == XSW_CAUSE_NONE) ? 0 : xsw_map_errno(m.cause);
}

int xsw_unmap(struct xsw_env *env, const struct xsw_dev *dev, dma_addr_t dma, size_t size,
	      enum dma_data_direction dir, unsigned long attrs, enum xsw_cause *cause)
{
	return xsw_unmap_inline(env, dev, dma, size, dir, attrs, cause);
}

int xsw_sync(struct xsw_env *env, const struct xsw_dev *dev, dma_addr_t dma, size_t size,
	     enum dma_data_direction dir, bool for_cpu, enum xsw_cause *cause)
{
	return xsw_sync_inline(env, dev, dma, size, dir, for_cpu, cause);
}

size_t xsw_max_mapping_size(const struct xsw_env *env, const struct xsw_dev *dev,
			    bool can_bounce)
{
	if (static_branch_unlikely(&xsw_key_translate) && env->ops->phys_to_machine)
		can_bounce = true;
	if (static_branch_unlikely(&xsw_key_bounce) && env->ops->must_bounce)
		can_bounce = true;
	if (!env->pool || dev->no_bounce || (!can_bounce && !dev->force_bounce))
		return SIZE_MAX;
	return xsw_pool_max_mapping(env->pool, dev);
}
