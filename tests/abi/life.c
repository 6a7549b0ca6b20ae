// SPDX-License-Identifier: GPL-2.0
/*
 * Processes that die, fork, exec or close their files with jobs in flight; callers
 * without privileges.
 */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include "kit.h"

#define DEPTH	1024
#define LEN	512u

/* Each has its own part of the target: what devices write may not overlap, say the DMA API's checks. */
static void queue_jobs(struct io_uring *ring, int fd, struct xsw_job j, unsigned int nr)
{
	unsigned int i;

	for (i = 0; i < nr; i++) {
		j.dst_offset = i * LEN;
		ring_cmd(ring, fd, XSW_IOC_JOB, &j, sizeof(j))->user_data = i;
		if (i % 64 == 63 || i == nr - 1)
			CHECK(io_uring_submit(ring) > 0);
	}
}

/* ---- kill -9 ---- */

static void doomed(struct xsw_engine_open *op, unsigned int jobs, int ready)
{
	static unsigned char a[4096 * 2] __attribute__((aligned(4096)));
	struct io_uring ring;
	struct xsw_job j;
	int fd = open_session();
	uint32_t engine;

	CHECK_EQ(engine_open(fd, op), 0);
	engine = res.handle;
	j = job_op(engine, user_buffer(fd, a, 4096), kernel_buffer(fd, (jobs + 1) * LEN, NULL), LEN);
	ring_open(&ring, DEPTH, IORING_SETUP_SQE128);
	queue_jobs(&ring, fd, j, jobs);
	CHECK_EQ(write(ready, "x", 1), 1);
	j.dst_offset = jobs * LEN;
	if (way == BY_IOCTL)
		job(fd, &j);
	for (;;)
		pause();
}

/* Dies with all that queued; returns how long it took until nothing was left of it. */
static double kill_with(struct xsw_engine_open *op, unsigned int jobs)
{
	double start;
	int ready[2];
	pid_t pid;
	char c;

	CHECK_EQ(pipe(ready), 0);
	pid = fork();
	CHECK(pid >= 0);
	if (!pid)
		doomed(op, jobs, ready[1]);
	close(ready[1]);
	CHECK_EQ(read(ready[0], &c, 1), 1);
	close(ready[0]);
	usleep(30000);
	start = now();
	CHECK_EQ(kill(pid, SIGKILL), 0);
	CHECK_EQ(waitpid(pid, NULL, 0), pid);
	while (module_refs() > 0) {
		usleep(1000);
		CHECK(now() - start < 30);
	}
	return now() - start;
}

static void killed(void)
{
	struct xsw_engine_open op = engine_op(XSW_ENGINE_SIM);
	unsigned int jobs;

	for (jobs = 1; jobs <= 4096; jobs *= 16) {
		op.latency_us = 1000000;
		CHECK(kill_with(&op, jobs > 4000 ? 4000 : jobs) < 6);
		op.latency_us = 300;
		CHECK(kill_with(&op, jobs > 4000 ? 4000 : jobs) < 6);
	}
}

/* A device that takes 100 ms a piece would take minutes for all that waits for it. */
static void killed_edu(void)
{
	struct xsw_engine_open op = engine_op(XSW_ENGINE_EDU);
	int fd = open_session();
	double took;

	if (!info_of(fd).nr_edu)
		skip("no edu device");
	close(fd);
	took = kill_with(&op, 400);
	CHECK(took < 10);
}

