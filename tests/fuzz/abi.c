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
#define AT_NEAR_THE_END	(FAKE_USER + FAKE_USER_SIZE - 32)
#define AT_PINNABLE	FAKE_PINNABLE
#define MEM(at)		(&fake_user[(at) - FAKE_USER])
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

static struct file file;

static const struct xsw_session *session(void)
{
	return file.private_data;
}

#define PER_THREAD
#include "ops.h"

#define REQUIRE(good, ...) do { if (!(good)) fake_bug(__VA_ARGS__); } while (0)

/* 0, or with what it is refused before anybody looks at what it asks for. */
static long refused(const struct doc *doc, const union any *any, u32 room)
{
	if (any->size < doc->size)
		return -EINVAL;
	if (any->size > room)
		return -E2BIG;
	/* Behind what we wrote, the caller's memory is zero. */
	if (memchr_inv(any->bytes + doc->size, 0,
		       min_t(u32, any->size, sizeof(any->bytes)) - doc->size))
		return -E2BIG;
	if (any->flags & ~doc->flags)
		return -EINVAL;
	if (doc->reserved && memchr_inv(any->bytes + doc->reserved, 0, doc->reserved_size))
		return -EINVAL;
	return 0;
}

/* ---- one session ---- */

#define MOST_PENDING	64u
struct pending {
	struct io_uring_cmd	cmd;
	u8			payload[FAKE_SQE_SIZE];
	const struct doc	*doc;
	union any		any;
};

static struct pending *pending[MOST_PENDING];
static struct made all_made;

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
	made = memset(&all_made, 0, sizeof(all_made));
}

/* ---- results ---- */

/* docs/abi.md, "Errors" */
static const struct {
	int	err;
	u32	causes;
} errors[] = {
#define CAUSE(name) BIT(XSW_CAUSE_##name)
	{ 0, CAUSE(NONE) },
	{ EINVAL, CAUSE(BAD_VALUE) | CAUSE(BAD_DIRECTION) | CAUSE(BAD_HANDLE) |
		  CAUSE(UNSUPPORTED) | CAUSE(TOO_LARGE) | CAUSE(MISALIGNED) |
		  CAUSE(BAD_ADDRESS) | CAUSE(BAD_SIZE) },
	{ EOPNOTSUPP, CAUSE(UNSUPPORTED) },
	{ ENOENT, CAUSE(BAD_HANDLE) },
	{ ESTALE, CAUSE(BAD_HANDLE) },
	{ EBUSY, CAUSE(BUSY) },
	{ EMFILE, CAUSE(LIMIT) },
	{ ENOMEM, CAUSE(LIMIT) | CAUSE(NO_MEMORY) | CAUSE(NO_SPACE) },
	{ ENOSPC, CAUSE(LIMIT) },
	{ EIO, CAUSE(MASK) | CAUSE(NO_BOUNCE) | CAUSE(NOT_CONTIGUOUS) |
	       CAUSE(NEEDS_COHERENT) | CAUSE(DEVICE) },
	{ ERANGE, CAUSE(OUT_OF_RANGE) },
	{ EFAULT, CAUSE(FAULT) },
	{ EPERM, CAUSE(PERMISSION) },
	{ ENODEV, CAUSE(NO_DEVICE) },
	{ ETIMEDOUT, CAUSE(TIMEOUT) },
	{ ECANCELED, CAUSE(CANCELED) },
#undef CAUSE
};

static bool belong(s32 status, u8 cause)
{
	u32 i;

	for (i = 0; i < ARRAY_SIZE(errors); i++)
		if (errors[i].err == -status)
			return errors[i].causes & BIT(cause);
	return false;
}

/* Copied, as it is at this moment; false: it goes to where nobody looks. */
static bool result_of(const struct doc *doc, const union any *any, struct xsw_result *result)
{
	u64 at = 0;

	if (doc->result)
		memcpy(&at, any->bytes + doc->result, sizeof(at));
	if (at < AT_RESULT || at > AT_ANSWER - sizeof(*result))
		return false;
	memcpy(result, MEM(at), sizeof(*result));
	return true;
}

