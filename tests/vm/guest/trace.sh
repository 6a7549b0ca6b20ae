# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=dash
# The tracepoints and debugfs tell what a job did.
T=/sys/kernel/tracing
[ -d $T/events ] || skip "this kernel has no tracing"
for event in map map_err unmap sync bounce; do
	enable=$(find $T/events -path "*/xsw_$event/enable")
	[ -n "$enable" ] || fail "no tracepoint xsw_$event"
	echo 1 >"$enable"
done
printf '%s\n' '[a]' engine=sim p2m=host placement=above-mask mask=32 count=20 size=4k sync=1 >/tmp/job.ini
check "a job that bounces" xswiotlb run /tmp/job.ini --output=/tmp/o
cp $T/trace /report/trace.txt
for event in map unmap sync bounce; do
	n=$(grep -c "xsw_$event:" $T/trace)
	[ "$n" -ge 20 ] || fail "$n events of xsw_$event for 20 jobs"
	say "ok: $n events of xsw_$event"
done
grep -qi 'xsw_map:.*reason=bounce.mask' $T/trace || fail "no reason in: $(grep -m1 xsw_map: $T/trace)"
grep -q 'xsw_sync:.* size=4096 dir=FROM_DEVICE for=cpu bounced=1 cause=NONE' $T/trace || fail "not what was synced: $(grep -m1 xsw_sync: $T/trace)"
[ "$(pool hiwater_slots)" -gt 0 ] || fail "no slot was ever used"
echo 1 >/sys/kernel/debug/xswiotlb/reset_hiwater
[ "$(pool hiwater_slots)" = 0 ] || fail "most slots ever used: $(pool hiwater_slots) after a reset"
check "a job that needs more than there is" xswiotlb run --pool=256k --force_bounce=1 --size=64k --depth=16 --latency=100000 \
	--count=16 --expect=bounce-forced,no-space
grep -q 'xsw_map_err:.* size=65536 dir=[A-Z_]* .*cause=NO_SPACE' $T/trace || fail "not why a mapping failed: $(grep -m1 xsw_map_err: $T/trace)"
grep -q '^no-space: [1-9]' /sys/kernel/debug/xswiotlb/causes || fail "debugfs counts no cause"
for f in pool reasons causes; do
	check "debugfs' $f" grep -q . /sys/kernel/debug/xswiotlb/$f
done
# Nobody has an engine open: no device carries the ops.
check "debugfs' devices" [ -z "$(cat /sys/kernel/debug/xswiotlb/devices)" ]