/* 256 jobs or measurements of 16 MiB, which a device without latency does within the call. */
static void at_work(int fd, bool measures, int ready)
{
	enum { NR = 256, EACH = 16 << 20 };
	static struct xsw_job jobs[NR];
	static struct xsw_sample samples[NR];
	struct xsw_engine_open sim = engine_op(XSW_ENGINE_SIM);
	struct xsw_jobv op = { .size = sizeof(op), .nr = NR, .stride = sizeof(*jobs),
			       .jobs = (uintptr_t)jobs };
	struct xsw_measure m = { .size = sizeof(m), .flags = XSW_F_SG, .dir = XSW_BIDIRECTIONAL,
				 .nr = 1, .len = EACH, .samples = (uintptr_t)samples };
	uint32_t engine, src, dst;
	double one;
	int i;

	sim.pool_kib = 65536;
	sim.flags = XSW_ENGINE_FORCE_BOUNCE;
	/* In pieces of which a pool in pieces holds as many as it should. */
	sim.seg_boundary = 65535;
	CHECK_EQ(engine_open(fd, &sim), 0);
	engine = res.handle;
	src = user_buffer(fd, pages(EACH), EACH);
	dst = user_buffer(fd, pages(EACH), EACH);
	for (i = 0; i < NR; i++) {
		jobs[i] = job_op(engine, src, dst, EACH);
		jobs[i].flags = XSW_F_SG;
	}
	m.engine = engine;
	m.buffer = src;
	one = now();
	if (measures)
		CHECK_EQ(issue(fd, XSW_IOC_MEASURE, &m, sizeof(m)), 0);
	else
		CHECK_EQ(job(fd, &jobs[0]), 0);
	one = now() - one;
	CHECK_EQ(write(ready, &one, sizeof(one)), sizeof(one));
	m.nr = NR;
	if (measures)
		CHECK_EQ(issue(fd, XSW_IOC_MEASURE, &m, sizeof(m)), 0);
	else
		CHECK_EQ(issue(fd, XSW_IOC_JOBV, &op, sizeof(op)), NR);
	_exit(0);
}

/*
 * Who is killed at work goes after what he is at, and not after all that there is; in a session of
 * @fd, or of his own.
 */
static void kill_at_work(int fd, bool measures)
{
	int ready[2], status;
	double start, one;
	pid_t pid;

	CHECK_EQ(pipe(ready), 0);
	pid = fork();
	CHECK(pid >= 0);
	if (!pid)
		at_work(fd < 0 ? open_session() : fd, measures, ready[1]);
	close(ready[1]);
	CHECK_EQ(read(ready[0], &one, sizeof(one)), sizeof(one));
	close(ready[0]);
	usleep(300000);
	start = now();
	CHECK_EQ(kill(pid, SIGKILL), 0);
	CHECK_EQ(waitpid(pid, &status, 0), pid);
	printf("# gone %.2f s after it was killed, one takes %.2f s\n", now() - start, one);
	if (WIFEXITED(status) && !WEXITSTATUS(status))
		skip("this machine moves 4 GiB in 300 ms");
	CHECK(WIFSIGNALED(status));
	CHECK(now() - start < 1 + 20 * one);
}

static void killed_at_work(void)
{
	kill_at_work(-1, false);
	kill_at_work(-1, true);
}

/* A child, in what its parent has opened: that one lives on. */
static void child_killed_at_work(void)
{
	int fd = open_session();
	struct xsw_job j = job_op(sim_open(fd, 0), kernel_buffer(fd, LEN, NULL),
				  kernel_buffer(fd, LEN, NULL), LEN);

	kill_at_work(fd, false);
	CHECK_EQ(job(fd, &j), 0);
	kill_at_work(fd, true);
	CHECK_EQ(job(fd, &j), 0);
}

/* ---- passed on ---- */

/* Has the file of who opened it, and waits for that to go: @gone ends then. Says at @well if all is. */
static void heir(int fd, struct xsw_job j, uint32_t mapping, int gone, int well)
{
	struct xsw_sample sample;
	struct xsw_measure op = { .size = sizeof(op), .engine = j.engine, .buffer = j.src_buffer,
				  .dir = XSW_TO_DEVICE, .nr = 1, .len = 4096,
				  .samples = (uintptr_t)&sample, .result = (uintptr_t)&res };
	char c;

	CHECK_EQ(read(gone, &c, 1), 0);
	CHECK_EQ(job(fd, &j), -ECANCELED);
	CHECK_EQ(res.cause, XSW_CAUSE_CANCELED);
	CHECK_EQ(transfer(fd, mapping, XSW_DEVICE_READS, 0, 1, 0), -ECANCELED);
	CHECK_EQ(res.cause, XSW_CAUSE_CANCELED);
	CHECK_EQ(issue(fd, XSW_IOC_MEASURE, &op, sizeof(op)), -ECANCELED);
	CHECK_EQ(res.cause, XSW_CAUSE_CANCELED);
	CHECK_EQ(unmap(fd, mapping), 0);
	CHECK_EQ(let_go(fd, XSW_IOC_BUF_DESTROY, j.src_buffer), 0);
	CHECK_EQ(let_go(fd, XSW_IOC_ENGINE_CLOSE, j.engine), 0);
	CHECK_EQ(write(well, "x", 1), 1);
}

