# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=dash
# A device that does not see the caches, and this domain's own memory: exactly the bytes that are mapped or
# synced are cleaned for the device, and invalidated for the CPU. QEMU has no caches: data tells nothing.
# vm: arm64
# machine: --edu 1 --mask 0xffffffffffffffff --noncoherent
T=/sys/kernel/tracing
[ -x /bin/abi ] || skip "the programs of tests/abi are not built"
[ -e $T/kprobe_events ] || skip "this kernel has no events at functions: it has no CONFIG_KPROBE_EVENTS"
{
	echo 'p:xsw_test/clean arch_wb_cache_pmem at=%x0:x64 length=%x1:u64'
	echo 'p:xsw_test/inval arch_invalidate_pmem at=%x0:x64 length=%x1:u64'
} >$T/kprobe_events || skip "this kernel takes no events at arch_wb_cache_pmem() and arch_invalidate_pmem()"
echo 1 >$T/events/xsw_test/enable

# Directions: 0 both, 1 to the device, 2 from the device.
for dir in 0 1 2; do
	for range in "0 4096" "100 300" "4095 4098" "1 60000"; do
		offset=${range% *} length=${range#* }
		: >$T/trace
		abi --map $dir "$offset" "$length" || fail "direction $dir, $length bytes at $offset: exit code $?"
		# As "op offset length", from the start of the buffer's first page.
		page=''
		sed -n 's/.* \([a-z]*\): (.* at=\([^ ]*\) length=\([0-9]*\).*/\1 \2 \3/p' $T/trace |
			while read -r op at bytes; do
				page=${page:-$((at & ~4095))}
				echo "$op $((at - page)) $bytes"
			done >/tmp/seen
		part=$((length / 3)) half=$((length / 2))
		{
			echo "clean $offset $length"
			[ $dir = 1 ] || echo "inval $((offset + part)) $half"
			echo "clean $((offset + part)) $half"
			[ $dir = 1 ] || echo "inval $offset $length"
		} >/tmp/want
		if ! cmp -s /tmp/want /tmp/seen; then
			diff /tmp/want /tmp/seen
			fail "direction $dir, $length bytes at $offset: other cache operations than wanted"
		fi
		say "ok: direction $dir, $length bytes at $offset: $(wc -l </tmp/seen) operations"
	done
done
echo 0 >$T/events/xsw_test/enable
: >$T/kprobe_events
