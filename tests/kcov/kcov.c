// SPDX-License-Identifier: GPL-2.0
/*
 * Fuzzer of /dev/xswiotlb in a guest: threads that share sessions two by two, by ioctl and by io_uring,
 * while another changes their memory under the kernel. Where the kernel has KCOV, inputs that
 * reach new code are kept and varied; elsewhere they are random.
 *
 * What goes wrong in the kernel is for its log to tell. Here an errno that the ABI does not know fails,
 * and a thread that comes back from no operation for too long.
 */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <liburing.h>
#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

typedef uint8_t u8;
typedef uint16_t u16;
typedef uint32_t u32;
typedef uint64_t u64;
#define ARRAY_SIZE(a)	(sizeof(a) / sizeof((a)[0]))
#define sizeof_field(type, field) sizeof(((type *)0)->field)

#define MOST_THREADS	16u
#define MOST_INPUT	256u
#define MOST_KEPT	4096u
#define COVER_WORDS	(64u << 10)
#define MAP_BITS	20
#define ROOM		(8ULL << 30)
/* An edu may have work for 205 s. */
#define STUCK_SECONDS	240u

#define KCOV_INIT_TRACE	_IOR('c', 1, unsigned long)
#define KCOV_ENABLE	_IO('c', 100)

/**
 * struct fuzzer - a thread
 * @steps:	operations so far; looked at by main
 * @made:	of the session
 * @memory:	operation, jobs, results, answers: a page each
 * @pinnable:	128 KiB, registered with the ring
 */
struct fuzzer {
	pthread_t	thread;
	u32		nr;
	pid_t		tid;
	u64		steps;
	u64		inputs;
	u64		random;
	int		fd;
	struct made	*made;
	struct io_uring	ring;
	u32		pending;
	int		fail_nth;
	u64		*cover;
	u8		*memory;
	u8		*pinnable;
	u8		*mapped;
	u8		input[MOST_INPUT];
	const u8	*at;
	u32		left;
};

static _Thread_local struct fuzzer *me;

static u64 next_random(u64 *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 7;
	*state ^= *state << 17;
	return *state * 0x2545f4914f6cdd1dULL >> 16;
}

static u64 choose(u64 below)
{
	u64 value = 0, limit;

	for (limit = below; limit > 1 && me->left; limit = (limit + 255) >> 8) {
		value = value << 8 | *me->at++;
		me->left--;
		if (limit <= 256)
			break;
	}
	return value % below;
}

#define AT_OP		((u64)(uintptr_t)me->memory)
#define AT_JOBS		(AT_OP + 0x1000)
#define AT_RESULT	(AT_OP + 0x2000)
#define AT_ANSWER	(AT_OP + 0x3000)
#define AT_NEAR_THE_END	(AT_OP + 0x4000 - 32)
#define AT_PINNABLE	((u64)(uintptr_t)me->pinnable)
#define PINNABLE_BYTES	(128u << 10)
#define MEM(at)		((u8 *)(uintptr_t)(at))
#define PER_THREAD	_Thread_local

#include "ops.h"

static void die(const char *what)
{
	fprintf(stderr, "kcov: %s: %s\n", what, strerror(errno));
	exit(4);
}

static bool over;
static u32 nr_threads = 4;
static struct fuzzer fuzzers[MOST_THREADS];
static struct made sessions[MOST_THREADS];

/* ---- what was reached, and by what ---- */

static u64 reached[1 << (MAP_BITS - 6)];
static u64 nr_reached;

static pthread_mutex_t kept_lock = PTHREAD_MUTEX_INITIALIZER;
static struct kept {
	u16	len;
	u8	bytes[MOST_INPUT];
} *kept[MOST_KEPT];
static u32 nr_kept;

static bool is_new(u64 from, u64 to)
{
	u64 hash = (from * 0x9e3779b97f4a7c15ULL ^ to) * 0xff51afd7ed558ccdULL >> (64 - MAP_BITS);
	u64 bit = 1ULL << hash % 64;

	if (__atomic_load_n(&reached[hash / 64], __ATOMIC_RELAXED) & bit)
		return false;
	if (__atomic_fetch_or(&reached[hash / 64], bit, __ATOMIC_RELAXED) & bit)
		return false;
	__atomic_fetch_add(&nr_reached, 1, __ATOMIC_RELAXED);
	return true;
}

