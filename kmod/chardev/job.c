// SPDX-License-Identifier: GPL-2.0
#include <linux/completion.h>
#include <linux/err.h>
#include <linux/ktime.h>
#include <linux/overflow.h>
#include <linux/sched/mm.h>
#include <linux/sizes.h>
#include <linux/uaccess.h>
#include <linux/uio.h>
#include "op.h"
#include "uring.h"

/* More than this is left to a worker: the submitter has other things to do. */
#define XSW_INLINE_BYTES	SZ_1M

struct xsw_batch;

/* What a job uses. */
enum {
	XSW_USED_ENGINE,
	XSW_USED_SRC,
	XSW_USED_DST,
	XSW_NR_USED,
};

/**
 * struct xsw_job_run - one transfer on its way: of a JOB, of a JOBV, or TRANSFER
 * @xfer:	what the engine sees
 * @node:	in xsw_batch.runs while it is the engine's
 * @batch:	that it belongs to
 * @flags:	XSW_F_*
 * @engine:	used, or NULL
 * @src_buffer:	used, or NULL
 * @dst_buffer:	used, or NULL
 * @mapping:	TRANSFER: used
 * @src:	JOB: mapping of the source
 * @dst:	JOB: mapping of the destination
 * @start_ns:	handed to the engine
 * @end_ns:	completed
 * @status:	that it completed with
 * @result:	of the batch: what it has to tell
 */
struct xsw_job_run {
	struct xsw_xfer		xfer;
	struct list_head	node;
	struct xsw_batch	*batch;
	u32			flags;
	struct xsw_slot		*engine;
	struct xsw_slot		*src_buffer;
	struct xsw_slot		*dst_buffer;
	struct xsw_slot		*mapping;
	struct xsw_dmamap	src;
	struct xsw_dmamap	dst;
	u64			start_ns;
	u64			end_ns;
	int			status;
	struct xsw_result	*result;
};

/**
 * struct xsw_batch - the transfers of one command
 * @session:	session
 * @cmd:	of io_uring, to be completed; NULL: somebody waits for @done
 * @done:	all have completed
 * @mm:		where results go, once it is no longer certain whose task this is
 * @pending:	transfers that the engine has or may get, and one for who submits them
 * @nr_begun:	that it has got
 * @runs:	that the engine has, or had
 * @copy:	of the last job that got that far: in a vector most others are like it
 * @results:	of @jobs, and @kept behind them: written together, as each entry into the
 *		caller's memory costs
 * @nr:		of @jobs; 0: no JOBV
 * @last:	JOBV: the last engine, source and destination, as most of its jobs name the same
 * @kept:	JOBV: all that its jobs use
 * @nr_kept:	of @kept
 * @result_ptr:	where @result goes, or 0
 * @result:	of the command
 * @first:	the only one, or the first
 * @jobs:	JOBV: as the caller gave them; the result of one that is not understood is 0
 */
struct xsw_batch {
	struct xsw_session	*session;
	struct io_uring_cmd	*cmd;
	struct completion	done;
	struct mm_struct	*mm;
	atomic_t		pending;
	u32			nr_begun;
	struct list_head	runs;
	struct xsw_copy		copy;
	struct xsw_result	*results;
	u32			nr;
	struct xsw_slot		*last[XSW_NR_USED];
	struct xsw_slot		**kept;
	u32			nr_kept;
	u64			result_ptr;
	struct xsw_result	result;
	struct xsw_job_run	first;
	struct xsw_job		jobs[];
};

static long batch_finish(struct xsw_batch *batch, bool reachable);
static void batch_free(struct xsw_batch *batch);

/* ---- completion ---- */

static void batch_finish_cmd(struct io_uring_cmd *cmd, unsigned int issue_flags)
{
	struct xsw_batch *batch = *xsw_uring_private(cmd);
	/* When the submitter is gone this runs in a worker, on nobody's or anybody's memory. */
	bool reachable = current->mm == batch->mm && !(current->flags & PF_KTHREAD);
	long ret;

	ret = batch_finish(batch, reachable);
	if (!reachable || xsw_result_put(batch->result_ptr, &batch->result))
		ret = -EFAULT;
	mmdrop(batch->mm);
	batch_free(batch);
	xsw_uring_done(cmd, ret, issue_flags);
}

XSW_URING_TASK_WORK(batch_finish_cmd)

