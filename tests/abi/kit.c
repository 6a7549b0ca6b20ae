// SPDX-License-Identifier: GPL-2.0
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <time.h>
#include "kit.h"

enum way way;
struct xsw_result res;

void skip(const char *why)
{
	printf("# skipped: %s\n", why);
	fflush(stdout);
	_exit(3);
}

void failed(const char *file, int line, const char *fmt, ...)
{
	va_list args;

	printf("# %s:%d: ", file, line);
	va_start(args, fmt);
	vprintf(fmt, args);
	va_end(args);
	printf("  (last result: status %d cause %u)\n", res.status, res.cause);
	fflush(stdout);
	_exit(1);
}

/* ---- rings ---- */

void ring_open(struct io_uring *ring, unsigned int entries, unsigned int flags)
{
	int err = io_uring_queue_init(entries, ring, flags);

	if (err)
		failed(__FILE__, __LINE__, "io_uring_queue_init(%x): %s", flags, strerror(-err));
}

struct io_uring_sqe *ring_cmd(struct io_uring *ring, int fd, unsigned int cmd, const void *op,
			      size_t size)
{
	struct io_uring_sqe *sqe = io_uring_get_sqe(ring);
	size_t room = ring->flags & IORING_SETUP_SQE128 ? 80 : 16;

	CHECK(sqe);
	memset(sqe, 0, 48 + room);
	sqe->opcode = IORING_OP_URING_CMD;
	sqe->fd = fd;
	sqe->cmd_op = cmd;
	memcpy((char *)sqe + 48, op, size < room ? size : room);
	return sqe;
}

int ring_wait(struct io_uring *ring, uint64_t *user_data)
{
	struct io_uring_cqe *cqe;
	int ret;

	do {
		ret = io_uring_wait_cqe(ring, &cqe);
	} while (ret == -EINTR);
	CHECK_EQ(ret, 0);
	ret = cqe->res;
	if (user_data)
		*user_data = cqe->user_data;
	io_uring_cqe_seen(ring, cqe);
	return ret;
}

/* ---- operations ---- */

int issue_by(enum way how, int fd, unsigned int cmd, const void *op, size_t size)
{
	static struct io_uring ring;
	static pid_t owner;

	if (how == BY_IOCTL) {
		int ret = ioctl(fd, cmd, op);

		return ret < 0 ? -errno : ret;
	}
	/* A ring is not shared with the parent. */
	if (owner != getpid()) {
		ring_open(&ring, 8, IORING_SETUP_SQE128);
		owner = getpid();
	}
	ring_cmd(&ring, fd, cmd, op, size);
	CHECK_EQ(io_uring_submit(&ring), 1);
	return ring_wait(&ring, NULL);
}

int open_session(void)
{
	int fd = open("/dev/" XSW_DEVICE_NAME, O_RDWR);

	if (fd < 0)
		failed(__FILE__, __LINE__, "/dev/%s: %s", XSW_DEVICE_NAME, strerror(errno));
	return fd;
}

struct xsw_stats stats_of(int fd, uint32_t engine)
{
	struct xsw_stats stats = { .size = sizeof(stats) };
	struct xsw_stats_get op = { .size = sizeof(op), .engine = engine,
				    .stats = (uintptr_t)&stats };

	CHECK_EQ(issue_by(BY_IOCTL, fd, XSW_IOC_STATS, &op, sizeof(op)), 0);
	return stats;
}

struct xsw_info info_of(int fd)
{
	struct xsw_info info = { .size = sizeof(info) };
	struct xsw_query op = { .size = sizeof(op), .info = (uintptr_t)&info };

	CHECK_EQ(issue_by(BY_IOCTL, fd, XSW_IOC_QUERY, &op, sizeof(op)), 0);
	return info;
}

struct xsw_engine_open engine_op(uint32_t kind)
{
	return (struct xsw_engine_open){
		.size = sizeof(struct xsw_engine_open), .kind = kind,
		.index = kind == XSW_ENGINE_EDU ? XSW_ANY_INDEX : 0,
		.result = (uintptr_t)&res,
	};
}

int engine_open(int fd, struct xsw_engine_open *op)
{
	memset(&res, 0, sizeof(res));
	return issue(fd, XSW_IOC_ENGINE_OPEN, op, sizeof(*op));
}

uint32_t sim_open(int fd, uint32_t latency_us)
{
	struct xsw_engine_open op = engine_op(XSW_ENGINE_SIM);

	op.latency_us = latency_us;
	CHECK_EQ(engine_open(fd, &op), 0);
	return res.handle;
}

int let_go(int fd, unsigned int cmd, uint32_t handle)
{
	struct xsw_handle op = { .size = sizeof(op), .handle = handle,
				 .result = (uintptr_t)&res };

	memset(&res, 0, sizeof(res));
	return issue(fd, cmd, &op, sizeof(op));
}

uint32_t kernel_buffer(int fd, uint32_t bytes, void **at)
{
	struct xsw_buf_create op = { .size = sizeof(op), .kind = XSW_BUF_KERNEL,
				     .bytes = bytes, .result = (uintptr_t)&res };

	memset(&res, 0, sizeof(res));
	CHECK_EQ(issue(fd, XSW_IOC_BUF_CREATE, &op, sizeof(op)), 0);
	if (at) {
		*at = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, fd, (off_t)res.value);
		CHECK(*at != MAP_FAILED);
	}
	return res.handle;
}

