// SPDX-License-Identifier: GPL-2.0
#include <linux/fs.h>
#include <linux/uaccess.h>
#include "op.h"

/**
 * xsw_ioctl() - operations by ioctl(), for 64 and 32 bit callers alike
 * @file:	session
 * @cmd:	XSW_IOC_*
 * @arg:	address of the structure
 *
 * Return: of the operation, or -errno.
 */
long xsw_ioctl(struct file *file, unsigned int cmd, unsigned long arg)
{
	const struct xsw_op_def *def = xsw_op_find(cmd);
	struct xsw_call call = {
		.session	= file->private_data,
		.gfp		= GFP_KERNEL,
	};
	void __user *uarg = (void __user *)arg;
	union xsw_op op;
	u32 size;
	int err;

	if (!def)
		return -ENOTTY;
	if (get_user(size, (u32 __user *)uarg))
		return -EFAULT;
	if (size < def->size)
		return -EINVAL;
	/* A bound, as the tail has to be read for whether it is zero. */
	if (size > PAGE_SIZE)
		return -E2BIG;
	err = copy_struct_from_user(&op, def->size, uarg, size);
	if (err)
		return err;
	/* The caller may have changed it since. */
	if (op.size != size)
		return -EINVAL;
	return xsw_op_run(&call, def, &op);
}
