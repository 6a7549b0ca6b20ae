// SPDX-License-Identifier: GPL-2.0
#include <linux/err.h>
#include <linux/gfp.h>
#include <linux/mm.h>
#include <linux/slab.h>

#include "world.h"

static struct xsw_world *to_world(struct xsw_env *env)
{
	return container_of(env, struct xsw_world, env);
}

static u64 world_phys_to_machine(struct xsw_env *env, phys_addr_t phys, bool *foreign)
{
	struct xsw_world *w = to_world(env);
	u64 page = (phys - w->phys) >> PAGE_SHIFT;

	if (phys < w->phys || page >= XSW_WORLD_PAGES || w->machine[page] == XSW_MACHINE_NONE)
		return XSW_MACHINE_NONE;
	*foreign = w->foreign[page];
	return w->machine[page] + offset_in_page(phys);
}

static int world_page(const struct xsw_world *w, u64 machine)
{
	unsigned int i;

	for (i = 0; i < XSW_WORLD_PAGES; i++)
		if (w->machine[i] == (machine & PAGE_MASK))
			return i;
	return -1;
}

static bool world_machine_to_phys(struct xsw_env *env, u64 machine, phys_addr_t *phys)
{
	struct xsw_world *w = to_world(env);
	int page = world_page(w, machine);

	if (page < 0 || w->foreign[page])
		return false;
	*phys = w->phys + ((phys_addr_t)page << PAGE_SHIFT) + offset_in_page(machine);
	return true;
}

static enum xsw_reason world_must_bounce(struct xsw_env *env, u64 machine, bool foreign,
					 bool coherent)
{
	return foreign && !coherent && to_world(env)->no_flush ?
	       XSW_REASON_BOUNCE_FOREIGN : XSW_REASON_NONE;
}

static void world_cache_foreign(struct xsw_env *env, u64 machine, size_t size,
				enum dma_data_direction dir, bool for_cpu)
{
}

struct xsw_world *xsw_world_new(unsigned int order, u64 pool_machine, unsigned int nr_areas)
{
	struct xsw_extent ext;
	struct xsw_world *w;
	unsigned int i;
	int err = -ENOMEM;

	w = kvzalloc(sizeof(*w), GFP_KERNEL);
	if (!w)
		return ERR_PTR(-ENOMEM);
	w->pages = alloc_pages(GFP_KERNEL | __GFP_ZERO, order_base_2(XSW_WORLD_PAGES));
	if (!w->pages)
		goto free;
	w->phys = page_to_phys(w->pages);
	w->ram = page_address(w->pages);
	for (i = 0; i < XSW_WORLD_PAGES; i++)
		w->machine[i] = w->phys + ((u64)i << PAGE_SHIFT);

	w->order = order;
	w->pool = (u8 *)__get_free_pages(GFP_KERNEL | __GFP_ZERO, order);
	if (!w->pool)
		goto free_ram;
	w->pool_machine = pool_machine;
	ext = (struct xsw_extent){
		.vaddr		= w->pool,
		.phys		= virt_to_phys(w->pool),
		.machine	= pool_machine,
		.size		= PAGE_SIZE << order,
	};
	err = xsw_pool_create(&ext, 1, nr_areas, &w->env.pool);
	if (err)
		goto free_pool;

	w->ops = (struct xsw_env_ops){
		.name			= "world",
		.phys_to_machine	= world_phys_to_machine,
		.machine_to_phys	= world_machine_to_phys,
		.must_bounce		= world_must_bounce,
		.cache_foreign		= world_cache_foreign,
	};
	w->env.ops = &w->ops;
	static_branch_inc(&xsw_key_translate);
	static_branch_inc(&xsw_key_bounce);
	static_branch_inc(&xsw_key_cache);
	return w;

free_pool:
	free_pages((unsigned long)w->pool, order);
free_ram:
	__free_pages(w->pages, order_base_2(XSW_WORLD_PAGES));
free:
	kvfree(w);
	return ERR_PTR(err);
}

u64 xsw_world_free(struct xsw_world *w)
{
	u64 leaked = xsw_pool_destroy(w->env.pool);

	static_branch_dec(&xsw_key_translate);
	static_branch_dec(&xsw_key_bounce);
	static_branch_dec(&xsw_key_cache);
	free_pages((unsigned long)w->pool, w->order);
	__free_pages(w->pages, order_base_2(XSW_WORLD_PAGES));
	kvfree(w);
	return leaked;
}

/* Where the bytes at @machine are, and how many of them in a row. */
static u8 *world_at(struct xsw_world *w, u64 machine, size_t *len)
{
	int page;

	if (xsw_world_in_pool(w, machine, 1)) {
		u64 offset = machine - w->pool_machine;

		*len = min_t(u64, *len, (PAGE_SIZE << w->order) - offset);
		return w->pool + offset;
	}
	page = world_page(w, machine);
	if (page < 0)
		return NULL;
	*len = min_t(size_t, *len, PAGE_SIZE - offset_in_page(machine));
	return w->ram + ((size_t)page << PAGE_SHIFT) + offset_in_page(machine);
}

static bool world_copy(struct xsw_world *w, u64 machine, u8 *to, const u8 *from, size_t size)
{
	while (size) {
		size_t len = size;
		u8 *at = world_at(w, machine, &len);

		if (!at)
			return false;
		if (to) {
			memcpy(to, at, len);
			to += len;
		} else {
			memcpy(at, from, len);
			from += len;
		}
		machine += len;
		size -= len;
	}
	return true;
}

bool xsw_world_read(struct xsw_world *w, u64 machine, void *to, size_t size)
{
	return world_copy(w, machine, to, NULL, size);
}

bool xsw_world_write(struct xsw_world *w, u64 machine, const void *from, size_t size)
{
	return world_copy(w, machine, NULL, from, size);
}

bool xsw_world_in_pool(const struct xsw_world *w, u64 machine, u64 size)
{
	u64 pool_size = PAGE_SIZE << w->order;

	return machine >= w->pool_machine && machine - w->pool_machine < pool_size &&
	       size <= pool_size - (machine - w->pool_machine);
}

u64 xsw_world_used(const struct xsw_world *w)
{
	struct xsw_pool_info info;

	xsw_pool_get_info(w->env.pool, &info);
	return info.used;
}

struct xsw_dev xsw_world_dev(void)
{
	return (struct xsw_dev){
		.dma_mask	= ~0ULL,
		.seg_boundary	= ~0ULL,
		.coherent	= true,
	};
}

void xsw_world_fill(u8 *to, size_t size, u32 seed)
{
	u32 x = seed * 2654435761U + 1;

	while (size--) {
		x ^= x << 13;
		x ^= x >> 17;
		x ^= x << 5;
		*to++ = x | 1;
	}
}
