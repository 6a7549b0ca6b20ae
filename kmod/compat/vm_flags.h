/* SPDX-License-Identifier: GPL-2.0 */
/*
 * vm_flags are set by functions, where there are any.
 */
#ifndef XSW_COMPAT_VM_FLAGS_H
#define XSW_COMPAT_VM_FLAGS_H

#include <linux/mm.h>

#ifndef XSW_HAVE_VM_FLAGS_SET
static inline void vm_flags_set(struct vm_area_struct *vma, vm_flags_t flags)
{
	vma->vm_flags |= flags;
}

static inline void vm_flags_clear(struct vm_area_struct *vma, vm_flags_t flags)
{
	vma->vm_flags &= ~flags;
}
#endif

#endif /* XSW_COMPAT_VM_FLAGS_H */
