// SPDX-License-Identifier: GPL-2.0
/*
 * Fuzzer of the ABI: the module's own kmod/chardev, on the little kernel in kernel/. Bytes become
 * ioctls and io_uring commands on one session, well formed for the most part, with engines that
 * complete later, fail or die, and with allocations and accesses to user memory that fail.
 * What every one of them must come to is said here by what the ABI says, not by how it is done.
 */
#include "abi.h"
#include "op.h"
#include "chardev.h"

/* The caller's memory: the operation, a vector of jobs, results. */
#define AT_OP		(FAKE_USER)
#define AT_JOBS		(FAKE_USER + 0x2000)
#define AT_RESULT	(FAKE_USER + 0x4000)
#define AT_ANSWER	(FAKE_USER + 0x5000)
#define MEM(at)		(&fake_user[(at) - FAKE_USER])
#define MOST_JOBS	8u
#define UNTOUCHED	0xee

static const u8 *input;
static size_t input_left;

/* As many bytes as the choice needs, so that a change of one changes little. */
static u64 choose(u64 below)
{
	u64 value = 0;
	int bits;

	for (bits = below > 1 ? fls64(below - 1) : 0; bits > 0 && input_left; bits -= 8) {
		value = value << 8 | *input++;
		input_left--;
	}
	return value % below;
}

#define REQUIRE(good, ...) do { if (!(good)) fake_bug(__VA_ARGS__); } while (0)

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
};

/* More than any structure, and than the 80 bytes of a submission. */
union any {
	union xsw_op	op;
	u8		bytes[128];
};

/* 0, or with what it is refused before anybody looks at what it asks for. */
static long refused(const struct doc *doc, const union any *any, u32 room)
{
	if (any->op.size < doc->size)
		return -EINVAL;
	if (any->op.size > room)
		return -E2BIG;
	/* Behind what we wrote, the caller's memory is zero. */
	if (memchr_inv(any->bytes + doc->size, 0,
		       min_t(u32, any->op.size, sizeof(any->bytes)) - doc->size))
		return -E2BIG;
	if (any->op.flags & ~doc->flags)
		return -EINVAL;
	if (doc->reserved && memchr_inv(any->bytes + doc->reserved, 0, doc->reserved_size))
		return -EINVAL;
	return 0;
}

/* ---- one session ---- */

static struct file file;
static u32 handles[16];
static u32 nr_handles;

#define MOST_PENDING	64u
struct pending {
	struct io_uring_cmd	cmd;
	u8			payload[80];
};

static struct pending *pending[MOST_PENDING];

static const struct xsw_session *session(void)
{
	return file.private_data;
}

/* What an operation that fails leaves as it was. */
struct state {
	s64	count[XSW_NR_HANDLE_KINDS];
	s64	sums[9];
};

static struct state state(void)
{
	struct state s = { .sums = { fake.locked, fake.pins, fake.refs, fake.maps, fake.placed,
				     fake.mmio, fake.engines, session()->pinned.v,
				     session()->kernel_bytes.v } };
	int kind;

	for (kind = 0; kind < XSW_NR_HANDLE_KINDS; kind++)
		s.count[kind] = session()->handles.count[kind];
	return s;
}

static void open_file(void)
{
	REQUIRE(!fake_fops->open(NULL, &file), "no session");
	nr_handles = 0;
}

/* The task that submitted, or a worker when it has gone. */
static void run_task_work(bool gone)
{
	u32 i;

	current->flags = gone ? PF_KTHREAD : 0;
	for (i = 0; i < MOST_PENDING; i++) {
		struct pending *p = pending[i];

		if (p && p->cmd.task_work) {
			p->cmd.task_work(&p->cmd, 0);
			REQUIRE(p->cmd.done, "a command's work is done, but not the command");
		}
		if (p && p->cmd.done) {
			free(p);
			pending[i] = NULL;
		}
	}
	current->flags = 0;
}

