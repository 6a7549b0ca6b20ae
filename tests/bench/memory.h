/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Included before every source of the core that is measured: copies as the kernel's, which are
 * what the figures are compared with, or none, to see the allocator alone.
 */
#ifndef XSW_BENCH_MEMORY_H
#define XSW_BENCH_MEMORY_H

#include <string.h>

static inline void *xsw_bench_copy(void *to, const void *from, size_t n)
{
#ifdef __x86_64__
	void *at = to;

	__asm__ volatile("rep movsb" : "+D"(at), "+S"(from), "+c"(n) : : "memory");
	return to;
#else
	return __builtin_memcpy(to, from, n);
#endif
}

static inline void *xsw_bench_fill(void *to, int c, size_t n)
{
#ifdef __x86_64__
	void *at = to;

	__asm__ volatile("rep stosb" : "+D"(at), "+c"(n) : "a"(c) : "memory");
	return to;
#else
	return __builtin_memset(to, c, n);
#endif
}

#ifdef XSW_BENCH_CORE
#ifdef XSW_BENCH_NO_COPY
static inline void *xsw_bench_nothing(void *to)
{
	return to;
}
#define memcpy(to, from, n)	((void)(from), xsw_bench_nothing(to))
#define memset(to, c, n)	xsw_bench_nothing(to)
#else
#define memcpy(to, from, n)	xsw_bench_copy(to, from, n)
#define memset(to, c, n)	xsw_bench_fill(to, c, n)
#endif
#endif

#endif /* XSW_BENCH_MEMORY_H */
