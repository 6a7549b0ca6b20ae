// SPDX-License-Identifier: GPL-2.0
/*
 * QEMU's edu device (1234:11e8): real DMA, a real interrupt, a narrow mask.
 *
 * It moves fewer than 4096 bytes at a time between memory and its own 4 KiB, and takes
 * 100 ms for that, so a transfer is done in pieces, each ended by an interrupt.
 * An address beyond the mask that QEMU was told (dma_mask=) it silently cuts off.
 */
#include <linux/dma-mapping.h>
#include <linux/err.h>
#include <linux/interrupt.h>
#include <linux/io.h>
#include <linux/io-64-nonatomic-lo-hi.h>
#include <linux/kref.h>
#include <linux/module.h>
#include <linux/moduleparam.h>
#include <linux/mutex.h>
#include <linux/pci.h>
#include <linux/pm.h>
#include <linux/sizes.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <linux/wait.h>
#include <linux/workqueue.h>
#include "engine.h"
#include "env.h"
#include "ops.h"
#include "side.h"

#define EDU_VENDOR		0x1234
#define EDU_DEVICE		0x11e8

#define EDU_ID			0x00	/* major, minor, 0x00ed */
#define EDU_LIVENESS		0x04	/* reads back what was written, inverted */
#define EDU_IRQ_STATUS		0x24
#define EDU_IRQ_ACK		0x64
#define EDU_DMA_SRC		0x80
#define EDU_DMA_DST		0x88
#define EDU_DMA_COUNT		0x90
#define EDU_DMA_CMD		0x98
#define EDU_DMA_RUN		BIT(0)
#define EDU_DMA_TO_MEMORY	BIT(1)
#define EDU_DMA_IRQ		BIT(2)

#define EDU_MEM_BUS		0x40000
/* QEMU's range check is off by one, and aborts the guest when the last byte is touched. */
#define EDU_MEM_SIZE		4095
#define EDU_MAX_LEN		SZ_64K
/* Pieces of 100 ms that may wait: they must drain before anybody takes them for hung. */
#define EDU_MAX_PIECES		2048

static unsigned int edu_timeout_ms = 5000;

static int set_timeout(const char *val, const struct kernel_param *kp)
{
	return param_set_uint_minmax(val, kp, 1, 60000);
}

static const struct kernel_param_ops timeout_ops = {
	.set	= set_timeout,
	.get	= param_get_uint,
};
module_param_cb(edu_timeout_ms, &timeout_ops, &edu_timeout_ms, 0444);
MODULE_PARM_DESC(edu_timeout_ms,
		 "ms after which an edu device that does not answer is given up (1..60000, default 5000)");

/**
 * struct xsw_edu - a device
 * @engine:	as the session sees it
 * @kref:	the driver's, and the session's while it is taken
 * @node:	of all devices; under edu_lock
 * @index:	its number; under edu_lock
 * @taken:	by a session; under edu_lock
 * @pdev:	device
 * @regs:	its registers
 * @irq:	of its DMA
 * @lock:	protects what follows
 * @gone:	removed, or being so: nothing new is accepted
 * @asleep:	suspended: what comes waits
 * @queue:	transfers that wait
 * @pieces:	of all transfers, @current_xfer included
 * @current_xfer: that the device is at, or NULL
 * @src:	of @current_xfer
 * @dst:	of @current_xfer
 * @left:	bytes of @current_xfer still to be begun
 * @in_dev:	COPY: bytes in the device that go to memory next
 * @dev_at:	where in the device's memory the next piece is
 * @piece:	bytes that the device is moving now
 * @writing:	and it moves them to memory
 * @deadline:	jiffies by when the interrupt has to come
 * @idle:	@current_xfer has ended
 * @watchdog:	looks whether it has
 */
struct xsw_edu {
	struct xsw_engine	engine;
	struct kref		kref;
	struct list_head	node;
	unsigned int		index;
	bool			taken;
	struct pci_dev		*pdev;
	void __iomem		*regs;
	int			irq;

	spinlock_t		lock;	/* what follows */
	bool			gone;
	bool			asleep;
	struct list_head	queue;
	u32			pieces;
	struct xsw_xfer		*current_xfer;
	struct xsw_cursor	src;
	struct xsw_cursor	dst;
	u32			left;
	u32			in_dev;
	u32			dev_at;
	u32			piece;
	bool			writing;
	unsigned long		deadline;
	wait_queue_head_t	idle;
	struct delayed_work	watchdog;
};