static void keep(u32 len)
{
	struct kept *k = malloc(sizeof(*k)), *old;
	u32 i;

	if (!k)
		die("no memory");
	k->len = (u16)len;
	memcpy(k->bytes, me->input, len);
	pthread_mutex_lock(&kept_lock);
	i = nr_kept < MOST_KEPT ? nr_kept++ : next_random(&me->random) % MOST_KEPT;
	old = kept[i];
	kept[i] = k;
	pthread_mutex_unlock(&kept_lock);
	free(old);
}

static u32 vary(u8 *bytes, u32 len)
{
	u32 at = (u32)next_random(&me->random) % (len ? len : 1), n;
	const struct kept *k;

	switch (next_random(&me->random) % 6) {
	case 0:
		bytes[at] ^= (u8)(1u << next_random(&me->random) % 8);
		break;
	case 1:
		bytes[at] = (u8)next_random(&me->random);
		break;
	case 2:
		if (len == MOST_INPUT)
			break;
		memmove(bytes + at + 1, bytes + at, len - at);
		bytes[at] = (u8)next_random(&me->random);
		return len + 1;
	case 3:
		if (len < 2)
			break;
		memmove(bytes + at, bytes + at + 1, len - at - 1);
		return len - 1;
	case 4:
		for (n = 8; n && len < MOST_INPUT; n--)
			bytes[len++] = (u8)next_random(&me->random);
		return len;
	default:
		/* The end of another. */
		pthread_mutex_lock(&kept_lock);
		k = kept[next_random(&me->random) % nr_kept];
		n = k->len > at ? k->len - at : 0;
		memcpy(bytes + at, k->bytes + at, n);
		pthread_mutex_unlock(&kept_lock);
		return n ? at + n : len;
	}
	return len;
}

static u32 next_input(void)
{
	u32 len, i;

	if (!__atomic_load_n(&nr_kept, __ATOMIC_RELAXED) || next_random(&me->random) % 8 == 0) {
		len = 16 + (u32)next_random(&me->random) % (MOST_INPUT - 16);
		for (i = 0; i < len; i++)
			me->input[i] = (u8)next_random(&me->random);
		return len;
	}
	pthread_mutex_lock(&kept_lock);
	i = (u32)next_random(&me->random) % nr_kept;
	len = kept[i]->len;
	memcpy(me->input, kept[i]->bytes, len);
	pthread_mutex_unlock(&kept_lock);
	for (i = 1 + (u32)next_random(&me->random) % 4; i; i--)
		len = vary(me->input, len);
	return len;
}

/* ---- operations ---- */

/* All that docs/abi.md knows. */
static bool is_known(long ret)
{
	static const int known[] = {
		EINVAL, E2BIG, EFAULT, ENOMEM, EBUSY, ENODEV, EPERM, ESTALE, ENOENT, ERANGE, EIO, EMFILE,
		EOPNOTSUPP, ENOSPC, ETIMEDOUT, ECANCELED, ENOTTY, EINTR,
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(known); i++)
		if (ret == -known[i])
			return true;
	return ret >= 0 && ret <= 256;
}

/* What must be known of an operation when it has ended: its number, where its result is, what it ends. */
static u64 token_of(u32 nr, const union any *any)
{
	u32 handle = docs[nr].cmd == XSW_IOC_UNMAP ? any->unmap.mapping : any->handle.handle;
	u64 at = 0;

	if (docs[nr].result)
		memcpy(&at, any->bytes + docs[nr].result, sizeof(at));
	at = at >= AT_RESULT && at <= AT_ANSWER - sizeof(struct xsw_result) ? at - AT_RESULT : 0xfff;
	return (u64)nr << 56 | at << 32 | handle;
}

static void ended(u64 token, long ret)
{
	u32 nr = (u32)(token >> 56), at = token >> 32 & 0xfff;
	u32 handle = 0;

	if (nr >= ARRAY_SIZE(docs) || !is_known(ret)) {
		printf("FAIL: operation %u ends with %ld, which is no errno of the ABI\n", nr, ret);
		fflush(stdout);
		_exit(1);
	}
	switch (docs[nr].cmd) {
	case XSW_IOC_ENGINE_OPEN:
	case XSW_IOC_BUF_CREATE:
	case XSW_IOC_MAP:
		/* Another's result may be there by now: what is no handle is found to be none. */
		if (!ret && at != 0xfff)
			memcpy(&handle, MEM(AT_RESULT) + at + offsetof(struct xsw_result, handle), sizeof(handle));
		if (handle)
			add_handle(handle, docs[nr].cmd);
		break;
	case XSW_IOC_ENGINE_CLOSE:
	case XSW_IOC_BUF_DESTROY:
	case XSW_IOC_UNMAP:
		if (!ret || ret == -ENODEV)
			forget_handle((u32)token);
		break;
	}
}

