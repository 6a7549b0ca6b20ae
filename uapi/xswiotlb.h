/* SPDX-License-Identifier: GPL-2.0 WITH Linux-syscall-note */
/*
 * The ABI of /dev/xswiotlb.
 *
 * Every operation is a structure that starts with its own size, is encoded with
 * _IOWR(), and is issued in either of two ways with the same meaning:
 *
 *   ioctl(fd, XSW_IOC_x, &op)      returns >= 0, or -1 with errno
 *   io_uring IORING_OP_URING_CMD   cmd_op = XSW_IOC_x, the structure itself in
 *                                  the 80 byte command area of an SQE128;
 *                                  cqe->res is what ioctl returns, or -errno
 *
 * Operations are read once and never written. What an operation has to tell goes
 * to the struct xsw_result its result member points to (0: not wanted), in
 * the caller's memory, before the operation completes. Once size, flags and
 * reserved fields have been accepted the result is written whether the
 * operation succeeds or not.
 *
 * A size other than the structure's own is refused: -EINVAL when smaller, -E2BIG
 * when larger with anything but zeroes in what this version does not know.
 * Unknown flags and non-zero reserved fields are refused with -EINVAL.
 */
#ifndef _UAPI_XSWIOTLB_H
#define _UAPI_XSWIOTLB_H

#include <linux/types.h>
#include <linux/ioctl.h>

#define XSW_ABI_VERSION		1
#define XSW_DEVICE_NAME		"xswiotlb"

/* Why a mapping took its path. XSW_REASON_NONE: there is no mapping. */
enum xsw_reason {
	XSW_REASON_NONE			= 0,
	XSW_REASON_DIRECT		= 1,	/* local memory, no copy */
	XSW_REASON_FOREIGN		= 2,	/* a foreign frame, no copy */
	XSW_REASON_MMIO			= 3,	/* another device's registers or memory */
	XSW_REASON_BOUNCE_MASK		= 4,	/* beyond the DMA mask or the bus limit */
	XSW_REASON_BOUNCE_STRADDLE	= 5,	/* in mfn not in a row, or across a boundary */
	XSW_REASON_BOUNCE_FOREIGN	= 6,	/* foreign, and its cache can't be flushed */
	XSW_REASON_BOUNCE_FORCED	= 7,	/* bouncing was asked for */
	XSW_REASON_BOUNCE_CACHELINE	= 8,	/* shares a cache line, non-coherent device */
	XSW_REASON_KERNEL_DIRECT	= 9,	/* the kernel's own ops, no copy */
	XSW_REASON_KERNEL_OTHER		= 10,	/* the kernel's own ops, elsewhere */
	XSW_NR_REASONS			= 11,
};

/* Why an operation failed. XSW_CAUSE_NONE: it did not. */
enum xsw_cause {
	XSW_CAUSE_NONE			= 0,
	/* of mapping */
	XSW_CAUSE_NO_SPACE		= 1,	/* the pool has no room now; later it may */
	XSW_CAUSE_TOO_LARGE		= 2,	/* longer than any area of the pool */
	XSW_CAUSE_MISALIGNED		= 3,	/* no slot can have this alignment or boundary */
	XSW_CAUSE_MASK			= 4,	/* nothing within the device's DMA mask */
	XSW_CAUSE_NOT_CONTIGUOUS	= 5,	/* can't be bounced, and not machine-contiguous */
	XSW_CAUSE_NO_BOUNCE		= 6,	/* must be bounced, and bouncing is off */
	XSW_CAUSE_BAD_ADDRESS		= 7,	/* wraps, is not RAM, or has no machine frame */
	XSW_CAUSE_BAD_SIZE		= 8,
	XSW_CAUSE_BAD_DIRECTION		= 9,
	XSW_CAUSE_NEEDS_COHERENT	= 10,	/* DMA_ATTR_REQUIRE_COHERENT can't be met */
	/* of unmapping and syncing */
	XSW_CAUSE_NOT_MAPPED		= 11,
	XSW_CAUSE_SIZE_MISMATCH		= 12,	/* unmapped with another size than mapped */
	XSW_CAUSE_OUT_OF_RANGE		= 13,	/* outside the mapping, buffer or device memory */
	/* of engines and sessions */
	XSW_CAUSE_DEVICE		= 14,	/* the device reported an error */
	XSW_CAUSE_TIMEOUT		= 15,	/* the device did not answer; buffer quarantined */
	XSW_CAUSE_CANCELED		= 16,
	XSW_CAUSE_BUSY			= 17,
	XSW_CAUSE_LIMIT			= 18,	/* a per-session limit, or RLIMIT_MEMLOCK */
	XSW_CAUSE_NO_MEMORY		= 19,
	XSW_CAUSE_BAD_HANDLE		= 20,	/* unknown, stale, or of another kind */
	XSW_CAUSE_BAD_VALUE		= 21,
	XSW_CAUSE_FAULT			= 22,	/* the caller's memory could not be reached */
	XSW_CAUSE_PERMISSION		= 23,
	XSW_CAUSE_NO_DEVICE		= 24,
	XSW_CAUSE_UNSUPPORTED		= 25,	/* not on this engine, environment or kernel */
	XSW_NR_CAUSES			= 26,
};