static LIST_HEAD(edu_devices);
static DEFINE_MUTEX(edu_lock);
/* In @edu_devices, for who may not wait for the lock. */
static atomic_t edu_count = ATOMIC_INIT(0);
/* Looked at under a device's lock. */
static bool edu_no_peer;

static struct xsw_edu *to_edu(struct xsw_engine *engine)
{
	return container_of(engine, struct xsw_edu, engine);
}

static void edu_free(struct kref *kref)
{
	struct xsw_edu *edu = container_of(kref, struct xsw_edu, kref);

	pci_dev_put(edu->pdev);
	kfree(edu);
}

/* ---- transfers, under the lock ---- */

static u32 pieces_of(const struct xsw_xfer *xfer)
{
	u32 n = DIV_ROUND_UP(xfer->len, EDU_MEM_SIZE);

	if (xfer->kind == XSW_XFER_COPY)
		return 2 * n + xfer->src.nents + xfer->dst.nents;
	return n + xfer->src.nents;
}

/* The next piece: as much as is contiguous, and as the device takes. */
static void start_piece(struct xsw_edu *edu)
{
	struct xsw_xfer *xfer = edu->current_xfer;
	u64 cmd = EDU_DMA_RUN | EDU_DMA_IRQ;
	dma_addr_t dma;
	u64 len;

	edu->writing = xfer->kind == XSW_XFER_WRITE || edu->in_dev;
	len = edu->in_dev ?: min_t(u32, edu->left, EDU_MEM_SIZE);
	dma = xsw_cursor_at(edu->writing ? &edu->dst : &edu->src, &len);
	edu->piece = len;
	edu->deadline = jiffies + msecs_to_jiffies(edu_timeout_ms);

	if (edu->writing) {
		writeq(EDU_MEM_BUS + edu->dev_at, edu->regs + EDU_DMA_SRC);
		writeq(dma, edu->regs + EDU_DMA_DST);
		cmd |= EDU_DMA_TO_MEMORY;
	} else {
		writeq(dma, edu->regs + EDU_DMA_SRC);
		writeq(EDU_MEM_BUS + edu->dev_at, edu->regs + EDU_DMA_DST);
	}
	writeq(len, edu->regs + EDU_DMA_COUNT);
	writeq(cmd, edu->regs + EDU_DMA_CMD);
	/* Already pending, it finds the new deadline when it looks. */
	schedule_delayed_work(&edu->watchdog, msecs_to_jiffies(edu_timeout_ms) + 1);
}

/* The device has moved edu->piece bytes. Returns whether the transfer is complete. */
static bool end_piece(struct xsw_edu *edu)
{
	bool copy = edu->current_xfer->kind == XSW_XFER_COPY;

	xsw_cursor_advance(edu->writing ? &edu->dst : &edu->src, edu->piece);
	if (copy && edu->writing) {
		edu->in_dev -= edu->piece;
		edu->dev_at = edu->in_dev ? edu->dev_at + edu->piece : 0;
	} else {
		edu->left -= edu->piece;
		if (copy)
			edu->in_dev = edu->piece;
		else
			edu->dev_at += edu->piece;
	}
	edu->piece = 0;
	return !edu->left && !edu->in_dev;
}

static void start_next(struct xsw_edu *edu)
{
	struct xsw_xfer *xfer = list_first_entry_or_null(&edu->queue, struct xsw_xfer, node);

	if (!xfer || edu->asleep)
		return;
	list_del(&xfer->node);
	edu->current_xfer = xfer;
	xsw_cursor_begin(&edu->src, &xfer->src);
	xsw_cursor_begin(&edu->dst, &xfer->dst);
	edu->left = xfer->len;
	edu->in_dev = 0;
	edu->dev_at = xfer->kind == XSW_XFER_COPY ? 0 : xfer->dev_offset;
	start_piece(edu);
}

/* One end of it has gone. */
static bool cut_off(const struct xsw_edu *edu, const struct xsw_xfer *xfer)
{
	return edu->gone || (xfer->peer && READ_ONCE(edu_no_peer));
}

/* Returns the transfer that it was the last piece of, to be completed without the lock. */
static struct xsw_xfer *advance(struct xsw_edu *edu)
{
	struct xsw_xfer *xfer = edu->current_xfer;

