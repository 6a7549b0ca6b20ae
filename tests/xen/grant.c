// SPDX-License-Identifier: GPL-2.0
/*
 * Foreign memory as a user has it: granted through /dev/xen/gntalloc, mapped through
 * /dev/xen/gntdev, pinned by the module, written and read by a real device.
 *
 *   grant self ROUNDS SEED REASON...	the granter is this domain
 *   grant serve PAGES			be the granter for dom0: runs in the second domain
 *   grant peer DOMID ROUNDS SEED REASON...	the granter is that domain
 *   grant vanish DOMID			... and its grants end while they are mapped
 *   grant die DOMID			... and it dies while they are mapped
 *   grant exhaust [KIB [PLACEMENT]]	foreign buffers, of 4 MiB each if KIB is not given, until
 *					there are no more grants, or no memory; then all go
 *   grant active			print how many grants Xen has mapped, of any domain
 *   grant map DIR OFFSET LENGTH [DOMID]	one mapping for the device and one partial sync each
 *					way; self grants in a row, or one page of that
 *					domain; nothing moves
 *
 * REASON is what a mapping of foreign memory must have as its path: a number of enum
 * xsw_reason. What the device wrote is compared in the granter's memory: in the own
 * pages, or by asking the other domain for their hash through a control page.
 * Exit code 0: all as it must be; 1: not; 3: there is no such memory here.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/reboot.h>
#include <unistd.h>
#include <xen/gntalloc.h>
/* gntdev.h names these and defines them nowhere. */
typedef uint32_t grant_ref_t;
typedef uint16_t domid_t;
#include <xen/gntdev.h>
#include "xswiotlb.h"

#define PAGE		4096u
#define PAGES		16u		/* of data */
#define MAX_PAGES	64u
#define MAX_SIZE	4000u		/* of a transfer: less than what edu takes */
#define MAGIC		0x78737769u
#define SCAN		64u		/* grant references to look for the control page in */

static void __attribute__((noreturn, format(printf, 2, 3))) quit(int code, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vprintf(format, args);
	va_end(args);
	printf("\n");
	exit(code);
}

#define fail(...)	quit(1, __VA_ARGS__)
#define check(what)	do { if (!(what)) fail("%s:%d: not so: %s", __FILE__, __LINE__, #what); } while (0)

/* ---- patterns ---- */

static uint64_t random_state;

static uint64_t random_next(void)
{
	uint64_t z = random_state += 0x9e3779b97f4a7c15;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
	z = (z ^ z >> 27) * 0x94d049bb133111eb;
	return z ^ z >> 31;
}

static void pattern(uint8_t *to, size_t length, uint64_t seed)
{
	for (size_t i = 0; i < length; i++)
		to[i] = (uint8_t)((seed + i * 0x9e3779b97f4a7c15) >> 56);
}

static uint64_t hash(const volatile uint8_t *from, size_t length)
{
	uint64_t h = 0xcbf29ce484222325;

	for (size_t i = 0; i < length; i++)
		h = (h ^ from[i]) * 0x100000001b3;
	return h;
}

/* ---- grants ---- */

static int open_or_skip(const char *path)
{
	int fd = open(path, O_RDWR | O_CLOEXEC);

	if (fd < 0)
		quit(3, "%s: %s", path, strerror(errno));
	return fd;
}

/* Pages of this domain, granted to @domid. */
static uint8_t *grant_pages(unsigned int domid, unsigned int nr, uint32_t *refs)
{
	struct ioctl_gntalloc_alloc_gref *op = calloc(1, sizeof(*op) + nr * sizeof(uint32_t));
	int fd = open_or_skip("/dev/xen/gntalloc");
	void *at;

	check(op);
	op->domid = (uint16_t)domid;
	op->flags = GNTALLOC_FLAG_WRITABLE;
	op->count = nr;
	if (ioctl(fd, IOCTL_GNTALLOC_ALLOC_GREF, op))
		fail("granting %u pages: %s", nr, strerror(errno));
	memcpy(refs, op->gref_ids, nr * sizeof(uint32_t));
	at = mmap(NULL, nr * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, (off_t)op->index);
	check(at != MAP_FAILED);
	free(op);
	return at;
}