/* Any context, hard interrupts included. */
static void run_complete(struct xsw_xfer *xfer, int status)
{
	struct xsw_job_run *run = container_of(xfer, struct xsw_job_run, xfer);
	struct xsw_batch *batch = run->batch;
	struct xsw_session *session = batch->session;

	run->status = status;
	run->end_ns = xsw_now(run->flags);
	/* Nobody waits for what is still queued. */
	if (!READ_ONCE(session->dying) && xsw_session_owner_exits(session))
		schedule_work(&session->cancel_work);
	if (!atomic_dec_and_test(&batch->pending))
		return;
	if (batch->cmd)
		io_uring_cmd_complete_in_task(batch->cmd, batch_finish_cmd_tw);
	else
		complete(&batch->done);
}

/* ---- one transfer ---- */

static int result_fail(struct xsw_result *result, int err, u8 cause)
{
	result->status = err;
	result->cause = cause;
	return err;
}

static int run_fail(struct xsw_job_run *run, int err, u8 cause)
{
	return result_fail(run->result, err, cause);
}

/* What an engine's status means for the caller. */
static int engine_fail(struct xsw_result *result, int status)
{
	switch (status) {
	case -EBUSY:
		return result_fail(result, status, XSW_CAUSE_BUSY);
	case -ETIMEDOUT:
		return result_fail(result, status, XSW_CAUSE_TIMEOUT);
	case -ECANCELED:
		return result_fail(result, status, XSW_CAUSE_CANCELED);
	case -ENODEV:
		return result_fail(result, status, XSW_CAUSE_NO_DEVICE);
	default:
		return result_fail(result, status, XSW_CAUSE_DEVICE);
	}
}

static void run_put(struct xsw_job_run *run)
{
	/* The command keeps it. */
	if (run->batch->nr)
		return;
	xsw_handle_put(run->src_buffer);
	xsw_handle_put(run->dst_buffer);
	xsw_handle_put(run->engine);
	xsw_handle_put(run->mapping);
}

/* As xsw_dmamap_unmap(). */
static bool unmap_one(struct xsw_dmamap *map, struct xsw_slot *buffer, unsigned long attrs,
		      u64 *spent)
{
	if (xsw_dmamap_unmap(map, attrs, spent))
		return true;
	if (buffer)
		xsw_buffer_quarantine(buffer->obj);
	else
		xsw_range_keep(&map->range);
	return false;
}

/* False: what the device has written did not get to the destination. */
static bool run_unmap(struct xsw_job_run *run, bool sync)
{
	u64 spent = 0, synced = 0;
	bool arrived = false;

	if (sync) {
		arrived = xsw_dmamap_sync(&run->dst, 0, run->xfer.len, true,
					  xsw_spent(run->flags, &synced));
		run->result->sync_ns = min_t(u64, synced, U32_MAX);
	}
	/* What could not be synced is left to the unmap. */
	arrived |= unmap_one(&run->dst, run->dst_buffer, arrived ? DMA_ATTR_SKIP_CPU_SYNC : 0,
			     xsw_spent(run->flags, &spent));
	unmap_one(&run->src, run->src_buffer, 0, xsw_spent(run->flags, &spent));
	run->result->unmap_ns = min_t(u64, spent, U32_MAX);
	return arrived;
}

/* The engine has done with it, one way or the other. Task context. */
static int run_end(struct xsw_job_run *run, int status)
{
	if (run->flags & XSW_F_TIMES)
		run->result->xfer_ns = min_t(u64, run->end_ns - run->start_ns, U32_MAX);
	if (!run->mapping && !run_unmap(run, (run->flags & XSW_F_SYNC) && !status) && !status)
		status = -ENODEV;
	if (status)
		status = engine_fail(run->result, status);
	else
		run->result->bytes = run->xfer.len;
	run_put(run);
	return status;
}

/* 0, -errno, or -EINPROGRESS: then run_end() is called later. */
static int run_submit(struct xsw_job_run *run, struct xsw_engine *engine)
{
	const struct xsw_session *session = run->batch->session;
	int status;

	run->xfer.complete = run_complete;
	run->start_ns = xsw_now(run->flags);
	if (xsw_session_over(session))
		status = -ECANCELED;
	else if (READ_ONCE(engine->dead))
		status = -ENODEV;
	else
		status = engine->ops->submit(engine, &run->xfer);
	if (status == -EINPROGRESS) {
		run->batch->nr_begun++;
		return status;
	}
	run->end_ns = xsw_now(run->flags);
	return run_end(run, status);
}

