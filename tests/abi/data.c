// SPDX-License-Identifier: GPL-2.0
/* Valid input: what moves is what was to move, whichever way it takes. */
#include <stdlib.h>
#include <time.h>
#include "kit.h"

/* Reasons for a path are due within [least, most]. */
static void jobs_on(int fd, uint32_t engine, uint8_t least, uint8_t most)
{
	static const uint32_t lens[] = { 1, 511, 2048, 4096, 5000, 65000, 300000 };
	static const uint32_t flags[] = { 0, XSW_F_SG, XSW_F_SYNC, XSW_F_SG | XSW_F_SYNC | XSW_F_TIMES };
	const size_t room = 512 << 10;
	unsigned char *a = pages(room), *b = pages(room);
	uint32_t src = user_buffer(fd, a, room), dst = user_buffer(fd, b, room);
	uint64_t map_ns = 0, sync_ns = 0, unmap_ns = 0;
	size_t i, k;

	for (i = 0; i < ARRAY_SIZE(lens); i++) {
		for (k = 0; k < ARRAY_SIZE(flags); k++) {
			struct xsw_job j = job_op(engine, src, dst, lens[i]);

			j.flags = flags[k];
			j.src_offset = 3 + k * 1000;
			j.dst_offset = 77 + k;
			fill(a + j.src_offset, lens[i], (unsigned int)(i * 8 + k));
			memset(b, 0xa5, room);
			CHECK_EQ(job(fd, &j), 0);
			CHECK_EQ(res.status, 0);
			CHECK_EQ(res.bytes, lens[i]);
			CHECK(res.nr_segs >= 2);
			CHECK(res.src_reason >= least && res.src_reason <= most);
			CHECK(res.dst_reason >= least && res.dst_reason <= most);
			CHECK(filled(b + j.dst_offset, lens[i], (unsigned int)(i * 8 + k)));
			CHECK(b[j.dst_offset - 1] == 0xa5 && b[j.dst_offset + lens[i]] == 0xa5);
			CHECK((flags[k] & XSW_F_TIMES) ||
			      !(res.map_ns | res.xfer_ns | res.sync_ns | res.unmap_ns));
			map_ns += res.map_ns;
			sync_ns += res.sync_ns;
			unmap_ns += res.unmap_ns;
		}
	}
	/*
	 * A clock may stand still during one of them, not during all; but for that of PV guests,
	 * which never goes back: one CPU waits there until it has caught up with another.
	 */
	CHECK((map_ns && sync_ns && unmap_ns) || !strcmp(info_of(fd).env, "xen_pv"));
	CHECK_EQ(let_go(fd, XSW_IOC_BUF_DESTROY, src), 0);
	CHECK_EQ(let_go(fd, XSW_IOC_BUF_DESTROY, dst), 0);
	CHECK_EQ(stats_of(fd, engine).pool_used, 0);
}

static void layouts(void)
{
	int fd = open_session();
	uint32_t p2m, i;

	for (p2m = XSW_P2M_IDENTITY; p2m <= XSW_P2M_HOST; p2m++) {
		for (i = 0; i < 4; i++) {
			static const uint32_t flags[] = { 0, XSW_ENGINE_FORCE_BOUNCE,
							  XSW_ENGINE_NO_M2P, XSW_ENGINE_NO_FLUSH };
			struct xsw_engine_open op = engine_op(XSW_ENGINE_SIM);
			uint32_t engine;

			if (p2m == XSW_P2M_HOST && i > 1)
				continue;
			op.p2m = p2m;
			op.seed = p2m == XSW_P2M_SHUFFLED ? 12345 : 0;
			op.p2m_offset = p2m == XSW_P2M_OFFSET ? 0x12345 : 0;
			op.flags = flags[i];
			op.min_align_mask = i == 1 ? 4095 : 0;
			CHECK_EQ(engine_open(fd, &op), 0);
			engine = res.handle;
			CHECK(res.value >= 1 << 20);
			jobs_on(fd, engine, i == 1 ? XSW_REASON_BOUNCE_MASK : XSW_REASON_DIRECT,
				XSW_REASON_BOUNCE_CACHELINE);
			CHECK_EQ(let_go(fd, XSW_IOC_ENGINE_CLOSE, engine), 0);
		}
	}
}

