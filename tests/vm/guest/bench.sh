# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=dash
# Our ops and the kernel's, measured in turn: every case is there or says what is missing.
# timeout: 600
rounds=15
# What each lock and each access costs there is measured by nobody.
[ ! -e /proc/lockdep ] || rounds=10
xswiotlb bench --rounds=$rounds --output-format=normal,json --output=/tmp/bench.json >/tmp/o 2>/tmp/e || fail "exit code $?: $(tail -n 1 /tmp/e) $(grep ' -: ' /tmp/o | grep -v 'no comparison' | tail -n 1)"
sed 's/^/  /' /tmp/o
for name in $(xswiotlb bench --list); do
	grep -q "^ *$name " /tmp/o || fail "$name is not in the report"
	grep -q "\"$name\"" /tmp/bench.json || fail "$name is not in the JSON"
done
# Both sides took the path that the case is about.
paths() { # paths OURS KERNELS CASE...
	_paths="$1, [0-9]* | $2, [0-9]*"
	shift 2
	for name; do
		grep -q "^ *$name .*| $_paths\$" /tmp/o || fail "$name was not mapped as '$_paths'"
	done
}
if grep -qw swiotlb=force /proc/cmdline; then
	paths bounce-forced kernel-other forced-4k forced-64k
	grep -q "^ *direct-4k .*no comparison with swiotlb=force" /tmp/o || fail "direct-4k is compared with what is bounced"
else
	paths direct kernel-direct direct-64 direct-4k direct-64k direct-256k direct-sync-4k sg-1 sg-8 sg-32 sg-128
	# By Xen's ops both sides know where another domain's page is. dma-direct does not.
	! grep -q "^ *foreign-4k  *[0-9]" /tmp/o || paths foreign kernel-direct foreign-4k
	grep -q "^ *forced-4k .*no comparison without swiotlb=force" /tmp/o || fail "forced-4k is compared with what is direct"
fi
paths bounce-mask kernel-other bounce-64 bounce-4k bounce-16k bounce-64k bounce-256k bounce-from-4k bounce-sync-2k bounce-sync-4k
# With two CPUs, both.
if [ "$(nproc)" -gt 1 ]; then
	for name in bounce-4k empty-ioctl job-sqpoll vector-256-fixed; do
		grep -q "^ *$name  *1 |" /tmp/o || fail "$name was not measured on one CPU"
		grep -q "^ *$name  *2 |" /tmp/o || fail "$name was not measured on two CPUs"
	done
fi
check "two threads" xswiotlb bench --threads=2 --rounds=20 direct-4k bounce-4k vector-8-sqpoll vector-256-ioctl
for words in --rounds=9 --rounds=10001 '--rounds=10000 --threads=1,3' --threads=65; do
	# shellcheck disable=SC2086
	xswiotlb bench $words direct-4k >/tmp/o 2>/tmp/e
	[ $? = 2 ] && [ "$(wc -l </tmp/e)" = 1 ] || fail "$words was not refused with a sentence: $(cat /tmp/e)"
done