static void check_result(const struct doc *doc, const struct xsw_result *result, long ret)
{
	REQUIRE(result->cause < XSW_NR_CAUSES && result->src_reason < XSW_NR_REASONS &&
		result->dst_reason < XSW_NR_REASONS && !result->reserved0 && !result->reserved[0] &&
		!result->reserved[1], "op %u has a result that is none", _IOC_NR(doc->cmd));
	if (doc->cmd != XSW_IOC_JOBV)
		REQUIRE(result->status == (ret < 0 ? ret : 0), "op %u returns %ld, and tells %d",
			_IOC_NR(doc->cmd), ret, result->status);
	REQUIRE(belong(result->status, result->cause), "op %u: status %d, cause %u",
		_IOC_NR(doc->cmd), result->status, result->cause);
}

/* Who ends a command: when the submitter has gone, a worker, on whatever memory. */
enum who { A_WORKER, ANOTHER, THE_SUBMITTER };

static void run_task_work(enum who who)
{
	struct mm_struct *mm = current->mm;
	struct xsw_result result;
	u32 i;

	current->flags = who == A_WORKER ? PF_KTHREAD : 0;
	current->mm = who == ANOTHER ? &fake_other_mm : mm;
	for (i = 0; i < MOST_PENDING; i++) {
		struct pending *p = pending[i];

		if (p && p->cmd.task_work) {
			p->cmd.task_work(&p->cmd, 0);
			REQUIRE(p->cmd.done, "a command's work is done, but not the command");
			REQUIRE(who == THE_SUBMITTER || p->cmd.ret == -EFAULT,
				"op %u returns %ld, and its result is nowhere",
				_IOC_NR(p->cmd.cmd_op), p->cmd.ret);
		}
		if (p && p->cmd.done) {
			if (who == THE_SUBMITTER && result_of(p->doc, &p->any, &result))
				check_result(p->doc, &result, p->cmd.ret);
			free(p);
			pending[i] = NULL;
		}
	}
	current->flags = 0;
	current->mm = mm;
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
	run_task_work(gone ? A_WORKER : THE_SUBMITTER);
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
	REQUIRE(fake_mapped_is_kept(), "what a device may still write to is given back");
}

/* ---- operations ---- */

/* Such a handle is one that there was, for ever, whatever takes its place. */
static void ended(u32 cmd, u32 handle)
{
	union any any = { .size = _IOC_SIZE(cmd) };
	u64 allocs = fake.allocs_left, accesses = fake.accesses_left;
	long ret;

	fake.allocs_left = ~0ULL;
	fake.accesses_left = ~0ULL;
	fake.race = 0;
	forget_handle(handle);
	if (cmd == XSW_IOC_UNMAP)
		any.unmap.mapping = handle;
	else
		any.handle.handle = handle;
	memcpy(MEM(AT_OP), &any, sizeof(any));
	ret = fake_fops->unlocked_ioctl(&file, cmd, AT_OP);
	REQUIRE(ret == -ESTALE, "op %u returns %ld for a handle that it has ended", _IOC_NR(cmd), ret);
	fake.allocs_left = allocs;
	fake.accesses_left = accesses;
}

static u64 limit(u32 which)
{
	return (u64)xsw_limits[which].value << 20;
}

/* What buffers there are is charged, and no more than there may be. */
static void check_charges(void)
{
	struct xsw_handles *all = &((struct xsw_session *)session())->handles;
	u64 pinned = 0, kernel = 0;
	struct xsw_slot *slot;
	u32 index = 0;

	while ((slot = xsw_handle_next(all, XSW_HANDLE_BUFFER, &index))) {
		const struct xsw_buffer *buffer = slot->obj;

		xsw_handle_put(slot);
		if (buffer->mm)
			pinned += buffer->nr_pages * PAGE_SIZE;
		else if (!buffer->mmio)
			kernel += buffer->nr_pages * PAGE_SIZE;
	}
	REQUIRE(session()->pinned.v == (s64)pinned && pinned <= limit(XSW_LIMIT_PINNED_MIB),
		"%lld bytes of pinned memory, charged are %lld", (long long)pinned,
		(long long)session()->pinned.v);
	REQUIRE(session()->kernel_bytes.v == (s64)kernel && kernel <= limit(XSW_LIMIT_KERNEL_MIB),
		"%lld bytes of kernel memory, charged are %lld", (long long)kernel,
		(long long)session()->kernel_bytes.v);
}

