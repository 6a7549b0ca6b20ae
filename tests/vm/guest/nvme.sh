# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=dash
# A real driver over the ops: NVMe reads and writes a disk of known contents, bounced and not.
# module: none
# machine: --nvme 8
# timeout: 300
D=/sys/kernel/debug/xswiotlb
P=
for _d in /sys/bus/pci/devices/*; do
	[ "$(cat "$_d/class")" != 0x010802 ] || P=${_d##*/}
done
[ -n "$P" ] || skip "this guest has no NVMe disk"

bind_disk() { # sets DISK
	echo "$P" >/sys/bus/pci/drivers/nvme/bind
	_n=0
	DISK=
	while [ -z "$DISK" ] && [ $_n -lt 100 ]; do
		sleep 0.1
		_n=$((_n + 1))
		for _b in /sys/bus/pci/devices/"$P"/nvme/nvme*/nvme*n1; do
			[ ! -b "/dev/${_b##*/}" ] || DISK=/dev/${_b##*/}
		done
	done
	[ -n "$DISK" ]
}
unbind_disk() { echo "$P" >/sys/bus/pci/drivers/nvme/unbind; }
uncache() { sync; echo 3 >/proc/sys/vm/drop_caches; }

read_disk() { # read_disk BLOCKSIZE
	uncache
	_got=$(dd if="$DISK" bs="$1" 2>/dev/null | md5sum | cut -d' ' -f1)
	[ "$_got" = "$NVME_MD5" ] || fail "read in blocks of $1: MD5 $_got, the disk has $NVME_MD5"
}

write_disk() { # a range that is aligned to nothing, written, read back, put back
	dd if="$DISK" of=/tmp/was bs=512 skip=4099 count=517 2>/dev/null
	head -c $((517 * 512)) /dev/urandom >/tmp/new
	dd if=/tmp/new of="$DISK" bs=512 seek=4099 conv=fsync,notrunc 2>/dev/null
	uncache
	dd if="$DISK" of=/tmp/now bs=512 skip=4099 count=517 2>/dev/null
	cmp /tmp/new /tmp/now || fail "what was written is not what is read"
	dd if=/tmp/was of="$DISK" bs=512 seek=4099 conv=fsync,notrunc 2>/dev/null
}

use_disk() {
	read_disk 1M
	read_disk 4k
	write_disk
	read_disk 64k
}

of_device() { # of_device COUNTER: of our disk
	grep "^$P " $D/devices | tr ' ' '\n' | sed -n "s/^$1=//p"
}

with_ops() { # with_ops PARAMS WANTED UNWANTED: counters of paths
	say "with $1"
	unbind_disk
	# shellcheck disable=SC2086 # one word a parameter
	load $1 || fail "the module does not load with $1"
	check "bind with $1" bind_disk
	[ "$(of_device driver)" = nvme ] || fail "the ops are not on the disk: $(cat $D/devices)"
	use_disk
	say "$(grep "^$P " $D/devices)"
	[ "$(of_device "$2")" -gt 0 ] || fail "$1: no mapping went $2"
	[ -z "$(of_device "$3")" ] || fail "$1: some mapping went $3"
	refuse "rmmod while the ops are in use" 1 rmmod xswiotlb 2>/dev/null
	unbind_disk
	[ -z "$(cat $D/devices)" ] || fail "the ops stay on after unbind: $(cat $D/devices)"
	[ "$(pool used_slots)" = 0 ] || fail "$(pool used_slots) slots are used after unbind"
	_sum=$(awk '/^[a-z-]*: / && !/^(unmaps|syncs)/ { n += $2 } END { print n }' $D/reasons)
	[ "$_sum" = "$(sed -n 's/^unmaps: //p' $D/reasons)" ] ||
		fail "mappings made and ended differ: $(tr '\n' ' ' <$D/reasons)"
	[ "$(awk '{ n += $2 } END { print n }' $D/causes)" = 0 ] ||
		fail "something failed: $(tr '\n' ' ' <$D/causes)"
	check "unload after unbind" unload
	check "bind with the kernel's ops" bind_disk
	read_disk 1M
}

unbind_disk
check "bind" bind_disk
read_disk 1M
with_ops "attach=$P force_bounce=0" direct bounce-forced
# As one of a list, without its domain.
with_ops "attach=00:1f.7,${P#0000:} force_bounce=1" bounce-forced direct

# A probe that fails gives the module back: here virtio's driver is told to drive an edu.
E=
for _d in /sys/bus/pci/devices/*; do
	[ "$(cat "$_d/vendor")$(cat "$_d/device")" != 0x12340x11e8 ] || E=${_d##*/}
done
[ -n "$E" ] || error "this guest has no edu device"
regs=$(head -n 1 "/sys/bus/pci/devices/$E/resource" | cut -d' ' -f1)
mapped() { grep -q "phys=$regs " /proc/vmallocinfo; }
load attach="$E" || fail "the module does not load with attach=$E"
mapped && [ "$(cat "/sys/bus/pci/devices/$E/enable")" = 1 ] || fail "$E is bound, and not in use"
echo "$E" >/sys/bus/pci/drivers/xswiotlb/unbind
[ "$(cat "/sys/bus/pci/devices/$E/enable")" = 0 ] || fail "$E is unbound, and stays enabled"
! mapped || fail "$E is unbound, and its registers stay mapped"
echo virtio-pci >"/sys/bus/pci/devices/$E/driver_override"
refuse "bind a driver to what it can't drive" 1 sh -c "echo $E >/sys/bus/pci/drivers/virtio-pci/bind" 2>/dev/null
_n=0
while [ -n "$(cat $D/devices)" ] && [ $_n -lt 100 ]; do
	sleep 0.1
	_n=$((_n + 1))
done
[ -z "$(cat $D/devices)" ] || fail "the ops stay on after a failed probe: $(cat $D/devices)"
echo >"/sys/bus/pci/devices/$E/driver_override"
# An engine gets the ops when it is opened, and not by attach=.
echo "$E" >/sys/bus/pci/drivers/xswiotlb/bind
[ -z "$(cat $D/devices)" ] || fail "attach= is for an edu, too: $(cat $D/devices)"
check "an edu that was bound again" xswiotlb run --engine=edu --count=1
check "unload after a failed probe" unload