/* ---- jobs ---- */

static bool ranges_overlap(u64 a, u64 b, u64 len)
{
	return (a > b ? a - b : b - a) < len;
}

static bool job_valid(const struct xsw_call *call, const struct xsw_job *job)
{
	if (!job->len || (job->attrs & ~(XSW_ATTR_NO_WARN | XSW_ATTR_WEAK_ORDERING)))
		return false;
	if (job->src_dir != XSW_TO_DEVICE && job->src_dir != XSW_BIDIRECTIONAL)
		return false;
	if (job->dst_dir != XSW_FROM_DEVICE && job->dst_dir != XSW_BIDIRECTIONAL)
		return false;
	if (!(job->flags & XSW_F_FIXED))
		return true;
	return call->cmd && (call->cmd->flags & IORING_URING_CMD_FIXED) &&
	       !job->src_buffer && !job->dst_buffer;
}

static inline struct xsw_slot *run_get(const struct xsw_job_run *run, u32 handle,
				       enum xsw_handle_kind kind, int which)
{
	struct xsw_batch *batch = run->batch;
	struct xsw_slot *slot;

	/* What is kept stays what its number says: it can not be taken. */
	if (batch->nr && batch->last[which] && xsw_handle_value(batch->last[which]) == handle)
		return batch->last[which];
	slot = xsw_handle_get(&batch->session->handles, handle, kind);
	if (batch->nr && !IS_ERR(slot)) {
		batch->last[which] = slot;
		batch->kept[batch->nr_kept++] = slot;
	}
	return slot;
}

static int range_of_buffer(struct xsw_job_run *run, u32 handle, u64 offset, u32 len, int which,
			   struct xsw_slot **slotp, struct xsw_range *range)
{
	struct xsw_slot *slot = run_get(run, handle, XSW_HANDLE_BUFFER, which);
	struct xsw_buffer *buffer;

	if (IS_ERR(slot))
		return run_fail(run, PTR_ERR(slot), xsw_handle_cause(PTR_ERR(slot)));
	*slotp = slot;
	buffer = slot->obj;
	if (xsw_out_of_range(offset, len, buffer->bytes))
		return run_fail(run, -ERANGE, XSW_CAUSE_OUT_OF_RANGE);
	*range = xsw_buffer_range(buffer, offset, len);
	return 0;
}

static int range_of_fixed(struct xsw_call *call, struct xsw_job_run *run, u64 addr, u32 len, int rw,
			  struct xsw_range *range)
{
	struct iov_iter iter;

	if (xsw_uring_import_fixed(addr, len, rw, &iter, call->cmd, call->issue_flags) ||
	    !iov_iter_is_bvec(&iter))
		return run_fail(run, -ERANGE, XSW_CAUSE_OUT_OF_RANGE);
	*range = (struct xsw_range){
		.bvec	= iter.bvec,
		.offset	= iter.iov_offset,
		.len	= len,
	};
	return 0;
}

static int job_ranges(struct xsw_call *call, struct xsw_job_run *run, const struct xsw_job *job,
		      struct xsw_range *src, struct xsw_range *dst)
{
	bool same;
	int err;

	if (job->flags & XSW_F_FIXED) {
		same = true;
		err = range_of_fixed(call, run, job->src_offset, job->len, ITER_SOURCE, src) ?:
		      range_of_fixed(call, run, job->dst_offset, job->len, ITER_DEST, dst);
	} else {
		same = job->src_buffer == job->dst_buffer;
		err = range_of_buffer(run, job->src_buffer, job->src_offset, job->len,
				      XSW_USED_SRC, &run->src_buffer, src) ?:
		      range_of_buffer(run, job->dst_buffer, job->dst_offset, job->len,
				      XSW_USED_DST, &run->dst_buffer, dst);
	}
	if (!err && same && ranges_overlap(job->src_offset, job->dst_offset, job->len))
		err = run_fail(run, -EINVAL, XSW_CAUSE_BAD_VALUE);
	return err;
}

/* ---- jobs that only copy ---- */

