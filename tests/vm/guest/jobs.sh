# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=dash
# timeout: 1500
# machine: --mask 0xffffffffffffffff
# Every example job file: it verifies, and its report is valid and free of mismatches.
for job in /jobs/*.ini; do
	name=${job##*/}
	rc=0
	if [ "$name" = xen.ini ] && ! xswiotlb info | grep -qE 'env xen_(arm|pv),'; then
		say "$name is for guests that can grant pages to themselves"
		continue
	fi
	xswiotlb run "$job" --output-format=normal,json --output="/report/${name%.ini}.json" >"/tmp/$name" 2>&1 || rc=$?
	if [ $rc != 0 ]; then
		cat "/tmp/$name"
		[ $rc != 3 ] || skip "$name: $(tail -n 1 "/tmp/$name")"
		fail "$name ended with exit code $rc"
	fi
	[ -s "/report/${name%.ini}.json" ] || fail "$name left no JSON report"
	say "ok: $name"
	[ "$(pool used_slots)" = 0 ] || fail "$name left $(pool used_slots) slots in use"
done
