/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Tracepoints, of the shape of the kernel's own events/dma.h.
 */
#undef TRACE_SYSTEM
#define TRACE_SYSTEM xswiotlb

#if !defined(XSW_TRACE_H) || defined(TRACE_HEADER_MULTI_READ)
#define XSW_TRACE_H

#include <linux/device.h>
#include <linux/tracepoint.h>

#include "assign_str.h"
#include "core.h"

#ifndef XSW_TRACE_NAMES
#define XSW_TRACE_NAMES

#define XSW_REASONS(_)				\
	_(REASON, NONE)				\
	_(REASON, DIRECT)			\
	_(REASON, FOREIGN)			\
	_(REASON, MMIO)				\
	_(REASON, BOUNCE_MASK)			\
	_(REASON, BOUNCE_STRADDLE)		\
	_(REASON, BOUNCE_FOREIGN)		\
	_(REASON, BOUNCE_FORCED)		\
	_(REASON, BOUNCE_CACHELINE)

#define XSW_CAUSES(_)				\
	_(CAUSE, NONE)				\
	_(CAUSE, NO_SPACE)			\
	_(CAUSE, TOO_LARGE)			\
	_(CAUSE, MISALIGNED)			\
	_(CAUSE, MASK)				\
	_(CAUSE, NOT_CONTIGUOUS)		\
	_(CAUSE, NO_BOUNCE)			\
	_(CAUSE, BAD_ADDRESS)			\
	_(CAUSE, BAD_SIZE)			\
	_(CAUSE, BAD_DIRECTION)			\
	_(CAUSE, NEEDS_COHERENT)		\
	_(CAUSE, NOT_MAPPED)			\
	_(CAUSE, SIZE_MISMATCH)			\
	_(CAUSE, OUT_OF_RANGE)

#define XSW_TRACE_NAME(kind, name)	{ XSW_##kind##_##name, #name },

#define xsw_show_reason(reason)	\
	__print_symbolic(reason, XSW_REASONS(XSW_TRACE_NAME) { -1, NULL })
#define xsw_show_cause(cause)	\
	__print_symbolic(cause, XSW_CAUSES(XSW_TRACE_NAME) { -1, NULL })
#define xsw_show_dir(dir)					\
	__print_symbolic(dir,					\
			 { DMA_BIDIRECTIONAL, "BIDIRECTIONAL" },	\
			 { DMA_TO_DEVICE, "TO_DEVICE" },	\
			 { DMA_FROM_DEVICE, "FROM_DEVICE" },	\
			 { DMA_NONE, "NONE" })
#define xsw_show_attrs(attrs)						\
	__print_flags(attrs, "|",					\
		      { DMA_ATTR_WEAK_ORDERING, "WEAK_ORDERING" },	\
		      { DMA_ATTR_WRITE_COMBINE, "WRITE_COMBINE" },	\
		      { DMA_ATTR_SKIP_CPU_SYNC, "SKIP_CPU_SYNC" },	\
		      { DMA_ATTR_NO_WARN, "NO_WARN" },			\
		      { DMA_ATTR_PRIVILEGED, "PRIVILEGED" },		\
		      { DMA_ATTR_MMIO, "MMIO" })

#endif

/* for perf, which reads the values out of the print format */
#define XSW_TRACE_ENUM(kind, name)	TRACE_DEFINE_ENUM(XSW_##kind##_##name);
XSW_REASONS(XSW_TRACE_ENUM)
XSW_CAUSES(XSW_TRACE_ENUM)
TRACE_DEFINE_ENUM(DMA_BIDIRECTIONAL);
TRACE_DEFINE_ENUM(DMA_TO_DEVICE);
TRACE_DEFINE_ENUM(DMA_FROM_DEVICE);
TRACE_DEFINE_ENUM(DMA_NONE);
#undef XSW_TRACE_ENUM

TRACE_EVENT(xsw_map,
	TP_PROTO(struct device *dev, phys_addr_t phys, dma_addr_t dma, size_t size,
		 enum dma_data_direction dir, unsigned long attrs, unsigned int reason),
	TP_ARGS(dev, phys, dma, size, dir, attrs, reason),

	TP_STRUCT__entry(
		__string(device, dev_name(dev))
		__field(u64, phys)
		__field(u64, dma)
		__field(size_t, size)
		__field(enum dma_data_direction, dir)
		__field(unsigned long, attrs)
		__field(unsigned int, reason)
	),

	TP_fast_assign(
		xsw_assign_str(device, dev_name(dev));
		__entry->phys = phys;
		__entry->dma = dma;
		__entry->size = size;
		__entry->dir = dir;
		__entry->attrs = attrs;
		__entry->reason = reason;
	),

	TP_printk("%s phys=%llx dma=%llx size=%zu dir=%s attrs=%s reason=%s",
		  __get_str(device), __entry->phys, __entry->dma, __entry->size,
		  xsw_show_dir(__entry->dir), xsw_show_attrs(__entry->attrs),
		  xsw_show_reason(__entry->reason))
);

