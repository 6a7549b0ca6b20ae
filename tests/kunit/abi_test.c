// SPDX-License-Identifier: GPL-2.0
/*
 * Operations after they have been copied from the caller: what is refused, how, and that
 * nothing has changed then.
 */
#include <linux/err.h>
#include <linux/slab.h>

#include "abi.h"
#include "op.h"
#include "suites.h"
#include "utest.h"

/**
 * struct abi_test - a session, and valid operations of every kind in it
 * @session:	the session
 * @engine:	handle
 * @buffer:	handle
 * @mapping:	handle, or 0
 */
struct abi_test {
	struct xsw_session	*session;
	u32			engine;
	u32			buffer;
	u32			mapping;
};

static long abi_run(struct abi_test *t, u32 cmd, const void *op, struct xsw_result *result)
{
	const struct xsw_op_def *def = xsw_op_find(cmd);
	struct xsw_call call = {
		.session	= t->session,
		.gfp		= GFP_KERNEL,
	};
	long ret;

	if (!def)
		return -ENOTTY;
	ret = xsw_op_run(&call, def, op);
	*result = call.result;
	return ret;
}

static void abi_valid(const struct abi_test *t, u32 cmd, union xsw_op *op)
{
	memset(op, 0, sizeof(*op));
	op->size = _IOC_SIZE(cmd);
	switch (cmd) {
	case XSW_IOC_ENGINE_OPEN:
		op->engine_open.kind = XSW_ENGINE_SIM;
		op->engine_open.pool_kib = 256;
		break;
	case XSW_IOC_ENGINE_CLOSE:
		op->handle.handle = t->engine;
		break;
	case XSW_IOC_BUF_CREATE:
		op->buf_create.kind = XSW_BUF_KERNEL;
		op->buf_create.bytes = XSW_ABI_BUFFER;
		break;
	case XSW_IOC_BUF_DESTROY:
		op->handle.handle = t->buffer;
		break;
	case XSW_IOC_MAP:
		op->map.engine = t->engine;
		op->map.buffer = t->buffer;
		op->map.dir = XSW_BIDIRECTIONAL;
		op->map.len = XSW_ABI_BUFFER;
		break;
	case XSW_IOC_UNMAP:
		op->unmap.mapping = t->mapping;
		break;
	case XSW_IOC_SYNC:
		op->sync.mapping = t->mapping;
		op->sync.target = XSW_SYNC_FOR_CPU;
		op->sync.len = XSW_ABI_BUFFER;
		break;
	case XSW_IOC_TRANSFER:
		op->transfer.mapping = t->mapping;
		op->transfer.kind = XSW_DEVICE_READS;
		op->transfer.len = XSW_ABI_BUFFER;
		break;
	case XSW_IOC_JOB:
		op->job.engine = t->engine;
		op->job.src_buffer = t->buffer;
		op->job.dst_buffer = t->buffer;
		op->job.dst_offset = XSW_ABI_BUFFER / 2;
		op->job.len = XSW_ABI_BUFFER / 2;
		op->job.src_dir = XSW_TO_DEVICE;
		op->job.dst_dir = XSW_FROM_DEVICE;
		break;
	case XSW_IOC_MEASURE:
		op->measure.engine = t->engine;
		op->measure.buffer = t->buffer;
		op->measure.dir = XSW_BIDIRECTIONAL;
		op->measure.nr = 1;
		op->measure.len = XSW_ABI_BUFFER;
		break;
	case XSW_IOC_JOBV:
		op->jobv.nr = 1;
		op->jobv.stride = sizeof(struct xsw_job);
		break;
	}
}

static u32 abi_make(struct kunit *test, u32 cmd)
{
	struct abi_test *t = test->priv;
	struct xsw_result result;
	union xsw_op op;

	abi_valid(t, cmd, &op);
	KUNIT_EXPECT_EQ(test, abi_run(t, cmd, &op, &result), 0L);
	KUNIT_EXPECT_NE(test, result.handle, 0U);
	return result.handle;
}

static void abi_do(struct kunit *test, u32 cmd)
{
	struct abi_test *t = test->priv;
	struct xsw_result result;
	union xsw_op op;

	abi_valid(t, cmd, &op);
	KUNIT_EXPECT_EQ(test, abi_run(t, cmd, &op, &result), 0L);
	KUNIT_EXPECT_EQ(test, result.status, 0);
	KUNIT_EXPECT_EQ(test, (unsigned int)result.cause, 0U);
}

static int abi_init(struct kunit *test)
{
	struct abi_test *t = kunit_kzalloc(test, sizeof(*t), GFP_KERNEL);

	if (!t)
		return -ENOMEM;
	t->session = xsw_session_create();
	if (IS_ERR(t->session))
		return PTR_ERR(t->session);
	test->priv = t;
	return 0;
}

static void abi_exit(struct kunit *test)
{
	struct abi_test *t = test->priv;

	/* With all that is left in it, as a file that is closed. */
	if (t)
		xsw_session_destroy(t->session);
}

static void abi_desc(const struct xsw_abi_case *ac, char *desc)
{
	static const char * const names[] = {
		"query", "engine_open", "engine_close", "buf_create", "buf_destroy", "map",
		"unmap", "sync", "transfer", "job", "jobv", "stats", "nop", "measure",
	};

	snprintf(desc, KUNIT_PARAM_DESC_SIZE, "%s_%s", names[_IOC_NR(ac->cmd)], ac->name);
}

KUNIT_ARRAY_PARAM(abi, xsw_abi_cases, abi_desc);

