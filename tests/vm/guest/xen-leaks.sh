# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=dash
# Random mappings with foreign pages among them, sessions that end with all in them, and grants
# that run out: afterwards Xen has no more grants mapped than before, and dom0 no less memory.
# vm: arm64-xen x86-xen-pv x86-xen-pvh
# machine: --mask 0xffffffffffffffff
# module: none
# timeout: 600
# What dom0 has, and what its balloon could fetch back: a kernel without unpopulated pages takes
# RAM for grants, and may leave it with the balloon for an hour once it found that empty (it waits
# for its target to change).
ram() { cat /sys/devices/system/xen_memory/xen_memory0/info/*_kb | awk '{ n += $1 } END { print n }'; }
mapped() {
	grant active >/tmp/active 2>&1 || skip "Xen does not say which grants are mapped: $(cat /tmp/active)"
	cat /tmp/active
}
settled() { # settled WHAT: all is back within 30 seconds
	_tries=0
	while [ "$(mapped)" != "$grants" ] || [ "$(ram)" -lt "$before" ]; do
		_tries=$((_tries + 1))
		[ $_tries -lt 30 ] || fail "$1: $(mapped) grants are mapped, $grants before; dom0 has $(ram) kB, $before before"
		sleep 1
	done
	say "ok: $1: $grants grants mapped, $(ram) kB, as before"
}
check "the module loads" load
grants=$(mapped) || exit 3
before=$(ram)
check "random mappings" xswiotlb stress --time=30s --seed=42 --eta=never --output=/tmp/stress
grep -E '^(mappings|of the host|made|leaks|verdict)' /tmp/stress
settled "after them"
if ! grep -q '^of the host.* foreign [1-9]' /tmp/stress; then
	[ "$(cat /sys/hypervisor/guest_type)" = PVH ] || fail "no foreign page was mapped"
	say "a PVH domain can not grant pages to itself: there were no foreign ones"
	return 0
fi
# Xen would tell of more, if there were more.
printf '%s\n' '[a]' engine=sim p2m=host placement=foreign size=4k runtime=8s >/tmp/job.ini
xswiotlb run /tmp/job.ini --output=/tmp/o &
sleep 4
[ "$(mapped)" -gt "$grants" ] || fail "Xen does not tell of the grants that are mapped now"
wait $! || fail "a job in foreign memory gave exit code $?"
check "grants or memory run out" grant exhaust
settled "and come back"