/* Nothing is asked of it but to copy memory, and its engine is done when submit() returns. */
static bool only_copies(const struct xsw_job_run *run, const struct xsw_job *job,
			const struct xsw_engine *engine)
{
	/* What the kernel's ops did, the address has to tell: that takes a mapping of its own. */
	return !job->flags && job->len <= PAGE_SIZE && engine->immediate && !engine->removable &&
	       engine->xdev && run->src.range.pages && run->dst.range.pages;
}

static void copy_prepare(struct xsw_copy *copy, struct xsw_engine *engine,
			 const struct xsw_job_run *run, const struct xsw_job *job)
{
	copy->job = job;
	copy->engine = engine;
	copy->src = run->src_buffer->obj;
	copy->dst = run->dst_buffer->obj;
	copy->attrs = xsw_dma_attrs(job->attrs);
	copy->xfer.kind = XSW_XFER_COPY;
	copy->xfer.src = (struct xsw_xfer_side){ };
	copy->xfer.dst = (struct xsw_xfer_side){ };
	copy->xfer.len = job->len;
	copy->xfer.dev_offset = 0;
	copy->xfer.peer = false;
}

/* False: it does not lie in two pages, and nothing has been done. */
static __always_inline bool copy_run(struct xsw_copy *copy, const struct xsw_job *job,
				     struct xsw_result *result)
{
	if (!xsw_pages_copy(copy, job, result))
		return false;
	if (result->status && !result->cause)
		engine_fail(result, result->status);
	return true;
}

/* Do they differ in nothing but where they copy from and to, and where their results go? */
static __always_inline bool jobs_alike(const struct xsw_job *a, const struct xsw_job *b)
{
	return !memcmp(a, b, offsetof(struct xsw_job, src_offset)) &&
	       !memcmp(&a->src_dir, &b->src_dir,
		       offsetof(struct xsw_job, result) - offsetof(struct xsw_job, src_dir));
}

/*
 * What was found of the last job holds for one like it, as the command keeps what they name:
 * most of a vector. False: it has to go the long way, and nothing has been done.
 */
static __always_inline bool job_copy_again(struct xsw_batch *batch, const struct xsw_job *job,
					   struct xsw_result *result)
{
	struct xsw_copy *copy = &batch->copy;

	if (!copy->job || !jobs_alike(copy->job, job) ||
	    (copy->src == copy->dst &&
	     ranges_overlap(job->src_offset, job->dst_offset, job->len)) ||
	    xsw_session_over(batch->session))
		return false;
	return copy_run(copy, job, result);
}

/* ---- any job ---- */

static int job_map(struct xsw_call *call, struct xsw_job_run *run, const struct xsw_job *job,
		   struct xsw_engine *engine)
{
	u64 spent = 0, *spentp = xsw_spent(job->flags, &spent);
	unsigned long attrs = xsw_dma_attrs(job->attrs);
	struct xsw_dmamap *src = &run->src, *dst = &run->dst;
	struct xsw_result *result = run->result;
	bool sg = job->flags & XSW_F_SG;
	int err;

	err = xsw_dmamap_map(src, engine, job->src_dir, attrs, sg, call->gfp, spentp);
	if (err)
		return run_fail(run, err, src->cause);
	err = xsw_dmamap_map(dst, engine, job->dst_dir, attrs, sg, call->gfp, spentp);
	if (err) {
		unmap_one(src, run->src_buffer, DMA_ATTR_SKIP_CPU_SYNC, NULL);
		return run_fail(run, err, dst->cause);
	}
	result->map_ns = min_t(u64, spent, U32_MAX);
	result->src_reason = src->reason;
	result->dst_reason = dst->reason;
	result->nr_segs = xsw_dmamap_nents(src) + xsw_dmamap_nents(dst);
	return 0;
}

