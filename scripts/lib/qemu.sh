# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
# One function for every kind of guest: the QEMU command line that boots it, in QEMU.
# In: IMAGE, INITRD, MEMORY, APPEND and DEVICES (arguments common to all guests).

qemu_arm64() {
	QEMU=(qemu-system-aarch64 -M "virt,gic-version=3" -cpu cortex-a57
		-accel tcg,thread=multi -smp 2 -m "$MEMORY"
		-kernel "$IMAGE" -initrd "$INITRD" -append "console=ttyAMA0 $APPEND" "${DEVICES[@]}")
}

qemu_x86() {
	QEMU=(qemu-system-x86_64 -M pc -cpu max
		-accel tcg,thread=multi -smp 2 -m "$MEMORY"
		-kernel "$IMAGE" -initrd "$INITRD" -append "console=ttyS0 $APPEND" "${DEVICES[@]}")
}
