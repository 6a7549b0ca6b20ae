# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=dash
# Limits of sessions as module parameters: out of range, and in force.
# module: none
for p in max_buffers=0 max_buffers=65537 max_mappings=0 max_mappings=524289 max_engines=0 \
	max_engines=257 max_pinned_mib=0 max_pinned_mib=1048577 max_kernel_mib=0 max_kernel_mib=1048577 max_buffers=x max_engines=-1 \
	edu_timeout_ms=0 edu_timeout_ms=60001; do
	refuse "$p is refused" 22 load "$p"
done
check "the least of everything" load max_buffers=1 max_mappings=1 max_engines=1 \
	max_pinned_mib=1 max_kernel_mib=1 edu_timeout_ms=60000
check "and what is in force can be read" [ "$(cat /sys/module/xswiotlb/parameters/max_buffers)" = 1 ]
check "unloading" unload