/* The file was closed before its opener went: there is nothing more to let the session know. */
static void opener_gone(void)
{
	int gone[2], well[2], fd;
	struct xsw_job j;
	struct xsw_map m;
	pid_t pid;
	char c;

	CHECK_EQ(pipe(well), 0);
	pid = fork();
	CHECK(pid >= 0);
	if (!pid) {
		fd = open_session();
		j = job_op(sim_open(fd, 0), kernel_buffer(fd, 4096, NULL),
			   kernel_buffer(fd, 4096, NULL), 4096);
		m = map_op(j.engine, j.src_buffer, XSW_TO_DEVICE, 4096);
		CHECK_EQ(map(fd, &m), 0);
		CHECK_EQ(pipe(gone), 0);
		if (!fork()) {
			close(gone[1]);
			heir(fd, j, res.handle, gone[0], well[1]);
		} else {
			close(fd);
		}
		fflush(stdout);
		_exit(0);
	}
	close(well[1]);
	CHECK_EQ(waitpid(pid, NULL, 0), pid);
	CHECK_EQ(read(well[0], &c, 1), 1);
}

/* ---- closing ---- */

static void closed_in_flight(void)
{
	struct xsw_result each[64];
	struct io_uring ring;
	unsigned char *a = pages(8192), *b = pages(64 * 4096);
	int fd = open_session();
	uint32_t engine = sim_open(fd, 100000), src = user_buffer(fd, a, 8192), i;
	uint32_t dst = user_buffer(fd, b, 64 * 4096);
	double start = now();

	fill(a, 8192, 4);
	memset(each, 0xee, sizeof(each));
	ring_open(&ring, 64, IORING_SETUP_SQE128);
	for (i = 0; i < 64; i++) {
		struct xsw_job j = job_op(engine, src, dst, 4096);

		j.dst_offset = i * 4096;
		j.result = (uintptr_t)&each[i];
		ring_cmd(&ring, fd, XSW_IOC_JOB, &j, sizeof(j))->user_data = i;
	}
	CHECK_EQ(io_uring_submit(&ring), 64);
	close(fd);
	for (i = 0; i < 64; i++) {
		uint64_t which;

		CHECK_EQ(ring_wait(&ring, &which), 0);
		CHECK_EQ(each[which].status, 0);
		CHECK(filled(b + which * 4096, 4096, 4));
	}
	CHECK(now() - start >= 0.1);
	io_uring_queue_exit(&ring);
}

/* The ring goes, the process and the session stay. */
static void ring_closed_in_flight(void)
{
	/* So few that a slow guest on a busy host has queued them all before the last is done. */
	enum { JOBS = 64 };
	struct io_uring ring;
	int fd = open_session();
	uint32_t engine = sim_open(fd, 1000000), a = kernel_buffer(fd, LEN, NULL),
		 b = kernel_buffer(fd, JOBS * LEN, NULL);
	struct xsw_job j = job_op(engine, a, b, LEN);
	double start = now();

	j.result = 0;
	ring_open(&ring, DEPTH, IORING_SETUP_SQE128);
	queue_jobs(&ring, fd, j, JOBS);
	CHECK_EQ(let_go(fd, XSW_IOC_ENGINE_CLOSE, engine), -EBUSY);
	io_uring_queue_exit(&ring);
	while (let_go(fd, XSW_IOC_ENGINE_CLOSE, engine)) {
		CHECK(now() - start < 10);
		usleep(10000);
	}
}

/* ---- fork and exec ---- */

