// SPDX-License-Identifier: GPL-2.0
/* Handles: stale, foreign, of another kind, in use; and the limits of a session. */
#include <pthread.h>
#include <stdlib.h>
#include <sys/mman.h>
#include "kit.h"

static void stale(void)
{
	int fd = open_session();
	uint32_t engine = sim_open(fd, 0), buffer, mapping, i;
	struct xsw_map op;

	buffer = kernel_buffer(fd, 4096, NULL);
	op = map_op(engine, buffer, XSW_TO_DEVICE, 4096);
	CHECK_EQ(map(fd, &op), 0);
	mapping = res.handle;
	CHECK(engine && buffer && mapping);

	CHECK_EQ(unmap(fd, mapping), 0);
	CHECK_EQ(unmap(fd, mapping), -ESTALE);
	CHECK_EQ(res.cause, XSW_CAUSE_BAD_HANDLE);
	CHECK_EQ(transfer(fd, mapping, XSW_DEVICE_READS, 0, 1, 0), -ESTALE);
	CHECK_EQ(let_go(fd, XSW_IOC_BUF_DESTROY, buffer), 0);
	CHECK_EQ(let_go(fd, XSW_IOC_BUF_DESTROY, buffer), -ESTALE);
	CHECK_EQ(map(fd, &op), -ESTALE);
	CHECK_EQ(let_go(fd, XSW_IOC_ENGINE_CLOSE, engine), 0);
	CHECK_EQ(let_go(fd, XSW_IOC_ENGINE_CLOSE, engine), -ESTALE);

	/* New objects in the same places are not taken for the old ones. */
	for (i = 0; i < 600; i++) {
		uint32_t fresh = kernel_buffer(fd, 64, NULL);

		CHECK(fresh && fresh != buffer && fresh != engine && fresh != mapping);
		CHECK_EQ(let_go(fd, XSW_IOC_BUF_DESTROY, fresh), 0);
	}
	CHECK_EQ(let_go(fd, XSW_IOC_BUF_DESTROY, buffer), -ESTALE);
	CHECK_EQ(unmap(fd, mapping), -ESTALE);
}

static void foreign(void)
{
	int mine = open_session(), other = open_session(), i;
	uint32_t engine = sim_open(other, 0), buffer = kernel_buffer(other, 4096, NULL), mapping;
	struct xsw_map op = map_op(engine, buffer, XSW_TO_DEVICE, 4096);
	struct xsw_stats before, after;

	CHECK_EQ(map(other, &op), 0);
	mapping = res.handle;
	/* The second time there are objects in the same places here too. */
	for (i = 0; i < 2; i++) {
		int due = i ? -ESTALE : -ENOENT;

		if (i) {
			uint32_t e = sim_open(mine, 0), b = kernel_buffer(mine, 4096, NULL);
			struct xsw_map own = map_op(e, b, XSW_TO_DEVICE, 4096);

			CHECK_EQ(map(mine, &own), 0);
		}
		before = stats_of(mine, 0);
		CHECK_EQ(let_go(mine, XSW_IOC_ENGINE_CLOSE, engine), due);
		CHECK_EQ(let_go(mine, XSW_IOC_BUF_DESTROY, buffer), due);
		CHECK_EQ(unmap(mine, mapping), due);
		CHECK_EQ(map(mine, &op), due);
		CHECK_EQ(transfer(mine, mapping, XSW_DEVICE_READS, 0, 1, 0), due);
		CHECK(mmap(NULL, 4096, PROT_READ, MAP_SHARED, mine, (off_t)buffer * PAGE) ==
		      MAP_FAILED && errno == -due);
		after = stats_of(mine, 0);
		CHECK_EQ(after.session_mappings, before.session_mappings);
		CHECK_EQ(after.session_buffers, before.session_buffers);
	}
	CHECK_EQ(unmap(other, mapping), 0);
}

