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

# What a CPU has counted is counted while it is away, also of a device that is still in use.
unmaps() { sed -n 's/^unmaps: //p' /sys/kernel/debug/xswiotlb/reasons; }
for cpu in $cpus; do
	n=${cpu%/online}
	n=${n##*cpu}
	start=$(unmaps)
	taskset "$(printf %x $((1 << n)))" xswiotlb run --engine=sim --runtime=10s --output=/tmp/o &
	pid=$!
	sleep 4
	# It maps nothing while that is compared.
	kill -STOP $pid
	sleep 1
	before=$(unmaps)
	[ "$before" -gt "$start" ] || fail "nothing was mapped on CPU $n"
	echo 0 >"$cpu" || fail "CPU $n does not go"
	[ "$(unmaps)" = "$before" ] || fail "CPU $n had its part in $before mappings, $(unmaps) are left of them without it"
	kill -CONT $pid
	sleep 1
	echo 1 >"$cpu" || fail "CPU $n does not come back"
	wait $pid || fail "the job on CPU $n ended with exit code $?: $(tail -n 5 /tmp/o)"
	made=$(sed -n 's/^ *operations *\([0-9]*\) mappings.*/\1/p' /tmp/o)
	[ $(($(unmaps) - start)) = "$made" ] || fail "$(($(unmaps) - start)) of the $made mappings of the job are counted"
	say "ok: CPU $n goes and comes back under a job, and all its $made mappings are counted"
done