static void reap(bool wait)
{
	struct __kernel_timespec limit = { .tv_nsec = 2000000 };
	struct io_uring_cqe *cqe;

	while (me->pending) {
		if (wait ? io_uring_wait_cqe_timeout(&me->ring, &cqe, &limit) :
			   io_uring_peek_cqe(&me->ring, &cqe))
			return;
		ended(cqe->user_data, cqe->res);
		io_uring_cqe_seen(&me->ring, cqe);
		me->pending--;
	}
}

static void by_uring(u32 nr, const union any *any)
{
	struct io_uring_sqe *sqe;
	int submitted;

	if (me->pending == 64)
		reap(true);
	sqe = me->pending < 64 ? io_uring_get_sqe(&me->ring) : NULL;
	if (!sqe)
		return;
	memset(sqe, 0, 128);
	sqe->opcode = IORING_OP_URING_CMD;
	sqe->fd = me->fd;
	sqe->cmd_op = docs[nr].cmd;
	memcpy((u8 *)sqe + 48, any, 80);
	/* IOSQE_ASYNC: a worker has it from the start. */
	sqe->flags = choose(8) ? 0 : IOSQE_ASYNC;
	if (choose(2)) {
		sqe->rw_flags = 1;	/* IORING_URING_CMD_FIXED */
		sqe->buf_index = (u16)choose(16) == 0;
	}
	io_uring_sqe_set_data64(sqe, token_of(nr, any));
	/* What an earlier call could not hand over, this one does too. */
	submitted = io_uring_submit(&me->ring);
	if (submitted > 0)
		me->pending += (u32)submitted;
	if (choose(2))
		reap(true);
}

static void by_ioctl(u32 nr, const union any *any)
{
	long ret;

	memcpy(MEM(AT_OP), any, sizeof(*any));
	ret = ioctl(me->fd, docs[nr].cmd, MEM(AT_OP));
	ended(token_of(nr, any), ret < 0 ? -errno : ret);
}

static void inject(u32 nth)
{
	char text[16];
	int len = snprintf(text, sizeof(text), "%u", nth);

	/* What the operation did not meet, this access to memory may. */
	while (me->fail_nth >= 0 && pwrite(me->fail_nth, text, (size_t)len, 0) != len)
		if (errno != EFAULT && errno != ENOMEM)
			die("/proc/thread-self/fail-nth");
}

/* Another session in the place of the one that both threads use, in the middle of what they do. */
static void reopen(void)
{
	int fd = open("/dev/" XSW_DEVICE_NAME, O_RDWR);

	if (fd < 0)
		return;
	memset(made, 0, sizeof(*made));
	dup2(fd, me->fd);
	close(fd);
}

static void map_memory(void)
{
	u64 offset = choose(4) ? (u64)handle_made_by(XSW_IOC_BUF_CREATE) << 12 : choose(1ULL << 40) << 12;
	int prot = choose(8) ? PROT_READ | PROT_WRITE : (int)choose(8);
	u8 *at;

	if (me->mapped)
		munmap(me->mapped, 8192);
	at = mmap(NULL, 8192, prot, choose(8) ? MAP_SHARED : MAP_PRIVATE, me->fd, (off_t)offset);
	me->mapped = at == MAP_FAILED ? NULL : at;
}

/* A process that has the session and its mappings, and ends. */
static void fork_one(void)
{
	pid_t pid = fork();

	if (!pid)
		_exit(0);
	if (pid > 0)
		while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
			;
}

