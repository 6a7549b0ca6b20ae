// SPDX-License-Identifier: GPL-2.0
/*
 * The simulated device: moves bytes by machine address, through the true inverse of its
 * environment's translation, which the ops under test never see. So a wrong dma
 * address moves the wrong bytes, or none. Its environment is simulated too, or that of
 * this host.
 */
#include <linux/dma-map-ops.h>
#include <linux/dma-mapping.h>
#include <linux/err.h>
#include <linux/highmem.h>
#include <linux/idr.h>
#include <linux/module.h>
#include <linux/platform_device.h>
#include <linux/sizes.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <linux/vmalloc.h>
#include <linux/workqueue.h>
#include "coherent.h"
#include "engine.h"
#include "env.h"
#include "hrtimer.h"
#include "ops.h"
#include "side.h"

#define XSW_SIM_MEM		SZ_1M
#define XSW_SIM_MAX_LEN		SZ_16M
#define XSW_SIM_POOL_KIB	8192
#define XSW_SIM_MAX_QUEUED	4096
/* What one interrupt may copy: more is copied by a worker, or in the next interrupt. */
#define XSW_SIM_IRQ_BYTES	SZ_64K
#define XSW_SIM_IRQ_REST	(20 * NSEC_PER_USEC)

/* xsw_xfer.stage */
enum {
	XSW_SIM_SHORT,		/* to be copied in the interrupt */
	XSW_SIM_LONG,		/* to be copied by the worker */
	XSW_SIM_COPYING,	/* the worker is at it */
	XSW_SIM_COPIED,
};

/**
 * struct xsw_sim_engine - a simulated device
 * @engine:	as the session sees it
 * @pdev:	device
 * @id:		of its name
 * @mem:	its own memory
 * @latency_ns:	0: a transfer is done when submit() returns
 * @lock:	protects what follows; taken in the timer's hard interrupt
 * @queue:	transfers in the order of submission, which is that of completion
 * @nr_queued:	transfers of @queue
 * @timer:	completes the first of @queue; not armed while the worker is at that one
 * @copy:	copies the long ones
 */
struct xsw_sim_engine {
	struct xsw_engine	engine;
	struct platform_device	*pdev;
	int			id;
	u8			*mem;
	u64			latency_ns;
	raw_spinlock_t		lock;	/* what follows */
	struct list_head	queue;
	u32			nr_queued;
	struct hrtimer		timer;
	struct work_struct	copy;
};

static DEFINE_IDA(xsw_sim_ids);

static struct xsw_sim_engine *to_sim(struct xsw_engine *engine)
{
	return container_of(engine, struct xsw_sim_engine, engine);
}

/* ---- moving bytes ---- */

/* Where the bus leads to; NULL where nothing is. */
static void *map_machine(struct xsw_sim_engine *sim, u64 machine)
{
	/* The kernel's own ops know only the host's p2m. */
	struct xsw_kenv *env = sim->engine.xdev ? sim->engine.env : xsw_host_env();
	phys_addr_t phys;

	if (!xsw_env_m2p(env, machine, &phys))
		return NULL;
	return kmap_local_page(pfn_to_page(PHYS_PFN(phys))) + offset_in_page(phys);
}

/* The device can't form an address beyond its mask. */
static bool within_mask(struct xsw_sim_engine *sim, const struct xsw_xfer_side *side, u64 len)
{
	struct xsw_cursor cur;
	dma_addr_t dma;
	u64 n;

	for (xsw_cursor_begin(&cur, side); len; len -= n, xsw_cursor_advance(&cur, n)) {
		n = len;
		dma = xsw_cursor_at(&cur, &n);
		if (dma > sim->engine.dma_mask || n - 1 > sim->engine.dma_mask - dma)
			return false;
	}
	return true;
}

/* One end of a move: memory on the bus, or the device's own. */
struct end {
	const struct xsw_xfer_side	*side;
	struct xsw_cursor		cur;
	u8				*mem;
};

static bool end_begin(struct xsw_sim_engine *sim, struct end *end, u64 len)
{
	if (!end->side)
		return true;
	xsw_cursor_begin(&end->cur, end->side);
	return within_mask(sim, end->side, len);
}

/* Bytes from here that lie within one page. */
static u64 end_run(struct end *end, u64 len)
{
	dma_addr_t dma;

	if (!end->side)
		return len;
	dma = xsw_cursor_at(&end->cur, &len);
	return min_t(u64, len, PAGE_SIZE - offset_in_page(dma));
}

