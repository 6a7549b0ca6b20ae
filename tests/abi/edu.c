// SPDX-License-Identifier: GPL-2.0
/* The real device: what it does, who may have it, and when it answers no more. */
#include <dirent.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include "kit.h"

static int session_with_edu(void)
{
	int fd = open_session();

	if (!info_of(fd).nr_edu)
		skip("no edu device");
	return fd;
}

static uint32_t edu_open_bits(int fd, uint32_t ops, uint32_t dma_bits)
{
	struct xsw_engine_open op = engine_op(XSW_ENGINE_EDU);

	op.ops = ops;
	op.dma_bits = dma_bits;
	CHECK_EQ(engine_open(fd, &op), 0);
	return res.handle;
}

static uint32_t edu_open(int fd, uint32_t ops)
{
	return edu_open_bits(fd, ops, 0);
}

static void moves(void)
{
	int fd = session_with_edu(), ops;
	unsigned char *a = pages(65536), *b = pages(65536);

	for (ops = XSW_OPS_OURS; ops <= XSW_OPS_KERNEL; ops++) {
		uint32_t engine = edu_open(fd, (uint32_t)ops), src, dst;
		static const uint32_t lens[] = { 1, 4095, 4096, 10000 };
		struct xsw_job j;
		uint32_t mapping;
		struct xsw_map m;
		size_t i;

		CHECK_EQ(res.value, 65536);
		src = user_buffer(fd, a, 65536);
		dst = user_buffer(fd, b, 65536);
		for (i = 0; i < ARRAY_SIZE(lens); i++) {
			j = job_op(engine, src, dst, lens[i]);
			j.src_offset = 1 + i * 13;
			j.dst_offset = 2 + i;
			j.flags = XSW_F_TIMES | (i & 1 ? XSW_F_SG : 0);
			fill(a + j.src_offset, lens[i], (unsigned int)i);
			memset(b, 0xa5, 65536);
			CHECK_EQ(job(fd, &j), 0);
			CHECK_EQ(res.bytes, lens[i]);
			CHECK(res.xfer_ns > 100000000);
			CHECK(filled(b + j.dst_offset, lens[i], (unsigned int)i));
			CHECK(b[j.dst_offset - 1] == 0xa5 && b[j.dst_offset + lens[i]] == 0xa5);
			CHECK(ops == XSW_OPS_KERNEL ? res.src_reason >= XSW_REASON_KERNEL_DIRECT :
						      res.src_reason < XSW_REASON_KERNEL_DIRECT);
		}
		j.len = 65537;
		CHECK_EQ(job(fd, &j), -EINVAL);

		m = map_op(engine, src, XSW_BIDIRECTIONAL, 8192);
		CHECK_EQ(map(fd, &m), 0);
		mapping = res.handle;
		CHECK_EQ(transfer(fd, mapping, XSW_DEVICE_READS, 1, 100, 3995), 0);
		CHECK_EQ(transfer(fd, mapping, XSW_DEVICE_WRITES, 5000, 100, 3995), 0);
		CHECK_EQ(transfer(fd, mapping, XSW_DEVICE_READS, 0, 4096, 0), -ERANGE);
		CHECK_EQ(transfer(fd, mapping, XSW_DEVICE_READS, 0, 1, 4095), -ERANGE);
		CHECK_EQ(unmap(fd, mapping), 0);
		CHECK(!memcmp(a + 1, a + 5000, 100));
		runs_in_order(fd, engine);
		CHECK_EQ(let_go(fd, XSW_IOC_BUF_DESTROY, src), 0);
		CHECK_EQ(let_go(fd, XSW_IOC_BUF_DESTROY, dst), 0);
		CHECK_EQ(let_go(fd, XSW_IOC_ENGINE_CLOSE, engine), 0);
	}
}

static void exclusive(void)
{
	int fd = session_with_edu(), other = open_session();
	uint32_t nr = info_of(fd).nr_edu, i;
	struct xsw_engine_open op = engine_op(XSW_ENGINE_EDU);

	for (i = 0; i < nr; i++) {
		op.index = i;
		CHECK_EQ(engine_open(i & 1 ? other : fd, &op), 0);
	}
	CHECK_EQ(engine_open(other, &op), -EBUSY);
	CHECK_EQ(res.cause, XSW_CAUSE_BUSY);
	op.index = XSW_ANY_INDEX;
	CHECK_EQ(engine_open(other, &op), -EBUSY);
	op.index = nr;
	CHECK_EQ(engine_open(other, &op), -ENODEV);
	CHECK_EQ(res.cause, XSW_CAUSE_NO_DEVICE);
	close(fd);
	op.index = 0;
	CHECK_EQ(engine_open(other, &op), 0);
}

