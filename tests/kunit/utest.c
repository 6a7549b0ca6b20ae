// SPDX-License-Identifier: GPL-2.0
/*
 * KUnit's part for kernels that have none.
 */
#include "utest.h"

#if !IS_ENABLED(CONFIG_KUNIT)

#include <linux/completion.h>
#include <linux/err.h>
#include <linux/kthread.h>
#include <linux/printk.h>
#include <linux/sched.h>

struct utest_memory {
	struct list_head	node;
	u8			bytes[] __aligned(ARCH_KMALLOC_MINALIGN);
};

struct utest_run {
	struct kunit_case	*kase;
	struct kunit		test;
	struct completion	done;
};

/**
 * utest_fail() - a case's expectation is not met
 * @test:	the case
 * @file:	of the expectation
 * @line:	of the expectation
 * @abort:	end the case here
 * @fmt:	what was expected, and what there is
 */
void utest_fail(struct kunit *test, const char *file, int line, bool abort, const char *fmt, ...)
{
	struct utest_run *run = container_of(test, struct utest_run, test);
	struct va_format vaf;
	va_list args;

	va_start(args, fmt);
	vaf.fmt = fmt;
	vaf.va = &args;
	pr_err("    # %s: %s:%d: %pV\n", run->kase->name, kbasename(file), line, &vaf);
	va_end(args);
	test->status = UTEST_FAILED;
	if (abort)
		kthread_complete_and_exit(&run->done, 0);
}

/**
 * utest_alloc() - zeroed memory that lives as long as the case
 * @test:	the case
 * @n:		objects
 * @size:	bytes of each
 * @gfp:	GFP_KERNEL
 *
 * Return: NULL, or the memory.
 */
void *utest_alloc(struct kunit *test, size_t n, size_t size, gfp_t gfp)
{
	struct utest_memory *m = kzalloc(sizeof(*m) + n * size, gfp);

	if (!m)
		return NULL;
	list_add(&m->node, &test->memory);
	return m->bytes;
}

static int utest_thread(void *data)
{
	struct utest_run *run = data;

	run->kase->run_case(&run->test);
	kthread_complete_and_exit(&run->done, 0);
}

/* In a thread of its own, which a failed assertion can end. */
static void utest_once(struct kunit_suite *suite, struct kunit_case *kase, const void *param,
		       struct kunit *result)
{
	struct utest_run run = { .kase = kase, .test.param_value = param };
	struct utest_memory *m, *next;
	struct task_struct *task;
	int err;

	init_completion(&run.done);
	INIT_LIST_HEAD(&run.test.memory);
	err = suite->init ? suite->init(&run.test) : 0;
	if (err) {
		pr_err("    # %s: init failed (%d)\n", kase->name, err);
		run.test.status = UTEST_FAILED;
	} else {
		task = kthread_run(utest_thread, &run, "utest");
		if (IS_ERR(task))
			run.test.status = UTEST_FAILED;
		else
			wait_for_completion(&run.done);
		if (suite->exit)
			suite->exit(&run.test);
	}
	list_for_each_entry_safe(m, next, &run.test.memory, node)
		kfree(m);
	*result = run.test;
}

static void utest_report(const char *indent, unsigned int nr, const char *name,
			 const struct kunit *test)
{
	pr_info("%s%s %u %s%s%s\n", indent, test->status == UTEST_FAILED ? "not ok" : "ok", nr,
		name, test->status == UTEST_SKIPPED ? " # SKIP " : "", test->why);
}

static void utest_case(struct kunit_suite *suite, struct kunit_case *kase, struct kunit *result)
{
	char desc[KUNIT_PARAM_DESC_SIZE];
	const void *param = NULL;
	struct kunit one;
	unsigned int nr = 0;

	if (!kase->generate_params) {
		utest_once(suite, kase, NULL, result);
		return;
	}

	*result = (struct kunit){ };
	pr_info("        KTAP version 1\n");
	pr_info("        # Subtest: %s\n", kase->name);
	while ((param = kase->generate_params(param, desc))) {
		utest_once(suite, kase, param, &one);
		utest_report("        ", ++nr, desc, &one);
		if (one.status == UTEST_FAILED)
			result->status = UTEST_FAILED;
	}
}

static bool utest_suite(struct kunit_suite *suite)
{
	struct kunit_case *kase;
	struct kunit result;
	unsigned int nr = 0;
	bool failed = false;

	for (kase = suite->test_cases; kase->run_case; kase++)
		nr++;
	pr_info("    KTAP version 1\n");
	pr_info("    # Subtest: %s\n", suite->name);
	pr_info("    1..%u\n", nr);
	if (suite->suite_init && suite->suite_init(suite))
		return true;
	nr = 0;
	for (kase = suite->test_cases; kase->run_case; kase++) {
		utest_case(suite, kase, &result);
		utest_report("    ", ++nr, kase->name, &result);
		failed |= result.status == UTEST_FAILED;
	}
	if (suite->suite_exit)
		suite->suite_exit(suite);
	return failed;
}

/**
 * utest_run() - run suites, with KTAP in the kernel's log
 * @suites:	what to run
 * @nr:		of @suites
 *
 * Return: 0, whatever came of them.
 */
int utest_run(struct kunit_suite *const *suites, unsigned int nr)
{
	unsigned int i;

	pr_info("KTAP version 1\n");
	pr_info("1..%u\n", nr);
	for (i = 0; i < nr; i++)
		pr_info("%s %u %s\n", utest_suite(suites[i]) ? "not ok" : "ok", i + 1,
			suites[i]->name);
	return 0;
}

#endif /* CONFIG_KUNIT */
