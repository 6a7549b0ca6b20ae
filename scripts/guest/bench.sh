# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=dash disable=SC2086
# `xswiotlb bench` for scripts/bench-guest and scripts/icount. BENCH holds its options and cases.
# timeout: 36000
set -f
xswiotlb bench $BENCH --output-format=normal,json --output=/report/bench.json
