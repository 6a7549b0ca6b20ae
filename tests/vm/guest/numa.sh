# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=dash
# Each node has its share of the pool, and a CPU takes what is near to it first.
# vm: arm64 x86
# machine: --numa --edu 1
# params: pool_mb=16
[ -d /sys/devices/system/node ] || skip "this kernel knows no nodes: it has no CONFIG_NUMA"
[ "$(cat /sys/devices/system/node/online)" = 0-1 ] || error "the guest has the nodes $(cat /sys/devices/system/node/online), not 0-1"
for node in 0 1; do
	[ "$(pool node${node}_slots)" = $((8 * 2048)) ] || fail "node $node has $(pool node${node}_slots) slots of the pool of 16 MiB, not half"
done
say "ok: half of the pool is near to each node"
used() { [ "$(pool "node$1_used_slots")" -gt 0 ]; }
for cpu in 0 1; do
	for near in 0 1; do
		[ ! -d /sys/devices/system/node/node$near/cpu$cpu ] || break
	done
	far=$((1 - near))
	taskset $((1 << cpu)) xswiotlb run --engine=sim --p2m=host --mask=32 --placement=above-mask --size=64k --count=4 --depth=4 \
		--latency=1000000 >/tmp/o 2>&1 &
	within 20 used "$near" || fail "CPU $cpu is of node $near, and takes nothing of it: $(cat /tmp/o /sys/kernel/debug/xswiotlb/pool)"
	[ "$(pool "node${far}_used_slots")" = 0 ] || fail "CPU $cpu is of node $near, and takes of node $far too"
	wait $! || fail "a job on CPU $cpu: $(cat /tmp/o)"
	say "ok: CPU $cpu takes what is near to it, of node $near"
done
# 12 MiB at once fit into no half.
taskset 1 xswiotlb run --engine=sim --p2m=host --mask=32 --placement=above-mask --size=512k --count=12 --depth=12 --latency=1000000 >/tmp/o 2>&1 &
within 20 used 1 || fail "where node 0 is full, nothing of node 1 is taken: $(cat /tmp/o /sys/kernel/debug/xswiotlb/pool)"
used 0 || fail "of node 0 nothing is used"
wait $! || fail "a job of 12 MiB: $(cat /tmp/o)"
say "ok: where it is full, what is far"
