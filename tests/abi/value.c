// SPDX-License-Identifier: GPL-2.0
/*
 * Every member of every operation at its edges: the exact errno and cause, and nothing
 * changed.
 */
#include <stdio.h>
#include <sys/mman.h>
#include "kit.h"

#define BYTES	65536u

/* What the operations under test work on. */
static struct {
	int		fd;
	uint32_t	engine, kernel, user, mapping, to_device, sg;
	unsigned char	*memory;
	struct xsw_stats before;
} fix;

static void set_up(void)
{
	struct xsw_map op;

	fix.fd = open_session();
	fix.engine = sim_open(fix.fd, 0);
	fix.kernel = kernel_buffer(fix.fd, BYTES, NULL);
	fix.memory = pages(BYTES);
	fix.user = user_buffer(fix.fd, fix.memory, BYTES);
	/* At its end: what devices may write at once must not overlap, and jobs write where it begins. */
	op = map_op(fix.engine, fix.kernel, XSW_BIDIRECTIONAL, 8192);
	op.offset = BYTES - 8192;
	CHECK_EQ(map(fix.fd, &op), 0);
	fix.mapping = res.handle;
	op = map_op(fix.engine, fix.kernel, XSW_TO_DEVICE, 8192);
	op.offset = BYTES - 8192;
	CHECK_EQ(map(fix.fd, &op), 0);
	fix.to_device = res.handle;
	fix.before = stats_of(fix.fd, 0);
}

/* One page twice: any two others may be neighbours. */
static uint32_t scattered_buffer(int fd)
{
	unsigned char *memory = pages(2 * PAGE);
	int file = memfd_create("scattered", MFD_CLOEXEC);

	CHECK(file >= 0 && ftruncate(file, PAGE) == 0);
	for (int i = 0; i < 2; i++)
		CHECK(mmap(memory + i * PAGE, PAGE, PROT_READ | PROT_WRITE,
			   MAP_SHARED | MAP_FIXED | MAP_POPULATE, file, 0) != MAP_FAILED);
	close(file);
	return user_buffer(fd, memory, 2 * PAGE);
}

static void nothing_changed(void)
{
	struct xsw_stats after = stats_of(fix.fd, 0);

	CHECK_EQ(after.session_engines, fix.before.session_engines);
	CHECK_EQ(after.session_buffers, fix.before.session_buffers);
	CHECK_EQ(after.session_mappings, fix.before.session_mappings);
	CHECK_EQ(after.session_pinned, fix.before.session_pinned);
	CHECK_EQ(after.pool_used, fix.before.pool_used);
	CHECK_EQ(after.unmaps, fix.before.unmaps);
	CHECK_EQ(after.nr_quarantined, fix.before.nr_quarantined);
}

/**
 * struct edge - one member at one value
 * @name:	of the member, as it is written
 * @offset:	of it
 * @width:	bytes
 * @value:	that it gets
 * @err:	errno that is due
 * @cause:	that is due
 */
struct edge {
	const char	*name;
	uint32_t	offset;
	uint32_t	width;
	uint64_t	value;
	int		err;
	uint8_t		cause;
};

