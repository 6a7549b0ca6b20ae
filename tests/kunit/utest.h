/* SPDX-License-Identifier: GPL-2.0 */
/*
 * KUnit; or, on kernels without it, as much of KUnit as these suites use: the same names, the same
 * KTAP in the kernel's log, run when the module is loaded.
 */
#ifndef XSW_UTEST_H
#define XSW_UTEST_H

#include <linux/kconfig.h>

#if IS_ENABLED(CONFIG_KUNIT)

#include <kunit/test.h>

#else

#include <linux/list.h>
#include <linux/module.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/types.h>

/* KTAP starts its lines itself. */
#undef pr_fmt
#define pr_fmt(fmt) fmt

#define KUNIT_PARAM_DESC_SIZE	128

enum utest_status {
	UTEST_OK,
	UTEST_FAILED,
	UTEST_SKIPPED,
};

/**
 * struct kunit - a case that runs
 * @priv:		the suite's
 * @param_value:	parameter of this run
 * @status:		so far
 * @why:		it was skipped
 * @memory:		to be freed at its end
 */
struct kunit {
	void			*priv;
	const void		*param_value;
	enum utest_status	status;
	char			why[64];
	struct list_head	memory;
};

struct kunit_case {
	void		(*run_case)(struct kunit *test);
	const char	*name;
	const void	*(*generate_params)(const void *prev, char *desc);
};

struct kunit_suite {
	const char		*name;
	int			(*suite_init)(struct kunit_suite *suite);
	void			(*suite_exit)(struct kunit_suite *suite);
	int			(*init)(struct kunit *test);
	void			(*exit)(struct kunit *test);
	struct kunit_case	*test_cases;
};

#define KUNIT_CASE(fn)			{ .run_case = fn, .name = #fn }
#define KUNIT_CASE_PARAM(fn, gen)	{ .run_case = fn, .name = #fn, .generate_params = gen }

#define KUNIT_ARRAY_PARAM(name, array, get_desc)					\
	static const void *name##_gen_params(const void *prev, char *desc)		\
	{										\
		typeof((array)[0]) *next = prev ? (typeof(next))prev + 1 : (array);	\
		if (next - (array) >= ARRAY_SIZE(array))				\
			return NULL;							\
		get_desc(next, desc);							\
		return next;								\
	}

__printf(5, 6)
void utest_fail(struct kunit *test, const char *file, int line, bool abort, const char *fmt, ...);
void *utest_alloc(struct kunit *test, size_t n, size_t size, gfp_t gfp);
int utest_run(struct kunit_suite *const *suites, unsigned int nr);

#define utest_binary(test, abort, a, op, b, fmt, ...) do {				\
	typeof(a) a_ = (a);								\
	typeof(b) b_ = (b);								\
	if (!(a_ op b_))								\
		utest_fail(test, __FILE__, __LINE__, abort,				\
			   "expected " #a " " #op " " #b ", but they are %lld and %lld " fmt,	\
			   (long long)a_, (long long)b_, ##__VA_ARGS__);		\
} while (0)

#define utest_true(test, abort, cond, fmt, ...) do {					\
	if (!(cond))									\
		utest_fail(test, __FILE__, __LINE__, abort, "expected " #cond " " fmt,	\
			   ##__VA_ARGS__);						\
} while (0)

#define KUNIT_EXPECT_TRUE(t, c)			utest_true(t, false, c, "")
#define KUNIT_EXPECT_TRUE_MSG(t, c, ...)	utest_true(t, false, c, __VA_ARGS__)
#define KUNIT_EXPECT_FALSE(t, c)		utest_true(t, false, !(c), "")
#define KUNIT_EXPECT_EQ(t, a, b)		utest_binary(t, false, a, ==, b, "")
#define KUNIT_EXPECT_EQ_MSG(t, a, b, ...)	utest_binary(t, false, a, ==, b, __VA_ARGS__)
#define KUNIT_EXPECT_NE(t, a, b)		utest_binary(t, false, a, !=, b, "")
#define KUNIT_EXPECT_LE(t, a, b)		utest_binary(t, false, a, <=, b, "")
#define KUNIT_EXPECT_GE(t, a, b)		utest_binary(t, false, a, >=, b, "")
#define KUNIT_EXPECT_GT(t, a, b)		utest_binary(t, false, a, >, b, "")
#define KUNIT_EXPECT_PTR_EQ(t, a, b)		utest_true(t, false, (a) == (b), "")
#define KUNIT_EXPECT_NOT_NULL(t, p)		utest_true(t, false, p, "")
#define KUNIT_ASSERT_TRUE(t, c)			utest_true(t, true, c, "")
#define KUNIT_ASSERT_EQ(t, a, b)		utest_binary(t, true, a, ==, b, "")
#define KUNIT_ASSERT_EQ_MSG(t, a, b, ...)	utest_binary(t, true, a, ==, b, __VA_ARGS__)
#define KUNIT_ASSERT_NOT_NULL(t, p)		utest_true(t, true, p, "")
#define KUNIT_ASSERT_NOT_ERR_OR_NULL(t, p)					\
	utest_true(t, true, !IS_ERR_OR_NULL(p), "(%ld)", PTR_ERR(p))

#define kunit_kcalloc(test, n, size, gfp)	utest_alloc(test, n, size, gfp)
#define kunit_kzalloc(test, size, gfp)		utest_alloc(test, 1, size, gfp)

#define kunit_mark_skipped(test, fmt, ...) do {						\
	(test)->status = UTEST_SKIPPED;							\
	snprintf((test)->why, sizeof((test)->why), fmt, ##__VA_ARGS__);			\
} while (0)
#define kunit_info(test, fmt, ...)	pr_info("    # " fmt, ##__VA_ARGS__)

#define kunit_test_suites(...)								\
	static struct kunit_suite *const utest_suites[] = { __VA_ARGS__ };		\
	static int __init utest_init(void)						\
	{										\
		return utest_run(utest_suites, ARRAY_SIZE(utest_suites));		\
	}										\
	module_init(utest_init);							\
	static void __exit utest_exit(void)						\
	{										\
	}										\
	module_exit(utest_exit)

#endif /* CONFIG_KUNIT */

#endif /* XSW_UTEST_H */
