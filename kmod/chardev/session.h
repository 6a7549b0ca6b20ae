/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Sessions: one open file each, with the engines, buffers and mappings that it owns.
 */
#ifndef XSW_SESSION_H
#define XSW_SESSION_H

#include <linux/dma-mapping.h>
#include <linux/fs.h>
#include <linux/mm_types.h>
#include <linux/scatterlist.h>
#include <linux/sched/signal.h>
#include <linux/sizes.h>
#include <linux/workqueue.h>
#include "engine.h"
#include "handle.h"
#include "mmio.h"

/* Longest range of one buffer, MAP or JOB. */
#define XSW_MAX_LEN		SZ_16M
/* Most jobs of one JOBV, most samples of one MEASURE. */
#define XSW_MAX_VECTOR		256u
#define XSW_JOB_FLAGS		(XSW_F_TIMES | XSW_F_SG | XSW_F_SYNC | XSW_F_FIXED)

struct bio_vec;
struct vm_area_struct;
struct xsw_call;
union xsw_op;

/**
 * struct xsw_limit - a limit of every session, and a parameter of the module
 * @value:	first, as that is where the parameter is
 * @least:	it may be
 * @most:	it may be
 */
struct xsw_limit {
	unsigned int	value;
	unsigned int	least;
	unsigned int	most;
};

enum {
	XSW_LIMIT_BUFFERS,
	XSW_LIMIT_MAPPINGS,
	XSW_LIMIT_ENGINES,
	XSW_LIMIT_PINNED_MIB,
	XSW_LIMIT_KERNEL_MIB,
};

extern struct xsw_limit xsw_limits[];

/**
 * struct xsw_session - one open file
 * @handles:	of what it owns
 * @owner:	leader of the process that opened it
 * @pinned:	bytes of user memory that are pinned
 * @kernel_bytes: of kernel buffers
 * @dying:	the owner is exiting: nothing new reaches an engine
 * @cancel_work: cancels what waits for an engine
 */
struct xsw_session {
	struct xsw_handles	handles;
	struct task_struct	*owner;
	atomic64_t		pinned;
	atomic64_t		kernel_bytes;
	bool			dying;
	struct work_struct	cancel_work;
};

struct xsw_session *xsw_session_create(void);
void xsw_session_destroy(struct xsw_session *session);

/**
 * xsw_session_owner_exits() - is the process that opened it going away?
 * @session:	session
 *
 * Any context. A child that inherited the file, or a thread, is not the owner.
 * Return: true once it has been killed, or is exiting.
 */
static inline bool xsw_session_owner_exits(const struct xsw_session *session)
{
	return READ_ONCE(session->owner->signal->flags) & SIGNAL_GROUP_EXIT;
}

/* Nothing new is to reach a device: its owner may not have got to the file yet, or have left it. */
static inline bool xsw_session_over(const struct xsw_session *session)
{
	return READ_ONCE(session->dying) || xsw_session_owner_exits(session);
}

/* The same for who is at work on a command: a child or a thread that is killed stops there. */
static inline bool xsw_session_over_here(const struct xsw_session *session)
{
	return xsw_session_over(session) || fatal_signal_pending(current);
}

void xsw_session_cancel(struct xsw_session *session);
long xsw_engine_open_run(struct xsw_call *call, const union xsw_op *any);
long xsw_engine_close_run(struct xsw_call *call, const union xsw_op *any);

/**
 * struct xsw_buffer - memory that can be mapped for an engine
 * @pages:	all of them, in order
 * @nr_pages:	of @pages
 * @page_offset: where in the first page it starts
 * @bytes:	long
 * @mm:		whose locked memory it counts against; NULL: kernel memory
 * @engine:	sim engine that renumbered its frames, or NULL
 * @grants:	@pages are where these are mapped; or NULL
 * @granter:	then: what is mapped there, in the same order
 * @mmio:	in another device's memory: there are no @pages; or NULL
 * @quarantined: a device may still write to it: never unpinned, never freed
 */
struct xsw_buffer {
	struct page		**pages;
	u32			nr_pages;
	u32			page_offset;
	u64			bytes;
	struct mm_struct	*mm;
	struct xsw_slot		*engine;
	struct xsw_grants	*grants;
	struct page		**granter;
	struct xsw_mmio		*mmio;
	unsigned long		quarantined;
};

long xsw_buffer_create(struct xsw_call *call, const union xsw_op *any);
long xsw_buffer_destroy(struct xsw_call *call, const union xsw_op *any);
void xsw_buffer_free(struct xsw_session *session, struct xsw_buffer *buffer);
void xsw_buffer_quarantine(struct xsw_buffer *buffer);
int xsw_buffer_mmap(struct xsw_session *session, struct vm_area_struct *vma);

/**
 * struct xsw_range - memory to map: part of a buffer, or of a registered one
 * @pages:	pages that it lies in, or NULL
 * @bvec:	else these, or NULL
 * @mmio:	else where it lies in another device's memory
 * @offset:	from the start of the first page or bvec, or from @mmio
 * @len:	bytes
 */
struct xsw_range {
	struct page		**pages;
	const struct bio_vec	*bvec;
	phys_addr_t		mmio;
	u64			offset;
	u64			len;
};

/**
 * xsw_buffer_range() - part of a buffer
 * @buffer:	buffer
 * @offset:	into it
 * @len:	of the part, which must lie in the buffer
 *
 * Return: valid for as long as the buffer is.
 */
