# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=dash disable=SC2086
# `make stress`: random mappings from a printed seed. STRESS holds the options of `xswiotlb stress`.
# timeout: 36000
rc=0
xswiotlb stress $STRESS --eta=always --output-format=normal,json --output=/report/report.json || rc=$?
exit $rc
