// SPDX-License-Identifier: GPL-2.0
/*
 * Simulated environments: p2m and m2p, and what renumbers frames.
 */
#include <linux/err.h>
#include <linux/gfp.h>
#include <linux/log2.h>
#include <linux/mm.h>
#include <linux/sizes.h>

#include "env.h"
#include "layouts.h"
#include "suites.h"
#include "utest.h"

#define PAGES	16U
#define ORDER	order_base_2(PAGES)
#define BYTES	(PAGES * PAGE_SIZE)

struct sim_test {
	struct xsw_kenv	*kenv;
	struct page	*pages;
	phys_addr_t	phys;
};

static int sim_init(struct kunit *test)
{
	struct sim_test *s = kunit_kzalloc(test, sizeof(*s), GFP_KERNEL);

	if (!s)
		return -ENOMEM;
	s->pages = alloc_pages(GFP_KERNEL, ORDER);
	if (!s->pages)
		return -ENOMEM;
	s->phys = page_to_phys(s->pages);
	test->priv = s;
	return 0;
}

static void sim_exit(struct kunit *test)
{
	struct sim_test *s = test->priv;

	if (!s)
		return;
	if (s->kenv)
		KUNIT_EXPECT_EQ(test, xsw_sim_destroy(s->kenv), 0ULL);
	__free_pages(s->pages, ORDER);
}

static struct sim_test *sim_start(struct kunit *test, const struct xsw_sim_layout *layout)
{
	struct sim_test *s = test->priv;
	struct xsw_kenv *kenv = xsw_sim_create(layout);

	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, kenv);
	s->kenv = kenv;
	return s;
}

static u64 sim_machine(const struct sim_test *s, unsigned int page, bool *foreign)
{
	return s->kenv->env.ops->phys_to_machine(&s->kenv->env,
						 s->phys + page * PAGE_SIZE + 123, foreign);
}

/* What is there by the true m2p is what was asked for. */
static void sim_check_inverse(struct kunit *test, unsigned int page, u64 machine)
{
	const struct sim_test *s = test->priv;
	phys_addr_t phys = 0;

	KUNIT_EXPECT_TRUE(test, xsw_env_m2p(s->kenv, machine, &phys));
	KUNIT_EXPECT_EQ(test, (u64)phys, (u64)s->phys + page * PAGE_SIZE + 123);
}

static void sim_translate(struct kunit *test)
{
	const struct layout_case *lc = test->param_value;
	struct sim_test *s = sim_start(test, &lc->layout);
	u64 machine, last = 0;
	phys_addr_t phys;
	unsigned int i;
	bool foreign;

	for (i = 0; i < PAGES; i++, last = machine) {
		machine = sim_machine(s, i, &foreign);
		KUNIT_ASSERT_TRUE(test, machine != XSW_MACHINE_NONE);
		KUNIT_EXPECT_FALSE(test, foreign);
		sim_check_inverse(test, i, machine);
		/* The ops see an m2p only where there is one. */
		KUNIT_EXPECT_EQ(test, s->kenv->env.ops->machine_to_phys(&s->kenv->env, machine,
									&phys),
				!lc->layout.no_m2p);
		if (i)
			KUNIT_EXPECT_EQ(test, machine == last + PAGE_SIZE, lc->neighbours);
	}
	if (lc->neighbours)
		KUNIT_EXPECT_EQ(test, sim_machine(s, 0, &foreign),
				s->phys + 123 + PFN_PHYS(lc->layout.offset));
}

static void sim_straddle(struct kunit *test)
{
	const struct layout_case *lc = test->param_value;
	struct sim_test *s = sim_start(test, &lc->layout);
	u64 machine, last = 0;
	unsigned int i;
	bool foreign;

	KUNIT_ASSERT_EQ(test, xsw_sim_place(s->kenv, s->phys, BYTES, XSW_PLACE_STRADDLE), 0);
	for (i = 0; i < PAGES; i++, last = machine) {
		machine = sim_machine(s, i, &foreign);
		KUNIT_EXPECT_FALSE(test, foreign);
		KUNIT_EXPECT_TRUE(test, machine != last + PAGE_SIZE);
		sim_check_inverse(test, i, machine);
	}
	xsw_sim_unplace(s->kenv, s->phys, BYTES);
}

