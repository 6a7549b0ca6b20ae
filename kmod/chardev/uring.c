// SPDX-License-Identifier: GPL-2.0
#include <linux/string.h>
#include "op.h"
#include "uring.h"

/* What an SQE128 has room for. */
#define XSW_URING_ROOM	80

/**
 * xsw_uring_cmd() - operations by io_uring
 * @cmd:	command
 * @issue_flags: IO_URING_F_*
 *
 * The structure lies in memory that the caller may write to at any time: it is
 * copied once.
 *
 * Return: of the operation, -errno, or -EIOCBQUEUED.
 */
int xsw_uring_cmd(struct io_uring_cmd *cmd, unsigned int issue_flags)
{
	const struct xsw_op_def *def = xsw_op_find(cmd->cmd_op);
	bool nonblock = issue_flags & IO_URING_F_NONBLOCK;
	struct xsw_call call = {
		.session	= cmd->file->private_data,
		.cmd		= cmd,
		.issue_flags	= issue_flags,
		.nonblock	= nonblock,
		.gfp		= nonblock ? GFP_ATOMIC | __GFP_NOWARN : GFP_KERNEL,
	};
	union {
		union xsw_op	op;
		u8		bytes[XSW_URING_ROOM];
	} sqe;
	long ret;

	if (!def)
		return -ENOTTY;
	if (issue_flags & IO_URING_F_IOPOLL)
		return -EOPNOTSUPP;
	if (!(issue_flags & IO_URING_F_SQE128))
		return -EINVAL;
#ifdef IORING_URING_CMD_MULTISHOT
	/* There is one answer, which it would take for the first of several and not deliver. */
	if (cmd->flags & IORING_URING_CMD_MULTISHOT)
		return -EINVAL;
#endif
	memcpy(&sqe, xsw_uring_payload(cmd), sizeof(sqe));
	barrier();
	if (sqe.op.size < def->size)
		return -EINVAL;
	if (sqe.op.size > sizeof(sqe) ||
	    memchr_inv(sqe.bytes + def->size, 0, sqe.op.size - def->size))
		return -E2BIG;
	ret = xsw_op_run(&call, def, &sqe.op);
	if (ret <= 0)
		return ret;
	/* Returned, 6.1 takes it for a failure, and in a worker forgets to complete at all. */
	xsw_uring_done(cmd, ret, issue_flags);
	return -EIOCBQUEUED;
}
