// SPDX-License-Identifier: GPL-2.0
/* What only io_uring has: rings of the wrong kind, registered buffers, vectors that wait. */
#include <stdlib.h>
#include <sys/mman.h>
#include "kit.h"

static int one(struct io_uring *ring, int fd, unsigned int cmd, const void *op, size_t size,
	       uint32_t cmd_flags)
{
	ring_cmd(ring, fd, cmd, op, size)->rw_flags = (int)cmd_flags;
	CHECK_EQ(io_uring_submit(ring), 1);
	return ring_wait(ring, NULL);
}

/* 16 bytes are not enough, and what lies behind them is another submission. */
static void short_sqe(void)
{
	struct xsw_nop op = { .size = sizeof(op) };
	int fd = open_session();
	struct io_uring ring;

	ring_open(&ring, 4, 0);
	CHECK_EQ(one(&ring, fd, XSW_IOC_NOP, &op, sizeof(op), 0), -EINVAL);
	io_uring_queue_exit(&ring);
	ring_open(&ring, 4, IORING_SETUP_SQE128);
	CHECK_EQ(one(&ring, fd, XSW_IOC_NOP, &op, sizeof(op), 0), 0);
	io_uring_queue_exit(&ring);
	/* A longer completion does no harm. */
	ring_open(&ring, 4, IORING_SETUP_SQE128 | IORING_SETUP_CQE32);
	CHECK_EQ(one(&ring, fd, XSW_IOC_NOP, &op, sizeof(op), 0), 0);
	io_uring_queue_exit(&ring);
}

static void iopoll(void)
{
	struct xsw_nop op = { .size = sizeof(op) };
	int fd = open_session(), ret;
	struct io_uring ring;

	ring_open(&ring, 4, IORING_SETUP_SQE128 | IORING_SETUP_IOPOLL);
	ret = one(&ring, fd, XSW_IOC_NOP, &op, sizeof(op), 0);
	/* Refused, or since 7.0 not polled for. */
	CHECK(ret == -EOPNOTSUPP || ret == 0);
	io_uring_queue_exit(&ring);
}

/* Several answers to one command are not what there is; since 7.0 io_uring asks us. */
static void multishot(void)
{
	struct xsw_nop op = { .size = sizeof(op) };
	int fd = open_session(), ret;
	struct io_uring_sqe *sqe;
	struct io_uring ring;

	ring_open(&ring, 4, IORING_SETUP_SQE128);
	sqe = ring_cmd(&ring, fd, XSW_IOC_NOP, &op, sizeof(op));
	sqe->rw_flags = 1 << 1;
	sqe->flags |= IOSQE_BUFFER_SELECT;
	CHECK_EQ(io_uring_submit(&ring), 1);
	alarm(20);
	ret = ring_wait(&ring, NULL);
	alarm(0);
	CHECK(ret == -EINVAL || ret == -EOPNOTSUPP);
	io_uring_queue_exit(&ring);
}

/* Every way that a ring may submit and complete. */
static void kinds_of_ring(void)
{
	static const unsigned int kinds[] = {
		0, IORING_SETUP_SQPOLL, IORING_SETUP_COOP_TASKRUN, IORING_SETUP_SINGLE_ISSUER,
		IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN,
	};
	static const uint32_t latency[] = { 0, 500 };
	unsigned char *a = pages(65536), *b = pages(65536);
	int fd = open_session();
	uint32_t src = user_buffer(fd, a, 65536), dst = user_buffer(fd, b, 65536);
	size_t i, k;

	for (i = 0; i < ARRAY_SIZE(kinds); i++) {
		for (k = 0; k < 4; k++) {
			uint32_t engine = sim_open(fd, latency[k % 2]), n;
			struct xsw_result each[16];
			struct io_uring ring;

			ring_open(&ring, 16, kinds[i] | IORING_SETUP_SQE128);
			fill(a, 65536, (unsigned int)(i * 4 + k));
			memset(b, 0, 65536);
			for (n = 0; n < 16; n++) {
				struct xsw_job j = job_op(engine, src, dst, 4096);
				struct io_uring_sqe *sqe;

				j.src_offset = j.dst_offset = n * 4096;
				j.result = (uintptr_t)&each[n];
				sqe = ring_cmd(&ring, fd, XSW_IOC_JOB, &j, sizeof(j));
				/* By a worker, too. */
				if (k >= 2)
					sqe->flags |= IOSQE_ASYNC;
			}
			CHECK_EQ(io_uring_submit(&ring), 16);
			for (n = 0; n < 16; n++)
				CHECK_EQ(ring_wait(&ring, NULL), 0);
			for (n = 0; n < 16; n++)
				CHECK_EQ(each[n].status, 0);
			CHECK(!memcmp(a, b, 65536));
			io_uring_queue_exit(&ring);
			CHECK_EQ(let_go(fd, XSW_IOC_ENGINE_CLOSE, engine), 0);
		}
	}
}

