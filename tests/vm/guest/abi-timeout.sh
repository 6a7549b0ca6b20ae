# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=dash
# An edu device that is given up: its transfers take longer than it is allowed.
# A boot of its own: what is left mapped is complained of whenever the driver goes, to the end.
# machine: --edu 3 --mask 0xffffffffffffffff
# params: edu_timeout_ms=20
[ -x /bin/abi ] || skip "the programs of tests/abi are not built"
echo "xsw-case: a device is given up" >/dev/kmsg
ktap "a device that does not answer in time" abi --timeout