#define EDGE(type, member, value, err, why) \
	{ #member " = " #value, offsetof(struct type, member), \
	  sizeof(((struct type *)0)->member), value, err, XSW_CAUSE_##why }

static void try_edges(unsigned int cmd, const void *valid, size_t size,
		      const struct edge *edge, size_t nr)
{
	unsigned char op[80];

	for (; nr--; edge++) {
		int ret;

		memcpy(op, valid, size);
		/* Little endian, as are the architectures that have the module. */
		memcpy(op + edge->offset, &edge->value, edge->width);
		memset(&res, 0xee, sizeof(res));
		ret = issue(fix.fd, cmd, op, size);
		if (ret != -edge->err || res.status != -edge->err || res.cause != edge->cause ||
		    res.handle || res.value)
			failed(__FILE__, __LINE__,
			       "command %u, %s: returns %d and not %d; cause due is %u; handle %x value %llx",
			       _IOC_NR(cmd), edge->name, ret, -edge->err, edge->cause, res.handle,
			       (unsigned long long)res.value);
		nothing_changed();
	}
}

static void engine_open_values(void)
{
	static const struct edge edges[] = {
		EDGE(xsw_engine_open, kind, 0, EINVAL, BAD_VALUE),
		EDGE(xsw_engine_open, kind, 3, EINVAL, BAD_VALUE),
		EDGE(xsw_engine_open, kind, 0xffffffff, EINVAL, BAD_VALUE),
		EDGE(xsw_engine_open, index, 1, EINVAL, BAD_VALUE),
		EDGE(xsw_engine_open, index, XSW_ANY_INDEX, EINVAL, BAD_VALUE),
		EDGE(xsw_engine_open, ops, 2, EINVAL, BAD_VALUE),
		EDGE(xsw_engine_open, ops, 0xffffffff, EINVAL, BAD_VALUE),
		EDGE(xsw_engine_open, dma_bits, 1, EINVAL, BAD_VALUE),
		EDGE(xsw_engine_open, dma_bits, 19, EINVAL, BAD_VALUE),
		EDGE(xsw_engine_open, dma_bits, 65, EINVAL, BAD_VALUE),
		EDGE(xsw_engine_open, dma_bits, 0xffffffff, EINVAL, BAD_VALUE),
		EDGE(xsw_engine_open, p2m, 4, EINVAL, BAD_VALUE),
		EDGE(xsw_engine_open, p2m, 0xffffffff, EINVAL, BAD_VALUE),
		EDGE(xsw_engine_open, seed, 1, EINVAL, BAD_VALUE),
		EDGE(xsw_engine_open, p2m_offset, 1, EINVAL, BAD_VALUE),
		EDGE(xsw_engine_open, p2m_offset, ~0ULL, EINVAL, BAD_VALUE),
		EDGE(xsw_engine_open, min_align_mask, 2, EINVAL, BAD_VALUE),
		EDGE(xsw_engine_open, min_align_mask, 0x1ffff, EINVAL, BAD_VALUE),
		EDGE(xsw_engine_open, min_align_mask, 0xffffffff, EINVAL, BAD_VALUE),
		EDGE(xsw_engine_open, pool_kib, 255, EINVAL, BAD_VALUE),
		EDGE(xsw_engine_open, pool_kib, 262145, EINVAL, BAD_VALUE),
		EDGE(xsw_engine_open, seg_boundary, 1, EINVAL, BAD_VALUE),
		EDGE(xsw_engine_open, seg_boundary, 2047, EINVAL, BAD_VALUE),
		EDGE(xsw_engine_open, seg_boundary, 4096, EINVAL, BAD_VALUE),
		EDGE(xsw_engine_open, latency_us, 1000001, EINVAL, BAD_VALUE),
		EDGE(xsw_engine_open, latency_us, 0xffffffff, EINVAL, BAD_VALUE),
		EDGE(xsw_engine_open, flags, XSW_ENGINE_FORCE_BOUNCE | XSW_ENGINE_NO_BOUNCE,
		     EINVAL, BAD_VALUE),
	};
	static const struct edge offset_edges[] = {
		EDGE(xsw_engine_open, p2m_offset, 1ULL << 36, EINVAL, BAD_VALUE),
		EDGE(xsw_engine_open, p2m_offset, ~0ULL, EINVAL, BAD_VALUE),
	};
	static const struct edge host_edges[] = {
		EDGE(xsw_engine_open, pool_kib, 8192, EINVAL, BAD_VALUE),
		EDGE(xsw_engine_open, p2m_offset, 1, EINVAL, BAD_VALUE),
		EDGE(xsw_engine_open, flags, XSW_ENGINE_NO_M2P, EINVAL, BAD_VALUE),
		EDGE(xsw_engine_open, flags, XSW_ENGINE_NO_FLUSH, EINVAL, BAD_VALUE),
	};
	static const struct edge kernel_edges[] = {
		EDGE(xsw_engine_open, dma_bits, 20, EINVAL, BAD_VALUE),
		EDGE(xsw_engine_open, dma_bits, 31, EINVAL, BAD_VALUE),
		EDGE(xsw_engine_open, p2m, XSW_P2M_OFFSET, EINVAL, BAD_VALUE),
		EDGE(xsw_engine_open, p2m, XSW_P2M_SHUFFLED, EINVAL, BAD_VALUE),
		EDGE(xsw_engine_open, flags, XSW_ENGINE_FORCE_BOUNCE, EINVAL, BAD_VALUE),
		EDGE(xsw_engine_open, flags, XSW_ENGINE_NO_BOUNCE, EINVAL, BAD_VALUE),
		EDGE(xsw_engine_open, flags, XSW_ENGINE_NO_M2P, EINVAL, BAD_VALUE),
		EDGE(xsw_engine_open, flags, XSW_ENGINE_NO_FLUSH, EINVAL, BAD_VALUE),
	};
	static const struct edge edu_edges[] = {
		EDGE(xsw_engine_open, p2m, XSW_P2M_OFFSET, EINVAL, BAD_VALUE),
		EDGE(xsw_engine_open, seed, 1, EINVAL, BAD_VALUE),
		EDGE(xsw_engine_open, p2m_offset, 1, EINVAL, BAD_VALUE),
		EDGE(xsw_engine_open, pool_kib, 8192, EINVAL, BAD_VALUE),
		EDGE(xsw_engine_open, latency_us, 1, EINVAL, BAD_VALUE),
		EDGE(xsw_engine_open, flags, XSW_ENGINE_NO_M2P, EINVAL, BAD_VALUE),
		EDGE(xsw_engine_open, flags, XSW_ENGINE_NO_FLUSH, EINVAL, BAD_VALUE),
		EDGE(xsw_engine_open, index, 1000, ENODEV, NO_DEVICE),
	};
	struct xsw_engine_open op = engine_op(XSW_ENGINE_SIM);

	set_up();
	try_edges(XSW_IOC_ENGINE_OPEN, &op, sizeof(op), edges, ARRAY_SIZE(edges));
	op.p2m = XSW_P2M_OFFSET;
	try_edges(XSW_IOC_ENGINE_OPEN, &op, sizeof(op), offset_edges, ARRAY_SIZE(offset_edges));
	op.p2m = XSW_P2M_HOST;
	try_edges(XSW_IOC_ENGINE_OPEN, &op, sizeof(op), host_edges, ARRAY_SIZE(host_edges));
	op.p2m = XSW_P2M_IDENTITY;
	op.ops = XSW_OPS_KERNEL;
	try_edges(XSW_IOC_ENGINE_OPEN, &op, sizeof(op), kernel_edges, ARRAY_SIZE(kernel_edges));
	op = engine_op(XSW_ENGINE_EDU);
	try_edges(XSW_IOC_ENGINE_OPEN, &op, sizeof(op), edu_edges, ARRAY_SIZE(edu_edges));
}

static void buf_create_values(void)
{
	static const struct edge edges[] = {
		EDGE(xsw_buf_create, kind, 0, EINVAL, BAD_VALUE),
		EDGE(xsw_buf_create, kind, 3, EINVAL, BAD_VALUE),
		EDGE(xsw_buf_create, kind, 0xffffffff, EINVAL, BAD_VALUE),
		EDGE(xsw_buf_create, engine, 0xffffffff, ENOENT, BAD_HANDLE),
		EDGE(xsw_buf_create, placement, XSW_PLACE_LOW, EINVAL, BAD_VALUE),
		EDGE(xsw_buf_create, placement, XSW_PLACE_FOREIGN, EINVAL, BAD_VALUE),
		EDGE(xsw_buf_create, placement, XSW_PLACE_FOREIGN_CONTIG, EINVAL, BAD_VALUE),
		EDGE(xsw_buf_create, placement, XSW_PLACE_MMIO, EINVAL, BAD_VALUE),
		EDGE(xsw_buf_create, placement, 7, EINVAL, BAD_VALUE),
		EDGE(xsw_buf_create, placement, 0xffffffff, EINVAL, BAD_VALUE),
		EDGE(xsw_buf_create, page_offset, 4096, EINVAL, BAD_VALUE),
		EDGE(xsw_buf_create, page_offset, 0xffffffff, EINVAL, BAD_VALUE),
		EDGE(xsw_buf_create, addr, 4096, EINVAL, BAD_VALUE),
		EDGE(xsw_buf_create, bytes, 0, EINVAL, BAD_VALUE),
		EDGE(xsw_buf_create, bytes, (16u << 20) + 1, EINVAL, BAD_VALUE),
		EDGE(xsw_buf_create, bytes, 0xffffffff, EINVAL, BAD_VALUE),
		EDGE(xsw_buf_create, bytes, ~0ULL, EINVAL, BAD_VALUE),
	};
	static const struct edge user_edges[] = {
		EDGE(xsw_buf_create, bytes, 0, EINVAL, BAD_VALUE),
		EDGE(xsw_buf_create, bytes, 0xffffffff, EINVAL, BAD_VALUE),
		EDGE(xsw_buf_create, bytes, ~0ULL, EINVAL, BAD_VALUE),
		EDGE(xsw_buf_create, page_offset, 1, EINVAL, BAD_VALUE),
		EDGE(xsw_buf_create, addr, 0, EFAULT, FAULT),
		EDGE(xsw_buf_create, addr, ~0ULL, EINVAL, BAD_VALUE),
		EDGE(xsw_buf_create, addr, 0ULL - 65536, EINVAL, BAD_VALUE),
		EDGE(xsw_buf_create, addr, 0xffff800000000000, EFAULT, FAULT),
		EDGE(xsw_buf_create, addr, 1ULL << 62, EFAULT, FAULT),
	};
	/* With an engine, but not the one that it takes. */
	static const struct edge sim_edges[] = {
		EDGE(xsw_buf_create, placement, XSW_PLACE_FOREIGN_CONTIG, EINVAL, UNSUPPORTED),
		EDGE(xsw_buf_create, placement, XSW_PLACE_MMIO, EINVAL, UNSUPPORTED),
		EDGE(xsw_buf_create, placement, 7, EINVAL, BAD_VALUE),
		EDGE(xsw_buf_create, placement, 0xffffffff, EINVAL, BAD_VALUE),
	};
	static const struct edge placed_edges[] = {
		EDGE(xsw_buf_create, placement, XSW_PLACE_LOW, EINVAL, BAD_VALUE),
		EDGE(xsw_buf_create, placement, XSW_PLACE_STRADDLE, EINVAL, BAD_VALUE),
	};
	struct xsw_buf_create op = { .size = sizeof(op), .kind = XSW_BUF_KERNEL, .bytes = BYTES,
				     .result = (uintptr_t)&res };

	set_up();
	try_edges(XSW_IOC_BUF_CREATE, &op, sizeof(op), edges, ARRAY_SIZE(edges));
	/* More than the kernel has in one piece. */
	op.bytes = 16u << 20;
	CHECK_EQ(issue(fix.fd, XSW_IOC_BUF_CREATE, &op, sizeof(op)), -ENOMEM);
	CHECK_EQ(res.cause, XSW_CAUSE_NO_MEMORY);
	op.bytes = BYTES;
	op.engine = fix.engine;
	try_edges(XSW_IOC_BUF_CREATE, &op, sizeof(op), sim_edges, ARRAY_SIZE(sim_edges));
	op.engine = 0;
	op.kind = XSW_BUF_USER;
	op.addr = (uintptr_t)fix.memory;
	try_edges(XSW_IOC_BUF_CREATE, &op, sizeof(op), user_edges, ARRAY_SIZE(user_edges));
	op.engine = fix.engine;
	try_edges(XSW_IOC_BUF_CREATE, &op, sizeof(op), placed_edges, ARRAY_SIZE(placed_edges));
}

/* Frames can be renumbered only where they are simulated, and our ops are to see it. */
static void placement_needs_sim(void)
{
	struct xsw_buf_create op = { .size = sizeof(op), .kind = XSW_BUF_KERNEL, .bytes = BYTES,
				     .placement = XSW_PLACE_FOREIGN, .result = (uintptr_t)&res };
	struct xsw_engine_open open_op = engine_op(XSW_ENGINE_SIM);

	set_up();
	open_op.ops = XSW_OPS_KERNEL;
	CHECK_EQ(engine_open(fix.fd, &open_op), 0);
	op.engine = res.handle;
	CHECK_EQ(issue(fix.fd, XSW_IOC_BUF_CREATE, &op, sizeof(op)), -EINVAL);
	CHECK_EQ(res.cause, XSW_CAUSE_UNSUPPORTED);
	CHECK_EQ(let_go(fix.fd, XSW_IOC_ENGINE_CLOSE, op.engine), 0);
	nothing_changed();
}

static void map_values(void)
{
	static const struct edge edges[] = {
		EDGE(xsw_map, engine, 0, ENOENT, BAD_HANDLE),
		EDGE(xsw_map, engine, 0xffffffff, ENOENT, BAD_HANDLE),
		EDGE(xsw_map, buffer, 0, ENOENT, BAD_HANDLE),
		EDGE(xsw_map, buffer, 0xffffffff, ENOENT, BAD_HANDLE),
		EDGE(xsw_map, dir, 3, EINVAL, BAD_VALUE),
		EDGE(xsw_map, dir, 0xffffffff, EINVAL, BAD_VALUE),
		EDGE(xsw_map, attrs, 8, EINVAL, BAD_VALUE),
		EDGE(xsw_map, attrs, 1u << 31, EINVAL, BAD_VALUE),
		EDGE(xsw_map, len, 0, EINVAL, BAD_VALUE),
		EDGE(xsw_map, len, BYTES + 1, ERANGE, OUT_OF_RANGE),
		EDGE(xsw_map, len, (16u << 20) + 1, EINVAL, BAD_VALUE),
		EDGE(xsw_map, len, 0xffffffff, EINVAL, BAD_VALUE),
		EDGE(xsw_map, len, ~0ULL, EINVAL, BAD_VALUE),
		EDGE(xsw_map, offset, BYTES, ERANGE, OUT_OF_RANGE),
		EDGE(xsw_map, offset, BYTES - 4095, ERANGE, OUT_OF_RANGE),
		EDGE(xsw_map, offset, 0xffffffff, ERANGE, OUT_OF_RANGE),
		EDGE(xsw_map, offset, ~0ULL, ERANGE, OUT_OF_RANGE),
		EDGE(xsw_map, offset, 0ULL - 4096, ERANGE, OUT_OF_RANGE),
	};
	struct xsw_map op;

	set_up();
	op = map_op(fix.engine, fix.user, XSW_TO_DEVICE, 4096);
	try_edges(XSW_IOC_MAP, &op, sizeof(op), edges, ARRAY_SIZE(edges));
	op.flags = XSW_F_SG | XSW_F_TIMES;
	try_edges(XSW_IOC_MAP, &op, sizeof(op), edges, ARRAY_SIZE(edges));
}

static void unmap_values(void)
{
	static const struct edge edges[] = {
		EDGE(xsw_unmap, mapping, 0, ENOENT, BAD_HANDLE),
		EDGE(xsw_unmap, mapping, 0xffffffff, ENOENT, BAD_HANDLE),
		EDGE(xsw_unmap, attrs, 8, EINVAL, BAD_VALUE),
		EDGE(xsw_unmap, attrs, 0xffffffff, EINVAL, BAD_VALUE),
	};
	struct xsw_unmap op = { .size = sizeof(op), .result = (uintptr_t)&res };

	set_up();
	op.mapping = fix.mapping;
	try_edges(XSW_IOC_UNMAP, &op, sizeof(op), edges, ARRAY_SIZE(edges));
}

static void sync_values(void)
{
	static const struct edge edges[] = {
		EDGE(xsw_sync, mapping, 0, ENOENT, BAD_HANDLE),
		EDGE(xsw_sync, mapping, 0xffffffff, ENOENT, BAD_HANDLE),
		EDGE(xsw_sync, target, 0, EINVAL, BAD_VALUE),
		EDGE(xsw_sync, target, 3, EINVAL, BAD_VALUE),
		EDGE(xsw_sync, target, 0xffffffff, EINVAL, BAD_VALUE),
		EDGE(xsw_sync, len, 0, EINVAL, BAD_VALUE),
		EDGE(xsw_sync, len, 8193, ERANGE, OUT_OF_RANGE),
		EDGE(xsw_sync, len, 0xffffffff, ERANGE, OUT_OF_RANGE),
		EDGE(xsw_sync, len, ~0ULL, ERANGE, OUT_OF_RANGE),
		EDGE(xsw_sync, offset, 1, ERANGE, OUT_OF_RANGE),
		EDGE(xsw_sync, offset, 8192, ERANGE, OUT_OF_RANGE),
		EDGE(xsw_sync, offset, ~0ULL, ERANGE, OUT_OF_RANGE),
		EDGE(xsw_sync, offset, 0ULL - 8192, ERANGE, OUT_OF_RANGE),
	};
	struct xsw_sync op = { .size = sizeof(op), .target = XSW_SYNC_FOR_CPU, .len = 8192,
			       .result = (uintptr_t)&res };

	set_up();
	op.mapping = fix.mapping;
	try_edges(XSW_IOC_SYNC, &op, sizeof(op), edges, ARRAY_SIZE(edges));
}

static void transfer_values(void)
{
	static const struct edge edges[] = {
		EDGE(xsw_transfer, mapping, 0, ENOENT, BAD_HANDLE),
		EDGE(xsw_transfer, mapping, 0xffffffff, ENOENT, BAD_HANDLE),
		EDGE(xsw_transfer, kind, 0, EINVAL, BAD_VALUE),
		EDGE(xsw_transfer, kind, 3, EINVAL, BAD_VALUE),
		EDGE(xsw_transfer, kind, 0xffffffff, EINVAL, BAD_VALUE),
		EDGE(xsw_transfer, len, 0, EINVAL, BAD_VALUE),
		EDGE(xsw_transfer, len, 4097, ERANGE, OUT_OF_RANGE),
		EDGE(xsw_transfer, len, 0xffffffff, EINVAL, BAD_VALUE),
		EDGE(xsw_transfer, len, ~0ULL, EINVAL, BAD_VALUE),
		EDGE(xsw_transfer, offset, 4097, ERANGE, OUT_OF_RANGE),
		EDGE(xsw_transfer, offset, ~0ULL, ERANGE, OUT_OF_RANGE),
		EDGE(xsw_transfer, offset, 0ULL - 4096, ERANGE, OUT_OF_RANGE),
		EDGE(xsw_transfer, dev_offset, (1u << 20) - 4095, ERANGE, OUT_OF_RANGE),
		EDGE(xsw_transfer, dev_offset, 1u << 20, ERANGE, OUT_OF_RANGE),
		EDGE(xsw_transfer, dev_offset, ~0ULL, ERANGE, OUT_OF_RANGE),
		EDGE(xsw_transfer, dev_offset, 0ULL - 4096, ERANGE, OUT_OF_RANGE),
	};
	static const struct edge direction[] = {
		EDGE(xsw_transfer, kind, XSW_DEVICE_WRITES, EINVAL, BAD_DIRECTION),
	};
	struct xsw_transfer op = { .size = sizeof(op), .kind = XSW_DEVICE_READS, .offset = 4096,
				   .len = 4096, .result = (uintptr_t)&res };

	set_up();
	op.mapping = fix.mapping;
	try_edges(XSW_IOC_TRANSFER, &op, sizeof(op), edges, ARRAY_SIZE(edges));
	op.mapping = fix.to_device;
	try_edges(XSW_IOC_TRANSFER, &op, sizeof(op), direction, ARRAY_SIZE(direction));
}

static const struct edge job_edges[] = {
	EDGE(xsw_job, engine, 0, ENOENT, BAD_HANDLE),
	EDGE(xsw_job, engine, 0xffffffff, ENOENT, BAD_HANDLE),
	EDGE(xsw_job, len, 0, EINVAL, BAD_VALUE),
	EDGE(xsw_job, len, (16u << 20) + 1, EINVAL, BAD_VALUE),
	EDGE(xsw_job, len, 0xffffffff, EINVAL, BAD_VALUE),
	EDGE(xsw_job, len, BYTES + 1, ERANGE, OUT_OF_RANGE),
	EDGE(xsw_job, src_buffer, 0, ENOENT, BAD_HANDLE),
	EDGE(xsw_job, src_buffer, 0xffffffff, ENOENT, BAD_HANDLE),
	EDGE(xsw_job, dst_buffer, 0, ENOENT, BAD_HANDLE),
	EDGE(xsw_job, dst_buffer, 0xffffffff, ENOENT, BAD_HANDLE),
	EDGE(xsw_job, src_offset, BYTES, ERANGE, OUT_OF_RANGE),
	EDGE(xsw_job, src_offset, BYTES - 4095, ERANGE, OUT_OF_RANGE),
	EDGE(xsw_job, src_offset, ~0ULL, ERANGE, OUT_OF_RANGE),
	EDGE(xsw_job, src_offset, 0ULL - 4096, ERANGE, OUT_OF_RANGE),
	EDGE(xsw_job, dst_offset, BYTES, ERANGE, OUT_OF_RANGE),
	EDGE(xsw_job, dst_offset, ~0ULL, ERANGE, OUT_OF_RANGE),
	EDGE(xsw_job, src_dir, XSW_FROM_DEVICE, EINVAL, BAD_VALUE),
	EDGE(xsw_job, src_dir, 3, EINVAL, BAD_VALUE),
	EDGE(xsw_job, src_dir, 255, EINVAL, BAD_VALUE),
	EDGE(xsw_job, dst_dir, XSW_TO_DEVICE, EINVAL, BAD_VALUE),
	EDGE(xsw_job, dst_dir, 3, EINVAL, BAD_VALUE),
	EDGE(xsw_job, dst_dir, 255, EINVAL, BAD_VALUE),
	EDGE(xsw_job, attrs, XSW_ATTR_SKIP_CPU_SYNC, EINVAL, BAD_VALUE),
	EDGE(xsw_job, attrs, 8, EINVAL, BAD_VALUE),
	EDGE(xsw_job, attrs, 0xffff, EINVAL, BAD_VALUE),
	EDGE(xsw_job, flags, XSW_F_FIXED, EINVAL, BAD_VALUE),
};

static void job_values(void)
{
	struct xsw_job op;
	uint64_t i;

	set_up();
	op = job_op(fix.engine, fix.user, fix.kernel, 4096);
	try_edges(XSW_IOC_JOB, &op, sizeof(op), job_edges, ARRAY_SIZE(job_edges));
	/* Ranges of one buffer that overlap, by all, by a byte, and not at all. */
	op.dst_buffer = fix.user;
	op.src_offset = 8192;
	for (i = 4096; i <= 12288; i++) {
		bool apart = i == 4096 || i == 12288;

		op.dst_offset = i;
		CHECK_EQ(job(fix.fd, &op), apart ? 0 : -EINVAL);
		CHECK_EQ(res.cause, apart ? XSW_CAUSE_NONE : XSW_CAUSE_BAD_VALUE);
		if (i == 4097 || i == 8192)
			i += 4093;
	}
}

/* A bad job in a vector is told by its own result, and stops no other. */
static void jobv_jobs(void)
{
	struct xsw_result each[ARRAY_SIZE(job_edges) + 2];
	struct xsw_job jobs[ARRAY_SIZE(job_edges) + 2];
	struct xsw_jobv op = { .size = sizeof(op), .nr = ARRAY_SIZE(jobs),
			       .stride = sizeof(struct xsw_job), .jobs = (uintptr_t)jobs,
			       .result = (uintptr_t)&res };
	size_t i, last = ARRAY_SIZE(jobs) - 1;

	set_up();
	memset(each, 0xee, sizeof(each));
	for (i = 0; i <= last; i++) {
		jobs[i] = job_op(fix.engine, fix.user, fix.kernel, 4096);
		jobs[i].result = (uintptr_t)&each[i];
		if (i && i < last)
			memcpy((char *)&jobs[i] + job_edges[i - 1].offset,
			       &job_edges[i - 1].value, job_edges[i - 1].width);
	}
	fill(fix.memory, 4096, 7);
	CHECK_EQ(issue(fix.fd, XSW_IOC_JOBV, &op, sizeof(op)), 2);
	CHECK_EQ(res.status, -job_edges[0].err);
	CHECK_EQ(res.cause, job_edges[0].cause);
	CHECK_EQ(res.bytes, 8192);
	CHECK_EQ(each[0].status, 0);
	CHECK_EQ(each[last].status, 0);
	for (i = 1; i < last; i++) {
		CHECK_EQ(each[i].status, -job_edges[i - 1].err);
		CHECK_EQ(each[i].cause, job_edges[i - 1].cause);
	}

	/* What is wrong before its result pointer counts. */
	op.nr = 3;
	for (i = 0; i < 3; i++) {
		jobs[i] = job_op(fix.engine, fix.user, fix.kernel, 4096);
		jobs[i].result = (uintptr_t)&each[i];
	}
	memset(each, 0xee, sizeof(each));
	jobs[0].reserved = 1;
	jobs[1].size++;
	jobs[2].flags = 1u << 30;
	CHECK_EQ(issue(fix.fd, XSW_IOC_JOBV, &op, sizeof(op)), 0);
	CHECK_EQ(res.status, -EINVAL);
	for (i = 0; i < 3; i++)
		CHECK_EQ(each[i].cause, 0xee);
}

static void jobv_values(void)
{
	static const struct edge edges[] = {
		EDGE(xsw_jobv, nr, 0, EINVAL, BAD_VALUE),
		EDGE(xsw_jobv, nr, 257, EINVAL, BAD_VALUE),
		EDGE(xsw_jobv, nr, 0xffffffff, EINVAL, BAD_VALUE),
		EDGE(xsw_jobv, stride, 0, EINVAL, BAD_VALUE),
		EDGE(xsw_jobv, stride, 55, EINVAL, BAD_VALUE),
		EDGE(xsw_jobv, stride, 57, EINVAL, BAD_VALUE),
		EDGE(xsw_jobv, stride, 0xffffffff, EINVAL, BAD_VALUE),
		EDGE(xsw_jobv, jobs, 0, EFAULT, FAULT),
		EDGE(xsw_jobv, jobs, ~0ULL, EFAULT, FAULT),
		EDGE(xsw_jobv, jobs, 0ULL - 4096, EFAULT, FAULT),
	};
	struct xsw_job jobs[2];
	struct xsw_jobv op = { .size = sizeof(op), .nr = 2, .stride = sizeof(*jobs),
			       .jobs = (uintptr_t)jobs, .result = (uintptr_t)&res };

	set_up();
	jobs[0] = job_op(fix.engine, fix.user, fix.kernel, 4096);
	jobs[0].result = 0;
	jobs[1] = jobs[0];
	try_edges(XSW_IOC_JOBV, &op, sizeof(op), edges, ARRAY_SIZE(edges));
	CHECK_EQ(issue(fix.fd, XSW_IOC_JOBV, &op, sizeof(op)), 2);
}

static void measure_values(void)
{
	static const struct edge edges[] = {
		EDGE(xsw_measure, engine, 0, ENOENT, BAD_HANDLE),
		EDGE(xsw_measure, engine, 0xffffffff, ENOENT, BAD_HANDLE),
		EDGE(xsw_measure, buffer, 0, ENOENT, BAD_HANDLE),
		EDGE(xsw_measure, buffer, 0xffffffff, ENOENT, BAD_HANDLE),
		EDGE(xsw_measure, dir, 3, EINVAL, BAD_VALUE),
		EDGE(xsw_measure, nr, 0, EINVAL, BAD_VALUE),
		EDGE(xsw_measure, nr, 257, EINVAL, BAD_VALUE),
		EDGE(xsw_measure, nr, 0xffffffff, EINVAL, BAD_VALUE),
		EDGE(xsw_measure, sync, 0, EINVAL, BAD_VALUE),
		EDGE(xsw_measure, sync, 3, EINVAL, BAD_VALUE),
		EDGE(xsw_measure, sync_len, 0, EINVAL, BAD_VALUE),
		EDGE(xsw_measure, sync_len, 8193, EINVAL, BAD_VALUE),
		EDGE(xsw_measure, sync_len, ~0ULL, EINVAL, BAD_VALUE),
		EDGE(xsw_measure, len, 0, EINVAL, BAD_VALUE),
		EDGE(xsw_measure, len, BYTES + 1, ERANGE, OUT_OF_RANGE),
		EDGE(xsw_measure, len, ~0ULL, EINVAL, BAD_VALUE),
		EDGE(xsw_measure, offset, BYTES, ERANGE, OUT_OF_RANGE),
		EDGE(xsw_measure, offset, 0ULL - 4096, ERANGE, OUT_OF_RANGE),
	};
	/* What has several segments is synced whole. */
	static const struct edge sg_edges[] = {
		EDGE(xsw_measure, sync_len, 4096, EINVAL, BAD_VALUE),
	};
	struct xsw_sample samples[5];
	struct xsw_measure op = { .size = sizeof(op), .dir = XSW_BIDIRECTIONAL, .nr = 4,
				  .sync = XSW_SYNC_FOR_CPU, .len = 8192, .sync_len = 8192,
				  .samples = (uintptr_t)samples, .result = (uintptr_t)&res };
	struct xsw_stats before, after;
	size_t i;

	set_up();
	op.engine = fix.engine;
	op.buffer = fix.kernel;
	memset(samples, 0xee, sizeof(samples));
	try_edges(XSW_IOC_MEASURE, &op, sizeof(op), edges, ARRAY_SIZE(edges));
	op.buffer = scattered_buffer(fix.fd);
	op.flags = XSW_F_SG;
	fix.before = stats_of(fix.fd, 0);
	try_edges(XSW_IOC_MEASURE, &op, sizeof(op), sg_edges, ARRAY_SIZE(sg_edges));
	for (i = 0; i < ARRAY_SIZE(samples); i++)
		CHECK_EQ(samples[i].map_ns, 0xeeeeeeee);

	/* As many maps, syncs and unmaps as samples, and nothing left of them. */
	op.flags = 0;
	op.buffer = fix.kernel;
	before = stats_of(fix.fd, fix.engine);
	CHECK_EQ(issue(fix.fd, XSW_IOC_MEASURE, &op, sizeof(op)), 0);
	CHECK_EQ(res.bytes, 8192);
	CHECK_EQ(res.nr_segs, 1);
	CHECK_EQ(res.src_reason, XSW_REASON_DIRECT);
	after = stats_of(fix.fd, fix.engine);
	CHECK_EQ(after.reason[XSW_REASON_DIRECT] - before.reason[XSW_REASON_DIRECT], 4);
	CHECK_EQ(after.syncs - before.syncs, 4);
	CHECK_EQ(after.unmaps - before.unmaps, 4);
	CHECK_EQ(after.session_mappings, before.session_mappings);
	for (i = 0; i < 4; i++)
		CHECK(samples[i].map_ns != 0xeeeeeeee && samples[i].sync_ns != 0xeeeeeeee &&
		      samples[i].unmap_ns != 0xeeeeeeee && samples[i].clock_ns != 0xeeeeeeee);
	CHECK_EQ(samples[4].map_ns, 0xeeeeeeee);

	/* Nothing synced, nothing timed. */
	op.sync = 0;
	op.sync_len = 0;
	CHECK_EQ(issue(fix.fd, XSW_IOC_MEASURE, &op, sizeof(op)), 0);
	for (i = 0; i < 4; i++)
		CHECK_EQ(samples[i].sync_ns, 0);

	/* There is no telling then, but all has been unmapped. */
	op.samples = 0;
	before = stats_of(fix.fd, fix.engine);
	CHECK_EQ(issue(fix.fd, XSW_IOC_MEASURE, &op, sizeof(op)), -EFAULT);
	CHECK_EQ(res.cause, XSW_CAUSE_FAULT);
	after = stats_of(fix.fd, fix.engine);
	CHECK_EQ(after.unmaps - before.unmaps, 4);
}

static void handle_values(void)
{
	static const struct edge edges[] = {
		EDGE(xsw_handle, handle, 0, ENOENT, BAD_HANDLE),
		EDGE(xsw_handle, handle, 0xffffffff, ENOENT, BAD_HANDLE),
		EDGE(xsw_handle, handle, 0x000fffff, ENOENT, BAD_HANDLE),
		EDGE(xsw_handle, handle, 0xfff00000, ESTALE, BAD_HANDLE),
	};
	struct xsw_handle op = { .size = sizeof(op), .result = (uintptr_t)&res };

	set_up();
	try_edges(XSW_IOC_ENGINE_CLOSE, &op, sizeof(op), edges, ARRAY_SIZE(edges));
	try_edges(XSW_IOC_BUF_DESTROY, &op, sizeof(op), edges, ARRAY_SIZE(edges));
}

const struct test value_tests[] = {
	{ "value.engine_open", engine_open_values, false },
	{ "value.buf_create", buf_create_values, false },
	{ "value.placement", placement_needs_sim, false },
	{ "value.map", map_values, false },
	{ "value.unmap", unmap_values, false },
	{ "value.sync", sync_values, false },
	{ "value.transfer", transfer_values, false },
	{ "value.job", job_values, false },
	{ "value.jobv", jobv_values, false },
	{ "value.jobv_jobs", jobv_jobs, false },
	{ "value.measure", measure_values, false },
	{ "value.handle", handle_values, false },
	{ }
};
