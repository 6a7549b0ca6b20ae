# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=dash
# The ABI as a 32-bit process sees it.
[ -x /bin/abi32 ] || skip "only x86 has a 32-bit program"
check "every operation from 32 bits" abi32