/* As run_submit(). */
static int job_start(struct xsw_call *call, struct xsw_job_run *run, const struct xsw_job *job)
{
	struct xsw_engine *engine;
	struct xsw_slot *slot;
	int err;

	run->flags = job->flags;
	/* Before it is mapped: that alone takes its time. */
	if (xsw_session_over_here(call->session))
		return run_fail(run, -ECANCELED, XSW_CAUSE_CANCELED);
	if (!job_valid(call, job))
		return run_fail(run, -EINVAL, XSW_CAUSE_BAD_VALUE);
	slot = run_get(run, job->engine, XSW_HANDLE_ENGINE, XSW_USED_ENGINE);
	if (IS_ERR(slot))
		return run_fail(run, PTR_ERR(slot), xsw_handle_cause(PTR_ERR(slot)));
	run->engine = slot;
	engine = slot->obj;
	if (job->len > engine->max_len)
		err = run_fail(run, -EINVAL, XSW_CAUSE_BAD_VALUE);
	else
		err = job_ranges(call, run, job, &run->src.range, &run->dst.range);
	if (err)
		goto put;
	if (only_copies(run, job, engine)) {
		copy_prepare(&run->batch->copy, engine, run, job);
		if (copy_run(&run->batch->copy, job, run->result)) {
			err = run->result->status;
			goto put;
		}
	}
	err = job_map(call, run, job, engine);
	if (err)
		goto put;
	run->xfer.kind = XSW_XFER_COPY;
	run->xfer.src = run->src.side;
	run->xfer.dst = run->dst.side;
	run->xfer.peer = run->src.range.mmio || run->dst.range.mmio;
	run->xfer.len = job->len;
	run->xfer.dev_offset = 0;
	return run_submit(run, engine);

put:
	run_put(run);
	return err;
}

/* ---- commands ---- */

/* The mappings and the transfer are filled in when they are made. */
static void run_init(struct xsw_job_run *run, struct xsw_batch *batch, struct xsw_result *result)
{
	run->batch = batch;
	run->result = result;
	run->engine = NULL;
	run->src_buffer = NULL;
	run->dst_buffer = NULL;
	run->mapping = NULL;
}

/* Of one transfer, or of @nr jobs. */
static struct xsw_batch *batch_new(struct xsw_call *call, u32 nr)
{
	struct xsw_batch *batch = kmalloc(struct_size(batch, jobs, nr),
					  call->gfp | __GFP_ACCOUNT);

	if (!batch)
		return NULL;
	batch->session = call->session;
	batch->cmd = call->cmd;
	init_completion(&batch->done);
	batch->mm = NULL;
	atomic_set(&batch->pending, max(nr, 1U) + 1);
	batch->nr_begun = 0;
	INIT_LIST_HEAD(&batch->runs);
	batch->copy.job = NULL;
	batch->results = NULL;
	batch->nr = nr;
	batch->nr_kept = 0;
	batch->result_ptr = call->result_ptr;
	memset(&batch->result, 0, sizeof(batch->result));
	return batch;
}

static void batch_free(struct xsw_batch *batch)
{
	kfree(batch->results);
	kfree(batch);
}

/* How many jobs from @first on have their results in a row in the caller's memory. */
static u32 results_in_row(const struct xsw_batch *batch, u32 first)
{
	u64 at = batch->jobs[first].result;
	u32 i = first + 1;

	while (at && i < batch->nr && batch->jobs[i].result == at + sizeof(struct xsw_result)) {
		at = batch->jobs[i].result;
		i++;
	}
	return i - first;
}

/* A job whose result can not be written has failed, whatever became of it. */
static void put_results(struct xsw_batch *batch, bool reachable)
{
	u32 first, end, i;

	for (first = 0; first < batch->nr; first = end) {
		struct xsw_result *results = &batch->results[first];
		u64 at = batch->jobs[first].result;

		end = first + results_in_row(batch, first);
		if (!at || (reachable && !copy_to_user(u64_to_user_ptr(at), results,
						       (end - first) * sizeof(*results))))
			continue;
		for (i = first; i < end; i++) {
			struct xsw_result *result = &batch->results[i];

			if ((!reachable || xsw_result_put(batch->jobs[i].result, result)) &&
			    !result->status) {
				result->status = -EFAULT;
				result->cause = XSW_CAUSE_FAULT;
			}
		}
	}
}

/* The results of all jobs, and of them the command's. Returns how many succeeded. */
static u32 vector_finish(struct xsw_batch *batch, bool reachable)
{
	struct xsw_result *all = &batch->result;
	u32 i, nr_ok = 0;

	put_results(batch, reachable);
	for (i = 0; i < batch->nr; i++) {
		const struct xsw_result *result = &batch->results[i];

		all->bytes += result->bytes;
		if (!result->status) {
			nr_ok++;
		} else if (!all->status) {
			all->status = result->status;
			all->cause = result->cause;
		}
	}
	return nr_ok;
}