/* Same values as the kernel's enum dma_data_direction. */
enum xsw_dir {
	XSW_BIDIRECTIONAL		= 0,
	XSW_TO_DEVICE			= 1,
	XSW_FROM_DEVICE			= 2,
};

/**
 * struct xsw_result - what an operation has to tell
 * @status:	0, or the negative errno that the operation ended with
 * @cause:	enum xsw_cause
 * @src_reason:	enum xsw_reason of the mapping, or of a job's source
 * @dst_reason:	enum xsw_reason of a job's destination
 * @handle:	of what was created: engine, buffer or mapping
 * @nr_segs:	DMA segments of the mapping (of both mappings of a job)
 * @value:	MAP: DMA address of the first segment, 0 without CAP_SYS_RAWIO;
 *		BUF_CREATE: offset to mmap() a kernel buffer at;
 *		ENGINE_OPEN: most bytes that one transfer may move
 * @bytes:	that were moved or mapped
 * @map_ns:	time spent in dma_map_*(), saturating; 0 unless XSW_F_TIMES was set
 * @xfer_ns:	from handing the transfer to the engine to its completion
 * @sync_ns:	time spent in dma_sync_*()
 * @unmap_ns:	time spent in dma_unmap_*()
 */
struct xsw_result {
	__s32		status;
	__u8		cause;
	__u8		src_reason;
	__u8		dst_reason;
	__u8		reserved0;
	__u32		handle;
	__u32		nr_segs;
	__aligned_u64	value;
	__aligned_u64	bytes;
	__u32		map_ns;
	__u32		xfer_ns;
	__u32		sync_ns;
	__u32		unmap_ns;
	__aligned_u64	reserved[2];
};

/* Flags that MAP, UNMAP, SYNC, TRANSFER, JOB and JOBV share. */
#define XSW_F_TIMES		(1U << 0)	/* fill in the *_ns members */
#define XSW_F_SG		(1U << 1)	/* MAP, JOB: map with dma_map_sg() */
#define XSW_F_SYNC		(1U << 2)	/* JOB: sync for the CPU, then unmap without sync */
#define XSW_F_FIXED		(1U << 3)	/* JOB: addresses in a registered buffer */

/* DMA attributes that a caller may ask for (bits of the attrs members). */
#define XSW_ATTR_SKIP_CPU_SYNC	(1U << 0)
#define XSW_ATTR_NO_WARN	(1U << 1)
#define XSW_ATTR_WEAK_ORDERING	(1U << 2)

/* ------------------------------------------------------------------ QUERY */

#define XSW_FEAT_JOB		(1ULL << 0)
#define XSW_FEAT_JOBV		(1ULL << 1)
#define XSW_FEAT_FIXED		(1ULL << 2)
#define XSW_FEAT_SIM		(1ULL << 3)
#define XSW_FEAT_EDU		(1ULL << 4)
#define XSW_FEAT_KERNEL_OPS	(1ULL << 5)
#define XSW_FEAT_SIM_HOST	(1ULL << 6)	/* XSW_P2M_HOST */
#define XSW_FEAT_MMIO		(1ULL << 7)	/* XSW_PLACE_MMIO */
#define XSW_FEAT_MEASURE	(1ULL << 8)

/**
 * struct xsw_query - what is there; needs no privilege
 * @size:	sizeof(struct xsw_query)
 * @flags:	0
 * @info:	address of a struct xsw_info, which must have its size set
 * @reserved:	0
 */
struct xsw_query {
	__u32		size;
	__u32		flags;
	__aligned_u64	info;
	__aligned_u64	reserved;
};

/**
 * struct xsw_info - answer to QUERY
 * @size:		sizeof(struct xsw_info), set by the caller
 * @abi_version:	XSW_ABI_VERSION of the module
 * @features:		XSW_FEAT_*
 * @page_size:		bytes
 * @slot_size:		bytes, unit of pool allocation
 * @pool_bytes:		of the host environment's pool
 * @max_mapping:	longest mapping that can be bounced there now, bytes
 * @max_len:		longest buffer range that one MAP or JOB takes, bytes
 * @max_vector:		most jobs in one JOBV, most samples of one MEASURE
 * @nr_edu:		edu devices that are bound to the module
 * @max_buffers:	per session
 * @max_mappings:	per session
 * @max_engines:	per session
 * @nr_cpus:		online
 * @max_pinned:		bytes of user memory that a session may pin
 * @env:		environment of this host, NUL-terminated
 * @version:		of the module, NUL-terminated
 * @hypervisor:		"none", or what the kernel knows, NUL-terminated
 */
struct xsw_info {
	__u32		size;
	__u32		abi_version;
	__aligned_u64	features;
	__u32		page_size;
	__u32		slot_size;
	__aligned_u64	pool_bytes;
	__aligned_u64	max_mapping;
	__aligned_u64	max_len;
	__u32		max_vector;
	__u32		nr_edu;
	__u32		max_buffers;
	__u32		max_mappings;
	__u32		max_engines;
	__u32		nr_cpus;
	__aligned_u64	max_pinned;
	char		env[16];
	char		version[32];
	char		hypervisor[32];
	__aligned_u64	reserved[4];
};

/* ---------------------------------------------------------------- ENGINES */