static u8 *end_map(struct xsw_sim_engine *sim, struct end *end)
{
	u64 len = 1;

	return end->side ? map_machine(sim, xsw_cursor_at(&end->cur, &len)) : end->mem;
}

static void end_unmap(struct end *end, u8 *at, u64 len)
{
	if (end->side) {
		kunmap_local(at);
		xsw_cursor_advance(&end->cur, len);
	} else {
		end->mem += len;
	}
}

static int move(struct xsw_sim_engine *sim, struct xsw_xfer *xfer)
{
	struct end from = { .side = &xfer->src }, to = { .side = &xfer->dst };
	u64 left, n;
	u8 *src, *dst;

	if (xfer->kind == XSW_XFER_READ)
		to = (struct end){ .mem = sim->mem + xfer->dev_offset };
	if (xfer->kind == XSW_XFER_WRITE)
		from = (struct end){ .mem = sim->mem + xfer->dev_offset };
	if (!end_begin(sim, &from, xfer->len) || !end_begin(sim, &to, xfer->len))
		return -EIO;

	for (left = xfer->len; left; left -= n) {
		n = min(end_run(&from, left), end_run(&to, left));
		src = end_map(sim, &from);
		if (!src)
			return -EIO;
		dst = end_map(sim, &to);
		if (!dst) {
			end_unmap(&from, src, 0);
			return -EIO;
		}
		/* Two buffers may be the same pages: the caller's business, but no crash. */
		memmove(dst, src, n);
		end_unmap(&to, dst, n);
		end_unmap(&from, src, n);
	}
	return 0;
}

/* ---- the queue of a device that takes its time ---- */

static struct xsw_xfer *first_xfer(struct xsw_sim_engine *sim)
{
	return list_first_entry_or_null(&sim->queue, struct xsw_xfer, node);
}

/* Under the lock. */
static void arm(struct xsw_sim_engine *sim, ktime_t when)
{
	hrtimer_start(&sim->timer, when, HRTIMER_MODE_ABS_HARD);
}

static enum hrtimer_restart timer_fn(struct hrtimer *timer)
{
	struct xsw_sim_engine *sim = container_of(timer, struct xsw_sim_engine, timer);
	struct xsw_xfer *xfer;
	u64 bytes = 0;
	ktime_t now;

	for (;;) {
		raw_spin_lock(&sim->lock);
		xfer = first_xfer(sim);
		/* The worker arms the timer when it has done. */
		if (!xfer || xfer->stage == XSW_SIM_LONG || xfer->stage == XSW_SIM_COPYING)
			break;
		now = ktime_get();
		if (xfer->due > now) {
			arm(sim, xfer->due);
			break;
		}
		if (bytes >= XSW_SIM_IRQ_BYTES) {
			arm(sim, ktime_add_ns(now, XSW_SIM_IRQ_REST));
			break;
		}
		list_del(&xfer->node);
		sim->nr_queued--;
		raw_spin_unlock(&sim->lock);

		/* Completing costs something too. */
		bytes += 1024;
		if (xfer->stage == XSW_SIM_SHORT) {
			bytes += xfer->len;
			xfer->status = move(sim, xfer);
		}
		xfer->complete(xfer, xfer->status);
	}
	raw_spin_unlock(&sim->lock);
	return HRTIMER_NORESTART;
}

static void copy_fn(struct work_struct *work)
{
	struct xsw_sim_engine *sim = container_of(work, struct xsw_sim_engine, copy);
	struct xsw_xfer *xfer;
	int status;

	raw_spin_lock_irq(&sim->lock);
again:
	list_for_each_entry(xfer, &sim->queue, node) {
		if (xfer->stage != XSW_SIM_LONG)
			continue;
		xfer->stage = XSW_SIM_COPYING;
		raw_spin_unlock_irq(&sim->lock);
		status = move(sim, xfer);
		cond_resched();
		raw_spin_lock_irq(&sim->lock);
		xfer->status = status;
		xfer->stage = XSW_SIM_COPIED;
		if (xfer == first_xfer(sim))
			arm(sim, xfer->due);
		goto again;
	}
	raw_spin_unlock_irq(&sim->lock);
}

