// SPDX-License-Identifier: GPL-2.0
/*
 * The environment of the guest that this runs in: bare, or the one of its kind of Xen. What
 * the ops would tell a device is held against the inverse that moves bytes, which is not theirs.
 */
#include <linux/dma-mapping.h>
#include <linux/err.h>
#include <linux/gfp.h>
#include <linux/ioport.h>
#include <linux/mm.h>
#include <linux/pfn.h>
#include <linux/platform_device.h>
#include <linux/sizes.h>
#include <linux/slab.h>

#include "env.h"
#include "ops.h"
#include "suites.h"
#include "utest.h"
#include "world.h"

#define PAGES	16
#define ORDER	4
#define ROW_ORDER	get_order(SZ_4M)

/**
 * struct host_test - pages of this guest
 * @kenv:	environment
 * @block:	contiguous pages, 1 << ORDER of them
 * @row:	1 << ROW_ORDER contiguous pages, or NULL
 * @own:	a page each: of @block, or as a test has put them
 * @mapped:	where grants of them are mapped
 * @grants:	that are mapped, or NULL
 * @pdev:	a device, or NULL
 * @xdev:	its ops, or NULL
 */
struct host_test {
	struct xsw_kenv		*kenv;
	struct page		*block;
	struct page		*row;
	struct page		*own[PAGES];
	struct page		*mapped[PAGES];
	struct xsw_grants	*grants;
	struct platform_device	*pdev;
	struct xsw_device	*xdev;
};

static int host_suite_init(struct kunit_suite *suite)
{
	return xsw_host_env_init();
}

static void host_suite_exit(struct kunit_suite *suite)
{
	xsw_host_env_exit();
}

static int host_init(struct kunit *test)
{
	struct host_test *t = kzalloc(sizeof(*t), GFP_KERNEL);
	unsigned int i;

	if (!t)
		return -ENOMEM;
	t->kenv = xsw_host_env();
	t->block = alloc_pages(GFP_KERNEL | __GFP_ZERO, ORDER);
	if (!t->block) {
		kfree(t);
		return -ENOMEM;
	}
	for (i = 0; i < PAGES; i++)
		t->own[i] = t->block + i;
	test->priv = t;
	return 0;
}

static void host_exit(struct kunit *test)
{
	struct host_test *t = test->priv;

	if (!t)
		return;
	if (t->xdev)
		xsw_detach(t->xdev);
	if (t->pdev)
		platform_device_unregister(t->pdev);
	KUNIT_EXPECT_EQ(test, xsw_poolmem_destroy(t->kenv), 0ULL);
	if (t->grants)
		xsw_grants_destroy(t->grants);
	if (t->row)
		__free_pages(t->row, ROW_ORDER);
	__free_pages(t->block, ORDER);
	kfree(t);
}

/* As the core translates. */
static u64 to_machine(struct host_test *t, phys_addr_t phys, bool *foreign)
{
	const struct xsw_env_ops *ops = t->kenv->env.ops;

	*foreign = false;
	return ops->phys_to_machine ? ops->phys_to_machine(&t->kenv->env, phys, foreign) : phys;
}

/* Whether there are grants; the case is skipped where there can't be. */
static bool grant(struct kunit *test, bool contiguous)
{
	struct host_test *t = test->priv;
	struct xsw_grants *grants;

	if (!xsw_grants_usable()) {
		kunit_mark_skipped(test, "this guest can not grant pages to itself");
		return false;
	}
	grants = xsw_grants_create(t->own, t->mapped, PAGES, contiguous);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, grants);
	t->grants = grants;
	return true;
}

static void own_pages(struct kunit *test)
{
	struct host_test *t = test->priv;
	phys_addr_t phys, back;
	unsigned int i;
	bool foreign;
	u64 machine;

	for (i = 0; i < PAGES; i++) {
		phys = page_to_phys(t->own[i]) + 17 * i;
		machine = to_machine(t, phys, &foreign);
		KUNIT_ASSERT_TRUE(test, machine != XSW_MACHINE_NONE);
		KUNIT_EXPECT_FALSE(test, foreign);
		KUNIT_EXPECT_LE(test, machine, xsw_env_max_machine(t->kenv));
		KUNIT_ASSERT_TRUE(test, xsw_env_m2p(t->kenv, machine, &back));
		KUNIT_EXPECT_EQ(test, back, phys);
	}
}

