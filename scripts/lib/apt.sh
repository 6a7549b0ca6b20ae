# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
# A private apt state for each set of SUITES, whatever release the machine runs: own lists,
# own cache, both architectures, no root, no dpkg.

# The machine's own mirror of Debian, as apt itself read it from its configuration.
# Third-party entries are told apart by the Origin of their index, or, before the
# first `apt-get update`, by where Debian's archives live on every mirror.
debian_mirror() { # debian_mirror debian|debian-security
	apt-get indextargets --format "\$(REPO_URI) \$(ORIGIN)" 'Created-By: Packages' |
		awk -v a="$1" 'NF == 2 && $2 != "Debian" { next }
			a == "debian-security" && $1 ~ /-security\/?$/ { print $1; exit }
			a == "debian" && $1 !~ /-security\/?$/ && ($2 == "Debian" || $1 ~ /\/debian\/?$/) { print $1; exit }'
}

apt_home() { echo "$CACHE/apt/${SUITES// /_}"; }

apt_private() { # apt_private COMMAND...: an apt command on the private state
	local home native
	home=$(apt_home)
	native=$(dpkg --print-architecture)
	"$1" -oAPT::Architecture="$native" -oAPT::Architectures::="$native" \
		-oAPT::Architectures::=amd64 -oAPT::Architectures::=arm64 \
		-oDir::State::Lists="$home/lists" -oDir::Cache="$home/cache" \
		-oDir::Etc::sourcelist="$home/sources.list" -oDir::Etc::sourceparts=/dev/null \
		-oDir::Etc::preferencesparts=/dev/null -oDir::Etc::preferences=/dev/null \
		-oDir::State::status=/dev/null -oAPT::Sandbox::User="$(id -un)" \
		-oAcquire::Retries=3 -oAcquire::http::Timeout=30 -oAcquire::Languages=none "${@:2}"
}

apt_private_update() {
	local home suite uri keyring=/usr/share/keyrings/debian-archive-keyring.gpg option=''
	home=$(apt_home)
	mkdir -p "$home/lists/partial" "$home/cache/archives/partial"
	[ -e $keyring ] && option="[signed-by=$keyring] "
	for suite in $SUITES; do
		case $suite in
		*-security) uri=$(debian_mirror debian-security) ;;
		*) uri=$(debian_mirror debian) ;;
		esac
		[ -z "$uri" ] || echo "deb $option$uri $suite main"
	done >"$home/sources.list"
	[ -s "$home/sources.list" ] || {
		note "apt's configuration names no mirror of Debian"
		return 1
	}
	note "asking Debian for the package lists of $SUITES"
	apt_private apt-get -qq update >"$home/update.log" 2>&1 && ! grep -q '^[EW]: Failed' "$home/update.log"
}
