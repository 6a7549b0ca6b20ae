// SPDX-License-Identifier: GPL-2.0
#include <linux/compat.h>
#include <linux/err.h>
#include <linux/fs.h>
#include <linux/miscdevice.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/moduleparam.h>
#include <linux/uaccess.h>
#include "chardev.h"
#include "env.h"
#include "mmio.h"
#include "op.h"
#include "ops.h"
#include "stats.h"

struct xsw_limit xsw_limits[] = {
	[XSW_LIMIT_BUFFERS]	= { 1024, 1, 65536 },
	[XSW_LIMIT_MAPPINGS]	= { 65536, 1, 524288 },
	[XSW_LIMIT_ENGINES]	= { 16, 1, 256 },
	[XSW_LIMIT_PINNED_MIB]	= { 1024, 1, 1048576 },
	[XSW_LIMIT_KERNEL_MIB]	= { 512, 1, 1048576 },
};

static int set_limit(const char *val, const struct kernel_param *kp)
{
	const struct xsw_limit *limit = kp->arg;

	return param_set_uint_minmax(val, kp, limit->least, limit->most);
}

static const struct kernel_param_ops limit_ops = {
	.set	= set_limit,
	.get	= param_get_uint,
};

module_param_cb(max_buffers, &limit_ops, &xsw_limits[XSW_LIMIT_BUFFERS], 0444);
MODULE_PARM_DESC(max_buffers, "buffers per session, 1 to 65536 (1024)");
module_param_cb(max_mappings, &limit_ops, &xsw_limits[XSW_LIMIT_MAPPINGS], 0444);
MODULE_PARM_DESC(max_mappings, "mappings per session, 1 to 524288 (65536)");
module_param_cb(max_engines, &limit_ops, &xsw_limits[XSW_LIMIT_ENGINES], 0444);
MODULE_PARM_DESC(max_engines, "engines per session, 1 to 256 (16)");
module_param_cb(max_pinned_mib, &limit_ops, &xsw_limits[XSW_LIMIT_PINNED_MIB], 0444);
MODULE_PARM_DESC(max_pinned_mib, "MiB of user memory a session may pin, 1 to 1048576 (1024)");
module_param_cb(max_kernel_mib, &limit_ops, &xsw_limits[XSW_LIMIT_KERNEL_MIB], 0444);
MODULE_PARM_DESC(max_kernel_mib, "MiB of kernel buffers per session, 1 to 1048576 (512)");

/* ---- QUERY and STATS ---- */

/*
 * An answer: as much as this version knows, zeroes behind it for a caller that
 * knows more.
 */
static long put_answer(u64 ptr, const void *answer, u32 size)
{
	void __user *to = u64_to_user_ptr(ptr);
	u32 room;

	if (get_user(room, (u32 __user *)to))
		return -EFAULT;
	if (room < size)
		return -EINVAL;
	if (room > PAGE_SIZE)
		return -E2BIG;
	if (copy_to_user(to, answer, size) || clear_user(to + size, room - size))
		return -EFAULT;
	return 0;
}

static void pool_info(const struct xsw_env *env, struct xsw_pool_info *info)
{
	memset(info, 0, sizeof(*info));
	if (env->pool)
		xsw_pool_get_info(env->pool, info);
}

long xsw_query_run(struct xsw_call *call, const union xsw_op *any)
{
	const struct xsw_query *op = &any->query;
	const struct xsw_env *env = &xsw_host_env()->env;
	struct xsw_info info = {
		.size		= sizeof(info),
		.abi_version	= XSW_ABI_VERSION,
		.features	= XSW_FEAT_JOB | XSW_FEAT_JOBV | XSW_FEAT_FIXED | XSW_FEAT_SIM |
				  XSW_FEAT_EDU | XSW_FEAT_KERNEL_OPS | XSW_FEAT_SIM_HOST |
				  XSW_FEAT_MEASURE |
				  (xsw_mmio_there() ? XSW_FEAT_MMIO : 0),
		.page_size	= PAGE_SIZE,
		.slot_size	= XSW_SLOT_SIZE,
		.max_len	= XSW_MAX_LEN,
		.max_vector	= XSW_MAX_VECTOR,
		.nr_edu		= xsw_edu_count(),
		.max_buffers	= xsw_limits[XSW_LIMIT_BUFFERS].value,
		.max_mappings	= xsw_limits[XSW_LIMIT_MAPPINGS].value,
		.max_engines	= xsw_limits[XSW_LIMIT_ENGINES].value,
		.nr_cpus	= num_online_cpus(),
		.max_pinned	= (u64)xsw_limits[XSW_LIMIT_PINNED_MIB].value << 20,
	};
	struct xsw_pool_info pool;

	pool_info(env, &pool);
	info.pool_bytes = pool.slots * XSW_SLOT_SIZE;
	info.max_mapping = pool.largest;
	strscpy(info.env, env->ops->name, sizeof(info.env));
	strscpy(info.version, THIS_MODULE->version ?: "", sizeof(info.version));
	strscpy(info.hypervisor, xsw_hypervisor_name(), sizeof(info.hypervisor));
	return put_answer(op->info, &info, sizeof(info));
}

