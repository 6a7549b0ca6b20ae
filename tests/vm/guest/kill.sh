# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=dash
# timeout: 300
# kill -9 in the middle of jobs: all that the sessions held is released.
for round in 1 2 3 4 5 6; do
	xswiotlb stress --time=60s --seed=$round >/tmp/o 2>&1 &
	pid=$!
	# Later in every round, so that different stages are hit.
	sleep "$round"
	kill -0 $pid 2>/dev/null || fail "stress ended by itself: $(tail -n 3 /tmp/o)"
	kill -9 $pid
	wait $pid 2>/dev/null
	# Transfers of a real device end by themselves; the session waits for them.
	tries=0
	while [ "$(cat /sys/module/xswiotlb/refcnt)" != 0 ] && [ $tries -lt 100 ]; do
		sleep 0.1
		tries=$((tries + 1))
	done
	[ "$(cat /sys/module/xswiotlb/refcnt)" = 0 ] || fail "round $round: a session is still open 10 s after the kill"
	[ "$(pool used_slots)" = 0 ] || fail "round $round: $(pool used_slots) slots of the pool are still used"
	say "ok: round $round, high-water mark $(pool hiwater_slots) slots"
done
