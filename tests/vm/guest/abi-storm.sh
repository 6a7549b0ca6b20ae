# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=dash
# An edu device whose interrupt does not stop: its jobs end all the same, and nobody disables it.
# vm: arm64 x86
# machine: --edu 1 --append iomem=relaxed
[ -x /bin/abi ] || skip "the programs of tests/abi are not built"
check "a storm of interrupts" abi --storm
! dmesg | grep 'nobody cared\|Disabling IRQ' || fail "the kernel has given up the interrupt"