static void one(void)
{
	u32 nr = (u32)choose(20);
	union any any;
	bool faulty;

	switch (nr) {
	case 13:
		reap(false);
		return;
	case 14:
		reap(true);
		return;
	case 15:
		map_memory();
		return;
	case 16:
		if (choose(16) == 0)
			reopen();
		return;
	case 17:
		if (choose(64) == 0)
			fork_one();
		return;
	case 18:
		/* Pages that are pinned, perhaps. */
		if (choose(4) == 0)
			madvise(me->pinnable, PINNABLE_BYTES, MADV_DONTNEED);
		return;
	case 19:
		nr = _IOC_NR(XSW_IOC_JOB);
	}
	make(nr, &any);
	/* A real device takes 100 ms for a page. */
	if (docs[nr].cmd == XSW_IOC_ENGINE_OPEN && any.engine_open.kind == XSW_ENGINE_EDU && choose(32))
		any.engine_open.kind = XSW_ENGINE_SIM;
	if (docs[nr].cmd == XSW_IOC_ENGINE_OPEN && any.engine_open.latency_us > 1000)
		any.engine_open.latency_us %= 1000;
	faulty = choose(16) == 0;
	if (faulty)
		inject(1 + (u32)choose(16));
	if (choose(2))
		by_ioctl(nr, &any);
	else
		by_uring(nr, &any);
	if (faulty)
		inject(0);
}

/* ---- threads ---- */