enum xsw_engine_kind {
	XSW_ENGINE_SIM			= 1,	/* moves bytes by machine address, true m2p */
	XSW_ENGINE_EDU			= 2,	/* QEMU's edu PCI device; CAP_SYS_RAWIO */
};

enum xsw_ops_kind {
	XSW_OPS_OURS			= 0,
	XSW_OPS_KERNEL			= 1,	/* whatever the kernel gave the device */
};

/* How a sim engine's environment numbers its machine frames. */
enum xsw_p2m {
	XSW_P2M_IDENTITY		= 0,	/* mfn == pfn */
	XSW_P2M_OFFSET			= 1,	/* mfn == pfn + p2m_offset */
	XSW_P2M_SHUFFLED		= 2,	/* a bijection from the seed: neighbours part */
	XSW_P2M_HOST			= 3,	/* only the device is simulated; CAP_SYS_RAWIO */
};

#define XSW_ANY_INDEX		0xffffffffU

#define XSW_ENGINE_FORCE_BOUNCE	(1U << 0)	/* bounce everything */
#define XSW_ENGINE_NO_BOUNCE	(1U << 1)	/* never bounce: fail instead */
#define XSW_ENGINE_NO_M2P	(1U << 2)	/* sim: ops can't turn mfn into pfn */
#define XSW_ENGINE_NO_FLUSH	(1U << 3)	/* sim: no cache flush of foreign frames */

/**
 * struct xsw_engine_open - take a device that moves bytes
 * @size:	sizeof(struct xsw_engine_open)
 * @flags:	XSW_ENGINE_*
 * @kind:	enum xsw_engine_kind
 * @index:	EDU: which one, XSW_ANY_INDEX: the first that is free; SIM: 0
 * @ops:	enum xsw_ops_kind; SIM with XSW_OPS_KERNEL needs XSW_P2M_IDENTITY or
 *		XSW_P2M_HOST: the kernel's map in this host's environment, either way
 * @dma_bits:	width of the DMA mask, 20 to 64; 0: the engine's own (SIM 64, EDU 32);
 *		with XSW_OPS_KERNEL at least 32, which its own bounce buffers take
 * @p2m:	SIM: enum xsw_p2m. With XSW_P2M_HOST the environment and the pool are this
 *		host's own: @pool_kib is 0, and there is no NO_M2P and no NO_FLUSH.
 * @seed:	SIM: of XSW_P2M_SHUFFLED
 * @p2m_offset:	SIM: in frames, below 2^36
 * @min_align_mask: as dma_set_min_align_mask(): 0, or 2^n - 1 up to 65535
 * @pool_kib:	SIM: size of its own pool, 256 to 262144; 0: 8192. Where memory is short it
 *		gets less, half of it at least: STATS tells.
 * @seg_boundary: as dma_set_seg_boundary(): 2^n - 1 from 4095; 0: none
 * @latency_us:	SIM: 0: moves bytes at once; up to 1000000: completes from a
 *		timer's hard interrupt after that time
 * @reserved:	0
 * @result:	address of a struct xsw_result, or 0
 *
 * May sleep: over io_uring it is executed by a worker.
 */
struct xsw_engine_open {
	__u32		size;
	__u32		flags;
	__u32		kind;
	__u32		index;
	__u32		ops;
	__u32		dma_bits;
	__u32		p2m;
	__u32		seed;
	__aligned_u64	p2m_offset;
	__u32		min_align_mask;
	__u32		pool_kib;
	__aligned_u64	seg_boundary;
	__u32		latency_us;
	__u32		reserved;
	__aligned_u64	result;
};

/**
 * struct xsw_handle - ENGINE_CLOSE, BUF_DESTROY
 * @size:	sizeof(struct xsw_handle)
 * @flags:	0
 * @handle:	what to let go; -EBUSY while anything uses it
 * @reserved:	0
 * @result:	address of a struct xsw_result, or 0
 */
struct xsw_handle {
	__u32		size;
	__u32		flags;
	__u32		handle;
	__u32		reserved;
	__aligned_u64	result;
};

/* ---------------------------------------------------------------- BUFFERS */

enum xsw_buf_kind {
	XSW_BUF_USER			= 1,	/* the caller's pages, pinned and accounted */
	XSW_BUF_KERNEL			= 2,	/* kernel pages, to be mmap()ed */
};

enum xsw_placement {
	XSW_PLACE_ANY			= 0,
	XSW_PLACE_LOW			= 1,	/* within the engine's DMA mask */
	XSW_PLACE_ABOVE_MASK		= 2,	/* physical address beyond the mask */
	XSW_PLACE_STRADDLE		= 3,	/* contiguous in pfn, not in mfn: sim, Xen */
	XSW_PLACE_FOREIGN		= 4,	/* of another domain: sim, Xen */
	XSW_PLACE_FOREIGN_CONTIG	= 5,	/* Xen: the same, in a row where that can be had */
	XSW_PLACE_MMIO			= 6,	/* in another PCI device's memory */
};

