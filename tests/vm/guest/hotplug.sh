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
xswiotlb stress --time=12s --seed=6 >/tmp/o 2>&1 &
pid=$!
rounds=0
while kill -0 $pid 2>/dev/null; do
	for cpu in $cpus; do
		echo 0 >"$cpu" || fail "${cpu%/online} does not go"
		sleep 0.5
		echo 1 >"$cpu" || fail "${cpu%/online} does not come back"
	done
	rounds=$((rounds + 1))
	sleep 0.5
done
wait $pid || fail "the stress ended with exit code $?: $(tail -n 5 /tmp/o)"
[ $rounds -ge 3 ] || fail "CPUs went and came back $rounds times only"
grep -E '^(mappings|mismatches|leaks)' /tmp/o
say "ok: $rounds times"
