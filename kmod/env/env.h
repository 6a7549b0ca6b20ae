/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Environments: what a machine address is, here.
 *
 * A host environment (bare metal, or one kind of Xen guest) exists once, for as
 * long as the module is loaded. A simulated one is made for each sim engine.
 */
#ifndef XSW_ENV_H
#define XSW_ENV_H

#include <linux/dma-map-ops.h>
#include <linux/err.h>
#include <linux/types.h>
#include "core.h"

struct device;
struct page;
struct seq_file;

/**
 * struct xsw_host_env_ops - what only the kernel asks of an environment
 * @make_contiguous:	exchange frames until [phys, phys + size) is contiguous for
 *			the machine, aligned to its size rounded up to a power of two, and ends
 *			at or below @limit; sets @machine. NULL: memory that is contiguous for
 *			the guest is so for the machine. May sleep.
 * @undo_contiguous:	give the frames back; NULL with @make_contiguous NULL. May sleep.
 * @alloc_contiguous:	instead of @make_contiguous, where only pages that come with it can
 *			be had: as many zeroed ones, by alloc_pages() or the like, of which the
 *			same is true. Sleeps as @gfp allows. NULL when there are none.
 * @free_contiguous:	frees those
 * @m2p:	the true inverse, for what moves bytes, not for the ops: false where no page
 *		of this guest is. Any context. NULL: identity
 * @max_machine:	highest machine address of any memory; NULL: the highest physical one
 * @may_pin:		may this user page be pinned for long? NULL: any may
 * @show:	what there is to tell about it, "key: value" a line; NULL: nothing
 * @is_kernels:		are these the kernel's own ops for this environment, which ours may
 *			replace? NULL: it has none
 * @set_up:	give a device of no bus the kernel's own ops, as buses do with theirs:
 *		0 or -errno. May sleep. NULL: every device has them
 */
struct xsw_host_env_ops {
	int	(*make_contiguous)(struct xsw_env *env, phys_addr_t phys, u64 size, u64 limit,
				   u64 *machine);
	void	(*undo_contiguous)(struct xsw_env *env, phys_addr_t phys, u64 size);
	struct page *(*alloc_contiguous)(struct xsw_env *env, u64 size, u64 limit, gfp_t gfp);
	void	(*free_contiguous)(struct xsw_env *env, struct page *page, u64 size);
	bool	(*m2p)(struct xsw_env *env, u64 machine, phys_addr_t *phys);
	u64	(*max_machine)(struct xsw_env *env);
	bool	(*may_pin)(struct page *page);
	void	(*show)(struct seq_file *m);
	bool	(*is_kernels)(const struct dma_map_ops *ops);
	int	(*set_up)(struct device *dev);
};

struct xsw_poolmem;

/**
 * struct xsw_kenv - an environment as the kernel keeps it
 * @env:	what the core sees
 * @host:	what only the kernel asks for, never NULL
 * @mem:	memory of @env.pool
 */
struct xsw_kenv {
	struct xsw_env			env;
	const struct xsw_host_env_ops	*host;
	struct xsw_poolmem		*mem;
};

static inline struct xsw_kenv *to_kenv(struct xsw_env *env)
{
	return container_of(env, struct xsw_kenv, env);
}

/* ---- of any environment (env/host.c) ---- */

/* Where [phys, phys + size) is for the machine; false where it is not contiguous there. */
bool xsw_env_machine(struct xsw_kenv *kenv, phys_addr_t phys, u64 size, u64 *machine);
u64 xsw_env_max_machine(struct xsw_kenv *kenv);
/*
 * The true inverse, for what moves bytes; the ops never see it. False where no
 * RAM of this guest is: the transfer must fail then. Any context.
 */
bool xsw_env_m2p(struct xsw_kenv *kenv, u64 machine, phys_addr_t *phys);
/* Lowest and highest address of the guest's memory. */
phys_addr_t xsw_min_phys(void);
phys_addr_t xsw_max_phys(void);

/* ---- the host's environment (env/host.c) ---- */