/* One by one: nothing is still used by what has ended. */
static void end_all(enum xsw_handle_kind kind, u32 cmd)
{
	struct xsw_handles *all = &((struct xsw_session *)session())->handles;
	struct xsw_slot *slot;
	u32 index = 0;

	while ((slot = xsw_handle_next(all, kind, &index))) {
		union xsw_op op = { .size = _IOC_SIZE(cmd) };
		u32 value = xsw_handle_value(slot);
		long ret;

		xsw_handle_put(slot);
		if (cmd == XSW_IOC_UNMAP)
			op.unmap.mapping = value;
		else
			op.handle.handle = value;
		memcpy(MEM(AT_OP), &op, sizeof(op));
		ret = fake_fops->unlocked_ioctl(&file, cmd, AT_OP);
		REQUIRE(!ret || (ret == -ENODEV && fake.dead), "op %u: %ld for what nobody uses",
			_IOC_NR(cmd), ret);
	}
}

static void close_file(bool gone, bool with_all)
{
	u32 i;

	/* A file is released when no command uses it any more. */
	while (fake_engine_step())
		;
	run_task_work(gone);
	for (i = 0; i < MOST_PENDING; i++)
		REQUIRE(!pending[i], "a command never completes");
	if (!with_all) {
		end_all(XSW_HANDLE_MAPPING, XSW_IOC_UNMAP);
		end_all(XSW_HANDLE_BUFFER, XSW_IOC_BUF_DESTROY);
		end_all(XSW_HANDLE_ENGINE, XSW_IOC_ENGINE_CLOSE);
	}
	current->flags = PF_EXITING;
	fake_fops->flush(&file, NULL);
	current->flags = 0;
	REQUIRE(!fake_preempt, "preemption is left off");
	fake_fops->release(NULL, &file);
	REQUIRE(fake.lost || fake_all_given_back(),
		"left: %lld locked, %lld pins, %lld refs, %lld maps, %lld placed, %lld mmio, %lld engines",
		(long long)fake.locked, (long long)fake.pins, (long long)fake.refs,
		(long long)fake.maps, (long long)fake.placed, (long long)fake.mmio,
		(long long)fake.engines);
}

/* ---- operations ---- */

static u32 any_handle(void)
{
	u64 n = choose(nr_handles + 2);

	if (n < nr_handles)
		return handles[nr_handles - 1 - n];
	return n == nr_handles ? 0 : choose(1ULL << 32);
}

/* The latest of a kind, or any. */
static u32 handle_of(enum xsw_handle_kind kind)
{
	u32 i;

	if (choose(8) == 0)
		return any_handle();
	for (i = nr_handles; i--; ) {
		struct xsw_slot *slot = xsw_handle_get(&((struct xsw_session *)session())->handles,
						       handles[i], kind);

		if (IS_ERR(slot))
			continue;
		xsw_handle_put(slot);
		if (choose(4))
			return handles[i];
	}
	return 0;
}

static u64 any_len(void)
{
	static const u32 few[] = { 1, 8, 512, 4096, 4097, 8192, 0, SZ_1M };

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
		return FAKE_USER + FAKE_USER_SIZE - 32;
	default:
		return AT_RESULT + 64 * choose(8);
	}
}

static void make_job(struct xsw_job *job)
{
	bool fixed = choose(8) == 0;

	job->size = sizeof(*job);
	job->flags = choose(8) | (fixed ? XSW_F_FIXED : 0);
	job->engine = handle_of(XSW_HANDLE_ENGINE);
	job->len = any_len();
	job->src_buffer = fixed ? 0 : handle_of(XSW_HANDLE_BUFFER);
	job->dst_buffer = fixed ? 0 : handle_of(XSW_HANDLE_BUFFER);
	job->src_offset = (fixed ? FAKE_PINNABLE : 0) + any_offset();
	job->dst_offset = (fixed ? FAKE_PINNABLE : 0) + any_offset() + (choose(2) ? 4096 : 0);
	job->src_dir = choose(4) ? XSW_TO_DEVICE : choose(4);
	job->dst_dir = choose(4) ? XSW_FROM_DEVICE : choose(4);
	job->attrs = choose(4) ? 0 : choose(16);
	job->result = any_result();
}

