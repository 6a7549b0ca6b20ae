# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=dash
# The guest falls asleep under running jobs and wakes up again: what was under way ends, and what waited goes on.
# vm: arm64 x86
# timeout: 400
test=/sys/power/pm_test
[ -w $test ] && grep -qw freeze /sys/power/state || skip "this kernel can't suspend to idle as a test"
# All of it but the sleep itself, of a second.
echo platform >$test
echo 1 >/sys/module/suspend/parameters/pm_test_delay
echo 1 >/sys/power/pm_print_times
asleep() { dmesg | grep -c 'PM: suspend exit'; }
sleep_under() { # sleep_under TEXT COMMAND...: it must end well, some of it after the sleep
	_what=$1
	shift
	"$@" >/tmp/o 2>&1 &
	_pid=$!
	sleep 2
	kill -0 $_pid 2>/dev/null || fail "$_what: it ended by itself: $(cat /tmp/o)"
	_before=$(asleep)
	echo freeze >/sys/power/state || fail "$_what: the guest does not fall asleep: $(dmesg | tail -n 3)"
	[ "$(asleep)" = $((_before + 1)) ] || fail "$_what: the kernel tells of no sleep"
	kill -0 $_pid 2>/dev/null || fail "$_what: nothing was left to do after the sleep"
	wait $_pid || fail "$_what: exit code $?: $(cat /tmp/o)"
	say "ok: $_what"
}
# What was under way ends before the device sleeps: that takes as long as it takes the device.
longest() { # microseconds that the suspend of a device of ours took
	dmesg | sed -n 's/.*xswiotlb [0-9a-f:.]*: PM: pci_pm_suspend.* returned 0 after \([0-9]*\) usecs.*/\1/p' | sort -n | tail -n 1
}
for memory in --placement=low --placement=above-mask --buffers=user; do
	sleep_under "edu, $memory" xswiotlb run --engine=edu --size=30000 --count=4 --depth=4 $memory
done
sleep_under "simulated engines" xswiotlb run --engine=sim --latency=1000 --runtime=12s --depth=64 --size=4k
sleep_under "a stress" xswiotlb stress --time=12s --seed=3
took=$(longest)
[ "${took:-0}" -ge 50000 ] || fail "no suspend waited for the device: the longest took ${took:-no} us"
say "ok: a suspend waited $took us for the device"
# Calls that wait for a device with work for a minute must not keep the guest awake: it gives up after 20 s.
xswiotlb run --engine=edu --size=60k --threads=16 --count=16 --submit=ioctl --placement=low >/tmp/o 2>&1 &
pid=$!
sleep 3
echo freeze >/sys/power/state || fail "calls that wait keep the guest awake: $(dmesg | tail -n 3)"
kill -9 $pid
rc=0
wait $pid || rc=$?
[ $rc = 137 ] || fail "the calls did not wait: exit code $rc: $(cat /tmp/o)"
say "ok: calls that wait"
[ -x /bin/abi ] || skip "the programs of tests/abi are not built"
ktap "whoever was killed in a call" abi --suspend
