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
#include "op.h"
#include "ops.h"
#include "stats.h"

#define XSW_LIMIT(name, def, lo, hi, text)					\
unsigned int xsw_##name = (def);						\
static int set_##name(const char *val, const struct kernel_param *kp)		\
{										\
	return param_set_uint_minmax(val, kp, lo, hi);				\
}										\
static const struct kernel_param_ops ops_##name = {				\
	.set	= set_##name,							\
	.get	= param_get_uint,						\
};										\
module_param_cb(name, &ops_##name, &xsw_##name, 0444);				\
MODULE_PARM_DESC(name, text)

XSW_LIMIT(max_buffers, 1024, 1, 65536, "buffers per session (1..65536, default 1024)");
XSW_LIMIT(max_mappings, 65536, 1, 524288, "mappings per session (1..524288, default 65536)");
XSW_LIMIT(max_engines, 16, 1, 256, "engines per session (1..256, default 16)");
XSW_LIMIT(max_pinned_mib, 1024, 1, 1048576,
	  "MiB of user memory that a session may pin (1..1048576, default 1024)");
XSW_LIMIT(max_kernel_mib, 512, 1, 1048576,
	  "MiB of kernel buffers that a session may have (1..1048576, default 512)");

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

long xsw_query_run(struct xsw_call *call, const struct xsw_query *op)
{
	const struct xsw_env *env = &xsw_host_env()->env;
	struct xsw_info info = {
		.size		= sizeof(info),
		.abi_version	= XSW_ABI_VERSION,
		.features	= XSW_FEAT_JOB | XSW_FEAT_JOBV | XSW_FEAT_FIXED | XSW_FEAT_SIM |
				  XSW_FEAT_EDU | XSW_FEAT_KERNEL_OPS,
		.page_size	= PAGE_SIZE,
		.slot_size	= XSW_SLOT_SIZE,
		.max_len	= XSW_MAX_LEN,
		.max_vector	= XSW_MAX_VECTOR,
		.nr_edu		= xsw_edu_count(),
		.max_buffers	= xsw_max_buffers,
		.max_mappings	= xsw_max_mappings,
		.max_engines	= xsw_max_engines,
		.nr_cpus	= num_online_cpus(),
		.max_pinned	= (u64)xsw_max_pinned_mib << 20,
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

long xsw_stats_run(struct xsw_call *call, const struct xsw_stats_get *op)
{
	struct xsw_session *session = call->session;
	const struct xsw_env *env = &xsw_host_env()->env;
	struct xsw_stats stats = { .size = sizeof(stats) };
	struct xsw_stats_pcpu sum = {};
	struct xsw_engine *engine;
	struct xsw_pool_info pool;
	struct xsw_slot *slot = NULL;

	BUILD_BUG_ON(XSW_NR_REASONS > ARRAY_SIZE(stats.reason));
	BUILD_BUG_ON(XSW_NR_CAUSES > ARRAY_SIZE(stats.cause));

	if (op->engine) {
		slot = xsw_handle_get(&session->handles, op->engine, XSW_HANDLE_ENGINE);
		if (IS_ERR(slot))
			return PTR_ERR(slot);
		engine = slot->obj;
		env = &engine->env->env;
		/* With the kernel's own ops there is nobody who counts. */
		if (engine->xdev)
			xsw_stats_sum(engine->xdev->stats, &sum);
	} else {
		xsw_stats_sum(&xsw_stats_all, &sum);
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
		XSW_DEVICE_NAME, xsw_max_engines, xsw_max_buffers, xsw_max_mappings,
		xsw_max_pinned_mib, xsw_max_kernel_mib);
	return 0;
}

/**
 * xsw_chardev_exit() - take it away; no file is open, as each holds the module
 */
void xsw_chardev_exit(void)
{
	misc_deregister(&chardev_misc);
}