int xsw_host_env_init(void);
void xsw_host_env_exit(void);
/* Never NULL between init and exit. */
struct xsw_kenv *xsw_host_env(void);
/* "none", "xen-4.17 pv dom0" and the like; for messages and QUERY. */
const char *xsw_hypervisor_name(void);
/* May ours replace these ops, which a device has? */
bool xsw_is_kernels_ops(const struct dma_map_ops *ops);
/* Give a device of no bus the ops that those of one have here: 0 or -errno. May sleep. */
int xsw_set_up_dma(struct device *dev);

/* ---- foreign memory without another domain (env/xen_grant.c) ---- */

struct xsw_grants;

#if IS_ENABLED(CONFIG_XSWIOTLB_XEN)
/* Can this domain grant a page to itself, and map it beside the page? */
bool xsw_grants_usable(void);
/*
 * Grant @nr pages @granter to this domain, and map them elsewhere: where goes to
 * @mapped, which must stay; in a row if @contiguous and that can be had.
 * May sleep. ERR_PTR: -EOPNOTSUPP, -ENOMEM, -ENOSPC (no grants left), -EIO.
 */
struct xsw_grants *xsw_grants_create(struct page **granter, struct page **mapped, u32 nr,
				     bool contiguous);
/* Puts pages in an order in which no one's machine frame follows that of the one before it. */
void xsw_grants_scatter(struct page **granter, u32 nr);
/*
 * Nothing is mapped for DMA there any more. May sleep. Where Xen does not let go of a
 * page, all of them are kept for good.
 */
void xsw_grants_destroy(struct xsw_grants *grants);
/*
 * A device may still write there: all pages stay as they are, for good, and only what
 * describes them goes. May sleep.
 */
void xsw_grants_keep(struct xsw_grants *grants);
#else
static inline bool xsw_grants_usable(void)
{
	return false;
}

static inline struct xsw_grants *xsw_grants_create(struct page **granter, struct page **mapped,
						   u32 nr, bool contiguous)
{
	return ERR_PTR(-EOPNOTSUPP);
}

static inline void xsw_grants_scatter(struct page **granter, u32 nr)
{
}

static inline void xsw_grants_destroy(struct xsw_grants *grants)
{
}

static inline void xsw_grants_keep(struct xsw_grants *grants)
{
}
#endif

/* ---- simulated environments (env/sim.c) ---- */

/**
 * struct xsw_sim_layout - how a simulated environment numbers machine frames
 * @p2m:	enum xsw_p2m
 * @seed:	of XSW_P2M_SHUFFLED
 * @offset:	of XSW_P2M_OFFSET, frames
 * @no_m2p:	the ops can't turn a machine frame into a local one
 * @no_flush:	foreign frames have no cache flush: non-coherent devices bounce them
 * @pool_bytes:	of its pool
 * @pool_limit:	highest machine address of the pool
 */
struct xsw_sim_layout {
	u32	p2m;
	u32	seed;
	u64	offset;
	bool	no_m2p;
	bool	no_flush;
	u64	pool_bytes;
	u64	pool_limit;
};

/* May sleep. ERR_PTR on failure. Turns on, for good, the static keys that it needs. */
struct xsw_kenv *xsw_sim_create(const struct xsw_sim_layout *layout);
/* May sleep. Returns slots of its pool that were still in use. */
u64 xsw_sim_destroy(struct xsw_kenv *kenv);
/*
 * Renumber the frames of [phys, phys + size), page aligned: XSW_PLACE_STRADDLE gives them
 * machine frames of which no two neighbours are contiguous, XSW_PLACE_FOREIGN
 * ascending ones that belong to another domain. May sleep. -ENOSPC when there
 * are too many such ranges.
 */
int xsw_sim_place(struct xsw_kenv *kenv, phys_addr_t phys, u64 size, enum xsw_placement how);
void xsw_sim_unplace(struct xsw_kenv *kenv, phys_addr_t phys, u64 size);

#endif /* XSW_ENV_H */
