// SPDX-License-Identifier: GPL-2.0
/*
 * The core in the kernel: the case tables of the unit tests, hard interrupts, real CPUs.
 */
#include <linux/completion.h>
#include <linux/kthread.h>
#include <linux/slab.h>

#include "copy.h"
#include "decide.h"
#include "hrtimer.h"
#include "place.h"
#include "sync.h"
#include "suites.h"
#include "world.h"

#define MAP_SIZE	(3 * PAGE_SIZE)
#define BUF_SIZE	(MAP_SIZE + 2 * PAGE_SIZE)

/**
 * struct core - what a case works with
 * @w:		the machine
 * @dev:	a device that bounces everything
 * @want:	what memory or pool should hold
 * @got:	what it holds
 */
struct core {
	struct xsw_world	*w;
	struct xsw_dev		dev;
	u8			want[BUF_SIZE];
	u8			got[BUF_SIZE];
};

static int core_init_pool(struct kunit *test, unsigned int order, u64 machine,
			  unsigned int nr_areas)
{
	struct core *c = kvzalloc(sizeof(*c), GFP_KERNEL);

	if (!c)
		return -ENOMEM;
	c->w = xsw_world_new(order, machine, nr_areas);
	if (IS_ERR(c->w)) {
		int err = PTR_ERR(c->w);

		kvfree(c);
		return err;
	}
	c->dev = xsw_world_dev();
	c->dev.force_bounce = true;
	test->priv = c;
	return 0;
}

static int core_init(struct kunit *test)
{
	return core_init_pool(test, 4, 0x40000000, 1);
}

static int core_place_init(struct kunit *test)
{
	int err = core_init_pool(test, get_order(XSW_PLACE_POOL_SIZE), XSW_PLACE_POOL_MACHINE, 1);

	/* Any address will do for what is refused before memory is looked at. */
	if (!err)
		((struct core *)test->priv)->w->ops.phys_to_machine = NULL;
	return err;
}

static void core_exit(struct kunit *test)
{
	struct core *c = test->priv;

	if (c) {
		KUNIT_EXPECT_EQ(test, xsw_world_free(c->w), 0ULL);
		kvfree(c);
	}
}

/* Like xsw_map(), and what goes for every map. */
static struct xsw_mapped core_map(struct kunit *test, const struct xsw_dev *dev, phys_addr_t phys,
				  size_t size, enum dma_data_direction dir, unsigned long attrs)
{
	struct core *c = test->priv;
	struct xsw_mapped m;
	int ret = xsw_map(&c->w->env, dev, phys, size, dir, attrs, &m);

	KUNIT_EXPECT_EQ(test, ret == 0, m.cause == XSW_CAUSE_NONE);
	KUNIT_EXPECT_EQ(test, ret == 0, m.reason != XSW_REASON_NONE);
	KUNIT_EXPECT_EQ(test, ret == 0, m.dma != DMA_MAPPING_ERROR);
	KUNIT_EXPECT_EQ(test, ret == -ENOMEM, m.cause == XSW_CAUSE_NO_SPACE);
	return m;
}

static void core_unmap(struct kunit *test, const struct xsw_dev *dev, dma_addr_t dma, size_t size,
		       enum dma_data_direction dir, unsigned long attrs, enum xsw_cause want)
{
	struct core *c = test->priv;
	enum xsw_cause cause;
	int ret = xsw_unmap(&c->w->env, dev, dma, size, dir, attrs, &cause);

	KUNIT_EXPECT_EQ(test, cause, want);
	KUNIT_EXPECT_EQ(test, ret == -EINVAL, cause != XSW_CAUSE_NONE);
}

static void core_sync(struct kunit *test, dma_addr_t dma, size_t size,
		      enum dma_data_direction dir, bool for_cpu, enum xsw_cause want)
{
	struct core *c = test->priv;
	enum xsw_cause cause;

	xsw_sync(&c->w->env, &c->dev, dma, size, dir, for_cpu, &cause);
	KUNIT_EXPECT_EQ(test, cause, want);
}

/* ---- where in the pool ---- */

