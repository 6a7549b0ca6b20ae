# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=dash
# CPUs come and go while they map: areas and counters of a CPU that is away are still good.
# vm: arm64 x86
cpus=''
for cpu in /sys/devices/system/cpu/cpu[0-9]*; do
	[ ! -w "$cpu/online" ] || cpus="$cpus $cpu/online"
done
# The first one often has to stay.
[ -n "$cpus" ] || skip "this guest has no CPU that could be taken away"
xswiotlb stress --time=300s --seed=6 >/tmp/o 2>&1 &
pid=$!
for round in 1 2 3 4; do
	for cpu in $cpus; do
		echo 0 >"$cpu" || fail "${cpu%/online} does not go"
		sleep 0.5
		echo 1 >"$cpu" || fail "${cpu%/online} does not come back"
	done
	kill -0 $pid 2>/dev/null || fail "the stress ended by itself: $(tail -n 5 /tmp/o)"
	say "ok: round $round"
	sleep 0.5
done
kill -9 $pid
wait $pid
check "and all of them map at the end" xswiotlb stress --time=4s --seed=7
