# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=dash disable=SC2034,SC1091
# The guest's side of a test: init runs each script of /tests through run_case, and the script
# itself uses the helpers below. A script's exit code is its result: 0 pass, 1 fail, 3 skip,
# anything else an error of the test's surroundings.
#
# A script may say, in comments of its own:
#   # params: NAME=VALUE ...   parameters of the module (default: none)
#   # module: none             the script loads the module itself, or needs none
#   # vm: VM ...               guests that it is for (default: any)
#   # timeout: SECONDS         of guest time (default 300); three times that on KERNEL=debug

# Variables given with scripts/vm --set.
[ ! -e /env ] || . /env

say() { echo "# $*"; }

fail() { # fail TEXT: ends the script
	echo "$*" >/tmp/reason
	echo "FAIL: $*"
	exit 1
}

skip() { # skip TEXT: ends the script
	echo "$*" >/tmp/reason
	echo "SKIP: $*"
	exit 3
}

error() { # error TEXT: ends the script
	echo "$*" >/tmp/reason
	echo "ERROR: $*"
	exit 4
}

check() { # check TEXT COMMAND...: the command must succeed
	_what=$1
	shift
	"$@" || fail "$_what: '$*' gave exit code $?"
	say "ok: $_what"
}

ended() { ! kill -0 "$1" 2>/dev/null; }

ktap() { # ktap TEXT COMMAND...: as check, of a command that prints KTAP: what failed is told by name
	_what=$1
	shift
	mkfifo /tmp/pipe
	tee /tmp/ktap </tmp/pipe &
	{ "$@" || echo "# exit code $?"; } >/tmp/pipe
	# Whom it has left behind may have the pipe, too.
	within 20 ended $! || kill $!
	rm /tmp/pipe
	# Of what failed, and of what did not end: the names, and the line before each.
	_why=$(awk '/^not ok/ { sub(/^not ok [0-9]* /, ""); print $0 " (" last ");" }
		    /^# exit code/ { print substr($0, 3) }
		    { last = $0 }' /tmp/ktap)
	[ -z "$_why" ] || fail "$_what: '$*': $_why"
	grep -q '^1\.\.[1-9]' /tmp/ktap || fail "$_what: '$*' came to no end"
	say "ok: $_what"
}

refuse() { # refuse TEXT CODE COMMAND...: the command must end with that exit code
	_what=$1 _want=$2 _got=0
	shift 2
	"$@" || _got=$?
	[ "$_got" = "$_want" ] || fail "$_what: '$*' gave exit code $_got, not $_want"
	say "ok: $_what"
}

within() { # within SECONDS COMMAND: false if it does not succeed by then
	_left=$(($1 * 5))
	shift
	until "$@"; do
		[ $_left -gt 0 ] || return 1
		_left=$((_left - 1))
		sleep 0.2
	done
}

pool() { # pool KEY: a value of debugfs' pool file, empty if there is none
	sed -n "s/^$1: *//p" /sys/kernel/debug/xswiotlb/pool 2>/dev/null
}

load() { insmod /lib/xswiotlb.ko "$@"; }
loaded() { [ -d /sys/module/xswiotlb ]; }
# io_uring lets go of a file some time after the process has ended that had it open.
unload() {
	for _i in 1 2 3 4 5 6 7 8 9; do
		rmmod xswiotlb 2>/dev/null && return
		sleep 0.5
	done
	rmmod xswiotlb
}

port() { # port NAME: the device of a named virtio-serial port
	for _p in /sys/class/virtio-ports/*; do
		if [ "$(cat "$_p/name" 2>/dev/null)" = "xsw.$1" ]; then
			echo "/dev/${_p##*/}"
			return
		fi
	done
}

rc_of() {
	case $1 in PASS) echo 0 ;; FAIL) echo 1 ;; SKIP) echo 3 ;; *) echo 4 ;; esac
}

header() { sed -n "s/^# $2: *//p" "$1" | head -n 1; }

# Pages that are pinned now, of all there were; nothing else in the guest pins any.
pinned() { awk '$1 == "nr_foll_pin_acquired" { n += $2 } $1 == "nr_foll_pin_released" { n -= $2 } END { print n + 0 }' /proc/vmstat; }

PASSED='' CASES=0
run_case() { # run_case NAME SCRIPT: sets CASE to the result and reports it
	_rc=0 CASES=$((CASES + 1))
	_params="$(header "$2" params) $(cat /params 2>/dev/null)"
	_limit=$(header "$2" timeout)
	_limit=${_limit:-300}
	# Where every lock and every access is checked, all takes its time.
	[ ! -e /proc/lockdep ] || _limit=$((3 * _limit))
	: >/tmp/reason
	echo "xsw-case: begin $1" >/dev/kmsg
	echo "begin $1" >&3
	# shellcheck disable=SC2086 # one word a parameter
	if [ "$(header "$2" module)" != none ] && ! load $_params 2>/tmp/load; then
		CASE=ERROR _rc=4
		echo "xswiotlb.ko did not load with '$_params': $(cat /tmp/load)" >/tmp/reason
		cat /tmp/reason
	else
		# shellcheck disable=SC2016
		timeout "$_limit" sh -u -c '. /lib/xsw.sh; . "$0"' "$2" </dev/null || _rc=$?
		case $_rc in
		0) CASE=PASS ;;
		1) CASE=FAIL ;;
		3) CASE=SKIP ;;
		143)
			CASE=ERROR
			echo "no end within $_limit s of guest time" >/tmp/reason
			;;
		*) CASE=ERROR ;;
		esac
	fi
	# Whatever the script left running goes, so that files are closed; init is spared.
	kill -9 -1 2>/dev/null || true
	# Whatever the script did, the pool must be empty now and the module must unload.
	# A ring lets go of its buffers some time after its process has gone.
	_tries=0
	while [ "$(pinned)" != 0 ] && [ $_tries -lt 50 ]; do
		sleep 0.1
		_tries=$((_tries + 1))
	done
	if [ "$(pinned)" != 0 ]; then
		[ $CASE = ERROR ] || CASE=FAIL
		echo "$(pinned) pages are still pinned after the script" >>/tmp/reason
	fi
	if loaded; then
		_used=$(pool used_slots)
		if [ -n "$_used" ] && [ "$_used" != 0 ]; then
			[ $CASE = ERROR ] || CASE=FAIL
			echo "$_used slots of the pool are still used after the script" >>/tmp/reason
		fi
		if ! unload 2>/tmp/unload; then
			[ $CASE = ERROR ] || CASE=FAIL
			echo "xswiotlb does not unload after the script: $(cat /tmp/unload)" >>/tmp/reason
		fi
	fi
	[ $CASE != PASS ] || PASSED=y
	[ $CASE = PASS ] || [ $_rc -ne 0 ] || _rc=1
	echo "xsw-case: end $1 $CASE" >/dev/kmsg
	echo "case $1 $CASE $_rc $(tr '\n' ' ' </tmp/reason)" >&3
}
