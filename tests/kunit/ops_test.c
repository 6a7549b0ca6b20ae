// SPDX-License-Identifier: GPL-2.0
/*
 * The ops as a driver meets them: the kernel's DMA API on a platform device that carries them, in
 * simulated environments. What the device sees is read through the true m2p.
 */
#include <linux/anon_inodes.h>
#include <linux/completion.h>
#include <linux/dma-direct.h>
#include <linux/dma-map-ops.h>
#include <linux/dma-mapping.h>
#include <linux/err.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/kthread.h>
#include <linux/mm.h>
#include <linux/mman.h>
#include <linux/platform_device.h>
#include <linux/sched/mm.h>
#include <linux/scatterlist.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#include "hrtimer.h"
#include "layouts.h"
#include "ops.h"
#include "suites.h"
#include "utest.h"
#include "world.h"

#define ORDER	5
#define BYTES	(PAGE_SIZE << ORDER)

static const struct xsw_sim_layout small_layout = {
	.p2m		= XSW_P2M_IDENTITY,
	.pool_bytes	= SZ_256K,
	.pool_limit	= 0xffffffff,
};

static const struct xsw_sim_layout high_layout = {
	.p2m		= XSW_P2M_OFFSET,
	.offset		= 0x100000,
	.pool_bytes	= SZ_1M,
	.pool_limit	= 0xffffffff,
};

struct ops_test {
	struct platform_device	*pdev;
	struct device		*dev;
	struct xsw_kenv		*kenv;
	struct xsw_device	*xdev;
	struct bus_dma_region	map[3];		/* the device's, or empty */
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

static struct ops_test *ops_attach(struct kunit *test, const struct xsw_sim_layout *layout,
				   bool force)
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
	return t;
}

static struct ops_test *ops_start(struct kunit *test, const struct xsw_sim_layout *layout,
				  u64 mask, bool force)
{
	struct ops_test *t = ops_attach(test, layout, force);

	KUNIT_ASSERT_EQ(test, dma_set_mask_and_coherent(t->dev, mask), 0);
	return t;
}

static u64 ops_machine(const struct ops_test *t, dma_addr_t dma)
{
	const struct bus_dma_region *map;

	for (map = t->map; map->size; map++)
		if (dma - map->dma_start < map->size)
			return map->cpu_start + (dma - map->dma_start);
	return dma;
}