	if (!end_piece(edu) && !cut_off(edu, xfer)) {
		start_piece(edu);
		return NULL;
	}
	xfer->status = edu->left || edu->in_dev ? -ENODEV : 0;
	edu->pieces -= pieces_of(xfer);
	edu->current_xfer = NULL;
	start_next(edu);
	wake_up_all(&edu->idle);
	return xfer;
}

/* Takes everything that waits off the queue. */
static void take_queue(struct xsw_edu *edu, struct list_head *to)
{
	struct xsw_xfer *xfer;

	list_for_each_entry(xfer, &edu->queue, node)
		edu->pieces -= pieces_of(xfer);
	list_splice_tail_init(&edu->queue, to);
}

/* Without the lock. */
static void complete_list(struct list_head *list, int status)
{
	struct xsw_xfer *xfer, *next;

	list_for_each_entry_safe(xfer, next, list, node)
		xfer->complete(xfer, status);
}

/* ---- interrupt and watchdog ---- */

static irqreturn_t edu_interrupt(int irq, void *data)
{
	struct xsw_edu *edu = data;
	struct xsw_xfer *xfer = NULL;
	u32 status = readl(edu->regs + EDU_IRQ_STATUS);

	/* All ones: it has been unplugged. */
	if (!status || status == ~0u)
		return IRQ_NONE;
	writel(status, edu->regs + EDU_IRQ_ACK);
	spin_lock(&edu->lock);
	/* The watchdog may have seen it first, and the next piece be under way. */
	if (edu->current_xfer && !(readq(edu->regs + EDU_DMA_CMD) & EDU_DMA_RUN))
		xfer = advance(edu);
	spin_unlock(&edu->lock);
	if (xfer)
		xfer->complete(xfer, xfer->status);
	return IRQ_HANDLED;
}

static void watchdog_fn(struct work_struct *work)
{
	struct xsw_edu *edu = container_of(work, struct xsw_edu, watchdog.work);
	struct xsw_xfer *xfer = NULL;
	bool timed_out = false;
	LIST_HEAD(failed);
	u64 cmd;

	spin_lock_irq(&edu->lock);
	if (!edu->current_xfer)
		goto unlock;
	if (time_before(jiffies, edu->deadline)) {
		schedule_delayed_work(&edu->watchdog, edu->deadline - jiffies + 1);
		goto unlock;
	}
	cmd = readq(edu->regs + EDU_DMA_CMD);
	if (!(cmd & EDU_DMA_RUN)) {
		dev_warn_once(&edu->pdev->dev, "its interrupt was lost\n");
		xfer = advance(edu);
		goto unlock;
	}
	timed_out = true;
	WRITE_ONCE(edu->engine.unanswered, true);
	WRITE_ONCE(edu->engine.dead, true);
	edu->gone = true;
	xfer = edu->current_xfer;
	xfer->status = -ETIMEDOUT;
	edu->pieces -= pieces_of(xfer);
	edu->current_xfer = NULL;
	take_queue(edu, &failed);
	wake_up_all(&edu->idle);
unlock:
	spin_unlock_irq(&edu->lock);

	if (timed_out) {
		/* It may still do as it was told: from now on it can't reach memory. */
		pci_clear_master(edu->pdev);
		dev_err(&edu->pdev->dev,
			"did not answer within %u ms; its buffers are never used again, the device only after it has been unbound and bound\n",
			edu_timeout_ms);
	}
	if (xfer)
		xfer->complete(xfer, xfer->status);
	complete_list(&failed, -ENODEV);
}

/* ---- what the session calls ---- */

static int edu_submit(struct xsw_engine *engine, struct xsw_xfer *xfer)
{
	struct xsw_edu *edu = to_edu(engine);
	unsigned long flags;
	int ret = -EINPROGRESS;

	spin_lock_irqsave(&edu->lock, flags);
	if (cut_off(edu, xfer)) {
		ret = -ENODEV;
	} else if (edu->pieces + pieces_of(xfer) > EDU_MAX_PIECES) {
		ret = -EBUSY;
	} else {
		edu->pieces += pieces_of(xfer);
		list_add_tail(&xfer->node, &edu->queue);
		if (!edu->current_xfer)
			start_next(edu);
	}
	spin_unlock_irqrestore(&edu->lock, flags);
	return ret;
}

