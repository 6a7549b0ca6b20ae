# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=dash
# Our ops and the kernel's, measured in turn: every case is there or says what is missing.
# timeout: 600
xswiotlb bench --rounds=40 --output-format=normal,json --output=/tmp/bench.json >/tmp/o 2>/tmp/e || fail "exit code $?: $(tail -n 1 /tmp/e) $(grep ' -: ' /tmp/o | tail -n 1)"
sed 's/^/  /' /tmp/o
for name in $(xswiotlb bench --list); do
	grep -q "^ *$name " /tmp/o || fail "$name is not in the report"
	grep -q "\"$name\"" /tmp/bench.json || fail "$name is not in the JSON"
done
# Both sides took the path that the case is about.
for name in direct-64 direct-4k direct-64k; do
	grep -q "^ *$name .* direct, 1 | kernel-direct, 1" /tmp/o || fail "$name was not mapped directly"
done
for name in bounce-64 bounce-4k bounce-64k bounce-256k bounce-from-4k bounce-sync-4k; do
	grep -q "^ *$name .* bounce-mask, 1 | kernel-other, 1" /tmp/o || fail "$name was not bounced"
done
check "two threads" xswiotlb bench --threads=2 --rounds=200 direct-4k bounce-4k
