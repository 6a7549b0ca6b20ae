// SPDX-License-Identifier: GPL-2.0
/*
 * The one map path: translate, decide, map directly or through the pool.
 */
#include "pool.h"

DEFINE_STATIC_KEY_FALSE(xsw_key_translate);
DEFINE_STATIC_KEY_FALSE(xsw_key_bounce);
DEFINE_STATIC_KEY_FALSE(xsw_key_cache);

/* Where a buffer is for the machine. */
struct xsw_place {
	u64	machine;
	bool	foreign;
	bool	straddles;
};

static bool valid_dir(enum dma_data_direction dir)
{
	return dir == DMA_BIDIRECTIONAL || dir == DMA_TO_DEVICE || dir == DMA_FROM_DEVICE;
}

/*
 * False where a page has no machine frame. A buffer that is local and
 * foreign in parts straddles too: unmap will know only where it starts.
 */
static bool translate(struct xsw_env *env, phys_addr_t phys, size_t size,
		      struct xsw_place *place)
{
	u64 (*to_machine)(struct xsw_env *env, phys_addr_t phys, bool *foreign);
	u64 done;

	*place = (struct xsw_place){ .machine = phys };
	if (!static_branch_unlikely(&xsw_key_translate))
		return true;
	to_machine = env->ops->phys_to_machine;
	if (!to_machine)
		return true;

	place->machine = to_machine(env, phys, &place->foreign);
	if (place->machine == XSW_MACHINE_NONE)
		return false;
	for (done = PAGE_SIZE - (phys & (PAGE_SIZE - 1)); done < size; done += PAGE_SIZE) {
		bool foreign = false;
		u64 machine = to_machine(env, phys + done, &foreign);

		if (machine == XSW_MACHINE_NONE)
			return false;
		if (machine != place->machine + done || foreign != place->foreign)
			place->straddles = true;
	}
	return true;
}

/* Why these bytes must be bounced, or how they go directly. In the order of Xen's own ops. */
static enum xsw_reason decide(struct xsw_env *env, const struct xsw_dev *dev, phys_addr_t phys,
			      size_t size, enum dma_data_direction dir,
			      const struct xsw_place *place, dma_addr_t *dma)
{
	if (!xsw_range_to_dma(dev, place->machine, size, dma) ||
	    !xsw_capable(dev, *dma, size))
		return XSW_REASON_BOUNCE_MASK;
	if (!dev->coherent && xsw_needs_cacheline_bounce(phys, size, dir))
		return XSW_REASON_BOUNCE_CACHELINE;
	if (place->straddles)
		return XSW_REASON_BOUNCE_STRADDLE;
	if (static_branch_unlikely(&xsw_key_bounce) && env->ops->must_bounce) {
		enum xsw_reason reason = env->ops->must_bounce(env, dev, phys, place->machine,
							       place->foreign);

		if (reason != XSW_REASON_NONE)
			return reason;
	}
	if (dev->force_bounce)
		return XSW_REASON_BOUNCE_FORCED;
	return place->foreign ? XSW_REASON_FOREIGN : XSW_REASON_DIRECT;
}

/* Caches, for memory that is mapped directly. The device's view needs the CPU's to be clean. */
static void cache_direct(struct xsw_env *env, bool local, phys_addr_t phys, u64 machine,
			 size_t size, enum dma_data_direction dir, bool for_cpu)
{
	if (for_cpu && dir == DMA_TO_DEVICE)
		return;
	if (!local) {
		if (static_branch_unlikely(&xsw_key_cache) && env->ops->cache_foreign)
			env->ops->cache_foreign(env, machine, size, dir, for_cpu);
	} else if (for_cpu) {
		xsw_arch_sync_for_cpu(phys, size, dir);
	} else {
		xsw_arch_sync_for_device(phys, size, dir);
	}
}

/* The same where only the machine address is known. */
static void cache_machine(struct xsw_env *env, u64 machine, size_t size,
			  enum dma_data_direction dir, bool for_cpu)
{
	phys_addr_t phys = machine;
	bool local = true;

	if (env->ops->machine_to_phys)
		local = env->ops->machine_to_phys(env, machine, &phys);
	cache_direct(env, local, phys, machine, size, dir, for_cpu);
}