/**
 * struct xsw_buf_create - make a buffer that jobs can use
 * @size:	sizeof(struct xsw_buf_create)
 * @flags:	0
 * @kind:	enum xsw_buf_kind
 * @engine:	engine that @placement is meant for; 0 with XSW_PLACE_ANY only
 * @placement:	enum xsw_placement; XSW_BUF_USER: XSW_PLACE_ANY only
 * @page_offset: KERNEL: where in its first page the buffer starts, 0 to 4095
 * @addr:	USER: virtual address; KERNEL: 0
 * @bytes:	1 to xsw_info.max_len
 * @result:	address of a struct xsw_result: handle, and value to mmap() at.
 *		The mapping is page_offset + bytes rounded up to pages long.
 *
 * A kernel buffer is physically contiguous and zeroed. On Xen, for an engine in the host's
 * environment (EDU, XSW_P2M_HOST), the placements STRADDLE and FOREIGN are made of pages
 * that this domain grants to itself: the engine is given the mapping, which may not be
 * contiguous, mmap() gives the pages that were granted. XSW_PLACE_MMIO is a piece of the
 * BAR that the module's parameter mmio= names: mapped by dma_map_resource(), for engines
 * that are not simulated, without XSW_F_SG, and never synced. A user buffer is pinned
 * (FOLL_LONGTERM) until it is destroyed, and counts against RLIMIT_MEMLOCK. Memory
 * that can not be pinned safely is refused: -EOPNOTSUPP.
 * May sleep: over io_uring it is executed by a worker.
 */
struct xsw_buf_create {
	__u32		size;
	__u32		flags;
	__u32		kind;
	__u32		engine;
	__u32		placement;
	__u32		page_offset;
	__aligned_u64	addr;
	__aligned_u64	bytes;
	__aligned_u64	result;
};

/* ---------------------------------------------------------------- MAPPING */

/**
 * struct xsw_map - map a range of a buffer for an engine
 * @size:	sizeof(struct xsw_map)
 * @flags:	XSW_F_TIMES, XSW_F_SG
 * @engine:	handle
 * @buffer:	handle
 * @dir:	enum xsw_dir
 * @attrs:	XSW_ATTR_*
 * @offset:	into the buffer, bytes
 * @len:	bytes, 1 to xsw_info.max_len
 * @result:	address of a struct xsw_result: handle, value, nr_segs, src_reason
 *
 * One dma_map_page() when the range is physically contiguous and XSW_F_SG is not
 * set, else dma_map_sg().
 */
struct xsw_map {
	__u32		size;
	__u32		flags;
	__u32		engine;
	__u32		buffer;
	__u32		dir;
	__u32		attrs;
	__aligned_u64	offset;
	__aligned_u64	len;
	__aligned_u64	result;
};

/**
 * struct xsw_unmap - end a mapping
 * @size:	sizeof(struct xsw_unmap)
 * @flags:	XSW_F_TIMES
 * @mapping:	handle; -EBUSY while a transfer uses it
 * @attrs:	XSW_ATTR_*
 * @result:	address of a struct xsw_result, or 0
 */
struct xsw_unmap {
	__u32		size;
	__u32		flags;
	__u32		mapping;
	__u32		attrs;
	__aligned_u64	result;
};

enum xsw_sync_for {
	XSW_SYNC_FOR_CPU		= 1,
	XSW_SYNC_FOR_DEVICE		= 2,
};

/**
 * struct xsw_sync - dma_sync_single_range_for_*(), or dma_sync_sg_for_*()
 * @size:	sizeof(struct xsw_sync)
 * @flags:	XSW_F_TIMES
 * @mapping:	handle
 * @target:	enum xsw_sync_for
 * @offset:	into the mapping, bytes
 * @len:	bytes; a mapping of several segments takes only its whole length
 * @result:	address of a struct xsw_result, or 0
 */
struct xsw_sync {
	__u32		size;
	__u32		flags;
	__u32		mapping;
	__u32		target;
	__aligned_u64	offset;
	__aligned_u64	len;
	__aligned_u64	result;
};

enum xsw_transfer_kind {
	XSW_DEVICE_READS		= 1,	/* memory to device */
	XSW_DEVICE_WRITES		= 2,	/* device to memory */
};

/**
 * struct xsw_transfer - let the engine move bytes of a mapping
 * @size:	sizeof(struct xsw_transfer)
 * @flags:	XSW_F_TIMES
 * @mapping:	handle; its direction must allow @kind
 * @kind:	enum xsw_transfer_kind
 * @offset:	into the mapping, bytes
 * @len:	bytes, 1 to the engine's limit
 * @dev_offset:	into the engine's own memory, bytes
 * @result:	address of a struct xsw_result, or 0
 */
struct xsw_transfer {
	__u32		size;
	__u32		flags;
	__u32		mapping;
	__u32		kind;
	__aligned_u64	offset;
	__aligned_u64	len;
	__aligned_u64	dev_offset;
	__aligned_u64	result;
};

/* ------------------------------------------------------------------- JOBS */