static void sim_foreign(struct kunit *test)
{
	const struct layout_case *lc = test->param_value;
	struct sim_test *s = sim_start(test, &lc->layout);
	u64 machine, before[PAGES], first = 0;
	phys_addr_t phys;
	unsigned int i;
	bool foreign;

	for (i = 0; i < PAGES; i++)
		before[i] = sim_machine(s, i, &foreign);

	KUNIT_ASSERT_EQ(test, xsw_sim_place(s->kenv, s->phys, BYTES, XSW_PLACE_FOREIGN), 0);
	for (i = 0; i < PAGES; i++) {
		machine = sim_machine(s, i, &foreign);
		first = i ? first : machine;
		KUNIT_EXPECT_TRUE(test, foreign);
		KUNIT_EXPECT_EQ(test, machine, first + i * PAGE_SIZE);
		sim_check_inverse(test, i, machine);
		/* Never local, and its old frame is nobody's. */
		KUNIT_EXPECT_FALSE(test, s->kenv->env.ops->machine_to_phys(&s->kenv->env, machine,
									   &phys));
		KUNIT_EXPECT_FALSE(test, xsw_env_m2p(s->kenv, before[i], &phys));
	}

	/* No page twice, and none that was not placed. */
	KUNIT_EXPECT_EQ(test, xsw_sim_place(s->kenv, s->phys, PAGE_SIZE, XSW_PLACE_STRADDLE),
			-EINVAL);
	KUNIT_EXPECT_EQ(test, xsw_sim_place(s->kenv, s->phys + 1, PAGE_SIZE, XSW_PLACE_FOREIGN),
			-EINVAL);
	KUNIT_EXPECT_EQ(test, xsw_sim_place(s->kenv, s->phys, 0, XSW_PLACE_FOREIGN), -EINVAL);

	xsw_sim_unplace(s->kenv, s->phys, BYTES);
	for (i = 0; i < PAGES; i++) {
		KUNIT_EXPECT_EQ(test, sim_machine(s, i, &foreign), before[i]);
		KUNIT_EXPECT_FALSE(test, foreign);
		sim_check_inverse(test, i, before[i]);
	}
}

/* The table is bounded, and every entry goes again. */
static void sim_many_ranges(struct kunit *test)
{
	const struct xsw_sim_layout layout = {
		.p2m		= XSW_P2M_IDENTITY,
		.pool_bytes	= SZ_1M,
		.pool_limit	= ~0ULL,
	};
	struct sim_test *s = sim_start(test, &layout);
	phys_addr_t phys = s->phys;
	unsigned int nr = 0, i;
	int err;

	/* Every page of memory has a frame, whoever uses it. */
	while (!(err = xsw_sim_place(s->kenv, phys + nr * PAGE_SIZE, PAGE_SIZE,
				     XSW_PLACE_FOREIGN)))
		nr++;
	KUNIT_EXPECT_EQ(test, err, -ENOSPC);
	KUNIT_EXPECT_GE(test, nr, 500U);
	for (i = 0; i < nr; i++)
		xsw_sim_unplace(s->kenv, phys + i * PAGE_SIZE, PAGE_SIZE);
	KUNIT_EXPECT_EQ(test, xsw_sim_place(s->kenv, phys, PAGE_SIZE, XSW_PLACE_FOREIGN), 0);
	xsw_sim_unplace(s->kenv, phys, PAGE_SIZE);
}

static struct kunit_case sim_tests[] = {
	KUNIT_CASE_PARAM(sim_translate, layout_gen_params),
	KUNIT_CASE_PARAM(sim_straddle, layout_gen_params),
	KUNIT_CASE_PARAM(sim_foreign, layout_gen_params),
	KUNIT_CASE(sim_many_ranges),
	{ }
};

struct kunit_suite xsw_sim_suite = {
	.name = "xsw_sim",
	.init = sim_init,
	.exit = sim_exit,
	.test_cases = sim_tests,
};