/*
 * More than it could do in minutes is not taken, and what it has done counts no more: of 64 jobs of
 * 34 pieces, 2048 pieces are 60. What is queued goes with the process.
 */
static void takes_2048_pieces(int fd, uint32_t engine)
{
	unsigned char *a, *b;
	uint32_t src = low_buffer(fd, engine, 65536, (void **)&a),
		 dst[2] = { low_buffer(fd, engine, 32 * 65536, (void **)&b),
			    low_buffer(fd, engine, 32 * 65536, (void **)&b) }, i;
	struct io_uring ring;
	int busy = 0;

	ring_open(&ring, 64, IORING_SETUP_SQE128);
	for (i = 0; i < 64; i++) {
		struct xsw_job j = job_op(engine, src, dst[i % 2], 65536);

		j.dst_offset = i / 2 * 65536;
		j.result = 0;
		ring_cmd(&ring, fd, XSW_IOC_JOB, &j, sizeof(j));
	}
	CHECK_EQ(io_uring_submit(&ring), 64);
	/* The others take seconds. */
	for (i = io_uring_cq_ready(&ring); i; i--)
		busy += ring_wait(&ring, NULL) == -EBUSY;
	CHECK_EQ(busy, 4);
}

static void queue(void)
{
	int fd = session_with_edu();
	uint32_t engine = edu_open(fd, XSW_OPS_OURS);
	unsigned char *at;
	uint32_t buffer = low_buffer(fd, engine, 2 * 32768, (void **)&at);
	struct xsw_job j = job_op(engine, buffer, buffer, 32768);

	j.dst_offset = 32768;
	CHECK_EQ(job(fd, &j), 0);
	takes_2048_pieces(fd, engine);
}

/* ---- taken away ---- */

static void put_text(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY);

	if (fd < 0 || write(fd, text, strlen(text)) < 0)
		failed(__FILE__, __LINE__, "%s to %s: %s", text, path, strerror(errno));
	close(fd);
}

#define DRIVER_NAME	"xswiotlb"
#define DRIVER	"/sys/bus/pci/drivers/" DRIVER_NAME

static int has_address(const struct dirent *entry)
{
	return strchr(entry->d_name, ':') != NULL;
}

/*
 * Their numbers are in the order of their addresses, as each gets the least that is free. One alone is
 * taken away, as to bind one takes half a minute where every access is checked.
 */
static char *first_name(void)
{
	static char name[32];
	struct dirent **names;
	int n = scandir(DRIVER, &names, has_address, alphasort);

	CHECK(n > 0);
	snprintf(name, sizeof(name), "%.31s", names[0]->d_name);
	return name;
}

static uint32_t first_edu(int fd, uint32_t flags)
{
	struct xsw_engine_open op = engine_op(XSW_ENGINE_EDU);

	op.index = 0;
	op.flags = flags;
	CHECK_EQ(engine_open(fd, &op), 0);
	return res.handle;
}

static void *unbind(void *name)
{
	put_text(DRIVER "/unbind", name);
	return NULL;
}

static void bind_again(const char *name)
{
	put_text(DRIVER "/bind", name);
}

