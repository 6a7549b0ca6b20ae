// SPDX-License-Identifier: GPL-2.0
/*
 * Simulated environments: a p2m that the user lays out.
 *
 * Machine frames, from the bottom:
 *
 *   base	one for each guest frame that there may be: the same, shifted, or shuffled
 *   window	contiguous for the machine: pools and coherent memory. When the limit does
 *		not let it be above the base it is in a hole of it, else in its place.
 *   displaced	those of the base that the window has taken the place of
 *   foreign	of another domain
 *
 * Ranges of guest frames that are numbered otherwise than by the base are kept in a
 * table which readers find under RCU: translation is asked for in hard interrupts.
 */
#include <linux/bits.h>
#include <linux/err.h>
#include <linux/log2.h>
#include <linux/memory_hotplug.h>
#include <linux/mm.h>
#include <linux/mutex.h>
#include <linux/pfn.h>
#include <linux/prandom.h>
#include <linux/rcupdate.h>
#include <linux/sizes.h>
#include <linux/slab.h>

#include "env.h"
#include "ops.h"

#define XSW_SIM_MAX_RANGES	1024
#define XSW_SIM_FOREIGN_FRAMES	BIT_ULL(20)
/* room in the window for coherent memory, and how often a hole is looked for */
#define XSW_SIM_COHERENT_FRAMES	(SZ_4M >> PAGE_SHIFT)
#define XSW_SIM_MAX_TRIES	4096

enum xsw_sim_kind {
	XSW_SIM_CONTIGUOUS,	/* in the window */
	XSW_SIM_FOREIGN,	/* ascending, among the foreign frames */
	XSW_SIM_STRADDLE,	/* its own frames of the base, in reverse */
};

struct xsw_sim_range {
	u64			pfn;
	u64			nr;
	u64			mfn;	/* meaningless with XSW_SIM_STRADDLE */
	enum xsw_sim_kind	kind;
};

/**
 * struct xsw_sim_table - ranges that are not numbered by the base; never changed
 * @rcu:	to free it
 * @nr:		of @by_pfn
 * @nr_mfn:	of @by_mfn
 * @by_pfn:	all, ascending by pfn
 * @by_mfn:	those with machine frames outside the base, ascending by mfn
 */
struct xsw_sim_table {
	struct rcu_head		rcu;
	unsigned int		nr;
	unsigned int		nr_mfn;
	struct xsw_sim_range	*by_mfn;
	struct xsw_sim_range	by_pfn[];
};

/**
 * struct xsw_sim - a simulated environment
 * @kenv:	as others know it
 * @layout:	as asked for
 * @bits:	there are 2^@bits base frames
 * @factor:	of XSW_P2M_SHUFFLED: mfn = pfn * @factor + @shift; odd, so it can be undone
 * @inverse:	of @factor, modulo 2^@bits
 * @shift:	of XSW_P2M_SHUFFLED
 * @base:	first base frame
 * @displaced:	first displaced frame
 * @foreign:	first foreign frame
 * @window:	first frame of the window
 * @window_nr:	frames in the window, a power of two, and so is @window aligned
 * @table:	ranges
 * @lock:	serialises changes of @table
 */
struct xsw_sim {
	struct xsw_kenv			kenv;
	struct xsw_sim_layout		layout;
	unsigned int			bits;
	u64				factor;
	u64				inverse;
	u64				shift;
	u64				base;
	u64				displaced;
	u64				foreign;
	u64				window;
	u64				window_nr;
	struct xsw_sim_table __rcu	*table;
	struct mutex			lock; /* for changes of @table */
};

static struct xsw_sim *to_sim(struct xsw_env *env)
{
	return container_of(to_kenv(env), struct xsw_sim, kenv);
}

/* ---- the base, displaced frames included ---- */

static u64 xsw_sim_mask(const struct xsw_sim *sim)
{
	return (1ULL << sim->bits) - 1;
}

