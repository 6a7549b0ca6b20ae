// SPDX-License-Identifier: GPL-2.0
/* The caller's memory: gone, read-only, too much of it; and the kernel's, mapped here. */
#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include "kit.h"

/* Buffers that the caller unmaps, or protects, stay what they were. */
static void taken_away(void)
{
	int fd = open_session();
	uint32_t engine = sim_open(fd, 0), src, dst, dst2;
	unsigned char *a = pages(65536), *b = pages(65536), *c;
	struct xsw_job j;

	fill(a, 65536, 1);
	src = user_buffer(fd, a + 100, 60000);
	dst = user_buffer(fd, b + 200, 60000);
	dst2 = kernel_buffer(fd, 65536, (void **)&c);
	CHECK_EQ(stats_of(fd, 0).session_pinned, 2 * ((60200 + PAGE - 1) / PAGE * PAGE));
	CHECK_EQ(munmap(a, 65536), 0);
	CHECK_EQ(mprotect(b, 65536, PROT_READ), 0);
	j = job_op(engine, src, dst, 60000);
	CHECK_EQ(job(fd, &j), 0);
	CHECK_EQ(res.bytes, 60000);
	j = job_op(engine, dst, dst2, 60000);
	j.dst_offset = 100;
	CHECK_EQ(job(fd, &j), 0);
	/* What lies around it has not been touched. */
	CHECK(!memcmp(c + 100, b + 200, 60000));
	CHECK(b[199] == 0 && b[60200] == 0 && c[99] == 0 && c[60100] == 0);
	a = pages(65536);
	fill(a, 65536, 1);
	CHECK(!memcmp(a + 100, c + 100, 60000));
	/* Mapped again, by whatever else: the buffer is still the old pages. */
	CHECK(mmap(b, 65536, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED,
		   -1, 0) == b);
	memset(c, 0, 65536);
	CHECK_EQ(job(fd, &j), 0);
	CHECK(!memcmp(a + 100, c + 100, 60000));
	CHECK_EQ(let_go(fd, XSW_IOC_BUF_DESTROY, src), 0);
	CHECK_EQ(let_go(fd, XSW_IOC_BUF_DESTROY, dst), 0);
	CHECK_EQ(stats_of(fd, 0).session_pinned, 0);
}

/* Memory that can't be pinned for writing. */
static void can_not_pin(void)
{
	int fd = open_session(), file;
	struct xsw_buf_create op = { .size = sizeof(op), .kind = XSW_BUF_USER,
				     .bytes = 2 * PAGE, .result = (uintptr_t)&res };
	unsigned char *at = pages(2 * PAGE);

	op.addr = (uintptr_t)at;
	CHECK_EQ(mprotect(at + PAGE, PAGE, PROT_READ), 0);
	CHECK_EQ(issue(fd, XSW_IOC_BUF_CREATE, &op, sizeof(op)), -EFAULT);
	CHECK_EQ(res.cause, XSW_CAUSE_FAULT);
	CHECK_EQ(munmap(at + PAGE, PAGE), 0);
	CHECK_EQ(issue(fd, XSW_IOC_BUF_CREATE, &op, sizeof(op)), -EFAULT);
	/* Registers of a device, or what looks like them, are nothing to pin. */
	file = open("/dev/mem", O_RDWR | O_SYNC);
	if (file >= 0) {
		void *mem = mmap(NULL, 2 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);

		if (mem != MAP_FAILED) {
			op.addr = (uintptr_t)mem;
			CHECK_EQ(issue(fd, XSW_IOC_BUF_CREATE, &op, sizeof(op)), -EFAULT);
		}
	}
	CHECK_EQ(stats_of(fd, 0).session_pinned, 0);
	CHECK_EQ(stats_of(fd, 0).session_buffers, 0);
}