static void forked(void)
{
	struct xsw_result each[32];
	struct io_uring ring;
	int fd = open_session(), status;
	uint32_t engine = sim_open(fd, 300000), a, b, i;
	unsigned char *mem = pages(4096), *out;
	struct xsw_job j;
	pid_t pid;

	CHECK_EQ(madvise(mem, 4096, MADV_DONTFORK), 0);
	fill(mem, 4096, 9);
	a = user_buffer(fd, mem, 4096);
	b = kernel_buffer(fd, 33 * 4096, (void **)&out);
	memset(each, 0xee, sizeof(each));
	ring_open(&ring, 32, IORING_SETUP_SQE128);
	for (i = 0; i < 32; i++) {
		j = job_op(engine, a, b, 4096);
		j.dst_offset = i * 4096;
		j.result = (uintptr_t)&each[i];
		ring_cmd(&ring, fd, XSW_IOC_JOB, &j, sizeof(j))->user_data = i;
	}
	CHECK_EQ(io_uring_submit(&ring), 32);
	pid = fork();
	if (!pid) {
		/* A child may use what it inherited, and goes without taking anything along. */
		j.result = (uintptr_t)&res;
		j.dst_offset = 32 * 4096;
		if (issue_by(BY_IOCTL, fd, XSW_IOC_JOB, &j, sizeof(j)))
			_exit(1);
		close(fd);
		_exit(0);
	}
	CHECK_EQ(waitpid(pid, &status, 0), pid);
	CHECK_EQ(status, 0);
	for (i = 0; i < 32; i++)
		CHECK_EQ(ring_wait(&ring, NULL), 0);
	for (i = 0; i < 32; i++)
		CHECK_EQ(each[i].status, 0);
	CHECK(filled(out + 31 * 4096, 4096, 9));
	/* Killed children do no more harm than others. */
	pid = fork();
	if (!pid)
		for (;;)
			pause();
	kill(pid, SIGKILL);
	CHECK_EQ(waitpid(pid, NULL, 0), pid);
	j.result = (uintptr_t)&res;
	CHECK_EQ(job(fd, &j), 0);
}

int after_exec(int argc, char **argv)
{
	struct xsw_job j;
	int fd;

	if (argc != 6)
		return 4;
	fd = atoi(argv[2]);
	j = job_op((uint32_t)atoll(argv[3]), (uint32_t)atoll(argv[4]), (uint32_t)atoll(argv[5]),
		   4096);
	CHECK_EQ(info_of(fd).abi_version, XSW_ABI_VERSION);
	CHECK_EQ(job(fd, &j), 0);
	/* What the last program pinned is still there, and can be let go. */
	CHECK_EQ(stats_of(fd, 0).session_pinned, 4096);
	CHECK_EQ(let_go(fd, XSW_IOC_BUF_DESTROY, j.src_buffer), 0);
	CHECK_EQ(stats_of(fd, 0).session_pinned, 0);
	return 0;
}

static void executed(void)
{
	int fd = open_session();
	uint32_t handle[3] = { sim_open(fd, 0), user_buffer(fd, pages(4096), 4096),
			       kernel_buffer(fd, 4096, NULL) };
	char text[4][16];
	int i;

	snprintf(text[3], sizeof(text[3]), "%d", fd);
	for (i = 0; i < 3; i++)
		snprintf(text[i], sizeof(text[i]), "%u", handle[i]);
	execl("/proc/self/exe", "abi", "--after-exec", text[3], text[0], text[1], text[2], NULL);
	failed(__FILE__, __LINE__, "execl: %s", strerror(errno));
}

/* ---- killed while it waits in an ioctl ---- */

static void killed_waiting(void)
{
	double start;
	pid_t pid = fork();

	if (!pid) {
		int fd = open_session();
		uint32_t e = sim_open(fd, 1000000), a = kernel_buffer(fd, 4096, NULL),
			 b = kernel_buffer(fd, 4096, NULL);
		struct xsw_job j = job_op(e, a, b, 4096);

		issue_by(BY_IOCTL, fd, XSW_IOC_JOB, &j, sizeof(j));
		_exit(0);
	}
	usleep(200000);
	start = now();
	kill(pid, SIGKILL);
	CHECK_EQ(waitpid(pid, NULL, 0), pid);
	CHECK(now() - start < 2);
}

