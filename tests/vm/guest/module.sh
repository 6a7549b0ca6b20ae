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
refused pool_max_mb=4097
refused pool_max_mb=32
refused pool_max_mb=8 pool_mb=0
sixteen=$(printf '00:1f.7,%.0s' $(seq 16))
for list in nonsense 10000:00:04.0 0000:100:04.0 0000:00:20.0 0000:00:04.8 0000:00:04.0x 00:04.0x "${sixteen}00:1f.7"; do
	refused attach="$list"
done

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
accepted attach="${sixteen%,}"
accepted pool_mb=1
accepted pool_mb=256 areas=1
accepted areas=8
accepted pool_bits=64
accepted pool_bits=24 pool_mb=1

# What is logged is what was asked for: is it what there is?
load pool_mb=0
xswiotlb info >/tmp/o
grep -q '^pool  *0 slots of .*, 0 used, at most 0, 0 areas' /tmp/o || fail "there is a pool with pool_mb=0: $(cat /tmp/o)"
unload
load areas=8
# About 8, however many pieces there are.
[ "$(pool areas)" -gt 4 ] || fail "areas=8 makes $(pool areas) areas"
unload
load pool_bits=24 pool_mb=1
[ "$(pool slots)" = 0 ] || check "pool_bits=24: a device of 24 bits reaches the pool" \
	xswiotlb run --p2m=host --mask=24 --force_bounce=1 --count=20
unload

# Memory that loading takes comes back. The first round fills the kernel's own caches.
free_kb() { sed -n 's/^MemFree: *\([0-9]*\).*/\1/p' /proc/meminfo; }
come_back() { # come_back PARAMETERS: 64 MiB are lost at most
	# shellcheck disable=SC2086 # one word a parameter
	load $1 && unload
	before=$(free_kb)
	for _ in 1 2 3 4 5 6 7 8; do
		# shellcheck disable=SC2086
		load $1 || fail "does not load again"
		slots=$(pool slots)
		unload || fail "does not unload again"
	done
	lost=$((before - $(free_kb)))
	say "free memory after 8 rounds of $1, $slots slots: $lost KiB less"
	[ "$lost" -lt 65536 ] || fail "$lost KiB are lost after loading and unloading 8 times with $1"
}
come_back pool_mb=64
# There, most blocks are out of place at first.
come_back "pool_mb=1 pool_bits=24"