static void other_kind(void)
{
	int fd = open_session();
	uint32_t engine = sim_open(fd, 0), buffer = kernel_buffer(fd, 4096, NULL);
	struct xsw_stats_get stats = { .size = sizeof(stats), .engine = buffer };
	struct xsw_map op = map_op(buffer, buffer, XSW_TO_DEVICE, 4096);
	struct xsw_job j = job_op(engine, engine, buffer, 64);

	CHECK_EQ(map(fd, &op), -EINVAL);
	CHECK_EQ(res.cause, XSW_CAUSE_BAD_HANDLE);
	op = map_op(engine, engine, XSW_TO_DEVICE, 4096);
	CHECK_EQ(map(fd, &op), -EINVAL);
	CHECK_EQ(res.cause, XSW_CAUSE_BAD_HANDLE);
	CHECK_EQ(unmap(fd, engine), -EINVAL);
	CHECK_EQ(unmap(fd, buffer), -EINVAL);
	CHECK_EQ(let_go(fd, XSW_IOC_ENGINE_CLOSE, buffer), -EINVAL);
	CHECK_EQ(let_go(fd, XSW_IOC_BUF_DESTROY, engine), -EINVAL);
	CHECK_EQ(job(fd, &j), -EINVAL);
	CHECK_EQ(res.cause, XSW_CAUSE_BAD_HANDLE);
	CHECK_EQ(issue(fd, XSW_IOC_STATS, &stats, sizeof(stats)), -EINVAL);
	CHECK_EQ(let_go(fd, XSW_IOC_BUF_DESTROY, buffer), 0);
	CHECK_EQ(let_go(fd, XSW_IOC_ENGINE_CLOSE, engine), 0);
}

/* Each job of a vector has what its own handles name, and nothing is in use when it is over. */
static void of_vector(uint32_t latency_us)
{
	enum { ENGINE, SRC, DST, OTHER_SRC, OTHER_DST, GONE, NR_HANDLES, LEN = 4096 };
	static const struct {
		uint8_t	engine, src, dst;
		int	err;
	} what[] = {
		{ ENGINE, SRC, DST, 0 },
		{ ENGINE, OTHER_SRC, DST, 0 },
		{ ENGINE, GONE, DST, -ESTALE },
		{ ENGINE, OTHER_SRC, GONE, -ESTALE },
		{ ENGINE, ENGINE, DST, -EINVAL },
		{ SRC, OTHER_SRC, DST, -EINVAL },
		{ ENGINE, OTHER_SRC, OTHER_DST, 0 },
		{ ENGINE, DST, OTHER_DST, 0 },
		{ GONE, DST, OTHER_DST, -ESTALE },
		{ ENGINE, SRC, DST, 0 },
	};
	struct xsw_result results[ARRAY_SIZE(what)];
	struct xsw_job jobs[ARRAY_SIZE(what)];
	struct xsw_jobv v = { .size = sizeof(v), .nr = ARRAY_SIZE(what), .stride = sizeof(*jobs),
			      .jobs = (uintptr_t)jobs, .result = (uintptr_t)&res };
	uint32_t handle[NR_HANDLES], i;
	int fd = open_session(), nr_ok = 0;
	void *at[NR_HANDLES];

	handle[ENGINE] = sim_open(fd, latency_us);
	for (i = SRC; i < NR_HANDLES; i++)
		handle[i] = kernel_buffer(fd, ARRAY_SIZE(what) * LEN, &at[i]);
	CHECK_EQ(munmap(at[GONE], ARRAY_SIZE(what) * LEN), 0);
	CHECK_EQ(let_go(fd, XSW_IOC_BUF_DESTROY, handle[GONE]), 0);
	/* A place of its own for each job: those of a slow device are under way together. */
	for (i = 0; i < ARRAY_SIZE(what); i++) {
		jobs[i] = job_op(handle[what[i].engine], handle[what[i].src],
				 handle[what[i].dst], LEN);
		jobs[i].src_offset = jobs[i].dst_offset = i * LEN;
		jobs[i].result = (uintptr_t)&results[i];
		nr_ok += !what[i].err;
		fill((char *)at[SRC] + i * LEN, LEN, 100 + i);
		fill((char *)at[OTHER_SRC] + i * LEN, LEN, 200 + i);
		fill((char *)at[DST] + i * LEN, LEN, 300 + i);
		fill((char *)at[OTHER_DST] + i * LEN, LEN, 400 + i);
	}
	CHECK_EQ(issue(fd, XSW_IOC_JOBV, &v, sizeof(v)), nr_ok);
	for (i = 0; i < ARRAY_SIZE(what); i++) {
		unsigned int dst = what[i].dst == OTHER_DST ? OTHER_DST : DST;
		unsigned int seed = what[i].err ? dst == DST ? 300 : 400 :
				    what[i].src == SRC ? 100 : what[i].src == DST ? 300 : 200;

		CHECK_EQ(results[i].status, what[i].err);
		CHECK_EQ(results[i].cause, what[i].err ? XSW_CAUSE_BAD_HANDLE : XSW_CAUSE_NONE);
		CHECK_EQ(results[i].bytes, what[i].err ? 0 : LEN);
		CHECK(filled((char *)at[dst] + i * LEN, LEN, seed + i));
	}
	for (i = SRC; i < GONE; i++)
		CHECK_EQ(let_go(fd, XSW_IOC_BUF_DESTROY, handle[i]), 0);
	CHECK_EQ(let_go(fd, XSW_IOC_ENGINE_CLOSE, handle[ENGINE]), 0);
}