static void removed(void)
{
	/* Of eight pieces, so that the device goes in the middle of one. */
	enum { EACH = 16000 };
	char *name = first_name();
	int fd = session_with_edu(), i, ret;
	uint32_t engine = first_edu(fd, 0), quarantined = stats_of(fd, 0).nr_quarantined;
	uint64_t used = stats_of(fd, 0).pool_used;
	uint32_t nr = info_of(fd).nr_edu;
	unsigned char *a, *b;
	uint32_t src = low_buffer(fd, engine, EACH, (void **)&a),
		 dst = low_buffer(fd, engine, 8 * EACH, (void **)&b), mapping;
	struct xsw_map m = map_op(engine, src, XSW_TO_DEVICE, 4096);
	struct xsw_job j = job_op(engine, src, dst, EACH);
	struct xsw_engine_open op = engine_op(XSW_ENGINE_EDU);
	struct xsw_result r[8];
	struct io_uring ring;
	pthread_t thread;

	fill(a, EACH, 6);
	CHECK_EQ(map(fd, &m), 0);
	mapping = res.handle;
	ring_open(&ring, 8, IORING_SETUP_SQE128);
	for (i = 0; i < 8; i++) {
		j.result = (uintptr_t)&r[i];
		j.dst_offset = (uint64_t)i * EACH;
		ring_cmd(&ring, fd, XSW_IOC_JOB, &j, sizeof(j))->user_data = (uint64_t)i;
	}
	CHECK_EQ(io_uring_submit(&ring), 8);
	usleep(50000);
	CHECK_EQ(pthread_create(&thread, NULL, unbind, name), 0);
	for (i = 0; i < 8; i++) {
		uint64_t which;

		ret = ring_wait(&ring, &which);
		CHECK(ret == -ENODEV || (ret == 0 && filled(b + which * EACH, EACH, 6)));
	}
	pthread_join(thread, NULL);
	CHECK_EQ(info_of(fd).nr_edu, nr - 1);
	op.index = 0;
	j.result = (uintptr_t)&res;
	CHECK_EQ(job(fd, &j), -ENODEV);
	CHECK_EQ(res.cause, XSW_CAUSE_NO_DEVICE);
	CHECK_EQ(map(fd, &m), -ENODEV);
	CHECK_EQ(transfer(fd, mapping, XSW_DEVICE_READS, 0, 1, 0), -ENODEV);
	CHECK_EQ(engine_open(fd, &op), -ENODEV);
	CHECK_EQ(unmap(fd, mapping), -ENODEV);
	CHECK_EQ(unmap(fd, mapping), -ESTALE);
	CHECK_EQ(stats_of(fd, 0).nr_quarantined, quarantined);
	CHECK_EQ(stats_of(fd, 0).pool_used, used);
	CHECK_EQ(let_go(fd, XSW_IOC_BUF_DESTROY, src), 0);
	CHECK_EQ(let_go(fd, XSW_IOC_ENGINE_CLOSE, engine), 0);
	bind_again(name);
	CHECK_EQ(info_of(fd).nr_edu, nr);
	engine = first_edu(fd, 0);
	j = job_op(engine, low_buffer(fd, engine, 4096, (void **)&a), dst, 4000);
	CHECK_EQ(job(fd, &j), 0);
}

struct counting {
	int		fd;
	uint32_t	engine;
	bool		over;
};

static void *count(void *arg)
{
	struct counting *c = arg;

	while (!__atomic_load_n(&c->over, __ATOMIC_RELAXED))
		stats_of(c->fd, c->engine);
	return NULL;
}

/* Its counters are read while it goes: KERNEL=debug would tell of it if they were not there any more. */
static void removed_while_counted(void)
{
	int fd = session_with_edu(), i;
	double limit = now() + 20;

	for (i = 0; i < 10 && now() < limit; i++) {
		char *name = first_name();
		struct counting c = { .fd = fd, .engine = first_edu(fd, 0) };
		void *at;
		uint32_t buffer = low_buffer(fd, c.engine, 4096, &at);
		struct xsw_map m = map_op(c.engine, buffer, XSW_TO_DEVICE, 4096);
		pthread_t thread;

		CHECK_EQ(map(fd, &m), 0);
		CHECK_EQ(unmap(fd, res.handle), 0);
		CHECK_EQ(let_go(fd, XSW_IOC_BUF_DESTROY, buffer), 0);
		CHECK_EQ(stats_of(fd, c.engine).unmaps, 1);
		CHECK_EQ(pthread_create(&thread, NULL, count, &c), 0);
		usleep(10000);
		unbind(name);
		__atomic_store_n(&c.over, true, __ATOMIC_RELAXED);
		pthread_join(thread, NULL);
		CHECK_EQ(stats_of(fd, c.engine).unmaps, 0);
		CHECK_EQ(let_go(fd, XSW_IOC_ENGINE_CLOSE, c.engine), 0);
		bind_again(name);
	}
}

/*
 * A job has completed, and its device goes before anybody has looked at it: what it has moved must be
 * where it belongs, or the job has failed.
 */
