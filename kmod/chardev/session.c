// SPDX-License-Identifier: GPL-2.0
#include <linux/capability.h>
#include <linux/err.h>
#include <linux/sched/task.h>
#include <linux/slab.h>
#include "env.h"
#include "op.h"

#define XSW_ENGINE_FLAGS_SIM	(XSW_ENGINE_NO_M2P | XSW_ENGINE_NO_FLUSH)
#define XSW_ENGINE_FLAGS_FORCE	(XSW_ENGINE_FORCE_BOUNCE | XSW_ENGINE_NO_BOUNCE)

static void cancel_work_fn(struct work_struct *work)
{
	xsw_session_cancel(container_of(work, struct xsw_session, cancel_work));
}

/**
 * xsw_session_create() - for a file that is being opened
 *
 * Return: the session, or ERR_PTR: -ENOMEM.
 */
struct xsw_session *xsw_session_create(void)
{
	const u32 limit[XSW_NR_HANDLE_KINDS] = {
		[XSW_HANDLE_ENGINE]	= xsw_limits[XSW_LIMIT_ENGINES].value,
		[XSW_HANDLE_BUFFER]	= xsw_limits[XSW_LIMIT_BUFFERS].value,
		[XSW_HANDLE_MAPPING]	= xsw_limits[XSW_LIMIT_MAPPINGS].value,
	};
	struct xsw_session *session = kzalloc(sizeof(*session), GFP_KERNEL_ACCOUNT);

	if (!session)
		return ERR_PTR(-ENOMEM);
	if (xsw_handles_init(&session->handles, limit)) {
		kfree(session);
		return ERR_PTR(-ENOMEM);
	}
	session->owner = get_task_struct(current->group_leader);
	INIT_WORK(&session->cancel_work, cancel_work_fn);
	return session;
}

/**
 * xsw_session_cancel() - end everything that has not reached a device
 * @session:	of which nothing new will reach one either
 *
 * Context: may sleep.
 */
void xsw_session_cancel(struct xsw_session *session)
{
	struct xsw_engine *engine;
	struct xsw_slot *slot;
	u32 index = 0;

	WRITE_ONCE(session->dying, true);
	while ((slot = xsw_handle_next(&session->handles, XSW_HANDLE_ENGINE, &index))) {
		engine = slot->obj;
		engine->ops->cancel(engine);
		xsw_handle_put(slot);
	}
}

/**
 * xsw_session_destroy() - let everything go
 * @session:	of a file that nobody has open, and no command uses, any more
 *
 * Context: may sleep.
 */
void xsw_session_destroy(struct xsw_session *session)
{
	struct xsw_handles *handles = &session->handles;
	struct xsw_engine *engine;
	struct xsw_slot *slot;
	u32 index;

	cancel_work_sync(&session->cancel_work);

	for (index = 0; (slot = xsw_handle_next(handles, XSW_HANDLE_MAPPING, &index));) {
		xsw_mapping_free(slot->obj, 0, NULL);
		xsw_handle_free(handles, slot);
		cond_resched();
	}
	for (index = 0; (slot = xsw_handle_next(handles, XSW_HANDLE_BUFFER, &index));) {
		xsw_buffer_free(session, slot->obj);
		xsw_handle_free(handles, slot);
		cond_resched();
	}
	for (index = 0; (slot = xsw_handle_next(handles, XSW_HANDLE_ENGINE, &index));) {
		engine = slot->obj;
		engine->ops->close(engine);
		xsw_handle_free(handles, slot);
	}
	xsw_handles_destroy(handles);
	put_task_struct(session->owner);
	kfree(session);
}

static bool is_low_bits(u64 v)
{
	return !(v & (v + 1));
}

static bool engine_open_valid(const struct xsw_engine_open *op)
{
	if (op->kind != XSW_ENGINE_SIM && op->kind != XSW_ENGINE_EDU)
		return false;
	if (op->ops != XSW_OPS_OURS && op->ops != XSW_OPS_KERNEL)
		return false;
	if (op->dma_bits && (op->dma_bits < 20 || op->dma_bits > 64))
		return false;
	if (!is_low_bits(op->min_align_mask) || op->min_align_mask > 65535)
		return false;
	if (op->seg_boundary && (!is_low_bits(op->seg_boundary) || op->seg_boundary < 4095))
		return false;
	if ((op->flags & XSW_ENGINE_FLAGS_FORCE) == XSW_ENGINE_FLAGS_FORCE)
		return false;
	/* The kernel's own ops can't be told this, and warn where their pool is out of reach. */
	if (op->ops == XSW_OPS_KERNEL && (op->flags || (op->dma_bits && op->dma_bits < 32)))
		return false;

	if (op->kind == XSW_ENGINE_EDU)
		return !(op->flags & XSW_ENGINE_FLAGS_SIM) && !op->p2m && !op->seed &&
		       !op->p2m_offset && !op->pool_kib && !op->latency_us;

	if (op->index || op->p2m > XSW_P2M_HOST || op->latency_us > 1000000)
		return false;
	if (op->p2m == XSW_P2M_HOST && (op->pool_kib || (op->flags & XSW_ENGINE_FLAGS_SIM)))
		return false;
	if (op->pool_kib && (op->pool_kib < 256 || op->pool_kib > 262144))
		return false;
	if (op->seed && op->p2m != XSW_P2M_SHUFFLED)
		return false;
	if (op->p2m_offset && (op->p2m != XSW_P2M_OFFSET || op->p2m_offset >= BIT_ULL(36)))
		return false;
	return op->ops == XSW_OPS_OURS || op->p2m == XSW_P2M_IDENTITY || op->p2m == XSW_P2M_HOST;
}

long xsw_engine_open_run(struct xsw_call *call, const union xsw_op *any)
{
	const struct xsw_engine_open *op = &any->engine_open;
	struct xsw_handles *handles = &call->session->handles;
	enum xsw_cause cause = XSW_CAUSE_NONE;
	struct xsw_engine *engine;
	struct xsw_slot *slot;

	if (!engine_open_valid(op))
		return xsw_fail(call, -EINVAL, XSW_CAUSE_BAD_VALUE);
	/* What is the host's is not for everyone: its devices, its pool, grants of its pages. */
	if ((op->kind == XSW_ENGINE_EDU || op->p2m == XSW_P2M_HOST) && !capable(CAP_SYS_RAWIO))
		return xsw_fail(call, -EPERM, XSW_CAUSE_PERMISSION);

	slot = xsw_handle_new(handles, XSW_HANDLE_ENGINE, call->gfp);
	if (IS_ERR(slot))
		return xsw_fail_handle(call, PTR_ERR(slot));
	engine = op->kind == XSW_ENGINE_EDU ? xsw_edu_open(op, &cause) : xsw_sim_open(op, &cause);
	if (IS_ERR(engine)) {
		xsw_handle_free(handles, slot);
		return xsw_fail(call, PTR_ERR(engine), cause);
	}
	slot->obj = engine;
	call->created = slot;
	call->result.value = engine->max_len;
	return 0;
}

long xsw_engine_close_run(struct xsw_call *call, const union xsw_op *any)
{
	const struct xsw_handle *op = &any->handle;
	struct xsw_handles *handles = &call->session->handles;
	struct xsw_slot *slot = xsw_handle_take(handles, op->handle, XSW_HANDLE_ENGINE);
	struct xsw_engine *engine;

	if (IS_ERR(slot))
		return xsw_fail_handle(call, PTR_ERR(slot));
	engine = slot->obj;
	engine->ops->close(engine);
	xsw_handle_free(handles, slot);
	return 0;
}
