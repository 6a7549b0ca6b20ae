# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=dash
# The tracepoints and debugfs tell what a job did.
T=/sys/kernel/tracing
[ -d $T/events ] || skip "this kernel has no tracing"
# Names of tasks come from the scheduler's tracepoints. To patch these while the other CPU runs them is more
# than a Xen PV guest under emulation survives every time: it has died of a breakpoint that nobody knew.
echo 0 >$T/options/record-cmd
for event in map unmap sync bounce; do
	enable=$(find $T/events -path "*/xsw_$event/enable")
	[ -n "$enable" ] || fail "no tracepoint xsw_$event"
	echo 1 >"$enable"
done
printf '%s\n' '[a]' engine=sim placement=above-mask mask=32 count=20 size=4k >/tmp/job.ini
check "a job that bounces" xswiotlb run /tmp/job.ini --output=/tmp/o
cp $T/trace /report/trace.txt
for event in map unmap bounce; do
	n=$(grep -c "xsw_$event:" $T/trace)
	[ "$n" -ge 20 ] || fail "$n events of xsw_$event for 20 jobs"
	say "ok: $n events of xsw_$event"
done
grep -qi 'xsw_map:.*reason=bounce.mask' $T/trace || fail "no reason in: $(grep -m1 xsw_map: $T/trace)"
for f in pool reasons causes; do
	check "debugfs' $f" grep -q . /sys/kernel/debug/xswiotlb/$f
done
# Nobody has an engine open: no device carries the ops.
check "debugfs' devices" [ -z "$(cat /sys/kernel/debug/xswiotlb/devices)" ]