static void place_desc(const struct xsw_place_case *pc, char *desc)
{
	strscpy(desc, pc->name, KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(place, xsw_place_cases, place_desc);

static void core_place(struct kunit *test)
{
	const struct xsw_place_case *pc = test->param_value;
	struct core *c = test->priv;
	struct xsw_dev dev = c->dev;
	struct xsw_mapped m;
	phys_addr_t phys;
	u64 boundary;

	if (pc->mask)
		dev.dma_mask = pc->mask;
	dev.bus_limit = pc->bus_limit;
	dev.min_align_mask = pc->min_align;
	dev.alloc_align_mask = pc->alloc_align;
	dev.seg_boundary = pc->boundary;
	/* What is refused is so before memory is looked at: its low bits can be had as they are. */
	phys = pc->cause ? pc->low : c->w->phys + pc->low;
	if ((phys & pc->min_align) != (pc->low & pc->min_align)) {
		kunit_mark_skipped(test, "this memory has other low bits");
		return;
	}

	m = core_map(test, &dev, phys, pc->size, DMA_BIDIRECTIONAL, 0);
	KUNIT_ASSERT_EQ(test, m.cause, pc->cause);
	if (m.cause) {
		KUNIT_EXPECT_EQ(test, xsw_world_used(c->w), 0ULL);
		return;
	}
	KUNIT_EXPECT_EQ(test, m.dma & dev.min_align_mask, phys & dev.min_align_mask);
	KUNIT_EXPECT_LE(test, m.dma + pc->size - 1, dev.dma_mask);
	if (dev.bus_limit)
		KUNIT_EXPECT_LE(test, m.dma + pc->size - 1, dev.bus_limit);
	boundary = pc->boundary ? ~pc->boundary : 0;
	KUNIT_EXPECT_EQ(test, m.dma & boundary, (m.dma + pc->size - 1) & boundary);
	KUNIT_EXPECT_TRUE(test, xsw_world_in_pool(c->w, m.dma, pc->size));
	core_unmap(test, &dev, m.dma, pc->size, DMA_BIDIRECTIONAL, 0, XSW_CAUSE_NONE);
	KUNIT_EXPECT_EQ(test, xsw_world_used(c->w), 0ULL);
}

/* ---- which path, and why ---- */

static void decide_desc(const struct xsw_decide_case *dc, char *desc)
{
	strscpy(desc, dc->name, KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(decide, xsw_decide_cases, decide_desc);

/* Two pages of each kind from the start of memory on; a gap between the kinds. */
static void core_lay_out(struct xsw_world *w)
{
	unsigned int kind;

	for (kind = 0; kind < XSW_CASE_NR_PAGES; kind++) {
		bool high = kind == XSW_CASE_HIGH || kind == XSW_CASE_FOREIGN_HIGH;
		u64 machine = (high ? 0x100000000ULL : 0x80000000ULL) + kind * 0x10000;
		unsigned int page = 2 * kind;

		w->machine[page] = machine;
		w->machine[page + 1] = machine + PAGE_SIZE;
		w->foreign[page] = kind == XSW_CASE_FOREIGN || kind == XSW_CASE_FOREIGN_HIGH;
		w->foreign[page + 1] = w->foreign[page] || kind == XSW_CASE_MIXED;
		if (kind == XSW_CASE_ODD) {
			w->machine[page] += PAGE_SIZE;
			w->machine[page + 1] += PAGE_SIZE;
		}
		if (kind == XSW_CASE_STRADDLE)
			swap(w->machine[page], w->machine[page + 1]);
		if (kind == XSW_CASE_NO_FRAME)
			w->machine[page] = XSW_MACHINE_NONE;
		if (kind == XSW_CASE_NO_FRAME || kind == XSW_CASE_HALF_FRAME)
			w->machine[page + 1] = XSW_MACHINE_NONE;
	}
}

static void core_decide(struct kunit *test)
{
	const struct xsw_decide_case *dc = test->param_value;
	struct core *c = test->priv;
	struct xsw_world *w = c->w;
	struct xsw_pool *pool = w->env.pool;
	struct xsw_dev dev = xsw_world_dev();
	phys_addr_t phys = w->phys + 2 * dc->page * PAGE_SIZE;
	struct xsw_mapped m;

	core_lay_out(w);
	w->no_flush = dc->no_flush;
	dev.dma_mask = 0xffffffff;
	dev.coherent = !dc->noncoherent;
	dev.force_bounce = dc->force;
	dev.no_bounce = dc->refuse;
	dev.seg_boundary = dc->boundary;
	if (dc->no_pool)
		w->env.pool = NULL;

	m = core_map(test, &dev, phys, dc->size, DMA_BIDIRECTIONAL, dc->attrs);
	KUNIT_EXPECT_EQ(test, m.reason, dc->reason);
	KUNIT_EXPECT_EQ(test, m.cause, dc->cause);
	if (m.reason == XSW_REASON_DIRECT || m.reason == XSW_REASON_FOREIGN)
		KUNIT_EXPECT_EQ(test, m.dma, w->machine[2 * dc->page]);
	else if (!m.cause)
		KUNIT_EXPECT_TRUE(test, xsw_world_in_pool(w, m.dma, dc->size));
	if (!m.cause)
		core_unmap(test, &dev, m.dma, dc->size, DMA_BIDIRECTIONAL, 0, XSW_CAUSE_NONE);
	w->env.pool = pool;
	KUNIT_EXPECT_EQ(test, xsw_world_used(w), 0ULL);
}

/* ---- what is copied, and when ---- */

static void copy_desc(const struct xsw_copy_case *cc, char *desc)
{
	strscpy(desc, cc->name, KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(copy, xsw_copy_cases, copy_desc);

static void core_copy(struct kunit *test)
{
	const struct xsw_copy_case *cc = test->param_value;
	struct core *c = test->priv;
	struct xsw_world *w = c->w;
	phys_addr_t phys = w->phys + 0x234;
	u8 *cpu = w->ram + 0x234, *old = c->want, *new = c->got;
	size_t size = 0x1800;
	struct xsw_mapped m;
	u8 *seen;

	seen = kunit_kzalloc(test, size, GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, seen);
	xsw_world_fill(old, size, 1);
	xsw_world_fill(new, size, 2);

	memcpy(cpu, old, size);
	m = core_map(test, &c->dev, phys, size, cc->dir, cc->attrs);
	KUNIT_ASSERT_EQ(test, m.reason, XSW_REASON_BOUNCE_FORCED);
	KUNIT_ASSERT_TRUE(test, xsw_world_read(w, m.dma, seen, size));
	KUNIT_EXPECT_EQ(test, memcmp(seen, old, size), 0);

	KUNIT_ASSERT_TRUE(test, xsw_world_write(w, m.dma, new, size));
	core_sync(test, m.dma, size, cc->dir, true, XSW_CAUSE_NONE);
	KUNIT_EXPECT_EQ(test, memcmp(cpu, cc->sync_cpu ? new : old, size), 0);

	xsw_world_fill(cpu, size, 3);
	memcpy(old, cpu, size);
	core_sync(test, m.dma, size, cc->dir, false, XSW_CAUSE_NONE);
	KUNIT_ASSERT_TRUE(test, xsw_world_read(w, m.dma, seen, size));
	KUNIT_EXPECT_EQ(test, memcmp(seen, cc->sync_device ? old : new, size), 0);

	KUNIT_ASSERT_TRUE(test, xsw_world_write(w, m.dma, new, size));
	core_unmap(test, &c->dev, m.dma, size, cc->dir, cc->attrs, XSW_CAUSE_NONE);
	KUNIT_EXPECT_EQ(test, memcmp(cpu, cc->unmap ? new : old, size), 0);
}

/* T10 to T12: a partial sync copies its own range, wherever both begin. */
static void core_partial_sync_at(struct kunit *test, u64 start, u64 map_size, u64 *nr)
{
	struct core *c = test->priv;
	u8 *cpu = c->w->ram + start;
	struct xsw_mapped m;
	unsigned int i, j;

	xsw_world_fill(cpu, map_size, 1);
	m = core_map(test, &c->dev, c->w->phys + start, map_size, DMA_BIDIRECTIONAL, 0);
	KUNIT_ASSERT_EQ(test, m.cause, XSW_CAUSE_NONE);

	for (i = 0; i < ARRAY_SIZE(xsw_sync_offsets); i++) {
		for (j = 0; j < ARRAY_SIZE(xsw_sync_lengths); j++) {
			u64 offset = xsw_sync_offsets[i], length = xsw_sync_lengths[j];

			if (offset >= map_size)
				continue;
			if (length > map_size - offset) {
				core_sync(test, m.dma + offset, length, DMA_BIDIRECTIONAL, true,
					  XSW_CAUSE_OUT_OF_RANGE);
				continue;
			}
			xsw_world_fill(c->want, map_size, *nr);
			memcpy(cpu, c->want, map_size);
			xsw_world_fill(c->got, map_size, ~*nr);
			xsw_world_write(c->w, m.dma, c->got, map_size);
			core_sync(test, m.dma + offset, length, DMA_BIDIRECTIONAL, true,
				  XSW_CAUSE_NONE);
			memcpy(c->want + offset, c->got + offset, length);
			KUNIT_EXPECT_EQ_MSG(test, memcmp(cpu, c->want, map_size), 0,
					    "start %llx offset %llx length %llx of %llx",
					    start, offset, length, map_size);

			xsw_world_fill(cpu, map_size, *nr + 7);
			core_sync(test, m.dma + offset, length, DMA_BIDIRECTIONAL, false,
				  XSW_CAUSE_NONE);
			memcpy(c->got + offset, cpu + offset, length);
			xsw_world_read(c->w, m.dma, c->want, map_size);
			KUNIT_EXPECT_EQ_MSG(test, memcmp(c->want, c->got, map_size), 0,
					    "start %llx offset %llx length %llx of %llx",
					    start, offset, length, map_size);
			++*nr;
		}
	}
	core_unmap(test, &c->dev, m.dma, map_size, DMA_BIDIRECTIONAL, DMA_ATTR_SKIP_CPU_SYNC,
		   XSW_CAUSE_NONE);
}

static void core_partial_sync(struct kunit *test)
{
	unsigned int i, j;
	u64 nr = 0;

	for (i = 0; i < ARRAY_SIZE(xsw_sync_starts); i++)
		for (j = 0; j < ARRAY_SIZE(xsw_sync_sizes); j++)
			core_partial_sync_at(test, xsw_sync_starts[i], xsw_sync_sizes[j], &nr);
	KUNIT_EXPECT_GE(test, nr, 1000ULL);
	kunit_info(test, "%llu partial syncs each way\n", nr);
}

/* ---- what is refused ---- */

static void core_refusals(struct kunit *test)
{
	struct core *c = test->priv;
	struct xsw_dev *dev = &c->dev;
	struct xsw_mapped m;

	m = core_map(test, dev, c->w->phys, 0x1000, DMA_NONE, 0);
	KUNIT_EXPECT_EQ(test, m.cause, XSW_CAUSE_BAD_DIRECTION);
	m = core_map(test, dev, c->w->phys, 0, DMA_TO_DEVICE, 0);
	KUNIT_EXPECT_EQ(test, m.cause, XSW_CAUSE_BAD_SIZE);
	m = core_map(test, dev, (phys_addr_t)-0x800, 0x1000, DMA_TO_DEVICE, 0);
	KUNIT_EXPECT_EQ(test, m.cause, XSW_CAUSE_BAD_ADDRESS);
	m = core_map(test, dev, c->w->phys, 0x1000, DMA_TO_DEVICE, DMA_ATTR_MMIO);
	KUNIT_EXPECT_EQ(test, m.cause, XSW_CAUSE_BAD_ADDRESS);

	m = core_map(test, dev, c->w->phys + 0x10, 0x1100, DMA_FROM_DEVICE, 0);
	KUNIT_ASSERT_EQ(test, m.cause, XSW_CAUSE_NONE);
	core_unmap(test, dev, m.dma, 0x1101, DMA_FROM_DEVICE, 0, XSW_CAUSE_SIZE_MISMATCH);
	core_unmap(test, dev, m.dma, 0x10ff, DMA_FROM_DEVICE, 0, XSW_CAUSE_SIZE_MISMATCH);
	core_unmap(test, dev, m.dma + 0x1000, 0x100, DMA_FROM_DEVICE, 0, XSW_CAUSE_NOT_MAPPED);
	core_unmap(test, dev, c->w->pool_machine + 0x8000, 0x100, DMA_FROM_DEVICE, 0,
		   XSW_CAUSE_NOT_MAPPED);
	core_sync(test, m.dma, 0x1101, DMA_FROM_DEVICE, true, XSW_CAUSE_OUT_OF_RANGE);
	core_sync(test, m.dma + 0x10ff, 2, DMA_FROM_DEVICE, true, XSW_CAUSE_OUT_OF_RANGE);
	core_sync(test, m.dma + 1, SIZE_MAX, DMA_FROM_DEVICE, true, XSW_CAUSE_OUT_OF_RANGE);
	core_sync(test, m.dma, 0x1100, DMA_FROM_DEVICE, true, XSW_CAUSE_NONE);
	core_unmap(test, dev, m.dma, 0x1100, DMA_FROM_DEVICE, 0, XSW_CAUSE_NONE);
	core_unmap(test, dev, m.dma, 0x1100, DMA_FROM_DEVICE, 0, XSW_CAUSE_NOT_MAPPED);
	core_sync(test, m.dma, 0x1100, DMA_FROM_DEVICE, true, XSW_CAUSE_NOT_MAPPED);
	KUNIT_EXPECT_EQ(test, xsw_world_used(c->w), 0ULL);
}

/* Full, and empty again; the marks are exact. */
static void core_exhaustion(struct kunit *test)
{
	struct core *c = test->priv;
	unsigned int nr = (PAGE_SIZE << c->w->order) / XSW_SLOT_SIZE, i;
	dma_addr_t *dma = kunit_kcalloc(test, nr, sizeof(*dma), GFP_KERNEL);
	struct xsw_pool_info info;
	struct xsw_mapped m;

	KUNIT_ASSERT_NOT_NULL(test, dma);
	for (i = 0; i < nr; i++) {
		m = core_map(test, &c->dev, c->w->phys + i * XSW_SLOT_SIZE, XSW_SLOT_SIZE,
			     DMA_TO_DEVICE, 0);
		KUNIT_ASSERT_EQ_MSG(test, m.cause, XSW_CAUSE_NONE, "slot %u of %u", i, nr);
		dma[i] = m.dma;
	}
	m = core_map(test, &c->dev, c->w->phys, 1, DMA_TO_DEVICE, 0);
	KUNIT_EXPECT_EQ(test, m.cause, XSW_CAUSE_NO_SPACE);
	KUNIT_EXPECT_EQ(test, xsw_world_used(c->w), (u64)nr);

	core_unmap(test, &c->dev, dma[nr / 2], XSW_SLOT_SIZE, DMA_TO_DEVICE, 0, XSW_CAUSE_NONE);
	m = core_map(test, &c->dev, c->w->phys, 1, DMA_TO_DEVICE, 0);
	KUNIT_EXPECT_EQ(test, m.dma & ~(u64)(XSW_SLOT_SIZE - 1), dma[nr / 2]);
	core_unmap(test, &c->dev, m.dma, 1, DMA_TO_DEVICE, 0, XSW_CAUSE_NONE);
	for (i = 0; i < nr; i++)
		if (i != nr / 2)
			core_unmap(test, &c->dev, dma[i], XSW_SLOT_SIZE, DMA_TO_DEVICE, 0,
				   XSW_CAUSE_NONE);
	xsw_pool_get_info(c->w->env.pool, &info);
	KUNIT_EXPECT_EQ(test, info.used, 0ULL);
	KUNIT_EXPECT_EQ(test, info.hiwater, (u64)nr);
}

/* ---- hard interrupts ---- */

#define IRQ_SHOTS	200

struct irq_run {
	struct hrtimer		timer;
	struct completion	done;
	struct core		*c;
	unsigned int		shots;
	unsigned int		bad;
	bool			hard;
};

static enum hrtimer_restart core_irq_shot(struct hrtimer *timer)
{
	struct irq_run *run = container_of(timer, struct irq_run, timer);
	struct core *c = run->c;
	enum xsw_cause cause;
	struct xsw_mapped m;

	run->hard &= !!in_hardirq();
	if (xsw_map(&c->w->env, &c->dev, c->w->phys + PAGE_SIZE * 8, 0x900, DMA_BIDIRECTIONAL, 0,
		    &m))
		run->bad++;
	else if (xsw_sync(&c->w->env, &c->dev, m.dma + 1, 0x8ff, DMA_BIDIRECTIONAL, true,
			  &cause) != 1 ||
		 xsw_sync(&c->w->env, &c->dev, m.dma, 0x8ff, DMA_BIDIRECTIONAL, false,
			  &cause) != 1 ||
		 xsw_unmap(&c->w->env, &c->dev, m.dma, 0x900, DMA_BIDIRECTIONAL, 0, &cause) != 1)
		run->bad++;
	if (++run->shots == IRQ_SHOTS) {
		complete(&run->done);
		return HRTIMER_NORESTART;
	}
	hrtimer_forward_now(timer, ns_to_ktime(200 * NSEC_PER_USEC));
	return HRTIMER_RESTART;
}

/* Invariant 9, while the same CPU and others map too: a lock taken wrongly would stop here. */
static void core_hardirq(struct kunit *test)
{
	struct core *c = test->priv;
	struct irq_run *run = kunit_kzalloc(test, sizeof(*run), GFP_KERNEL);
	enum xsw_cause cause;
	struct xsw_mapped m;
	unsigned int maps = 0, bad = 0;

	KUNIT_ASSERT_NOT_NULL(test, run);
	run->c = c;
	run->hard = true;
	init_completion(&run->done);
	hrtimer_setup(&run->timer, core_irq_shot, CLOCK_MONOTONIC, HRTIMER_MODE_REL_HARD);
	hrtimer_start(&run->timer, ns_to_ktime(200 * NSEC_PER_USEC), HRTIMER_MODE_REL_HARD);
	do {
		if (xsw_map(&c->w->env, &c->dev, c->w->phys, 0x1000, DMA_TO_DEVICE, 0, &m) ||
		    xsw_unmap(&c->w->env, &c->dev, m.dma, 0x1000, DMA_TO_DEVICE, 0, &cause) != 1)
			bad++;
		maps++;
		cond_resched();
	} while (!try_wait_for_completion(&run->done));
	hrtimer_cancel(&run->timer);

	KUNIT_EXPECT_TRUE(test, run->hard);
	KUNIT_EXPECT_EQ(test, run->bad, 0U);
	KUNIT_EXPECT_EQ(test, bad, 0U);
	KUNIT_EXPECT_EQ(test, xsw_world_used(c->w), 0ULL);
	kunit_info(test, "%u maps in hard interrupts, %u under them\n", run->shots, maps);
}

/* ---- real CPUs ---- */

#define SMP_ROUNDS	4000

struct smp_run {
	struct core		*c;
	struct completion	done;
	unsigned int		id;
	unsigned int		bad;
	unsigned int		full;
};

/* Each thread's bytes come back from the pool as they went there: nobody else has its slots. */
static int core_smp_thread(void *data)
{
	struct smp_run *run = data;
	struct xsw_world *w = run->c->w;
	u8 *cpu = w->ram + run->id * SZ_64K;
	u32 rnd = run->id + 1;
	enum xsw_cause cause;
	struct xsw_mapped m;
	unsigned int i;

	for (i = 0; i < SMP_ROUNDS; i++) {
		size_t size, offset;

		rnd = rnd * 1664525 + 1013904223;
		offset = (rnd >> 8) % 0x1000;
		size = 1 + (rnd >> 20) % 0xfff;
		memset(cpu + offset, run->id + 1, size);
		if (xsw_map(&w->env, &run->c->dev, w->phys + run->id * SZ_64K + offset, size,
			    DMA_BIDIRECTIONAL, 0, &m)) {
			run->bad += m.cause != XSW_CAUSE_NO_SPACE;
			run->full++;
			continue;
		}
		memset(cpu + offset, 0, size);
		if (xsw_unmap(&w->env, &run->c->dev, m.dma, size, DMA_BIDIRECTIONAL, 0,
			      &cause) != 1 || memchr_inv(cpu + offset, run->id + 1, size))
			run->bad++;
		if (i % 64 == 0)
			cond_resched();
	}
	kthread_complete_and_exit(&run->done, 0);
}

static void core_all_cpus(struct kunit *test)
{
	struct core *c = test->priv;
	unsigned int nr = 2 * num_online_cpus(), i, started = 0;
	struct smp_run *runs = kunit_kcalloc(test, nr, sizeof(*runs), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, runs);
	for (i = 0; i < nr; i++) {
		struct task_struct *task;

		runs[i].c = c;
		runs[i].id = i;
		init_completion(&runs[i].done);
		task = kthread_run(core_smp_thread, &runs[i], "xsw-kunit/%u", i);
		if (IS_ERR(task))
			break;
		started++;
	}
	KUNIT_EXPECT_EQ(test, started, nr);
	for (i = 0; i < started; i++) {
		wait_for_completion(&runs[i].done);
		KUNIT_EXPECT_EQ(test, runs[i].bad, 0U);
	}
	KUNIT_EXPECT_EQ(test, xsw_world_used(c->w), 0ULL);
}

static struct kunit_case core_place_tests[] = {
	KUNIT_CASE_PARAM(core_place, place_gen_params),
	{ }
};

struct kunit_suite xsw_core_place_suite = {
	.name = "xsw_core_place",
	.init = core_place_init,
	.exit = core_exit,
	.test_cases = core_place_tests,
};

static struct kunit_case core_tests[] = {
	KUNIT_CASE_PARAM(core_decide, decide_gen_params),
	KUNIT_CASE_PARAM(core_copy, copy_gen_params),
	KUNIT_CASE(core_partial_sync),
	KUNIT_CASE(core_refusals),
	KUNIT_CASE(core_exhaustion),
	KUNIT_CASE(core_hardirq),
	KUNIT_CASE(core_all_cpus),
	{ }
};

struct kunit_suite xsw_core_suite = {
	.name = "xsw_core",
	.init = core_init,
	.exit = core_exit,
	.test_cases = core_tests,
};