static int fail(struct xsw_mapped *out, enum xsw_cause cause)
{
	*out = (struct xsw_mapped){ .dma = DMA_MAPPING_ERROR, .cause = cause };
	switch (cause) {
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

/* Another device's memory: bus addresses, which the p2m does not know, and no caches. */
static int map_mmio(const struct xsw_dev *dev, phys_addr_t phys, size_t size,
		    struct xsw_mapped *out)
{
	dma_addr_t dma;

	/* The ends will do: no other device's memory surrounds some of the system's. */
	if (xsw_phys_is_ram(phys) || xsw_phys_is_ram(phys + size - 1))
		return fail(out, XSW_CAUSE_BAD_ADDRESS);
	if (!xsw_range_to_dma(dev, phys, size, &dma) || !xsw_capable(dev, dma, size))
		return fail(out, XSW_CAUSE_MASK);
	*out = (struct xsw_mapped){ .dma = dma, .reason = XSW_REASON_MMIO };
	return 0;
}

int xsw_map(struct xsw_env *env, const struct xsw_dev *dev, phys_addr_t phys, size_t size,
	    enum dma_data_direction dir, unsigned long attrs, struct xsw_mapped *out)
{
	struct xsw_place place;
	enum xsw_reason reason;
	enum xsw_cause cause;
	dma_addr_t dma;

	if (!valid_dir(dir))
		return fail(out, XSW_CAUSE_BAD_DIRECTION);
	if (!size)
		return fail(out, XSW_CAUSE_BAD_SIZE);
	if ((phys_addr_t)(phys + size - 1) < phys)
		return fail(out, XSW_CAUSE_BAD_ADDRESS);
	if (attrs & DMA_ATTR_MMIO)
		return map_mmio(dev, phys, size, out);
	if (attrs & DMA_ATTR_REQUIRE_COHERENT && !dev->coherent)
		return fail(out, XSW_CAUSE_NEEDS_COHERENT);
	if (!translate(env, phys, size, &place))
		return fail(out, XSW_CAUSE_BAD_ADDRESS);

	reason = decide(env, dev, phys, size, dir, &place, &dma);
	if (reason == XSW_REASON_DIRECT || reason == XSW_REASON_FOREIGN) {
		if (!dev->coherent && !(attrs & DMA_ATTR_SKIP_CPU_SYNC))
			cache_direct(env, !place.foreign, phys, place.machine, size, dir, false);
	} else {
		/* The CPU's view of a bounced mapping differs until the next sync. */
		if (attrs & DMA_ATTR_REQUIRE_COHERENT)
			return fail(out, XSW_CAUSE_NEEDS_COHERENT);
		if (dev->no_bounce)
			return fail(out, XSW_CAUSE_NO_BOUNCE);
		if (!env->pool)
			return fail(out, reason == XSW_REASON_BOUNCE_MASK ? XSW_CAUSE_MASK :
				    reason == XSW_REASON_BOUNCE_STRADDLE ?
				    XSW_CAUSE_NOT_CONTIGUOUS : XSW_CAUSE_NO_BOUNCE);
		cause = xsw_pool_map(env->pool, dev, phys, size, &dma);
		if (cause != XSW_CAUSE_NONE)
			return fail(out, cause);
	}
	*out = (struct xsw_mapped){ .dma = dma, .reason = reason };
	return 0;
}

int xsw_unmap(struct xsw_env *env, const struct xsw_dev *dev, dma_addr_t dma, size_t size,
	      enum dma_data_direction dir, unsigned long attrs, enum xsw_cause *cause)
{
	struct xsw_area *area;
	u64 machine;

	*cause = XSW_CAUSE_NONE;
	if (!valid_dir(dir)) {
		*cause = XSW_CAUSE_BAD_DIRECTION;
		return -EINVAL;
	}
	if (attrs & DMA_ATTR_MMIO)
		return 0;
	machine = dma;
	if (dev->ranges && !xsw_dma_to_machine(dev, dma, &machine)) {
		*cause = XSW_CAUSE_NOT_MAPPED;
		return -EINVAL;
	}
	area = xsw_pool_find(env->pool, machine);
	if (area) {
		*cause = xsw_pool_unmap(env->pool, area, dev, machine, size, dir, attrs);
		return *cause == XSW_CAUSE_NONE ? 1 : -EINVAL;
	}
	if (!dev->coherent && !(attrs & DMA_ATTR_SKIP_CPU_SYNC))
		cache_machine(env, machine, size, dir, true);
	return 0;
}

int xsw_sync(struct xsw_env *env, const struct xsw_dev *dev, dma_addr_t dma, size_t size,
	     enum dma_data_direction dir, bool for_cpu, enum xsw_cause *cause)
{
	struct xsw_area *area;
	u64 machine;

	*cause = XSW_CAUSE_NONE;
	if (!valid_dir(dir)) {
		*cause = XSW_CAUSE_BAD_DIRECTION;
		return -EINVAL;
	}
	machine = dma;
	if (dev->ranges && !xsw_dma_to_machine(dev, dma, &machine)) {
		*cause = XSW_CAUSE_NOT_MAPPED;
		return -EINVAL;
	}
	area = xsw_pool_find(env->pool, machine);
	if (area) {
		*cause = xsw_pool_sync(area, dev, machine, size, dir, for_cpu);
		return *cause == XSW_CAUSE_NONE ? 1 : -EINVAL;
	}
	if (!dev->coherent)
		cache_machine(env, machine, size, dir, for_cpu);
	return 0;
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
