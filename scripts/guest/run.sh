# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=dash
# `make run`: the job file given to this guest, its report kept as JSON too.
# timeout: 1800
rc=0
xswiotlb run /job.ini --eta=always --output-format=normal,json --output=/report/report.json || rc=$?
# What Xen is here, and how often a page had to be looked up.
[ ! -e /sys/kernel/debug/xswiotlb/env ] || sed 's/^/host  /' /sys/kernel/debug/xswiotlb/env
exit $rc
