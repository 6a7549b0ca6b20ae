/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Engines: what moves the bytes.
 *
 * An engine is a device plus a queue of transfers. It is taken by one session at a
 * time, configured while it is taken, and given back. Engines know dma addresses
 * only; who maps is chardev, through the kernel's DMA API.
 */
#ifndef XSW_ENGINE_H
#define XSW_ENGINE_H

#include <linux/device.h>
#include <linux/ktime.h>
#include <linux/list.h>
#include <linux/scatterlist.h>
#include <linux/spinlock.h>
#include "xswiotlb.h"

struct xsw_engine;
struct xsw_xfer;

/**
 * enum xsw_xfer_kind - what a transfer does
 * @XSW_XFER_READ:	device reads memory @src into its own memory at @dev_offset
 * @XSW_XFER_WRITE:	device writes its own memory at @dev_offset to memory @dst
 * @XSW_XFER_COPY:	device copies memory @src to memory @dst, any way it likes
 */
enum xsw_xfer_kind {
	XSW_XFER_READ,
	XSW_XFER_WRITE,
	XSW_XFER_COPY,
};

/**
 * struct xsw_xfer_side - mapped memory of a transfer
 * @dma:	address, with @sgl NULL
 * @sgl:	mapped scatterlist, or NULL
 * @nents:	entries of @sgl that dma_map_sg() returned
 * @offset:	into the mapping, bytes
 */
struct xsw_xfer_side {
	dma_addr_t		dma;
	struct scatterlist	*sgl;
	unsigned int		nents;
	u64			offset;
};

/**
 * struct xsw_xfer - a transfer
 * @kind:	what it does
 * @src:	memory that the device reads
 * @dst:	memory that the device writes
 * @len:	bytes, 1 to the engine's max_len
 * @dev_offset:	into the engine's own memory; the whole range lies within dev_size
 * @peer:	a side is another device's memory, and may go before the transfer is done
 * @complete:	called once, in any context but with no engine lock held, after
 *		submit() returned -EINPROGRESS: @status is 0, -EIO, -ENODEV, -ETIMEDOUT or
 *		-ECANCELED
 * @node:	the engine's
 * @status:	the engine's until @complete is called
 * @stage:	the engine's
 * @due:	the engine's
 */
struct xsw_xfer {
	enum xsw_xfer_kind	kind;
	struct xsw_xfer_side	src;
	struct xsw_xfer_side	dst;
	u32			len;
	u64			dev_offset;
	bool			peer;
	void			(*complete)(struct xsw_xfer *xfer, int status);

	struct list_head	node;
	int			status;
	u32			stage;
	ktime_t			due;
};

/**
 * struct xsw_engine_ops - an engine's kind
 * @name:	for messages
 * @submit:	start a transfer. 0: done already, complete() is not called; -EINPROGRESS:
 *		complete() will be called; -EBUSY: queue is full; other: refused. Any context.
 * @cancel:	complete with -ECANCELED, before returning, everything of this engine
 *		that has not reached the device; what has, completes by itself or times
 *		out. Process context.
 * @close:	no transfer is under way: put back the device's ops, free. May sleep.
 */
struct xsw_engine_ops {
	const char	*name;
	int		(*submit)(struct xsw_engine *engine, struct xsw_xfer *xfer);
	void		(*cancel)(struct xsw_engine *engine);
	void		(*close)(struct xsw_engine *engine);
};

/**
 * struct xsw_engine - an engine that a session has taken
 * @ops:	its kind
 * @dev:	device to map for
 * @xdev:	the same with our ops on it; NULL with the kernel's own
 * @env:	environment that it maps in
 * @max_len:	most bytes of one transfer
 * @dev_size:	bytes of its own memory
 * @dma_mask:	its DMA mask
 * @kind:	enum xsw_engine_kind
 * @immediate: submit() is done with a transfer when it returns
 * @removable:	its device can go away at any time: @maps is kept
 * @lock:	protects @maps; taken in task context
 * @maps:	what is mapped for it, so that it can be unmapped before the device goes
 * @dead:	it did not answer, or goes away: nothing new is mapped or begun
 * @unanswered:	it did not answer: memory it was given may still be written to, and nothing
 *		that a transfer of it used may be freed or unmapped into reuse
 */
struct xsw_engine {
	const struct xsw_engine_ops	*ops;
	struct device			*dev;
	struct xsw_device		*xdev;
	struct xsw_kenv			*env;
	u32				max_len;
	u32				dev_size;
	u64				dma_mask;
	u32				kind;
	bool				immediate;
	bool				removable;
	spinlock_t			lock;	/* maps */
	struct list_head		maps;
	bool				dead;
	bool				unanswered;
};

/*
 * The device is about to go and is @dead for all who look: end what is mapped for it, unless
 * it was @unanswered (chardev/mapping.c). May sleep.
 */
void xsw_engine_unmap_all(struct xsw_engine *engine);

/*
 * Open by the validated operation: masks and alignment are set on the device, ops put
 * on. May sleep. ERR_PTR: -ENODEV, -EBUSY, -EPERM, -EINVAL, -ENOMEM; *cause says why.
 */
struct xsw_engine *xsw_sim_open(const struct xsw_engine_open *op, enum xsw_cause *cause);
struct xsw_engine *xsw_edu_open(const struct xsw_engine_open *op, enum xsw_cause *cause);

int xsw_edu_init(void);
void xsw_edu_exit(void);
/*
 * The other device whose memory can be reached has gone, for good: transfers with it end, with
 * -ENODEV, and none is under way when this returns. May sleep.
 */
void xsw_edu_peer_gone(void);
/* Devices bound to the driver. */
unsigned int xsw_edu_count(void);

#endif /* XSW_ENGINE_H */
