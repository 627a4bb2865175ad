#!/bin/bash
# SPDX-License-Identifier: MIT
# The Debian package: tests/package.sh build|test
#   build   makes build/dsamove_VERSION_amd64.deb, and has lintian read it
#   test    installs it on a throw-away copy of this system, and uses it
# Prints ok, not ok and skipped lines; exit status 1 if any is not ok.
set -u
cd "$(dirname "$0")/.." || exit 2
version=$(sed -nE 's/^VERSION := (.*)$/\1/p' Makefile)
deb=build/dsamove_${version}_amd64.deb
failed=0

ok() {
	echo "ok $1"
}

not_ok() { # NAME WHY
	echo "not ok $1: $2"
	failed=1
}

# try NAME COMMAND...
try() {
	local name=$1 said
	shift
	if said=$("$@" 2>&1); then
		ok "$name"
	else
		not_ok "$name" "$(tail -n 3 <<<"$said" | tr '\n' ' ')"
	fi
}

# From CHANGELOG.md, so that there is one place to write.
debian_changelog() {
	local date
	date=$(sed -nE "s/^## $version (.*)$/\1/p" CHANGELOG.md)
	echo "dsamove ($version) unstable; urgency=medium"
	echo
	awk -v version="$version" '
		/^## / { on = $2 == version; next }
		on && /^- / { if (item) print item; item = substr($0, 3) }
		on && /^  / { item = item " " substr($0, 3) }
		END { print item }' CHANGELOG.md |
		while IFS= read -r item; do
			fold -s -w 74 <<<"$item" |
				sed 's/ *$//; 1s/^/  * /; 1!s/^/    /'
		done
	echo
	echo " -- $(sed -nE 's/^Maintainer: //p' debian/control)  $(LC_ALL=C \
		date -u -R -d "$date")"
}

build() {
	local tree=build/deb/dsamove-$version log=build/deb/log
	rm -rf build/deb "$deb"
	mkdir -p "$tree"
	# What git has or would have; without git, all but what was built.
	if git rev-parse --git-dir >/dev/null 2>&1; then
		git ls-files -co --exclude-standard -z |
			xargs -0 tar -cf - | tar -xf - -C "$tree"
	else
		tar -cf - --exclude=./build . | tar -xf - -C "$tree"
	fi
	debian_changelog >"$tree/debian/changelog"
	if ! (cd "$tree" && env -u MAKEFLAGS -u MAKELEVEL -u MFLAGS \
		dpkg-buildpackage -us -uc -b) >"$log" 2>&1; then
		tail -n 20 "$log"
		not_ok package-builds 'dpkg-buildpackage failed'
		return
	fi
	cp "build/deb/${deb##*/}" "$deb"
	ok package-builds
	# Warnings count; it belongs to nobody's archive, so no bug closes.
	try lintian lintian --fail-on error,warning \
		--suppress-tags initial-upload-closes-no-bugs \
		--allow-root "build/deb/dsamove_${version}_amd64.changes"
}

# Within an overlay over this very system, which nobody else sees.
in_overlay() { # COMMAND
	local dir
	dir=$(mktemp -d) || return
	# shellcheck disable=SC2016 # the inner shell expands that
	unshare --mount --pid --fork --propagation private bash -c '
		dir=$1 deb=$2 command=$3
		mount -t tmpfs none "$dir" && mkdir "$dir"/{up,work,root} &&
		mount -t overlay none -o "lowerdir=/,upperdir=$dir/up,workdir=$dir/work" "$dir/root" &&
		mount -t proc none "$dir/root/proc" &&
		mount --rbind /dev "$dir/root/dev" &&
		cp "$deb" "$dir/root/tmp/dsamove.deb" || exit 99
		exec chroot "$dir/root" bash -c "$command"
	' bash "$dir" "$deb" "$1"
	local rc=$?
	rmdir "$dir"
	return $rc
}

# shellcheck disable=SC2016 # the shell inside expands it
smoke='
set -e
export DEBIAN_FRONTEND=noninteractive LC_ALL=C
cd /tmp
dpkg -i dsamove.deb >/dev/null
dsamove --version
getent group dsa >/dev/null
for f in /usr/bin/dsamove /usr/lib/x86_64-linux-gnu/libdsapreload.so \
	/usr/share/dsamove/dsamove.conf.example \
	/usr/share/doc/dsamove/examples/dsamove.conf.example \
	/usr/share/bash-completion/completions/dsamove \
	/lib/systemd/system/dsamove-queues.service \
	/lib/udev/rules.d/60-dsamove.rules \
	/usr/share/man/man1/dsamove.1.gz /usr/share/man/man5/dsamove.conf.5.gz \
	/usr/share/man/man7/libdsapreload.so.7.gz; do
	[ -s "$f" ] || dpkg -S "$f" >/dev/null
done
dsamove check /usr/share/dsamove/dsamove.conf.example >/dev/null
dsamove run --device software --software-engines 0 --software-script ok \
	--mode poll --report-file /tmp/report -- \
	perl -e "my \$s = chr(65) x 9000000; my \$t = \$s; print length(\$t)"
grep -q "the stand-in moved" /tmp/report
LD_PRELOAD=libdsapreload.so DSAMOVE_DEVICE=none perl -e "print 1"
rc=0
dsamove doctor >/tmp/doctor || rc=$?
[ "$rc" -le 1 ] && grep -q "^Verdict: " /tmp/doctor
dpkg -r dsamove >/dev/null
[ ! -e /usr/bin/dsamove ]
echo
echo all of it'

smoke_test() {
	local said
	if [ "$(id -u)" -ne 0 ]; then
		echo 'skipped: package-installed: not root'
		return
	fi
	said=$(in_overlay "$smoke" 2>&1)
	case $?,$said in
	0,*'all of it') ok package-installed ;;
	99,*) echo "skipped: package-installed: no overlay: $said" ;;
	*) not_ok package-installed "$(tail -n 3 <<<"$said" | tr '\n' ' ')" ;;
	esac
}

case ${1-} in
build) build ;;
test) smoke_test ;;
*) echo "usage: tests/package.sh build|test" >&2 && exit 2 ;;
esac
exit $failed
