/* SPDX-License-Identifier: GPL-2.0 */
/* The member alloc_pages of dma_map_ops became alloc_pages_op. */
#ifndef XSW_COMPAT_ALLOC_PAGES_OP_H
#define XSW_COMPAT_ALLOC_PAGES_OP_H

#ifdef XSW_HAVE_ALLOC_PAGES_OP
#define XSW_ALLOC_PAGES_OP	alloc_pages_op
#else
#define XSW_ALLOC_PAGES_OP	alloc_pages
#endif

#endif /* XSW_COMPAT_ALLOC_PAGES_OP_H */
