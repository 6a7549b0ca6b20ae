// SPDX-License-Identifier: GPL-2.0
/*
 * The ops as a driver meets them: the kernel's DMA API on a platform device that carries them, in
 * simulated environments. What the device sees is read through the true m2p.
 */
#include <linux/completion.h>
#include <linux/dma-mapping.h>
#include <linux/err.h>
#include <linux/platform_device.h>
#include <linux/scatterlist.h>
#include <linux/slab.h>

#include "hrtimer.h"
#include "layouts.h"
#include "ops.h"
#include "suites.h"
#include "utest.h"
#include "world.h"

#define ORDER	5
#define BYTES	(PAGE_SIZE << ORDER)

struct ops_test {
	struct platform_device	*pdev;
	struct device		*dev;
	struct xsw_kenv		*kenv;
	struct xsw_device	*xdev;
	u8			*cpu;
	u8			want[4 * PAGE_SIZE];
	u8			seen[4 * PAGE_SIZE];
};

static int ops_init(struct kunit *test)
{
	struct ops_test *t = kvzalloc(sizeof(*t), GFP_KERNEL);

	if (!t)
		return -ENOMEM;
	t->cpu = (u8 *)__get_free_pages(GFP_KERNEL | __GFP_ZERO, ORDER);
	t->pdev = platform_device_register_simple("xsw-kunit", PLATFORM_DEVID_AUTO, NULL, 0);
	if (!t->cpu || IS_ERR(t->pdev)) {
		if (!IS_ERR(t->pdev))
			platform_device_unregister(t->pdev);
		free_pages((unsigned long)t->cpu, ORDER);
		kvfree(t);
		return -ENOMEM;
	}
	t->dev = &t->pdev->dev;
	test->priv = t;
	return 0;
}

static void ops_exit(struct kunit *test)
{
	struct ops_test *t = test->priv;

	if (!t)
		return;
	if (t->xdev) {
		xsw_detach(t->xdev);
		KUNIT_EXPECT_TRUE(test, !xsw_device_of(t->dev));
	}
	if (t->kenv)
		KUNIT_EXPECT_EQ(test, xsw_sim_destroy(t->kenv), 0ULL);
	platform_device_unregister(t->pdev);
	free_pages((unsigned long)t->cpu, ORDER);
	kvfree(t);
}

static struct ops_test *ops_start(struct kunit *test, const struct xsw_sim_layout *layout,
				  u64 mask, bool force)
{
	const struct xsw_attach_opts opts = { .force_bounce = force };
	struct ops_test *t = test->priv;
	struct xsw_device *xdev;
	struct xsw_kenv *kenv;

	kenv = xsw_sim_create(layout);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, kenv);
	t->kenv = kenv;
	/* The kernel's own ops may not know what ours can do. */
	xdev = xsw_attach(t->dev, kenv, &opts);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, xdev);
	t->xdev = xdev;
	KUNIT_ASSERT_EQ(test, dma_set_mask_and_coherent(t->dev, mask), 0);
	return t;
}

/* What the device does, page by page. */
static bool ops_device(struct ops_test *t, dma_addr_t dma, u8 *to, const u8 *from, size_t size)
{
	while (size) {
		size_t len = min_t(size_t, size, PAGE_SIZE - offset_in_page(dma));
		phys_addr_t phys;

		if (!xsw_env_m2p(t->kenv, dma, &phys))
			return false;
		if (to) {
			memcpy(to, phys_to_virt(phys), len);
			to += len;
		} else {
			memcpy(phys_to_virt(phys), from, len);
			from += len;
		}
		dma += len;
		size -= len;
	}
	return true;
}

static u64 ops_used(const struct ops_test *t)
{
	struct xsw_pool_info info;

	xsw_pool_get_info(t->kenv->env.pool, &info);
	return info.used;
}

static u8 ops_last_reason(const struct ops_test *t)
{
	u8 reason;

	preempt_disable();
	reason = this_cpu_read(t->xdev->last_map->reason);
	preempt_enable();
	return reason;
}