static void vector(void)
{
	of_vector(0);
	of_vector(1000);
}

static void in_use(void)
{
	int fd = open_session();
	uint32_t engine = sim_open(fd, 0), buffer = kernel_buffer(fd, 4096, NULL), mapping;
	struct xsw_map op = map_op(engine, buffer, XSW_TO_DEVICE, 4096);
	struct xsw_buf_create place = { .size = sizeof(place), .kind = XSW_BUF_KERNEL,
					.engine = engine, .placement = XSW_PLACE_STRADDLE,
					.bytes = 8192, .result = (uintptr_t)&res };

	CHECK_EQ(map(fd, &op), 0);
	mapping = res.handle;
	CHECK_EQ(let_go(fd, XSW_IOC_BUF_DESTROY, buffer), -EBUSY);
	CHECK_EQ(res.cause, XSW_CAUSE_BUSY);
	CHECK_EQ(let_go(fd, XSW_IOC_ENGINE_CLOSE, engine), -EBUSY);
	CHECK_EQ(unmap(fd, mapping), 0);
	CHECK_EQ(let_go(fd, XSW_IOC_BUF_DESTROY, buffer), 0);

	/* A buffer whose frames an engine's environment has renumbered needs it. */
	CHECK_EQ(issue(fd, XSW_IOC_BUF_CREATE, &place, sizeof(place)), 0);
	buffer = res.handle;
	CHECK_EQ(let_go(fd, XSW_IOC_ENGINE_CLOSE, engine), -EBUSY);
	CHECK_EQ(let_go(fd, XSW_IOC_BUF_DESTROY, buffer), 0);
	CHECK_EQ(let_go(fd, XSW_IOC_ENGINE_CLOSE, engine), 0);
}

static void limits(void)
{
	int fd = open_session();
	struct xsw_info info = info_of(fd);
	struct xsw_engine_open engine = engine_op(XSW_ENGINE_SIM);
	struct xsw_buf_create buffer = { .size = sizeof(buffer), .kind = XSW_BUF_KERNEL,
					 .bytes = 64, .result = (uintptr_t)&res };
	struct xsw_map op;
	uint32_t i;

	engine.pool_kib = 256;
	for (i = 0; i < info.max_engines; i++)
		CHECK_EQ(engine_open(fd, &engine), 0);
	op = map_op(res.handle, 0, XSW_TO_DEVICE, 64);
	CHECK_EQ(engine_open(fd, &engine), -EMFILE);
	CHECK_EQ(res.cause, XSW_CAUSE_LIMIT);

	for (i = 0; i < info.max_buffers; i++)
		CHECK_EQ(issue(fd, XSW_IOC_BUF_CREATE, &buffer, sizeof(buffer)), 0);
	op.buffer = res.handle;
	CHECK_EQ(issue(fd, XSW_IOC_BUF_CREATE, &buffer, sizeof(buffer)), -EMFILE);
	CHECK_EQ(res.cause, XSW_CAUSE_LIMIT);

	for (i = 0; i < info.max_mappings; i++)
		CHECK_EQ(map(fd, &op), 0);
	i = res.handle;
	CHECK_EQ(map(fd, &op), -EMFILE);
	CHECK_EQ(res.cause, XSW_CAUSE_LIMIT);
	CHECK_EQ(unmap(fd, i), 0);
	CHECK_EQ(map(fd, &op), 0);
	CHECK_EQ(stats_of(fd, 0).session_mappings, info.max_mappings);
}