static void reaped_after(uint32_t flags)
{
	struct xsw_sync sync = { .size = sizeof(sync), .target = XSW_SYNC_FOR_CPU, .len = 4000 };
	char *name = first_name();
	unsigned char *a, *b, *c;
	int fd = session_with_edu(), ret;
	uint32_t engine = first_edu(fd, XSW_ENGINE_FORCE_BOUNCE),
		 src = low_buffer(fd, engine, 4096, (void **)&a),
		 dst = low_buffer(fd, engine, 4096, (void **)&b),
		 other = low_buffer(fd, engine, 4096, (void **)&c);
	struct xsw_map m = map_op(engine, other, XSW_FROM_DEVICE, 4000);
	struct xsw_job j = job_op(engine, src, dst, 4000);
	struct io_uring ring;
	pthread_t thread;

	CHECK_EQ(map(fd, &m), 0);
	sync.mapping = res.handle;
	j.result = 0;
	j.flags = flags;
	fill(a, 4000, 3 + flags);
	/* Completions wait until they are asked for. */
	ring_open(&ring, 4, IORING_SETUP_SQE128 | IORING_SETUP_SINGLE_ISSUER |
			    IORING_SETUP_DEFER_TASKRUN);
	ring_cmd(&ring, fd, XSW_IOC_JOB, &j, sizeof(j));
	CHECK_EQ(io_uring_submit(&ring), 1);
	usleep(400000);
	CHECK_EQ(pthread_create(&thread, NULL, unbind, name), 0);
	/* The device is about to go, and has not gone yet. */
	while (!issue_by(BY_IOCTL, fd, XSW_IOC_SYNC, &sync, sizeof(sync)))
		;
	ret = ring_wait(&ring, NULL);
	CHECK(ret == -ENODEV || (ret == 0 && filled(b, 4000, 3 + flags)));
	pthread_join(thread, NULL);
	io_uring_queue_exit(&ring);
	CHECK_EQ(unmap(fd, sync.mapping), -ENODEV);
	bind_again(name);
}

static void removed_before_reaped(void)
{
	reaped_after(XSW_F_SYNC);
}

static void removed_before_unmapped(void)
{
	reaped_after(0);
}

/*
 * One that has not been given up. It reaches all of memory: slots of the pool would stay used for
 * good.
 */
static uint32_t edu_open_next(int fd, struct xsw_engine_open *op)
{
	int err;

	*op = engine_op(XSW_ENGINE_EDU);
	op->dma_bits = 64;
	for (op->index = 0; (err = engine_open(fd, op)) == -ENODEV; op->index++)
		CHECK(op->index < info_of(fd).nr_edu);
	CHECK_EQ(err, 0);
	return res.handle;
}

/* With edu_timeout_ms below the 100 ms that a transfer takes. */
static void timed_out(uint32_t placement)
{
	int fd = session_with_edu(), i;
	uint32_t quarantined = stats_of(fd, 0).nr_quarantined;
	struct xsw_engine_open op;
	uint32_t engine = edu_open_next(fd, &op);
	uint32_t src = placed_buffer(fd, engine, 8192, placement),
		 dst = placed_buffer(fd, engine, 8192, placement);
	struct xsw_job j = job_op(engine, src, dst, 2000);
	struct xsw_map m = map_op(engine, src, XSW_TO_DEVICE, 2000);
	struct xsw_result r[4];
	struct io_uring ring;
	int timeouts = 0;

	ring_open(&ring, 4, IORING_SETUP_SQE128);
	for (i = 0; i < 4; i++) {
		j.result = (uintptr_t)&r[i];
		j.dst_offset = (uint64_t)i * 2048;
		ring_cmd(&ring, fd, XSW_IOC_JOB, &j, sizeof(j));
	}
	CHECK_EQ(io_uring_submit(&ring), 4);
	for (i = 0; i < 4; i++) {
		int ret = ring_wait(&ring, NULL);

		timeouts += ret == -ETIMEDOUT;
		CHECK(ret == -ETIMEDOUT || ret == -ENODEV);
	}
	CHECK_EQ(timeouts, 1);
	for (i = 0; i < 4; i++)
		CHECK(r[i].cause == XSW_CAUSE_TIMEOUT || r[i].cause == XSW_CAUSE_NO_DEVICE);
	CHECK(stats_of(fd, 0).nr_quarantined >= quarantined + 2);
	j.result = (uintptr_t)&res;
	CHECK_EQ(job(fd, &j), -ENODEV);
	CHECK_EQ(map(fd, &m), -ENODEV);
	/* Its buffers can be let go; their memory is not used again. */
	CHECK_EQ(let_go(fd, XSW_IOC_BUF_DESTROY, src), 0);
	CHECK_EQ(let_go(fd, XSW_IOC_BUF_DESTROY, dst), 0);
	CHECK_EQ(let_go(fd, XSW_IOC_ENGINE_CLOSE, engine), 0);
	CHECK_EQ(engine_open(fd, &op), -ENODEV);
	CHECK_EQ(res.cause, XSW_CAUSE_NO_DEVICE);
}