static void ops_single_dir(struct kunit *test, enum dma_data_direction dir, bool bounces,
			   size_t offset, size_t size)
{
	struct ops_test *t = test->priv;
	u8 *cpu = t->cpu + offset;
	dma_addr_t dma;

	xsw_world_fill(cpu, size, size);
	memcpy(t->want, cpu, size);
	dma = dma_map_single(t->dev, cpu, size, dir);
	KUNIT_ASSERT_EQ(test, dma_mapping_error(t->dev, dma), 0);
	KUNIT_EXPECT_EQ(test, ops_used(t) != 0, bounces);

	KUNIT_EXPECT_TRUE(test, ops_device(t, dma, t->seen, NULL, size));
	if (dir != DMA_FROM_DEVICE)
		KUNIT_EXPECT_EQ(test, memcmp(t->seen, t->want, size), 0);
	if (dir != DMA_TO_DEVICE) {
		/* All but the last byte: that must survive. */
		xsw_world_fill(t->want, size - 1, ~size);
		KUNIT_EXPECT_TRUE(test, ops_device(t, dma, NULL, t->want, size - 1));
	}
	if (dir == DMA_BIDIRECTIONAL) {
		dma_sync_single_for_cpu(t->dev, dma, size, dir);
		KUNIT_EXPECT_EQ(test, memcmp(cpu, t->want, size), 0);
		cpu[0] ^= 0xff;
		t->want[0] ^= 0xff;
		dma_sync_single_for_device(t->dev, dma, 1, dir);
	}
	dma_unmap_single(t->dev, dma, size, dir);
	KUNIT_EXPECT_EQ(test, memcmp(cpu, t->want, size), 0);
	KUNIT_EXPECT_EQ(test, ops_used(t), 0ULL);
}

static void ops_single(struct kunit *test)
{
	const struct layout_case *lc = test->param_value;
	static const enum dma_data_direction dirs[] = {
		DMA_BIDIRECTIONAL, DMA_TO_DEVICE, DMA_FROM_DEVICE,
	};
	unsigned int i;

	ops_start(test, &lc->layout, DMA_BIT_MASK(64), false);
	for (i = 0; i < ARRAY_SIZE(dirs); i++) {
		ops_single_dir(test, dirs[i], false, 0x10, 0x100);
		ops_single_dir(test, dirs[i], false, PAGE_SIZE, PAGE_SIZE);
		ops_single_dir(test, dirs[i], !lc->neighbours, 0xf80, 0x100);
		ops_single_dir(test, dirs[i], !lc->neighbours, 0x123, 3 * PAGE_SIZE);
	}
}

static void ops_forced(struct kunit *test)
{
	const struct layout_case *lc = test->param_value;
	struct ops_test *t = ops_start(test, &lc->layout, DMA_BIT_MASK(64), true);

	ops_single_dir(test, DMA_BIDIRECTIONAL, true, 0x123, 3 * PAGE_SIZE);
	ops_single_dir(test, DMA_TO_DEVICE, true, 0, 1);
	dma_set_min_align_mask(t->dev, PAGE_SIZE - 1);
	ops_single_dir(test, DMA_FROM_DEVICE, true, 0x7fe, 0x900);
}

static void ops_mask(struct kunit *test)
{
	static const struct xsw_sim_layout layout = {
		.p2m		= XSW_P2M_OFFSET,
		.offset		= 0x100000,
		.pool_bytes	= SZ_1M,
		.pool_limit	= 0xffffffff,
	};
	struct ops_test *t = ops_start(test, &layout, DMA_BIT_MASK(32), false);
	dma_addr_t dma;

	ops_single_dir(test, DMA_BIDIRECTIONAL, true, 0, PAGE_SIZE);
	dma = dma_map_single(t->dev, t->cpu, 1, DMA_TO_DEVICE);
	KUNIT_ASSERT_EQ(test, dma_mapping_error(t->dev, dma), 0);
	KUNIT_EXPECT_LE(test, (u64)dma, DMA_BIT_MASK(32));
	KUNIT_EXPECT_EQ(test, ops_last_reason(t), XSW_REASON_BOUNCE_MASK);
	dma_unmap_single(t->dev, dma, 1, DMA_TO_DEVICE);

	KUNIT_EXPECT_GE(test, dma_max_mapping_size(t->dev), (size_t)SZ_256K);
	KUNIT_EXPECT_TRUE(test, dma_get_required_mask(t->dev) > DMA_BIT_MASK(32));
	/* No memory and no pool below: refused before anything is mapped. */
	KUNIT_EXPECT_EQ(test, dma_set_mask(t->dev, DMA_BIT_MASK(12)), -EIO);
	KUNIT_EXPECT_EQ(test, dma_get_mask(t->dev), DMA_BIT_MASK(32));
}