/* There is no pool here. */
static void check_answer(u32 cmd)
{
	struct xsw_info info;
	struct xsw_stats stats;

	if (cmd == XSW_IOC_QUERY) {
		memcpy(&info, MEM(AT_ANSWER), sizeof(info));
		REQUIRE(!info.pool_bytes && !info.max_mapping, "QUERY tells of a pool");
	} else {
		memcpy(&stats, MEM(AT_ANSWER), sizeof(stats));
		REQUIRE(!stats.nr_areas && !stats.pool_slots && !stats.pool_used &&
			!stats.pool_hiwater, "STATS tells of a pool");
		REQUIRE(stats.session_buffers == session()->handles.count[XSW_HANDLE_BUFFER] &&
			stats.session_mappings == session()->handles.count[XSW_HANDLE_MAPPING] &&
			stats.session_engines == session()->handles.count[XSW_HANDLE_ENGINE] &&
			stats.session_pinned == (u64)session()->pinned.v,
			"STATS tells of what the session does not have");
	}
}

/* It has come to an end: is what it tells true? */
static void check(const struct doc *doc, const union any *any, u32 room, long ret,
		  const struct state *before, bool disturbed)
{
	struct xsw_result result;
	bool created, told = result_of(doc, any, &result);
	struct state after = state();
	long refusal = refused(doc, any, room);

	REQUIRE(ret >= -4095 && ret <= (long)XSW_MAX_VECTOR, "op %u returns %ld", _IOC_NR(doc->cmd),
		ret);
	if ((!ret && (doc->cmd == XSW_IOC_ENGINE_CLOSE || doc->cmd == XSW_IOC_BUF_DESTROY)) ||
	    ((!ret || ret == -ENODEV) && doc->cmd == XSW_IOC_UNMAP))
		ended(doc->cmd, doc->cmd == XSW_IOC_UNMAP ? any->unmap.mapping : any->handle.handle);
	check_charges();
	if (!ret && !disturbed && ((doc->cmd == XSW_IOC_QUERY && any->query.info == AT_ANSWER) ||
				   (doc->cmd == XSW_IOC_STATS && any->stats.stats == AT_ANSWER)))
		check_answer(doc->cmd);
	created = memcmp(after.count, before->count, sizeof(after.count)) && ret >= 0;

	if (refusal && !disturbed)
		REQUIRE(ret == refusal, "op %u returns %ld, not %ld", _IOC_NR(doc->cmd), ret,
			refusal);
	if (refusal && told)
		REQUIRE(!memchr_inv(&result, UNTOUCHED, sizeof(result)),
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
	if (refusal || !told || ret == -EFAULT || disturbed)
		return;
	check_result(doc, &result, ret);
	if (created && doc->cmd != XSW_IOC_ENGINE_CLOSE && doc->cmd != XSW_IOC_BUF_DESTROY &&
	    doc->cmd != XSW_IOC_UNMAP) {
		REQUIRE(result.handle, "op %u makes something without a handle", _IOC_NR(doc->cmd));
		add_handle(result.handle, doc->cmd);
	}
}

static void by_ioctl(const struct doc *doc, const union any *any, bool disturbed)
{
	struct state before = state();
	u32 race = fake.race;
	long ret;

	memcpy(MEM(AT_OP), any, sizeof(*any));
	ret = fake_fops->unlocked_ioctl(&file, doc->cmd, AT_OP);
	REQUIRE(ret < 0 || !race || race == any->size,
		"op %u: its size changes while it is read, and nobody notices", _IOC_NR(doc->cmd));
	check(doc, any, PAGE_SIZE, ret, &before, disturbed);
}

static void submit(const struct doc *doc, const union any *any, u32 flags, u32 cmd_flags,
		   bool disturbed)
{
	struct state before = state();
	struct pending *p;
	u32 i;
	long ret;

	for (i = 0; pending[i]; i++)
		;
	p = calloc(1, sizeof(*p));
	p->cmd.file = &file;
	p->cmd.cmd = p->payload;
	p->cmd.cmd_op = doc->cmd;
	p->cmd.flags = cmd_flags;
	memcpy(p->payload, any, sizeof(p->payload));

	fake_sqe_begin(p->payload);
	ret = fake_fops->uring_cmd(&p->cmd, flags);
	if (ret == -EAGAIN && (flags & IO_URING_F_NONBLOCK)) {
		struct state after = state();

		REQUIRE(!memcmp(&before, &after, sizeof(after)) || fake.dead,
			"op %u is to be tried again, and has changed something", _IOC_NR(doc->cmd));
		fake_sqe_begin(p->payload);
		ret = fake_fops->uring_cmd(&p->cmd, flags & ~IO_URING_F_NONBLOCK);
	}
	fake_sqe_over();
	if (ret == -EIOCBQUEUED && !p->cmd.done) {
		REQUIRE(!refused(doc, any, FAKE_SQE_SIZE), "op %u is queued that is refused",
			_IOC_NR(doc->cmd));
		p->doc = doc;
		p->any = *any;
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

static void by_uring(const struct doc *doc, const union any *any, bool disturbed)
{
	u32 flags = IO_URING_F_SQE128 | (choose(4) ? IO_URING_F_NONBLOCK : 0), cmd_flags, i;

	for (i = 0; i < MOST_PENDING && pending[i]; i++)
		;
	if (i == MOST_PENDING)
		return;
	cmd_flags = choose(2) ? IORING_URING_CMD_FIXED : 0;
	if (choose(64) == 0)
		flags ^= choose(2) ? IO_URING_F_SQE128 : IO_URING_F_IOPOLL;
	submit(doc, any, flags, cmd_flags, disturbed);
}

static void map_buffer(void)
{
	struct vm_area_struct vma = {
		.vm_start = 0x10000,
		.vm_end	= 0x10000 + choose(8) * PAGE_SIZE,
		.vm_pgoff = choose(8) ? handle_made_by(XSW_IOC_BUF_CREATE) : choose(1ULL << 40),
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
		run_task_work(min_t(u64, choose(8), THE_SUBMITTER));
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

	any->size = _IOC_SIZE(cmd);
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
		any.engine_open.kind = XSW_ENGINE_SIM;
		any.engine_open.pool_kib = 256;
		engine = table_make(&any, XSW_IOC_ENGINE_OPEN);
		if (c->cmd != XSW_IOC_ENGINE_OPEN)
			memset(&any, 0, sizeof(any));
		if (c->cmd != XSW_IOC_ENGINE_OPEN) {
			any.buf_create.kind = XSW_BUF_KERNEL;
			any.buf_create.bytes = XSW_ABI_BUFFER;
			buffer = table_make(&any, XSW_IOC_BUF_CREATE);
			if (c->cmd != XSW_IOC_BUF_CREATE)
				memset(&any, 0, sizeof(any));
		}
		if (c->cmd == XSW_IOC_MAP || c->cmd == XSW_IOC_UNMAP || c->cmd == XSW_IOC_SYNC ||
		    c->cmd == XSW_IOC_TRANSFER) {
			any.map.engine = engine;
			any.map.buffer = buffer;
			any.map.dir = XSW_BIDIRECTIONAL;
			any.map.len = XSW_ABI_BUFFER;
			mapping = table_make(&any, XSW_IOC_MAP);
			if (c->cmd != XSW_IOC_MAP)
				memset(&any, 0, sizeof(any));
		}
		any.size = _IOC_SIZE(c->cmd);
		switch (c->cmd) {
		case XSW_IOC_UNMAP:
			any.unmap.mapping = mapping;
			break;
		case XSW_IOC_SYNC:
			any.sync.mapping = mapping;
			any.sync.target = XSW_SYNC_FOR_CPU;
			any.sync.len = XSW_ABI_BUFFER;
			break;
		case XSW_IOC_TRANSFER:
			any.transfer.mapping = mapping;
			any.transfer.kind = XSW_DEVICE_READS;
			any.transfer.len = XSW_ABI_BUFFER;
			break;
		case XSW_IOC_JOB:
			any.job.engine = engine;
			any.job.src_buffer = buffer;
			any.job.dst_buffer = buffer;
			any.job.dst_offset = XSW_ABI_BUFFER / 2;
			any.job.len = XSW_ABI_BUFFER / 2;
			any.job.src_dir = XSW_TO_DEVICE;
			any.job.dst_dir = XSW_FROM_DEVICE;
			break;
		case XSW_IOC_JOBV:
			any.jobv.nr = 1;
			any.jobv.stride = sizeof(struct xsw_job);
			break;
		case XSW_IOC_MEASURE:
			any.measure.engine = engine;
			any.measure.buffer = buffer;
			any.measure.nr = 1;
			any.measure.len = XSW_ABI_BUFFER;
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

/* ---- what no corpus is to be trusted with: in every run, before its first input ---- */

static u64 say_below, say_value;

/* Nothing fails, but for what is asked for with this bound. */
static u64 say(u64 below)
{
	return below == say_below ? say_value : below - 1;
}

static void begin(void)
{
	fake_reset();
	fake.privileged = true;
	say_below = 0;
	open_file();
}

static u32 make_engine(u32 kind, u32 latency_us)
{
	union any any = { .engine_open.kind = kind, .engine_open.latency_us = latency_us };

	return table_make(&any, XSW_IOC_ENGINE_OPEN);
}

static struct xsw_job job_within(u32 engine, u32 buffer)
{
	return (struct xsw_job){
		.size = sizeof(struct xsw_job), .engine = engine, .len = XSW_ABI_BUFFER / 4,
		.src_buffer = buffer, .src_dir = XSW_TO_DEVICE,
		.dst_buffer = buffer, .dst_dir = XSW_FROM_DEVICE, .dst_offset = XSW_ABI_BUFFER / 2,
		.result = AT_RESULT,
	};
}

static void first_engine_is_silent(void)
{
	say_below = 8;
	say_value = 0;
	fake_engine_dies();
	say_below = 0;
	REQUIRE(fake.lost, "the engine does answer");
}

/* One kind of memory at a time, mapped or in a job, when its device does not answer. */
static void unanswered(void)
{
	static const struct xsw_buf_create kinds[] = {
		{ .kind = XSW_BUF_USER, .addr = AT_PINNABLE },
		{ .kind = XSW_BUF_KERNEL },
		{ .kind = XSW_BUF_KERNEL, .placement = XSW_PLACE_FOREIGN },
		{ .kind = XSW_BUF_KERNEL, .placement = XSW_PLACE_MMIO },
		{ },	/* registered */
	};
	u32 i;

	for (i = 0; i < 2 * ARRAY_SIZE(kinds) - 1; i++) {
		union any any = { .buf_create = kinds[i / 2] };
		bool fixed = !any.buf_create.kind, jobs = i % 2 || fixed;
		u32 engine, buffer = 0;

		begin();
		engine = make_engine(XSW_ENGINE_EDU, 0);
		if (!fixed) {
			any.buf_create.bytes = XSW_ABI_BUFFER;
			any.buf_create.engine = any.buf_create.placement ? engine : 0;
			buffer = table_make(&any, XSW_IOC_BUF_CREATE);
		}
		if (jobs) {
			any.job = job_within(engine, buffer);
			if (fixed) {
				any.job.flags = XSW_F_FIXED;
				any.job.src_offset += AT_PINNABLE;
				any.job.dst_offset += AT_PINNABLE;
			}
			submit(&docs[_IOC_NR(XSW_IOC_JOB)], &any, IO_URING_F_SQE128,
			       fixed ? IORING_URING_CMD_FIXED : 0, false);
			REQUIRE(pending[0], "the engine is not busy with memory %u", i / 2);
		} else {
			any = (union any){ .map = {
				.engine = engine, .buffer = buffer, .dir = XSW_FROM_DEVICE,
				.len = XSW_ABI_BUFFER,
			} };
			table_make(&any, XSW_IOC_MAP);
		}
		first_engine_is_silent();
		close_file(false, true);
		REQUIRE(fake.maps, "what the device may still write to is unmapped");
	}
}

/* A command that ends when its submitter has gone. */
static void abandoned(void)
{
	enum who who;
	u32 i;

	for (i = 0; i < 4; i++) {
		union any any = { .buf_create = { .kind = XSW_BUF_KERNEL, .bytes = XSW_ABI_BUFFER } };
		struct xsw_job *job = (void *)MEM(AT_JOBS);
		u32 cmd = i & 1 ? XSW_IOC_JOBV : XSW_IOC_JOB;

		who = i & 2 ? A_WORKER : ANOTHER;
		begin();
		any.job = job_within(make_engine(XSW_ENGINE_SIM, 1),
				     table_make(&any, XSW_IOC_BUF_CREATE));
		if (cmd == XSW_IOC_JOBV) {
			*job = any.job;
			any = (union any){ .jobv = {
				.size = sizeof(any.jobv), .nr = 1, .stride = sizeof(*job),
				.jobs = AT_JOBS, .result = AT_RESULT + 64,
			} };
		}
		submit(&docs[_IOC_NR(cmd)], &any, IO_URING_F_SQE128, 0, false);
		REQUIRE(pending[0] && fake_engine_step(), "the engine is not busy");
		run_task_work(who);
		close_file(false, true);
	}
}

/* As much of each kind of memory as there may be, and not a page more. */
static void limits(void)
{
	static const struct {
		struct xsw_buf_create	of;
		u32			nr;
	} most[] = {
		{ { .kind = XSW_BUF_KERNEL, .bytes = SZ_1M }, 3 },
		{ { .kind = XSW_BUF_USER, .bytes = SZ_1M / 8, .addr = AT_PINNABLE }, 8 },
	};
	u32 i, nr, last;

	for (i = 0; i < ARRAY_SIZE(most); i++) {
		union any any = { .buf_create = most[i].of };
		union any end = { };
		struct xsw_result result;

		begin();
		for (nr = 0; nr < most[i].nr; nr++)
			last = table_make(&any, XSW_IOC_BUF_CREATE);
		any.buf_create.bytes = PAGE_SIZE;
		REQUIRE(table_op(XSW_IOC_BUF_CREATE, &any, &result) == -ENOMEM &&
			result.cause == XSW_CAUSE_LIMIT, "memory %u: there is no limit", i);
		end.size = _IOC_SIZE(XSW_IOC_BUF_DESTROY);
		end.handle.handle = last;
		REQUIRE(!table_op(XSW_IOC_BUF_DESTROY, &end, &result), "a buffer stays");
		table_make(&any, XSW_IOC_BUF_CREATE);
		check_charges();
		close_file(false, i % 2);
	}
}

static void answers(void)
{
	union any user = { .buf_create = {
		.kind = XSW_BUF_USER, .addr = AT_PINNABLE, .bytes = XSW_ABI_BUFFER,
	} };
	union any any = { .map = { .len = XSW_ABI_BUFFER } };
	u32 i;

	begin();
	any.map.engine = make_engine(XSW_ENGINE_SIM, 0);
	any.map.buffer = table_make(&user, XSW_IOC_BUF_CREATE);
	table_make(&any, XSW_IOC_MAP);
	((struct xsw_info *)MEM(AT_ANSWER))->size = sizeof(struct xsw_info);
	any = (union any){ .query = { .size = sizeof(any.query), .info = AT_ANSWER } };
	by_ioctl(&docs[_IOC_NR(XSW_IOC_QUERY)], &any, false);
	for (i = 0; i < 2; i++) {
		((struct xsw_stats *)MEM(AT_ANSWER))->size = sizeof(struct xsw_stats);
		any = (union any){ .stats = { .size = sizeof(any.stats), .stats = AT_ANSWER } };
		if (i)
			any.stats.engine = make_engine(XSW_ENGINE_SIM, 0);
		by_ioctl(&docs[_IOC_NR(XSW_IOC_STATS)], &any, false);
	}
	close_file(false, true);
}

/* A job meets with all that the DMA API and an engine can come to. */
static void failures(void)
{
	/* In kernel.c: map_fails(), engine_submit(), fake_engine_step(), and who is killed. */
	static const struct {
		u8	bound;
		u8	value;
	} answers[] = {
		{ 32, 0 }, { 32, 1 }, { 32, 2 }, { 32, 3 }, { 32, 4 }, { 16, 0 }, { 16, 1 },
		{ 8, 0 }, { 2, 1 },
	};
	u32 i;

	for (i = 0; i < 2 * ARRAY_SIZE(answers); i++) {
		union any any = { .buf_create = { .kind = XSW_BUF_KERNEL, .bytes = XSW_ABI_BUFFER } };
		bool by_ring = i % 2;
		struct xsw_result result;
		u32 engine;

		begin();
		engine = make_engine(XSW_ENGINE_SIM, 1);
		any.job = job_within(engine, table_make(&any, XSW_IOC_BUF_CREATE));
		say_below = answers[i / 2].bound;
		say_value = answers[i / 2].value;
		fake.killed = say_below == 2;
		if (by_ring)
			submit(&docs[_IOC_NR(XSW_IOC_JOB)], &any, IO_URING_F_SQE128, 0, false);
		else
			by_ioctl(&docs[_IOC_NR(XSW_IOC_JOB)], &any, false);
		close_file(false, true);
		memcpy(&result, MEM(AT_RESULT), sizeof(result));
		REQUIRE(result.status || (by_ring && fake.killed), "there is no failure %u", i);
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
		fake.choose = say;
		unanswered();
		abandoned();
		limits();
		answers();
		failures();
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