static int sim_submit(struct xsw_engine *engine, struct xsw_xfer *xfer)
{
	struct xsw_sim_engine *sim = to_sim(engine);
	unsigned long flags;
	bool was_empty;

	if (!sim->latency_ns)
		return move(sim, xfer);

	raw_spin_lock_irqsave(&sim->lock, flags);
	if (sim->nr_queued == XSW_SIM_MAX_QUEUED) {
		raw_spin_unlock_irqrestore(&sim->lock, flags);
		return -EBUSY;
	}
	was_empty = list_empty(&sim->queue);
	list_add_tail(&xfer->node, &sim->queue);
	sim->nr_queued++;
	xfer->stage = xfer->len > XSW_SIM_IRQ_BYTES ? XSW_SIM_LONG : XSW_SIM_SHORT;
	xfer->due = ktime_add_ns(ktime_get(), sim->latency_ns);
	if (xfer->stage == XSW_SIM_LONG)
		schedule_work(&sim->copy);
	if (was_empty)
		arm(sim, xfer->due);
	raw_spin_unlock_irqrestore(&sim->lock, flags);
	return -EINPROGRESS;
}

static void sim_cancel(struct xsw_engine *engine)
{
	struct xsw_sim_engine *sim = to_sim(engine);
	struct xsw_xfer *xfer, *next;
	LIST_HEAD(canceled);

	raw_spin_lock_irq(&sim->lock);
	list_for_each_entry_safe(xfer, next, &sim->queue, node) {
		if (xfer->stage == XSW_SIM_SHORT || xfer->stage == XSW_SIM_LONG) {
			list_move_tail(&xfer->node, &canceled);
			sim->nr_queued--;
		}
	}
	/* What is first now may have waited for one that is gone. */
	if (!list_empty(&sim->queue))
		arm(sim, ktime_get());
	raw_spin_unlock_irq(&sim->lock);

	list_for_each_entry_safe(xfer, next, &canceled, node)
		xfer->complete(xfer, -ECANCELED);
}

/* ---- opening and closing ---- */

static u64 destroy_env(struct xsw_kenv *env)
{
	return env == xsw_host_env() ? 0 : xsw_sim_destroy(env);
}

static void sim_free(struct xsw_sim_engine *sim)
{
	struct xsw_engine *engine = &sim->engine;
	u64 leaked;

	if (engine->xdev)
		xsw_detach(engine->xdev);
	platform_device_unregister(sim->pdev);
	leaked = destroy_env(engine->env);
	if (leaked)
		pr_err("xswiotlb-sim.%d: %llu slots of its pool were still in use\n",
		       sim->id, leaked);
	ida_free(&xsw_sim_ids, sim->id);
	vfree(sim->mem);
	kfree(sim);
}

static void sim_close(struct xsw_engine *engine)
{
	struct xsw_sim_engine *sim = to_sim(engine);

	/* The last completion may still be on its way out of the interrupt. */
	hrtimer_cancel(&sim->timer);
	cancel_work_sync(&sim->copy);
	sim_free(sim);
}

static const struct xsw_engine_ops sim_ops = {
	.name	= "sim",
	.submit	= sim_submit,
	.cancel	= sim_cancel,
	.close	= sim_close,
};

static struct platform_device *create_pdev(int id)
{
	struct platform_device *pdev = platform_device_alloc("xswiotlb-sim", id);
	int err;

	if (!pdev)
		return ERR_PTR(-ENOMEM);
	err = xsw_set_up_dma(&pdev->dev);
	/* It reads and writes through the CPU. */
	xsw_set_dma_coherent(&pdev->dev);
	if (!err)
		err = platform_device_add(pdev);
	if (err) {
		platform_device_put(pdev);
		/* That its name got no memory goes unseen, until the device has none. */
		return ERR_PTR(err == -EINVAL ? -ENOMEM : err);
	}
	return pdev;
}

static int set_limits(struct device *dev, const struct xsw_engine_open *op, u64 mask)
{
	int err = dma_set_mask_and_coherent(dev, mask);

	if (err)
		return err;
	dma_set_max_seg_size(dev, UINT_MAX);
	dma_set_min_align_mask(dev, op->min_align_mask);
	dma_set_seg_boundary(dev, op->seg_boundary ?: ULONG_MAX);
	return 0;
}

static enum xsw_cause open_cause(int err)
{
	switch (err) {
	case -ENOMEM:
		return XSW_CAUSE_NO_MEMORY;
	case -EIO:
		return XSW_CAUSE_MASK;
	case -EINVAL:
		return XSW_CAUSE_BAD_VALUE;
	default:
		return XSW_CAUSE_UNSUPPORTED;
	}
}

