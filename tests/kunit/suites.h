/* SPDX-License-Identifier: GPL-2.0 */
#ifndef XSW_KUNIT_SUITES_H
#define XSW_KUNIT_SUITES_H

struct kunit_suite;

extern struct kunit_suite xsw_core_place_suite;
extern struct kunit_suite xsw_core_suite;
extern struct kunit_suite xsw_sim_suite;
extern struct kunit_suite xsw_host_suite;
extern struct kunit_suite xsw_ops_suite;
extern struct kunit_suite xsw_abi_suite;

#endif /* XSW_KUNIT_SUITES_H */