static void ops_too_large(struct kunit *test)
{
	static const struct xsw_sim_layout layout = {
		.p2m		= XSW_P2M_IDENTITY,
		.pool_bytes	= SZ_256K,
		.pool_limit	= 0xffffffff,
	};
	struct ops_test *t = ops_start(test, &layout, DMA_BIT_MASK(64), true);
	size_t most = dma_max_mapping_size(t->dev), size = 2 * most;
	struct page *pages = alloc_pages(GFP_KERNEL | __GFP_ZERO, get_order(size));
	dma_addr_t dma;

	KUNIT_ASSERT_NOT_NULL(test, pages);
	dma = dma_map_page_attrs(t->dev, pages, 0, size, DMA_TO_DEVICE, DMA_ATTR_NO_WARN);
	KUNIT_EXPECT_EQ(test, dma_mapping_error(t->dev, dma), -ENOMEM);
	dma = dma_map_page(t->dev, pages, 0, most, DMA_TO_DEVICE);
	KUNIT_EXPECT_EQ(test, dma_mapping_error(t->dev, dma), 0);
	if (dma != DMA_MAPPING_ERROR)
		dma_unmap_page(t->dev, dma, most, DMA_TO_DEVICE);
	__free_pages(pages, get_order(size));
	KUNIT_EXPECT_EQ(test, ops_used(t), 0ULL);
}

#define SG_ENTRIES	8

static void ops_sg(struct kunit *test)
{
	const struct layout_case *lc = test->param_value;
	struct ops_test *t = ops_start(test, &lc->layout, DMA_BIT_MASK(64), false);
	size_t entry = PAGE_SIZE + 0x200, len = sizeof(t->seen);
	struct scatterlist sgl[SG_ENTRIES], *sg;
	int nr, i;

	/* From the back to the front, and not page aligned. */
	sg_init_table(sgl, SG_ENTRIES);
	for (i = 0; i < SG_ENTRIES; i++)
		sg_set_buf(&sgl[i], t->cpu + (SG_ENTRIES - 1 - i) * 2 * PAGE_SIZE + 0x700, entry);
	for (i = 0; i < SG_ENTRIES; i++)
		xsw_world_fill(sg_virt(&sgl[i]), entry, i);

	nr = dma_map_sg(t->dev, sgl, SG_ENTRIES, DMA_BIDIRECTIONAL);
	KUNIT_ASSERT_EQ(test, nr, SG_ENTRIES);
	KUNIT_EXPECT_EQ(test, ops_used(t) != 0, !lc->neighbours);
	for_each_sg(sgl, sg, nr, i) {
		xsw_world_fill(t->want, entry, i);
		KUNIT_EXPECT_EQ(test, (size_t)sg_dma_len(sg), entry);
		KUNIT_EXPECT_TRUE(test, ops_device(t, sg_dma_address(sg), t->seen, NULL, entry));
		KUNIT_EXPECT_EQ(test, memcmp(t->seen, t->want, entry), 0);
		xsw_world_fill(t->want, entry, ~i);
		KUNIT_EXPECT_TRUE(test, ops_device(t, sg_dma_address(sg), NULL, t->want, entry));
	}
	dma_sync_sg_for_cpu(t->dev, sgl, SG_ENTRIES, DMA_BIDIRECTIONAL);
	for (i = 0; i < SG_ENTRIES; i++) {
		xsw_world_fill(t->want, entry, ~i);
		KUNIT_EXPECT_EQ(test, memcmp(sg_virt(&sgl[i]), t->want, entry), 0);
	}
	dma_sync_sg_for_device(t->dev, sgl, SG_ENTRIES, DMA_BIDIRECTIONAL);
	dma_unmap_sg(t->dev, sgl, SG_ENTRIES, DMA_BIDIRECTIONAL);
	KUNIT_EXPECT_LE(test, entry, len);
	KUNIT_EXPECT_EQ(test, ops_used(t), 0ULL);
}