/* Pages that @domid granted; NULL if it did not. */
static uint8_t *map_pages(unsigned int domid, unsigned int nr, const uint32_t *refs)
{
	struct ioctl_gntdev_map_grant_ref *op = calloc(1, sizeof(*op) + nr * sizeof(op->refs[0]));
	static int fd = -1;
	void *at;

	if (fd < 0)
		fd = open_or_skip("/dev/xen/gntdev");
	check(op);
	op->count = nr;
	for (unsigned int i = 0; i < nr; i++) {
		op->refs[i].domid = domid;
		op->refs[i].ref = refs[i];
	}
	if (ioctl(fd, IOCTL_GNTDEV_MAP_GRANT_REF, op))
		fail("naming %u grants: %s", nr, strerror(errno));
	at = mmap(NULL, nr * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, (off_t)op->index);
	if (at == MAP_FAILED) {
		struct ioctl_gntdev_unmap_grant_ref undo = { .index = op->index, .count = nr };

		ioctl(fd, IOCTL_GNTDEV_UNMAP_GRANT_REF, &undo);
		at = NULL;
	}
	free(op);
	return at;
}

/* ---- the control page between two domains ---- */

enum { HASH = 1, FILL, VANISH, DIE };

struct control {
	uint32_t magic;
	uint32_t nr;
	volatile uint32_t asked;
	volatile uint32_t answered;
	uint32_t command;
	uint32_t offset;
	uint32_t length;
	uint32_t unused;
	uint64_t seed;
	uint64_t answer;
	uint32_t refs[MAX_PAGES];
};

static uint64_t ask(struct control *c, uint32_t command, uint32_t offset, uint32_t length,
		    uint64_t seed)
{
	c->command = command;
	c->offset = offset;
	c->length = length;
	c->seed = seed;
	__sync_synchronize();
	c->asked++;
	for (int i = 0; c->answered != c->asked; i++) {
		if (i == 20000)
			fail("the granter does not answer");
		usleep(1000);
	}
	__sync_synchronize();
	return c->answer;
}

static int serve(unsigned int nr)
{
	uint32_t ref, refs[MAX_PAGES];
	struct control *c = (struct control *)grant_pages(0, 1, &ref);
	uint8_t *data = grant_pages(0, nr, refs);

	memcpy(c->refs, refs, nr * sizeof(*refs));
	c->nr = nr;
	__sync_synchronize();
	c->magic = MAGIC;
	printf("grant: control page %u, %u pages from %u on\n", ref, nr, refs[0]);
	fflush(stdout);
	for (;;) {
		while (c->asked == c->answered)
			usleep(1000);
		__sync_synchronize();
		if (c->offset > nr * PAGE || c->length > nr * PAGE - c->offset)
			return 1;
		if (c->command == HASH)
			c->answer = hash(data + c->offset, c->length);
		else if (c->command == FILL)
			pattern(data + c->offset, c->length, c->seed);
		else if (c->command == VANISH)
			munmap(data, nr * PAGE);
		__sync_synchronize();
		c->answered = c->asked;
		if (c->command == DIE)
			reboot(RB_POWER_OFF);
		/* Closing gntalloc ends the grants, as far as the other side lets go. */
		if (c->command == VANISH)
			return 0;
	}
}

static struct control *find_peer(unsigned int domid)
{
	for (int tries = 0; tries < 60; tries++, sleep(1)) {
		for (uint32_t ref = 1; ref < SCAN; ref++) {
			uint8_t *at = map_pages(domid, 1, &ref);

			if (at && ((struct control *)at)->magic == MAGIC)
				return (struct control *)at;
			if (at)
				munmap(at, PAGE);
		}
	}
	quit(3, "domain %u has no control page among its first %u grants", domid, SCAN);
}