static void memlock(void)
{
	const struct rlimit limit = { 65536, 65536 };
	int fd = open_session();
	unsigned char *at = pages(1 << 20);
	struct xsw_buf_create op = { .size = sizeof(op), .kind = XSW_BUF_USER, .bytes = 1 << 20,
				     .addr = (uintptr_t)at, .result = (uintptr_t)&res };
	uint32_t first;

	/* CAP_IPC_LOCK lifts it. */
	CHECK_EQ(setrlimit(RLIMIT_MEMLOCK, &limit), 0);
	CHECK_EQ(issue(fd, XSW_IOC_BUF_CREATE, &op, sizeof(op)), 0);
	CHECK_EQ(let_go(fd, XSW_IOC_BUF_DESTROY, res.handle), 0);
	CHECK_EQ(setuid(65534), 0);
	CHECK_EQ(issue(fd, XSW_IOC_BUF_CREATE, &op, sizeof(op)), -ENOMEM);
	CHECK_EQ(res.cause, XSW_CAUSE_LIMIT);
	CHECK_EQ(stats_of(fd, 0).session_pinned, 0);
	op.bytes = way == BY_IOCTL ? 65536 : 32768;
	CHECK_EQ(issue(fd, XSW_IOC_BUF_CREATE, &op, sizeof(op)), 0);
	first = res.handle;
	op.bytes = 65536 - PAGE + 1;
	CHECK_EQ(issue(fd, XSW_IOC_BUF_CREATE, &op, sizeof(op)), -ENOMEM);
	CHECK_EQ(res.cause, XSW_CAUSE_LIMIT);
	/* What is let go counts no more. */
	CHECK_EQ(let_go(fd, XSW_IOC_BUF_DESTROY, first), 0);
	op.bytes = 32768;
	CHECK_EQ(issue(fd, XSW_IOC_BUF_CREATE, &op, sizeof(op)), 0);
}

static void max_pinned(void)
{
	int fd = open_session();
	struct xsw_info info = info_of(fd);
	uint64_t piece = info.max_len, i;
	struct xsw_buf_create op = { .size = sizeof(op), .kind = XSW_BUF_USER, .bytes = piece,
				     .addr = (uintptr_t)pages(piece), .result = (uintptr_t)&res };

	/* The same pages count each time that they are pinned. */
	for (i = 0; i < info.max_pinned / piece; i++)
		CHECK_EQ(issue(fd, XSW_IOC_BUF_CREATE, &op, sizeof(op)), 0);
	CHECK_EQ(stats_of(fd, 0).session_pinned, info.max_pinned / piece * piece);
	CHECK_EQ(issue(fd, XSW_IOC_BUF_CREATE, &op, sizeof(op)), -ENOMEM);
	CHECK_EQ(res.cause, XSW_CAUSE_LIMIT);
	CHECK_EQ(let_go(fd, XSW_IOC_BUF_DESTROY, res.handle), -ENOENT);
}

static uint64_t kernel_limit(void)
{
	char text[32] = "";
	int fd = open("/sys/module/xswiotlb/parameters/max_kernel_mib", O_RDONLY);

	CHECK(fd >= 0);
	CHECK(read(fd, text, sizeof(text) - 1) > 0);
	close(fd);
	return strtoull(text, NULL, 10) << 20;
}

static void max_kernel(void)
{
	enum { EACH = 2 << 20 };
	int fd = open_session();
	struct xsw_buf_create op = { .size = sizeof(op), .kind = XSW_BUF_KERNEL, .bytes = EACH,
				     .result = (uintptr_t)&res };
	uint64_t nr = kernel_limit() / EACH;
	uint32_t last = 0;

	if (nr > 64)
		skip("a limit of more memory than a guest may have");
	while (nr--)
		last = kernel_buffer(fd, EACH, NULL);
	for (int i = 0; i < 2; i++) {
		CHECK_EQ(issue(fd, XSW_IOC_BUF_CREATE, &op, sizeof(op)), -ENOMEM);
		CHECK_EQ(res.cause, XSW_CAUSE_LIMIT);
		/* What is let go counts no more. */
		CHECK_EQ(let_go(fd, XSW_IOC_BUF_DESTROY, last), 0);
		last = kernel_buffer(fd, EACH, NULL);
	}
}

