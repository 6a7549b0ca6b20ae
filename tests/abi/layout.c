// SPDX-License-Identifier: GPL-2.0
/* Command numbers, sizes, flags and reserved members: refused before anything is looked at. */
#include <sys/mman.h>
#include "kit.h"

struct layout {
	unsigned int	cmd;
	uint32_t	size;
	uint32_t	flags;		/* that are known */
	uint32_t	reserved;	/* offset, 0: none */
	uint32_t	reserved_size;
};

#define LAYOUT(ioc, type, known) { ioc, sizeof(struct type), known, 0, 0 }
#define LAYOUT_RESERVED(ioc, type, known) \
	{ ioc, sizeof(struct type), known, offsetof(struct type, reserved), \
	  sizeof(((struct type *)0)->reserved) }

static const struct layout layouts[] = {
	LAYOUT_RESERVED(XSW_IOC_QUERY, xsw_query, 0),
	LAYOUT_RESERVED(XSW_IOC_ENGINE_OPEN, xsw_engine_open, 0xf),
	LAYOUT_RESERVED(XSW_IOC_ENGINE_CLOSE, xsw_handle, 0),
	LAYOUT(XSW_IOC_BUF_CREATE, xsw_buf_create, 0),
	LAYOUT_RESERVED(XSW_IOC_BUF_DESTROY, xsw_handle, 0),
	LAYOUT(XSW_IOC_MAP, xsw_map, XSW_F_TIMES | XSW_F_SG),
	LAYOUT(XSW_IOC_UNMAP, xsw_unmap, XSW_F_TIMES),
	LAYOUT(XSW_IOC_SYNC, xsw_sync, XSW_F_TIMES),
	LAYOUT(XSW_IOC_TRANSFER, xsw_transfer, XSW_F_TIMES),
	LAYOUT_RESERVED(XSW_IOC_JOB, xsw_job,
			XSW_F_TIMES | XSW_F_SG | XSW_F_SYNC | XSW_F_FIXED),
	LAYOUT(XSW_IOC_JOBV, xsw_jobv, 0),
	LAYOUT_RESERVED(XSW_IOC_STATS, xsw_stats_get, 0),
	LAYOUT(XSW_IOC_NOP, xsw_nop, 0),
	LAYOUT_RESERVED(XSW_IOC_MEASURE, xsw_measure, XSW_F_SG),
};

/* Room for an operation and a tail, at the end of which nothing is mapped. */
static unsigned char *op_at_end(size_t size)
{
	unsigned char *at = pages(2 * PAGE);

	CHECK_EQ(munmap(at + PAGE, PAGE), 0);
	return at + PAGE - size;
}

static void put_size(unsigned char *op, uint32_t size)
{
	memcpy(op, &size, sizeof(size));
}

static void numbers(void)
{
	struct xsw_nop op = { .size = sizeof(op) };
	int fd = open_session();
	unsigned int n;

	CHECK_EQ(issue(fd, XSW_IOC_NOP, &op, sizeof(op)), 0);
	for (n = ARRAY_SIZE(layouts); n < 256; n++)
		CHECK_EQ(issue(fd, _IOWR(XSW_IOC_MAGIC, n, struct xsw_nop), &op, sizeof(op)), -ENOTTY);
	CHECK_EQ(issue(fd, _IOWR(0xb6, 12, struct xsw_nop), &op, sizeof(op)), -ENOTTY);
	CHECK_EQ(issue(fd, 0, &op, sizeof(op)), -ENOTTY);
	CHECK_EQ(issue(fd, ~0u, &op, sizeof(op)), -ENOTTY);
	/* The size and direction in the number do not matter, the member does. */
	CHECK_EQ(issue(fd, _IO(XSW_IOC_MAGIC, 12), &op, sizeof(op)), 0);
	CHECK_EQ(issue(fd, _IOWR(XSW_IOC_MAGIC, 12, struct xsw_job), &op, sizeof(op)), 0);
}

