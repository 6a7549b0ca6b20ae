/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A small machine to test the core in: pages of this kernel behind any p2m, a pool, and what a
 * device sees of both by machine address. What is where is kept here, never asked of the core.
 */
#ifndef XSW_KUNIT_WORLD_H
#define XSW_KUNIT_WORLD_H

#include "core.h"
#include "utest.h"

#define XSW_WORLD_PAGES		1024	/* 4 MiB, aligned to their size */

/**
 * struct xsw_world - the machine
 * @env:	as the core sees it
 * @ops:	of @env
 * @pages:	of the memory
 * @phys:	of the memory
 * @ram:	the memory, as the CPU sees it
 * @machine:	machine address of each of its pages, or XSW_MACHINE_NONE
 * @foreign:	that page is another domain's
 * @no_flush:	the caches of such pages can not be flushed
 * @order:	of the pool's memory
 * @pool:	the pool's memory
 * @pool_machine: its machine address
 */
struct xsw_world {
	struct xsw_env		env;
	struct xsw_env_ops	ops;
	struct page		*pages;
	phys_addr_t		phys;
	u8			*ram;
	u64			machine[XSW_WORLD_PAGES];
	bool			foreign[XSW_WORLD_PAGES];
	bool			no_flush;
	unsigned int		order;
	u8			*pool;
	u64			pool_machine;
};

/* An identity p2m, which the test may change. ERR_PTR. May sleep. */
struct xsw_world *xsw_world_new(unsigned int order, u64 pool_machine, unsigned int nr_areas);
/* Returns slots of the pool that are still in use. */
u64 xsw_world_free(struct xsw_world *w);

/* As the device does it; false where no memory is. */
bool xsw_world_read(struct xsw_world *w, u64 machine, void *to, size_t size);
bool xsw_world_write(struct xsw_world *w, u64 machine, const void *from, size_t size);
/* All of it is in the pool. */
bool xsw_world_in_pool(const struct xsw_world *w, u64 machine, u64 size);
u64 xsw_world_used(const struct xsw_world *w);

/* A device of which nothing is demanded. */
struct xsw_dev xsw_world_dev(void);
/* Bytes that differ with place and seed, and are never 0. */
void xsw_world_fill(u8 *to, size_t size, u32 seed);

#endif /* XSW_KUNIT_WORLD_H */
