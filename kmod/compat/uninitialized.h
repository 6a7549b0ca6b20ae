/* SPDX-License-Identifier: GPL-2.0 */
/* Kernels that clear every variable on the stack can be told of one that is filled anyway. */
#ifndef XSW_COMPAT_UNINITIALIZED_H
#define XSW_COMPAT_UNINITIALIZED_H

#include <linux/compiler.h>

#ifndef __uninitialized
#if __has_attribute(__uninitialized__)
#define __uninitialized	__attribute__((__uninitialized__))
#else
#define __uninitialized
#endif
#endif

#endif /* XSW_COMPAT_UNINITIALIZED_H */
