# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=dash
# An edu device whose interrupt does not stop: its jobs end all the same, and nobody disables it.
# vm: arm64 x86
# machine: --edu 1 --append iomem=relaxed
[ -x /bin/abi ] || skip "the programs of tests/abi are not built"
# How many in a row nobody called his own, by the kernel's count.
disowned() { sed -n 's/^unhandled //p' /proc/irq/*/xswiotlb/../spurious; }
[ "$(disowned)" = 0 ] || error "not one interrupt, or disowned before there was any: '$(disowned)'"
check "one interrupt after the other" xswiotlb run --engine=edu --count=2
[ "$(disowned)" = 0 ] || fail "the driver has said of an interrupt of its device that it is none"
# Here some come twice: the kernel gives up where it is nearly all of them.
ktap "a storm of interrupts" abi --storm
! dmesg | grep 'nobody cared\|Disabling IRQ' || fail "the kernel has given up the interrupt"
