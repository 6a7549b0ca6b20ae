# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=dash
# `make run`: the job file given to this guest, its report kept as JSON too.
# timeout: 1800
xswiotlb run /job.ini --eta=always --output-format=normal,json --output=/report/report.json