uint32_t placed_buffer(int fd, uint32_t engine, uint32_t bytes, uint32_t placement)
{
	struct xsw_buf_create op = { .size = sizeof(op), .kind = XSW_BUF_KERNEL, .bytes = bytes,
				     .engine = engine, .placement = placement,
				     .result = (uintptr_t)&res };
	int err = issue(fd, XSW_IOC_BUF_CREATE, &op, sizeof(op));

	if (err == -EINVAL && res.cause == XSW_CAUSE_UNSUPPORTED)
		skip("this guest has no such memory");
	CHECK_EQ(err, 0);
	return res.handle;
}

/* Within the reach of any device. */
uint32_t low_buffer(int fd, uint32_t engine, uint32_t bytes, void **at)
{
	uint32_t buffer = placed_buffer(fd, engine, bytes, XSW_PLACE_LOW);

	*at = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, fd, (off_t)res.value);
	CHECK(*at != MAP_FAILED);
	return buffer;
}

uint32_t user_buffer(int fd, void *at, uint64_t bytes)
{
	struct xsw_buf_create op = { .size = sizeof(op), .kind = XSW_BUF_USER, .bytes = bytes,
				     .addr = (uintptr_t)at, .result = (uintptr_t)&res };

	memset(&res, 0, sizeof(res));
	CHECK_EQ(issue(fd, XSW_IOC_BUF_CREATE, &op, sizeof(op)), 0);
	return res.handle;
}

struct xsw_map map_op(uint32_t engine, uint32_t buffer, uint32_t dir, uint64_t len)
{
	return (struct xsw_map){
		.size = sizeof(struct xsw_map), .engine = engine, .buffer = buffer, .dir = dir,
		.len = len, .result = (uintptr_t)&res,
	};
}

int map(int fd, struct xsw_map *op)
{
	memset(&res, 0, sizeof(res));
	return issue(fd, XSW_IOC_MAP, op, sizeof(*op));
}

int unmap(int fd, uint32_t mapping)
{
	struct xsw_unmap op = { .size = sizeof(op), .mapping = mapping,
				.result = (uintptr_t)&res };

	memset(&res, 0, sizeof(res));
	return issue(fd, XSW_IOC_UNMAP, &op, sizeof(op));
}

int transfer(int fd, uint32_t mapping, uint32_t kind, uint64_t offset, uint64_t len,
	     uint64_t dev_offset)
{
	struct xsw_transfer op = { .size = sizeof(op), .mapping = mapping, .kind = kind,
				   .offset = offset, .len = len, .dev_offset = dev_offset,
				   .result = (uintptr_t)&res };

	memset(&res, 0, sizeof(res));
	return issue(fd, XSW_IOC_TRANSFER, &op, sizeof(op));
}

struct xsw_job job_op(uint32_t engine, uint32_t src, uint32_t dst, uint32_t len)
{
	return (struct xsw_job){
		.size = sizeof(struct xsw_job), .engine = engine, .len = len,
		.src_buffer = src, .dst_buffer = dst,
		.src_dir = XSW_TO_DEVICE, .dst_dir = XSW_FROM_DEVICE,
		.result = (uintptr_t)&res,
	};
}

int job(int fd, struct xsw_job *op)
{
	memset(&res, 0, sizeof(res));
	return issue(fd, XSW_IOC_JOB, op, sizeof(*op));
}

/* What a device is told first it does first: the second job takes what the first has brought. */
void runs_in_order(int fd, uint32_t engine)
{
	enum { LEN = 2048 };
	struct io_uring ring;
	unsigned char *at[3];
	uint32_t buffer[3];
	struct xsw_job j;

	for (int i = 0; i < 3; i++)
		buffer[i] = low_buffer(fd, engine, 2 * LEN, (void **)&at[i]);
	fill(at[0], LEN, 11);
	ring_open(&ring, 4, IORING_SETUP_SQE128);
	/* The first may have been begun before there is a second. */
	for (int i = 0; i < 3; i++) {
		j = job_op(engine, buffer[i ? i - 1 : 0], buffer[i ? i : 2], LEN);
		j.dst_offset = i ? 0 : LEN;
		j.result = 0;
		ring_cmd(&ring, fd, XSW_IOC_JOB, &j, sizeof(j));
	}
	CHECK_EQ(io_uring_submit(&ring), 3);
	for (int i = 0; i < 3; i++)
		CHECK_EQ(ring_wait(&ring, NULL), 0);
	io_uring_queue_exit(&ring);
	CHECK(filled(at[2], LEN, 11));
	for (int i = 0; i < 3; i++) {
		CHECK_EQ(munmap(at[i], 2 * LEN), 0);
		CHECK_EQ(let_go(fd, XSW_IOC_BUF_DESTROY, buffer[i]), 0);
	}
}

/* ---- memory, time ---- */

void *pages(size_t bytes)
{
	void *at = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	CHECK(at != MAP_FAILED);
	memset(at, 0, bytes);
	return at;
}

static unsigned char pattern(size_t i, unsigned int seed)
{
	return (unsigned char)((i * 2654435761u + seed * 40503u) >> 11);
}

void fill(void *at, size_t bytes, unsigned int seed)
{
	for (size_t i = 0; i < bytes; i++)
		((unsigned char *)at)[i] = pattern(i, seed);
}

bool filled(const void *at, size_t bytes, unsigned int seed)
{
	for (size_t i = 0; i < bytes; i++)
		if (((const unsigned char *)at)[i] != pattern(i, seed))
			return false;
	return true;
}

double now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec + (double)ts.tv_nsec * 1e-9;
}

/* Who uses the module: one for every open file. */
long module_refs(void)
{
	char text[32] = "";
	int fd = open("/sys/module/xswiotlb/refcnt", O_RDONLY);

	CHECK(fd >= 0);
	CHECK(read(fd, text, sizeof(text) - 1) > 0);
	close(fd);
	return atol(text);
}
