// SPDX-License-Identifier: GPL-2.0
/*
 * Every allocation and every access to user memory of an operation made to fail, one after the
 * other: the 1st, the 2nd, ... by /proc/self/fail-nth, until the operation meets no more of them.
 * Each failure must be a clean errno that leaves nothing behind, and the operation must then work.
 *
 *   fault sweep           the operations of /dev/xswiotlb
 *   fault load FILE ARGS  loading of a module
 *   fault bind DRIVER DEV binding of a device, by sysfs
 */
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "xswiotlb.h"

#define MOST_POINTS	5000
#define BUF_BYTES	65536u

static const char *device = "/dev/" XSW_DEVICE_NAME;
static int nth_fd = -1;
static unsigned int bad;
static char *const memory_at = (char *)0x10000000;

static void die(const char *what)
{
	fprintf(stderr, "fault: %s: %s\n", what, strerror(errno));
	exit(4);
}

/* ---- injection ---- */

static void nth_write(unsigned int n)
{
	char text[16];
	int len = snprintf(text, sizeof(text), "%u", n);

	if (pwrite(nth_fd, text, len, 0) != len)
		die("/proc/self/fail-nth");
}

/*
 * Has the failure that was asked for happened? To ask is to access this process's memory, which counts,
 * too: then the failure is of the question, and has not happened before.
 */
static bool nth_end(void)
{
	char text[16] = "";
	ssize_t got = pread(nth_fd, text, sizeof(text) - 1, 0);

	if (got < 0 && errno == EFAULT)
		return false;
	if (got <= 0 || (pwrite(nth_fd, "0", 1, 0) != 1 && errno != EFAULT))
		die("/proc/self/fail-nth");
	return atoi(text) == 0;
}

/* ---- operations ---- */

/**
 * struct state - what operations work on
 * @fd:		session, or -1
 * @engine:	handle, as the others
 */
struct state {
	int		fd;
	__u32	engine;
	__u32	buffer;
	__u32	mapping;
	char		*mapped;
	char		*memory;
	__u64	mmap_at;
};

struct what {
	const char	*name;
	/* 0, or -errno; what it makes goes to the state */
	int		(*run)(struct state *s);
	/* takes back what run() made */
	void		(*undo)(struct state *s);
	/* what must be there before; an engine by @open, if that is set */
	bool		engine, buffer, mapping;
	struct xsw_engine_open	open;
	struct xsw_buf_create	create;
	__u32	flags;
};

static const struct what *now;

static int op(int fd, unsigned long cmd, void *arg)
{
	int ret = ioctl(fd, cmd, arg);

	return ret < 0 ? -errno : ret;
}

static int run_open(struct state *s)
{
	s->fd = open(device, O_RDWR | O_CLOEXEC);
	return s->fd < 0 ? -errno : 0;
}

static void undo_open(struct state *s)
{
	close(s->fd);
	s->fd = -1;
}

static int run_query(struct state *s)
{
	struct xsw_info info = { .size = sizeof(info) };
	struct xsw_query q = { .size = sizeof(q), .info = (uintptr_t)&info };

	return op(s->fd, XSW_IOC_QUERY, &q);
}

static int get_stats(int fd, __u32 engine, struct xsw_stats *stats)
{
	struct xsw_stats_get g = {
		.size = sizeof(g), .engine = engine, .stats = (uintptr_t)stats,
	};

	memset(stats, 0, sizeof(*stats));
	stats->size = sizeof(*stats);
	return op(fd, XSW_IOC_STATS, &g);
}

static int run_stats(struct state *s)
{
	struct xsw_stats stats;

	return get_stats(s->fd, s->engine, &stats);
}

static int run_engine(struct state *s)
{
	struct xsw_result result = { 0 };
	struct xsw_engine_open open = now->open;
	int ret;

	open.size = sizeof(open);
	open.result = (uintptr_t)&result;
	ret = op(s->fd, XSW_IOC_ENGINE_OPEN, &open);
	s->engine = ret ? 0 : result.handle;
	return ret;
}