/* ---- killed while it waits for a device, with the session in other hands ---- */

static void write_to(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);

	CHECK(fd >= 0);
	CHECK_EQ(write(fd, text, strlen(text)), strlen(text));
	close(fd);
}

/* No reason to keep the guest awake. */
static void killed_asleep(void)
{
	enum { NR = 24 };
	static struct xsw_job jobs[NR];
	struct xsw_engine_open edu = engine_op(XSW_ENGINE_EDU);
	struct xsw_jobv op = { .size = sizeof(op), .nr = NR, .stride = sizeof(*jobs),
			       .jobs = (uintptr_t)jobs };
	int fd = open_session();
	double start, took;
	pid_t pid;

	/* 48 transfers, of which the device does less than eight in a second. */
	CHECK_EQ(engine_open(fd, &edu), 0);
	for (int i = 0; i < NR; i++)
		jobs[i] = job_op(res.handle, 0, 0, 4096);
	for (int i = 0; i < NR; i++) {
		jobs[i].src_buffer = kernel_buffer(fd, 4096, NULL);
		jobs[i].dst_buffer = kernel_buffer(fd, 4096, NULL);
	}
	start = now();
	pid = fork();
	CHECK(pid >= 0);
	if (!pid) {
		issue_by(BY_IOCTL, fd, XSW_IOC_JOBV, &op, sizeof(op));
		_exit(0);
	}
	usleep(500000);
	CHECK_EQ(kill(pid, SIGKILL), 0);
	usleep(200000);
	CHECK_EQ(waitpid(pid, NULL, WNOHANG), 0);
	write_to("/sys/power/pm_freeze_timeout", "4000");
	write_to("/sys/power/state", "freeze");
	took = now() - start;
	CHECK_EQ(waitpid(pid, NULL, 0), pid);
	printf("# slept after %.1f s, the jobs took %.1f s\n", took, now() - start);
	CHECK(now() - start > 6);
	close(fd);
}

/* ---- without privileges ---- */

static void unprivileged(void)
{
	struct xsw_engine_open edu = engine_op(XSW_ENGINE_EDU);
	struct xsw_engine_open host = engine_op(XSW_ENGINE_SIM);
	int fd = open_session();
	uint32_t engine, buffer;
	struct xsw_map m;

	engine = sim_open(fd, 0);
	buffer = kernel_buffer(fd, 4096, NULL);
	m = map_op(engine, buffer, XSW_TO_DEVICE, 4096);
	CHECK_EQ(map(fd, &m), 0);
	CHECK(res.value);
	CHECK_EQ(setuid(65534), 0);
	CHECK_EQ(map(fd, &m), 0);
	CHECK_EQ(res.value, 0);
	CHECK_EQ(engine_open(fd, &edu), -EPERM);
	CHECK_EQ(res.cause, XSW_CAUSE_PERMISSION);
	host.p2m = XSW_P2M_HOST;
	CHECK_EQ(engine_open(fd, &host), -EPERM);
	CHECK_EQ(res.cause, XSW_CAUSE_PERMISSION);
	/* The rest needs no privilege, for who has been given the file. */
	CHECK(sim_open(fd, 0));
	CHECK_EQ(info_of(fd).abi_version, XSW_ABI_VERSION);
	CHECK(open("/dev/" XSW_DEVICE_NAME, O_RDWR) == -1 && errno == EACCES);
}

const struct test life_tests[] = {
	{ "life.killed", killed, false },
	{ "life.killed_edu", killed_edu, true },
	{ "life.killed_at_work", killed_at_work, false },
	{ "life.child_killed_at_work", child_killed_at_work, false },
	{ "life.opener_gone", opener_gone, false },
	{ "life.closed_in_flight", closed_in_flight, true },
	{ "life.ring_closed_in_flight", ring_closed_in_flight, true },
	{ "life.forked", forked, true },
	{ "life.executed", executed, false },
	{ "life.killed_waiting", killed_waiting, true },
	{ "life.unprivileged", unprivileged, false },
	{ }
};

const struct test suspend_tests[] = {
	{ "life.killed_asleep", killed_asleep, true },
	{ }
};
