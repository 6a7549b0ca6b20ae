# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=dash
# Foreign memory of another domain: mapped, flushed, lost, and its domain dead.
# vm: arm64-xen
# machine: --mask 0xffffffffffffffff --domu
# timeout: 500
check "grants of domain 1" grant peer 1 20 1 2 5
check "grants that end while they are mapped" grant vanish 1
