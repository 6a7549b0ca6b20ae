// SPDX-License-Identifier: GPL-2.0
/*
 * The ops under real drivers: put on a PCI device before its driver's probe() runs,
 * taken off after the driver is gone.
 */
#include <linux/device.h>
#include <linux/module.h>
#include <linux/pci.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/workqueue.h>

#include "internal.h"

#define XSW_MAX_BIND	16

/**
 * struct xsw_bind - a device of the list
 * @domain:	of its address
 * @bus:	of its address
 * @devfn:	of its address
 * @xdev:	while it carries our ops; under its device lock
 * @dev:	holds a reference while @settle is pending
 * @settle:	takes the ops off after a probe() that failed
 */
struct xsw_bind {
	unsigned int		domain;
	unsigned int		bus;
	unsigned int		devfn;
	struct xsw_device	*xdev;
	struct device		*dev;
	struct work_struct	settle;
};

static struct xsw_bind xsw_binds[XSW_MAX_BIND];
static unsigned int xsw_nr_binds;
static struct xsw_attach_opts xsw_bind_opts;

static struct xsw_bind *xsw_bind_find(const struct pci_dev *pdev)
{
	unsigned int i;

	for (i = 0; i < xsw_nr_binds; i++)
		if (xsw_binds[i].domain == pci_domain_nr(pdev->bus) &&
		    xsw_binds[i].bus == pdev->bus->number && xsw_binds[i].devfn == pdev->devfn)
			return &xsw_binds[i];
	return NULL;
}

static void xsw_bind_detach(struct xsw_bind *b)
{
	if (!b->xdev)
		return;
	dev_info(b->xdev->dev, "our ops are off it\n");
	xsw_detach(b->xdev);
	b->xdev = NULL;
}

static void xsw_bind_attach(struct xsw_bind *b, struct device *dev)
{
	struct xsw_device *xdev;

	/*
	 * Left from a probe() that failed, of this driver or of another: since then the bus may
	 * have set the device up anew, without them.
	 */
	xsw_bind_detach(b);
	if (dev->driver->owner == THIS_MODULE) {
		dev_info(dev, "its driver is an engine of this module: attach= does not apply\n");
		return;
	}

	xdev = xsw_attach(dev, xsw_host_env(), &xsw_bind_opts);
	if (IS_ERR(xdev)) {
		dev_err(dev, "can't put our ops on it (%pe): %s; driver %s gets the kernel's\n",
			xdev, PTR_ERR(xdev) == -EOPNOTSUPP ?
			"an IOMMU or other ops serve it" : "it can't be attached now",
			dev->driver->name);
		return;
	}
	b->xdev = xdev;
	dev_info(dev, "our ops are on it, for driver %s\n", dev->driver->name);
}

static void xsw_bind_settle(struct work_struct *work)
{
	struct xsw_bind *b = container_of(work, struct xsw_bind, settle);
	struct device *dev = b->dev;

	device_lock(dev);
	/* Another may be in its place by now. */
	if (!dev->driver && b->xdev && b->xdev->dev == dev)
		xsw_bind_detach(b);
	b->dev = NULL;
	device_unlock(dev);
	put_device(dev);
}

/* All events come with the device lock held. */
static int xsw_bind_notify(struct notifier_block *nb, unsigned long event, void *data)
{
	struct device *dev = data;
	struct xsw_bind *b = xsw_bind_find(to_pci_dev(dev));

	if (!b)
		return NOTIFY_DONE;

	switch (event) {
	case BUS_NOTIFY_BIND_DRIVER:
		xsw_bind_attach(b, dev);
		break;
	case BUS_NOTIFY_UNBOUND_DRIVER:
		xsw_bind_detach(b);
		break;
	case BUS_NOTIFY_DRIVER_NOT_BOUND:
		/* What devres keeps for the driver is freed through the ops after this. */
		if (b->xdev && !b->dev) {
			b->dev = get_device(dev);
			schedule_work(&b->settle);
		}
		break;
	}
	return NOTIFY_OK;
}

static struct notifier_block xsw_bind_nb = {
	.notifier_call = xsw_bind_notify,
};

/* domain:bus:slot.function, or without the domain */
static bool __init xsw_bind_scan(const char *word, unsigned int *domain, unsigned int *bus,
				 unsigned int *slot, unsigned int *fn)
{
	int used = 0;

	if (sscanf(word, "%x:%x:%x.%u%n", domain, bus, slot, fn, &used) == 4 && !word[used])
		return true;
	*domain = 0;
	return sscanf(word, "%x:%x.%u%n", bus, slot, fn, &used) == 3 && !word[used];
}

static int __init xsw_bind_parse_one(const char *word)
{
	unsigned int domain, bus, slot, fn;
	struct xsw_bind *b;

	if (!xsw_bind_scan(word, &domain, &bus, &slot, &fn)) {
		pr_err("attach=%s: not a PCI address; it looks like 0000:00:04.0\n", word);
		return -EINVAL;
	}
	if (domain > 0xffff || bus > 0xff || slot > 0x1f || fn > 7) {
		pr_err("attach=%s: no such PCI address\n", word);
		return -EINVAL;
	}
	if (xsw_nr_binds == XSW_MAX_BIND) {
		pr_err("attach=: more than %u devices\n", XSW_MAX_BIND);
		return -EINVAL;
	}
	b = &xsw_binds[xsw_nr_binds];
	b->domain = domain;
	b->bus = bus;
	b->devfn = PCI_DEVFN(slot, fn);
	INIT_WORK(&b->settle, xsw_bind_settle);
	xsw_nr_binds++;
	return 0;
}

/* A device that has its driver already keeps the ops it has. */
static void __init xsw_bind_tell(const struct xsw_bind *b)
{
	struct pci_dev *pdev = pci_get_domain_bus_and_slot(b->domain, b->bus, b->devfn);

	if (pdev && pdev->dev.driver && pdev->dev.driver->owner != THIS_MODULE)
		pci_info(pdev, "is bound to %s already: unbind and bind it to put our ops on\n",
			 pdev->dev.driver->name);
	pci_dev_put(pdev);
}

int __init xsw_bind_parse(const char *list)
{
	char *copy, *rest, *word;
	int err = 0;

	if (!list || !*list)
		return 0;
	copy = kstrdup(list, GFP_KERNEL);
	if (!copy)
		return -ENOMEM;
	rest = copy;
	while (!err && (word = strsep(&rest, ",")))
		err = xsw_bind_parse_one(word);
	kfree(copy);
	return err;
}

int __init xsw_bind_init(const struct xsw_attach_opts *opts)
{
	unsigned int i;
	int err;

	if (!xsw_nr_binds)
		return 0;
	xsw_bind_opts = *opts;
	err = bus_register_notifier(&pci_bus_type, &xsw_bind_nb);
	if (err)
		return err;
	for (i = 0; i < xsw_nr_binds; i++)
		xsw_bind_tell(&xsw_binds[i]);
	return 0;
}

void xsw_bind_exit(void)
{
	unsigned int i;

	if (!xsw_nr_binds)
		return;
	bus_unregister_notifier(&pci_bus_type, &xsw_bind_nb);
	/* The last of them has let go of the module, but may not have returned. */
	for (i = 0; i < xsw_nr_binds; i++)
		flush_work(&xsw_binds[i].settle);
}
