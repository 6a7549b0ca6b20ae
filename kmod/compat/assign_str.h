/* SPDX-License-Identifier: GPL-2.0 */
/* __assign_str() lost its second argument. */
#ifndef XSW_COMPAT_ASSIGN_STR_H
#define XSW_COMPAT_ASSIGN_STR_H

#ifdef XSW_HAVE_ASSIGN_STR_1
#define xsw_assign_str(dst, ...)	__assign_str(dst)
#else
#define xsw_assign_str(dst, ...)	__assign_str(dst, __VA_ARGS__)
#endif

#endif /* XSW_COMPAT_ASSIGN_STR_H */