static void kernel_ops(void)
{
	int fd = open_session();
	struct xsw_engine_open op = engine_op(XSW_ENGINE_SIM);
	uint32_t engine;

	op.ops = XSW_OPS_KERNEL;
	for (int host = 0; host < 2; host++) {
		op.p2m = host ? XSW_P2M_HOST : XSW_P2M_IDENTITY;
		CHECK_EQ(engine_open(fd, &op), 0);
		engine = res.handle;
		/* On Xen PV, what is contiguous here need not be so for the machine. */
		jobs_on(fd, engine, XSW_REASON_KERNEL_DIRECT,
			strcmp(info_of(fd).env, "xen_pv") ? XSW_REASON_KERNEL_DIRECT :
							    XSW_REASON_KERNEL_OTHER);
		CHECK_EQ(let_go(fd, XSW_IOC_ENGINE_CLOSE, engine), 0);
	}
}

/* A device that takes its time, and one whose interrupt is too short for so much. */
static void latency(void)
{
	int fd = open_session();
	uint32_t engine = sim_open(fd, 200);

	jobs_on(fd, engine, XSW_REASON_DIRECT, XSW_REASON_DIRECT);
	runs_in_order(fd, engine);
}

static void map_failures(void)
{
	int fd = open_session();
	struct xsw_engine_open op = engine_op(XSW_ENGINE_SIM);
	uint32_t engine, buffer, mapping[64], n;
	struct xsw_stats stats;
	struct xsw_map m;

	/* A pool that is soon full, and says so; and fits again when something is let go. */
	op.flags = XSW_ENGINE_FORCE_BOUNCE;
	op.pool_kib = 256;
	CHECK_EQ(engine_open(fd, &op), 0);
	engine = res.handle;
	buffer = kernel_buffer(fd, 1 << 20, NULL);
	/* Of what a device only reads, the DMA API's checks let any number overlap. */
	m = map_op(engine, buffer, XSW_TO_DEVICE, 16384);
	for (n = 0; n < ARRAY_SIZE(mapping) && !map(fd, &m); n++)
		mapping[n] = res.handle;
	CHECK(n >= 8 && n < ARRAY_SIZE(mapping));
	CHECK_EQ(res.status, -ENOMEM);
	CHECK_EQ(res.cause, XSW_CAUSE_NO_SPACE);
	CHECK_EQ(unmap(fd, mapping[0]), 0);
	CHECK_EQ(map(fd, &m), 0);
	mapping[0] = res.handle;
	while (n)
		CHECK_EQ(unmap(fd, mapping[--n]), 0);
	CHECK_EQ(stats_of(fd, engine).pool_used, 0);
	m.len = 1 << 20;
	CHECK(map(fd, &m) < 0);
	CHECK_EQ(res.cause, XSW_CAUSE_TOO_LARGE);
	CHECK_EQ(res.status, -EINVAL);
	stats = stats_of(fd, engine);
	CHECK_EQ(stats.cause[XSW_CAUSE_NO_SPACE], 1);
	CHECK_EQ(stats.cause[XSW_CAUSE_TOO_LARGE], 1);
	CHECK(stats.nr_areas > 0);

	/* Bouncing is off, and there is no other way. */
	op.flags = XSW_ENGINE_NO_BOUNCE;
	op.p2m = XSW_P2M_SHUFFLED;
	op.seed = 99;
	CHECK_EQ(engine_open(fd, &op), 0);
	m = map_op(res.handle, buffer, XSW_BIDIRECTIONAL, 16384);
	CHECK_EQ(map(fd, &m), -EIO);
	CHECK(res.cause == XSW_CAUSE_NO_BOUNCE || res.cause == XSW_CAUSE_NOT_CONTIGUOUS);
	m.len = 64;
	CHECK_EQ(map(fd, &m), 0);
}

/*
 * A job that only copies, and lies in two pages, takes a short way; in a vector what is like the
 * one before it a shorter one. With a sync, and timed, it takes the long way: no other difference.
 */
enum { ROOM = 16384, NR_OFFSETS = 7, NR_JOBS = 4 * NR_OFFSETS * NR_OFFSETS };

