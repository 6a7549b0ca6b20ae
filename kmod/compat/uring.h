/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What differs in io_uring's interface for commands; Kbuild probes the headers.
 */
#ifndef XSW_COMPAT_URING_H
#define XSW_COMPAT_URING_H

#ifdef XSW_HAVE_URING_CMD_H
#include <linux/io_uring/cmd.h>
#else
#include <linux/io_uring.h>
#endif

/* The command area of the submission. */
static inline const void *xsw_uring_payload(const struct io_uring_cmd *cmd)
{
#ifdef XSW_HAVE_URING_CMD_SQE
	return cmd->sqe->cmd;
#else
	return cmd->cmd;
#endif
}

static inline void xsw_uring_done(struct io_uring_cmd *cmd, int ret, unsigned int issue_flags)
{
#ifdef XSW_HAVE_URING_DONE32
	io_uring_cmd_done(cmd, ret, issue_flags);
#else
	io_uring_cmd_done(cmd, ret, 0, issue_flags);
#endif
}

static inline int xsw_uring_import_fixed(u64 addr, u64 len, int rw, struct iov_iter *iter,
					 struct io_uring_cmd *cmd, unsigned int issue_flags)
{
#ifdef XSW_HAVE_URING_FIXED_FLAGS
	return io_uring_cmd_import_fixed(addr, len, rw, iter, cmd, issue_flags);
#else
	return io_uring_cmd_import_fixed(addr, len, rw, iter, cmd);
#endif
}

/* Room for one pointer of the command's owner. */
static inline void **xsw_uring_private(struct io_uring_cmd *cmd)
{
	return (void **)cmd->pdu;
}

/* Defines fn##_tw for io_uring_cmd_complete_in_task(): it calls fn(cmd, issue_flags). */
#ifdef XSW_HAVE_URING_FROM_TW
#define XSW_URING_TASK_WORK(fn)							\
static void fn##_tw(struct io_tw_req tw_req, io_tw_token_t tw)			\
{										\
	fn(io_uring_cmd_from_tw(tw_req), IO_URING_CMD_TASK_WORK_ISSUE_FLAGS);	\
}
#else
#define XSW_URING_TASK_WORK(fn)							\
static void fn##_tw(struct io_uring_cmd *cmd, unsigned int issue_flags)		\
{										\
	fn(cmd, issue_flags);							\
}
#endif

#endif /* XSW_COMPAT_URING_H */