/* All have completed. The command's own result is not written yet. */
static long batch_finish(struct xsw_batch *batch, bool reachable)
{
	struct xsw_job_run *run, *next;

	list_for_each_entry_safe(run, next, &batch->runs, node) {
		run_end(run, run->status);
		if (run != &batch->first)
			kfree(run);
		cond_resched();
	}
	while (batch->nr_kept)
		xsw_handle_put(batch->kept[--batch->nr_kept]);
	return batch->nr ? (long)vector_finish(batch, reachable) : batch->result.status;
}

/* Everything has been submitted: wait for it, or leave it to the engine's interrupt. */
static long batch_submitted(struct xsw_call *call, struct xsw_batch *batch)
{
	u32 not_begun = max(batch->nr, 1U) - batch->nr_begun;
	long ret;

	if (!list_empty(&batch->runs)) {
		if (batch->cmd) {
			batch->mm = current->mm;
			mmgrab(batch->mm);
			*xsw_uring_private(batch->cmd) = batch;
		}
		if (!atomic_sub_and_test(not_begun + 1, &batch->pending)) {
			/* Another task may have finished it, and freed @batch. */
			if (call->cmd)
				return -EIOCBQUEUED;
			/*
			 * The device may be writing to these buffers: killed or not, this
			 * returns only when it has done or has been given up.
			 */
			if (wait_for_completion_state(&batch->done,
						      TASK_KILLABLE | TASK_FREEZABLE)) {
				if (xsw_session_owner_exits(batch->session))
					xsw_session_cancel(batch->session);
				wait_for_completion_state(&batch->done, TASK_IDLE | TASK_FREEZABLE);
			}
		}
	}
	ret = batch_finish(batch, true);
	call->result = batch->result;
	if (batch->mm)
		mmdrop(batch->mm);
	batch_free(batch);
	return ret;
}

static long no_memory(struct xsw_call *call)
{
	/* A worker may sleep for what could not be had here. */
	if (call->nonblock)
		return -EAGAIN;
	return xsw_fail(call, -ENOMEM, XSW_CAUSE_NO_MEMORY);
}

long xsw_job_run(struct xsw_call *call, const union xsw_op *any)
{
	const struct xsw_job *op = &any->job;
	struct xsw_batch *batch;
	int err;

	if (call->nonblock && op->len > XSW_INLINE_BYTES)
		return -EAGAIN;
	batch = batch_new(call, 0);
	if (!batch)
		return no_memory(call);
	run_init(&batch->first, batch, &batch->result);
	err = job_start(call, &batch->first, op);
	if (err == -EINPROGRESS) {
		list_add_tail(&batch->first.node, &batch->runs);
	} else if (call->nonblock && batch->result.cause == XSW_CAUSE_NO_MEMORY) {
		kfree(batch);
		return -EAGAIN;
	}
	return batch_submitted(call, batch);
}

long xsw_transfer_run(struct xsw_call *call, const union xsw_op *any)
{
	const struct xsw_transfer *op = &any->transfer;
	bool reads = op->kind == XSW_DEVICE_READS;
	struct xsw_mapping *mapping;
	struct xsw_engine *engine;
	struct xsw_batch *batch;
	struct xsw_slot *slot;
	struct xsw_job_run *run;
	long ret;

	if (op->kind != XSW_DEVICE_READS && op->kind != XSW_DEVICE_WRITES)
		return xsw_fail(call, -EINVAL, XSW_CAUSE_BAD_VALUE);
	if (call->nonblock && op->len > XSW_INLINE_BYTES)
		return -EAGAIN;
	slot = xsw_handle_get(&call->session->handles, op->mapping, XSW_HANDLE_MAPPING);
	if (IS_ERR(slot))
		return xsw_fail_handle(call, PTR_ERR(slot));
	mapping = slot->obj;
	engine = mapping->map.engine;
	if (!op->len || op->len > engine->max_len)
		ret = xsw_fail(call, -EINVAL, XSW_CAUSE_BAD_VALUE);
	else if (mapping->map.dir != DMA_BIDIRECTIONAL &&
		 mapping->map.dir != (reads ? DMA_TO_DEVICE : DMA_FROM_DEVICE))
		ret = xsw_fail(call, -EINVAL, XSW_CAUSE_BAD_DIRECTION);
	else if (xsw_out_of_range(op->offset, op->len, mapping->map.range.len) ||
		 xsw_out_of_range(op->dev_offset, op->len, engine->dev_size))
		ret = xsw_fail(call, -ERANGE, XSW_CAUSE_OUT_OF_RANGE);
	else
		ret = 0;
	if (ret)
		goto put;
	batch = batch_new(call, 0);
	if (!batch) {
		ret = no_memory(call);
		goto put;
	}
	run = &batch->first;
	run_init(run, batch, &batch->result);
	run->flags = op->flags;
	run->mapping = slot;
	run->result->src_reason = mapping->map.reason;
	run->result->nr_segs = xsw_dmamap_nents(&mapping->map);
	run->xfer.kind = reads ? XSW_XFER_READ : XSW_XFER_WRITE;
	run->xfer.len = op->len;
	run->xfer.dev_offset = op->dev_offset;
	run->xfer.src = mapping->map.side;
	run->xfer.src.offset = op->offset;
	run->xfer.dst = run->xfer.src;
	run->xfer.peer = mapping->map.range.mmio;
	if (run_submit(run, engine) == -EINPROGRESS)
		list_add_tail(&run->node, &batch->runs);
	return batch_submitted(call, batch);

put:
	xsw_handle_put(slot);
	return ret;
}

