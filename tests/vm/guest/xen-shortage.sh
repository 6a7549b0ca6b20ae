# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=dash
# Hypercalls that fail: Xen has room for a few mapped grants only, and dom0 for a little memory.
# Each time the operation must fail with its cause, and leave everything as it was.
# vm: arm64-xen x86-xen-pv
# machine: --mask 0xffffffffffffffff --xen-append gnttab_max_maptrack_frames=2
# timeout: 300
active() { grant active || skip "Xen does not say which grants are mapped"; }
before=$(active)
for placement in 4 5 3; do
	check "Xen has no more room for mappings of grants, placement $placement" grant exhaust 256 $placement
	[ "$(active)" = "$before" ] || fail "$(active) grants are mapped after it, $before before"
done

mount -o remount,size=100% /tmp
leave=128
free=$(($(sed -n 's/^MemAvailable: *\([0-9]*\) kB/\1/p' /proc/meminfo) / 1024))
dd if=/dev/zero of=/tmp/fill bs=1M count=$((free - leave)) 2>/dev/null || error "the memory could not be filled"
for placement in 4 5; do
	check "dom0 has $leave MiB left, placement $placement" grant exhaust 256 $placement
done
rm /tmp/fill
[ "$(active)" = "$before" ] || fail "$(active) grants are mapped after it, $before before"
check "foreign memory still works" xswiotlb run --engine=sim --p2m=host --placement=foreign --size=4k --count=100 --expect=foreign