/* ---- the module ---- */

static int dev;
static uint32_t engine;
static struct xsw_result result;

static int op(unsigned long cmd, void *arg)
{
	memset(&result, 0, sizeof(result));
	return ioctl(dev, cmd, arg) < 0 ? -errno : 0;
}

static void open_engine(void)
{
	struct xsw_engine_open open_op = {
		.size = sizeof(open_op), .kind = XSW_ENGINE_EDU, .index = XSW_ANY_INDEX,
		.dma_bits = 64, .result = (uintptr_t)&result,
	};
	int err;

	dev = open_or_skip("/dev/xswiotlb");
	err = op(XSW_IOC_ENGINE_OPEN, &open_op);
	if (err)
		fail("opening an edu: %s, cause %u", strerror(-err), result.cause);
	engine = result.handle;
}

static int pin(void *at, size_t bytes, uint32_t *handle)
{
	struct xsw_buf_create create = {
		.size = sizeof(create), .kind = XSW_BUF_USER, .addr = (uintptr_t)at,
		.bytes = bytes, .result = (uintptr_t)&result,
	};
	int err = op(XSW_IOC_BUF_CREATE, &create);

	*handle = result.handle;
	return err;
}

static void unpin(uint32_t handle)
{
	struct xsw_handle destroy = { .size = sizeof(destroy), .handle = handle };
	int err = op(XSW_IOC_BUF_DESTROY, &destroy);

	if (err)
		fail("letting go of a buffer: %s", strerror(-err));
}

static int copy(uint32_t from, uint64_t from_offset, uint32_t to, uint64_t to_offset, uint32_t length)
{
	struct xsw_job job = {
		.size = sizeof(job), .engine = engine, .len = length,
		.src_buffer = from, .src_offset = from_offset, .src_dir = XSW_TO_DEVICE,
		.dst_buffer = to, .dst_offset = to_offset, .dst_dir = XSW_FROM_DEVICE,
		.result = (uintptr_t)&result,
	};

	return op(XSW_IOC_JOB, &job);
}

/* ---- what is tested ---- */

static uint64_t reasons_wanted;
static unsigned int seen[XSW_NR_REASONS];

static void foreign_went(unsigned int reason)
{
	check(reason < XSW_NR_REASONS);
	seen[reason]++;
	if (!(reasons_wanted >> reason & 1))
		fail("foreign memory was mapped with reason %u", reason);
}

static void rounds(unsigned int n, uint8_t *mapped, uint8_t *granter, struct control *c)
{
	static uint8_t local[PAGES * PAGE] __attribute__((aligned(PAGE)));
	static uint8_t wanted[MAX_SIZE];
	uint32_t far, near;
	int err;

	open_engine();
	err = pin(mapped, PAGES * PAGE, &far);
	if (err)
		quit(err == -EOPNOTSUPP ? 3 : 1, "pinning foreign memory: %s", strerror(-err));
	check(!pin(local, sizeof(local), &near));
	for (unsigned int i = 0; i < n; i++) {
		uint32_t length = 1 + (uint32_t)(random_next() % MAX_SIZE);
		uint32_t at = (uint32_t)(random_next() % (PAGES * PAGE - length));
		uint64_t seed = random_next();

		/* out of the granter's memory */
		if (c)
			ask(c, FILL, at, length, seed);
		else
			pattern(granter + at, length, seed);
		pattern(wanted, length, seed);
		err = copy(far, at, near, at, length);
		if (err)
			fail("round %u, from foreign memory: %s, cause %u", i, strerror(-err), result.cause);
		foreign_went(result.src_reason);
		if (memcmp(local + at, wanted, length))
			fail("round %u: what came from foreign memory is wrong", i);

		/* and into it */
		seed = random_next();
		pattern(local + at, length, seed);
		err = copy(near, at, far, at, length);
		if (err)
			fail("round %u, to foreign memory: %s, cause %u", i, strerror(-err), result.cause);
		foreign_went(result.dst_reason);
		if (memcmp(mapped + at, local + at, length))
			fail("round %u: what went to foreign memory is wrong here", i);
		if (c ? ask(c, HASH, at, length, 0) != hash(local + at, length) :
			memcmp(granter + at, local + at, length) != 0)
			fail("round %u: what went to foreign memory is wrong for its granter", i);
	}
	unpin(far);
	unpin(near);
	printf("grant: %u rounds, %u mappings of foreign memory verified in the granter's pages:", n, 2 * n);
	for (unsigned int r = 0; r < XSW_NR_REASONS; r++)
		if (seen[r])
			printf(" reason %u %u times", r, seen[r]);
	printf("\n");
}

