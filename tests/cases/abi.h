/* SPDX-License-Identifier: GPL-2.0 */
/*
 * One field of a valid operation at a time set to what must be refused, and how. A valid
 * one: a sim engine, a kernel buffer of two pages, a mapping of it, both ways, whole.
 */
#ifndef XSW_CASES_ABI_H
#define XSW_CASES_ABI_H

#include "xswiotlb.h"

struct xsw_abi_case {
	const char	*name;
	__u32		cmd;
	__u16		offset;		/* of the field */
	__u16		size;		/* of the field */
	__u64		value;
	int		err;
	__u8		cause;		/* XSW_CAUSE_NONE: refused before there is a result */
};

#define XSW_ABI_BUFFER	8192u

/* field, value, errno, cause */
#define XSW_ABI(_cmd, type, field, _name, _value, _err, _cause)				\
	{ #field "_" _name, XSW_IOC_##_cmd, __builtin_offsetof(struct type, field),		\
	  sizeof(((struct type *)0)->field), (__u64)(_value), -(_err), XSW_CAUSE_##_cause }

static const struct xsw_abi_case xsw_abi_cases[] = {
	XSW_ABI(QUERY, xsw_query, flags, "unknown", 1, EINVAL, NONE),
	XSW_ABI(QUERY, xsw_query, reserved, "set", 1ULL << 63, EINVAL, NONE),

	XSW_ABI(ENGINE_OPEN, xsw_engine_open, flags, "unknown", 1U << 4, EINVAL, NONE),
	XSW_ABI(ENGINE_OPEN, xsw_engine_open, flags, "contradict", 3, EINVAL, BAD_VALUE),
	XSW_ABI(ENGINE_OPEN, xsw_engine_open, reserved, "set", 1, EINVAL, NONE),
	XSW_ABI(ENGINE_OPEN, xsw_engine_open, kind, "none", 0, EINVAL, BAD_VALUE),
	XSW_ABI(ENGINE_OPEN, xsw_engine_open, kind, "unknown", 3, EINVAL, BAD_VALUE),
	XSW_ABI(ENGINE_OPEN, xsw_engine_open, index, "of_sim", 1, EINVAL, BAD_VALUE),
	XSW_ABI(ENGINE_OPEN, xsw_engine_open, ops, "unknown", 2, EINVAL, BAD_VALUE),
	XSW_ABI(ENGINE_OPEN, xsw_engine_open, dma_bits, "few", 19, EINVAL, BAD_VALUE),
	XSW_ABI(ENGINE_OPEN, xsw_engine_open, dma_bits, "many", 65, EINVAL, BAD_VALUE),
	XSW_ABI(ENGINE_OPEN, xsw_engine_open, p2m, "unknown", 3, EINVAL, BAD_VALUE),
	XSW_ABI(ENGINE_OPEN, xsw_engine_open, p2m_offset, "huge", 1ULL << 36, EINVAL, BAD_VALUE),
	XSW_ABI(ENGINE_OPEN, xsw_engine_open, min_align_mask, "no_mask", 2, EINVAL, BAD_VALUE),
	XSW_ABI(ENGINE_OPEN, xsw_engine_open, min_align_mask, "large", 0x1ffff, EINVAL,
		BAD_VALUE),
	XSW_ABI(ENGINE_OPEN, xsw_engine_open, pool_kib, "small", 255, EINVAL, BAD_VALUE),
	XSW_ABI(ENGINE_OPEN, xsw_engine_open, pool_kib, "large", 262145, EINVAL, BAD_VALUE),
	XSW_ABI(ENGINE_OPEN, xsw_engine_open, seg_boundary, "small", 2047, EINVAL, BAD_VALUE),
	XSW_ABI(ENGINE_OPEN, xsw_engine_open, seg_boundary, "no_mask", 4096, EINVAL, BAD_VALUE),
	XSW_ABI(ENGINE_OPEN, xsw_engine_open, latency_us, "long", 1000001, EINVAL, BAD_VALUE),

	XSW_ABI(ENGINE_CLOSE, xsw_handle, flags, "unknown", 1, EINVAL, NONE),
	XSW_ABI(ENGINE_CLOSE, xsw_handle, reserved, "set", 1, EINVAL, NONE),
	XSW_ABI(ENGINE_CLOSE, xsw_handle, handle, "none", 0, ENOENT, BAD_HANDLE),
	XSW_ABI(ENGINE_CLOSE, xsw_handle, handle, "unknown", 0xfff00fff, ENOENT, BAD_HANDLE),

	XSW_ABI(BUF_CREATE, xsw_buf_create, flags, "unknown", 1, EINVAL, NONE),
	XSW_ABI(BUF_CREATE, xsw_buf_create, kind, "none", 0, EINVAL, BAD_VALUE),
	XSW_ABI(BUF_CREATE, xsw_buf_create, kind, "unknown", 3, EINVAL, BAD_VALUE),
	XSW_ABI(BUF_CREATE, xsw_buf_create, engine, "unknown", 0xfff00fff, ENOENT, BAD_HANDLE),
	XSW_ABI(BUF_CREATE, xsw_buf_create, placement, "unknown", 7, EINVAL, BAD_VALUE),
	XSW_ABI(BUF_CREATE, xsw_buf_create, placement, "engineless", 4, EINVAL, BAD_VALUE),
	XSW_ABI(BUF_CREATE, xsw_buf_create, page_offset, "page", 4096, EINVAL, BAD_VALUE),
	XSW_ABI(BUF_CREATE, xsw_buf_create, addr, "of_kernel", 4096, EINVAL, BAD_VALUE),
	XSW_ABI(BUF_CREATE, xsw_buf_create, bytes, "none", 0, EINVAL, BAD_VALUE),
	XSW_ABI(BUF_CREATE, xsw_buf_create, bytes, "many", (16U << 20) + 1, EINVAL, BAD_VALUE),
	XSW_ABI(BUF_CREATE, xsw_buf_create, bytes, "all", ~0ULL, EINVAL, BAD_VALUE),

	XSW_ABI(BUF_DESTROY, xsw_handle, handle, "none", 0, ENOENT, BAD_HANDLE),
	XSW_ABI(BUF_DESTROY, xsw_handle, reserved, "set", 1, EINVAL, NONE),

	XSW_ABI(MAP, xsw_map, flags, "unknown", 1U << 2, EINVAL, NONE),
	XSW_ABI(MAP, xsw_map, engine, "none", 0, ENOENT, BAD_HANDLE),
	XSW_ABI(MAP, xsw_map, buffer, "none", 0, ENOENT, BAD_HANDLE),
	XSW_ABI(MAP, xsw_map, dir, "unknown", 3, EINVAL, BAD_VALUE),
	XSW_ABI(MAP, xsw_map, attrs, "unknown", 8, EINVAL, BAD_VALUE),
	XSW_ABI(MAP, xsw_map, offset, "end", XSW_ABI_BUFFER, ERANGE, OUT_OF_RANGE),
	XSW_ABI(MAP, xsw_map, offset, "all", ~0ULL, ERANGE, OUT_OF_RANGE),
	XSW_ABI(MAP, xsw_map, len, "none", 0, EINVAL, BAD_VALUE),
	XSW_ABI(MAP, xsw_map, len, "beyond", XSW_ABI_BUFFER + 1, ERANGE, OUT_OF_RANGE),
	XSW_ABI(MAP, xsw_map, len, "all", ~0ULL, EINVAL, BAD_VALUE),

	XSW_ABI(UNMAP, xsw_unmap, flags, "unknown", 2, EINVAL, NONE),
	XSW_ABI(UNMAP, xsw_unmap, mapping, "none", 0, ENOENT, BAD_HANDLE),
	XSW_ABI(UNMAP, xsw_unmap, attrs, "unknown", 8, EINVAL, BAD_VALUE),

	XSW_ABI(SYNC, xsw_sync, flags, "unknown", 2, EINVAL, NONE),
	XSW_ABI(SYNC, xsw_sync, mapping, "none", 0, ENOENT, BAD_HANDLE),
	XSW_ABI(SYNC, xsw_sync, target, "none", 0, EINVAL, BAD_VALUE),
	XSW_ABI(SYNC, xsw_sync, target, "both", 3, EINVAL, BAD_VALUE),
	XSW_ABI(SYNC, xsw_sync, offset, "one", 1, ERANGE, OUT_OF_RANGE),
	XSW_ABI(SYNC, xsw_sync, offset, "all", ~0ULL, ERANGE, OUT_OF_RANGE),
	XSW_ABI(SYNC, xsw_sync, len, "none", 0, EINVAL, BAD_VALUE),
	XSW_ABI(SYNC, xsw_sync, len, "beyond", XSW_ABI_BUFFER + 1, ERANGE, OUT_OF_RANGE),
	XSW_ABI(SYNC, xsw_sync, len, "all", ~0ULL, ERANGE, OUT_OF_RANGE),

	XSW_ABI(TRANSFER, xsw_transfer, flags, "unknown", 2, EINVAL, NONE),
	XSW_ABI(TRANSFER, xsw_transfer, mapping, "none", 0, ENOENT, BAD_HANDLE),
	XSW_ABI(TRANSFER, xsw_transfer, kind, "none", 0, EINVAL, BAD_VALUE),
	XSW_ABI(TRANSFER, xsw_transfer, kind, "unknown", 3, EINVAL, BAD_VALUE),
	XSW_ABI(TRANSFER, xsw_transfer, offset, "one", 1, ERANGE, OUT_OF_RANGE),
	XSW_ABI(TRANSFER, xsw_transfer, offset, "all", ~0ULL, ERANGE, OUT_OF_RANGE),
	XSW_ABI(TRANSFER, xsw_transfer, len, "none", 0, EINVAL, BAD_VALUE),
	XSW_ABI(TRANSFER, xsw_transfer, len, "beyond", XSW_ABI_BUFFER + 1, ERANGE, OUT_OF_RANGE),
	XSW_ABI(TRANSFER, xsw_transfer, len, "all", ~0ULL, EINVAL, BAD_VALUE),
	XSW_ABI(TRANSFER, xsw_transfer, dev_offset, "end", 1U << 20, ERANGE, OUT_OF_RANGE),
	XSW_ABI(TRANSFER, xsw_transfer, dev_offset, "all", ~0ULL, ERANGE, OUT_OF_RANGE),

	XSW_ABI(JOB, xsw_job, flags, "unknown", 1U << 4, EINVAL, NONE),
	XSW_ABI(JOB, xsw_job, flags, "fixed_by_ioctl", XSW_F_FIXED, EINVAL, BAD_VALUE),
	XSW_ABI(JOB, xsw_job, reserved, "set", 1, EINVAL, NONE),
	XSW_ABI(JOB, xsw_job, engine, "none", 0, ENOENT, BAD_HANDLE),
	XSW_ABI(JOB, xsw_job, len, "none", 0, EINVAL, BAD_VALUE),
	XSW_ABI(JOB, xsw_job, len, "overlap", 4097, ERANGE, OUT_OF_RANGE),
	XSW_ABI(JOB, xsw_job, len, "all", ~0U, EINVAL, BAD_VALUE),
	XSW_ABI(JOB, xsw_job, src_buffer, "none", 0, ENOENT, BAD_HANDLE),
	XSW_ABI(JOB, xsw_job, dst_buffer, "none", 0, ENOENT, BAD_HANDLE),
	XSW_ABI(JOB, xsw_job, src_offset, "overlap", 1, EINVAL, BAD_VALUE),
	XSW_ABI(JOB, xsw_job, src_offset, "all", ~0ULL, ERANGE, OUT_OF_RANGE),
	XSW_ABI(JOB, xsw_job, dst_offset, "overlap", 4095, EINVAL, BAD_VALUE),
	XSW_ABI(JOB, xsw_job, dst_offset, "beyond", 4097, ERANGE, OUT_OF_RANGE),
	XSW_ABI(JOB, xsw_job, src_dir, "wrong_way", XSW_FROM_DEVICE, EINVAL, BAD_VALUE),
	XSW_ABI(JOB, xsw_job, src_dir, "unknown", 3, EINVAL, BAD_VALUE),
	XSW_ABI(JOB, xsw_job, dst_dir, "wrong_way", XSW_TO_DEVICE, EINVAL, BAD_VALUE),
	XSW_ABI(JOB, xsw_job, attrs, "skip_sync", XSW_ATTR_SKIP_CPU_SYNC, EINVAL, BAD_VALUE),
	XSW_ABI(JOB, xsw_job, attrs, "unknown", 8, EINVAL, BAD_VALUE),

	XSW_ABI(JOBV, xsw_jobv, flags, "unknown", 1, EINVAL, NONE),
	XSW_ABI(JOBV, xsw_jobv, nr, "none", 0, EINVAL, BAD_VALUE),
	XSW_ABI(JOBV, xsw_jobv, nr, "many", 257, EINVAL, BAD_VALUE),
	XSW_ABI(JOBV, xsw_jobv, stride, "short", 48, EINVAL, BAD_VALUE),
	XSW_ABI(JOBV, xsw_jobv, stride, "long", 64, EINVAL, BAD_VALUE),

	XSW_ABI(STATS, xsw_stats_get, flags, "unknown", 1, EINVAL, NONE),
	XSW_ABI(STATS, xsw_stats_get, reserved, "set", 1, EINVAL, NONE),
	XSW_ABI(STATS, xsw_stats_get, engine, "unknown", 0xfff00fff, ENOENT, NONE),

	XSW_ABI(NOP, xsw_nop, flags, "unknown", 1, EINVAL, NONE),

	XSW_ABI(MEASURE, xsw_measure, flags, "unknown", 1, EINVAL, NONE),
	XSW_ABI(MEASURE, xsw_measure, reserved, "set", 1, EINVAL, NONE),
	XSW_ABI(MEASURE, xsw_measure, engine, "none", 0, ENOENT, BAD_HANDLE),
	XSW_ABI(MEASURE, xsw_measure, buffer, "none", 0, ENOENT, BAD_HANDLE),
	XSW_ABI(MEASURE, xsw_measure, dir, "unknown", 3, EINVAL, BAD_VALUE),
	XSW_ABI(MEASURE, xsw_measure, nr, "none", 0, EINVAL, BAD_VALUE),
	XSW_ABI(MEASURE, xsw_measure, nr, "many", 257, EINVAL, BAD_VALUE),
	XSW_ABI(MEASURE, xsw_measure, sync, "without_length", XSW_SYNC_FOR_CPU, EINVAL, BAD_VALUE),
	XSW_ABI(MEASURE, xsw_measure, sync_len, "without_sync", 1, EINVAL, BAD_VALUE),
	XSW_ABI(MEASURE, xsw_measure, offset, "end", XSW_ABI_BUFFER, ERANGE, OUT_OF_RANGE),
	XSW_ABI(MEASURE, xsw_measure, len, "none", 0, EINVAL, BAD_VALUE),
	XSW_ABI(MEASURE, xsw_measure, len, "beyond", XSW_ABI_BUFFER + 1, ERANGE, OUT_OF_RANGE),
	XSW_ABI(MEASURE, xsw_measure, len, "all", ~0ULL, EINVAL, BAD_VALUE),
};

#endif /* XSW_CASES_ABI_H */