static void in_many_places(struct xsw_job *jobs, uint32_t engine, uint32_t src, uint32_t dst)
{
	static const uint32_t lens[] = { 1, 512, 4096, 5000 };
	static const uint64_t from[NR_OFFSETS] = { 0, 8192 + 100, 4096 - 512, 4095, ROOM - 4096,
						   ROOM - 4095, ~0ULL };
	static const uint64_t to[NR_OFFSETS] = { 8192, 8192 + 77, 12288 - 4, 4096, ROOM - 512,
						 ROOM, ~0ULL - 4095 };

	for (size_t i = 0; i < NR_JOBS; i++) {
		jobs[i] = job_op(engine, src, dst, lens[i / NR_OFFSETS / NR_OFFSETS]);
		jobs[i].src_offset = from[i / NR_OFFSETS % NR_OFFSETS];
		jobs[i].dst_offset = to[i % NR_OFFSETS];
		/* In a buffer of its own, as the DMA API's checks see what overlaps. */
		if (src != dst && i % 64 >= 32)
			jobs[i].src_dir = jobs[i].dst_dir = XSW_BIDIRECTIONAL;
		if (i % 128 >= 64)
			jobs[i].attrs = XSW_ATTR_WEAK_ORDERING;
	}
}

static void both_ways(int fd, uint32_t engine, uint32_t src, uint32_t dst, void *const mem[2])
{
	static struct xsw_result each[NR_JOBS], alone;
	static struct xsw_job jobs[NR_JOBS];
	static unsigned char copied[2][ROOM];
	struct xsw_jobv v = { .size = sizeof(v), .nr = NR_JOBS, .stride = sizeof(*jobs),
			      .jobs = (uintptr_t)jobs, .result = (uintptr_t)&res };
	struct xsw_stats before = stats_of(fd, engine), half, after;
	int nr_ok = 0, ret;
	size_t i;

	in_many_places(jobs, engine, src, dst);
	for (i = 0; i < NR_JOBS; i++)
		jobs[i].result = (uintptr_t)&each[i];
	memset(each, 0xee, sizeof(each));
	fill(mem[0], ROOM, 1);
	fill(mem[1], ROOM, 2);
	ret = issue(fd, XSW_IOC_JOBV, &v, sizeof(v));
	memcpy(copied[0], mem[0], ROOM);
	memcpy(copied[1], mem[1], ROOM);
	half = stats_of(fd, engine);

	fill(mem[0], ROOM, 1);
	fill(mem[1], ROOM, 2);
	for (i = 0; i < NR_JOBS; i++) {
		jobs[i].flags = XSW_F_TIMES | XSW_F_SYNC;
		jobs[i].result = (uintptr_t)&alone;
		nr_ok += !issue(fd, XSW_IOC_JOB, &jobs[i], sizeof(jobs[i]));
		alone.map_ns = alone.xfer_ns = alone.sync_ns = alone.unmap_ns = 0;
		CHECK(!memcmp(&each[i], &alone, sizeof(alone)));
	}
	CHECK_EQ(ret, nr_ok);
	CHECK(!memcmp(copied[0], mem[0], ROOM) && !memcmp(copied[1], mem[1], ROOM));
	after = stats_of(fd, engine);
	for (i = 0; i < ARRAY_SIZE(after.reason); i++)
		CHECK_EQ(after.reason[i] - half.reason[i], half.reason[i] - before.reason[i]);
	for (i = 0; i < ARRAY_SIZE(after.cause); i++)
		CHECK_EQ(after.cause[i] - half.cause[i], half.cause[i] - before.cause[i]);
	CHECK_EQ(half.syncs, before.syncs);
	CHECK_EQ(after.syncs, half.syncs + nr_ok);
	CHECK_EQ(after.unmaps - half.unmaps, half.unmaps - before.unmaps);
	CHECK_EQ(after.bounced_bytes - half.bounced_bytes,
		 half.bounced_bytes - before.bounced_bytes);
	CHECK_EQ(after.pool_used, before.pool_used);
}

