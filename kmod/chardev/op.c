// SPDX-License-Identifier: GPL-2.0
#include <linux/err.h>
#include <linux/uaccess.h>
#include "op.h"

static long nop_run(struct xsw_call *call, const union xsw_op *any)
{
	return 0;
}

static const struct xsw_op_def xsw_ops[] = {
	[_IOC_NR(XSW_IOC_QUERY)] = {
		.size	= sizeof(struct xsw_query),
		.reserved = offsetof(struct xsw_query, reserved),
		.reserved_size = sizeof_field(struct xsw_query, reserved),
		.run	= xsw_query_run,
	},
	[_IOC_NR(XSW_IOC_ENGINE_OPEN)] = {
		.size	= sizeof(struct xsw_engine_open),
		.flags	= XSW_ENGINE_FORCE_BOUNCE | XSW_ENGINE_NO_BOUNCE |
			  XSW_ENGINE_NO_M2P | XSW_ENGINE_NO_FLUSH,
		.may_sleep = true,
		.result	= offsetof(struct xsw_engine_open, result),
		.reserved = offsetof(struct xsw_engine_open, reserved),
		.reserved_size = sizeof_field(struct xsw_engine_open, reserved),
		.run	= xsw_engine_open_run,
	},
	[_IOC_NR(XSW_IOC_ENGINE_CLOSE)] = {
		.size	= sizeof(struct xsw_handle),
		.may_sleep = true,
		.result	= offsetof(struct xsw_handle, result),
		.reserved = offsetof(struct xsw_handle, reserved),
		.reserved_size = sizeof_field(struct xsw_handle, reserved),
		.run	= xsw_engine_close_run,
	},
	[_IOC_NR(XSW_IOC_BUF_CREATE)] = {
		.size	= sizeof(struct xsw_buf_create),
		.may_sleep = true,
		.result	= offsetof(struct xsw_buf_create, result),
		.run	= xsw_buffer_create,
	},
	[_IOC_NR(XSW_IOC_BUF_DESTROY)] = {
		.size	= sizeof(struct xsw_handle),
		.may_sleep = true,
		.result	= offsetof(struct xsw_handle, result),
		.reserved = offsetof(struct xsw_handle, reserved),
		.reserved_size = sizeof_field(struct xsw_handle, reserved),
		.run	= xsw_buffer_destroy,
	},
	[_IOC_NR(XSW_IOC_MAP)] = {
		.size	= sizeof(struct xsw_map),
		.flags	= XSW_F_TIMES | XSW_F_SG,
		.result	= offsetof(struct xsw_map, result),
		.run	= xsw_mapping_create,
	},
	[_IOC_NR(XSW_IOC_UNMAP)] = {
		.size	= sizeof(struct xsw_unmap),
		.flags	= XSW_F_TIMES,
		.result	= offsetof(struct xsw_unmap, result),
		.run	= xsw_mapping_unmap,
	},
	[_IOC_NR(XSW_IOC_SYNC)] = {
		.size	= sizeof(struct xsw_sync),
		.flags	= XSW_F_TIMES,
		.result	= offsetof(struct xsw_sync, result),
		.run	= xsw_mapping_sync,
	},
	[_IOC_NR(XSW_IOC_TRANSFER)] = {
		.size	= sizeof(struct xsw_transfer),
		.flags	= XSW_F_TIMES,
		.result	= offsetof(struct xsw_transfer, result),
		.run	= xsw_transfer_run,
	},
	[_IOC_NR(XSW_IOC_JOB)] = {
		.size	= sizeof(struct xsw_job),
		.flags	= XSW_JOB_FLAGS,
		.result	= offsetof(struct xsw_job, result),
		.reserved = offsetof(struct xsw_job, reserved),
		.reserved_size = sizeof_field(struct xsw_job, reserved),
		.run	= xsw_job_run,
	},
	[_IOC_NR(XSW_IOC_JOBV)] = {
		.size	= sizeof(struct xsw_jobv),
		.result	= offsetof(struct xsw_jobv, result),
		.run	= xsw_jobv_run,
	},
	[_IOC_NR(XSW_IOC_STATS)] = {
		.size	= sizeof(struct xsw_stats_get),
		.reserved = offsetof(struct xsw_stats_get, reserved),
		.reserved_size = sizeof_field(struct xsw_stats_get, reserved),
		.run	= xsw_stats_run,
	},
	[_IOC_NR(XSW_IOC_NOP)] = {
		.size	= sizeof(struct xsw_nop),
		.run	= nop_run,
	},
	[_IOC_NR(XSW_IOC_MEASURE)] = {
		.size	= sizeof(struct xsw_measure),
		.flags	= XSW_F_SG,
		.may_sleep = true,
		.result	= offsetof(struct xsw_measure, result),
		.reserved = offsetof(struct xsw_measure, reserved),
		.reserved_size = sizeof_field(struct xsw_measure, reserved),
		.run	= xsw_measure_run,
	},
};