/* Any two neighbours are @factor apart, and that is never one. */
static u64 xsw_sim_base_mfn(const struct xsw_sim *sim, u64 pfn)
{
	u64 mfn = pfn;

	if (sim->layout.p2m == XSW_P2M_SHUFFLED)
		mfn = (pfn * sim->factor + sim->shift) & xsw_sim_mask(sim);
	mfn += sim->base;
	if (mfn - sim->window < sim->window_nr)
		return mfn - sim->window + sim->displaced;
	return mfn;
}

/* Whatever is there; false where no guest frame can be. */
static bool xsw_sim_base_pfn(const struct xsw_sim *sim, u64 mfn, u64 *pfn)
{
	if (mfn - sim->window < sim->window_nr)
		return false;
	if (mfn - sim->displaced < sim->window_nr)
		mfn = mfn - sim->displaced + sim->window;
	mfn -= sim->base;
	if (mfn > xsw_sim_mask(sim))
		return false;
	*pfn = mfn;
	if (sim->layout.p2m == XSW_P2M_SHUFFLED)
		*pfn = (mfn - sim->shift) * sim->inverse & xsw_sim_mask(sim);
	return true;
}

/* ---- the table ---- */

static const struct xsw_sim_range *xsw_sim_find_pfn(const struct xsw_sim_table *t, u64 pfn)
{
	unsigned int lo = 0, hi = t->nr;

	while (lo < hi) {
		unsigned int mid = (lo + hi) / 2;

		if (pfn < t->by_pfn[mid].pfn)
			hi = mid;
		else if (pfn - t->by_pfn[mid].pfn >= t->by_pfn[mid].nr)
			lo = mid + 1;
		else
			return &t->by_pfn[mid];
	}
	return NULL;
}

static const struct xsw_sim_range *xsw_sim_find_mfn(const struct xsw_sim_table *t, u64 mfn)
{
	unsigned int lo = 0, hi = t->nr_mfn;

	while (lo < hi) {
		unsigned int mid = (lo + hi) / 2;

		if (mfn < t->by_mfn[mid].mfn)
			hi = mid;
		else if (mfn - t->by_mfn[mid].mfn >= t->by_mfn[mid].nr)
			lo = mid + 1;
		else
			return &t->by_mfn[mid];
	}
	return NULL;
}

static struct xsw_sim_table *xsw_sim_table_alloc(unsigned int nr, gfp_t gfp)
{
	struct xsw_sim_table *t = kvzalloc(struct_size(t, by_pfn, 2 * nr), gfp);

	if (t)
		t->by_mfn = t->by_pfn + nr;
	return t;
}

static struct xsw_sim_table *xsw_sim_table_locked(struct xsw_sim *sim)
{
	return rcu_dereference_protected(sim->table, lockdep_is_held(&sim->lock));
}

static void xsw_sim_publish(struct xsw_sim *sim, struct xsw_sim_table *new)
{
	struct xsw_sim_table *old = xsw_sim_table_locked(sim);

	rcu_assign_pointer(sim->table, new);
	kvfree_rcu(old, rcu);
}

/* First fit for @nr frames in [lo, hi). */
static bool xsw_sim_find_room(const struct xsw_sim_table *t, u64 lo, u64 hi, u64 nr, u64 align,
			      u64 *mfn)
{
	u64 start = ALIGN(lo, align);
	unsigned int i;

	for (i = 0; i < t->nr_mfn; i++) {
		const struct xsw_sim_range *r = &t->by_mfn[i];

		if (r->mfn < lo || r->mfn >= hi)
			continue;
		if (start + nr <= r->mfn)
			break;
		start = ALIGN(max(start, r->mfn + r->nr), align);
	}
	*mfn = start;
	return start + nr <= hi;
}