static void short_way(void)
{
	static const uint32_t flags[] = { 0, XSW_ENGINE_FORCE_BOUNCE };
	int fd = open_session();
	unsigned char *user = pages(ROOM);
	uint32_t a, b = user_buffer(fd, user, ROOM), engine, mapping[80], n;
	struct xsw_engine_open op = engine_op(XSW_ENGINE_SIM);
	void *mem[2] = { NULL, user }, *same[2];
	struct xsw_map m;

	a = kernel_buffer(fd, ROOM, &mem[0]);
	same[0] = same[1] = mem[0];
	op.pool_kib = 256;
	for (size_t i = 0; i < ARRAY_SIZE(flags); i++) {
		op.flags = flags[i];
		CHECK_EQ(engine_open(fd, &op), 0);
		engine = res.handle;
		both_ways(fd, engine, a, b, mem);
		both_ways(fd, engine, a, a, same);
	}
	/* No room for either side, then for the source alone. */
	m = map_op(engine, a, XSW_TO_DEVICE, 4096);
	for (n = 0; n < ARRAY_SIZE(mapping) && !map(fd, &m); n++)
		mapping[n] = res.handle;
	CHECK_EQ(res.cause, XSW_CAUSE_NO_SPACE);
	both_ways(fd, engine, a, b, mem);
	CHECK_EQ(unmap(fd, mapping[--n]), 0);
	both_ways(fd, engine, a, b, mem);
	while (n)
		CHECK_EQ(unmap(fd, mapping[--n]), 0);
}

/* MAP, TRANSFER, SYNC and UNMAP as a driver would, with every direction. */
static void streaming(void)
{
	int fd = open_session(), bounce;
	uint32_t bytes = 16384;

	for (bounce = 0; bounce < 2; bounce++) {
		struct xsw_engine_open op = engine_op(XSW_ENGINE_SIM);
		struct xsw_sync s = { .size = sizeof(s), .flags = XSW_F_TIMES,
				      .result = (uintptr_t)&res };
		struct xsw_unmap u = { .size = sizeof(u), .result = (uintptr_t)&res };
		uint64_t sync_ns = 0, unmap_ns = 0;
		uint32_t engine, to, from, i;
		unsigned char *a, *b;
		struct xsw_map m;

		op.flags = bounce ? XSW_ENGINE_FORCE_BOUNCE : 0;
		CHECK_EQ(engine_open(fd, &op), 0);
		engine = res.handle;
		m = map_op(engine, kernel_buffer(fd, bytes, (void **)&a), XSW_TO_DEVICE, bytes);
		fill(a, bytes, 1);
		m.flags = XSW_F_TIMES;
		CHECK_EQ(map(fd, &m), 0);
		CHECK(res.value);			/* we are root */
		CHECK_EQ(res.src_reason, bounce ? XSW_REASON_BOUNCE_FORCED : XSW_REASON_DIRECT);
		to = res.handle;
		m = map_op(engine, kernel_buffer(fd, bytes, (void **)&b), XSW_FROM_DEVICE, bytes);
		memset(b, 0x77, bytes);
		CHECK_EQ(map(fd, &m), 0);
		from = res.handle;

		/* Memory to the device and back, at odd places. */
		CHECK_EQ(transfer(fd, to, XSW_DEVICE_READS, 1, 5000, 333), 0);
		CHECK_EQ(res.bytes, 5000);
		CHECK_EQ(transfer(fd, from, XSW_DEVICE_WRITES, 8000, 5000, 333), 0);
		CHECK_EQ(transfer(fd, from, XSW_DEVICE_READS, 0, 16, 0), -EINVAL);
		if (bounce)
			CHECK(b[8000] == 0x77);		/* not synced yet */
		s.mapping = from;
		s.target = XSW_SYNC_FOR_CPU;
		s.offset = 8000;
		s.len = 100;
		CHECK_EQ(issue(fd, XSW_IOC_SYNC, &s, sizeof(s)), 0);
		CHECK(!memcmp(b + 8000, a + 1, 100));
		if (bounce)
			CHECK(b[8100] == 0x77);
		/* Two maps, and a sync. */
		CHECK_EQ(stats_of(fd, engine).bounced_bytes, bounce ? 2 * bytes + 100 : 0);
		CHECK_EQ(unmap(fd, from), 0);
		CHECK(!memcmp(b + 8000, a + 1, 5000));
		CHECK(b[7999] == 0x77 && b[13000] == 0x77);

		/* What is written after mapping reaches the device by a sync. */
		fill(a, bytes, 2);
		s = (struct xsw_sync){ .size = sizeof(s), .mapping = to, .len = bytes,
				       .target = XSW_SYNC_FOR_DEVICE };
		CHECK_EQ(issue(fd, XSW_IOC_SYNC, &s, sizeof(s)), 0);
		CHECK_EQ(transfer(fd, to, XSW_DEVICE_READS, 0, bytes, 0), 0);
		CHECK_EQ(unmap(fd, to), 0);
		m = map_op(engine, m.buffer, XSW_BIDIRECTIONAL, bytes);
		m.flags = XSW_F_SG;
		CHECK_EQ(map(fd, &m), 0);
		CHECK_EQ(transfer(fd, res.handle, XSW_DEVICE_WRITES, 0, bytes, 0), 0);
		CHECK_EQ(let_go(fd, XSW_IOC_ENGINE_CLOSE, engine), -EBUSY);
		CHECK_EQ(stats_of(fd, 0).session_mappings, 1 + bounce);

		/* What has taken time says so, if it is asked; a clock may stand still at times. */
		m = map_op(engine, m.buffer, XSW_TO_DEVICE, bytes);
		for (i = 0; i < 16; i++) {
			CHECK_EQ(map(fd, &m), 0);
			s.mapping = u.mapping = res.handle;
			s.flags = u.flags = i % 2 ? XSW_F_TIMES : 0;
			s.result = (uintptr_t)&res;
			CHECK_EQ(issue(fd, XSW_IOC_SYNC, &s, sizeof(s)), 0);
			CHECK(s.flags || !res.sync_ns);
			sync_ns += res.sync_ns;
			CHECK_EQ(issue(fd, XSW_IOC_UNMAP, &u, sizeof(u)), 0);
			CHECK(u.flags || !res.unmap_ns);
			unmap_ns += res.unmap_ns;
		}
		CHECK((sync_ns && unmap_ns) || !strcmp(info_of(fd).env, "xen_pv"));
	}
}