static void foreign_pages(struct kunit *test)
{
	struct host_test *t = test->priv;
	struct page *was[PAGES];
	phys_addr_t back;
	unsigned int i;
	bool foreign;
	u64 own, machine;

	if (!grant(test, false))
		return;
	for (i = 0; i < PAGES; i++) {
		own = to_machine(t, page_to_phys(t->own[i]), &foreign);
		KUNIT_EXPECT_FALSE(test, foreign);
		machine = to_machine(t, page_to_phys(t->mapped[i]) + 5, &foreign);
		KUNIT_EXPECT_TRUE(test, foreign);
		KUNIT_EXPECT_EQ(test, machine, own + 5);
		KUNIT_ASSERT_TRUE(test, xsw_env_m2p(t->kenv, machine, &back));
		KUNIT_EXPECT_EQ(test, back, page_to_phys(t->own[i]) + 5);
		was[i] = t->mapped[i];
	}
	xsw_grants_destroy(t->grants);
	t->grants = NULL;
	/* Nobody's any more: not foreign, and on PV no frame at all. */
	for (i = 0; i < PAGES; i++) {
		to_machine(t, page_to_phys(was[i]), &foreign);
		KUNIT_EXPECT_FALSE(test, foreign);
	}
}

/* Grants at pages in a row are one mapping if their frames adjoin, and none without a pool if not. */
static void foreign_rows(struct kunit *test)
{
	struct host_test *t = test->priv;
	struct xsw_dev dev = xsw_world_dev();
	enum xsw_cause cause;
	struct xsw_mapped m;
	bool foreign;
	unsigned int i, rows = 0, straddling = 0;

	if (!grant(test, true))
		return;
	for (i = 1; i < PAGES; i++) {
		u64 before = to_machine(t, page_to_phys(t->mapped[i - 1]), &foreign);
		u64 here = to_machine(t, page_to_phys(t->mapped[i]), &foreign);

		if (page_to_phys(t->mapped[i]) != page_to_phys(t->mapped[i - 1]) + PAGE_SIZE)
			continue;
		rows++;
		xsw_map(&t->kenv->env, &dev, page_to_phys(t->mapped[i]) - 100, 200, DMA_TO_DEVICE,
			0, &m);
		if (here == before + PAGE_SIZE) {
			KUNIT_EXPECT_EQ(test, m.reason, XSW_REASON_FOREIGN);
			KUNIT_EXPECT_EQ(test, m.dma, here - 100);
			KUNIT_EXPECT_EQ(test, xsw_unmap(&t->kenv->env, &dev, m.dma, 200,
							DMA_TO_DEVICE, 0, &cause), 0);
		} else {
			KUNIT_EXPECT_EQ(test, m.cause, XSW_CAUSE_NOT_CONTIGUOUS);
			straddling++;
		}
	}
	KUNIT_EXPECT_GT(test, rows, 0U);
	kunit_info(test, "%u of %u pairs of neighbours straddle\n", straddling, rows);
}

static void scattered_rows(struct kunit *test)
{
	struct host_test *t = test->priv;
	bool foreign;
	unsigned int i;
	u64 machine;

	if (!xsw_grants_usable()) {
		kunit_mark_skipped(test, "this guest can not grant pages to itself");
		return;
	}
	xsw_grants_scatter(t->own, PAGES);
	if (!grant(test, true))
		return;
	for (i = 1; i < PAGES; i++) {
		KUNIT_EXPECT_EQ(test, page_to_phys(t->mapped[i]),
				page_to_phys(t->mapped[i - 1]) + PAGE_SIZE);
		KUNIT_EXPECT_FALSE(test, xsw_env_machine(t->kenv, page_to_phys(t->mapped[i]) - 1,
							 2, &machine));
		to_machine(t, page_to_phys(t->mapped[i]), &foreign);
		KUNIT_EXPECT_TRUE(test, foreign);
	}
}

/* The pool's memory is contiguous for the machine, below its limit. */
static void pool_memory(struct kunit *test)
{
	struct host_test *t = test->priv;
	struct xsw_dev dev = xsw_world_dev();
	struct xsw_pool_info info;
	enum xsw_cause cause;
	struct xsw_mapped m;
	phys_addr_t back;
	u64 at;

	KUNIT_ASSERT_EQ(test, xsw_poolmem_create(t->kenv, 8 << 20, 0, DMA_BIT_MASK(32), 2), 0);
	xsw_pool_get_info(t->kenv->env.pool, &info);
	KUNIT_EXPECT_GE(test, info.slots << XSW_SLOT_SHIFT, 4 << 20);
	dev.dma_mask = DMA_BIT_MASK(32);
	dev.force_bounce = true;
	KUNIT_ASSERT_EQ(test, xsw_map(&t->kenv->env, &dev, page_to_phys(t->own[0]), PAGE_SIZE,
				      DMA_TO_DEVICE, 0, &m), 0);
	KUNIT_EXPECT_GE(test, m.reason, XSW_REASON_BOUNCE_MASK);
	KUNIT_EXPECT_LE(test, m.dma + PAGE_SIZE - 1, DMA_BIT_MASK(32));
	/* Byte by byte the device finds what was mapped, by the inverse. */
	for (at = 0; at < PAGE_SIZE; at += 64) {
		KUNIT_ASSERT_TRUE(test, xsw_env_m2p(t->kenv, m.dma + at, &back));
		KUNIT_EXPECT_EQ(test, memcmp(phys_to_virt(back),
					     page_address(t->own[0]) + at, 64), 0);
	}
	KUNIT_EXPECT_EQ(test, xsw_unmap(&t->kenv->env, &dev, m.dma, PAGE_SIZE, DMA_TO_DEVICE, 0,
					&cause), 1);
}