static void sizes(void)
{
	unsigned char op[4096];
	int fd = open_session();
	size_t i;

	for (i = 0; i < ARRAY_SIZE(layouts); i++) {
		const struct layout *l = &layouts[i];
		const uint32_t small[] = { 0, 1, 4, l->size - 1, l->size - 4 };
		uint32_t j, huge[] = { 81, 4097, 65536, 0x7fffffff, 0xffffffff };

		memset(op, 0, sizeof(op));
		for (j = 0; j < ARRAY_SIZE(small); j++) {
			put_size(op, small[j]);
			CHECK_EQ(issue(fd, l->cmd, op, sizeof(op)), -EINVAL);
		}
		/* Nothing of this gets as far as the operation: it would say otherwise. */
		for (j = way == BY_URING ? 0 : 1; j < ARRAY_SIZE(huge); j++) {
			put_size(op, huge[j]);
			CHECK_EQ(issue(fd, l->cmd, op, sizeof(op)), -E2BIG);
		}
		/* A caller that knows more, and asks for it. */
		for (j = l->size; j < l->size + 8 && j < 80; j++) {
			put_size(op, l->size + 8 > 80 ? 80 : l->size + 8);
			op[j] = 1;
			CHECK_EQ(issue(fd, l->cmd, op, sizeof(op)), -E2BIG);
			op[j] = 0;
		}
	}
}

/* A caller that knows more, and asks for nothing of it. */
static void longer_sizes(void)
{
	struct { struct xsw_query op; uint64_t more; } query = {};
	struct { struct xsw_nop op; uint64_t more[9]; } nop = {};
	struct { struct xsw_handle op; uint64_t more; } handle = {};
	struct xsw_info info = { .size = sizeof(info) };
	int fd = open_session();

	query.op.size = sizeof(query);
	query.op.info = (uintptr_t)&info;
	CHECK_EQ(issue(fd, XSW_IOC_QUERY, &query, sizeof(query)), 0);
	CHECK_EQ(info.abi_version, XSW_ABI_VERSION);
	nop.op.size = sizeof(nop);
	CHECK_EQ(issue(fd, XSW_IOC_NOP, &nop, sizeof(nop)), 0);
	handle.op.size = sizeof(handle);
	handle.op.handle = 1;
	CHECK_EQ(issue(fd, XSW_IOC_BUF_DESTROY, &handle, sizeof(handle)), -ENOENT);
}

static void flags(void)
{
	struct xsw_result untouched;
	unsigned char op[80];
	int fd = open_session();
	uint32_t bit;
	size_t i;

	memset(&res, 0x5a, sizeof(res));
	memset(&untouched, 0x5a, sizeof(untouched));
	for (i = 0; i < ARRAY_SIZE(layouts); i++) {
		for (bit = 1; bit; bit <<= 1) {
			uint64_t ptr = (uintptr_t)&res;

			if (layouts[i].flags & bit)
				continue;
			memset(op, 0, sizeof(op));
			put_size(op, layouts[i].size);
			memcpy(op + 4, &bit, sizeof(bit));
			/* Where most have their result, which must not be written. */
			if (layouts[i].size > 8)
				memcpy(op + layouts[i].size - 8, &ptr, sizeof(ptr));
			CHECK_EQ(issue(fd, layouts[i].cmd, op, layouts[i].size), -EINVAL);
			CHECK(!memcmp(&res, &untouched, sizeof(res)));
		}
	}
}

static void reserved(void)
{
	unsigned char op[80];
	int fd = open_session();
	size_t i, j;

	for (i = 0; i < ARRAY_SIZE(layouts); i++) {
		for (j = 0; j < layouts[i].reserved_size; j++) {
			memset(op, 0, sizeof(op));
			put_size(op, layouts[i].size);
			op[layouts[i].reserved + j] = 0x80;
			CHECK_EQ(issue(fd, layouts[i].cmd, op, layouts[i].size), -EINVAL);
		}
	}
}