/**
 * xsw_op_find() - the operation that a command number means
 * @cmd:	of ioctl() or of the submission; the size in it does not matter
 *
 * Return: NULL for none of ours.
 */
const struct xsw_op_def *xsw_op_find(unsigned int cmd)
{
	if (_IOC_TYPE(cmd) != XSW_IOC_MAGIC || _IOC_NR(cmd) >= ARRAY_SIZE(xsw_ops))
		return NULL;
	return &xsw_ops[_IOC_NR(cmd)];
}

/**
 * xsw_handle_cause() - why a handle was refused
 * @err:	errno of xsw_handle_new(), xsw_handle_get() or xsw_handle_take()
 *
 * Return: enum xsw_cause.
 */
u8 xsw_handle_cause(long err)
{
	switch (err) {
	case -EBUSY:
		return XSW_CAUSE_BUSY;
	case -EMFILE:
		return XSW_CAUSE_LIMIT;
	case -ENOMEM:
		return XSW_CAUSE_NO_MEMORY;
	default:
		return XSW_CAUSE_BAD_HANDLE;
	}
}

/**
 * xsw_fail_handle() - fail for what a handle function returned
 * @call:	operation
 * @err:	its errno
 *
 * Return: @err.
 */
long xsw_fail_handle(struct xsw_call *call, long err)
{
	return xsw_fail(call, err, xsw_handle_cause(err));
}

/**
 * xsw_result_put() - write a result to the caller's memory
 * @ptr:	where, or 0
 * @result:	what
 *
 * Context: the caller's task, or one that shares its memory. May sleep.
 * Return: 0, -EFAULT.
 */
int xsw_result_put(u64 ptr, const struct xsw_result *result)
{
	if (!ptr)
		return 0;
	return copy_to_user(u64_to_user_ptr(ptr), result, sizeof(*result)) ? -EFAULT : 0;
}

static void undo(struct xsw_call *call)
{
	struct xsw_engine *engine;
	struct xsw_slot *slot = call->created;

	switch (slot->kind) {
	case XSW_HANDLE_ENGINE:
		engine = slot->obj;
		engine->ops->close(engine);
		break;
	case XSW_HANDLE_BUFFER:
		xsw_buffer_free(call->session, slot->obj);
		break;
	case XSW_HANDLE_MAPPING:
		xsw_mapping_free(slot->obj, DMA_ATTR_SKIP_CPU_SYNC, NULL);
		break;
	}
	xsw_handle_free(&call->session->handles, slot);
}

static bool reserved_is_zero(const struct xsw_op_def *def, const union xsw_op *op)
{
	return !def->reserved ||
	       !memchr_inv((const u8 *)op + def->reserved, 0, def->reserved_size);
}

/**
 * xsw_op_run() - run an operation
 * @call:	session and way in
 * @def:	the operation
 * @op:		its structure, copied from the caller
 *
 * What was created is found by its handle only after the caller has been told of
 * it, so that it can be taken back when its memory can't be reached.
 *
 * Return: for the caller; -EIOCBQUEUED when the command completes later, -EAGAIN
 * when it must be run where it may sleep.
 */
long xsw_op_run(struct xsw_call *call, const struct xsw_op_def *def, const union xsw_op *op)
{
	long ret;

	if ((op->flags & ~def->flags) || !reserved_is_zero(def, op))
		return -EINVAL;
	if (def->may_sleep && call->nonblock)
		return -EAGAIN;
	if (def->result)
		memcpy(&call->result_ptr, (const u8 *)op + def->result, sizeof(u64));

	ret = def->run(call, op);
	if (ret == -EIOCBQUEUED || (ret == -EAGAIN && call->nonblock))
		return ret;

	if (ret < 0)
		call->result.status = ret;
	if (call->created)
		call->result.handle = xsw_handle_value(call->created);
	if (xsw_result_put(call->result_ptr, &call->result)) {
		ret = -EFAULT;
		if (call->created)
			undo(call);
	} else if (call->created) {
		xsw_handle_publish(&call->session->handles, call->created);
	}
	return ret;
}