static void ops_coherent(struct kunit *test)
{
	static const size_t sizes[] = { 1, PAGE_SIZE, 3 * PAGE_SIZE, SZ_256K };
	const struct layout_case *lc = test->param_value;
	struct ops_test *t = ops_start(test, &lc->layout, DMA_BIT_MASK(64), false);
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(sizes); i++) {
		size_t size = sizes[i], n = min(size, sizeof(t->want));
		dma_addr_t dma;
		u8 *cpu;

		cpu = dma_alloc_coherent(t->dev, size, &dma, GFP_KERNEL);
		KUNIT_ASSERT_NOT_NULL(test, cpu);
		KUNIT_EXPECT_TRUE(test, !memchr_inv(cpu, 0, size));
		xsw_world_fill(t->want, n, i);
		KUNIT_EXPECT_TRUE(test, ops_device(t, dma + size - n, NULL, t->want, n));
		KUNIT_EXPECT_EQ(test, memcmp(cpu + size - n, t->want, n), 0);
		cpu[size - n] ^= 0x55;
		KUNIT_EXPECT_TRUE(test, ops_device(t, dma + size - n, t->seen, NULL, n));
		KUNIT_EXPECT_EQ(test, (unsigned int)t->seen[0], (unsigned int)(t->want[0] ^ 0x55));
		dma_free_coherent(t->dev, size, cpu, dma);
	}
}

static void ops_pages(struct kunit *test)
{
	const struct layout_case *lc = test->param_value;
	struct ops_test *t = ops_start(test, &lc->layout, DMA_BIT_MASK(64), false);
	size_t size = 3 * PAGE_SIZE;
	struct page *page;
	dma_addr_t dma;

	page = dma_alloc_pages(t->dev, size, &dma, DMA_BIDIRECTIONAL, GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, page);
	xsw_world_fill(t->want, size, 1);
	KUNIT_EXPECT_TRUE(test, ops_device(t, dma, NULL, t->want, size));
	dma_sync_single_for_cpu(t->dev, dma, size, DMA_BIDIRECTIONAL);
	KUNIT_EXPECT_EQ(test, memcmp(page_address(page), t->want, size), 0);
	dma_free_pages(t->dev, size, page, dma, DMA_BIDIRECTIONAL);
}

/* ---- hard interrupts ---- */

#define IRQ_SHOTS	100

struct ops_irq {
	struct hrtimer		timer;
	struct completion	done;
	struct ops_test		*t;
	dma_addr_t		held;
	unsigned int		shots;
	unsigned int		bad;
};

static enum hrtimer_restart ops_irq_shot(struct hrtimer *timer)
{
	struct ops_irq *irq = container_of(timer, struct ops_irq, timer);
	struct device *dev = irq->t->dev;
	dma_addr_t dma;

	irq->bad += !in_hardirq();
	dma_sync_single_for_cpu(dev, irq->held, PAGE_SIZE, DMA_BIDIRECTIONAL);
	dma_sync_single_range_for_device(dev, irq->held, 100, 1000, DMA_BIDIRECTIONAL);
	dma = dma_map_single(dev, irq->t->cpu + 2 * PAGE_SIZE + 0xf00, 0x300, DMA_BIDIRECTIONAL);
	if (dma_mapping_error(dev, dma))
		irq->bad++;
	else
		dma_unmap_single(dev, dma, 0x300, DMA_BIDIRECTIONAL);
	if (++irq->shots == IRQ_SHOTS) {
		complete(&irq->done);
		return HRTIMER_NORESTART;
	}
	hrtimer_forward_now(timer, ns_to_ktime(300 * NSEC_PER_USEC));
	return HRTIMER_RESTART;
}

