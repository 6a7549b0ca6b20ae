# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
# One function for every kind of guest: the QEMU command line that boots it, in QEMU.
# In: IMAGE, INITRD, MEMORY, APPEND, DEVICES (arguments common to all guests), RUN (the run's
# folder), KERNEL, NONCOHERENT, NUMA (it has two nodes), PLUG (it gets a slot to plug devices into), CPUS
# (arguments that say how many, and how they are emulated: ACCEL of guests on Xen) and CPU_PROPERTIES of Arm's.

# The board's device tree as QEMU makes it, as source; with NONCOHERENT no device of it
# sees the CPU's caches.
board_tree() { # board_tree QEMU_ARGUMENTS...: the first is the machine
	local dtb=$RUN/board.dtb
	qemu-system-aarch64 -M "$1,dumpdtb=$dtb" "${@:2}" -nodefaults -display none >/dev/null 2>&1 ||
		die error "QEMU could not write the device tree of $1."
	dtc -q -I dtb -O dts "$dtb" | if [ -n "$NONCOHERENT" ]; then grep -v dma-coherent; else cat; fi
	rm "$dtb"
}

qemu_arm64() {
	local board=(-cpu "cortex-a57$CPU_PROPERTIES" "${CPUS[@]}" -m "$MEMORY") machine=virt,gic-version=3
	QEMU=(qemu-system-aarch64 -M "$machine" "${board[@]}"
		-kernel "$IMAGE" -initrd "$INITRD" -append "console=ttyAMA0 $APPEND" "${DEVICES[@]}")
	[ -z "$PLUG" ] || QEMU+=(-device pcie-root-port,id=plug,chassis=1)
	if [ -n "$NONCOHERENT" ]; then
		board_tree "$machine" "${board[@]}" | dtc -q -I dts -O dtb -o "$RUN/machine.dtb"
		QEMU+=(-dtb "$RUN/machine.dtb")
	fi
}

# On pc, ACPI computes all interrupts' routes anew for each device that is bound: half a minute where KASAN
# watches it. On q35 the list is there; but its PCI bus has no slot to plug devices into, and a second node no
# memory below 4 GiB.
qemu_x86() {
	local machine=pc
	[ "$KERNEL" != debug ] || [ -n "$PLUG$NUMA" ] || machine=q35
	QEMU=(qemu-system-x86_64 -M "$machine" -cpu max "${CPUS[@]}" -m "$MEMORY"
		-kernel "$IMAGE" -initrd "$INITRD" -append "console=ttyS0 $APPEND" "${DEVICES[@]}")
}
