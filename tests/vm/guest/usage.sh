# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=dash
# The harness's exit codes and messages for what a user can get wrong.

# One line on stderr that names the culprit, and the exit code that is documented.
wrong() { # wrong CODE WORD COMMAND...
	code=$1 word=$2 rc=0
	shift 2
	"$@" >/tmp/o 2>/tmp/e </dev/null || rc=$?
	[ $rc = "$code" ] || fail "'$*' gave exit code $rc, not $code: $(cat /tmp/e)"
	grep -q -- "$word" /tmp/e || fail "'$*' does not say '$word': $(cat /tmp/e)"
	[ "$(wc -l </tmp/e)" = 1 ] || fail "'$*' says more than a line: $(cat /tmp/e)"
	[ ! -s /tmp/o ] || fail "'$*' prints to stdout: $(cat /tmp/o)"
	say "ok: $(cat /tmp/e)"
}
job() { printf '%s\n' "$@" >/tmp/job.ini; }

check "info" xswiotlb info
check "the help" sh -c 'xswiotlb --help >/dev/null'
wrong 2 /tmp/none.ini xswiotlb run /tmp/none.ini
wrong 2 --ouput xswiotlb run /jobs/paths.ini --ouput=x
job '[a]' 'engine=sim' 'dpeth=4'
wrong 2 '/tmp/job.ini:3:.*depth' xswiotlb run /tmp/job.ini
job '[a]' 'engine=simm'
wrong 2 '/tmp/job.ini:2:.*sim' xswiotlb run /tmp/job.ini
job '[a]' 'size=0'
wrong 2 '/tmp/job.ini:2:' xswiotlb run /tmp/job.ini
job '[a]' 'mask=65'
wrong 2 '/tmp/job.ini:2:' xswiotlb run /tmp/job.ini
job ''
wrong 2 /tmp/job.ini xswiotlb run /tmp/job.ini
wrong 2 --ops xswiotlb stress --ops=none
wrong 2 direct-4k xswiotlb bench direkt-4k
wrong 2 --rounds xswiotlb bench --rounds=9
wrong 2 --threads xswiotlb bench --threads=0
check "a job file is only parsed on request" xswiotlb run --parse-only /jobs/paths.ini
check "a flag needs no value" sh -c 'xswiotlb run --force_bounce --size=4k --showcmd | grep -q force_bounce=1'
wrong 2 --sg= xswiotlb run --sg= --size=4k
wrong 2 --size= xswiotlb run --size=
check "the module unloads" unload
wrong 3 /dev/xswiotlb xswiotlb info
wrong 3 /dev/xswiotlb xswiotlb bench
wrong 3 /dev/xswiotlb xswiotlb run /jobs/paths.ini