/* The grants end, or their domain does, while a mapping for DMA lives on. */
static void lose_granter(struct control *c, uint8_t *mapped, uint32_t command)
{
	static uint8_t local[PAGE] __attribute__((aligned(PAGE)));
	struct xsw_map map = {
		.size = sizeof(map), .dir = XSW_BIDIRECTIONAL, .offset = 100, .len = 3 * PAGE,
		.result = (uintptr_t)&result,
	};
	struct xsw_sync sync = { .size = sizeof(sync), .target = XSW_SYNC_FOR_CPU, .offset = 0 };
	struct xsw_unmap unmap = { .size = sizeof(unmap) };
	uint32_t far, near;

	open_engine();
	check(!pin(mapped, PAGES * PAGE, &far));
	check(!pin(local, sizeof(local), &near));
	check(!copy(near, 0, far, 0, 1000));
	map.engine = engine;
	map.buffer = far;
	check(!op(XSW_IOC_MAP, &map));
	sync.mapping = unmap.mapping = result.handle;
	sync.len = result.bytes;
	ask(c, command, 0, 0, 0);
	sleep(3);
	/* The frames are ours until we unmap the grants: the device may still write there. */
	check(!copy(near, 0, far, PAGE + 50, 2000));
	check(!op(XSW_IOC_SYNC, &sync));
	check(!op(XSW_IOC_UNMAP, &unmap));
	check(!copy(far, PAGE + 50, near, 0, 2000));
	unpin(far);
	unpin(near);
	munmap(mapped, PAGES * PAGE);
	printf("grant: the granter went while its pages were mapped, without harm\n");
}

/* For those who watch the cache maintenance. */
static void map_once(unsigned int dir, uint64_t offset, uint64_t length, unsigned int domid)
{
	struct xsw_buf_create create = {
		.size = sizeof(create), .kind = XSW_BUF_KERNEL, .placement = XSW_PLACE_FOREIGN_CONTIG,
		.bytes = PAGES * PAGE, .result = (uintptr_t)&result,
	};
	struct xsw_map map = {
		.size = sizeof(map), .dir = dir, .offset = offset, .len = length,
		.result = (uintptr_t)&result,
	};
	struct xsw_sync sync = { .size = sizeof(sync) };
	struct xsw_unmap unmap = { .size = sizeof(unmap), .result = (uintptr_t)&result };
	int err;

	open_engine();
	create.engine = map.engine = engine;
	if (domid) {
		create.kind = XSW_BUF_USER;
		create.engine = 0;
		create.placement = XSW_PLACE_ANY;
		create.addr = (uintptr_t)map_pages(domid, PAGES, find_peer(domid)->refs);
		check(create.addr);
	}
	err = op(XSW_IOC_BUF_CREATE, &create);
	if (err)
		quit(result.cause == XSW_CAUSE_UNSUPPORTED ? 3 : 1, "foreign memory: %s, cause %u",
		     strerror(-err), result.cause);
	map.buffer = result.handle;
	check(!op(XSW_IOC_MAP, &map));
	printf("grant: mapped at %llx, %u segments, reason %u\n", (unsigned long long)result.value,
	       result.nr_segs, result.src_reason);
	if (result.nr_segs != 1)
		quit(3, "no %u pages in a row", PAGES);
	sync.mapping = unmap.mapping = result.handle;
	sync.offset = length / 3;
	sync.len = length / 2;
	sync.target = XSW_SYNC_FOR_CPU;
	check(!op(XSW_IOC_SYNC, &sync));
	sync.target = XSW_SYNC_FOR_DEVICE;
	check(!op(XSW_IOC_SYNC, &sync));
	check(!op(XSW_IOC_UNMAP, &unmap));
}

