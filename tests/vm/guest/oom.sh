# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=dash
# Memory runs out. First the harness is killed for it, with all that it holds; then another is, and it goes on.
# vm: arm64 x86
# machine: --memory 1G
# timeout: 600
kib() { awk -v k="$1:" '$1 == k { print $2 }' /proc/meminfo; }
kills() { dmesg | grep -c 'Out of memory: Killed process'; }
closed() { [ "$(cat /sys/module/xswiotlb/refcnt)" = 0 ]; }
hog() { # hog SCORE: takes all there is, in the background; sets HOG
	sh -c "echo $1 >/proc/self/oom_score_adj; exec tail -c $(($(kib MemTotal) * 1024)) /dev/zero >/dev/null" &
	HOG=$!
}
# The hog asks for all memory at once.
echo 1 >/proc/sys/vm/overcommit_memory
# What it needs of memory it has from the start, but for a few bytes for each job. When there is little it may get half
# of its pool, which has to do: 64 jobs have 7.5 MiB in it at most.
work="xswiotlb run --p2m=shuffled --buffers=user --size=100-60k --depth=32 --threads=2 --latency=500 --pool=32m"
# Who has been killed may take seconds to give back what he had: until then there are others to be killed, or the kernel
# gives up. They go last.
spares=''
for _ in $(seq 40); do
	sh -c 'echo -999 >/proc/self/oom_score_adj; exec sleep 10000' &
	spares="$spares $!"
done
# This script is not to be killed, nor what waits for it.
for p in $$ $PPID; do echo -1000 >"/proc/$p/oom_score_adj"; done
echo "xsw-case: an OOM kill is expected" >/dev/kmsg

$work --runtime=300s >/tmp/o 2>&1 &
pid=$!
echo 1000 >"/proc/$pid/oom_score_adj"
sleep 4
kill -0 $pid 2>/dev/null || fail "the job ended by itself: $(tail -n 3 /tmp/o)"
hog 0
tries=0
while kill -0 $pid 2>/dev/null; do
	[ $tries -lt 1000 ] || fail "memory does not run out: $(kib MemAvailable) KiB are left"
	tries=$((tries + 1))
	sleep 0.2
done
rc=0
wait $pid || rc=$?
kill -9 $HOG 2>/dev/null
[ $rc = 137 ] && dmesg | grep -q "Out of memory: Killed process $pid " ||
	fail "the job ended with exit code $rc, but was not killed for memory: $(tail -n 3 /tmp/o)"
tries=0
until closed; do
	[ $tries -lt 200 ] || fail "its session is still open"
	tries=$((tries + 1))
	sleep 0.2
done
[ "$(pool used_slots)" = 0 ] || fail "$(pool used_slots) slots of the pool are still used"
say "ok: killed, and all was given back"

# Until memory has run out beside a job. One that comes when there is none left is told so when it opens its engine.
before=$(kills) rounds=0 refused=0
until [ "$(kills)" != "$before" ]; do
	[ $rounds -lt 60 ] || fail "memory does not run out: $(kib MemAvailable) KiB are left"
	rounds=$((rounds + 1))
	kill -0 $HOG 2>/dev/null || hog 1000
	before=$(kills) rc=0
	$work --runtime=5s >/tmp/o 2>&1 || rc=$?
	[ $rc = 0 ] && continue
	[ $rc = 4 ] && grep -q 'opening a sim engine.*cause no-memory' /tmp/o ||
		fail "a job beside it ended with exit code $rc: $(tail -n 5 /tmp/o)"
	refused=$((refused + 1)) before=$(kills)
done
kill -9 $HOG 2>/dev/null
cat /tmp/o
spared=0
for p in $spares; do
	kill "$p" 2>/dev/null && spared=$((spared + 1))
done
say "$spared of 40 others were not killed"
say "ok: memory ran out, and $((rounds - refused)) jobs beside it did not notice; $refused found none to begin with"