static void let_go(int fd, unsigned long cmd, __u32 handle)
{
	struct xsw_handle h = { .size = sizeof(h), .handle = handle };
	int ret = op(fd, cmd, &h);

	if (ret) {
		printf("  %s: what it made can't be let go: %s\n", now->name, strerror(-ret));
		bad++;
	}
}

static void undo_engine(struct state *s)
{
	let_go(s->fd, XSW_IOC_ENGINE_CLOSE, s->engine);
	s->engine = 0;
}

static int run_engine_close(struct state *s)
{
	struct xsw_handle h = { .size = sizeof(h), .handle = s->engine };

	return op(s->fd, XSW_IOC_ENGINE_CLOSE, &h);
}

static int run_buffer(struct state *s)
{
	struct xsw_result result = { 0 };
	struct xsw_buf_create create = now->create;
	int ret;

	create.size = sizeof(create);
	create.result = (uintptr_t)&result;
	if (create.kind == XSW_BUF_USER)
		create.addr = (uintptr_t)s->memory;
	if (create.placement)
		create.engine = s->engine;
	ret = op(s->fd, XSW_IOC_BUF_CREATE, &create);
	s->buffer = ret ? 0 : result.handle;
	s->mmap_at = result.value;
	return ret;
}

static void undo_buffer(struct state *s)
{
	let_go(s->fd, XSW_IOC_BUF_DESTROY, s->buffer);
	s->buffer = 0;
}

static int run_buffer_destroy(struct state *s)
{
	struct xsw_handle h = { .size = sizeof(h), .handle = s->buffer };

	return op(s->fd, XSW_IOC_BUF_DESTROY, &h);
}

static int run_mmap(struct state *s)
{
	void *p = mmap(NULL, BUF_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, s->fd, s->mmap_at);

	if (p == MAP_FAILED)
		return -errno;
	s->mapped = p;
	return 0;
}

static void undo_mmap(struct state *s)
{
	memset(s->mapped, 1, BUF_BYTES);
	munmap(s->mapped, BUF_BYTES);
}

static int run_map(struct state *s)
{
	struct xsw_result result = { 0 };
	struct xsw_map map = {
		.size = sizeof(map), .flags = now->flags, .engine = s->engine,
		.buffer = s->buffer, .dir = XSW_BIDIRECTIONAL, .len = BUF_BYTES,
		.result = (uintptr_t)&result,
	};
	int ret = op(s->fd, XSW_IOC_MAP, &map);

	s->mapping = ret ? 0 : result.handle;
	return ret;
}

static int run_unmap(struct state *s)
{
	struct xsw_unmap unmap = { .size = sizeof(unmap), .mapping = s->mapping };

	return op(s->fd, XSW_IOC_UNMAP, &unmap);
}

static void undo_map(struct state *s)
{
	if (run_unmap(s)) {
		printf("  %s: the mapping can't be unmapped\n", now->name);
		bad++;
	}
	s->mapping = 0;
}

static int run_sync(struct state *s)
{
	struct xsw_sync sync = {
		.size = sizeof(sync), .mapping = s->mapping, .target = XSW_SYNC_FOR_CPU,
		.len = BUF_BYTES,
	};

	return op(s->fd, XSW_IOC_SYNC, &sync);
}

static int run_transfer(struct state *s)
{
	struct xsw_result result;
	struct xsw_transfer t = {
		.size = sizeof(t), .mapping = s->mapping, .kind = XSW_DEVICE_READS, .len = 4000,
		.result = (uintptr_t)&result,
	};

	return op(s->fd, XSW_IOC_TRANSFER, &t);
}

static void fill_job(const struct state *s, struct xsw_job *job)
{
	*job = (struct xsw_job){
		.size = sizeof(*job), .flags = now->flags, .engine = s->engine, .len = 20000,
		.src_buffer = s->buffer, .dst_buffer = s->buffer, .dst_offset = 32768,
		.src_dir = XSW_TO_DEVICE, .dst_dir = XSW_FROM_DEVICE,
	};
	/* Of a device with a tenth of a second for each page. */
	if (now->open.kind == XSW_ENGINE_EDU)
		job->len = 4000;
}

static int run_job(struct state *s)
{
	struct xsw_result result;
	struct xsw_job job;

	fill_job(s, &job);
	job.result = (uintptr_t)&result;
	return op(s->fd, XSW_IOC_JOB, &job);
}

