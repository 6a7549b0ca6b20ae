# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=dash
# A fuzzer of /dev/xswiotlb, by what the kernel's KCOV tells of it where it has that: TIME seconds (default 15).
# Its operations overlap as they like: the DMA API's checks would complain of nothing else.
# machine: --append dma_debug=off
# params: max_buffers=64 max_mappings=1024 edu_timeout_ms=60000
# timeout: 4000
[ -x /bin/kcov ] || skip "the program of tests/kcov is not built"
faults=/sys/kernel/debug
# Each failure that is injected would print a stack.
for f in failslab fail_page_alloc fail_usercopy; do
	[ ! -d $faults/$f ] || echo 0 >$faults/$f/verbose
	[ ! -e $faults/$f/ignore-gfp-wait ] || echo N >$faults/$f/ignore-gfp-wait
done
kcov --time="${TIME:-15}" --seed="${SEED:-1}" || fail "exit code $?"
tries=0
until [ "$(cat /sys/module/xswiotlb/refcnt)" = 0 ]; do
	[ $tries -lt 400 ] || fail "a session is still open 80 s after the end"
	tries=$((tries + 1))
	sleep 0.2
done
[ "$(pool used_slots)" = 0 ] || fail "$(pool used_slots) slots of the pool are still used"