/* Each failure must name its cause, and take nothing with it. */
static void exhaust(uint64_t kib, uint32_t placement)
{
	static uint32_t buffers[1024];
	struct xsw_buf_create create = {
		.size = sizeof(create), .kind = XSW_BUF_KERNEL, .placement = placement,
		.bytes = kib << 10, .result = (uintptr_t)&result,
	};
	unsigned int nr = 0;
	int err;

	open_engine();
	create.engine = engine;
	for (;;) {
		err = op(XSW_IOC_BUF_CREATE, &create);
		if (err)
			break;
		check(nr < sizeof(buffers) / sizeof(buffers[0]));
		buffers[nr++] = result.handle;
	}
	if (err == -EINVAL && result.cause == XSW_CAUSE_UNSUPPORTED)
		quit(3, "this domain can not grant pages to itself");
	check(nr);
	check((err == -EIO && result.cause == XSW_CAUSE_DEVICE) || /* Xen did not map them */
	      (err == -ENOSPC && result.cause == XSW_CAUSE_LIMIT) ||
	      (err == -ENOMEM && result.cause == XSW_CAUSE_NO_MEMORY));
	printf("grant: %u buffers of %llu KiB, then %s, cause %u\n", nr, (unsigned long long)kib,
	       strerror(-err), result.cause);
	while (nr)
		unpin(buffers[--nr]);
	/* What was let go can be had again. */
	check(!op(XSW_IOC_BUF_CREATE, &create));
	unpin(result.handle);
}

/* ---- Xen's own account ---- */

/* Of privcmd.h, which needs headers that are not installed. */
struct privcmd_hypercall {
	uint64_t op;
	uint64_t arg[5];
};
#define IOCTL_PRIVCMD_HYPERCALL	_IOC(_IOC_NONE, 'P', 0, sizeof(struct privcmd_hypercall))

#define SYSCTL			35
#define SYSCTL_READCONSOLE	1
#define SYSCTL_DEBUG_KEYS	7

/* Of Xen's tools' interface: stable but for its number. */
struct sysctl {
	uint32_t cmd;
	uint32_t version;
	union {
		struct {
			uint8_t clear, incremental;
			uint16_t pad;
			uint32_t index;
			uint64_t buffer;
			uint32_t count;
		} console;
		struct {
			uint64_t keys;
			uint32_t nr;
		} debug;
		uint8_t pad[128];
	} u;
};

static void sysctl(struct sysctl *op)
{
	struct privcmd_hypercall call = { .op = SYSCTL, .arg = { (uintptr_t)op } };
	static int fd = -1;
	static uint32_t version = 0x13;

	if (fd < 0)
		fd = open_or_skip("/dev/xen/privcmd");
	for (; version < 0x20; version++) {
		op->version = version;
		if (!ioctl(fd, IOCTL_PRIVCMD_HYPERCALL, &call))
			return;
		if (errno != EACCES)
			break;
	}
	quit(3, "Xen does not take its tools' commands: %s", strerror(errno));
}

