# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=dash
# The module by itself: every parameter's range, loading and unloading, and what is left.
# module: none
# timeout: 1500

# A refused parameter is named in the kernel's log, and nothing stays behind.
refused() { # refused PARAMETER=VALUE...
	dmesg -c >/dev/null
	if load "$@" 2>/dev/null; then
		fail "the module loads with $*"
	fi
	dmesg | grep -q "xswiotlb: ${1%%=*}=.*must be\|xswiotlb: ${1%%=*}" ||
		fail "nothing in the kernel's log says why $* is refused: $(dmesg | tail -n 2)"
	loaded && fail "the module stays after refusing $*"
	[ ! -e /dev/xswiotlb ] || fail "/dev/xswiotlb stays after refusing $*"
	say "ok: refused with a reason: $*"
}

dmesg >/report/dmesg-boot.txt
refused pool_mb=4097
refused pool_bits=23
refused pool_bits=65
refused areas=1025
refused force_bounce=1 pool_mb=0
refused attach=nonsense

accepted() { # accepted PARAMETER=VALUE...
	dmesg -c >/dev/null
	check "loads with $*" load "$@"
	dmesg | grep -q 'xswiotlb: version' || fail "the effective values are not logged with $*"
	[ -c /dev/xswiotlb ] || fail "no /dev/xswiotlb with $*"
	check "unloads with $*" unload
	[ ! -e /dev/xswiotlb ] || fail "/dev/xswiotlb stays after unloading"
	[ ! -d /sys/kernel/debug/xswiotlb ] || fail "debugfs' folder stays after unloading"
}
accepted pool_mb=0
accepted pool_mb=1
accepted pool_mb=256 areas=1
accepted areas=8
accepted pool_bits=64
accepted pool_bits=24 pool_mb=1

# Memory that loading takes comes back. The first round fills the kernel's own caches.
free_kb() { sed -n 's/^MemFree: *\([0-9]*\).*/\1/p' /proc/meminfo; }
load pool_mb=64 && unload
before=$(free_kb)
for _ in 1 2 3 4 5 6 7 8; do
	load pool_mb=64 || fail "does not load again"
	unload || fail "does not unload again"
done
lost=$((before - $(free_kb)))
say "free memory after 8 rounds of 64 MiB: $lost KiB less"
[ "$lost" -lt 65536 ] || fail "$lost KiB are lost after loading and unloading 8 times"
