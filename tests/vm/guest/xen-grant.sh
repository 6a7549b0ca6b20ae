# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=dash
# Grants to this domain itself, from userspace, read and written by a real device.
# vm: arm64-xen x86-xen-pv
# machine: --mask 0xffffffffffffffff
# module: none
# timeout: 300
case $(cat /sys/hypervisor/guest_type 2>/dev/null) in
PV)
	# gntdev on PV does not survive being unmapped while pinned: refused unless asked for.
	check "the module loads" load
	refuse "memory of gntdev is not pinned on PV" 3 grant self 1 1 2
	check "the module unloads" unload
	check "the module loads with pin_grants=Y" load pin_grants=Y
	;;
*) check "the module loads" load ;;
esac
check "self grants through gntalloc and gntdev" grant self 20 1 2 5