static int xsw_sim_add(struct xsw_sim *sim, const struct xsw_sim_range *r)
{
	struct xsw_sim_table *old = xsw_sim_table_locked(sim), *new;
	unsigned int i = 0, j = 0;

	if (old->nr >= XSW_SIM_MAX_RANGES)
		return -ENOSPC;
	while (i < old->nr && old->by_pfn[i].pfn < r->pfn)
		i++;
	if ((i < old->nr && r->pfn + r->nr > old->by_pfn[i].pfn) ||
	    (i && old->by_pfn[i - 1].pfn + old->by_pfn[i - 1].nr > r->pfn))
		return -EINVAL;

	new = xsw_sim_table_alloc(old->nr + 1, GFP_KERNEL);
	if (!new)
		return -ENOMEM;
	new->nr = old->nr + 1;
	memcpy(new->by_pfn, old->by_pfn, i * sizeof(*r));
	new->by_pfn[i] = *r;
	memcpy(&new->by_pfn[i + 1], &old->by_pfn[i], (old->nr - i) * sizeof(*r));

	new->nr_mfn = old->nr_mfn;
	if (r->kind == XSW_SIM_STRADDLE) {
		memcpy(new->by_mfn, old->by_mfn, old->nr_mfn * sizeof(*r));
	} else {
		while (j < old->nr_mfn && old->by_mfn[j].mfn < r->mfn)
			j++;
		memcpy(new->by_mfn, old->by_mfn, j * sizeof(*r));
		new->by_mfn[j] = *r;
		memcpy(&new->by_mfn[j + 1], &old->by_mfn[j], (old->nr_mfn - j) * sizeof(*r));
		new->nr_mfn++;
	}
	xsw_sim_publish(sim, new);
	return 0;
}

static void xsw_sim_remove(struct xsw_sim *sim, u64 pfn)
{
	struct xsw_sim_table *old = xsw_sim_table_locked(sim), *new;
	unsigned int i, n = 0, m = 0;

	/* A range that stayed would haunt whoever gets the pages next. */
	new = xsw_sim_table_alloc(old->nr, GFP_KERNEL | __GFP_NOFAIL);
	for (i = 0; i < old->nr; i++)
		if (old->by_pfn[i].pfn != pfn)
			new->by_pfn[n++] = old->by_pfn[i];
	for (i = 0; i < old->nr_mfn; i++)
		if (old->by_mfn[i].pfn != pfn)
			new->by_mfn[m++] = old->by_mfn[i];
	new->nr = n;
	new->nr_mfn = m;
	xsw_sim_publish(sim, new);
}

/* ---- translation ---- */

/* The frame of the base that a straddling range has for @pfn: reversed, no two adjoin. */
static u64 xsw_sim_mirror(const struct xsw_sim_range *r, u64 pfn)
{
	return r->pfn + r->nr - 1 - (pfn - r->pfn);
}

static u64 xsw_sim_phys_to_machine(struct xsw_env *env, phys_addr_t phys, bool *foreign)
{
	const struct xsw_sim *sim = to_sim(env);
	const struct xsw_sim_range *r;
	u64 pfn = PHYS_PFN(phys), mfn;

	*foreign = false;
	if (pfn > xsw_sim_mask(sim))
		return XSW_MACHINE_NONE;

	rcu_read_lock();
	r = xsw_sim_find_pfn(rcu_dereference(sim->table), pfn);
	if (!r) {
		mfn = xsw_sim_base_mfn(sim, pfn);
	} else if (r->kind == XSW_SIM_STRADDLE) {
		mfn = xsw_sim_base_mfn(sim, xsw_sim_mirror(r, pfn));
	} else {
		*foreign = r->kind == XSW_SIM_FOREIGN;
		mfn = r->mfn + (pfn - r->pfn);
	}
	rcu_read_unlock();
	return PFN_PHYS(mfn) + offset_in_page(phys);
}

/* The table's part of the inverse. */
static bool xsw_sim_pfn(const struct xsw_sim *sim, const struct xsw_sim_table *t, u64 mfn,
			u64 *pfn, bool *foreign)
{
	const struct xsw_sim_range *r = xsw_sim_find_mfn(t, mfn);

	if (r) {
		*foreign = r->kind == XSW_SIM_FOREIGN;
		*pfn = r->pfn + (mfn - r->mfn);
		return true;
	}
	*foreign = false;
	if (!xsw_sim_base_pfn(sim, mfn, pfn))
		return false;
	r = xsw_sim_find_pfn(t, *pfn);
	if (!r)
		return true;
	if (r->kind != XSW_SIM_STRADDLE)
		return false;
	*pfn = xsw_sim_mirror(r, *pfn);
	return true;
}

