# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=dash
# Peer to peer: edu's DMA goes into another device's memory, and the CPU reads what came there.
# machine: --edu 2 --mask 0xffffffffffffffff --ivshmem 4
# module: none
# timeout: 400

bdf=''
for d in /sys/bus/pci/devices/*; do
	[ "$(cat "$d/vendor")-$(cat "$d/device")" != 0x1af4-0x1110 ] || bdf=${d##*/}
done
[ -n "$bdf" ] || error "the machine has no ivshmem device"
start=$(sed -n 3p "/sys/bus/pci/devices/$bdf/resource" | cut -d' ' -f1)
say "its BAR 2 is at $start"

bad() { # bad TEXT PARAMETERS: the module must not load, and say why
	_what=$1
	shift
	dmesg -c >/dev/null
	! load "$@" 2>/dev/null || fail "the module loads with $*"
	dmesg | grep -q "mmio=.*$_what" || fail "$* is refused without saying: $_what"
	say "ok: $*: $_what"
}
bad 'must be as' mmio=nonsense
bad 'must be as' "mmio=$bdf/2x"
bad 'must be as' "mmio=$bdf/6"
bad 'no such PCI device' mmio=ffff:00:00.0/2
bad 'not prefetchable' "mmio=$bdf/0"
bad 'no memory BAR' "mmio=$bdf/4"

# A mask that the BAR is beyond, though memory for a pool is not.
narrow=32
case $start in 0x00000000*) narrow=31 ;; esac
run() { xswiotlb run --engine=edu "$@"; }

load || error "the module does not load"
refuse "without a BAR there is no such buffer" 4 run --placement=mmio --count=1
unload

load "mmio=$bdf/2" "pool_bits=$narrow" || error "the module does not load with mmio=$bdf/2"
check "the BAR is claimed" grep -q xswiotlb /proc/iomem
xswiotlb info | grep -q '^features.* mmio' || fail "info does not name the feature"
check "from the BAR" run --mask=64 --placement=mmio --direction=to --size=4k --count=2 --expect=mmio
check "into the BAR" run --mask=64 --placement=mmio --direction=from --size=4k --count=2 --expect=mmio
check "from BAR to BAR, longer than a page, at any offset" \
	run --mask=64 --placement=mmio --size=9000-14000 --offset=0-4095 --count=3 --expect=mmio
check "with both directions at once" run --mask=64 --placement=mmio --direction=bidi --count=2 --expect=mmio
check "with a sync" run --mask=64 --placement=mmio --sync=1 --count=2 --expect=mmio
check "never bounced" run --mask=64 --placement=mmio --force_bounce=1 --count=2 --expect=mmio
# Linux's checks of the DMA API count a resource that was not mapped as one that was not unmapped.
[ -e /sys/kernel/debug/dma-api ] ||
	check "refused beyond the mask of $narrow bits" run --mask=$narrow --placement=mmio --count=2 --expect=mask

# What the kernel's own ops make of it: Xen's had no map_resource() before 7.0.
in_tree=kernel-direct
case $(uname -r)-$(cat /sys/hypervisor/guest_type 2>/dev/null)-$(uname -m) in
6.*-PV-* | 6.*-*-aarch64) [ ! -d /proc/xen ] && [ ! -e /sys/hypervisor/type ] || in_tree=unsupported ;;
esac
[ $in_tree = unsupported ] && [ -e /sys/kernel/debug/dma-api ] ||
	check "the kernel's own ops: $in_tree" run --ops=kernel --mask=64 --placement=mmio --count=2 --expect=$in_tree
unload || fail "the module does not unload"
! grep -q xswiotlb /proc/iomem || fail "the BAR is still claimed"

[ -x /bin/abi ] || skip "the programs of tests/abi are not built"
load "mmio=$bdf/2" || error "the module does not load with mmio=$bdf/2"
ktap "all of the BAR is used; its device is removed meanwhile" abi --peer "/sys/bus/pci/devices/$bdf/remove" 1 4
unload || fail "the module does not unload without the BAR's device"
echo 1 >/sys/bus/pci/rescan
load "mmio=$bdf/2" || fail "the module does not load once the device is back"
check "the device is back, and so is its memory" run --mask=64 --placement=mmio --count=2 --expect=mmio
