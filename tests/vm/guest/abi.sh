# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=dash
# Every bad input on /dev/xswiotlb, by ioctl and by io_uring; tests/abi/ has the programs.
# timeout: 400
[ -x /bin/abi ] || skip "the programs of tests/abi are not built"
check "every operation, member by member" abi "${ABI_TESTS:-}"
