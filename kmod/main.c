// SPDX-License-Identifier: GPL-2.0
/*
 * The module: parameters, and what is brought up in which order.
 */
#include <linux/cpumask.h>
#include <linux/dma-mapping.h>
#include <linux/init.h>
#include <linux/module.h>
#include <linux/moduleparam.h>
#include <linux/sizes.h>

#include "chardev.h"
#include "mmio.h"
#include "engine.h"
#include "env.h"
#include "ops.h"
#include "stats.h"

#define XSW_MAX_POOL_MB	4096
#define XSW_MAX_AREAS	1024

#if !IS_ENABLED(CONFIG_ARCH_HAS_DMA_OPS) && !IS_ENABLED(CONFIG_DMA_OPS)
#error "this kernel has no dma_map_ops: CONFIG_XEN selects them, or CONFIG_GART_IOMMU on x86"
#endif

static unsigned int pool_mb = 64;
module_param(pool_mb, uint, 0444);
MODULE_PARM_DESC(pool_mb, "size of the bounce pool in MiB, 0 to 4096; 0: none (64)");

static unsigned int pool_max_mb;
module_param(pool_max_mb, uint, 0444);
MODULE_PARM_DESC(pool_max_mb, "what the pool may grow to when it is full, pool_mb to 4096; 0: it does not grow (0)");

static unsigned int pool_bits = 32;
module_param(pool_bits, uint, 0444);
MODULE_PARM_DESC(pool_bits, "width of the pool's machine addresses, 24 to 64 (32)");

static unsigned int areas;
module_param(areas, uint, 0444);
MODULE_PARM_DESC(areas, "areas of the pool to aim for, 0 to 1024; 0: one per CPU (0)");

static bool force_bounce;
module_param(force_bounce, bool, 0444);
MODULE_PARM_DESC(force_bounce, "bounce every mapping of the devices named by attach= (N)");

static char *attach;
module_param(attach, charp, 0444);
MODULE_PARM_DESC(attach, "PCI devices to put the ops on when a driver is bound, as 0000:00:04.0,...");

static int __init xsw_check_range(const char *name, unsigned int value, unsigned int least,
				  unsigned int most)
{
	if (value >= least && value <= most)
		return 0;
	pr_err("%s=%u: out of range, it must be %u to %u\n", name, value, least, most);
	return -EINVAL;
}

static int __init xsw_check_params(void)
{
	int err;

	err = xsw_check_range("pool_mb", pool_mb, 0, XSW_MAX_POOL_MB);
	if (!err && pool_max_mb)
		err = xsw_check_range("pool_max_mb", pool_max_mb, pool_mb, XSW_MAX_POOL_MB);
	if (!err && pool_max_mb && !pool_mb) {
		pr_err("pool_max_mb=%u needs a pool that can grow: pool_mb must not be 0\n",
		       pool_max_mb);
		err = -EINVAL;
	}
	if (!err)
		err = xsw_check_range("pool_bits", pool_bits, 24, 64);
	if (!err)
		err = xsw_check_range("areas", areas, 0, XSW_MAX_AREAS);
	if (!err && force_bounce && !pool_mb) {
		pr_err("force_bounce=Y needs a pool: pool_mb must not be 0\n");
		err = -EINVAL;
	}
	return err ? err : xsw_bind_parse(attach);
}

/* Without the memory for it the module still serves what needs no bouncing. */
static void __init xsw_make_pool(void)
{
	u64 bytes = (u64)pool_mb * SZ_1M;
	int err;

	if (!bytes)
		return;
	err = xsw_poolmem_create(xsw_host_env(), bytes, (u64)pool_max_mb * SZ_1M,
				 DMA_BIT_MASK(pool_bits), areas ? areas : num_online_cpus());
	if (err)
		pr_warn("no memory for a pool of %u MiB below %u bits (%d): nothing can be bounced\n",
			pool_mb, pool_bits, err);
}

static void __init xsw_tell(void)
{
	struct xsw_kenv *kenv = xsw_host_env();
	struct xsw_pool_info info = { };

	if (kenv->env.pool)
		xsw_pool_get_info(kenv->env.pool, &info);
	pr_info("version %s, environment %s, hypervisor %s, pool %llu KiB below %u bits in %u areas, longest bounce %llu KiB, force_bounce=%d attach=%s\n",
		THIS_MODULE->version, kenv->env.ops->name, xsw_hypervisor_name(),
		info.slots * XSW_SLOT_SIZE / SZ_1K, pool_bits, info.nr_areas,
		info.largest / SZ_1K, force_bounce, attach ? attach : "");
}

static int __init xsw_init(void)
{
	struct xsw_attach_opts opts = { .force_bounce = force_bounce };
	int err;

	err = xsw_check_params();
	if (err)
		return err;
	err = xsw_host_env_init();
	if (err)
		return err;
	xsw_make_pool();
	err = xsw_debugfs_init();
	if (err)
		goto free_pool;
	err = xsw_edu_init();
	if (err)
		goto exit_debugfs;
	err = xsw_mmio_init();
	if (err)
		goto exit_edu;
	err = xsw_chardev_init();
	if (err)
		goto exit_mmio;
	/* Last: a device that is attached holds the module. */
	err = xsw_bind_init(&opts);
	if (err)
		goto exit_chardev;
	xsw_tell();
	return 0;

exit_chardev:
	xsw_chardev_exit();
exit_mmio:
	xsw_mmio_exit();
exit_edu:
	xsw_edu_exit();
exit_debugfs:
	xsw_debugfs_exit();
free_pool:
	xsw_poolmem_destroy(xsw_host_env());
	xsw_host_env_exit();
	return err;
}

static void __exit xsw_exit(void)
{
	xsw_bind_exit();
	xsw_chardev_exit();
	xsw_mmio_exit();
	xsw_edu_exit();
	xsw_debugfs_exit();
	xsw_poolmem_destroy(xsw_host_env());
	xsw_host_env_exit();
}

module_init(xsw_init);
module_exit(xsw_exit);

MODULE_DESCRIPTION("DMA mapping and bounce buffers for Xen-like guests");
MODULE_AUTHOR("xswiotlb developers");
MODULE_LICENSE("GPL");
MODULE_VERSION("0.1.0");