/**
 * struct xsw_job - map two ranges, let the engine copy one to the other, unmap
 * @size:	sizeof(struct xsw_job)
 * @flags:	XSW_F_*
 * @engine:	handle
 * @len:	bytes, 1 to the engine's limit
 * @src_buffer:	handle; 0 with XSW_F_FIXED
 * @dst_buffer:	handle; 0 with XSW_F_FIXED. Ranges of one buffer must not overlap.
 * @src_offset:	into the buffer; an address with XSW_F_FIXED
 * @dst_offset:	into the buffer; an address with XSW_F_FIXED
 * @src_dir:	XSW_TO_DEVICE or XSW_BIDIRECTIONAL
 * @dst_dir:	XSW_FROM_DEVICE or XSW_BIDIRECTIONAL
 * @attrs:	XSW_ATTR_* of both mappings, but for XSW_ATTR_SKIP_CPU_SYNC
 * @reserved:	0
 * @result:	address of a struct xsw_result, or 0
 *
 * XSW_F_FIXED is for io_uring with IORING_URING_CMD_FIXED: both ranges lie in
 * the registered buffer that sqe->buf_index names.
 */
struct xsw_job {
	__u32		size;
	__u32		flags;
	__u32		engine;
	__u32		len;
	__u32		src_buffer;
	__u32		dst_buffer;
	__aligned_u64	src_offset;
	__aligned_u64	dst_offset;
	__u8		src_dir;
	__u8		dst_dir;
	__u16		attrs;
	__u32		reserved;
	__aligned_u64	result;
};

/**
 * struct xsw_jobv - several jobs in one command
 * @size:	sizeof(struct xsw_jobv)
 * @flags:	0
 * @nr:		jobs, 1 to xsw_info.max_vector
 * @stride:	sizeof(struct xsw_job)
 * @jobs:	address of an array of struct xsw_job
 * @result:	address of a struct xsw_result: the first failure, bytes of all
 *
 * Returns the number of jobs that succeeded; each job's own result tells more.
 * Every job is attempted, whatever became of the ones before it.
 */
struct xsw_jobv {
	__u32		size;
	__u32		flags;
	__u32		nr;
	__u32		stride;
	__aligned_u64	jobs;
	__aligned_u64	result;
};

/* ------------------------------------------------------------------ STATS */

/**
 * struct xsw_stats_get - counters; needs no privilege
 * @size:	sizeof(struct xsw_stats_get)
 * @flags:	0
 * @engine:	handle: of that engine's device and pool; 0: of the whole module
 *		and the host environment's pool
 * @reserved:	0
 * @stats:	address of a struct xsw_stats, which must have its size set
 */
struct xsw_stats_get {
	__u32		size;
	__u32		flags;
	__u32		engine;
	__u32		reserved;
	__aligned_u64	stats;
};

/**
 * struct xsw_stats - answer to STATS
 * @size:		sizeof(struct xsw_stats), set by the caller
 * @nr_areas:		of the pool
 * @reason:		mappings made, by enum xsw_reason
 * @cause:		failures, by enum xsw_cause
 * @unmaps:		mappings ended
 * @syncs:		calls of dma_sync_*
 * @bounced_bytes:	copied between buffers and the pool, both ways
 * @pool_slots:		of the pool
 * @pool_used:		slots in use
 * @pool_hiwater:	most slots that were ever in use at once
 * @session_buffers:	of the calling session
 * @session_mappings:	of the calling session
 * @session_engines:	of the calling session
 * @nr_quarantined:	pages never to be reused: a device may still write to them
 * @session_pinned:	bytes of user memory that the calling session has pinned
 */
struct xsw_stats {
	__u32		size;
	__u32		nr_areas;
	__aligned_u64	reason[16];
	__aligned_u64	cause[32];
	__aligned_u64	unmaps;
	__aligned_u64	syncs;
	__aligned_u64	bounced_bytes;
	__aligned_u64	pool_slots;
	__aligned_u64	pool_used;
	__aligned_u64	pool_hiwater;
	__u32		session_buffers;
	__u32		session_mappings;
	__u32		session_engines;
	__u32		nr_quarantined;
	__aligned_u64	session_pinned;
	__aligned_u64	reserved[4];
};

/**
 * struct xsw_nop - the empty command: what submission alone costs
 * @size:	sizeof(struct xsw_nop)
 * @flags:	0
 */
struct xsw_nop {
	__u32		size;
	__u32		flags;
};

/* ---------------------------------------------------------------- MEASURE */

/**
 * struct xsw_sample - what one map and its unmap took, each with one reading of the clock
 * @map_ns:	dma_map_*(), saturating like all of them
 * @sync_ns:	dma_sync_*(); 0 where none was asked for
 * @unmap_ns:	dma_unmap_*()
 * @clock_ns:	nothing at all: the reading of the clock
 */
struct xsw_sample {
	__u32		map_ns;
	__u32		sync_ns;
	__u32		unmap_ns;
	__u32		clock_ns;
};

/**
 * struct xsw_measure - map and unmap a range again and again, as a driver at work does
 * @size:	sizeof(struct xsw_measure)
 * @flags:	XSW_F_SG
 * @engine:	handle
 * @buffer:	handle
 * @dir:	enum xsw_dir
 * @nr:		how often, 1 to xsw_info.max_vector
 * @sync:	enum xsw_sync_for: so synced between map and unmap; 0: not at all
 * @reserved:	0
 * @offset:	into the buffer, bytes
 * @len:	bytes, 1 to xsw_info.max_len
 * @sync_len:	bytes from the start of the mapping, 1 to @len; 0 with @sync 0. A mapping of
 *		several segments takes only its whole length.
 * @samples:	address of an array of @nr struct xsw_sample
 * @result:	address of a struct xsw_result, or 0: src_reason, nr_segs, bytes of one mapping
 *
 * The samples are written when all is over, if it has gone well: nothing but the DMA API comes
 * between them, and each of its calls is made without being preempted. The first sample is that of
 * a CPU that has just entered the kernel.
 * May sleep: over io_uring it is executed by a worker.
 */