/* What Xen's debug key 'g' writes to its console has a line for each mapped grant. */
static unsigned int active_grants(void)
{
	static struct sysctl op __attribute__((aligned(PAGE)));
	static char text[1 << 18] __attribute__((aligned(PAGE)));
	static char key[] = "g";
	uint32_t index = 0;
	unsigned int active = 0;
	size_t filled = 0;

	if (mlockall(MCL_CURRENT | MCL_FUTURE))
		fail("mlockall(): %s", strerror(errno));
	memset(text, 0, sizeof(text));
	for (int asked = 0;;) {
		op = (struct sysctl){ .cmd = SYSCTL_READCONSOLE };
		op.u.console.incremental = 1;
		op.u.console.index = index;
		op.u.console.buffer = (uintptr_t)(text + filled);
		op.u.console.count = (uint32_t)(sizeof(text) - 1 - filled);
		sysctl(&op);
		index = op.u.console.index;
		/* All that was there before is of no interest. */
		if (asked)
			filled += op.u.console.count;
		text[filled] = 0;
		if (strstr(text, "gnttab_usage_print_all ] done"))
			break;
		if (asked++ == 100)
			quit(3, "Xen does not tell of its grants");
		if (asked == 1) {
			op = (struct sysctl){ .cmd = SYSCTL_DEBUG_KEYS };
			op.u.debug.keys = (uintptr_t)key;
			op.u.debug.nr = 1;
			sysctl(&op);
		} else {
			usleep(50000);
		}
	}
	for (const char *at = text; (at = strstr(at, "[0x")); at++)
		active += strcspn(at, "]\n") < 12;
	return active;
}

static unsigned long number(char **args, int count, int i)
{
	if (i >= count)
		quit(2, "usage: see the head of grant.c");
	return strtoul(args[i], NULL, 0);
}

int main(int count, char **args)
{
	const char *what = count > 1 ? args[1] : "";
	int first = 4;

	if (!strcmp(what, "serve"))
		return serve((unsigned int)number(args, count, 2));
	if (!strcmp(what, "map")) {
		map_once((unsigned int)number(args, count, 2), number(args, count, 3),
			 number(args, count, 4), count > 5 ? (unsigned int)number(args, count, 5) : 0);
		return 0;
	}
	if (!strcmp(what, "active")) {
		printf("%u\n", active_grants());
		return 0;
	}
	if (!strcmp(what, "exhaust")) {
		exhaust(count > 2 ? number(args, count, 2) : 4096,
			count > 3 ? (uint32_t)number(args, count, 3) : XSW_PLACE_FOREIGN);
		return 0;
	}
	if (!strcmp(what, "self") || !strcmp(what, "peer")) {
		unsigned int n, domid = 0;
		uint8_t *granter = NULL, *mapped;
		struct control *c = NULL;
		uint32_t refs[MAX_PAGES];

		if (*what == 'p')
			domid = (unsigned int)number(args, count, first++ - 2);
		n = (unsigned int)number(args, count, first - 2);
		random_state = number(args, count, first - 1);
		for (int i = first; i < count; i++)
			reasons_wanted |= 1ull << number(args, count, i);
		if (domid) {
			c = find_peer(domid);
			memcpy(refs, c->refs, sizeof(refs));
			check(c->nr >= PAGES);
		} else {
			granter = grant_pages(0, PAGES, refs);
		}
		mapped = map_pages(domid, PAGES, refs);
		check(mapped);
		rounds(n, mapped, granter, c);
		munmap(mapped, PAGES * PAGE);
		return 0;
	}
	if (!strcmp(what, "vanish") || !strcmp(what, "die")) {
		unsigned int domid = (unsigned int)number(args, count, 2);
		struct control *c = find_peer(domid);
		uint8_t *mapped = map_pages(domid, PAGES, c->refs);

		check(mapped);
		lose_granter(c, mapped, *what == 'v' ? VANISH : DIE);
		return 0;
	}
	quit(2, "usage: see the head of grant.c");
}