/**
 * xsw_sim_open() - make a simulated device, with an environment and a pool of its own
 *		    unless they are to be the host's
 * @op:		valid
 * @cause:	of a failure
 *
 * Return: the engine, or ERR_PTR.
 */
struct xsw_engine *xsw_sim_open(const struct xsw_engine_open *op, enum xsw_cause *cause)
{
	u64 mask = DMA_BIT_MASK(op->dma_bits ?: 64);
	const struct xsw_attach_opts opts = {
		.force_bounce	= op->flags & XSW_ENGINE_FORCE_BOUNCE,
		.no_bounce	= op->flags & XSW_ENGINE_NO_BOUNCE,
	};
	const struct xsw_sim_layout layout = {
		.p2m		= op->p2m,
		.seed		= op->seed,
		.offset		= op->p2m_offset,
		.no_m2p		= op->flags & XSW_ENGINE_NO_M2P,
		.no_flush	= op->flags & XSW_ENGINE_NO_FLUSH,
		.pool_bytes	= (u64)(op->pool_kib ?: XSW_SIM_POOL_KIB) << 10,
		/* The kernel's ops bounce elsewhere: any memory will do then. */
		.pool_limit	= op->ops == XSW_OPS_OURS ? mask : U64_MAX,
	};
	struct xsw_sim_engine *sim;
	struct xsw_engine *engine;
	int err = -ENOMEM;

	sim = kzalloc(sizeof(*sim), GFP_KERNEL_ACCOUNT);
	if (!sim)
		goto fail;
	engine = &sim->engine;
	engine->ops = &sim_ops;
	engine->kind = XSW_ENGINE_SIM;
	engine->max_len = XSW_SIM_MAX_LEN;
	engine->dev_size = XSW_SIM_MEM;
	engine->dma_mask = mask;
	sim->latency_ns = (u64)op->latency_us * NSEC_PER_USEC;
	engine->immediate = !sim->latency_ns;
	raw_spin_lock_init(&sim->lock);
	INIT_LIST_HEAD(&sim->queue);
	INIT_WORK(&sim->copy, copy_fn);
	hrtimer_setup(&sim->timer, timer_fn, CLOCK_MONOTONIC, HRTIMER_MODE_ABS_HARD);

	/* Its failure is the caller's to know, not the log's. */
	sim->mem = __vmalloc(XSW_SIM_MEM, GFP_KERNEL_ACCOUNT | __GFP_ZERO | __GFP_NOWARN);
	if (!sim->mem)
		goto free_sim;
	sim->id = ida_alloc(&xsw_sim_ids, GFP_KERNEL);
	if (sim->id < 0) {
		err = sim->id;
		goto free_mem;
	}
	engine->env = op->p2m == XSW_P2M_HOST ? xsw_host_env() : xsw_sim_create(&layout);
	if (IS_ERR(engine->env)) {
		err = PTR_ERR(engine->env);
		goto free_id;
	}
	sim->pdev = create_pdev(sim->id);
	if (IS_ERR(sim->pdev)) {
		err = PTR_ERR(sim->pdev);
		goto put_env;
	}
	engine->dev = &sim->pdev->dev;
	/* Ops of an IOMMU give addresses that only a real bus knows. */
	if (op->ops == XSW_OPS_KERNEL && get_dma_ops(engine->dev) &&
	    !xsw_is_kernels_ops(get_dma_ops(engine->dev))) {
		err = -EOPNOTSUPP;
		goto unregister;
	}
	if (op->ops == XSW_OPS_OURS) {
		engine->xdev = xsw_attach(engine->dev, engine->env, &opts);
		if (IS_ERR(engine->xdev)) {
			err = PTR_ERR(engine->xdev);
			goto unregister;
		}
	}
	err = set_limits(engine->dev, op, mask);
	if (err)
		goto detach;
	return engine;

detach:
	if (engine->xdev)
		xsw_detach(engine->xdev);
unregister:
	platform_device_unregister(sim->pdev);
put_env:
	destroy_env(engine->env);
free_id:
	ida_free(&xsw_sim_ids, sim->id);
free_mem:
	vfree(sim->mem);
free_sim:
	kfree(sim);
fail:
	*cause = open_cause(err);
	return ERR_PTR(err);
}
