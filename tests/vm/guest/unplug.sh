# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=dash
# An edu is unplugged while it works, and plugged in again: its jobs end, nothing stays mapped or pinned.
# vm: arm64 x86
# machine: --edu 0 --monitor
# timeout: 400
monitor=$(port monitor)
[ -n "$monitor" ] || error "the guest has no way to QEMU's monitor"
bound() { xswiotlb info | grep -q 'edu: 1 device'; }
gone() { ! bound; }
unpinned() { [ "$(pinned)" = 0 ]; }
plug() {
	# Refused until the slot has let go of what was in it.
	for _i in 1 2 3 4 5 6 7 8 9 10; do
		echo "device_add edu,id=hot,bus=$PLUG_BUS,dma_mask=0xffffffff" >"$monitor"
		! within 4 bound || return 0
	done
	fail "the device that was plugged in is not bound"
}
unplug() {
	echo "device_del hot" >"$monitor"
	within 60 gone || fail "the device that was unplugged is still bound"
}
job() { xswiotlb run --engine=edu --size=4000 "$@"; }

for memory in --placement=low --placement=above-mask --buffers=user; do
	plug
	check "it works" job --count=2 $memory
	job --count=2000 --depth=16 $memory >/tmp/o 2>&1 &
	pid=$!
	sleep 2
	kill -0 $pid 2>/dev/null || fail "the job ended by itself: $(cat /tmp/o)"
	unplug
	rc=0
	wait $pid || rc=$?
	cat /tmp/o
	[ $rc = 3 ] || fail "the job ended with exit code $rc"
	grep -q "cause no-device" /tmp/o || fail "the job does not say that its device has gone"
	[ "$(pool used_slots)" = 0 ] || fail "$(pool used_slots) slots are used after it"
	[ "$(sed -n 's/^quarantined_pages: //p' /sys/kernel/debug/xswiotlb/causes)" = 0 ] || fail "memory is quarantined"
	# A ring lets go of its files some time after its process has gone.
	within 10 unpinned || fail "$(pinned) pages are pinned after it"
	refuse "no device, no job" 3 job --count=2
done
