# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=dash
# Every allocation and every access to user memory fails once: loading, binding, each operation.
# Without acpi=noirq, to bind a device on x86 is to run a method that, out of memory once, leaves the kernel's
# interpreter with a table that it has freed (KASAN).
# machine: --edu 1 --append acpi=noirq
# module: none
# timeout: 3000
faults=/sys/kernel/debug
[ -e /proc/self/fail-nth ] || skip "the kernel injects no faults; KERNEL=debug does"

# By default those that may sleep are spared, and each failure prints a stack.
for f in failslab fail_page_alloc fail_usercopy; do
	[ -d $faults/$f ] || continue
	echo 0 >$faults/$f/verbose
	[ ! -e $faults/$f/ignore-gfp-wait ] || echo N >$faults/$f/ignore-gfp-wait
	[ ! -e $faults/$f/ignore-gfp-highmem ] || echo N >$faults/$f/ignore-gfp-highmem
	[ ! -e $faults/$f/min-order ] || echo 0 >$faults/$f/min-order
done

# The kernel warns when an allocation for a module's tracepoints fails, and does not get over it: what it tells
# others of a module that comes is left out.
range=$(awk 'found { print from, "0x" $1; exit } $3 == "blocking_notifier_call_chain_robust" { from = "0x" $1; found = 1 }' /proc/kallsyms)
[ -n "$range" ] || error "no blocking_notifier_call_chain_robust in /proc/kallsyms"
for f in failslab fail_page_alloc; do
	echo "${range% *}" >$faults/$f/reject-start
	echo "${range#* }" >$faults/$f/reject-end
done

echo "xsw-case: allocations are made to fail" >/dev/kmsg
check "every failure while loading is clean" fault load /lib/xswiotlb.ko pool_mb=1
load pool_mb=8 || fail "the module does not load after that"
fault sweep || fail "an operation does not survive a failure"
[ "$(pool used_slots)" = 0 ] || fail "the pool is not empty"

edu=$(for d in /sys/bus/pci/drivers/xswiotlb/0*; do [ ! -e "$d" ] || echo "${d##*/}"; done | head -n 1)
[ -n "$edu" ] || error "this guest has no edu device"
check "$edu is unbound" sh -c "echo $edu >/sys/bus/pci/drivers/xswiotlb/unbind"
check "every failure while binding is clean" fault bind xswiotlb "$edu"
check "$edu is bound again" sh -c "echo $edu >/sys/bus/pci/drivers/xswiotlb/bind"
