# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=dash
# A device that does not see the caches, and another domain's memory: every cache operation is
# for exactly the bytes that are mapped or synced, and the domain may die meanwhile.
# vm: arm64-xen
# machine: --mask 0xffffffffffffffff --domu --noncoherent
# timeout: 600
T=/sys/kernel/tracing
seen=0
trace() { # trace COMMAND...: what it flushes goes to /tmp/flushes, as "op frame offset length err"
	"$@" >/tmp/out 2>&1 || fail "$*: $(cat /tmp/out)"
	sed -n 's/.*xsw_flush: frame=\([^ ]*\) offset=\([^ ]*\) length=\([^ ]*\) op=\([^ ]*\) err=\([^ ]*\).*/\4 \1 \2 \3 \5/p' \
		$T/trace >/tmp/all
	tail -n +$((seen + 1)) /tmp/all >/tmp/flushes
	seen=$(wc -l </tmp/all)
}
pieces() { # pieces OP DMA LENGTH: what flushing these bytes must come to
	_at=$2 _left=$3
	while [ "$_left" -gt 0 ]; do
		_in=$((_at % 4096))
		_length=$((4096 - _in < _left ? 4096 - _in : _left))
		printf '%s %x %d %d 0\n' "$1" $((_at - _in)) $_in $_length
		_at=$((_at + _length)) _left=$((_left - _length))
	done
}
# From 6.5 on, what a non-coherent device writes bounces if it may share a cache line.
bounced() { # bounced DIRECTION LENGTH: was that so, and rightly?
	grep -q 'reason 8$' /tmp/out || return 1
	[ "$1" != 1 ] && [ "$2" -lt 256 ] || fail "$2 bytes, direction $1, bounced for their cache line"
}
compare() { # compare WHAT: the flushes that were seen with those that had to be
	if ! cmp -s /tmp/want /tmp/flushes; then
		diff /tmp/want /tmp/flushes
		fail "$1: other cache operations than wanted"
	fi
	say "ok: $1: $(wc -l </tmp/flushes) operations"
}

echo 1 >$T/events/xswiotlb/xsw_flush/enable
# Directions: 0 both, 1 to the device, 2 from the device. Each maps, syncs half of it from a third
# on, for the CPU and for the device, and unmaps. Self grants in a row are one mapping of many
# frames; syncing and unmapping them needs no hypercall: the frames are this domain's RAM.
for dir in 0 1 2; do
	for range in "0 4096" "100 10" "4095 2" "3840 4608" "1 60000" "4000 61536"; do
		offset=${range% *} length=${range#* }
		trace grant map $dir "$offset" "$length"
		dma=$((0x$(sed -n 's/.*mapped at \([0-9a-f]*\),.*/\1/p' /tmp/out)))
		pieces clean $dma "$length" >/tmp/want
		! bounced $dir "$length" || : >/tmp/want
		compare "own pages, direction $dir, $length bytes at $offset"
	done
	for range in "0 4096" "4096 2" "100 1000" "4097 4095"; do
		offset=${range% *} length=${range#* }
		trace grant map $dir "$offset" "$length" 1
		dma=$((0x$(sed -n 's/.*mapped at \([0-9a-f]*\),.*/\1/p' /tmp/out)))
		part=$((dma + length / 3)) half=$((length / 2))
		{
			pieces clean $dma "$length"
			[ $dir = 1 ] || pieces inval $part $half
			pieces clean $part $half
			[ $dir = 1 ] || pieces inval $dma "$length"
		} >/tmp/want
		! bounced $dir "$length" || : >/tmp/want
		compare "domain 1, direction $dir, $length bytes at $offset"
	done
done

trace grant peer 1 10 2 2 5 8
grep -q '^clean' /tmp/flushes && grep -q '^inval' /tmp/flushes || fail "no cache operations for domain 1"
! grep -v ' 0$' /tmp/flushes || fail "Xen refused some"
say "ok: $(wc -l </tmp/flushes) cache operations for domain 1"

unload
check "the module loads without the cache flush" load xen_flush=N
seen=0
echo 1 >$T/events/xswiotlb/xsw_flush/enable
trace grant peer 1 5 3 5 6 8
[ ! -s /tmp/flushes ] || fail "cache operations with xen_flush=N"
say "ok: without the cache flush foreign memory bounces"
unload
load
check "the granter's domain dies while its pages are mapped" grant die 1