static void edu_cancel(struct xsw_engine *engine)
{
	struct xsw_edu *edu = to_edu(engine);
	LIST_HEAD(canceled);

	spin_lock_irq(&edu->lock);
	take_queue(edu, &canceled);
	spin_unlock_irq(&edu->lock);
	complete_list(&canceled, -ECANCELED);
}

static void release_ops(struct xsw_edu *edu)
{
	struct xsw_device *xdev = edu->engine.xdev;
	struct device *dev = &edu->pdev->dev;

	if (xdev) {
		/* Whoever reads its counters meanwhile does so without preemption. */
		WRITE_ONCE(edu->engine.xdev, NULL);
		synchronize_rcu();
		xsw_detach(xdev);
	}
	dma_set_min_align_mask(dev, 0);
	dma_set_seg_boundary(dev, DMA_BIT_MASK(32));
	dma_set_mask_and_coherent(dev, DMA_BIT_MASK(32));
}

static void edu_close(struct xsw_engine *engine)
{
	struct xsw_edu *edu = to_edu(engine);

	mutex_lock(&edu_lock);
	if (!list_empty(&edu->node)) {
		/* The last completion may still be on its way out. */
		synchronize_irq(edu->irq);
		cancel_delayed_work_sync(&edu->watchdog);
		release_ops(edu);
	}
	edu->taken = false;
	mutex_unlock(&edu_lock);
	kref_put(&edu->kref, edu_free);
}

static const struct xsw_engine_ops edu_ops = {
	.name	= "edu",
	.submit	= edu_submit,
	.cancel	= edu_cancel,
	.close	= edu_close,
};

static bool edu_is_alive(struct xsw_edu *edu)
{
	const u32 probe = 0x5a17c0de;

	if ((readl(edu->regs + EDU_ID) & 0xff) != 0xed)
		return false;
	writel(probe, edu->regs + EDU_LIVENESS);
	return readl(edu->regs + EDU_LIVENESS) == ~probe;
}

static int prepare(struct xsw_edu *edu, const struct xsw_engine_open *op)
{
	const struct xsw_attach_opts opts = {
		.force_bounce	= op->flags & XSW_ENGINE_FORCE_BOUNCE,
		.no_bounce	= op->flags & XSW_ENGINE_NO_BOUNCE,
	};
	struct device *dev = &edu->pdev->dev;
	struct xsw_engine *engine = &edu->engine;
	struct xsw_device *xdev;
	int err;

	engine->env = xsw_host_env();
	engine->dma_mask = DMA_BIT_MASK(op->dma_bits ?: 32);
	if (op->ops == XSW_OPS_OURS) {
		xdev = xsw_attach(dev, engine->env, &opts);
		if (IS_ERR(xdev))
			return PTR_ERR(xdev);
		engine->xdev = xdev;
	}
	err = dma_set_mask_and_coherent(dev, engine->dma_mask);
	if (err) {
		release_ops(edu);
		return err;
	}
	dma_set_max_seg_size(dev, UINT_MAX);
	dma_set_min_align_mask(dev, op->min_align_mask);
	dma_set_seg_boundary(dev, op->seg_boundary ?: ULONG_MAX);
	return 0;
}

static enum xsw_cause open_cause(int err)
{
	switch (err) {
	case -ENODEV:
		return XSW_CAUSE_NO_DEVICE;
	case -EBUSY:
		return XSW_CAUSE_BUSY;
	case -ENOMEM:
		return XSW_CAUSE_NO_MEMORY;
	case -EIO:
		return XSW_CAUSE_MASK;
	default:
		return XSW_CAUSE_UNSUPPORTED;
	}
}

/**
 * xsw_edu_open() - take a device
 * @op:		valid; the caller may drive real devices
 * @cause:	of a failure
 *
 * Return: the engine, or ERR_PTR.
 */
struct xsw_engine *xsw_edu_open(const struct xsw_engine_open *op, enum xsw_cause *cause)
{
	struct xsw_edu *edu, *found = NULL;
	int err = -ENODEV;

