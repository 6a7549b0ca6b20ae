# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=dash
# A device is unplugged whose memory an edu's DMA goes to, and that is mapped into userspace. Then it comes
# back, and is another one for all who had it.
# vm: arm64 x86
# machine: --edu 1 --mask 0xffffffffffffffff --monitor
# module: none
# timeout: 400
monitor=$(port monitor)
[ -n "$monitor" ] || error "the guest has no way to QEMU's monitor"
[ -x /bin/abi ] || skip "the programs of tests/abi are not built"
there() {
	bdf=''
	for d in /sys/bus/pci/devices/*; do
		[ "$(cat "$d/vendor" "$d/device" 2>/dev/null)" != "0x1af4
0x1110" ] || bdf=${d##*/}
	done
	[ -n "$bdf" ]
}
nr=0
plug() {
	# QEMU aborts when memory is given to a second device, even once the first has gone.
	nr=$((nr + 1))
	echo "object_add memory-backend-ram,id=bar$nr,size=1M,share=on" >"$monitor"
	# Refused until the slot has let go of what was in it.
	for _i in 1 2 3 4 5 6 7 8 9 10; do
		echo "device_add ivshmem-plain,id=peer,memdev=bar$nr,bus=$PLUG_BUS" >"$monitor"
		! within 4 there || return 0
	done
	fail "the device that was plugged in is not seen"
}
for round in 1 2; do
	plug
	load "mmio=$bdf/2" || fail "the module does not load with mmio=$bdf/2"
	check "its memory is reached" xswiotlb run --engine=edu --mask=64 --placement=mmio --count=2 --expect=mmio
	ktap "unplugged, round $round" abi --peer "$monitor" "device_del peer
" 1
	plug
	refuse "back in its slot, it is not the one that was set aside" 3 \
		xswiotlb run --engine=edu --mask=64 --placement=mmio --count=2
	unload || fail "the module does not unload"
	echo "device_del peer" >"$monitor"
	gone() { ! there; }
	within 60 gone || fail "it does not go"
done