/* A result that can't be written: nothing that was made is left. */
static void result_faults(void)
{
	int fd = open_session();
	uint32_t engine = sim_open(fd, 0), buffer = kernel_buffer(fd, 8192, NULL), mapping, i;
	struct xsw_engine_open open_op = engine_op(XSW_ENGINE_SIM);
	struct xsw_buf_create create = { .size = sizeof(create), .kind = XSW_BUF_KERNEL,
					 .bytes = 4096 };
	struct xsw_map m = map_op(engine, buffer, XSW_TO_DEVICE, 4096);
	struct xsw_job j = job_op(engine, buffer, buffer, 4096);
	struct xsw_jobv v = { .size = sizeof(v), .nr = 1, .stride = sizeof(j),
			      .jobs = (uintptr_t)&j, .result = (uintptr_t)&res };
	struct xsw_stats before, after;
	unsigned char *at = pages(2 * PAGE);
	/* Read-only, nowhere, the kernel's, and half of it beyond the end of what is mapped. */
	const uintptr_t bad[] = { (uintptr_t)at, 1, ~0UL - 63, ~0UL, (uintptr_t)at + PAGE - 32 };

	CHECK_EQ(map(fd, &m), 0);
	mapping = res.handle;
	CHECK_EQ(munmap(at + PAGE, PAGE), 0);
	before = stats_of(fd, 0);
	for (i = 0; i < ARRAY_SIZE(bad); i++) {
		struct xsw_sync s = { .size = sizeof(s), .mapping = mapping, .len = 4096,
				      .target = XSW_SYNC_FOR_CPU, .result = bad[i] };
		struct xsw_transfer t = { .size = sizeof(t), .mapping = mapping, .len = 1,
					  .kind = XSW_DEVICE_READS, .result = bad[i] };

		CHECK_EQ(mprotect(at, PAGE, i == 4 ? PROT_READ | PROT_WRITE : PROT_READ), 0);
		open_op.result = create.result = m.result = j.result = bad[i];
		j.dst_offset = 4096;
		CHECK_EQ(issue(fd, XSW_IOC_ENGINE_OPEN, &open_op, sizeof(open_op)), -EFAULT);
		CHECK_EQ(issue(fd, XSW_IOC_BUF_CREATE, &create, sizeof(create)), -EFAULT);
		CHECK_EQ(issue(fd, XSW_IOC_MAP, &m, sizeof(m)), -EFAULT);
		CHECK_EQ(issue(fd, XSW_IOC_SYNC, &s, sizeof(s)), -EFAULT);
		CHECK_EQ(issue(fd, XSW_IOC_TRANSFER, &t, sizeof(t)), -EFAULT);
		CHECK_EQ(issue(fd, XSW_IOC_JOB, &j, sizeof(j)), -EFAULT);
		/* Of a vector only that one job fails. */
		CHECK_EQ(issue(fd, XSW_IOC_JOBV, &v, sizeof(v)), 0);
		CHECK_EQ(res.status, -EFAULT);
		CHECK_EQ(res.cause, XSW_CAUSE_FAULT);
	}
	after = stats_of(fd, 0);
	CHECK_EQ(after.session_engines, before.session_engines);
	CHECK_EQ(after.session_buffers, before.session_buffers);
	CHECK_EQ(after.session_mappings, before.session_mappings);
	CHECK_EQ(after.pool_used, before.pool_used);
	/* 0: it is not wanted. */
	m.result = j.result = 0;
	CHECK_EQ(issue(fd, XSW_IOC_MAP, &m, sizeof(m)), 0);
	CHECK_EQ(issue(fd, XSW_IOC_JOB, &j, sizeof(j)), 0);
}

/* Results that lie in a row are written at once; if not all can be, each by itself. */
static void result_row_faults(void)
{
	enum { NR = 4, LEN = 512 };
	int fd = open_session();
	uint32_t engine = sim_open(fd, 0), buffer = kernel_buffer(fd, 2 * NR * LEN, NULL), i;
	unsigned char *at = pages(2 * PAGE);
	struct xsw_result *each = (void *)(at + PAGE - NR / 2 * sizeof(*each));
	struct xsw_job jobs[NR];
	struct xsw_jobv v = { .size = sizeof(v), .nr = NR, .stride = sizeof(*jobs),
			      .jobs = (uintptr_t)jobs, .result = (uintptr_t)&res };

	CHECK_EQ(munmap(at + PAGE, PAGE), 0);
	for (i = 0; i < NR; i++) {
		jobs[i] = job_op(engine, buffer, buffer, LEN - i);
		jobs[i].src_offset = i * LEN;
		jobs[i].dst_offset = (NR + i) * LEN;
		jobs[i].result = (uintptr_t)&each[i];
	}
	CHECK_EQ(issue(fd, XSW_IOC_JOBV, &v, sizeof(v)), NR / 2);
	CHECK_EQ(res.status, -EFAULT);
	CHECK_EQ(res.cause, XSW_CAUSE_FAULT);
	for (i = 0; i < NR / 2; i++) {
		CHECK_EQ(each[i].status, 0);
		CHECK_EQ(each[i].bytes, LEN - i);
	}
}