/* What xsw_op_run() checks of a job, for one in a vector. */
static bool job_layout_valid(const struct xsw_job *job)
{
	return job->size == sizeof(*job) && !(job->flags & ~XSW_JOB_FLAGS) && !job->reserved;
}

static bool jobv_is_small(const struct xsw_job *jobs, u32 nr)
{
	u64 bytes = 0;
	u32 i;

	for (i = 0; i < nr; i++)
		bytes += jobs[i].len;
	return bytes <= XSW_INLINE_BYTES;
}

static struct xsw_batch *vector_new(struct xsw_call *call, u32 nr)
{
	struct xsw_batch *batch = batch_new(call, nr);

	if (!batch)
		return NULL;
	batch->results = kmalloc_array(nr, sizeof(*batch->results) +
				       XSW_NR_USED * sizeof(*batch->kept),
				       call->gfp | __GFP_ACCOUNT);
	if (!batch->results) {
		batch_free(batch);
		return NULL;
	}
	memset(batch->results, 0, nr * sizeof(*batch->results));
	memset(batch->last, 0, sizeof(batch->last));
	batch->kept = (void *)(batch->results + nr);
	return batch;
}

long xsw_jobv_run(struct xsw_call *call, const union xsw_op *any)
{
	const struct xsw_jobv *op = &any->jobv;
	struct xsw_result *result;
	struct xsw_batch *batch;
	struct xsw_job *job;
	struct xsw_job_run *run;
	long ret;
	u32 i;

	if (!op->nr || op->nr > XSW_MAX_VECTOR || op->stride != sizeof(*job))
		return xsw_fail(call, -EINVAL, XSW_CAUSE_BAD_VALUE);
	batch = vector_new(call, op->nr);
	if (!batch)
		return no_memory(call);
	if (copy_from_user(batch->jobs, u64_to_user_ptr(op->jobs), op->nr * sizeof(*job))) {
		ret = xsw_fail(call, -EFAULT, XSW_CAUSE_FAULT);
		goto free;
	}
	if (call->nonblock && !jobv_is_small(batch->jobs, op->nr)) {
		ret = -EAGAIN;
		goto free;
	}
	run = &batch->first;
	job = batch->jobs;
	result = batch->results;
	for (i = 0; i < op->nr; i++, job++, result++) {
		if (!call->nonblock)
			cond_resched();
		if (job_copy_again(batch, job, result))
			continue;
		if (!job_layout_valid(job)) {
			/* Of what is not understood, neither is where its result goes. */
			job->result = 0;
			result->status = -EINVAL;
			result->cause = XSW_CAUSE_BAD_VALUE;
			continue;
		}
		if (!run)
			run = kmalloc(sizeof(*run), call->gfp | __GFP_ACCOUNT);
		if (!run) {
			result->status = -ENOMEM;
			result->cause = XSW_CAUSE_NO_MEMORY;
			continue;
		}
		run_init(run, batch, result);
		if (job_start(call, run, job) == -EINPROGRESS) {
			list_add_tail(&run->node, &batch->runs);
			run = NULL;
		}
	}
	if (run != &batch->first)
		kfree(run);
	return batch_submitted(call, batch);

free:
	batch_free(batch);
	return ret;
}
