# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=dash
# In the guest: load the suites, which run then, and print their KTAP.
# module: none
# timeout: 900
insmod /lib/xswiotlb_kunit.ko || fail "xswiotlb_kunit.ko does not load"

dmesg | sed -E "s/^\[ *[0-9.]+\] //" >/tmp/log
sed -n '/^KTAP version 1/,$p' /tmp/log >/report/ktap.txt
cat /report/ktap.txt

cases=$(grep -cE '^ +(not )?ok ' /report/ktap.txt)
bad=$(grep -cE '^ *not ok ' /report/ktap.txt)
skipped=$(grep -c '# SKIP' /report/ktap.txt)
suites=$(grep -cE '^ok ' /report/ktap.txt)
# Of tests/cases: a table's case is a line below the test that goes through it.
shared=0
for table in core_place core_decide core_copy abi_refuses; do
	n=$(awk -v table=$table '/# Subtest: / { in_it = $NF == table } in_it && /^        (not )?ok / { n++ } END { print n + 0 }' /report/ktap.txt)
	[ "$n" -gt 0 ] || fail "$table has gone through no case"
	shared=$((shared + n))
done
say "$suites suites ok: $((cases - bad - skipped)) passed, $bad failed, $skipped skipped"
say "$shared cases are of the tables that the unit tests go through too, beside the grid of syncs"
echo "$suites suites, $cases cases, $bad failed, $skipped skipped" >/tmp/reason
check "the suites are run again after reloading" rmmod xswiotlb_kunit
[ "$bad" = 0 ] || fail "$bad of $cases cases failed: $(grep -E '^ *not ok' /report/ktap.txt | head -3 | tr '\n' ';')"
[ "$suites" = 6 ] || fail "$suites suites reported ok, of 6"
