# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=dash
# Our ops and the kernel's in one run: side by side, with what differs.

xswiotlb run --ops=both --p2m=host --count=200 --expect=direct,kernel-direct --output-format=json --output=/tmp/ab.json ||
	fail "the comparison ended with exit code $?"
for key in map_median_ratio unmap_median_ratio; do
	grep -q "\"$key\": [0-9]" /tmp/ab.json || fail "the report has no $key"
done
grep -q '"differences": \[\]' /tmp/ab.json || fail "there are differences"
check "the text has both" sh -c "xswiotlb run --ops=both --p2m=host --count=20 --sync=1 >/tmp/ab.txt && grep -q 'ours/kernel' /tmp/ab.txt"
refuse "ours are held to what they expect" 1 xswiotlb run --ops=both --p2m=host --count=20 --expect=bounce-mask
refuse "the kernel's too" 1 xswiotlb run --ops=both --p2m=host --count=20 --expect=kernel-other