static void timed_out_low(void)
{
	timed_out(XSW_PLACE_LOW);
}

/* On a kernel with kmemleak: what describes such memory does not get lost. */
static void timed_out_foreign(void)
{
	timed_out(XSW_PLACE_FOREIGN);
}

static void timed_out_in_a_row(void)
{
	timed_out(XSW_PLACE_FOREIGN_CONTIG);
}

/* For a script that watches what is done meanwhile: as `grant map` of tests/xen, of own memory. */
void map_once(uint32_t dir, uint64_t offset, uint64_t len)
{
	int fd = session_with_edu();
	uint32_t engine = edu_open_bits(fd, XSW_OPS_OURS, 64);
	void *at;
	uint32_t buffer = low_buffer(fd, engine, (uint32_t)(offset + len), &at);
	struct xsw_map m = map_op(engine, buffer, dir, len);
	struct xsw_sync sync = { .size = sizeof(sync), .target = XSW_SYNC_FOR_CPU,
				 .offset = len / 3, .len = len / 2, .result = (uintptr_t)&res };

	m.offset = offset;
	CHECK_EQ(map(fd, &m), 0);
	CHECK_EQ(res.src_reason, XSW_REASON_DIRECT);
	sync.mapping = res.handle;
	CHECK_EQ(issue(fd, XSW_IOC_SYNC, &sync, sizeof(sync)), 0);
	sync.target = XSW_SYNC_FOR_DEVICE;
	CHECK_EQ(issue(fd, XSW_IOC_SYNC, &sync, sizeof(sync)), 0);
	CHECK_EQ(unmap(fd, sync.mapping), 0);
}

/* It goes on with what it was told, and does not reach memory any more. */
static void timed_out_writing(void)
{
	int fd = session_with_edu();
	struct xsw_engine_open op;
	uint32_t engine = edu_open_next(fd, &op);
	unsigned char *at;
	uint32_t buffer = low_buffer(fd, engine, 4096, (void **)&at);
	struct xsw_map m = map_op(engine, buffer, XSW_FROM_DEVICE, 4000);
	double start;

	memset(at, 0xa5, 4000);
	CHECK_EQ(map(fd, &m), 0);
	start = now();
	CHECK_EQ(transfer(fd, res.handle, XSW_DEVICE_WRITES, 0, 4000, 0), -ETIMEDOUT);
	if (now() - start > 0.09)
		skip("this guest is so slow that the device may have written in time");
	usleep(300000);
	for (int i = 0; i < 4000; i++)
		CHECK_EQ(at[i], 0xa5);
}

#define CONFIG_COMMAND		0x04
#define CONFIG_INTX_DISABLE	0x400
#define CONFIG_CAPS		0x34
#define CONFIG_MSI		0x05	/* a capability; its flags are behind it */
#define CONFIG_MSI_ENABLE	0x01

static uint16_t config_get(int config, off_t at)
{
	uint16_t value;

	CHECK_EQ(pread(config, &value, sizeof(value), at), sizeof(value));
	return value;
}

static void config_put(int config, off_t at, uint16_t value)
{
	CHECK_EQ(pwrite(config, &value, sizeof(value), at), sizeof(value));
}

/*
 * With edu_timeout_ms=1000, ten times what a piece takes: each has that long, however many there
 * are. One whose interrupt is lost is seen to be done then, also if it was begun before that time
 * had passed for the first.
 */
