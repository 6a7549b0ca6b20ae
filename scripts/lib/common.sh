# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
# Sourced by every script: messages, paths and the table of guests.

TOP=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
BUILD=$TOP/build
CACHE=${XSW_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/xswiotlb}
export TOP BUILD CACHE

# Exit codes of the scripts, the same for all of them.
export RC_PASS=0 RC_FAIL=1 RC_USAGE=2 RC_SKIP=3 RC_ERROR=4 RC_CRASH=5

ME=${0##*/}
note() { echo "$ME: $*" >&2; }
die() { # die fail|usage|skip|error|crash SENTENCE
	local rc=RC_${1^^}
	shift
	note "$*"
	exit "${!rc}"
}

# Guests: name, then Debian architecture, kernel ARCH, compiler prefix. Each has a
# function that boots it in scripts/lib/qemu.sh, or in xen.sh: there it is Xen's dom0.
guest_table='
arm64        arm64  arm64  aarch64-linux-gnu-
x86          amd64  x86    x86_64-linux-gnu-
arm64-xen    arm64  arm64  aarch64-linux-gnu-
x86-xen-pv   amd64  x86    x86_64-linux-gnu-
x86-xen-pvh  amd64  x86    x86_64-linux-gnu-
'

# Kernel lines, then the compiler for their modules where that is newer than Debian 12's, then the
# Debian suites that carry them; debug and kcsan are built from source.
kernel_table='
6.1   -      bookworm bookworm-updates bookworm-security
6.12  -      bookworm bookworm-updates bookworm-security
7.2   gcc-14 bookworm bookworm-updates bookworm-security trixie-backports
debug -      bookworm bookworm-updates bookworm-security
kcsan -      bookworm bookworm-updates bookworm-security
'
# Where a newer compiler comes from, and the C library that it and the kernel's own tools need.
toolchain_suites='trixie trixie-updates trixie-security'

# Versions of Xen, then the suites; the first is the default.
xen_table='
4.17  bookworm bookworm-updates bookworm-security
4.20  trixie trixie-updates trixie-security
'

names() { # names TABLE: its first column, comma separated
	awk 'NF { printf "%s%s", sep, $1; sep = ", " }' <<<"$1"
}

set_guest() { # set_guest VM: sets VM, DEBARCH, KARCH, CROSS
	local row
	row=$(awk -v n="$1" '$1 == n' <<<"$guest_table")
	[ -n "$row" ] || die usage "VM=$1 is not a guest; use one of: $(names "$guest_table")."
	read -r VM DEBARCH KARCH CROSS <<<"$row"
	export VM DEBARCH KARCH CROSS
}

set_kernel() { # set_kernel LINE: sets KERNEL, COMPILER (- for the machine's own), SUITES
	local row
	row=$(awk -v n="$1" '$1 == n' <<<"$kernel_table")
	[ -n "$row" ] || die usage "KERNEL=$1 is not a kernel line; use one of: $(names "$kernel_table")."
	read -r KERNEL COMPILER SUITES <<<"$row"
	export KERNEL COMPILER SUITES
}

set_xen() { # set_xen VERSION: sets XEN_VERSION, SUITES
	local row
	row=$(awk -v n="$1" '$1 == n' <<<"$xen_table")
	[ -n "$row" ] || die usage "Xen $1 is not at hand; use one of: $(names "$xen_table")."
	read -r XEN_VERSION SUITES <<<"$row"
	export XEN_VERSION SUITES
}

on_xen() { case $VM in *-xen*) return 0 ;; *) return 1 ;; esac; }

is_debian() { [ -e /etc/debian_version ] && command -v apt-get dpkg-query >/dev/null; }