static void *fuzz(void *arg)
{
	struct iovec iov;
	u64 last, n, i;
	u8 *room;
	bool good;
	u32 len;
	int fd;

	me = arg;
	made = me->made;
	me->tid = (pid_t)syscall(SYS_gettid);
	/* Addresses that were meddled with lead to nothing: the neighbourhood is empty. */
	room = mmap(NULL, 2 * ROOM, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (room == MAP_FAILED)
		die("mmap");
	me->memory = room + ROOM / 2;
	me->pinnable = room + ROOM + ROOM / 2;
	if (mprotect(me->memory, 0x4000, PROT_READ | PROT_WRITE) ||
	    mprotect(me->pinnable, PINNABLE_BYTES, PROT_READ | PROT_WRITE))
		die("mprotect");
	errno = -io_uring_queue_init(64, &me->ring, IORING_SETUP_SQE128);
	if (errno)
		die("io_uring_queue_init");
	iov = (struct iovec){ me->pinnable, PINNABLE_BYTES };
	errno = -io_uring_register_buffers(&me->ring, &iov, 1);
	if (errno)
		die("io_uring_register_buffers");
	me->fail_nth = open("/proc/thread-self/fail-nth", O_RDWR);

	fd = open("/sys/kernel/debug/kcov", O_RDWR);
	if (fd >= 0) {
		if (ioctl(fd, KCOV_INIT_TRACE, COVER_WORDS))
			die("KCOV_INIT_TRACE");
		me->cover = mmap(NULL, COVER_WORDS * sizeof(u64), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
		if (me->cover == MAP_FAILED || ioctl(fd, KCOV_ENABLE, 0))
			die("KCOV_ENABLE");
	}

	while (!__atomic_load_n(&over, __ATOMIC_RELAXED)) {
		len = next_input();
		me->at = me->input;
		me->left = len;
		if (me->cover)
			__atomic_store_n(&me->cover[0], 0, __ATOMIC_RELAXED);
		while (me->left) {
			one();
			__atomic_fetch_add(&me->steps, 1, __ATOMIC_RELAXED);
		}
		me->inputs++;
		if (!me->cover)
			continue;
		n = __atomic_load_n(&me->cover[0], __ATOMIC_RELAXED);
		for (i = 1, last = 0, good = false; i <= n && i < COVER_WORDS; i++) {
			good |= is_new(last, me->cover[i]);
			last = me->cover[i];
		}
		if (good)
			keep(len);
	}
	return NULL;
}

/* Changes what the kernel may be reading. */
static void *meddle(void *arg)
{
	u64 *random = arg;

	while (!__atomic_load_n(&over, __ATOMIC_RELAXED)) {
		struct fuzzer *f = &fuzzers[next_random(random) % nr_threads];
		u32 at = (u32)next_random(random) % 0x2000, n;

		if (!__atomic_load_n(&f->steps, __ATOMIC_ACQUIRE))
			continue;
		/* The operation, or one of the jobs. */
		at = at % 0x1000 % 128 + (at & 0x1000);
		for (n = 0; n < 8; n++)
			((volatile u8 *)f->memory)[at ^ n] ^= (u8)(next_random(random) % 4 ? 0 : 1u << n);
		usleep((useconds_t)next_random(random) % 200);
	}
	return NULL;
}

/* Says where a thread is that does not come back. */
static void tell_stuck(const struct fuzzer *f)
{
	char path[64], text[4096];
	ssize_t n;
	int fd;

	snprintf(path, sizeof(path), "/proc/self/task/%d/stack", f->tid);
	printf("FAIL: thread %u has come back from nothing for %u s:\n", f->nr, STUCK_SECONDS);
	fflush(stdout);
	fd = open(path, O_RDONLY);
	n = fd < 0 ? 0 : read(fd, text, sizeof(text));
	if (n > 0 && write(STDOUT_FILENO, text, (size_t)n) != n)
		die(path);
	_exit(1);
}

static void usage(int code)
{
	fprintf(code ? stderr : stdout,
		"usage: kcov [--time=SECONDS] [--threads=1..%u] [--seed=N]\n", MOST_THREADS);
	exit(code);
}

static u64 number(const char *text, u64 least, u64 most)
{
	char *end;
	u64 value = strtoull(text, &end, 10);

	if (!*text || *end || value < least || value > most)
		usage(2);
	return value;
}

int main(int argc, char **argv)
{
	static const struct option options[] = {
		{ "time", required_argument, NULL, 't' },
		{ "threads", required_argument, NULL, 'n' },
		{ "seed", required_argument, NULL, 's' },
		{ "help", no_argument, NULL, 'h' },
		{ }
	};
	u64 seconds = 60, seed = 1, meddler, steps[MOST_THREADS] = { 0 }, inputs = 0, operations = 0;
	u32 still[MOST_THREADS] = { 0 }, i;
	pthread_t other;
	u64 s;
	int c;

	while ((c = getopt_long(argc, argv, "", options, NULL)) >= 0) {
		switch (c) {
		case 't':
			seconds = number(optarg, 1, 1000000);
			break;
		case 'n':
			nr_threads = (u32)number(optarg, 1, MOST_THREADS);
			break;
		case 's':
			seed = number(optarg, 1, UINT64_MAX);
			break;
		case 'h':
			usage(0);
			break;
		default:
			usage(2);
		}
	}
	if (optind != argc)
		usage(2);

	for (i = 0; i < nr_threads; i++) {
		struct fuzzer *f = &fuzzers[i];

		f->nr = i;
		f->random = seed * 0x9e3779b97f4a7c15ULL + i + 1;
		f->made = &sessions[i / 2];
		f->fd = i % 2 ? fuzzers[i - 1].fd : open("/dev/" XSW_DEVICE_NAME, O_RDWR);
		if (f->fd < 0)
			die("/dev/" XSW_DEVICE_NAME);
		if (pthread_create(&f->thread, NULL, fuzz, f))
			die("pthread_create");
	}
	meddler = seed | 1;
	if (pthread_create(&other, NULL, meddle, &meddler))
		die("pthread_create");
	for (s = 1; s <= seconds; s++) {
		sleep(1);
		for (i = 0; i < nr_threads; i++) {
			u64 now = __atomic_load_n(&fuzzers[i].steps, __ATOMIC_RELAXED);

			still[i] = now == steps[i] ? still[i] + 1 : 0;
			steps[i] = now;
			if (still[i] == STUCK_SECONDS)
				tell_stuck(&fuzzers[i]);
		}
		if (s % 30 && s != seconds)
			continue;
		for (i = 0, operations = 0, inputs = 0; i < nr_threads; i++) {
			operations += steps[i];
			inputs += __atomic_load_n(&fuzzers[i].inputs, __ATOMIC_RELAXED);
		}
		printf("%llu s: %llu operations, %llu inputs, %u kept, %llu edges%s\n",
		       (unsigned long long)s, (unsigned long long)operations, (unsigned long long)inputs,
		       __atomic_load_n(&nr_kept, __ATOMIC_RELAXED),
		       (unsigned long long)__atomic_load_n(&nr_reached, __ATOMIC_RELAXED),
		       fuzzers[0].cover ? "" : " (no KCOV: inputs are random)");
		fflush(stdout);
	}
	/* They come back, all of them, before what is in flight is cut off with the process. */
	__atomic_store_n(&over, true, __ATOMIC_RELAXED);
	for (i = 0; i < nr_threads; i++) {
		struct timespec limit;

		clock_gettime(CLOCK_REALTIME, &limit);
		limit.tv_sec += STUCK_SECONDS;
		if (pthread_timedjoin_np(fuzzers[i].thread, NULL, &limit))
			tell_stuck(&fuzzers[i]);
	}
	_exit(operations && (!fuzzers[0].cover || nr_reached) ? 0 : 4);
}
