# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
# Guests on Xen: dom0 runs what a bare guest runs, and Xen's own log shares the console.
# In, beside what lib/qemu.sh takes: XEN, the hypervisor's image; XEN_APPEND, more of its command
# line; DOMU_INITRD, of a second domain, or nothing.
#
# Xen starts dom0 with DOM0_MEMORY of the machine's MEMORY. Both defaults leave
# room for a second domain, and give dom0 memory on both sides of 4 GiB.

xen_options() { # xen_options DOM0_MEMORY
	echo "loglvl=all guest_loglvl=all bootscrub=0 dom0_mem=${DOM0_MEMORY:-$1} $XEN_APPEND"
}

# Where QEMU puts what Xen is to start, apart from each other; Xen copies it from there.
xen_kernel_at=0x49000000
xen_initrd_at=0x4d000000
xen_domu_kernel_at=0x51000000
xen_domu_initrd_at=0x55000000

# A boot module of Xen's, as a node of /chosen.
dt_module() { # dt_module KIND ADDRESS FILE [BOOTARGS]
	printf 'module@%x { compatible = "multiboot,%s", "multiboot,module"; reg = <0 %s 0 %s>; %s };\n' \
		"$2" "$1" "$2" "$(stat -L -c %s "$3")" "${4:+bootargs = \"$4\";}"
}

# The machine's own device tree, as QEMU makes it, with what Xen is to start. The GIC is a
# version 2: Xen hands its MSI frame to dom0, which it does not for a version 3.
qemu_arm64_xen() {
	local machine=virt,virtualization=on,gic-version=2 board dom0
	# The rest is Xen's, and a second domain's.
	dom0=$(($(numfmt --from=iec "$MEMORY") / 1048576 - 2048))
	[ "$dom0" -ge 512 ] || die usage "--memory $MEMORY: arm64-xen takes 2560M or more."
	board=(-cpu cortex-a57 -smp 2 -m "$MEMORY")
	QEMU=(qemu-system-aarch64 -M "$machine" "${board[@]}" -accel "$ACCEL" -kernel "$XEN" -dtb "$RUN/xen.dtb"
		-device "loader,file=$IMAGE,addr=$xen_kernel_at,force-raw=on"
		-device "loader,file=$INITRD,addr=$xen_initrd_at,force-raw=on" "${DEVICES[@]}")
	if [ -n "$DOMU_INITRD" ]; then
		QEMU+=(-device "loader,file=$IMAGE,addr=$xen_domu_kernel_at,force-raw=on"
			-device "loader,file=$DOMU_INITRD,addr=$xen_domu_initrd_at,force-raw=on")
	fi
	{
		board_tree "$machine" "${board[@]}"
		echo '/ { chosen { #address-cells = <2>; #size-cells = <2>;'
		echo "xen,xen-bootargs = \"$(xen_options "${dom0}M") console=dtuart dtuart=/pl011@9000000\";"
		echo "xen,dom0-bootargs = \"console=hvc0 $APPEND\";"
		dt_module kernel $xen_kernel_at "$IMAGE"
		dt_module ramdisk $xen_initrd_at "$INITRD"
		if [ -n "$DOMU_INITRD" ]; then
			echo 'domU1 { compatible = "xen,domain"; #address-cells = <2>; #size-cells = <2>; cpus = <1>;'
			echo 'memory = <0 0x40000>; vpl011; xen,enhanced = "no-xenstore";'
			dt_module kernel $xen_domu_kernel_at "$IMAGE" "console=ttyAMA0 rdinit=/domu panic=-1 loglevel=5"
			dt_module ramdisk $xen_domu_initrd_at "$DOMU_INITRD"
			echo '};'
		fi
		echo '}; };'
	} | dtc -q -I dts -O dtb -o "$RUN/xen.dtb" || die error "the device tree for Xen does not compile."
}

# A dom0 whose pages Xen does not translate. It has RAM above 4 GiB only with more than the
# 3 GiB that the machine has below. QEMU's SMAP makes Xen 4.17 fail under emulation. Its CPUs' TSCs
# are one clock: Xen, which is not told so, would calibrate each by itself, and where the host is
# busy the guest's time leaps ahead on one CPU, then stands still on all. The kernel reads registers
# that Xen keeps from it, and complains unless told not to; Debian's are told by their configuration.
# With a debug kernel it is q35, for what lib/qemu.sh says of it. That has 2 GiB below 4 GiB: so that dom0 gets
# much of them, there is less above.
qemu_x86_xen_pv() {
	local machine=pc dom0=4G
	[ "$KERNEL" != debug ] || machine=q35 dom0=3584M
	QEMU=(qemu-system-x86_64 -M "$machine" -cpu max,-smap -accel "$ACCEL" -smp 2 -m "$MEMORY"
		-kernel "$XEN" -append "$(xen_options $dom0) clocksource=tsc tsc=stable:socket console=com1 com1=115200,8n1"
		-initrd "$IMAGE console=hvc0 xen_msr_safe=1 ${APPEND//,/,,},$INITRD" "${DEVICES[@]}")
}

# A dom0 in a hardware container. QEMU emulates AMD's virtualisation, without intercepts for
# some instructions: those are hidden. Only its AMD IOMMU gets DMA right there.
qemu_x86_xen_pvh() {
	local hide=-smap,-rdtscp,-rdpid,-xsave,-avx,-avx2,-fma,-f16c
	QEMU=(qemu-system-x86_64 -M q35 -cpu "max,$hide" -accel "$ACCEL" -smp 1 -m "$MEMORY"
		-kernel "$XEN" -append "$(xen_options 3G) dom0=pvh iommu=verbose console=com1 com1=115200,8n1"
		-initrd "$IMAGE console=hvc0 ${APPEND//,/,,},$INITRD" -device amd-iommu "${DEVICES[@]}")
}