static void mmap_edges(void)
{
	int fd = open_session();
	unsigned char *at, *user = pages(8192);
	uint32_t buffer, pinned = user_buffer(fd, user, 8192);
	const int rw = PROT_READ | PROT_WRITE;
	off_t where;

#define MMAP_FAILS(len, prot, flags, off, err) \
	CHECK(mmap(NULL, len, prot, flags, fd, off) == MAP_FAILED && errno == (err))

	MMAP_FAILS(4096, rw, MAP_SHARED, 0, ENOENT);
	MMAP_FAILS(4096, rw, MAP_SHARED, (off_t)pinned * PAGE, EINVAL);
	MMAP_FAILS(4096, rw, MAP_SHARED, (off_t)1 << 52, EINVAL);
	buffer = kernel_buffer(fd, 2 * PAGE, (void **)&at);
	where = (off_t)res.value;
	CHECK(!memcmp(at, user, 8192));		/* it comes zeroed */
	MMAP_FAILS(3 * PAGE, rw, MAP_SHARED, where, ENXIO);
	MMAP_FAILS(PAGE, rw, MAP_PRIVATE, where, EINVAL);
	MMAP_FAILS(PAGE, PROT_READ | PROT_EXEC, MAP_SHARED, where, EPERM);
	CHECK(mprotect(at, PAGE, PROT_READ | PROT_EXEC) == -1 && errno == EACCES);
	CHECK(mremap(at, 2 * PAGE, 4 * PAGE, MREMAP_MAYMOVE) == MAP_FAILED);
	/* A buffer that is let go stays memory for as long as it is mapped. */
	fill(at, 2 * PAGE, 3);
	CHECK_EQ(let_go(fd, XSW_IOC_BUF_DESTROY, buffer), 0);
	CHECK(filled(at, 2 * PAGE, 3));
	MMAP_FAILS(PAGE, rw, MAP_SHARED, where, ESTALE);
	close(fd);
	CHECK(filled(at, 2 * PAGE, 3));
	CHECK_EQ(munmap(at, 2 * PAGE), 0);
}