static void interrupt_lost(void)
{
	enum { LONG = 65536, SHORT = 30000 };
	char *name = first_name(), path[300];
	int fd = session_with_edu(), config;
	uint32_t engine = first_edu(fd, 0);
	unsigned char *a, *b;
	uint32_t src = low_buffer(fd, engine, LONG, (void **)&a),
		 dst = low_buffer(fd, engine, LONG, (void **)&b);
	struct xsw_job j = job_op(engine, src, dst, LONG);
	uint16_t command, flags = 0;
	struct io_uring ring;
	off_t msi;

	fill(a, LONG, 21);
	CHECK_EQ(job(fd, &j), 0);
	CHECK(filled(b, LONG, 21));

	snprintf(path, sizeof(path), DRIVER "/%s/config", name);
	config = open(path, O_RDWR);
	CHECK(config >= 0);
	for (msi = config_get(config, CONFIG_CAPS) & 0xff; msi; msi = config_get(config, msi) >> 8)
		if ((config_get(config, msi) & 0xff) == CONFIG_MSI)
			break;
	fill(a, SHORT, 22);
	j.len = SHORT;
	ring_open(&ring, 4, IORING_SETUP_SQE128);
	ring_cmd(&ring, fd, XSW_IOC_JOB, &j, sizeof(j));
	CHECK_EQ(io_uring_submit(&ring), 1);
	usleep(400000);
	command = config_get(config, CONFIG_COMMAND);
	config_put(config, CONFIG_COMMAND, command | CONFIG_INTX_DISABLE);
	if (msi) {
		flags = config_get(config, msi + 2);
		config_put(config, msi + 2, flags & ~CONFIG_MSI_ENABLE);
	}
	usleep(2000000);
	if (msi)
		config_put(config, msi + 2, flags);
	config_put(config, CONFIG_COMMAND, command);
	CHECK_EQ(ring_wait(&ring, NULL), 0);
	CHECK(filled(b, SHORT, 22));
}

const char *unplug_path, *unplug_text;
size_t peer_mib;

/* Pieces of the BAR: as many as there is room for, each empty at first and its owner's alone. */
static void bar(void)
{
	enum { PIECE = 65536 };
	size_t nr = (peer_mib << 20) / PIECE, i, at;
	int fd = session_with_edu(), round;
	uint32_t engine = edu_open_bits(fd, XSW_OPS_OURS, 64), sim = sim_open(fd, 0);
	struct xsw_buf_create op = { .size = sizeof(op), .kind = XSW_BUF_KERNEL, .bytes = PIECE,
				     .engine = engine, .placement = XSW_PLACE_MMIO,
				     .result = (uintptr_t)&res };
	uint32_t *piece = calloc(nr, sizeof(*piece));
	unsigned char *mem;
	struct xsw_map m;

	CHECK(nr > 1 && piece);
	for (round = 0; round < 2; round++) {
		for (i = 0; i < nr; i++) {
			CHECK_EQ(issue(fd, XSW_IOC_BUF_CREATE, &op, sizeof(op)), 0);
			piece[i] = res.handle;
			mem = mmap(NULL, PIECE, PROT_READ | PROT_WRITE, MAP_SHARED, fd,
				   (off_t)res.value);
			CHECK(mem != MAP_FAILED);
			for (at = 0; at < PIECE; at++)
				CHECK(!mem[at]);
			memset(mem, 0xee, PIECE);
			munmap(mem, PIECE);
			CHECK(mmap(NULL, PIECE + PAGE, PROT_READ, MAP_SHARED, fd,
				   (off_t)res.value) == MAP_FAILED && errno == ENXIO);
		}
		CHECK_EQ(issue(fd, XSW_IOC_BUF_CREATE, &op, sizeof(op)), -ENOSPC);
		CHECK_EQ(res.cause, XSW_CAUSE_LIMIT);
		m = map_op(engine, piece[0], XSW_TO_DEVICE, PIECE);
		m.flags = XSW_F_SG;
		CHECK_EQ(map(fd, &m), -EOPNOTSUPP);
		CHECK_EQ(res.cause, XSW_CAUSE_UNSUPPORTED);
		m = map_op(sim, piece[0], XSW_TO_DEVICE, PIECE);
		CHECK_EQ(map(fd, &m), -EOPNOTSUPP);
		CHECK_EQ(res.cause, XSW_CAUSE_UNSUPPORTED);
		for (i = 0; i < nr; i++)
			CHECK_EQ(let_go(fd, XSW_IOC_BUF_DESTROY, piece[i]), 0);
	}
}

/* Reads there until that is a bus error. */
static pid_t reader(const volatile unsigned char *at)
{
	pid_t pid = fork();

	while (!pid)
		(void)at[0];
	CHECK(pid > 0);
	return pid;
}