/* A device with the ops, and a pool of 8 MiB below 4 GiB. */
static struct device *host_device(struct kunit *test)
{
	const struct xsw_attach_opts opts = { };
	struct host_test *t = test->priv;
	struct platform_device *pdev;
	struct xsw_device *xdev;

	KUNIT_ASSERT_EQ(test, xsw_poolmem_create(t->kenv, 8 << 20, 0, DMA_BIT_MASK(32), 2), 0);
	pdev = platform_device_register_simple("xsw-kunit-host", PLATFORM_DEVID_AUTO, NULL, 0);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, pdev);
	t->pdev = pdev;
	xdev = xsw_attach(&pdev->dev, t->kenv, &opts);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, xdev);
	t->xdev = xdev;
	return &pdev->dev;
}

/* What a device is told, which its own mask and the machine's memory decide. */
static void device_limits(struct kunit *test)
{
	struct host_test *t = test->priv;
	struct device *dev = host_device(test);

	KUNIT_ASSERT_EQ(test, dma_set_mask(dev, DMA_BIT_MASK(64)), 0);
	/* Where nothing translates, all memory is within reach. */
	if (!t->kenv->env.ops->phys_to_machine)
		KUNIT_EXPECT_TRUE(test, dma_max_mapping_size(dev) == SIZE_MAX);
	else
		KUNIT_EXPECT_LE(test, dma_max_mapping_size(dev), 8UL << 20);
	KUNIT_EXPECT_EQ(test, dma_get_required_mask(dev),
			DMA_BIT_MASK(fls64(xsw_env_max_machine(t->kenv))));

	/* What it does not reach it can not bounce. */
	KUNIT_EXPECT_EQ(test, dma_set_mask(dev, DMA_BIT_MASK(20)), -EIO);
}

static void narrow_device(struct kunit *test)
{
	struct host_test *t = test->priv;
	struct device *dev;

	if (xsw_env_max_machine(t->kenv) <= DMA_BIT_MASK(32)) {
		kunit_mark_skipped(test, "this guest has no memory above 4 GiB");
		return;
	}
	dev = host_device(test);
	KUNIT_ASSERT_EQ(test, dma_set_mask(dev, DMA_BIT_MASK(32)), 0);
	KUNIT_EXPECT_LE(test, dma_max_mapping_size(dev), 8UL << 20);
	KUNIT_EXPECT_GE(test, dma_max_mapping_size(dev), 1UL << 20);
}

static void coherent_within(struct kunit *test, struct device *dev, u64 mask)
{
	size_t size = 3 * PAGE_SIZE;
	dma_addr_t dma;
	void *cpu;

	/* Not by dma_set_coherent_mask(): whether the pool is in reach has nothing to do with it. */
	dev->coherent_dma_mask = mask;
	cpu = dma_alloc_coherent(dev, size, &dma, GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, cpu);
	KUNIT_EXPECT_LE(test, (u64)dma + size - 1, mask);
	dma_free_coherent(dev, size, cpu, dma);
}

static void coherent_masks(struct kunit *test)
{
	struct host_test *t = test->priv;
	struct device *dev = host_device(test);

	KUNIT_ASSERT_EQ(test, dma_set_mask(dev, DMA_BIT_MASK(64)), 0);
	coherent_within(test, dev, DMA_BIT_MASK(32));
	/* A PC's zone below 16 MiB. */
	if (IS_ENABLED(CONFIG_X86) && IS_ENABLED(CONFIG_ZONE_DMA) &&
	    !t->kenv->env.ops->phys_to_machine)
		coherent_within(test, dev, DMA_BIT_MASK(24));
}