static inline struct xsw_range xsw_buffer_range(const struct xsw_buffer *buffer, u64 offset,
						u64 len)
{
	return (struct xsw_range){
		.pages	= buffer->pages,
		.mmio	= buffer->mmio ? xsw_mmio_phys(buffer->mmio) : 0,
		.offset	= buffer->page_offset + offset,
		.len	= len,
	};
}

/**
 * struct xsw_dmamap - a range, mapped by the DMA API
 * @engine:	that it is mapped for
 * @range:	what is mapped: valid for as long as its owner keeps it
 * @dir:	direction
 * @attrs:	DMA_ATTR_* to be given to every call
 * @side:	for the engine
 * @sgt:	of dma_map_sg(); without entries when mapped by dma_map_page()
 * @reason:	enum xsw_reason
 * @cause:	enum xsw_cause; only of what failed
 * @node:	in the maps of a removable engine, for as long as it is mapped
 */
struct xsw_dmamap {
	struct xsw_engine	*engine;
	struct xsw_range	range;
	enum dma_data_direction	dir;
	unsigned long		attrs;
	struct xsw_xfer_side	side;
	struct sg_table		sgt;
	u8			reason;
	u8			cause;
	struct list_head	node;
};

int xsw_dmamap_begin(struct xsw_dmamap *map, bool sg, gfp_t gfp, u64 *spent);
bool xsw_dmamap_unmap(struct xsw_dmamap *map, unsigned long attrs, u64 *spent);
void xsw_range_keep(const struct xsw_range *range);
bool xsw_dmamap_sync(struct xsw_dmamap *map, u64 offset, u64 len, bool for_cpu, u64 *spent);
dma_addr_t xsw_dmamap_addr(const struct xsw_dmamap *map);

/**
 * xsw_dmamap_map() - map a range for an engine, as a driver would
 * @map:	to fill in; its range is what to map. On failure its cause is set
 * @engine:	for whom
 * @dir:	direction
 * @attrs:	DMA_ATTR_*
 * @sg:		by dma_map_sg(), even where one call of dma_map_page() would do
 * @gfp:	for the scatterlist
 * @spent:	ns that the DMA API took are added to it, or NULL
 *
 * Return: 0, or a negative errno. -ENOMEM with XSW_CAUSE_NO_MEMORY: @gfp did not get it.
 */
static inline int xsw_dmamap_map(struct xsw_dmamap *map, struct xsw_engine *engine,
				 enum dma_data_direction dir, unsigned long attrs, bool sg,
				 gfp_t gfp, u64 *spent)
{
	map->engine = engine;
	map->dir = dir;
	map->attrs = attrs;
	return xsw_dmamap_begin(map, sg, gfp, spent);
}

/**
 * xsw_dma_attrs() - the kernel's attributes
 * @attrs:	XSW_ATTR_*
 *
 * Return: DMA_ATTR_*. A failure is told by its cause, never by a warning.
 */
static inline unsigned long xsw_dma_attrs(u32 attrs)
{
	return DMA_ATTR_NO_WARN |
	       (attrs & XSW_ATTR_SKIP_CPU_SYNC ? DMA_ATTR_SKIP_CPU_SYNC : 0) |
	       (attrs & XSW_ATTR_WEAK_ORDERING ? DMA_ATTR_WEAK_ORDERING : 0);
}

/* DMA segments. */
static inline u32 xsw_dmamap_nents(const struct xsw_dmamap *map)
{
	return map->sgt.sgl ? map->sgt.nents : 1;
}

/**
 * struct xsw_copy - what is known of a job that only copies, and of those like it
 * @job:	it, valid and without flags; NULL: nothing is known
 * @engine:	that it names, immediate and with our ops
 * @src:	buffer that it names, of memory
 * @dst:	buffer that it names, of memory
 * @attrs:	DMA_ATTR_* of all calls
 * @xfer:	for the engine, but for the addresses
 */
struct xsw_copy {
	const struct xsw_job	*job;
	struct xsw_engine	*engine;
	const struct xsw_buffer	*src;
	const struct xsw_buffer	*dst;
	unsigned long		attrs;
	struct xsw_xfer		xfer;
};

bool xsw_pages_copy(struct xsw_copy *copy, const struct xsw_job *job, struct xsw_result *result);

#define XSW_ATTRS_ALL	(XSW_ATTR_SKIP_CPU_SYNC | XSW_ATTR_NO_WARN | XSW_ATTR_WEAK_ORDERING)

/**
 * struct xsw_mapping - what MAP makes
 * @map:	the mapping
 * @engine:	used until it ends
 * @buffer:	used until it ends
 */
struct xsw_mapping {
	struct xsw_dmamap	map;
	struct xsw_slot		*engine;
	struct xsw_slot		*buffer;
};

long xsw_mapping_create(struct xsw_call *call, const union xsw_op *any);
long xsw_mapping_unmap(struct xsw_call *call, const union xsw_op *any);
long xsw_mapping_sync(struct xsw_call *call, const union xsw_op *any);
long xsw_measure_run(struct xsw_call *call, const union xsw_op *any);
bool xsw_mapping_free(struct xsw_mapping *mapping, unsigned long attrs, u64 *spent);

long xsw_transfer_run(struct xsw_call *call, const union xsw_op *any);
long xsw_job_run(struct xsw_call *call, const union xsw_op *any);
long xsw_jobv_run(struct xsw_call *call, const union xsw_op *any);

#endif /* XSW_SESSION_H */