static void fixed_with(uint32_t latency_us, bool by_vector)
{
	const size_t room = 1 << 20;
	unsigned char *mem = pages(room);
	struct iovec iov = { mem, room };
	int fd = open_session(), ret;
	uint32_t engine = sim_open(fd, latency_us), buffer = kernel_buffer(fd, 65536, NULL), i;
	uint64_t base = (uintptr_t)mem;
	struct io_uring ring;

	ring_open(&ring, 16, IORING_SETUP_SQE128);
	CHECK_EQ(io_uring_register_buffers(&ring, &iov, 1), 0);

	struct edge {
		uint32_t	cmd_flags, src_buffer, dst_buffer;
		uint64_t	src, dst;
		uint32_t	len;
		int		err;
		uint8_t		cause;
	} edges[] = {
		{ 1, 0, 0, base, base + 65536, 65536, 0, 0 },
		{ 1, 0, 0, base + 13, base + 300001, 250000, 0, 0 },
		{ 1, 0, 0, base + room - 5000, base + 4095, 5000, 0, 0 },
		{ 0, 0, 0, base, base + 65536, 4096, EINVAL, XSW_CAUSE_BAD_VALUE },
		{ 1, buffer, 0, base, base + 65536, 4096, EINVAL, XSW_CAUSE_BAD_VALUE },
		{ 1, 0, buffer, base, base + 65536, 4096, EINVAL, XSW_CAUSE_BAD_VALUE },
		{ 1, 0, 0, base, base + 4095, 4096, EINVAL, XSW_CAUSE_BAD_VALUE },
		{ 1, 0, 0, base, base, 4096, EINVAL, XSW_CAUSE_BAD_VALUE },
		{ 1, 0, 0, base - 1, base + 65536, 4096, ERANGE, XSW_CAUSE_OUT_OF_RANGE },
		{ 1, 0, 0, base, base + room - 4095, 4096, ERANGE, XSW_CAUSE_OUT_OF_RANGE },
		{ 1, 0, 0, base, base + room, 4096, ERANGE, XSW_CAUSE_OUT_OF_RANGE },
		{ 1, 0, 0, 0, base, 4096, ERANGE, XSW_CAUSE_OUT_OF_RANGE },
		{ 1, 0, 0, base, ~0ULL, 4096, ERANGE, XSW_CAUSE_OUT_OF_RANGE },
		{ 1, 0, 0, ~0ULL - 2, base, 4096, ERANGE, XSW_CAUSE_OUT_OF_RANGE },
		{ 1, 0, 0, 1ULL << 63, base, 4096, ERANGE, XSW_CAUSE_OUT_OF_RANGE },
		{ 1, 0, 0, base, base + 65536, 0, EINVAL, XSW_CAUSE_BAD_VALUE },
	};
	for (i = 0; i < ARRAY_SIZE(edges); i++) {
		const struct edge *e = &edges[i];
		struct xsw_job j = job_op(engine, e->src_buffer, e->dst_buffer, e->len);
		struct xsw_jobv v = { .size = sizeof(v), .nr = 1, .stride = sizeof(j),
				      .jobs = (uintptr_t)&j };

		j.flags = XSW_F_FIXED | (i & 1 ? XSW_F_SG : 0) | (i & 2 ? XSW_F_SYNC : 0);
		j.src_offset = e->src;
		j.dst_offset = e->dst;
		if (!e->err) {
			memset(mem, 0xa5, room);
			fill((void *)(uintptr_t)e->src, e->len, i);
		}
		memset(&res, 0xee, sizeof(res));
		ret = by_vector ? one(&ring, fd, XSW_IOC_JOBV, &v, sizeof(v), e->cmd_flags) :
				  one(&ring, fd, XSW_IOC_JOB, &j, sizeof(j), e->cmd_flags);
		if ((by_vector ? ret != !e->err : ret != -e->err) || res.status != -e->err ||
		    res.cause != e->cause)
			failed(__FILE__, __LINE__, "case %u: returns %d", i, ret);
		if (!e->err) {
			CHECK(filled((void *)(uintptr_t)e->dst, e->len, i));
			CHECK(mem[e->dst - base + e->len] == 0xa5 || e->dst + e->len > e->src);
		}
	}
	/* No such registered buffer. */
	{
		struct xsw_job j = job_op(engine, 0, 0, 64);
		struct io_uring_sqe *sqe;

		j.flags = XSW_F_FIXED;
		sqe = ring_cmd(&ring, fd, XSW_IOC_JOB, &j, sizeof(j));
		sqe->rw_flags = 1;
		sqe->buf_index = 7;
		CHECK_EQ(io_uring_submit(&ring), 1);
		ret = ring_wait(&ring, NULL);
		/* Refused by io_uring, or since 7.0 only when the module asks for it. */
		CHECK(ret == -EFAULT || ret == -ERANGE);
	}
	/* Buffers may be unregistered while a job has them: they stay for as long. */
	{
		struct xsw_job j = job_op(engine, 0, 0, 4096);

		j.flags = XSW_F_FIXED;
		j.src_offset = base;
		j.dst_offset = base + 65536;
		fill(mem, 4096, 77);
		ring_cmd(&ring, fd, XSW_IOC_JOB, &j, sizeof(j))->rw_flags = 1;
		CHECK_EQ(io_uring_submit(&ring), 1);
		if (latency_us < 1000)
			CHECK_EQ(ring_wait(&ring, NULL), 0);
		CHECK_EQ(io_uring_unregister_buffers(&ring), 0);
		if (latency_us >= 1000)
			CHECK_EQ(ring_wait(&ring, NULL), 0);
		CHECK(filled(mem + 65536, 4096, 77));
	}
	CHECK_EQ(stats_of(fd, engine).pool_used, 0);
	CHECK_EQ(stats_of(fd, 0).session_pinned, 0);
	io_uring_queue_exit(&ring);
}