static bool xsw_sim_inverse(const struct xsw_sim *sim, u64 machine, phys_addr_t *phys,
			    bool *foreign)
{
	struct page *page;
	bool found;
	u64 pfn;

	rcu_read_lock();
	found = xsw_sim_pfn(sim, rcu_dereference(sim->table), machine >> PAGE_SHIFT, &pfn,
			    foreign);
	rcu_read_unlock();
	if (!found)
		return false;
	page = pfn_to_online_page(pfn);
	if (!page || PageReserved(page))
		return false;
	*phys = PFN_PHYS(pfn) + offset_in_page(machine);
	return true;
}

static bool xsw_sim_m2p(struct xsw_env *env, u64 machine, phys_addr_t *phys)
{
	bool foreign;

	return xsw_sim_inverse(to_sim(env), machine, phys, &foreign);
}

static bool xsw_sim_machine_to_phys(struct xsw_env *env, u64 machine, phys_addr_t *phys)
{
	const struct xsw_sim *sim = to_sim(env);
	bool foreign;

	return !sim->layout.no_m2p && xsw_sim_inverse(sim, machine, phys, &foreign) && !foreign;
}

/* What is simulated is a hypervisor without a flush, so any kind of device bounces. */
static enum xsw_reason xsw_sim_must_bounce(struct xsw_env *env, u64 machine, bool foreign,
					   bool coherent)
{
	return foreign && to_sim(env)->layout.no_flush ? XSW_REASON_BOUNCE_FOREIGN :
							 XSW_REASON_NONE;
}

/* The hypervisor's part: it knows the true frames, and foreign ones are ours in truth. */
static void xsw_sim_cache_foreign(struct xsw_env *env, u64 machine, size_t size,
				  enum dma_data_direction dir, bool for_cpu)
{
	const struct xsw_sim *sim = to_sim(env);

	while (size) {
		size_t n = min_t(size_t, size, PAGE_SIZE - offset_in_page(machine));
		phys_addr_t phys;
		bool foreign;

		if (xsw_sim_inverse(sim, machine, &phys, &foreign)) {
			if (for_cpu)
				xsw_arch_sync_for_cpu(phys, n, dir);
			else
				xsw_arch_sync_for_device(phys, n, dir);
		}
		machine += n;
		size -= n;
	}
}

static const struct xsw_env_ops xsw_sim_env_ops = {
	.name			= "sim",
	.phys_to_machine	= xsw_sim_phys_to_machine,
	.machine_to_phys	= xsw_sim_machine_to_phys,
	.must_bounce		= xsw_sim_must_bounce,
	.cache_foreign		= xsw_sim_cache_foreign,
};

/* ---- what renumbers ---- */

static u64 xsw_sim_frames_below(u64 limit)
{
	return limit == U64_MAX ? 1ULL << (64 - PAGE_SHIFT) : (limit + 1) >> PAGE_SHIFT;
}

static int xsw_sim_renumber(struct xsw_sim *sim, phys_addr_t phys, u64 size,
			    enum xsw_sim_kind kind, u64 lo, u64 hi, u64 align, u64 *machine)
{
	struct xsw_sim_range r = {
		.pfn	= PHYS_PFN(phys),
		.nr	= size >> PAGE_SHIFT,
		.kind	= kind,
	};
	int err = 0;

	if (!r.nr || !PAGE_ALIGNED(phys | size) || r.pfn + r.nr - 1 > xsw_sim_mask(sim))
		return -EINVAL;

