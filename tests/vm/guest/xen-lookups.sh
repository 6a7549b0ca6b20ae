# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=dash
# A local page needs no p2m lookup; a foreign one does.
# vm: arm64-xen
# machine: --mask 0xffffffffffffffff
host() { sed -n "s/^$1: //p" /sys/kernel/debug/xswiotlb/env; }
job() { # job PLACEMENT COUNT REASON
	printf '%s\n' '[a]' engine=sim p2m=host mask=64 count="$2" size=4k placement="$1" direction=to \
		submit=ioctl depth=1 expect="$3" >/tmp/job.ini
	xswiotlb run /tmp/job.ini --output=/tmp/o
}
[ "$(host XENFEAT_direct_mapped)" = 1 ] || [ "$(host XENFEAT_not_direct_mapped)" = 0 ] ||
	fail "not a direct-mapped domain: $(cat /sys/kernel/debug/xswiotlb/env)"
say "$(tr '\n' ' ' </sys/kernel/debug/xswiotlb/env)"
before=$(host p2m_lookups)
check "1000 jobs in local memory" job any 1000 direct
[ "$(host p2m_lookups)" = "$before" ] || fail "$(host p2m_lookups) lookups for local pages, not $before"
say "ok: no lookup for 2000 mappings of local pages"
check "1000 jobs in foreign memory" job foreign 1000 foreign
[ "$(host p2m_lookups)" -ge $((before + 1000)) ] || fail "$(host p2m_lookups) lookups for 1000 foreign pages"
say "ok: $(($(host p2m_lookups) - before)) lookups for 1000 mappings of foreign pages"