/* Across the start of @page, whose frames adjoin: a boundary that the device's addresses cross alone? */
static bool boundary_of_machine(struct kunit *test, struct device *dev, struct page *page)
{
	phys_addr_t phys = page_to_phys(page) - 64;
	struct host_test *t = test->priv;
	unsigned int bits;
	dma_addr_t dma;
	u64 machine;

	if (!xsw_env_machine(t->kenv, phys, 128, &machine))
		return false;
	bits = fls64(machine ^ (machine + 127));
	if (bits <= fls64(phys ^ (phys + 127)))
		return false;
	/* The driver, who knows the guest's addresses, can not keep to the one; it is in nobody's way. */
	dma_set_seg_boundary(dev, DMA_BIT_MASK(bits - 1));
	dma = dma_map_page(dev, page - 1, PAGE_SIZE - 64, 128, DMA_TO_DEVICE);
	KUNIT_ASSERT_EQ(test, dma_mapping_error(dev, dma), 0);
	KUNIT_EXPECT_EQ(test, (dma ^ (dma + 127)) >> (bits - 1), 0ULL);
	dma_unmap_page(dev, dma, 128, DMA_TO_DEVICE);

	dma_set_seg_boundary(dev, DMA_BIT_MASK(bits));
	dma = dma_map_page(dev, page - 1, PAGE_SIZE - 64, 128, DMA_TO_DEVICE);
	KUNIT_ASSERT_EQ(test, dma_mapping_error(dev, dma), 0);
	KUNIT_EXPECT_EQ(test, (u64)dma, machine);
	dma_unmap_page(dev, dma, 128, DMA_TO_DEVICE);
	return true;
}

static void device_boundary(struct kunit *test)
{
	struct host_test *t = test->priv;
	struct device *dev = host_device(test);
	unsigned int i, found = 0;

	KUNIT_ASSERT_EQ(test, dma_set_mask(dev, DMA_BIT_MASK(64)), 0);
	t->row = alloc_pages(GFP_KERNEL | __GFP_NOWARN, ROW_ORDER);
	if (!t->row) {
		kunit_mark_skipped(test, "there are no 4 MiB in a row");
		return;
	}
	for (i = 1; i < 1 << ROW_ORDER; i++)
		found += boundary_of_machine(test, dev, t->row + i);
	kunit_info(test, "%u boundaries that the guest's addresses do not cross\n", found);
	if (!found)
		kunit_mark_skipped(test, "frames lie as pages do here");
}

/* Not memory, says the kernel's map of it, but with frame numbers that are valid. */
static bool is_hole(phys_addr_t phys)
{
	return pfn_valid(PHYS_PFN(phys)) &&
	       region_intersects(phys, PAGE_SIZE, IORESOURCE_SYSTEM_RAM, IORES_DESC_NONE) ==
	       REGION_DISJOINT;
}

/* Another device's memory may lie in the same section as the system's, which is refused. */
static void device_memory(struct kunit *test)
{
	/* A PC's frame buffer, and what comes behind all memory. */
	const phys_addr_t phys[] = { 0xa0000, xsw_max_phys() + 1 };
	struct host_test *t = test->priv;
	struct xsw_dev dev = xsw_world_dev();
	unsigned int holes = 0, i;
	enum xsw_cause cause;
	struct xsw_mapped m;

	KUNIT_EXPECT_NE(test, xsw_map(&t->kenv->env, &dev, page_to_phys(t->own[0]), PAGE_SIZE,
				      DMA_BIDIRECTIONAL, DMA_ATTR_MMIO, &m), 0);
	KUNIT_EXPECT_EQ(test, m.cause, XSW_CAUSE_BAD_ADDRESS);
	for (i = 0; i < ARRAY_SIZE(phys); i++) {
		if (!is_hole(phys[i]))
			continue;
		holes++;
		KUNIT_ASSERT_EQ(test, xsw_map(&t->kenv->env, &dev, phys[i], PAGE_SIZE,
					      DMA_BIDIRECTIONAL, DMA_ATTR_MMIO, &m), 0);
		KUNIT_EXPECT_EQ(test, m.dma, phys[i]);
		KUNIT_EXPECT_EQ(test, m.reason, XSW_REASON_MMIO);
		KUNIT_EXPECT_EQ(test, xsw_unmap(&t->kenv->env, &dev, m.dma, PAGE_SIZE,
						DMA_BIDIRECTIONAL, DMA_ATTR_MMIO, &cause), 0);
	}
	if (!holes)
		kunit_mark_skipped(test, "memory fills its sections here");
}

static struct kunit_case host_cases[] = {
	KUNIT_CASE(own_pages),
	KUNIT_CASE(foreign_pages),
	KUNIT_CASE(foreign_rows),
	KUNIT_CASE(scattered_rows),
	KUNIT_CASE(pool_memory),
	KUNIT_CASE(device_memory),
	KUNIT_CASE(device_boundary),
	KUNIT_CASE(device_limits),
	KUNIT_CASE(narrow_device),
	KUNIT_CASE(coherent_masks),
	{ }
};

struct kunit_suite xsw_host_suite = {
	.name		= "xsw_host",
	.suite_init	= host_suite_init,
	.suite_exit	= host_suite_exit,
	.init		= host_init,
	.exit		= host_exit,
	.test_cases	= host_cases,
};