TRACE_EVENT(xsw_map_err,
	TP_PROTO(struct device *dev, phys_addr_t phys, size_t size, enum dma_data_direction dir,
		 unsigned long attrs, unsigned int cause),
	TP_ARGS(dev, phys, size, dir, attrs, cause),

	TP_STRUCT__entry(
		__string(device, dev_name(dev))
		__field(u64, phys)
		__field(size_t, size)
		__field(enum dma_data_direction, dir)
		__field(unsigned long, attrs)
		__field(unsigned int, cause)
	),

	TP_fast_assign(
		xsw_assign_str(device, dev_name(dev));
		__entry->phys = phys;
		__entry->size = size;
		__entry->dir = dir;
		__entry->attrs = attrs;
		__entry->cause = cause;
	),

	TP_printk("%s phys=%llx size=%zu dir=%s attrs=%s cause=%s",
		  __get_str(device), __entry->phys, __entry->size, xsw_show_dir(__entry->dir),
		  xsw_show_attrs(__entry->attrs), xsw_show_cause(__entry->cause))
);

TRACE_EVENT(xsw_unmap,
	TP_PROTO(struct device *dev, dma_addr_t dma, size_t size, enum dma_data_direction dir,
		 unsigned long attrs, bool bounced, unsigned int cause),
	TP_ARGS(dev, dma, size, dir, attrs, bounced, cause),

	TP_STRUCT__entry(
		__string(device, dev_name(dev))
		__field(u64, dma)
		__field(size_t, size)
		__field(enum dma_data_direction, dir)
		__field(unsigned long, attrs)
		__field(bool, bounced)
		__field(unsigned int, cause)
	),

	TP_fast_assign(
		xsw_assign_str(device, dev_name(dev));
		__entry->dma = dma;
		__entry->size = size;
		__entry->dir = dir;
		__entry->attrs = attrs;
		__entry->bounced = bounced;
		__entry->cause = cause;
	),

	TP_printk("%s dma=%llx size=%zu dir=%s attrs=%s bounced=%d cause=%s",
		  __get_str(device), __entry->dma, __entry->size, xsw_show_dir(__entry->dir),
		  xsw_show_attrs(__entry->attrs), __entry->bounced,
		  xsw_show_cause(__entry->cause))
);

TRACE_EVENT(xsw_sync,
	TP_PROTO(struct device *dev, dma_addr_t dma, size_t size, enum dma_data_direction dir,
		 bool for_cpu, bool bounced, unsigned int cause),
	TP_ARGS(dev, dma, size, dir, for_cpu, bounced, cause),

	TP_STRUCT__entry(
		__string(device, dev_name(dev))
		__field(u64, dma)
		__field(size_t, size)
		__field(enum dma_data_direction, dir)
		__field(bool, for_cpu)
		__field(bool, bounced)
		__field(unsigned int, cause)
	),

	TP_fast_assign(
		xsw_assign_str(device, dev_name(dev));
		__entry->dma = dma;
		__entry->size = size;
		__entry->dir = dir;
		__entry->for_cpu = for_cpu;
		__entry->bounced = bounced;
		__entry->cause = cause;
	),

	TP_printk("%s dma=%llx size=%zu dir=%s for=%s bounced=%d cause=%s",
		  __get_str(device), __entry->dma, __entry->size, xsw_show_dir(__entry->dir),
		  __entry->for_cpu ? "cpu" : "device", __entry->bounced,
		  xsw_show_cause(__entry->cause))
);

TRACE_EVENT(xsw_bounce,
	TP_PROTO(struct device *dev, dma_addr_t dma, size_t size, bool to_pool),
	TP_ARGS(dev, dma, size, to_pool),

	TP_STRUCT__entry(
		__string(device, dev_name(dev))
		__field(u64, dma)
		__field(size_t, size)
		__field(bool, to_pool)
	),

	TP_fast_assign(
		xsw_assign_str(device, dev_name(dev));
		__entry->dma = dma;
		__entry->size = size;
		__entry->to_pool = to_pool;
	),

	TP_printk("%s dma=%llx size=%zu copied %s pool", __get_str(device), __entry->dma,
		  __entry->size, __entry->to_pool ? "to" : "from")
);

#if IS_ENABLED(CONFIG_XSWIOTLB_XEN)
/* One frame of a GNTTABOP_cache_flush; err is that of the whole hypercall. */
TRACE_EVENT(xsw_flush,
	TP_PROTO(u64 frame, unsigned int offset, unsigned int length, bool clean, int err),
	TP_ARGS(frame, offset, length, clean, err),

	TP_STRUCT__entry(
		__field(u64, frame)
		__field(unsigned int, offset)
		__field(unsigned int, length)
		__field(bool, clean)
		__field(int, err)
	),

	TP_fast_assign(
		__entry->frame = frame;
		__entry->offset = offset;
		__entry->length = length;
		__entry->clean = clean;
		__entry->err = err;
	),

	TP_printk("frame=%llx offset=%u length=%u op=%s err=%d", __entry->frame,
		  __entry->offset, __entry->length, __entry->clean ? "clean" : "inval",
		  __entry->err)
);
#endif

#endif /* XSW_TRACE_H */

#undef TRACE_INCLUDE_PATH
#define TRACE_INCLUDE_PATH .
#undef TRACE_INCLUDE_FILE
#define TRACE_INCLUDE_FILE trace
#include <trace/define_trace.h>