/* A mapping of several segments takes a sync of its whole length only. */
static void segments(void)
{
	int fd = open_session();
	struct xsw_engine_open op = engine_op(XSW_ENGINE_SIM);
	struct xsw_sync s = { .size = sizeof(s), .target = XSW_SYNC_FOR_CPU,
			      .result = (uintptr_t)&res };
	unsigned char *at = pages(256 * PAGE);
	struct xsw_map m;

	op.flags = XSW_ENGINE_FORCE_BOUNCE;
	CHECK_EQ(engine_open(fd, &op), 0);
	m = map_op(res.handle, 0, XSW_FROM_DEVICE, 0);
	m.buffer = user_buffer(fd, at + 11, 200 * PAGE);
	m.len = 200 * PAGE;
	m.flags = XSW_F_SG;
	CHECK_EQ(map(fd, &m), 0);
	s.mapping = res.handle;
	if (res.nr_segs > 1) {
		s.len = 1;
		CHECK_EQ(issue(fd, XSW_IOC_SYNC, &s, sizeof(s)), -EINVAL);
		CHECK_EQ(res.cause, XSW_CAUSE_BAD_VALUE);
	}
	s.len = m.len;
	CHECK_EQ(issue(fd, XSW_IOC_SYNC, &s, sizeof(s)), 0);
	CHECK_EQ(transfer(fd, s.mapping, XSW_DEVICE_WRITES, 5, 190 * PAGE, 100), 0);
	CHECK_EQ(unmap(fd, s.mapping), 0);
	CHECK(at[11 + 5] == 0);
}