/* What the device does, page by page. */
static bool ops_device(struct ops_test *t, dma_addr_t dma, u8 *to, const u8 *from, size_t size)
{
	while (size) {
		size_t len = min_t(size_t, size, PAGE_SIZE - offset_in_page(dma));
		phys_addr_t phys;

		if (!xsw_env_m2p(t->kenv, ops_machine(t, dma), &phys))
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

static u64 ops_bounced_bytes(const struct ops_test *t)
{
	struct xsw_stats_pcpu sum;

	xsw_counters_sum(&t->xdev->counters, &sum);
	return sum.bounced_bytes;
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
	u64 copied = ops_bounced_bytes(t), copies = 0;
	u8 *cpu = t->cpu + offset;
	dma_addr_t dma;

	xsw_world_fill(cpu, size, size);
	memcpy(t->want, cpu, size);
	dma = dma_map_single(t->dev, cpu, size, dir);
	KUNIT_ASSERT_EQ(test, dma_mapping_error(t->dev, dma), 0);
	KUNIT_EXPECT_EQ(test, ops_used(t) != 0, bounces);
	KUNIT_EXPECT_EQ(test, (dma ^ virt_to_phys(cpu)) & dma_get_min_align_mask(t->dev), 0ULL);

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

	/* Map; unmap; both syncs, the second of a byte. */
	if (bounces)
		copies = size + (dir != DMA_TO_DEVICE ? size : 0) +
			 (dir == DMA_BIDIRECTIONAL ? size + 1 : 0);
	KUNIT_EXPECT_EQ(test, ops_bounced_bytes(t) - copied, copies);
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
	struct ops_test *t = ops_start(test, &high_layout, DMA_BIT_MASK(32), false);
	dma_addr_t dma;

	ops_single_dir(test, DMA_BIDIRECTIONAL, true, 0, PAGE_SIZE);
	dma = dma_map_single(t->dev, t->cpu, 1, DMA_TO_DEVICE);
	KUNIT_ASSERT_EQ(test, dma_mapping_error(t->dev, dma), 0);
	KUNIT_EXPECT_LE(test, (u64)dma, DMA_BIT_MASK(32));
	KUNIT_EXPECT_EQ(test, ops_last_reason(t), XSW_REASON_BOUNCE_MASK);
	dma_unmap_single(t->dev, dma, 1, DMA_TO_DEVICE);

	KUNIT_EXPECT_GE(test, dma_max_mapping_size(t->dev), (size_t)SZ_256K);
	KUNIT_EXPECT_EQ(test, dma_get_required_mask(t->dev),
			DMA_BIT_MASK(fls64(xsw_env_max_machine(t->kenv))));
	/* No memory and no pool below: refused before anything is mapped. */
	KUNIT_EXPECT_EQ(test, dma_set_mask(t->dev, DMA_BIT_MASK(12)), -EIO);
	KUNIT_EXPECT_EQ(test, dma_get_mask(t->dev), DMA_BIT_MASK(32));
}

/* ---- what else limits a device ---- */

static void ops_limits(struct kunit *test)
{
	struct ops_test *t = ops_start(test, &high_layout, DMA_BIT_MASK(64), false);
	const size_t size = 0x9000;
	dma_addr_t dma[8];
	unsigned int i;

	t->dev->bus_dma_limit = DMA_BIT_MASK(32);
	dma_set_seg_boundary(t->dev, 0xffff);
	for (i = 0; i < ARRAY_SIZE(dma); i++) {
		dma[i] = dma_map_single(t->dev, t->cpu, size, DMA_TO_DEVICE);
		KUNIT_ASSERT_EQ(test, dma_mapping_error(t->dev, dma[i]), 0);
		KUNIT_EXPECT_LE(test, (u64)dma[i] + size - 1, DMA_BIT_MASK(32));
		KUNIT_EXPECT_EQ(test, (u64)dma[i] >> 16, (u64)(dma[i] + size - 1) >> 16);
	}
	for (i = 0; i < ARRAY_SIZE(dma); i++)
		dma_unmap_single(t->dev, dma[i], size, DMA_TO_DEVICE);
	KUNIT_EXPECT_EQ(test, ops_used(t), 0ULL);
}

/* Two ranges, which meet within the test's memory; the device has them far apart. */
static void ops_ranges(struct kunit *test)
{
	static const struct xsw_sim_layout layout = {
		.p2m		= XSW_P2M_IDENTITY,
		.pool_bytes	= SZ_1M,
		.pool_limit	= 0xffffffff,
	};
	const dma_addr_t near = 1ULL << 36, far = 1ULL << 46;
	struct ops_test *t = test->priv;
	u64 split = virt_to_phys(t->cpu) + BYTES / 2;
	dma_addr_t dma;
	u8 *cpu;

	t->map[0] = (struct bus_dma_region){ .dma_start = near, .size = split };
	t->map[1] = (struct bus_dma_region){
		.cpu_start = split, .dma_start = far, .size = (1ULL << 44) - split,
	};
	/* The device frees it. */
	t->dev->dma_range_map = kmemdup(t->map, sizeof(t->map), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, t->dev->dma_range_map);
	ops_start(test, &layout, DMA_BIT_MASK(64), false);

	ops_single_dir(test, DMA_BIDIRECTIONAL, false, 0, BYTES / 16);
	ops_single_dir(test, DMA_BIDIRECTIONAL, false, BYTES / 2, BYTES / 16);
	ops_single_dir(test, DMA_BIDIRECTIONAL, true, BYTES / 2 - 0x80, 0x100);
	dma = dma_map_single(t->dev, t->cpu + BYTES / 2, 1, DMA_TO_DEVICE);
	KUNIT_ASSERT_EQ(test, dma_mapping_error(t->dev, dma), 0);
	KUNIT_EXPECT_EQ(test, (u64)dma, (u64)far);
	dma_unmap_single(t->dev, dma, 1, DMA_TO_DEVICE);

	KUNIT_EXPECT_LE(test, dma_max_mapping_size(t->dev), (size_t)SZ_1M);
	KUNIT_EXPECT_EQ(test, dma_get_required_mask(t->dev), DMA_BIT_MASK(47));

	cpu = dma_alloc_coherent(t->dev, 3 * PAGE_SIZE, &dma, GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, cpu);
	xsw_world_fill(t->want, 3 * PAGE_SIZE, 1);
	KUNIT_EXPECT_TRUE(test, ops_device(t, dma, NULL, t->want, 3 * PAGE_SIZE));
	KUNIT_EXPECT_EQ(test, memcmp(cpu, t->want, 3 * PAGE_SIZE), 0);
	dma_free_coherent(t->dev, 3 * PAGE_SIZE, cpu, dma);
}

static void ops_coherent_mask(struct kunit *test)
{
	struct ops_test *t = ops_start(test, &high_layout, DMA_BIT_MASK(64), false);
	size_t size = 3 * PAGE_SIZE;
	dma_addr_t dma;
	u8 *cpu;

	KUNIT_ASSERT_EQ(test, dma_set_coherent_mask(t->dev, DMA_BIT_MASK(32)), 0);
	cpu = dma_alloc_coherent(t->dev, size, &dma, GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, cpu);
	KUNIT_EXPECT_LE(test, (u64)dma + size - 1, DMA_BIT_MASK(32));
	dma_free_coherent(t->dev, size, cpu, dma);
}

static void ops_too_large(struct kunit *test)
{
	struct ops_test *t = ops_start(test, &small_layout, DMA_BIT_MASK(64), true);
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

/* The last entries do not fit: nothing is left of the first. */
static void ops_sg_full(struct kunit *test)
{
	struct ops_test *t = ops_start(test, &small_layout, DMA_BIT_MASK(64), true);
	struct scatterlist sgl[SG_ENTRIES];
	unsigned int i;

	sg_init_table(sgl, SG_ENTRIES);
	for (i = 0; i < SG_ENTRIES; i++)
		sg_set_buf(&sgl[i], t->cpu, SZ_64K);
	KUNIT_EXPECT_EQ(test, dma_map_sg_attrs(t->dev, sgl, SG_ENTRIES, DMA_TO_DEVICE,
					       DMA_ATTR_NO_WARN), 0U);
	KUNIT_EXPECT_EQ(test, ops_used(t), 0ULL);
}

/* Who has synced by himself may have changed his memory since. */
static void ops_skip_sync(struct kunit *test)
{
	struct ops_test *t = ops_start(test, &small_layout, DMA_BIT_MASK(64), true);
	size_t size = 3 * PAGE_SIZE;
	struct scatterlist sg;
	dma_addr_t dma;

	xsw_world_fill(t->cpu, size, 1);
	xsw_world_fill(t->want, size, 2);
	memcpy(t->seen, t->cpu, size);
	dma = dma_map_single(t->dev, t->cpu, size, DMA_FROM_DEVICE);
	KUNIT_ASSERT_EQ(test, dma_mapping_error(t->dev, dma), 0);
	KUNIT_EXPECT_TRUE(test, ops_device(t, dma, NULL, t->want, size));
	dma_unmap_single_attrs(t->dev, dma, size, DMA_FROM_DEVICE, DMA_ATTR_SKIP_CPU_SYNC);
	KUNIT_EXPECT_EQ(test, memcmp(t->cpu, t->seen, size), 0);

	sg_init_one(&sg, t->cpu, size);
	KUNIT_ASSERT_EQ(test, dma_map_sg(t->dev, &sg, 1, DMA_FROM_DEVICE), 1);
	KUNIT_EXPECT_TRUE(test, ops_device(t, sg_dma_address(&sg), NULL, t->want, size));
	dma_unmap_sg_attrs(t->dev, &sg, 1, DMA_FROM_DEVICE, DMA_ATTR_SKIP_CPU_SYNC);
	KUNIT_EXPECT_EQ(test, memcmp(t->cpu, t->seen, size), 0);
	KUNIT_EXPECT_EQ(test, ops_used(t), 0ULL);
}

/* The kernel may know of a device that the ops it had before need no syncs. */
static void ops_mask_before_attach(struct kunit *test)
{
	struct ops_test *t = test->priv;
	dma_addr_t dma;

	KUNIT_ASSERT_EQ(test, dma_set_mask_and_coherent(t->dev, DMA_BIT_MASK(64)), 0);
	ops_attach(test, &small_layout, true);
	dma = dma_map_single(t->dev, t->cpu, PAGE_SIZE, DMA_FROM_DEVICE);
	KUNIT_ASSERT_EQ(test, dma_mapping_error(t->dev, dma), 0);
	xsw_world_fill(t->want, PAGE_SIZE, 1);
	KUNIT_EXPECT_TRUE(test, ops_device(t, dma, NULL, t->want, PAGE_SIZE));
	dma_sync_single_for_cpu(t->dev, dma, PAGE_SIZE, DMA_FROM_DEVICE);
	KUNIT_EXPECT_EQ(test, memcmp(t->cpu, t->want, PAGE_SIZE), 0);
	dma_unmap_single(t->dev, dma, PAGE_SIZE, DMA_FROM_DEVICE);
}

/* ---- drivers at fault ---- */

static void ops_not_mapped(struct kunit *test)
{
	struct ops_test *t = ops_start(test, &small_layout, DMA_BIT_MASK(64), true);
	struct xsw_stats_pcpu sum;
	dma_addr_t dma;
	unsigned int i;

	dma = dma_map_single(t->dev, t->cpu, PAGE_SIZE, DMA_TO_DEVICE);
	KUNIT_ASSERT_EQ(test, dma_mapping_error(t->dev, dma), 0);
	dma_unmap_single(t->dev, dma, PAGE_SIZE, DMA_TO_DEVICE);
	/* Past the kernel's own checks, which are not what is asked here. */
	for (i = 0; i < 2; i++)
		t->xdev->ops.sync_single_for_cpu(t->dev, dma, 16, DMA_FROM_DEVICE);
	xsw_counters_sum(&t->xdev->counters, &sum);
	KUNIT_EXPECT_EQ(test, sum.cause[XSW_CAUSE_NOT_MAPPED], 2ULL);
}

/* The device may go on writing: the pool's memory is nobody's any more. */
static void ops_never_unmapped(struct kunit *test)
{
	struct ops_test *t = ops_start(test, &small_layout, DMA_BIT_MASK(64), true);
	int before = atomic_read(&xsw_nr_quarantined);
	struct xsw_pool_info info;
	dma_addr_t dma;
	u64 leaked;

	xsw_pool_get_info(t->kenv->env.pool, &info);
	dma = dma_map_single(t->dev, t->cpu, PAGE_SIZE, DMA_TO_DEVICE);
	KUNIT_ASSERT_EQ(test, dma_mapping_error(t->dev, dma), 0);
	xsw_detach(t->xdev);
	t->xdev = NULL;
	leaked = xsw_sim_destroy(t->kenv);
	t->kenv = NULL;
	KUNIT_EXPECT_GT(test, leaked, 0ULL);
	KUNIT_EXPECT_EQ(test, (u64)atomic_read(&xsw_nr_quarantined) - before,
			(info.slots << XSW_SLOT_SHIFT) >> PAGE_SHIFT);
}

/* ---- coherent memory ---- */

/* More than there is, from its start or its end, is not given to userspace. */
static void ops_refuse_mmap(struct kunit *test, struct ops_test *t, void *cpu, dma_addr_t dma,
			    size_t size)
{
	unsigned long pages = PAGE_ALIGN(size) >> PAGE_SHIFT;
	struct vm_area_struct *vma = kunit_kzalloc(test, sizeof(*vma), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, vma);
	vma->vm_start = SZ_1M;
	vma->vm_end = SZ_1M + PAGE_SIZE;
	vma->vm_pgoff = pages + 1;
	KUNIT_EXPECT_EQ(test, t->xdev->ops.mmap(t->dev, vma, cpu, dma, size, 0), -ENXIO);
	vma->vm_end += PAGE_SIZE;
	vma->vm_pgoff = pages - 1;
	KUNIT_EXPECT_EQ(test, t->xdev->ops.mmap(t->dev, vma, cpu, dma, size, 0), -ENXIO);
}

static void ops_sgtable(struct kunit *test, struct ops_test *t, void *cpu, dma_addr_t dma,
			size_t size)
{
	struct scatterlist *sg;
	struct sg_table sgt;
	size_t sum = 0;
	int i;

	KUNIT_ASSERT_EQ(test, dma_get_sgtable(t->dev, &sgt, cpu, dma, size), 0);
	for_each_sgtable_sg(&sgt, sg, i)
		sum += sg->length;
	KUNIT_EXPECT_EQ(test, sum, (size_t)PAGE_ALIGN(size));
	if (!t->xdev->shadow)
		KUNIT_EXPECT_PTR_EQ(test, sg_page(sgt.sgl), virt_to_page(cpu));
	sg_free_table(&sgt);
}

static void ops_coherent(struct kunit *test)
{
	static const size_t sizes[] = { 1, PAGE_SIZE, 3 * PAGE_SIZE, SZ_256K };
	const struct layout_case *lc = test->param_value;
	struct ops_test *t = ops_start(test, &lc->layout, DMA_BIT_MASK(64), false);
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(sizes); i++) {
		size_t size = sizes[i], n = min(size, sizeof(t->want));
		phys_addr_t phys;
		dma_addr_t dma;
		u64 machine;
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
		ops_refuse_mmap(test, t, cpu, dma, size);
		ops_sgtable(test, t, cpu, dma, size);

		KUNIT_ASSERT_TRUE(test, xsw_env_m2p(t->kenv, dma, &phys));
		dma_free_coherent(t->dev, size, cpu, dma);
		/* The frames are as they were. */
		if (size > PAGE_SIZE)
			KUNIT_EXPECT_EQ(test, xsw_env_machine(t->kenv, phys, size, &machine),
					lc->neighbours);
	}
}

struct ops_given {
	struct ops_test	*t;
	u8		*cpu;
	dma_addr_t	dma;
	size_t		size;
};

static int ops_give(struct file *file, struct vm_area_struct *vma)
{
	struct ops_given *given = file->private_data;

	return dma_mmap_coherent(given->t->dev, vma, given->cpu, given->dma, given->size);
}

static const struct file_operations ops_giver = {
	.owner	= THIS_MODULE,
	.mmap	= ops_give,
};

/* The rest from page @first on is what userspace sees, and what it writes the kernel sees. */
static void ops_give_from(struct kunit *test, struct file *file, unsigned long first)
{
	struct ops_given *given = file->private_data;
	size_t offset = first << PAGE_SHIFT, n = given->size - offset;
	struct ops_test *t = given->t;
	unsigned long at;

	at = vm_mmap(file, 0, n, PROT_READ | PROT_WRITE, MAP_SHARED, offset);
	KUNIT_EXPECT_TRUE(test, !IS_ERR_VALUE(at));
	if (IS_ERR_VALUE(at))
		return;
	xsw_world_fill(given->cpu, given->size, first);
	KUNIT_EXPECT_EQ(test, copy_from_user(t->seen, (void __user *)at, n), 0UL);
	KUNIT_EXPECT_EQ(test, memcmp(t->seen, given->cpu + offset, n), 0);
	xsw_world_fill(t->want, n, first + 100);
	KUNIT_EXPECT_EQ(test, copy_to_user((void __user *)at, t->want, n), 0UL);
	KUNIT_EXPECT_EQ(test, memcmp(t->want, given->cpu + offset, n), 0);
	vm_munmap(at, n);
}

static struct mm_struct *ops_mm;

static int ops_suite_init(struct kunit_suite *suite)
{
	/* Of whoever loads the module: cases run in threads without one. */
	ops_mm = current->mm;
	return ops_mm ? 0 : -EINVAL;
}

static void ops_mmap(struct kunit *test)
{
	const struct layout_case *lc = test->param_value;
	struct ops_test *t = ops_start(test, &lc->layout, DMA_BIT_MASK(64), false);
	struct ops_given given = { .t = t, .size = 3 * PAGE_SIZE };
	unsigned long first;
	struct file *file;

	given.cpu = dma_alloc_coherent(t->dev, given.size, &given.dma, GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, given.cpu);
	file = anon_inode_getfile("[xsw-kunit]", &ops_giver, &given, O_RDWR);
	KUNIT_EXPECT_TRUE(test, !IS_ERR(file));
	if (!IS_ERR(file)) {
		kthread_use_mm(ops_mm);
		for (first = 0; first < given.size >> PAGE_SHIFT; first++)
			ops_give_from(test, file, first);
		kthread_unuse_mm(ops_mm);
		fput(file);
		flush_delayed_fput();
	}
	dma_free_coherent(t->dev, given.size, given.cpu, given.dma);
}

static void ops_pages_of(struct kunit *test, bool force)
{
	const struct layout_case *lc = test->param_value;
	struct ops_test *t = ops_start(test, &lc->layout, DMA_BIT_MASK(64), force);
	size_t size = 3 * PAGE_SIZE;
	struct page *page;
	dma_addr_t dma;

	page = dma_alloc_pages(t->dev, size, &dma, DMA_BIDIRECTIONAL, GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, page);
	KUNIT_EXPECT_EQ(test, ops_used(t) != 0, force);
	xsw_world_fill(t->want, size, 1);
	KUNIT_EXPECT_TRUE(test, ops_device(t, dma, NULL, t->want, size));
	dma_sync_single_for_cpu(t->dev, dma, size, DMA_BIDIRECTIONAL);
	KUNIT_EXPECT_EQ(test, memcmp(page_address(page), t->want, size), 0);
	dma_free_pages(t->dev, size, page, dma, DMA_BIDIRECTIONAL);
	KUNIT_EXPECT_EQ(test, ops_used(t), 0ULL);
}

static void ops_pages(struct kunit *test)
{
	ops_pages_of(test, false);
}

static void ops_pages_forced(struct kunit *test)
{
	ops_pages_of(test, true);
}

/* Pages have no kmemleak: 64 MiB each way would be missing, had they not come back. */
static void ops_memory_comes_back(struct kunit *test)
{
	struct ops_test *t = ops_start(test, &small_layout, DMA_BIT_MASK(64), true);
	size_t size = SZ_256K, nr = SZ_64M / size, i;
	long before = si_mem_available(), missing;
	unsigned int failed = 0;
	struct page *page;
	dma_addr_t dma;
	void *cpu;

	for (i = 0; i < nr; i++) {
		cpu = dma_alloc_coherent(t->dev, size, &dma, GFP_KERNEL);
		KUNIT_ASSERT_NOT_NULL(test, cpu);
		dma_free_coherent(t->dev, size, cpu, dma);
	}
	missing = before - si_mem_available();
	KUNIT_EXPECT_LE(test, missing, (long)(SZ_32M >> PAGE_SHIFT));

	/* Too long for the pool. */
	before = si_mem_available();
	for (i = 0; i < nr / 2; i++) {
		page = dma_alloc_pages(t->dev, 2 * size, &dma, DMA_TO_DEVICE, GFP_KERNEL);
		if (page)
			dma_free_pages(t->dev, 2 * size, page, dma, DMA_TO_DEVICE);
		else
			failed++;
	}
	missing = before - si_mem_available();
	KUNIT_EXPECT_EQ(test, failed, (unsigned int)nr / 2);
	KUNIT_EXPECT_LE(test, missing, (long)(SZ_32M >> PAGE_SHIFT));

	/* No memory is so low. */
	before = si_mem_available();
	t->dev->coherent_dma_mask = DMA_BIT_MASK(12);
	for (i = 0, failed = 0; i < nr; i++) {
		cpu = dma_alloc_attrs(t->dev, size, &dma, GFP_KERNEL, DMA_ATTR_NO_WARN);
		if (cpu)
			dma_free_coherent(t->dev, size, cpu, dma);
		else
			failed++;
	}
	missing = before - si_mem_available();
	KUNIT_EXPECT_EQ(test, failed, (unsigned int)nr);
	KUNIT_EXPECT_LE(test, missing, (long)(SZ_32M >> PAGE_SHIFT));
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
	const struct xsw_attach_opts opts = { };
	struct ops_test *t = test->priv;
	const struct dma_map_ops *before = get_dma_ops(t->dev);

	ops_start(test, &small_layout, DMA_BIT_MASK(64), false);
	KUNIT_EXPECT_PTR_EQ(test, xsw_device_of(t->dev), t->xdev);
	KUNIT_EXPECT_EQ(test, PTR_ERR_OR_ZERO(xsw_attach(t->dev, t->kenv, &opts)), -EBUSY);
	xsw_detach(t->xdev);
	t->xdev = NULL;
	KUNIT_EXPECT_PTR_EQ(test, get_dma_ops(t->dev), before);
	KUNIT_EXPECT_TRUE(test, !xsw_device_of(t->dev));
}

static void ops_of_others(struct kunit *test)
{
	static const struct dma_map_ops others = { };
	const struct xsw_attach_opts opts = { };
	struct ops_test *t = test->priv;
	const struct dma_map_ops *before = t->dev->dma_ops;
	struct xsw_kenv *kenv = xsw_sim_create(&small_layout);

	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, kenv);
	t->kenv = kenv;
	set_dma_ops(t->dev, &others);
	KUNIT_EXPECT_EQ(test, PTR_ERR_OR_ZERO(xsw_attach(t->dev, t->kenv, &opts)), -EOPNOTSUPP);
	KUNIT_EXPECT_PTR_EQ(test, t->dev->dma_ops, &others);
	set_dma_ops(t->dev, before);
}

static struct kunit_case ops_tests[] = {
	KUNIT_CASE_PARAM(ops_single, layout_gen_params),
	KUNIT_CASE_PARAM(ops_forced, layout_gen_params),
	KUNIT_CASE_PARAM(ops_sg, layout_gen_params),
	KUNIT_CASE_PARAM(ops_coherent, layout_gen_params),
	KUNIT_CASE_PARAM(ops_mmap, layout_gen_params),
	KUNIT_CASE_PARAM(ops_pages, layout_gen_params),
	KUNIT_CASE_PARAM(ops_pages_forced, layout_gen_params),
	KUNIT_CASE_PARAM(ops_hardirq, layout_gen_params),
	KUNIT_CASE(ops_mask),
	KUNIT_CASE(ops_limits),
	KUNIT_CASE(ops_ranges),
	KUNIT_CASE(ops_coherent_mask),
	KUNIT_CASE(ops_sg_full),
	KUNIT_CASE(ops_skip_sync),
	KUNIT_CASE(ops_mask_before_attach),
	KUNIT_CASE(ops_not_mapped),
	KUNIT_CASE(ops_never_unmapped),
	KUNIT_CASE(ops_memory_comes_back),
	KUNIT_CASE(ops_of_others),
	KUNIT_CASE(ops_too_large),
	KUNIT_CASE(ops_attach_twice),
	{ }
};

struct kunit_suite xsw_ops_suite = {
	.name = "xsw_ops",
	.suite_init = ops_suite_init,
	.init = ops_init,
	.exit = ops_exit,
	.test_cases = ops_tests,
};
