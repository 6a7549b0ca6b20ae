/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Operations of the ABI made of bytes, well formed for the most part: for the fuzzers of the ABI.
 *
 * Who includes it has choose(), which draws from its input, PER_THREAD, u8 to u64, the kernel's
 * ARRAY_SIZE() and sizeof_field(), and the caller's memory: MEM(at) is where AT_JOBS, AT_RESULT, AT_ANSWER (a page each) can be
 * reached, AT_NEAR_THE_END is 32 bytes before its end, AT_PINNABLE is 128 KiB.
 */
#ifndef XSW_FUZZ_OPS_H
#define XSW_FUZZ_OPS_H

#include "xswiotlb.h"

#define MOST_JOBS	8u

/* ---- what uapi/xswiotlb.h says of each operation's structure ---- */

struct doc {
	u32	cmd;
	u8	size;
	u8	result;
	u8	reserved;
	u8	reserved_size;
	u32	flags;
};

#define DOC(_cmd, type, _flags) \
	[_IOC_NR(XSW_IOC_##_cmd)] = { XSW_IOC_##_cmd, sizeof(struct type), 0, 0, 0, _flags }
#define DOC_RESULT(_cmd, type, _flags)						\
	[_IOC_NR(XSW_IOC_##_cmd)] = { XSW_IOC_##_cmd, sizeof(struct type),	\
				      offsetof(struct type, result), 0, 0, _flags }
#define DOC_RESERVED(_cmd, type, _result, _flags)				\
	[_IOC_NR(XSW_IOC_##_cmd)] = { XSW_IOC_##_cmd, sizeof(struct type), _result, \
				      offsetof(struct type, reserved),		\
				      sizeof_field(struct type, reserved), _flags }

static const struct doc docs[] = {
	DOC_RESERVED(QUERY, xsw_query, 0, 0),
	DOC_RESERVED(ENGINE_OPEN, xsw_engine_open, offsetof(struct xsw_engine_open, result), 15),
	DOC_RESERVED(ENGINE_CLOSE, xsw_handle, offsetof(struct xsw_handle, result), 0),
	DOC_RESULT(BUF_CREATE, xsw_buf_create, 0),
	DOC_RESERVED(BUF_DESTROY, xsw_handle, offsetof(struct xsw_handle, result), 0),
	DOC_RESULT(MAP, xsw_map, XSW_F_TIMES | XSW_F_SG),
	DOC_RESULT(UNMAP, xsw_unmap, XSW_F_TIMES),
	DOC_RESULT(SYNC, xsw_sync, XSW_F_TIMES),
	DOC_RESULT(TRANSFER, xsw_transfer, XSW_F_TIMES),
	DOC_RESERVED(JOB, xsw_job, offsetof(struct xsw_job, result), 15),
	DOC_RESULT(JOBV, xsw_jobv, 0),
	DOC_RESERVED(STATS, xsw_stats_get, 0, 0),
	DOC(NOP, xsw_nop, 0),
	DOC_RESERVED(MEASURE, xsw_measure, offsetof(struct xsw_measure, result), XSW_F_SG),
};

/* More than any structure, and than the 80 bytes of a submission. */
union any {
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
	struct xsw_measure	measure;
	u8			bytes[128];
};

/* ---- handles ---- */

#define MOST_MADE	16u

/**
 * struct made - what was made in a session, the latest of it
 * @handle:	0 where it has ended
 * @cmd:	that made it
 * @nr:		ever made
 *
 * Several threads may use it: they find each other's, and miss some.
 */
struct made {
	u32	handle[MOST_MADE];
	u32	cmd[MOST_MADE];
	u32	nr;
};

static PER_THREAD struct made *made;

static void add_handle(u32 handle, u32 cmd)
{
	u32 i = made->nr++ % MOST_MADE;

	made->cmd[i] = cmd;
	made->handle[i] = handle;
}

static void forget_handle(u32 handle)
{
	u32 i;

	for (i = 0; i < MOST_MADE; i++)
		if (made->handle[i] == handle)
			made->handle[i] = 0;
}

static u32 any_handle(void)
{
	u32 nr = made->nr < MOST_MADE ? made->nr : MOST_MADE;
	u64 n = choose(nr + 2);

	if (n < nr)
		return made->handle[(made->nr - 1 - n) % MOST_MADE];
	return n == nr ? 0 : choose(1ULL << 32);
}

/* The latest that was made by this, or any. */
static u32 handle_made_by(u32 cmd)
{
	u32 i, n = made->nr;

	if (choose(8) == 0)
		return any_handle();
	for (i = n; i-- && n - i <= MOST_MADE; ) {
		u32 handle = made->handle[i % MOST_MADE];

		if (handle && made->cmd[i % MOST_MADE] == cmd && choose(4))
			return handle;
	}
	return 0;
}

/* ---- operations ---- */

static u64 any_len(void)
{
	static const u32 few[] = { 1, 8, 512, 4096, 4097, 8192, 0, 1u << 20 };

	return few[choose(ARRAY_SIZE(few))] - (choose(4) == 0);
}

static u64 any_offset(void)
{
	return choose(2) ? 0 : choose(8192);
}

static u64 any_result(void)
{
	switch (choose(16)) {
	case 0:
		return 0;
	case 1:
		return AT_NEAR_THE_END;
	default:
		return AT_RESULT + 64 * choose(8);
	}
}

static void make_job(struct xsw_job *job)
{
	bool fixed = choose(8) == 0;

	job->size = sizeof(*job);
	job->flags = choose(8) | (fixed ? XSW_F_FIXED : 0);
	job->engine = handle_made_by(XSW_IOC_ENGINE_OPEN);
	job->len = any_len();
	job->src_buffer = fixed ? 0 : handle_made_by(XSW_IOC_BUF_CREATE);
	job->dst_buffer = fixed ? 0 : handle_made_by(XSW_IOC_BUF_CREATE);
	job->src_offset = (fixed ? AT_PINNABLE : 0) + any_offset();
	job->dst_offset = (fixed ? AT_PINNABLE : 0) + any_offset() + (choose(2) ? 4096 : 0);
	job->src_dir = choose(4) ? XSW_TO_DEVICE : choose(4);
	job->dst_dir = choose(4) ? XSW_FROM_DEVICE : choose(4);
	job->attrs = choose(4) ? 0 : choose(16);
	job->result = any_result();
}

/* Operation @nr, its number in the ABI. */
static void make(u32 nr, union any *any)
{
	u32 i;

	memset(any, 0, sizeof(*any));
	any->size = docs[nr].size;
	if (choose(2))
		any->flags = docs[nr].flags & choose(16);
	switch (docs[nr].cmd) {
	case XSW_IOC_QUERY:
		any->query.info = AT_ANSWER;
		((struct xsw_info *)(MEM(AT_ANSWER)))->size =
			sizeof(struct xsw_info) + choose(3) * 8 - 8;
		break;
	case XSW_IOC_STATS:
		any->stats.engine = choose(2) ? handle_made_by(XSW_IOC_ENGINE_OPEN) : 0;
		any->stats.stats = AT_ANSWER;
		((struct xsw_stats *)(MEM(AT_ANSWER)))->size =
			sizeof(struct xsw_stats) + choose(3) * 8 - 8;
		break;
	case XSW_IOC_ENGINE_OPEN:
		any->engine_open.kind = choose(4) ? XSW_ENGINE_SIM : XSW_ENGINE_EDU;
		any->engine_open.ops = choose(4) == 0;
		any->engine_open.dma_bits = choose(2) ? 0 : choose(70);
		any->engine_open.p2m = choose(2) ? 0 : choose(5);
		any->engine_open.latency_us = choose(2);
		any->engine_open.pool_kib = choose(2) ? 0 : 256 << choose(12);
		any->engine_open.min_align_mask = choose(2) ? 0 : (1u << choose(18)) - 1;
		any->engine_open.seg_boundary = choose(2) ? 0 : (1ULL << choose(64)) - 1;
		break;
	case XSW_IOC_ENGINE_CLOSE:
		any->handle.handle = handle_made_by(XSW_IOC_ENGINE_OPEN);
		break;
	case XSW_IOC_BUF_DESTROY:
		any->handle.handle = handle_made_by(XSW_IOC_BUF_CREATE);
		break;
	case XSW_IOC_BUF_CREATE:
		any->buf_create.kind = choose(2) ? XSW_BUF_KERNEL : XSW_BUF_USER;
		any->buf_create.bytes = any_len() + (choose(2) ? 4096 : 0);
		if (any->buf_create.kind == XSW_BUF_USER) {
			any->buf_create.addr = AT_PINNABLE + any_offset();
			break;
		}
		any->buf_create.placement = choose(2) ? XSW_PLACE_ANY : choose(8);
		if (any->buf_create.placement || choose(2))
			any->buf_create.engine = handle_made_by(XSW_IOC_ENGINE_OPEN);
		any->buf_create.page_offset = choose(2) ? 0 : choose(4200);
		break;
	case XSW_IOC_MAP:
		any->map.engine = handle_made_by(XSW_IOC_ENGINE_OPEN);
		any->map.buffer = handle_made_by(XSW_IOC_BUF_CREATE);
		any->map.dir = choose(4);
		any->map.attrs = choose(2) ? 0 : choose(9);
		any->map.offset = any_offset();
		any->map.len = any_len();
		break;
	case XSW_IOC_UNMAP:
		any->unmap.mapping = handle_made_by(XSW_IOC_MAP);
		any->unmap.attrs = choose(2) ? 0 : choose(9);
		break;
	case XSW_IOC_SYNC:
		any->sync.mapping = handle_made_by(XSW_IOC_MAP);
		any->sync.target = choose(4);
		any->sync.offset = any_offset();
		any->sync.len = any_len();
		break;
	case XSW_IOC_TRANSFER:
		any->transfer.mapping = handle_made_by(XSW_IOC_MAP);
		any->transfer.kind = choose(4);
		any->transfer.offset = any_offset();
		any->transfer.len = any_len();
		any->transfer.dev_offset = any_offset();
		break;
	case XSW_IOC_MEASURE:
		any->measure.engine = handle_made_by(XSW_IOC_ENGINE_OPEN);
		any->measure.buffer = handle_made_by(XSW_IOC_BUF_CREATE);
		any->measure.dir = choose(4);
		any->measure.nr = 1 + choose(8);
		any->measure.offset = any_offset();
		any->measure.len = any_len();
		any->measure.sync = choose(4);
		any->measure.sync_len = any->measure.sync ? any_len() : 0;
		any->measure.samples = choose(8) ? AT_ANSWER : AT_NEAR_THE_END;
		break;
	case XSW_IOC_JOB:
		make_job(&any->job);
		break;
	case XSW_IOC_JOBV:
		any->jobv.nr = 1 + choose(MOST_JOBS);
		any->jobv.stride = sizeof(struct xsw_job);
		any->jobv.jobs = AT_JOBS;
		for (i = 0; i < any->jobv.nr; i++)
			make_job((struct xsw_job *)(MEM(AT_JOBS)) + i);
		break;
	}
	if (docs[nr].result) {
		u64 result = any_result();

		memcpy(any->bytes + docs[nr].result, &result, sizeof(result));
	}
	/* Some of it in disorder. */
	for (i = choose(4) ? 0 : 1 + choose(3); i; i--) {
		u64 value = choose(2) ? choose(256) : ~0ULL >> choose(64);
		u32 bytes = 1u << choose(4);

		memcpy(any->bytes + choose(sizeof(any->bytes) - 8), &value, bytes);
	}
}

#endif