static void abi_refuses(struct kunit *test)
{
	const struct xsw_abi_case *ac = test->param_value;
	struct abi_test *t = test->priv;
	struct xsw_result result;
	union xsw_op op;
	u32 counts[XSW_NR_HANDLE_KINDS];

	t->engine = abi_make(test, XSW_IOC_ENGINE_OPEN);
	t->buffer = abi_make(test, XSW_IOC_BUF_CREATE);
	if (ac->cmd == XSW_IOC_UNMAP || ac->cmd == XSW_IOC_SYNC || ac->cmd == XSW_IOC_TRANSFER)
		t->mapping = abi_make(test, XSW_IOC_MAP);
	memcpy(counts, t->session->handles.count, sizeof(counts));

	abi_valid(t, ac->cmd, &op);
	memcpy((u8 *)&op + ac->offset, &ac->value, ac->size);
	KUNIT_EXPECT_EQ(test, abi_run(t, ac->cmd, &op, &result), (long)ac->err);
	KUNIT_EXPECT_EQ(test, (unsigned int)result.cause, (unsigned int)ac->cause);
	KUNIT_EXPECT_EQ(test, memcmp(counts, t->session->handles.count, sizeof(counts)), 0);

	/* The same operation without the fault still works. */
	if (ac->cmd != XSW_IOC_QUERY && ac->cmd != XSW_IOC_STATS && ac->cmd != XSW_IOC_JOBV &&
	    ac->cmd != XSW_IOC_MEASURE)
		abi_do(test, ac->cmd);
}

/* Everything in order, and the same again, as handles are used again. */
static void abi_life(struct kunit *test)
{
	struct abi_test *t = test->priv;
	u32 stale = 0;
	unsigned int i;

	for (i = 0; i < 3; i++) {
		struct xsw_result result;
		union xsw_op op;

		t->engine = abi_make(test, XSW_IOC_ENGINE_OPEN);
		t->buffer = abi_make(test, XSW_IOC_BUF_CREATE);
		t->mapping = abi_make(test, XSW_IOC_MAP);
		abi_do(test, XSW_IOC_SYNC);
		abi_do(test, XSW_IOC_TRANSFER);

		/* In use, each by the next. */
		abi_valid(t, XSW_IOC_ENGINE_CLOSE, &op);
		KUNIT_EXPECT_EQ(test, abi_run(t, XSW_IOC_ENGINE_CLOSE, &op, &result),
				(long)-EBUSY);
		KUNIT_EXPECT_EQ(test, (unsigned int)result.cause, (unsigned int)XSW_CAUSE_BUSY);
		abi_valid(t, XSW_IOC_BUF_DESTROY, &op);
		KUNIT_EXPECT_EQ(test, abi_run(t, XSW_IOC_BUF_DESTROY, &op, &result),
				(long)-EBUSY);

		abi_do(test, XSW_IOC_UNMAP);
		abi_valid(t, XSW_IOC_UNMAP, &op);
		KUNIT_EXPECT_EQ(test, abi_run(t, XSW_IOC_UNMAP, &op, &result), (long)-ESTALE);
		if (stale) {
			op.unmap.mapping = stale;
			KUNIT_EXPECT_EQ(test, abi_run(t, XSW_IOC_UNMAP, &op, &result),
					(long)-ESTALE);
		}
		stale = t->mapping;
		/* A handle of another kind. */
		op.unmap.mapping = t->engine;
		KUNIT_EXPECT_EQ(test, abi_run(t, XSW_IOC_UNMAP, &op, &result), (long)-EINVAL);
		KUNIT_EXPECT_EQ(test, (unsigned int)result.cause,
				(unsigned int)XSW_CAUSE_BAD_HANDLE);

		abi_do(test, XSW_IOC_JOB);
		abi_do(test, XSW_IOC_BUF_DESTROY);
		abi_do(test, XSW_IOC_ENGINE_CLOSE);
	}
}

/* After a slot's last generation comes its first: 0 is none. */
static void abi_wrap(struct kunit *test)
{
	struct abi_test *t = test->priv;
	unsigned int i;

	t->session->handles.first_gen = 0xfff;
	/* More than twice the slots that there are at first. */
	for (i = 0; i < 300; i++) {
		t->buffer = abi_make(test, XSW_IOC_BUF_CREATE);
		abi_do(test, XSW_IOC_BUF_DESTROY);
	}
}

/* No number but ours is an operation. */
static void abi_numbers(struct kunit *test)
{
	unsigned int nr;

	for (nr = 0; nr <= _IOC_NR(XSW_IOC_MEASURE); nr++)
		KUNIT_EXPECT_NOT_NULL(test, xsw_op_find(_IOWR(XSW_IOC_MAGIC, nr,
							      struct xsw_nop)));
	for (; nr < 256; nr++)
		KUNIT_EXPECT_TRUE(test, !xsw_op_find(_IOWR(XSW_IOC_MAGIC, nr, struct xsw_nop)));
	KUNIT_EXPECT_TRUE(test, !xsw_op_find(_IOWR(XSW_IOC_MAGIC + 1, 0, struct xsw_query)));
	KUNIT_EXPECT_TRUE(test, !xsw_op_find(0));
}

static struct kunit_case abi_tests[] = {
	KUNIT_CASE_PARAM(abi_refuses, abi_gen_params),
	KUNIT_CASE(abi_life),
	KUNIT_CASE(abi_wrap),
	KUNIT_CASE(abi_numbers),
	{ }
};

struct kunit_suite xsw_abi_suite = {
	.name = "xsw_abi",
	.init = abi_init,
	.exit = abi_exit,
	.test_cases = abi_tests,
};