struct xsw_measure {
	__u32		size;
	__u32		flags;
	__u32		engine;
	__u32		buffer;
	__u32		dir;
	__u32		nr;
	__u32		sync;
	__u32		reserved;
	__aligned_u64	offset;
	__aligned_u64	len;
	__aligned_u64	sync_len;
	__aligned_u64	samples;
	__aligned_u64	result;
};

#define XSW_IOC_MAGIC		0xb7
#define XSW_IOC_QUERY		_IOWR(XSW_IOC_MAGIC, 0, struct xsw_query)
#define XSW_IOC_ENGINE_OPEN	_IOWR(XSW_IOC_MAGIC, 1, struct xsw_engine_open)
#define XSW_IOC_ENGINE_CLOSE	_IOWR(XSW_IOC_MAGIC, 2, struct xsw_handle)
#define XSW_IOC_BUF_CREATE	_IOWR(XSW_IOC_MAGIC, 3, struct xsw_buf_create)
#define XSW_IOC_BUF_DESTROY	_IOWR(XSW_IOC_MAGIC, 4, struct xsw_handle)
#define XSW_IOC_MAP		_IOWR(XSW_IOC_MAGIC, 5, struct xsw_map)
#define XSW_IOC_UNMAP		_IOWR(XSW_IOC_MAGIC, 6, struct xsw_unmap)
#define XSW_IOC_SYNC		_IOWR(XSW_IOC_MAGIC, 7, struct xsw_sync)
#define XSW_IOC_TRANSFER	_IOWR(XSW_IOC_MAGIC, 8, struct xsw_transfer)
#define XSW_IOC_JOB		_IOWR(XSW_IOC_MAGIC, 9, struct xsw_job)
#define XSW_IOC_JOBV		_IOWR(XSW_IOC_MAGIC, 10, struct xsw_jobv)
#define XSW_IOC_STATS		_IOWR(XSW_IOC_MAGIC, 11, struct xsw_stats_get)
#define XSW_IOC_NOP		_IOWR(XSW_IOC_MAGIC, 12, struct xsw_nop)
#define XSW_IOC_MEASURE		_IOWR(XSW_IOC_MAGIC, 13, struct xsw_measure)

/*
 * The layout is part of the ABI, the same for 32 and 64 bit callers.
 */
#if defined(__cplusplus)
#define XSW_ABI_ASSERT(cond)	static_assert(cond, #cond)
#else
#define XSW_ABI_ASSERT(cond)	_Static_assert(cond, #cond)
#endif
#define XSW_ABI_OFFSET(type, member, offset)				\
	XSW_ABI_ASSERT(__builtin_offsetof(struct type, member) == (offset))