/* A driver cuts its scatterlists where the device's boundary is, however much is contiguous. */
static void boundary(void)
{
	enum { NR = 8 };
	int fd = open_session();
	struct xsw_engine_open op = engine_op(XSW_ENGINE_SIM);
	unsigned char *want = pages(NR * PAGE);
	uint32_t buffer, mapping, whole;
	struct xsw_map m;
	void *at;

	buffer = kernel_buffer(fd, NR * PAGE, &at);
	CHECK_EQ(engine_open(fd, &op), 0);
	m = map_op(res.handle, buffer, XSW_FROM_DEVICE, NR * PAGE - 200);
	m.offset = 100;
	m.flags = XSW_F_SG;
	CHECK_EQ(map(fd, &m), 0);
	whole = res.nr_segs;
	CHECK_EQ(unmap(fd, res.handle), 0);

	op.seg_boundary = PAGE - 1;
	CHECK_EQ(engine_open(fd, &op), 0);
	m.engine = res.handle;
	fill(at, NR * PAGE, 3);
	for (uint32_t kind = XSW_DEVICE_READS; kind <= XSW_DEVICE_WRITES; kind++) {
		m.dir = kind == XSW_DEVICE_READS ? XSW_TO_DEVICE : XSW_FROM_DEVICE;
		CHECK_EQ(map(fd, &m), 0);
		mapping = res.handle;
		CHECK_EQ(res.nr_segs, NR);
		CHECK(whole <= NR);
		CHECK_EQ(transfer(fd, mapping, kind, 0, m.len, 7), 0);
		CHECK_EQ(unmap(fd, mapping), 0);
		if (kind == XSW_DEVICE_READS)
			memset(at, 0, NR * PAGE);
	}
	fill(want, NR * PAGE, 3);
	CHECK(!memcmp((char *)at + m.offset, want + m.offset, m.len));

	/* One in the middle of two pages, at most. */
	op.seg_boundary = 2 * PAGE - 1;
	CHECK_EQ(engine_open(fd, &op), 0);
	m.engine = res.handle;
	CHECK_EQ(map(fd, &m), 0);
	CHECK(res.nr_segs >= NR / 2 && (whole > 1 || res.nr_segs <= NR / 2 + 1));
	CHECK_EQ(unmap(fd, res.handle), 0);
}

/* What is asked of a device when it is opened holds for each kind; one that can't is free again. */
static void limits(void)
{
	enum { NR = 8 };
	int fd = open_session();
	uint32_t buffer = kernel_buffer(fd, NR * PAGE, NULL);

	for (uint32_t kind = XSW_ENGINE_SIM; kind <= XSW_ENGINE_EDU; kind++) {
		struct xsw_engine_open op = engine_op(kind);
		struct xsw_map m;

		if (kind == XSW_ENGINE_EDU && !info_of(fd).nr_edu)
			continue;
		if (kind == XSW_ENGINE_EDU)
			op.index = 0;
		else
			op.p2m = XSW_P2M_HOST;
		op.flags = XSW_ENGINE_FORCE_BOUNCE;
		for (int i = 0; i < 2; i++) {
			/* The host's pool lies beyond that. */
			op.dma_bits = 20;
			CHECK_EQ(engine_open(fd, &op), -EIO);
			CHECK_EQ(res.cause, XSW_CAUSE_MASK);
			op.dma_bits = 0;
			op.min_align_mask = i ? 0 : 4095;
			op.seg_boundary = i ? 0 : PAGE - 1;
			CHECK_EQ(engine_open(fd, &op), 0);
			m = map_op(res.handle, buffer, XSW_TO_DEVICE, NR * PAGE - 0x123);
			m.offset = 0x123;
			m.flags = XSW_F_SG;
			CHECK_EQ(map(fd, &m), 0);
			CHECK(res.src_reason >= XSW_REASON_BOUNCE_MASK);
			if (!i) {
				CHECK_EQ(res.nr_segs, NR);
				CHECK_EQ(res.value & 4095, 0x123);
			}
			CHECK_EQ(unmap(fd, res.handle), 0);
			CHECK_EQ(let_go(fd, XSW_IOC_ENGINE_CLOSE, m.engine), 0);
		}
	}
}

/* ---- at random ---- */

static uint64_t any(unsigned int *seed, const uint32_t *known, size_t nr)
{
	static const uint64_t edges[] = { 0, 1, 2, 3, 4095, 4096, 4097, 65536, 1 << 20,
					  0x7fffffff, 0xffffffff, ~0ULL, 1ULL << 63 };

	switch (rand_r(seed) % 4) {
	case 0:
		return edges[(size_t)rand_r(seed) % ARRAY_SIZE(edges)];
	case 1:
		return (uint64_t)rand_r(seed) % 16;
	default:
		return known[(size_t)rand_r(seed) % nr];
	}
}