/* ---- several threads on one session ---- */

static struct {
	int		fd;
	uint32_t	engine, buffer[8];
	volatile bool	stop;
} race;

/* Every answer that a handle may get which others destroy meanwhile. */
static bool fair(int ret)
{
	return ret >= 0 || ret == -ESTALE || ret == -ENOENT || ret == -EBUSY || ret == -EINVAL ||
	       ret == -EMFILE || ret == -ENOMEM;
}

#define RACE_THREADS	4u
#define RACE_BYTES	(4096 + 2048 * RACE_THREADS)

static void *race_thread(void *arg)
{
	unsigned int seed = (unsigned int)(uintptr_t)arg;
	uint32_t mine = 0;

	while (!race.stop) {
		struct xsw_result r = {};
		uint32_t *slot = &race.buffer[rand_r(&seed) % 8];
		uint32_t buffer = __atomic_load_n(slot, __ATOMIC_RELAXED);
		struct xsw_map m = map_op(race.engine, buffer, XSW_TO_DEVICE, 4096);
		struct xsw_job j = job_op(race.engine, buffer, race.buffer[rand_r(&seed) % 8], 2048);
		struct xsw_unmap u = { .size = sizeof(u), .mapping = mine };
		struct xsw_handle h = { .size = sizeof(h), .handle = buffer };
		struct xsw_buf_create b = { .size = sizeof(b), .kind = XSW_BUF_KERNEL,
					    .bytes = RACE_BYTES, .result = (uintptr_t)&r };

		/* What devices write may not overlap, say the DMA API's checks: to each thread its own. */
		j.dst_offset = 2048 + 2048 * (unsigned int)(uintptr_t)arg;
		j.result = 0;
		switch (rand_r(&seed) % 5) {
		case 0:
			if (mine)
				CHECK(fair(issue_by(BY_IOCTL, race.fd, XSW_IOC_UNMAP, &u, sizeof(u))));
			m.result = (uintptr_t)&r;
			CHECK(fair(issue_by(BY_IOCTL, race.fd, XSW_IOC_MAP, &m, sizeof(m))));
			mine = r.handle;
			break;
		case 1:
			CHECK(fair(issue_by(BY_IOCTL, race.fd, XSW_IOC_UNMAP, &u, sizeof(u))));
			break;
		case 2:
			if (issue_by(BY_IOCTL, race.fd, XSW_IOC_BUF_DESTROY, &h, sizeof(h)))
				break;
			CHECK_EQ(issue_by(BY_IOCTL, race.fd, XSW_IOC_BUF_CREATE, &b, sizeof(b)), 0);
			__atomic_store_n(slot, r.handle, __ATOMIC_RELAXED);
			break;
		default:
			CHECK(fair(issue_by(BY_IOCTL, race.fd, XSW_IOC_JOB, &j, sizeof(j))));
		}
	}
	return NULL;
}

static void threads(void)
{
	pthread_t thread[RACE_THREADS];
	size_t i;

	race.fd = open_session();
	race.engine = sim_open(race.fd, 0);
	for (i = 0; i < ARRAY_SIZE(race.buffer); i++)
		race.buffer[i] = kernel_buffer(race.fd, RACE_BYTES, NULL);
	for (i = 0; i < ARRAY_SIZE(thread); i++)
		CHECK_EQ(pthread_create(&thread[i], NULL, race_thread, (void *)(i + 1)), 0);
	usleep(1500000);
	race.stop = true;
	for (i = 0; i < ARRAY_SIZE(thread); i++)
		pthread_join(thread[i], NULL);
	CHECK_EQ(stats_of(race.fd, 0).session_buffers, ARRAY_SIZE(race.buffer));
}

const struct test handle_tests[] = {
	{ "handle.stale", stale, false },
	{ "handle.foreign", foreign, false },
	{ "handle.other_kind", other_kind, false },
	{ "handle.vector", vector, false },
	{ "handle.in_use", in_use, false },
	{ "handle.limits", limits, true },
	{ "handle.threads", threads, true },
	{ }
};