/* A buffer that starts within a page, and where in memory it may be asked to be. */
static void placement(void)
{
	int fd = open_session(), ret;
	struct xsw_buf_create op = { .size = sizeof(op), .kind = XSW_BUF_KERNEL, .bytes = 5000,
				     .page_offset = 4001, .result = (uintptr_t)&res };
	struct xsw_engine_open open_op = engine_op(XSW_ENGINE_SIM);
	uint32_t engine, src, where;
	unsigned char *at;
	struct xsw_job j;

	open_op.dma_bits = 32;
	CHECK_EQ(engine_open(fd, &open_op), 0);
	engine = res.handle;
	src = kernel_buffer(fd, 8192, (void **)&at);
	fill(at, 8192, 5);
	op.engine = engine;
	for (where = XSW_PLACE_ANY; where <= XSW_PLACE_FOREIGN; where++) {
		op.placement = where;
		ret = issue(fd, XSW_IOC_BUF_CREATE, &op, sizeof(op));
		if (where == XSW_PLACE_ABOVE_MASK && ret == -ENOMEM) {
			CHECK_EQ(res.cause, XSW_CAUSE_NO_MEMORY);
			continue;
		}
		CHECK_EQ(ret, 0);
		at = mmap(NULL, 3 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, (off_t)res.value);
		CHECK(at != MAP_FAILED);
		j = job_op(engine, src, res.handle, 5000);
		j.flags = where & 1 ? XSW_F_SG : XSW_F_SYNC;
		CHECK_EQ(job(fd, &j), 0);
		CHECK(filled(at + 4001, 5000, 5));
		CHECK(at[4000] == 0 && at[9001] == 0);
		if (where == XSW_PLACE_LOW)
			CHECK_EQ(res.dst_reason, XSW_REASON_DIRECT);
		if (where == XSW_PLACE_ABOVE_MASK)
			CHECK_EQ(res.dst_reason, XSW_REASON_BOUNCE_MASK);
		/* Its machine frames may lie beyond the mask, too. */
		if (where == XSW_PLACE_STRADDLE)
			CHECK(res.dst_reason == XSW_REASON_BOUNCE_STRADDLE ||
			      res.dst_reason == XSW_REASON_BOUNCE_MASK);
		if (where == XSW_PLACE_FOREIGN)
			CHECK(res.dst_reason == XSW_REASON_FOREIGN ||
			      res.dst_reason == XSW_REASON_BOUNCE_MASK);
	}
	CHECK_EQ(stats_of(fd, engine).pool_used, 0);

	/* Where there is no flush a device does not get foreign memory, though it reaches it. */
	open_op.dma_bits = 64;
	open_op.flags = XSW_ENGINE_NO_FLUSH;
	CHECK_EQ(engine_open(fd, &open_op), 0);
	op.engine = res.handle;
	op.placement = XSW_PLACE_FOREIGN;
	CHECK_EQ(issue(fd, XSW_IOC_BUF_CREATE, &op, sizeof(op)), 0);
	j = job_op(op.engine, src, res.handle, 5000);
	CHECK_EQ(job(fd, &j), 0);
	CHECK_EQ(res.src_reason, XSW_REASON_DIRECT);
	CHECK_EQ(res.dst_reason, XSW_REASON_BOUNCE_FOREIGN);
	/* And there is nothing that it does not reach. */
	op.placement = XSW_PLACE_ABOVE_MASK;
	CHECK_EQ(issue(fd, XSW_IOC_BUF_CREATE, &op, sizeof(op)), -ENOMEM);
	CHECK_EQ(res.cause, XSW_CAUSE_NO_MEMORY);
}

/* What somebody had before is in nobody's new buffer, wherever that was looked for. */
static void zeroed(void)
{
	enum { NR = 32, EACH = 65536 };
	int fd = open_session(), round, ret;
	struct xsw_buf_create op = { .size = sizeof(op), .kind = XSW_BUF_KERNEL, .bytes = EACH,
				     .result = (uintptr_t)&res };
	struct xsw_engine_open open_op = engine_op(XSW_ENGINE_SIM);
	uint32_t buffer[NR], i, nr;
	unsigned char *at;

	open_op.dma_bits = 32;
	CHECK_EQ(engine_open(fd, &open_op), 0);
	op.engine = res.handle;
	for (op.placement = XSW_PLACE_ANY; op.placement <= XSW_PLACE_FOREIGN; op.placement++) {
		for (round = 0; round < 2; round++) {
			for (nr = 0; nr < NR; nr++) {
				ret = issue(fd, XSW_IOC_BUF_CREATE, &op, sizeof(op));
				if (ret == -ENOMEM && op.placement == XSW_PLACE_ABOVE_MASK)
					break;
				CHECK_EQ(ret, 0);
				buffer[nr] = res.handle;
				at = mmap(NULL, EACH, PROT_READ | PROT_WRITE, MAP_SHARED, fd,
					  (off_t)res.value);
				CHECK(at != MAP_FAILED);
				for (i = 0; i < EACH; i++)
					CHECK_EQ(at[i], 0);
				memset(at, 0xee, EACH);
				CHECK_EQ(munmap(at, EACH), 0);
			}
			while (nr)
				CHECK_EQ(let_go(fd, XSW_IOC_BUF_DESTROY, buffer[--nr]), 0);
		}
	}
}

const struct test memory_tests[] = {
	{ "memory.taken_away", taken_away, false },
	{ "memory.can_not_pin", can_not_pin, false },
	{ "memory.memlock", memlock, false },
	{ "memory.max_pinned", max_pinned, true },
	{ "memory.max_kernel", max_kernel, true },
	{ "memory.result_faults", result_faults, false },
	{ "memory.result_row_faults", result_row_faults, false },
	{ "memory.mmap", mmap_edges, true },
	{ "memory.placement", placement, false },
	{ "memory.zeroed", zeroed, true },
	{ }
};