long xsw_stats_run(struct xsw_call *call, const union xsw_op *any)
{
	const struct xsw_stats_get *op = &any->stats;
	struct xsw_session *session = call->session;
	const struct xsw_env *env = &xsw_host_env()->env;
	struct xsw_stats stats = { .size = sizeof(stats) };
	struct xsw_stats_pcpu sum = {};
	struct xsw_device *xdev;
	struct xsw_engine *engine;
	struct xsw_pool_info pool;
	struct xsw_slot *slot = NULL;

	BUILD_BUG_ON(ARRAY_SIZE(stats.reason) < XSW_NR_REASONS);
	BUILD_BUG_ON(ARRAY_SIZE(stats.cause) < XSW_NR_CAUSES);

	if (op->engine) {
		slot = xsw_handle_get(&session->handles, op->engine, XSW_HANDLE_ENGINE);
		if (IS_ERR(slot))
			return PTR_ERR(slot);
		engine = slot->obj;
		env = &engine->env->env;
		/* Nobody counts with the kernel's own ops, nor when the device has gone. */
		preempt_disable();
		xdev = READ_ONCE(engine->xdev);
		if (xdev)
			xsw_counters_sum(&xdev->counters, &sum);
		preempt_enable();
	} else {
		xsw_counters_total(&sum);
	}
	pool_info(env, &pool);
	xsw_handle_put(slot);

	memcpy(stats.reason, sum.reason, sizeof(sum.reason));
	memcpy(stats.cause, sum.cause, sizeof(sum.cause));
	stats.nr_areas = pool.nr_areas;
	stats.unmaps = sum.unmaps;
	stats.syncs = sum.syncs;
	stats.bounced_bytes = sum.bounced_bytes;
	stats.pool_slots = pool.slots;
	stats.pool_used = pool.used;
	stats.pool_hiwater = pool.hiwater;
	stats.session_buffers = READ_ONCE(session->handles.count[XSW_HANDLE_BUFFER]);
	stats.session_mappings = READ_ONCE(session->handles.count[XSW_HANDLE_MAPPING]);
	stats.session_engines = READ_ONCE(session->handles.count[XSW_HANDLE_ENGINE]);
	stats.nr_quarantined = atomic_read(&xsw_nr_quarantined);
	stats.session_pinned = atomic64_read(&session->pinned);
	return put_answer(op->stats, &stats, sizeof(stats));
}

/* ---- the file ---- */

static int chardev_open(struct inode *inode, struct file *file)
{
	struct xsw_session *session = xsw_session_create();

	if (IS_ERR(session))
		return PTR_ERR(session);
	file->private_data = session;
	return nonseekable_open(inode, file);
}

/* A process that exits need not wait for what it had queued. */
static int chardev_flush(struct file *file, fl_owner_t id)
{
	struct xsw_session *session = file->private_data;

	if ((current->flags & PF_EXITING) && xsw_session_owner_exits(session))
		xsw_session_cancel(session);
	return 0;
}

static int chardev_release(struct inode *inode, struct file *file)
{
	xsw_session_destroy(file->private_data);
	return 0;
}

static int chardev_mmap(struct file *file, struct vm_area_struct *vma)
{
	return xsw_buffer_mmap(file->private_data, vma);
}

static const struct file_operations chardev_fops = {
	.owner		= THIS_MODULE,
	.open		= chardev_open,
	.flush		= chardev_flush,
	.release	= chardev_release,
	.unlocked_ioctl	= xsw_ioctl,
	.compat_ioctl	= compat_ptr_ioctl,
	.uring_cmd	= xsw_uring_cmd,
	.mmap		= chardev_mmap,
};

static struct miscdevice chardev_misc = {
	.minor	= MISC_DYNAMIC_MINOR,
	.name	= XSW_DEVICE_NAME,
	.fops	= &chardev_fops,
	.mode	= 0600,
};

/**
 * xsw_chardev_init() - make /dev/xswiotlb
 *
 * Return: 0, or -errno.
 */
int xsw_chardev_init(void)
{
	int err = misc_register(&chardev_misc);

	if (err) {
		pr_err("/dev/%s: cannot register it: %d\n", XSW_DEVICE_NAME, err);
		return err;
	}
	pr_info("/dev/%s: a session may have %u engines, %u buffers, %u mappings, %u MiB pinned, %u MiB of kernel buffers\n",
		XSW_DEVICE_NAME, xsw_limits[XSW_LIMIT_ENGINES].value,
		xsw_limits[XSW_LIMIT_BUFFERS].value, xsw_limits[XSW_LIMIT_MAPPINGS].value,
		xsw_limits[XSW_LIMIT_PINNED_MIB].value, xsw_limits[XSW_LIMIT_KERNEL_MIB].value);
	return 0;
}

/**
 * xsw_chardev_exit() - take it away; no file is open, as each holds the module
 */
void xsw_chardev_exit(void)
{
	misc_deregister(&chardev_misc);
}