/* All must succeed for the vector to be without a failure. */
static int run_jobv(struct state *s)
{
	struct xsw_result result, results[4];
	struct xsw_job jobs[4];
	struct xsw_jobv v = {
		.size = sizeof(v), .nr = 4, .stride = sizeof(jobs[0]), .jobs = (uintptr_t)jobs,
		.result = (uintptr_t)&result,
	};
	int ret, i;

	for (i = 0; i < 4; i++) {
		fill_job(s, &jobs[i]);
		/* They may be under way at once. */
		jobs[i].len = 8000;
		jobs[i].src_offset = i * 8192;
		jobs[i].dst_offset += i * 8192;
		jobs[i].result = (uintptr_t)&results[i];
	}
	ret = op(s->fd, XSW_IOC_JOBV, &v);
	if (ret < 0)
		return ret;
	return ret == 4 ? 0 : result.status ? result.status : -EPROTO;
}

static int run_measure(struct state *s)
{
	struct xsw_sample samples[3];
	struct xsw_result result;
	struct xsw_measure m = {
		.size = sizeof(m), .flags = now->flags, .engine = s->engine, .buffer = s->buffer,
		.dir = XSW_BIDIRECTIONAL, .nr = 3, .sync = XSW_SYNC_FOR_CPU, .len = BUF_BYTES,
		.sync_len = BUF_BYTES, .samples = (uintptr_t)samples, .result = (uintptr_t)&result,
	};

	return op(s->fd, XSW_IOC_MEASURE, &m);
}

/* ---- the sweep ---- */

/* What must be as before after a failure. */
static bool same_stats(const struct xsw_stats *a, const struct xsw_stats *b)
{
	return a->pool_used == b->pool_used && a->session_buffers == b->session_buffers &&
	       a->session_mappings == b->session_mappings &&
	       a->session_engines == b->session_engines &&
	       a->session_pinned == b->session_pinned && a->nr_quarantined == b->nr_quarantined;
}

static void sweep(void)
{
	struct what make_engine = {
		.name = "engine", .open = { .kind = XSW_ENGINE_SIM, .p2m = XSW_P2M_SHUFFLED,
					    .seed = 1, .pool_kib = 1024, .latency_us = 10 },
	};
	static const struct what make_buffer = {
		.name = "buffer", .create = { .kind = XSW_BUF_KERNEL, .bytes = BUF_BYTES },
	};
	static const struct what make_mapping = { .name = "mapping" };
	const struct what *w = now;
	struct xsw_stats before = { 0 }, after = { 0 };
	unsigned int n, failed = 0, survived = 0;
	struct state s = { .fd = -1, .memory = memory_at };
	bool fired;
	int ret;

	if (w->open.kind)
		make_engine.open = w->open;
	/* Each time from scratch: operations that end something need it anew. */
	for (n = 1; n <= MOST_POINTS; n++) {
		memset(s.memory, n, BUF_BYTES);
		if (w->run != run_open && run_open(&s))
			die(device);
		now = &make_engine;
		if (w->engine && run_engine(&s))
			die("making an engine");
		now = &make_buffer;
		if (w->buffer && run_buffer(&s))
			die("making a buffer");
		now = &make_mapping;
		if (w->mapping && run_map(&s))
			die("making a mapping");
		now = w;
		if (s.fd >= 0 && get_stats(s.fd, 0, &before))
			die("STATS");

		nth_write(n);
		ret = w->run(&s);
		fired = nth_end();

		if (ret && !fired) {
			printf("  %s: fails without any injection: %s\n", w->name, strerror(-ret));
			bad++;
		}
		if (ret && ret != -ENOMEM && ret != -EFAULT) {
			printf("  %s: point %u gives %s, neither ENOMEM nor EFAULT\n", w->name, n,
			       strerror(-ret));
			bad++;
		}
		if (ret && s.fd >= 0) {
			if (get_stats(s.fd, 0, &after))
				die("STATS");
			if (!same_stats(&before, &after)) {
				printf("  %s: point %u leaves something behind\n", w->name, n);
				bad++;
			}
		}
		if (!ret && w->undo)
			w->undo(&s);
		if (s.fd >= 0)
			close(s.fd);
		s = (struct state){ .fd = -1, .memory = memory_at };
		if (!fired)
			break;
		failed += !!ret;
		survived += !ret;
	}
	if (n > MOST_POINTS) {
		printf("  %s: still failing after %d points\n", w->name, MOST_POINTS);
		bad++;
	}
	printf("%-28s %6u points: %u clean failures, %u survived\n", w->name, n - 1, failed,
	       survived);
	fflush(stdout);
}