XSW_ABI_OFFSET(xsw_result, status, 0);
XSW_ABI_OFFSET(xsw_result, cause, 4);
XSW_ABI_OFFSET(xsw_result, src_reason, 5);
XSW_ABI_OFFSET(xsw_result, dst_reason, 6);
XSW_ABI_OFFSET(xsw_result, reserved0, 7);
XSW_ABI_OFFSET(xsw_result, handle, 8);
XSW_ABI_OFFSET(xsw_result, nr_segs, 12);
XSW_ABI_OFFSET(xsw_result, value, 16);
XSW_ABI_OFFSET(xsw_result, bytes, 24);
XSW_ABI_OFFSET(xsw_result, map_ns, 32);
XSW_ABI_OFFSET(xsw_result, xfer_ns, 36);
XSW_ABI_OFFSET(xsw_result, sync_ns, 40);
XSW_ABI_OFFSET(xsw_result, unmap_ns, 44);
XSW_ABI_OFFSET(xsw_result, reserved, 48);
XSW_ABI_ASSERT(sizeof(struct xsw_result) == 64);
XSW_ABI_OFFSET(xsw_query, size, 0);
XSW_ABI_OFFSET(xsw_query, flags, 4);
XSW_ABI_OFFSET(xsw_query, info, 8);
XSW_ABI_OFFSET(xsw_query, reserved, 16);
XSW_ABI_ASSERT(sizeof(struct xsw_query) == 24);
XSW_ABI_OFFSET(xsw_info, size, 0);
XSW_ABI_OFFSET(xsw_info, abi_version, 4);
XSW_ABI_OFFSET(xsw_info, features, 8);
XSW_ABI_OFFSET(xsw_info, page_size, 16);
XSW_ABI_OFFSET(xsw_info, slot_size, 20);
XSW_ABI_OFFSET(xsw_info, pool_bytes, 24);
XSW_ABI_OFFSET(xsw_info, max_mapping, 32);
XSW_ABI_OFFSET(xsw_info, max_len, 40);
XSW_ABI_OFFSET(xsw_info, max_vector, 48);
XSW_ABI_OFFSET(xsw_info, nr_edu, 52);
XSW_ABI_OFFSET(xsw_info, max_buffers, 56);
XSW_ABI_OFFSET(xsw_info, max_mappings, 60);
XSW_ABI_OFFSET(xsw_info, max_engines, 64);
XSW_ABI_OFFSET(xsw_info, nr_cpus, 68);
XSW_ABI_OFFSET(xsw_info, max_pinned, 72);
XSW_ABI_OFFSET(xsw_info, env, 80);
XSW_ABI_OFFSET(xsw_info, version, 96);
XSW_ABI_OFFSET(xsw_info, hypervisor, 128);
XSW_ABI_OFFSET(xsw_info, reserved, 160);
XSW_ABI_ASSERT(sizeof(struct xsw_info) == 192);
XSW_ABI_OFFSET(xsw_engine_open, size, 0);
XSW_ABI_OFFSET(xsw_engine_open, flags, 4);
XSW_ABI_OFFSET(xsw_engine_open, kind, 8);
XSW_ABI_OFFSET(xsw_engine_open, index, 12);
XSW_ABI_OFFSET(xsw_engine_open, ops, 16);
XSW_ABI_OFFSET(xsw_engine_open, dma_bits, 20);
XSW_ABI_OFFSET(xsw_engine_open, p2m, 24);
XSW_ABI_OFFSET(xsw_engine_open, seed, 28);
XSW_ABI_OFFSET(xsw_engine_open, p2m_offset, 32);
XSW_ABI_OFFSET(xsw_engine_open, min_align_mask, 40);
XSW_ABI_OFFSET(xsw_engine_open, pool_kib, 44);
XSW_ABI_OFFSET(xsw_engine_open, seg_boundary, 48);
XSW_ABI_OFFSET(xsw_engine_open, latency_us, 56);
XSW_ABI_OFFSET(xsw_engine_open, reserved, 60);
XSW_ABI_OFFSET(xsw_engine_open, result, 64);
XSW_ABI_ASSERT(sizeof(struct xsw_engine_open) == 72);
XSW_ABI_OFFSET(xsw_handle, size, 0);
XSW_ABI_OFFSET(xsw_handle, flags, 4);
XSW_ABI_OFFSET(xsw_handle, handle, 8);
XSW_ABI_OFFSET(xsw_handle, reserved, 12);
XSW_ABI_OFFSET(xsw_handle, result, 16);
XSW_ABI_ASSERT(sizeof(struct xsw_handle) == 24);
XSW_ABI_OFFSET(xsw_buf_create, size, 0);
XSW_ABI_OFFSET(xsw_buf_create, flags, 4);
XSW_ABI_OFFSET(xsw_buf_create, kind, 8);
XSW_ABI_OFFSET(xsw_buf_create, engine, 12);
XSW_ABI_OFFSET(xsw_buf_create, placement, 16);
XSW_ABI_OFFSET(xsw_buf_create, page_offset, 20);
XSW_ABI_OFFSET(xsw_buf_create, addr, 24);
XSW_ABI_OFFSET(xsw_buf_create, bytes, 32);
XSW_ABI_OFFSET(xsw_buf_create, result, 40);
XSW_ABI_ASSERT(sizeof(struct xsw_buf_create) == 48);
XSW_ABI_OFFSET(xsw_map, size, 0);
XSW_ABI_OFFSET(xsw_map, flags, 4);
XSW_ABI_OFFSET(xsw_map, engine, 8);
XSW_ABI_OFFSET(xsw_map, buffer, 12);
XSW_ABI_OFFSET(xsw_map, dir, 16);
XSW_ABI_OFFSET(xsw_map, attrs, 20);
XSW_ABI_OFFSET(xsw_map, offset, 24);
XSW_ABI_OFFSET(xsw_map, len, 32);
XSW_ABI_OFFSET(xsw_map, result, 40);
XSW_ABI_ASSERT(sizeof(struct xsw_map) == 48);
XSW_ABI_OFFSET(xsw_unmap, size, 0);
XSW_ABI_OFFSET(xsw_unmap, flags, 4);
XSW_ABI_OFFSET(xsw_unmap, mapping, 8);
XSW_ABI_OFFSET(xsw_unmap, attrs, 12);
XSW_ABI_OFFSET(xsw_unmap, result, 16);
XSW_ABI_ASSERT(sizeof(struct xsw_unmap) == 24);
XSW_ABI_OFFSET(xsw_sync, size, 0);
XSW_ABI_OFFSET(xsw_sync, flags, 4);
XSW_ABI_OFFSET(xsw_sync, mapping, 8);
XSW_ABI_OFFSET(xsw_sync, target, 12);
XSW_ABI_OFFSET(xsw_sync, offset, 16);
XSW_ABI_OFFSET(xsw_sync, len, 24);
XSW_ABI_OFFSET(xsw_sync, result, 32);
XSW_ABI_ASSERT(sizeof(struct xsw_sync) == 40);
XSW_ABI_OFFSET(xsw_transfer, size, 0);
XSW_ABI_OFFSET(xsw_transfer, flags, 4);
XSW_ABI_OFFSET(xsw_transfer, mapping, 8);
XSW_ABI_OFFSET(xsw_transfer, kind, 12);
XSW_ABI_OFFSET(xsw_transfer, offset, 16);
XSW_ABI_OFFSET(xsw_transfer, len, 24);
XSW_ABI_OFFSET(xsw_transfer, dev_offset, 32);
XSW_ABI_OFFSET(xsw_transfer, result, 40);
XSW_ABI_ASSERT(sizeof(struct xsw_transfer) == 48);
XSW_ABI_OFFSET(xsw_job, size, 0);
XSW_ABI_OFFSET(xsw_job, flags, 4);
XSW_ABI_OFFSET(xsw_job, engine, 8);
XSW_ABI_OFFSET(xsw_job, len, 12);
XSW_ABI_OFFSET(xsw_job, src_buffer, 16);
XSW_ABI_OFFSET(xsw_job, dst_buffer, 20);
XSW_ABI_OFFSET(xsw_job, src_offset, 24);
XSW_ABI_OFFSET(xsw_job, dst_offset, 32);
XSW_ABI_OFFSET(xsw_job, src_dir, 40);
XSW_ABI_OFFSET(xsw_job, dst_dir, 41);
XSW_ABI_OFFSET(xsw_job, attrs, 42);
XSW_ABI_OFFSET(xsw_job, reserved, 44);
XSW_ABI_OFFSET(xsw_job, result, 48);
XSW_ABI_ASSERT(sizeof(struct xsw_job) == 56);
XSW_ABI_OFFSET(xsw_jobv, size, 0);
XSW_ABI_OFFSET(xsw_jobv, flags, 4);
XSW_ABI_OFFSET(xsw_jobv, nr, 8);
XSW_ABI_OFFSET(xsw_jobv, stride, 12);
XSW_ABI_OFFSET(xsw_jobv, jobs, 16);
XSW_ABI_OFFSET(xsw_jobv, result, 24);
XSW_ABI_ASSERT(sizeof(struct xsw_jobv) == 32);
XSW_ABI_OFFSET(xsw_stats_get, size, 0);
XSW_ABI_OFFSET(xsw_stats_get, flags, 4);
XSW_ABI_OFFSET(xsw_stats_get, engine, 8);
XSW_ABI_OFFSET(xsw_stats_get, reserved, 12);
XSW_ABI_OFFSET(xsw_stats_get, stats, 16);
XSW_ABI_ASSERT(sizeof(struct xsw_stats_get) == 24);
XSW_ABI_OFFSET(xsw_stats, size, 0);
XSW_ABI_OFFSET(xsw_stats, nr_areas, 4);
XSW_ABI_OFFSET(xsw_stats, reason, 8);
XSW_ABI_OFFSET(xsw_stats, cause, 136);
XSW_ABI_OFFSET(xsw_stats, unmaps, 392);
XSW_ABI_OFFSET(xsw_stats, syncs, 400);
XSW_ABI_OFFSET(xsw_stats, bounced_bytes, 408);
XSW_ABI_OFFSET(xsw_stats, pool_slots, 416);
XSW_ABI_OFFSET(xsw_stats, pool_used, 424);
XSW_ABI_OFFSET(xsw_stats, pool_hiwater, 432);
XSW_ABI_OFFSET(xsw_stats, session_buffers, 440);
XSW_ABI_OFFSET(xsw_stats, session_mappings, 444);
XSW_ABI_OFFSET(xsw_stats, session_engines, 448);
XSW_ABI_OFFSET(xsw_stats, nr_quarantined, 452);
XSW_ABI_OFFSET(xsw_stats, session_pinned, 456);
XSW_ABI_OFFSET(xsw_stats, reserved, 464);
XSW_ABI_ASSERT(sizeof(struct xsw_stats) == 496);
XSW_ABI_OFFSET(xsw_nop, size, 0);
XSW_ABI_OFFSET(xsw_nop, flags, 4);
XSW_ABI_ASSERT(sizeof(struct xsw_nop) == 8);
XSW_ABI_OFFSET(xsw_sample, map_ns, 0);
XSW_ABI_OFFSET(xsw_sample, sync_ns, 4);
XSW_ABI_OFFSET(xsw_sample, unmap_ns, 8);
XSW_ABI_OFFSET(xsw_sample, clock_ns, 12);
XSW_ABI_ASSERT(sizeof(struct xsw_sample) == 16);
XSW_ABI_OFFSET(xsw_measure, size, 0);
XSW_ABI_OFFSET(xsw_measure, flags, 4);
XSW_ABI_OFFSET(xsw_measure, engine, 8);
XSW_ABI_OFFSET(xsw_measure, buffer, 12);
XSW_ABI_OFFSET(xsw_measure, dir, 16);
XSW_ABI_OFFSET(xsw_measure, nr, 20);
XSW_ABI_OFFSET(xsw_measure, sync, 24);
XSW_ABI_OFFSET(xsw_measure, reserved, 28);
XSW_ABI_OFFSET(xsw_measure, offset, 32);
XSW_ABI_OFFSET(xsw_measure, len, 40);
XSW_ABI_OFFSET(xsw_measure, sync_len, 48);
XSW_ABI_OFFSET(xsw_measure, samples, 56);
XSW_ABI_OFFSET(xsw_measure, result, 64);
XSW_ABI_ASSERT(sizeof(struct xsw_measure) == 72);

#endif /* _UAPI_XSWIOTLB_H */
