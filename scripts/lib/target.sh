# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
# What is built for and booted: the cached Debian set, or the user's KDIR= and KERNEL_IMAGE=.

parse_target() { # parse_target "$@": takes --vm and --kernel; leaves the rest in ARGS
	local vm=arm64 kernel=6.1
	ARGS=()
	while [ $# -gt 0 ]; do
		case $1 in
		--vm) [ $# -gt 1 ] || die usage "--vm needs a guest."; vm=$2 && shift ;;
		--kernel) [ $# -gt 1 ] || die usage "--kernel needs a kernel line."; kernel=$2 && shift ;;
		*) ARGS+=("$1") ;;
		esac
		shift
	done
	set_guest "$vm"
	set_kernel "$kernel"
}

# OUT_PREFIX keeps builds with other flags apart.
set_target() { # sets KDIR, IMAGE, MODULES, BUSYBOX, LIBURING_DIR, TOOLCHAIN, RELEASE, OUT
	local set=''
	if [ -n "${KERNEL_IMAGE:-}" ] && [ -z "${KDIR:-}" ]; then
		die usage "KERNEL_IMAGE= also needs KDIR=, the tree that image was built from."
	fi
	# What is wrong is told before anything is fetched.
	if [ -n "${KDIR:-}" ]; then
		[ -d "$KDIR" ] || die usage "KDIR=$KDIR is not a folder."
		KDIR=$(cd "$KDIR" && pwd)
		RELEASE=$(cat "$KDIR/include/config/kernel.release" 2>/dev/null) ||
			die usage "KDIR=$KDIR is not a built kernel tree: it has no include/config/kernel.release."
	fi
	if is_debian || [ -z "${KERNEL_IMAGE:-}" ]; then
		set=$("$TOP/scripts/kernels" --vm "$VM" --kernel "$KERNEL") || exit
	fi
	BUSYBOX=${BUSYBOX:-${set:+$set/busybox}}
	BUSYBOX=${BUSYBOX:-$(command -v busybox || true)}
	LIBURING_DIR=${set:+$set/root}
	TOOLCHAIN=''
	if [ -n "${KDIR:-}" ]; then
		OUT=$BUILD/${OUT_PREFIX:-}$RELEASE-$KARCH
		IMAGE=${KERNEL_IMAGE:-}
		MODULES=${KERNEL_MODULES:-$KDIR}
	else
		KDIR=$set/headers
		RELEASE=$(<"$set/release")
		OUT=$BUILD/${OUT_PREFIX:-}$KERNEL-$KARCH
		IMAGE=$set/vmlinuz
		MODULES=$set/modules
		[ ! -e "$set/toolchain" ] || TOOLCHAIN=$set/toolchain/bin
	fi
	mkdir -p "$OUT"
	export KDIR IMAGE MODULES BUSYBOX LIBURING_DIR TOOLCHAIN RELEASE OUT
}