static bool met_its_end(pid_t pid)
{
	int status;

	return waitpid(pid, &status, 0) == pid && WIFSIGNALED(status) && WTERMSIG(status) == SIGBUS;
}

/* Of all edu devices, so far. */
static unsigned long edu_interrupts(void)
{
	FILE *file = fopen("/proc/interrupts", "r");
	unsigned long sum = 0, n;
	char line[512], *at, *end;

	CHECK(file);
	while (fgets(line, sizeof(line), file)) {
		at = strchr(line, ':');
		if (!at || !strstr(at, DRIVER_NAME))
			continue;
		for (at++; n = strtoul(at, &end, 10), end != at; at = end)
			sum += n;
	}
	fclose(file);
	return sum;
}

/* The device goes whose memory is edu's target, and mapped here. */
static void peer(void)
{
	enum { JOBS = 100 };
	int fd = session_with_edu(), ret = 0, i, gone = 0, file;
	uint32_t engine = edu_open_bits(fd, XSW_OPS_OURS, 64), mapping, quarantined;
	unsigned char *a, *b, *at;
	uint32_t src = low_buffer(fd, engine, 4096, (void **)&a),
		 other = low_buffer(fd, engine, (JOBS + 1) * 4096, (void **)&b),
		 there = placed_buffer(fd, engine, JOBS * 4096, XSW_PLACE_MMIO);
	struct xsw_job into = job_op(engine, src, there, 4000), from = job_op(engine, there, other, 4000),
		       apart = job_op(engine, src, other, 4000);
	struct xsw_map m = map_op(engine, there, XSW_TO_DEVICE, 4000);
	struct xsw_sync sync = { .size = sizeof(sync), .target = XSW_SYNC_FOR_CPU, .len = 4000,
				 .result = (uintptr_t)&res };
	struct xsw_buf_create more = { .size = sizeof(more), .kind = XSW_BUF_KERNEL, .bytes = 4096,
				       .engine = engine, .placement = XSW_PLACE_MMIO,
				       .result = (uintptr_t)&res };
	off_t offset = (off_t)res.value;
	double limit = now() + 90;
	unsigned long interrupts;
	struct io_uring ring;
	pid_t pid;

	at = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_SHARED, fd, offset);
	CHECK(at != MAP_FAILED);
	fill(a, 4000, 7);
	CHECK_EQ(job(fd, &into), 0);
	CHECK(filled(at, 4000, 7));
	CHECK_EQ(map(fd, &m), 0);
	mapping = sync.mapping = res.handle;
	quarantined = stats_of(fd, 0).nr_quarantined;

	pid = reader(at);
	ring_open(&ring, 128, IORING_SETUP_SQE128);
	for (i = 0; i < JOBS; i++) {
		into.dst_offset = (uint64_t)i * 4096;
		from.dst_offset = into.dst_offset + 4096;
		ring_cmd(&ring, fd, XSW_IOC_JOB, i % 2 ? &into : &from, sizeof(into));
	}
	/* What does not concern it waits behind all of them. */
	ring_cmd(&ring, fd, XSW_IOC_JOB, &apart, sizeof(apart))->user_data = 1;
	CHECK_EQ(io_uring_submit(&ring), JOBS + 1);
	file = open(unplug_path, O_WRONLY);
	CHECK(file >= 0);
	CHECK_EQ(write(file, unplug_text, strlen(unplug_text)), strlen(unplug_text));
	interrupts = edu_interrupts();
	close(file);
	for (i = 0; i <= JOBS; i++) {
		uint64_t which;

		ret = ring_wait(&ring, &which);
		CHECK(ret == 0 || (ret == -ENODEV && !which));
		gone += ret == -ENODEV;
	}
	printf("# %d of %d jobs met the end of the device\n", gone, JOBS);
	CHECK(gone > 0 && now() < limit);
	/* It went when nothing was moved there any more: what is left is two pieces apart. */
	if (strstr(unplug_path, "/remove"))
		CHECK(edu_interrupts() - interrupts <= 2);
	CHECK(met_its_end(pid));
	CHECK(met_its_end(reader(at + 4096)));

	into.result = (uintptr_t)&res;
	CHECK_EQ(job(fd, &into), -ENODEV);
	CHECK_EQ(res.cause, XSW_CAUSE_NO_DEVICE);
	CHECK_EQ(transfer(fd, mapping, XSW_DEVICE_READS, 0, 4, 0), -ENODEV);
	CHECK_EQ(map(fd, &m), -ENODEV);
	CHECK_EQ(issue(fd, XSW_IOC_SYNC, &sync, sizeof(sync)), -ENODEV);
	CHECK_EQ(issue(fd, XSW_IOC_BUF_CREATE, &more, sizeof(more)), -ENODEV);
	CHECK_EQ(res.cause, XSW_CAUSE_NO_DEVICE);
	CHECK(mmap(NULL, 4096, PROT_READ, MAP_SHARED, fd, offset) == MAP_FAILED && errno == ENODEV);
	CHECK_EQ(unmap(fd, mapping), 0);
	CHECK_EQ(let_go(fd, XSW_IOC_BUF_DESTROY, there), 0);
	CHECK_EQ(stats_of(fd, 0).nr_quarantined, quarantined);
	fill(a, 4000, 8);
	CHECK_EQ(job(fd, &apart), 0);
	CHECK(filled(b, 4000, 8));
	takes_2048_pieces(fd, engine);
}