static void fixed(void)
{
	fixed_with(0, false);
	fixed_with(0, true);
}

static void fixed_later(void)
{
	fixed_with(5000, false);
	fixed_with(5000, true);
}

static void fixed_by_ioctl(void)
{
	int fd = open_session();
	uint32_t engine = sim_open(fd, 0);
	struct xsw_job j = job_op(engine, 0, 0, 4096);
	unsigned char *mem = pages(8192);

	j.flags = XSW_F_FIXED;
	j.src_offset = (uintptr_t)mem;
	j.dst_offset = (uintptr_t)mem + 4096;
	CHECK_EQ(issue_by(BY_IOCTL, fd, XSW_IOC_JOB, &j, sizeof(j)), -EINVAL);
	CHECK_EQ(res.cause, XSW_CAUSE_BAD_VALUE);
}

/* Huge pages: bvecs longer than a page where the kernel joins them. */
static void fixed_huge(void)
{
	const size_t room = 4 << 20;
	unsigned char *mem = mmap(NULL, 2 * room, PROT_READ | PROT_WRITE,
				  MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	struct iovec iov;
	struct io_uring ring;
	int fd = open_session();
	uint32_t engine = sim_open(fd, 0), i;

	CHECK(mem != MAP_FAILED);
	mem = (void *)(((uintptr_t)mem + (2 << 20) - 1) & ~(uintptr_t)((2 << 20) - 1));
	madvise(mem, room, MADV_HUGEPAGE);
	memset(mem, 0, room);
	iov = (struct iovec){ mem + 4096 * 3 + 5, room - 4096 * 3 - 5 };
	ring_open(&ring, 4, IORING_SETUP_SQE128);
	CHECK_EQ(io_uring_register_buffers(&ring, &iov, 1), 0);
	for (i = 0; i < 8; i++) {
		struct xsw_job j = job_op(engine, 0, 0, 1 << 20);
		uint64_t src = (uintptr_t)iov.iov_base + i * 4099;
		uint64_t dst = (uintptr_t)iov.iov_base + (2 << 20) + i * 8191 - 20000;

		j.flags = XSW_F_FIXED | (i & 1 ? XSW_F_SG : 0);
		j.src_offset = src;
		j.dst_offset = dst;
		fill((void *)(uintptr_t)src, 1 << 20, i);
		CHECK_EQ(one(&ring, fd, XSW_IOC_JOB, &j, sizeof(j), 1), 0);
		CHECK(filled((void *)(uintptr_t)dst, 1 << 20, i));
	}
	io_uring_queue_exit(&ring);
}

/* ---- vectors on a device that takes its time ---- */

static void vector_waits(void)
{
	enum { NR = 256 };
	static struct xsw_result each[NR];
	static struct xsw_job jobs[NR];
	struct xsw_jobv op = { .size = sizeof(op), .nr = NR, .stride = sizeof(*jobs),
			       .jobs = (uintptr_t)jobs, .result = (uintptr_t)&res };
	int fd = open_session();
	uint32_t engine = sim_open(fd, 20000), src, dst, i;
	unsigned char *a, *b;
	double start;

	src = kernel_buffer(fd, NR * 1024, (void **)&a);
	dst = kernel_buffer(fd, NR * 1024, (void **)&b);
	fill(a, NR * 1024, 6);
	memset(each, 0xee, sizeof(each));
	for (i = 0; i < NR; i++) {
		jobs[i] = job_op(engine, src, dst, 1024);
		jobs[i].src_offset = jobs[i].dst_offset = i * 1024;
		jobs[i].result = (uintptr_t)&each[i];
		jobs[i].flags = XSW_F_TIMES;
		if (i % 10 == 3)
			jobs[i].dst_offset = NR * 1024;
	}
	start = now();
	CHECK_EQ(issue(fd, XSW_IOC_JOBV, &op, sizeof(op)), NR - 26);
	CHECK(now() - start >= 0.02);
	CHECK_EQ(res.status, -ERANGE);
	CHECK_EQ(res.bytes, (NR - 26) * 1024);
	for (i = 0; i < NR; i++) {
		if (i % 10 == 3) {
			CHECK_EQ(each[i].status, -ERANGE);
			continue;
		}
		CHECK_EQ(each[i].status, 0);
		CHECK(each[i].xfer_ns >= 20000000);
		CHECK(!memcmp(a + i * 1024, b + i * 1024, 1024));
	}
}

/* More than a queue holds: the rest is told to come again. */
static void queue_is_full(void)
{
	int fd = open_session();
	uint32_t engine = sim_open(fd, 1000000), a = kernel_buffer(fd, 4096, NULL),
		 b = kernel_buffer(fd, 5000 * 64, NULL), i;
	unsigned int busy = 0, done = 0;
	struct xsw_job j = job_op(engine, a, b, 64);
	struct io_uring ring;
	double start = now();

	j.result = 0;
	ring_open(&ring, 8192, IORING_SETUP_SQE128);
	for (i = 0; i < 5000; i++) {
		j.dst_offset = i * 64;
		ring_cmd(&ring, fd, XSW_IOC_JOB, &j, sizeof(j));
		if (i % 128 == 127 || i == 4999)
			CHECK(io_uring_submit(&ring) > 0);
	}
	if (now() - start > 0.9)
		skip("this machine is too slow to fill a queue in a second");
	for (i = 0; i < 5000; i++) {
		int ret = ring_wait(&ring, NULL);

		CHECK(ret == 0 || ret == -EBUSY);
		if (ret)
			busy++;
		else
			done++;
	}
	CHECK_EQ(done, 4096);
	CHECK_EQ(busy, 904);
	io_uring_queue_exit(&ring);
}

const struct test ring_tests[] = {
	{ "ring.short_sqe", short_sqe, true },
	{ "ring.iopoll", iopoll, true },
	{ "ring.multishot", multishot, true },
	{ "ring.kinds", kinds_of_ring, true },
	{ "ring.fixed", fixed, true },
	{ "ring.fixed_later", fixed_later, true },
	{ "ring.fixed_by_ioctl", fixed_by_ioctl, true },
	{ "ring.fixed_huge", fixed_huge, true },
	{ "ring.vector_waits", vector_waits, false },
	{ "ring.queue_is_full", queue_is_full, true },
	{ }
};
