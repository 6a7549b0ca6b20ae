# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=dash
# A pool that is full grows up to its limit, and shrinks again when it is idle.
# params: pool_mb=4 pool_max_mb=16
# 24 MiB are wanted at once with 24 in flight, 8 with 8. The pool is looked at meanwhile: on a slow
# guest it has shrunk again before the run ends.
most=0
work() { # work DEPTH [NR]: NR runs at once, does one succeed? Leaves the most slots that there were in $most
	_runs=''
	rm -f /tmp/o?
	for _n in $(seq "${2:-1}"); do
		xswiotlb run --engine=sim --p2m=host --mask=32 --force_bounce=1 --size=512k --count="$((3 * $1))" \
			--depth="$1" --latency=1000000 >"/tmp/o$_n" 2>&1 &
		_runs="$_runs $!"
	done
	_rc=1
	for _run in $_runs; do
		while kill -0 "$_run" 2>/dev/null; do
			_now=$(pool slots)
			[ "$_now" -le "$most" ] || most=$_now
			sleep 0.1
		done
		wait "$_run" && _rc=0
	done
	return $_rc
}
full_pool() { # all of the last runs have failed: for want of space?
	for _o in /tmp/o?; do
		grep -q no-space "$_o" || fail "it fails for another reason than a full pool: $(cat "$_o")"
	done
}
free_kb() { sed -n 's/^MemFree: *\([0-9]*\).*/\1/p' /proc/meminfo; }
first=$(pool slots)
[ "$first" -gt 0 ] || fail "there is no pool"
tries=0
until work 8; do
	full_pool
	tries=$((tries + 1))
	# Where one takes longer than the pool waits for the next, it has shrunk by then.
	[ $tries -lt 20 ] || fail "after $tries tries the pool of $(pool slots) slots is too small still"
done
[ $tries -gt 0 ] || fail "8 MiB fit into a pool of 4 MiB"
[ "$most" -gt "$first" ] || fail "the pool has not grown: $most slots at most"
say "ok: $first slots became $most, after $tries runs that failed"
full=''
# Several: where one takes longer to come back than the pool waits for it, the others keep it full.
for _ in 1 2 3 4 5 6; do
	work 24 3 && fail "24 MiB fit into a pool of 16 MiB"
	full_pool
	sleep 1
	kb=$(free_kb)
	[ "$(pool slots)" != $((16 * 2048)) ] || full=$kb
done
[ "$most" = $((16 * 2048)) ] || fail "the pool has not grown to its limit: $most slots at most"
[ "$(pool used_slots)" = 0 ] || fail "$(pool used_slots) slots are in use when all has ended"
say "ok: it goes no further than its limit"
for _ in $(seq 40); do
	[ "$(pool slots)" != "$first" ] || break
	sleep 1
done
[ "$(pool slots)" = "$first" ] || fail "idle, the pool keeps $(pool slots) slots of $first"
say "ok: idle, it is as it was"
# A slow guest may not have seen it full and unused.
if [ -n "$full" ]; then
	back=$(($(free_kb) - full))
	[ $back -gt 6144 ] || fail "of the 12 MiB that it had grown by, $back KiB are free again"
	say "ok: $back KiB are free again"
fi
most=0
for _ in 1 2 3 4 5 6; do
	[ "$most" -gt "$first" ] || work 8 || true
done
[ "$most" -gt "$first" ] || fail "it does not grow again: $(cat /tmp/o1)"
say "ok: it grows again"