static void ops_hardirq(struct kunit *test)
{
	const struct layout_case *lc = test->param_value;
	struct ops_test *t = ops_start(test, &lc->layout, DMA_BIT_MASK(64), true);
	struct ops_irq *irq = kunit_kzalloc(test, sizeof(*irq), GFP_KERNEL);
	unsigned int bad = 0;
	dma_addr_t dma;

	KUNIT_ASSERT_NOT_NULL(test, irq);
	irq->t = t;
	init_completion(&irq->done);
	irq->held = dma_map_single(t->dev, t->cpu, PAGE_SIZE, DMA_BIDIRECTIONAL);
	KUNIT_ASSERT_EQ(test, dma_mapping_error(t->dev, irq->held), 0);
	hrtimer_setup(&irq->timer, ops_irq_shot, CLOCK_MONOTONIC, HRTIMER_MODE_REL_HARD);
	hrtimer_start(&irq->timer, ns_to_ktime(300 * NSEC_PER_USEC), HRTIMER_MODE_REL_HARD);
	do {
		dma = dma_map_single(t->dev, t->cpu + 8 * PAGE_SIZE, PAGE_SIZE, DMA_TO_DEVICE);
		if (dma_mapping_error(t->dev, dma))
			bad++;
		else
			dma_unmap_single(t->dev, dma, PAGE_SIZE, DMA_TO_DEVICE);
		cond_resched();
	} while (!try_wait_for_completion(&irq->done));
	hrtimer_cancel(&irq->timer);
	dma_unmap_single(t->dev, irq->held, PAGE_SIZE, DMA_BIDIRECTIONAL);
	KUNIT_EXPECT_EQ(test, irq->bad, 0U);
	KUNIT_EXPECT_EQ(test, bad, 0U);
	KUNIT_EXPECT_EQ(test, ops_used(t), 0ULL);
}

static void ops_attach_twice(struct kunit *test)
{
	static const struct xsw_sim_layout layout = {
		.p2m		= XSW_P2M_IDENTITY,
		.pool_bytes	= SZ_256K,
		.pool_limit	= 0xffffffff,
	};
	const struct xsw_attach_opts opts = { };
	struct ops_test *t = test->priv;
	const struct dma_map_ops *before = get_dma_ops(t->dev);

	ops_start(test, &layout, DMA_BIT_MASK(64), false);
	KUNIT_EXPECT_PTR_EQ(test, xsw_device_of(t->dev), t->xdev);
	KUNIT_EXPECT_EQ(test, PTR_ERR_OR_ZERO(xsw_attach(t->dev, t->kenv, &opts)), -EBUSY);
	xsw_detach(t->xdev);
	t->xdev = NULL;
	KUNIT_EXPECT_PTR_EQ(test, get_dma_ops(t->dev), before);
	KUNIT_EXPECT_TRUE(test, !xsw_device_of(t->dev));
}

static struct kunit_case ops_tests[] = {
	KUNIT_CASE_PARAM(ops_single, layout_gen_params),
	KUNIT_CASE_PARAM(ops_forced, layout_gen_params),
	KUNIT_CASE_PARAM(ops_sg, layout_gen_params),
	KUNIT_CASE_PARAM(ops_coherent, layout_gen_params),
	KUNIT_CASE_PARAM(ops_pages, layout_gen_params),
	KUNIT_CASE_PARAM(ops_hardirq, layout_gen_params),
	KUNIT_CASE(ops_mask),
	KUNIT_CASE(ops_too_large),
	KUNIT_CASE(ops_attach_twice),
	{ }
};

struct kunit_suite xsw_ops_suite = {
	.name = "xsw_ops",
	.init = ops_init,
	.exit = ops_exit,
	.test_cases = ops_tests,
};