static void make(u32 nr, union any *any)
{
	union xsw_op *op = &any->op;
	u32 i;

	memset(any, 0, sizeof(*any));
	op->size = docs[nr].size;
	if (choose(2))
		op->flags = docs[nr].flags & choose(16);
	switch (docs[nr].cmd) {
	case XSW_IOC_QUERY:
		op->query.info = AT_ANSWER;
		((struct xsw_info *)(MEM(AT_ANSWER)))->size =
			sizeof(struct xsw_info) + choose(3) * 8 - 8;
		break;
	case XSW_IOC_STATS:
		op->stats.engine = choose(2) ? handle_of(XSW_HANDLE_ENGINE) : 0;
		op->stats.stats = AT_ANSWER;
		((struct xsw_stats *)(MEM(AT_ANSWER)))->size =
			sizeof(struct xsw_stats) + choose(3) * 8 - 8;
		break;
	case XSW_IOC_ENGINE_OPEN:
		op->engine_open.kind = choose(4) ? XSW_ENGINE_SIM : XSW_ENGINE_EDU;
		op->engine_open.ops = choose(4) == 0;
		op->engine_open.dma_bits = choose(2) ? 0 : choose(70);
		op->engine_open.p2m = choose(2) ? 0 : choose(5);
		op->engine_open.latency_us = choose(2);
		op->engine_open.pool_kib = choose(2) ? 0 : 256 << choose(12);
		op->engine_open.min_align_mask = choose(2) ? 0 : (1u << choose(18)) - 1;
		op->engine_open.seg_boundary = choose(2) ? 0 : (1ULL << choose(64)) - 1;
		break;
	case XSW_IOC_ENGINE_CLOSE:
		op->handle.handle = handle_of(XSW_HANDLE_ENGINE);
		break;
	case XSW_IOC_BUF_DESTROY:
		op->handle.handle = handle_of(XSW_HANDLE_BUFFER);
		break;
	case XSW_IOC_BUF_CREATE:
		op->buf_create.kind = choose(2) ? XSW_BUF_KERNEL : XSW_BUF_USER;
		op->buf_create.bytes = any_len() + (choose(2) ? 4096 : 0);
		if (op->buf_create.kind == XSW_BUF_USER) {
			op->buf_create.addr = FAKE_PINNABLE + any_offset();
			break;
		}
		op->buf_create.placement = choose(2) ? XSW_PLACE_ANY : choose(8);
		if (op->buf_create.placement || choose(2))
			op->buf_create.engine = handle_of(XSW_HANDLE_ENGINE);
		op->buf_create.page_offset = choose(2) ? 0 : choose(4200);
		break;
	case XSW_IOC_MAP:
		op->map.engine = handle_of(XSW_HANDLE_ENGINE);
		op->map.buffer = handle_of(XSW_HANDLE_BUFFER);
		op->map.dir = choose(4);
		op->map.attrs = choose(2) ? 0 : choose(9);
		op->map.offset = any_offset();
		op->map.len = any_len();
		break;
	case XSW_IOC_UNMAP:
		op->unmap.mapping = handle_of(XSW_HANDLE_MAPPING);
		op->unmap.attrs = choose(2) ? 0 : choose(9);
		break;
	case XSW_IOC_SYNC:
		op->sync.mapping = handle_of(XSW_HANDLE_MAPPING);
		op->sync.target = choose(4);
		op->sync.offset = any_offset();
		op->sync.len = any_len();
		break;
	case XSW_IOC_TRANSFER:
		op->transfer.mapping = handle_of(XSW_HANDLE_MAPPING);
		op->transfer.kind = choose(4);
		op->transfer.offset = any_offset();
		op->transfer.len = any_len();
		op->transfer.dev_offset = any_offset();
		break;
	case XSW_IOC_JOB:
		make_job(&op->job);
		break;
	case XSW_IOC_JOBV:
		op->jobv.nr = 1 + choose(MOST_JOBS);
		op->jobv.stride = sizeof(struct xsw_job);
		op->jobv.jobs = AT_JOBS;
		for (i = 0; i < op->jobv.nr; i++)
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

/* It has come to an end: is what it tells true? */
static void check(const struct doc *doc, const union any *any, u32 room, long ret,
		  const struct state *before, bool disturbed)
{
	struct xsw_result copy, *result = NULL;
	struct state after = state();
	long refusal = refused(doc, any, room);
	bool created;
	u64 at = 0;

	REQUIRE(ret >= -4095 && ret <= (long)XSW_MAX_VECTOR, "op %u returns %ld", _IOC_NR(doc->cmd),
		ret);
	if (doc->result)
		memcpy(&at, any->bytes + doc->result, sizeof(at));
	if (at >= AT_RESULT && at <= AT_ANSWER - sizeof(copy))
		result = memcpy(&copy, MEM(at), sizeof(copy));
	created = memcmp(after.count, before->count, sizeof(after.count)) && ret >= 0;

	if (refusal && !disturbed)
		REQUIRE(ret == refusal, "op %u returns %ld, not %ld", _IOC_NR(doc->cmd), ret,
			refusal);
	if (refusal && result)
		REQUIRE(!memchr_inv(result, UNTOUCHED, sizeof(*result)),
			"op %u is refused, and writes a result", _IOC_NR(doc->cmd));
	/*
	 * What fails changes nothing. But a result that can't be written undoes only what was
	 * made, and what used a dead engine has its own end.
	 */
	if (ret < 0 && !fake.dead &&
	    (ret != -EFAULT || doc->cmd == XSW_IOC_MAP || doc->cmd == XSW_IOC_BUF_CREATE ||
	     doc->cmd == XSW_IOC_ENGINE_OPEN))
		REQUIRE(!memcmp(before, &after, sizeof(after)), "op %u fails with %ld, and changes something",
			_IOC_NR(doc->cmd), ret);
	if (refusal || !result || ret == -EFAULT || disturbed)
		return;
	REQUIRE(result->cause < XSW_NR_CAUSES && result->src_reason < XSW_NR_REASONS &&
		result->dst_reason < XSW_NR_REASONS && !result->reserved0 && !result->reserved[0] &&
		!result->reserved[1], "op %u has a result that is none", _IOC_NR(doc->cmd));
	if (doc->cmd != XSW_IOC_JOBV)
		REQUIRE(result->status == (ret < 0 ? ret : 0), "op %u returns %ld, and tells %d",
			_IOC_NR(doc->cmd), ret, result->status);
	REQUIRE(!result->cause == !result->status, "op %u: status %d, cause %u", _IOC_NR(doc->cmd),
		result->status, result->cause);
	if (created && doc->cmd != XSW_IOC_ENGINE_CLOSE && doc->cmd != XSW_IOC_BUF_DESTROY &&
	    doc->cmd != XSW_IOC_UNMAP) {
		REQUIRE(result->handle, "op %u makes something without a handle", _IOC_NR(doc->cmd));
		if (nr_handles == ARRAY_SIZE(handles))
			memmove(handles, handles + 1, sizeof(handles) - sizeof(*handles)), nr_handles--;
		handles[nr_handles++] = result->handle;
	}
}

static void by_ioctl(const struct doc *doc, const union any *any, bool disturbed)
{
	struct state before = state();
	u32 race = fake.race;
	long ret;

	memcpy(MEM(AT_OP), any, sizeof(*any));
	ret = fake_fops->unlocked_ioctl(&file, doc->cmd, AT_OP);
	REQUIRE(ret < 0 || !race || race == any->op.size,
		"op %u: its size changes while it is read, and nobody notices", _IOC_NR(doc->cmd));
	check(doc, any, PAGE_SIZE, ret, &before, disturbed);
}

static void by_uring(const struct doc *doc, const union any *any, bool disturbed)
{
	struct state before = state();
	u32 flags = IO_URING_F_SQE128 | (choose(4) ? IO_URING_F_NONBLOCK : 0);
	struct pending *p;
	u32 i;
	long ret;

	for (i = 0; i < MOST_PENDING && pending[i]; i++)
		;
	if (i == MOST_PENDING)
		return;
	p = calloc(1, sizeof(*p));
	p->cmd.file = &file;
	p->cmd.cmd = p->payload;
	p->cmd.cmd_op = doc->cmd;
	p->cmd.flags = choose(2) ? IORING_URING_CMD_FIXED : 0;
	memcpy(p->payload, any, sizeof(p->payload));
	if (choose(64) == 0)
		flags ^= choose(2) ? IO_URING_F_SQE128 : IO_URING_F_IOPOLL;

	ret = fake_fops->uring_cmd(&p->cmd, flags);
	if (ret == -EAGAIN && (flags & IO_URING_F_NONBLOCK)) {
		struct state after = state();

		REQUIRE(!memcmp(&before, &after, sizeof(after)) || fake.dead,
			"op %u is to be tried again, and has changed something", _IOC_NR(doc->cmd));
		ret = fake_fops->uring_cmd(&p->cmd, flags & ~IO_URING_F_NONBLOCK);
	}
	if (ret == -EIOCBQUEUED && !p->cmd.done) {
		pending[i] = p;
		return;
	}
	if (ret == -EIOCBQUEUED)
		ret = p->cmd.ret;
	else
		REQUIRE(!p->cmd.done, "op %u completes, and returns %ld", _IOC_NR(doc->cmd), ret);
	free(p);
	if (flags & IO_URING_F_SQE128 && !(flags & IO_URING_F_IOPOLL))
		check(doc, any, 80, ret, &before, disturbed);
	else
		REQUIRE(ret == -EINVAL || ret == -EOPNOTSUPP, "without SQE128 it returns %ld", ret);
}

static void map_buffer(void)
{
	struct vm_area_struct vma = {
		.vm_start = 0x10000,
		.vm_end	= 0x10000 + choose(8) * PAGE_SIZE,
		.vm_pgoff = choose(8) ? handle_of(XSW_HANDLE_BUFFER) : choose(1ULL << 40),
		.vm_flags = choose(32),
	};
	int ret = fake_fops->mmap(&file, &vma);

	REQUIRE(ret || !(vma.vm_flags & (VM_EXEC | VM_MAYEXEC)), "memory is mapped to be executed");
}

static void one(void)
{
	bool disturbed = false;
	u32 nr = choose(20);
	union any any;

	switch (nr) {
	case 13:
	case 14:
		fake_engine_step();
		return;
	case 15:
		run_task_work(choose(8) == 0);
		return;
	case 16:
		map_buffer();
		return;
	case 17:
		if (choose(16) == 0)
			fake_engine_dies();
		return;
	case 18:
		fake.killed = choose(2);
		return;
	case 19:
		nr = _IOC_NR(XSW_IOC_JOB);
	}
	memset(MEM(AT_OP), 0, AT_JOBS - AT_OP);
	memset(MEM(AT_RESULT), UNTOUCHED, 0x1000);
	make(nr, &any);
	switch (choose(8)) {
	case 0:
		fake.allocs_left = choose(8);
		break;
	case 1:
		fake.accesses_left = choose(8);
		disturbed = true;
		break;
	case 2:
		fake.race = choose(256);
		disturbed = fake.race;
	}
	choose(2) ? by_ioctl(&docs[nr], &any, disturbed) : by_uring(&docs[nr], &any, disturbed);
	fake.allocs_left = ~0ULL;
	fake.accesses_left = ~0ULL;
	fake.race = 0;
}

/* ---- the table that KUnit runs in the kernel ---- */

static u64 never(u64 below)
{
	return below - 1;
}

static long table_op(u32 cmd, const union any *any, struct xsw_result *result)
{
	union any copy = *any;
	const struct doc *doc = &docs[_IOC_NR(cmd)];
	u64 at = AT_RESULT;
	long ret;

	memset(MEM(AT_RESULT), 0, sizeof(*result));
	if (doc->result)
		memcpy(copy.bytes + doc->result, &at, sizeof(at));
	memcpy(MEM(AT_OP), &copy, sizeof(copy));
	ret = fake_fops->unlocked_ioctl(&file, cmd, AT_OP);
	memcpy(result, MEM(AT_RESULT), sizeof(*result));
	return ret;
}

static u32 table_make(union any *any, u32 cmd)
{
	struct xsw_result result;

	any->op.size = _IOC_SIZE(cmd);
	REQUIRE(table_op(cmd, any, &result) == 0 && result.handle, "the table has no op %u",
		_IOC_NR(cmd));
	return result.handle;
}

static void table(void)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(xsw_abi_cases); i++) {
		const struct xsw_abi_case *c = &xsw_abi_cases[i];
		struct xsw_result result;
		u32 engine, buffer, mapping;
		union any any;
		long ret;

		fake_reset();
		fake.privileged = true;
		open_file();
		memset(&any, 0, sizeof(any));
		any.op.engine_open.kind = XSW_ENGINE_SIM;
		any.op.engine_open.pool_kib = 256;
		engine = table_make(&any, XSW_IOC_ENGINE_OPEN);
		if (c->cmd != XSW_IOC_ENGINE_OPEN)
			memset(&any, 0, sizeof(any));
		if (c->cmd != XSW_IOC_ENGINE_OPEN) {
			any.op.buf_create.kind = XSW_BUF_KERNEL;
			any.op.buf_create.bytes = XSW_ABI_BUFFER;
			buffer = table_make(&any, XSW_IOC_BUF_CREATE);
			if (c->cmd != XSW_IOC_BUF_CREATE)
				memset(&any, 0, sizeof(any));
		}
		if (c->cmd == XSW_IOC_MAP || c->cmd == XSW_IOC_UNMAP || c->cmd == XSW_IOC_SYNC ||
		    c->cmd == XSW_IOC_TRANSFER) {
			any.op.map.engine = engine;
			any.op.map.buffer = buffer;
			any.op.map.dir = XSW_BIDIRECTIONAL;
			any.op.map.len = XSW_ABI_BUFFER;
			mapping = table_make(&any, XSW_IOC_MAP);
			if (c->cmd != XSW_IOC_MAP)
				memset(&any, 0, sizeof(any));
		}
		any.op.size = _IOC_SIZE(c->cmd);
		switch (c->cmd) {
		case XSW_IOC_UNMAP:
			any.op.unmap.mapping = mapping;
			break;
		case XSW_IOC_SYNC:
			any.op.sync.mapping = mapping;
			any.op.sync.target = XSW_SYNC_FOR_CPU;
			any.op.sync.len = XSW_ABI_BUFFER;
			break;
		case XSW_IOC_TRANSFER:
			any.op.transfer.mapping = mapping;
			any.op.transfer.kind = XSW_DEVICE_READS;
			any.op.transfer.len = XSW_ABI_BUFFER;
			break;
		case XSW_IOC_JOB:
			any.op.job.engine = engine;
			any.op.job.src_buffer = buffer;
			any.op.job.dst_buffer = buffer;
			any.op.job.dst_offset = XSW_ABI_BUFFER / 2;
			any.op.job.len = XSW_ABI_BUFFER / 2;
			any.op.job.src_dir = XSW_TO_DEVICE;
			any.op.job.dst_dir = XSW_FROM_DEVICE;
			break;
		case XSW_IOC_JOBV:
			any.op.jobv.nr = 1;
			any.op.jobv.stride = sizeof(struct xsw_job);
			break;
		}
		memcpy(any.bytes + c->offset, &c->value, c->size);
		ret = table_op(c->cmd, &any, &result);
		REQUIRE(ret == c->err && result.cause == c->cause,
			"op %u, %s: returns %ld with cause %u, not %d with %u", _IOC_NR(c->cmd), c->name,
			ret, result.cause, c->err, c->cause);
		close_file(false, i % 2);
	}
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc, (void)argv;
	/* Few enough to meet. */
	xsw_limits[XSW_LIMIT_ENGINES].value = 4;
	xsw_limits[XSW_LIMIT_BUFFERS].value = 12;
	xsw_limits[XSW_LIMIT_MAPPINGS].value = 20;
	xsw_limits[XSW_LIMIT_PINNED_MIB].value = 1;
	xsw_limits[XSW_LIMIT_KERNEL_MIB].value = 3;
	REQUIRE(!xsw_chardev_init(), "no device");
	return 0;
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
	static bool tabled;
	bool gone, with_all;

	/* Not before: libFuzzer tells of nothing that fails before its first input. */
	if (!tabled) {
		fake.choose = never;
		table();
		tabled = true;
	}
	input = data;
	input_left = size;
	fake.choose = choose;
	fake_reset();
	fake.privileged = choose(4);
	gone = choose(4) == 0;
	with_all = choose(2);
	open_file();
	while (input_left)
		one();
	close_file(gone, with_all);
	return 0;
}