#define EDU_IRQ_RAISE	0x60

struct storm {
	volatile uint32_t	*raise;
	unsigned long		raised;
	bool			over;
};

static void *blow(void *arg)
{
	struct storm *storm = arg;

	while (!__atomic_load_n(&storm->over, __ATOMIC_RELAXED)) {
		*storm->raise = 2;
		storm->raised++;
	}
	return NULL;
}

/* Interrupts that nobody asked for, as many as a CPU can make. The kernel must be told to allow it. */
static void storm(void)
{
	int fd = session_with_edu(), regs, i;
	uint32_t engine = edu_open(fd, XSW_OPS_OURS);
	unsigned char *a, *b;
	uint32_t src = low_buffer(fd, engine, 65536, (void **)&a),
		 dst = low_buffer(fd, engine, 65536, (void **)&b);
	struct xsw_job j = job_op(engine, src, dst, 10000);
	struct storm s = { .over = false };
	char path[300] = "";
	struct dirent *entry;
	pthread_t thread;
	DIR *dir = opendir(DRIVER);
	void *at;

	CHECK(dir);
	while ((entry = readdir(dir)) && !path[0])
		if (strchr(entry->d_name, ':'))
			snprintf(path, sizeof(path), DRIVER "/%s/resource0", entry->d_name);
	closedir(dir);
	regs = open(path, O_RDWR | O_SYNC);
	CHECK(regs >= 0);
	at = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, regs, 0);
	if (at == MAP_FAILED)
		failed(__FILE__, __LINE__, "%s: %s; was the kernel booted with iomem=relaxed?", path,
		       strerror(errno));
	s.raise = (volatile uint32_t *)((char *)at + EDU_IRQ_RAISE);
	CHECK_EQ(pthread_create(&thread, NULL, blow, &s), 0);
	for (i = 0; i < 4; i++) {
		fill(a, 10000, (unsigned int)i);
		memset(b, 0, 10000);
		CHECK_EQ(job(fd, &j), 0);
		CHECK(filled(b, 10000, (unsigned int)i));
	}
	__atomic_store_n(&s.over, true, __ATOMIC_RELAXED);
	pthread_join(thread, NULL);
	printf("# %lu interrupts while 4 jobs ran\n", s.raised);
	CHECK(s.raised > 0);
}

const struct test edu_tests[] = {
	{ "edu.moves", moves, true },
	{ "edu.exclusive", exclusive, false },
	{ "edu.queue", queue, true },
	{ "edu.removed", removed, true },
	{ "edu.removed_while_counted", removed_while_counted, true },
	{ "edu.removed_before_reaped", removed_before_reaped, true },
	{ "edu.removed_before_unmapped", removed_before_unmapped, true },
	{ }
};

const struct test storm_tests[] = {
	{ "edu.storm", storm, true },
	{ }
};

const struct test peer_tests[] = {
	{ "edu.bar", bar, true },
	{ "edu.peer", peer, true },
	{ }
};

const struct test late_tests[] = {
	{ "edu.interrupt_lost", interrupt_lost, true },
	{ }
};

const struct test timeout_tests[] = {
	{ "edu.timed_out", timed_out_low, true },
	{ "edu.timed_out_writing", timed_out_writing, true },
	{ "edu.timed_out_foreign", timed_out_foreign, true },
	{ "edu.timed_out_in_a_row", timed_out_in_a_row, true },
	{ }
};
