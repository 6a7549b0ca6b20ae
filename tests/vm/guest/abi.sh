# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=dash
# Every bad input on /dev/xswiotlb, by ioctl and by io_uring; tests/abi/ has the programs.
# params: max_mappings=4096 max_buffers=256 max_kernel_mib=32
# timeout: 400
[ -x /bin/abi ] || skip "the programs of tests/abi are not built"
ktap "every operation, member by member" abi "${ABI_TESTS:-}"