#define SIM(...)	{ .kind = XSW_ENGINE_SIM, .pool_kib = 1024, __VA_ARGS__ }
#define KERNEL(...)	{ .kind = XSW_BUF_KERNEL, .bytes = BUF_BYTES, __VA_ARGS__ }

static const struct what whats[] = {
	{ "open", run_open, undo_open },
	{ "query", run_query },
	{ "stats", run_stats },
	{ "engine_open sim", run_engine, undo_engine, .open = SIM(.p2m = XSW_P2M_IDENTITY) },
	{ "engine_open sim shuffled", run_engine, undo_engine,
	  .open = SIM(.p2m = XSW_P2M_SHUFFLED, .latency_us = 10) },
	{ "engine_open sim kernel_ops", run_engine, undo_engine,
	  .open = SIM(.ops = XSW_OPS_KERNEL) },
	{ "engine_open edu", run_engine, undo_engine,
	  .open = { .kind = XSW_ENGINE_EDU, .index = XSW_ANY_INDEX } },
	{ "engine_close", run_engine_close, .engine = true },
	{ "buf_create user", run_buffer, undo_buffer,
	  .create = { .kind = XSW_BUF_USER, .bytes = BUF_BYTES } },
	{ "buf_create kernel", run_buffer, undo_buffer, .create = KERNEL() },
	{ "buf_create low", run_buffer, undo_buffer, .engine = true,
	  .create = KERNEL(.placement = XSW_PLACE_LOW) },
	{ "buf_create above_mask", run_buffer, undo_buffer, .engine = true,
	  .open = SIM(.dma_bits = 31), .create = KERNEL(.placement = XSW_PLACE_ABOVE_MASK) },
	{ "buf_create straddle", run_buffer, undo_buffer, .engine = true,
	  .create = KERNEL(.placement = XSW_PLACE_STRADDLE) },
	{ "buf_create foreign", run_buffer, undo_buffer, .engine = true,
	  .create = KERNEL(.placement = XSW_PLACE_FOREIGN) },
	{ "buf_destroy", run_buffer_destroy, .buffer = true },
	{ "mmap", run_mmap, undo_mmap, .buffer = true },
	{ "map", run_map, undo_map, .engine = true, .buffer = true },
	{ "map sg", run_map, undo_map, .engine = true, .buffer = true, .flags = XSW_F_SG },
	{ "unmap", run_unmap, .engine = true, .buffer = true, .mapping = true },
	{ "sync", run_sync, .engine = true, .buffer = true, .mapping = true },
	{ "transfer", run_transfer, .engine = true, .buffer = true, .mapping = true },
	{ "job", run_job, .engine = true, .buffer = true },
	{ "job sg sync", run_job, .engine = true, .buffer = true,
	  .flags = XSW_F_SG | XSW_F_SYNC | XSW_F_TIMES },
	{ "job edu", run_job, .engine = true, .buffer = true,
	  .open = { .kind = XSW_ENGINE_EDU, .index = XSW_ANY_INDEX } },
	{ "jobv", run_jobv, .engine = true, .buffer = true },
	{ "measure", run_measure, .engine = true, .buffer = true },
	{ "measure sg", run_measure, .engine = true, .buffer = true, .flags = XSW_F_SG },
};

static int sweep_all(void)
{
	unsigned int i;

	/* Present before the sweep: faults of its own would count as points. */
	if (mmap(memory_at, BUF_BYTES, PROT_READ | PROT_WRITE,
		 MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED | MAP_POPULATE, -1, 0) == MAP_FAILED)
		die("mmap");
	for (i = 0; i < sizeof(whats) / sizeof(whats[0]); i++) {
		now = &whats[i];
		sweep();
	}
	printf("%u operations, %u faults found\n", i, bad);
	return bad ? 1 : 0;
}

