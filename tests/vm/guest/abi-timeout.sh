# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=dash
# An edu device whose interrupts are lost for a while, and one that is given up: its transfers take
# longer than it is allowed.
# A boot of its own: what is left mapped is complained of whenever the driver goes, to the end.
# machine: --edu 4 --mask 0xffffffffffffffff
# module: none
[ -x /bin/abi ] || skip "the programs of tests/abi are not built"
load edu_timeout_ms=1000 || error "the module does not load"
ktap "interrupts that do not come" abi --late
dmesg | grep -q 'its interrupt was lost' || fail "no interrupt was lost"
unload || fail "the module does not unload"

load edu_timeout_ms=20 || error "the module does not load"
echo "xsw-case: a device is given up" >/dev/kmsg
ktap "a device that does not answer in time" abi --timeout