	mutex_lock(&edu_lock);
	list_for_each_entry(edu, &edu_devices, node) {
		if (op->index != XSW_ANY_INDEX && op->index != edu->index)
			continue;
		if (edu->taken) {
			err = -EBUSY;
			continue;
		}
		if (READ_ONCE(edu->engine.dead) || !edu_is_alive(edu))
			continue;
		err = prepare(edu, op);
		if (!err)
			found = edu;
		break;
	}
	if (found) {
		found->taken = true;
		kref_get(&found->kref);
	}
	mutex_unlock(&edu_lock);
	if (found)
		return &found->engine;
	*cause = open_cause(err);
	return ERR_PTR(err);
}

static bool with_peer(struct xsw_edu *edu)
{
	bool with;

	spin_lock_irq(&edu->lock);
	with = edu->current_xfer && edu->current_xfer->peer;
	spin_unlock_irq(&edu->lock);
	return with;
}

/**
 * xsw_edu_peer_gone() - end all transfers with another device's memory
 */
void xsw_edu_peer_gone(void)
{
	struct xsw_xfer *xfer, *next;
	struct xsw_edu *edu;
	LIST_HEAD(failed);

	WRITE_ONCE(edu_no_peer, true);
	mutex_lock(&edu_lock);
	list_for_each_entry(edu, &edu_devices, node) {
		spin_lock_irq(&edu->lock);
		list_for_each_entry_safe(xfer, next, &edu->queue, node) {
			if (!xfer->peer)
				continue;
			edu->pieces -= pieces_of(xfer);
			list_move_tail(&xfer->node, &failed);
		}
		spin_unlock_irq(&edu->lock);
		wait_event(edu->idle, !with_peer(edu));
	}
	mutex_unlock(&edu_lock);
	complete_list(&failed, -ENODEV);
}

/**
 * xsw_edu_count() - devices that are bound to the driver
 *
 * Any context.
 * Return: taken or not.
 */
unsigned int xsw_edu_count(void)
{
	return atomic_read(&edu_count);
}

/* ---- the driver ---- */

/* In the order of their numbers; the smallest that is free is used. */
static void add_device(struct xsw_edu *edu)
{
	struct list_head *pos = &edu_devices;
	struct xsw_edu *other;

	mutex_lock(&edu_lock);
	list_for_each_entry(other, &edu_devices, node) {
		if (other->index != edu->index)
			break;
		edu->index++;
		pos = &other->node;
	}
	list_add(&edu->node, pos);
	atomic_inc(&edu_count);
	mutex_unlock(&edu_lock);
}

static int edu_probe(struct pci_dev *pdev, const struct pci_device_id *id)
{
	struct xsw_edu *edu;
	int err;

	edu = kzalloc(sizeof(*edu), GFP_KERNEL);
	if (!edu)
		return -ENOMEM;
	kref_init(&edu->kref);
	edu->pdev = pci_dev_get(pdev);
	edu->engine.ops = &edu_ops;
	edu->engine.kind = XSW_ENGINE_EDU;
	edu->engine.dev = &pdev->dev;
	edu->engine.max_len = EDU_MAX_LEN;
	edu->engine.dev_size = EDU_MEM_SIZE;
	edu->engine.removable = true;
	spin_lock_init(&edu->engine.lock);
	INIT_LIST_HEAD(&edu->engine.maps);
	spin_lock_init(&edu->lock);
	INIT_LIST_HEAD(&edu->queue);
	init_waitqueue_head(&edu->idle);
	INIT_DELAYED_WORK(&edu->watchdog, watchdog_fn);

	err = pci_enable_device_mem(pdev);
	if (err)
		goto put;
	err = pci_request_region(pdev, 0, KBUILD_MODNAME);
	if (err)
		goto disable;
	edu->regs = pci_iomap(pdev, 0, 0);
	if (!edu->regs) {
		err = -ENOMEM;
		goto release;
	}
	if (!edu_is_alive(edu)) {
		dev_err(&pdev->dev, "is no edu device, or does not answer: id %08x\n",
			readl(edu->regs + EDU_ID));
		err = -ENODEV;
		goto unmap;
	}
	err = dma_set_mask_and_coherent(&pdev->dev, DMA_BIT_MASK(32));
	if (err)
		goto unmap;
	pci_set_master(pdev);
	err = pci_alloc_irq_vectors(pdev, 1, 1, PCI_IRQ_ALL_TYPES);
	if (err < 0)
		goto clear_master;
	edu->irq = pci_irq_vector(pdev, 0);
	err = request_irq(edu->irq, edu_interrupt, IRQF_SHARED, KBUILD_MODNAME, edu);
	if (err)
		goto free_vectors;
	pci_set_drvdata(pdev, edu);
	add_device(edu);
	dev_info(&pdev->dev, "edu %u, %s interrupt\n", edu->index,
		 pdev->msi_enabled ? "MSI" : "INTx");
	return 0;

free_vectors:
	pci_free_irq_vectors(pdev);
clear_master:
	pci_clear_master(pdev);
unmap:
	pci_iounmap(pdev, edu->regs);
release:
	pci_release_region(pdev, 0);
disable:
	pci_disable_device(pdev);
put:
	kref_put(&edu->kref, edu_free);
	return err;
}