/* The structure itself where it can't be read. */
static void unreadable(void)
{
	int fd = open_session();
	size_t i;

	for (i = 0; i < ARRAY_SIZE(layouts); i++) {
		unsigned char *op = op_at_end(layouts[i].size);

		put_size(op, layouts[i].size);
		CHECK_EQ(issue_by(BY_IOCTL, fd, layouts[i].cmd, NULL, 0), -EFAULT);
		CHECK_EQ(issue_by(BY_IOCTL, fd, layouts[i].cmd, (void *)(-4096L), 0), -EFAULT);
		CHECK_EQ(issue_by(BY_IOCTL, fd, layouts[i].cmd, op + 8, 0),
			 layouts[i].size > 8 ? -EINVAL : -EFAULT);
		put_size(op, layouts[i].size + 8);
		CHECK_EQ(issue_by(BY_IOCTL, fd, layouts[i].cmd, op, 0), -EFAULT);
	}
}

static void answers(void)
{
	int fd = open_session();
	struct { struct xsw_info info; uint64_t more; } info;
	struct { struct xsw_stats stats; uint64_t more; } stats;
	struct xsw_query query = { .size = sizeof(query), .info = (uintptr_t)&info };
	struct xsw_stats_get get = { .size = sizeof(get), .stats = (uintptr_t)&stats };
	const uint32_t small[] = { 0, 1, sizeof(struct xsw_info) - 1 };
	size_t i;

	for (i = 0; i < ARRAY_SIZE(small); i++) {
		info.info.size = small[i];
		CHECK_EQ(issue(fd, XSW_IOC_QUERY, &query, sizeof(query)), -EINVAL);
		stats.stats.size = small[i];
		CHECK_EQ(issue(fd, XSW_IOC_STATS, &get, sizeof(get)), -EINVAL);
	}
	info.info.size = 0xffffffff;
	CHECK_EQ(issue(fd, XSW_IOC_QUERY, &query, sizeof(query)), -E2BIG);
	stats.stats.size = 0xffffffff;
	CHECK_EQ(issue(fd, XSW_IOC_STATS, &get, sizeof(get)), -E2BIG);

	info.info.size = sizeof(info);
	info.more = ~0ULL;
	CHECK_EQ(issue(fd, XSW_IOC_QUERY, &query, sizeof(query)), 0);
	CHECK_EQ(info.info.size, sizeof(info.info));
	CHECK_EQ(info.more, 0);
	CHECK_EQ(info.info.abi_version, XSW_ABI_VERSION);
	CHECK_EQ(info.info.page_size, PAGE);
	CHECK(info.info.features & XSW_FEAT_JOBV);
	CHECK(info.info.max_len >= 65536 && info.info.max_vector >= 2);
	CHECK(memchr(info.info.env, 0, sizeof(info.info.env)) && info.info.env[0]);
	stats.stats.size = sizeof(stats);
	stats.more = ~0ULL;
	CHECK_EQ(issue(fd, XSW_IOC_STATS, &get, sizeof(get)), 0);
	CHECK_EQ(stats.stats.size, sizeof(stats.stats));
	CHECK_EQ(stats.more, 0);

	query.info = 0;
	CHECK_EQ(issue(fd, XSW_IOC_QUERY, &query, sizeof(query)), -EFAULT);
	get.stats = ~0ULL - 7;
	CHECK_EQ(issue(fd, XSW_IOC_STATS, &get, sizeof(get)), -EFAULT);
	get.stats = (uintptr_t)&stats;
	get.engine = 0x00100000;
	CHECK_EQ(issue(fd, XSW_IOC_STATS, &get, sizeof(get)), -ENOENT);
}

const struct test layout_tests[] = {
	{ "layout.numbers", numbers, false },
	{ "layout.sizes", sizes, false },
	{ "layout.longer_sizes", longer_sizes, false },
	{ "layout.flags", flags, false },
	{ "layout.reserved", reserved, false },
	{ "layout.unreadable", unreadable, true },
	{ "layout.answers", answers, false },
	{ }
};