/* ---- loading and binding ---- */

static const char *module_args, *bind_driver, *bind_device;
static void *module_image;
static size_t module_bytes;

static int read_module(const char *path)
{
	int fd = open(path, O_RDONLY);
	struct stat about;
	ssize_t got;

	if (fd < 0 || fstat(fd, &about))
		die(path);
	module_bytes = about.st_size;
	module_image = malloc(module_bytes);
	got = module_image ? read(fd, module_image, module_bytes) : -1;
	close(fd);
	return got == (ssize_t)module_bytes ? 0 : -1;
}

static int sys_write(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY), ret;

	if (fd < 0)
		return -errno;
	ret = write(fd, text, strlen(text)) < 0 ? -errno : 0;
	close(fd);
	return ret;
}

static int run_load(struct state *s)
{
	(void)s;
	/* Of a file, the kernel's own reading of it would fail as well, and print a stack. */
	if (!syscall(SYS_init_module, module_image, module_bytes, module_args))
		return 0;
	/* 6.12 says EINVAL when it has no memory for the directory of a module's drivers. */
	return errno == EINVAL ? -ENOMEM : -errno;
}

static int run_bind(struct state *s)
{
	return write(s->fd, bind_device, strlen(bind_device)) < 0 ? -errno : 0;
}

static int sweep_system(const char *name, const char *path, int flags,
			int (*run)(struct state *s), int (*undo)(void), bool any_errno)
{
	unsigned int n, failed = 0, survived = 0;
	struct state s;
	bool fired;
	int ret;

	for (n = 1; n <= MOST_POINTS; n++) {
		s.fd = open(path, flags);
		if (s.fd < 0)
			die(path);
		nth_write(n);
		ret = run(&s);
		fired = nth_end();
		close(s.fd);
		if (ret && !fired) {
			printf("  %s: fails without any injection: %s\n", name, strerror(-ret));
			return 1;
		}
		if (ret && ret != -ENOMEM && ret != -EFAULT && !any_errno) {
			printf("  %s: point %u gives %s, neither ENOMEM nor EFAULT\n", name, n,
			       strerror(-ret));
			bad++;
		}
		if (!ret && undo() != 0) {
			printf("  %s: point %u can't be undone\n", name, n);
			return 1;
		}
		if (!fired)
			break;
		failed += !!ret;
		survived += !ret;
	}
	printf("%-28s %6u points: %u clean failures, %u survived\n", name, n - 1, failed, survived);
	return bad || n > MOST_POINTS;
}

static int undo_load(void)
{
	return syscall(SYS_delete_module, "xswiotlb", O_NONBLOCK) ? -errno : 0;
}

static int undo_bind(void)
{
	char path[256];

	snprintf(path, sizeof(path), "/sys/bus/pci/drivers/%s/unbind", bind_driver);
	return sys_write(path, bind_device);
}

int main(int argc, char **argv)
{
	char path[256];

	nth_fd = open("/proc/self/fail-nth", O_RDWR);
	if (nth_fd < 0) {
		printf("no /proc/self/fail-nth: this kernel has no CONFIG_FAULT_INJECTION\n");
		return 3;
	}
	if (argc == 2 && !strcmp(argv[1], "sweep"))
		return sweep_all();
	if (argc >= 3 && !strcmp(argv[1], "load")) {
		if (read_module(argv[2]))
			die(argv[2]);
		module_args = argc > 3 ? argv[3] : "";
		return sweep_system("module load", argv[2], O_RDONLY, run_load, undo_load,
				    false);
	}
	if (argc == 4 && !strcmp(argv[1], "bind")) {
		bind_driver = argv[2];
		bind_device = argv[3];
		snprintf(path, sizeof(path), "/sys/bus/pci/drivers/%s/bind", bind_driver);
		return sweep_system("driver bind", path, O_WRONLY, run_bind, undo_bind, true);
	}
	fprintf(stderr, "usage: fault sweep | load FILE [ARGS] | bind DRIVER DEVICE\n");
	return 2;
}
