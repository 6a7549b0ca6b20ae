# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=dash
# Unloading is refused while a session is open, and works as soon as it is closed.
exec 4<>/dev/xswiotlb || fail "/dev/xswiotlb does not open"
if rmmod xswiotlb 2>/tmp/why; then
	fail "the module unloads under an open session"
fi
say "ok: refused: $(cat /tmp/why)"
grep -qi 'temporarily\|busy\|in use' /tmp/why || fail "rmmod does not say why: $(cat /tmp/why)"
loaded || fail "the module is gone after a refused unload"
exec 4>&-
check "unloads after the close" unload
check "loads again" load
