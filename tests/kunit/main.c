// SPDX-License-Identifier: GPL-2.0
/*
 * xswiotlb_kunit.ko: the module's own objects, under test.
 */
#include <linux/module.h>

#include "suites.h"
#include "utest.h"

kunit_test_suites(&xsw_core_place_suite, &xsw_core_suite, &xsw_sim_suite, &xsw_host_suite,
		  &xsw_ops_suite, &xsw_abi_suite);

MODULE_DESCRIPTION("Tests of xswiotlb in the kernel");
MODULE_LICENSE("GPL");