static void edu_remove(struct pci_dev *pdev)
{
	struct xsw_edu *edu = pci_get_drvdata(pdev);
	LIST_HEAD(failed);

	/* Nothing new; what it is at ends with its piece, or by the watchdog. */
	spin_lock_irq(&edu->lock);
	edu->gone = true;
	take_queue(edu, &failed);
	spin_unlock_irq(&edu->lock);
	complete_list(&failed, -ENODEV);
	wait_event(edu->idle, !READ_ONCE(edu->current_xfer));
	pci_clear_master(pdev);

	mutex_lock(&edu_lock);
	list_del_init(&edu->node);
	atomic_dec(&edu_count);
	if (edu->taken) {
		/* The session maps nothing more for it; whoever is about to, has done so then. */
		WRITE_ONCE(edu->engine.dead, true);
		synchronize_rcu();
		dev_info(&pdev->dev, "removed while a session has it\n");
		xsw_engine_unmap_all(&edu->engine);
		release_ops(edu);
	}
	mutex_unlock(&edu_lock);

	free_irq(edu->irq, edu);
	cancel_delayed_work_sync(&edu->watchdog);
	pci_free_irq_vectors(pdev);
	pci_iounmap(pdev, edu->regs);
	pci_release_region(pdev, 0);
	pci_disable_device(pdev);
	kref_put(&edu->kref, edu_free);
}

/* Its own memory may not outlive the sleep: whole transfers only. */
static int edu_suspend(struct device *dev)
{
	struct xsw_edu *edu = dev_get_drvdata(dev);

	spin_lock_irq(&edu->lock);
	edu->asleep = true;
	spin_unlock_irq(&edu->lock);
	wait_event(edu->idle, !READ_ONCE(edu->current_xfer));
	/* Whoever gave the device up may not have cut it off yet. */
	cancel_delayed_work_sync(&edu->watchdog);
	return 0;
}

static int edu_resume(struct device *dev)
{
	struct xsw_edu *edu = dev_get_drvdata(dev);
	bool alive = edu_is_alive(edu);
	LIST_HEAD(failed);

	spin_lock_irq(&edu->lock);
	edu->asleep = false;
	if (alive) {
		start_next(edu);
	} else {
		edu->gone = true;
		WRITE_ONCE(edu->engine.dead, true);
		take_queue(edu, &failed);
	}
	spin_unlock_irq(&edu->lock);
	complete_list(&failed, -ENODEV);
	if (alive)
		return 0;
	dev_err(dev, "does not answer after the sleep; it can be used again once it has been unbound and bound\n");
	return -EIO;
}

static DEFINE_SIMPLE_DEV_PM_OPS(edu_pm, edu_suspend, edu_resume);

static const struct pci_device_id edu_ids[] = {
	{ PCI_DEVICE(EDU_VENDOR, EDU_DEVICE) },
	{ }
};
MODULE_DEVICE_TABLE(pci, edu_ids);

static struct pci_driver edu_driver = {
	.name		= KBUILD_MODNAME,
	.id_table	= edu_ids,
	.probe		= edu_probe,
	.remove		= edu_remove,
	.driver.pm	= pm_sleep_ptr(&edu_pm),
};

/**
 * xsw_edu_init() - take the machine's edu devices
 *
 * Return: 0, or -errno. No device at all is no failure.
 */
int xsw_edu_init(void)
{
	return pci_register_driver(&edu_driver);
}

/**
 * xsw_edu_exit() - give them back; none is taken
 */
void xsw_edu_exit(void)
{
	pci_unregister_driver(&edu_driver);
}