/*
 * Members at random, from what is known to exist and from what is not: nothing to be
 * said of the answers, but that they come, and that all is let go in the end.
 */
static void random_ops(void)
{
	/* Each that may sleep costs a worker's wake-up. */
	int fd = open_session(), i, rounds = way == BY_URING ? 6000 : 30000;
	unsigned char *mem = pages(65536);
	uint32_t known[64], nr = 0;
	unsigned int seed = (unsigned int)time(NULL);
	static struct xsw_sample samples[256];
	static struct xsw_result r;

	known[nr++] = sim_open(fd, 0);
	known[nr++] = sim_open(fd, 50);
	for (i = 0; i < 4; i++)
		known[nr++] = kernel_buffer(fd, 65536, NULL);
	known[nr++] = user_buffer(fd, mem, 65536);
	for (i = 0; i < rounds; i++) {
		uint32_t op[20] = {}, cmd = (uint32_t)rand_r(&seed) % 14;
		static const uint8_t sizes[] = { 24, 72, 24, 48, 24, 48, 24, 40,
						 48, 56, 32, 24, 8, 72 };
		size_t words = sizes[cmd] / 4, w;
		uint64_t ptr = (uintptr_t)&r;

		op[0] = sizes[cmd];
		for (w = 2; w < words; w++)
			if (rand_r(&seed) % 3)
				op[w] = (uint32_t)any(&seed, known, nr);
		/* What would be written is ours, or can't be. */
		if (rand_r(&seed) % 8 == 0)
			ptr = rand_r(&seed) % 2 ? 0 : ~0ULL;
		memcpy(&op[words - 2], &ptr, sizeof(ptr));
		if (cmd == _IOC_NR(XSW_IOC_QUERY))
			memcpy(&op[2], &ptr, sizeof(ptr));
		if (cmd == _IOC_NR(XSW_IOC_BUF_CREATE) && rand_r(&seed) % 2) {
			struct xsw_buf_create *b = (void *)op;

			b->kind = 1 + (uint32_t)rand_r(&seed) % 2;
			b->addr = b->kind == XSW_BUF_USER ? (uintptr_t)mem : 0;
			b->bytes = (uint32_t)rand_r(&seed) % 65536;
		}
		if (cmd == _IOC_NR(XSW_IOC_MEASURE)) {
			struct xsw_measure *m = (void *)op;

			m->samples = (uintptr_t)samples;
			/* It overlaps with others: of what a device only reads, that is allowed. */
			if (rand_r(&seed) % 2) {
				m->dir = XSW_TO_DEVICE;
				m->sync %= 3;
				m->reserved = 0;
				m->offset %= 32768;
				m->len %= 32768;
				m->sync_len = m->sync ? m->sync_len % 32768 : 0;
			}
		}
		if (cmd == _IOC_NR(XSW_IOC_ENGINE_OPEN))
			((struct xsw_engine_open *)op)->pool_kib = 256;
		/* An edu device takes its time over nonsense too. */
		if (cmd == _IOC_NR(XSW_IOC_ENGINE_OPEN) &&
		    ((struct xsw_engine_open *)op)->kind == XSW_ENGINE_EDU)
			continue;
		r.handle = 0;
		issue(fd, _IOWR(XSW_IOC_MAGIC, cmd, struct xsw_nop), op, sizeof(op));
		if (r.handle) {
			if (nr < ARRAY_SIZE(known))
				known[nr++] = r.handle;
			else
				known[(size_t)rand_r(&seed) % nr] = r.handle;
		}
	}
}

const struct test data_tests[] = {
	{ "data.layouts", layouts, false },
	{ "data.kernel_ops", kernel_ops, false },
	{ "data.latency", latency, false },
	{ "data.map_failures", map_failures, false },
	{ "data.short_way", short_way, false },
	{ "data.streaming", streaming, false },
	{ "data.segments", segments, false },
	{ "data.boundary", boundary, false },
	{ "data.limits", limits, false },
	{ "data.random_ops", random_ops, false },
	{ }
};
