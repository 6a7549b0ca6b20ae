/* SPDX-License-Identifier: GPL-2.0 */
/*
 * /dev/xswiotlb, seen from the module.
 */
#ifndef XSW_CHARDEV_H
#define XSW_CHARDEV_H

int xsw_chardev_init(void);
void xsw_chardev_exit(void);

#endif /* XSW_CHARDEV_H */