	mutex_lock(&sim->lock);
	if (kind != XSW_SIM_STRADDLE &&
	    !xsw_sim_find_room(xsw_sim_table_locked(sim), lo, hi, r.nr, align, &r.mfn))
		err = -ENOSPC;
	if (!err)
		err = xsw_sim_add(sim, &r);
	mutex_unlock(&sim->lock);
	if (!err && machine)
		*machine = PFN_PHYS(r.mfn);
	return err;
}

static int xsw_sim_make_contiguous(struct xsw_env *env, phys_addr_t phys, u64 size, u64 limit,
				   u64 *machine)
{
	struct xsw_sim *sim = to_sim(env);

	return xsw_sim_renumber(sim, phys, size, XSW_SIM_CONTIGUOUS, sim->window,
				min(sim->window + sim->window_nr, xsw_sim_frames_below(limit)),
				roundup_pow_of_two(size >> PAGE_SHIFT), machine);
}

static void xsw_sim_forget(struct xsw_sim *sim, phys_addr_t phys)
{
	mutex_lock(&sim->lock);
	xsw_sim_remove(sim, PHYS_PFN(phys));
	mutex_unlock(&sim->lock);
}

static void xsw_sim_undo_contiguous(struct xsw_env *env, phys_addr_t phys, u64 size)
{
	xsw_sim_forget(to_sim(env), phys);
}

static u64 xsw_sim_max_machine(struct xsw_env *env)
{
	return PFN_PHYS(to_sim(env)->foreign + XSW_SIM_FOREIGN_FRAMES) - 1;
}

static const struct xsw_host_env_ops xsw_sim_host_ops = {
	.make_contiguous	= xsw_sim_make_contiguous,
	.undo_contiguous	= xsw_sim_undo_contiguous,
	.m2p			= xsw_sim_m2p,
	.max_machine		= xsw_sim_max_machine,
};

int xsw_sim_place(struct xsw_kenv *kenv, phys_addr_t phys, u64 size, enum xsw_placement how)
{
	struct xsw_sim *sim = to_sim(&kenv->env);

	switch (how) {
	case XSW_PLACE_STRADDLE:
		return xsw_sim_renumber(sim, phys, size, XSW_SIM_STRADDLE, 0, 0, 1, NULL);
	case XSW_PLACE_FOREIGN:
		return xsw_sim_renumber(sim, phys, size, XSW_SIM_FOREIGN, sim->foreign,
					sim->foreign + XSW_SIM_FOREIGN_FRAMES, 1, NULL);
	default:
		return -EINVAL;
	}
}

void xsw_sim_unplace(struct xsw_kenv *kenv, phys_addr_t phys, u64 size)
{
	xsw_sim_forget(to_sim(&kenv->env), phys);
}

/* ---- layout ---- */

static void xsw_sim_choose_factor(struct xsw_sim *sim)
{
	struct rnd_state rnd;
	u64 eighth = 1ULL << (sim->bits - 3);
	unsigned int i;

	/* Far from 0 and from 2^bits: neighbours are not even near. */
	prandom_seed_state(&rnd, sim->layout.seed);
	sim->factor = (eighth + prandom_u32_state(&rnd) % (6 * eighth)) | 1;
	sim->shift = prandom_u32_state(&rnd) & xsw_sim_mask(sim);

	/* Newton's method: each step doubles the bits that are right, of three. */
	sim->inverse = sim->factor;
	for (i = 0; i < 5; i++)
		sim->inverse *= 2 - sim->factor * sim->inverse;
}

/* No guest frame has a base frame in the window at @window. */
static bool xsw_sim_is_hole(const struct xsw_sim *sim, u64 window)
{
	u64 i;

	for (i = window - sim->base; i != window - sim->base + sim->window_nr; i++)
		if (i <= xsw_sim_mask(sim) &&
		    (sim->layout.p2m == XSW_P2M_SHUFFLED || pfn_valid(i)))
			return false;
	return true;
}

