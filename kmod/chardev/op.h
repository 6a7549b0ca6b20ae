/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Operations: one table for both ways in.
 */
#ifndef XSW_OP_H
#define XSW_OP_H

#include <linux/ktime.h>
#include <linux/slab.h>
#include "session.h"

struct io_uring_cmd;

union xsw_op {
	struct {
		u32	size;
		u32	flags;
	};
	struct xsw_query	query;
	struct xsw_engine_open	engine_open;
	struct xsw_handle	handle;
	struct xsw_buf_create	buf_create;
	struct xsw_map		map;
	struct xsw_unmap	unmap;
	struct xsw_sync		sync;
	struct xsw_transfer	transfer;
	struct xsw_job		job;
	struct xsw_jobv		jobv;
	struct xsw_stats_get	stats;
	struct xsw_nop		nop;
	struct xsw_measure	measure;
};

/**
 * struct xsw_call - an operation on its way
 * @session:	that it is for
 * @cmd:	of io_uring; NULL: ioctl
 * @issue_flags: of @cmd, for this moment
 * @nonblock:	must not sleep: -EAGAIN sends it to a worker
 * @gfp:	for what it allocates
 * @result_ptr:	where the caller wants the result, or 0
 * @result:	what it has to tell
 * @created:	reserved handle of what it made, to be published or taken back
 */
struct xsw_call {
	struct xsw_session	*session;
	struct io_uring_cmd	*cmd;
	unsigned int		issue_flags;
	bool			nonblock;
	gfp_t			gfp;
	u64			result_ptr;
	struct xsw_result	result;
	struct xsw_slot		*created;
};

/**
 * struct xsw_op_def - an operation
 * @size:	of its structure
 * @flags:	that it knows
 * @may_sleep:	over io_uring a worker runs it
 * @result:	offset of its result member, 0: none
 * @reserved:	offset of a reserved member, 0: none
 * @reserved_size: of that member
 * @run:	does it: a result of ioctl(), or -EIOCBQUEUED when it completes @cmd itself
 */
struct xsw_op_def {
	u8	size;
	bool	may_sleep;
	u8	result;
	u8	reserved;
	u8	reserved_size;
	u32	flags;
	long	(*run)(struct xsw_call *call, const union xsw_op *op);
};

const struct xsw_op_def *xsw_op_find(unsigned int cmd);
long xsw_op_run(struct xsw_call *call, const struct xsw_op_def *def, const union xsw_op *op);

/* The cause, for the result; returns the errno. */
static inline long xsw_fail(struct xsw_call *call, long err, enum xsw_cause cause)
{
	call->result.cause = cause;
	return err;
}

/* Clocks are read only for who asks. */
static inline u64 xsw_now(u32 flags)
{
	return flags & XSW_F_TIMES ? ktime_get_ns() : 0;
}

/* Where the time of the DMA API's calls is to be added; NULL: not wanted. */
static inline u64 *xsw_spent(u32 flags, u64 *spent)
{
	return flags & XSW_F_TIMES ? spent : NULL;
}

static inline bool xsw_out_of_range(u64 offset, u64 len, u64 bytes)
{
	return offset > bytes || len > bytes - offset;
}

long xsw_fail_handle(struct xsw_call *call, long err);
u8 xsw_handle_cause(long err);
int xsw_result_put(u64 ptr, const struct xsw_result *result);

long xsw_query_run(struct xsw_call *call, const union xsw_op *any);
long xsw_stats_run(struct xsw_call *call, const union xsw_op *any);

long xsw_ioctl(struct file *file, unsigned int cmd, unsigned long arg);
int xsw_uring_cmd(struct io_uring_cmd *cmd, unsigned int issue_flags);

#endif /* XSW_OP_H */
