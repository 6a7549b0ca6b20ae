/* SPDX-License-Identifier: GPL-2.0 */
/* cpuid() has moved to a header of its own. */
#ifndef XSW_COMPAT_CPUID_H
#define XSW_COMPAT_CPUID_H

#ifdef XSW_HAVE_CPUID_API_H
#include <asm/cpuid/api.h>
#else
#include <asm/processor.h>
#endif

#endif /* XSW_COMPAT_CPUID_H */