static int xsw_sim_lay_out(struct xsw_sim *sim)
{
	u64 below = xsw_sim_frames_below(sim->layout.pool_limit);
	u64 frames = sim->layout.pool_bytes >> PAGE_SHIFT, end;
	unsigned int tries;

	sim->bits = max(order_base_2(PHYS_PFN(xsw_max_phys()) + 1), 8);
	sim->base = sim->layout.p2m == XSW_P2M_OFFSET ? sim->layout.offset : 0;
	if (sim->layout.p2m == XSW_P2M_SHUFFLED)
		xsw_sim_choose_factor(sim);

	if (below < 2)
		return -EINVAL;
	sim->window_nr = min_t(u64, roundup_pow_of_two(frames + XSW_SIM_COHERENT_FRAMES),
			       rounddown_pow_of_two(below / 2));
	sim->layout.pool_bytes = min(sim->layout.pool_bytes, PFN_PHYS(sim->window_nr));

	end = sim->base + (1ULL << sim->bits);
	sim->window = ALIGN(end + 1, sim->window_nr);
	if (sim->window + sim->window_nr > below) {
		u64 top = ALIGN_DOWN(below - sim->window_nr, sim->window_nr);

		sim->window = top;
		for (tries = 0; tries < XSW_SIM_MAX_TRIES; tries++) {
			if (xsw_sim_is_hole(sim, sim->window))
				break;
			sim->window -= sim->window_nr;
			/* Never at 0: that is no dma address to give to anybody. */
			if (!sim->window) {
				sim->window = top;
				break;
			}
		}
		if (tries == XSW_SIM_MAX_TRIES)
			sim->window = top;
	}

	/* A frame between the parts, so that nothing of one adjoins another. */
	sim->displaced = max(end, sim->window + sim->window_nr) + 1;
	sim->foreign = sim->displaced + sim->window_nr + 1;
	return 0;
}

/*
 * To switch a key is to patch the kernel's text, and interrupts every CPU. Engines come and
 * go as their users like, so what one has needed stays on until the module is unloaded.
 */
static void xsw_sim_switch_keys_on(const struct xsw_sim *sim)
{
	static DEFINE_MUTEX(lock);
	static bool any, bounce;

	mutex_lock(&lock);
	if (!any) {
		static_branch_inc(&xsw_key_translate);
		static_branch_inc(&xsw_key_cache);
		any = true;
	}
	if (sim->layout.no_flush && !bounce) {
		static_branch_inc(&xsw_key_bounce);
		bounce = true;
	}
	mutex_unlock(&lock);
}

static void xsw_sim_free(struct xsw_sim *sim)
{
	kvfree(rcu_dereference_protected(sim->table, true));
	mutex_destroy(&sim->lock);
	kfree(sim);
}

struct xsw_kenv *xsw_sim_create(const struct xsw_sim_layout *layout)
{
	struct xsw_sim_table *table;
	struct xsw_sim *sim;
	int err;

	sim = kzalloc(sizeof(*sim), GFP_KERNEL);
	if (!sim)
		return ERR_PTR(-ENOMEM);
	sim->layout = *layout;
	err = xsw_sim_lay_out(sim);
	if (err)
		goto free;
	table = xsw_sim_table_alloc(0, GFP_KERNEL);
	if (!table) {
		err = -ENOMEM;
		goto free;
	}
	RCU_INIT_POINTER(sim->table, table);
	mutex_init(&sim->lock);
	sim->kenv.env.ops = &xsw_sim_env_ops;
	sim->kenv.host = &xsw_sim_host_ops;
	xsw_sim_switch_keys_on(sim);

	err = xsw_poolmem_create(&sim->kenv, sim->layout.pool_bytes, 0, layout->pool_limit,
				 num_online_cpus());
	if (err) {
		xsw_sim_free(sim);
		return ERR_PTR(err);
	}
	return &sim->kenv;

free:
	kfree(sim);
	return ERR_PTR(err);
}

u64 xsw_sim_destroy(struct xsw_kenv *kenv)
{
	u64 leaked = xsw_poolmem_destroy(kenv);

	xsw_sim_free(to_sim(&kenv->env));
	return leaked;
}
