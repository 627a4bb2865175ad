#!/bin/bash
# SPDX-License-Identifier: MIT
# make dist: the same archive whoever makes it: tests/cli/dist.sh BUILD_DIR
. tests/lib.sh "$1"

if ! git -c safe.directory='*' rev-parse HEAD >/dev/null 2>&1; then
	skip dist 'not a git tree'
	exit 0
fi
export GIT_CONFIG_COUNT=1 GIT_CONFIG_KEY_0=safe.directory
export GIT_CONFIG_VALUE_0='*'
dist() { # DIRECTORY: an archive made there
	git clone -q . "$1" 2>/dev/null
	(cd "$1" && env -u MAKEFLAGS -u MAKELEVEL -u MFLAGS make -s dist) ||
		return
	find "$1/build" -name '*.tar.gz'
}
umask 077
a=$(TZ=Asia/Tokyo dist "$tmp/one")
umask 022
b=$(LC_ALL=C.UTF-8 dist "$tmp/two")
version=$(sed -nE 's/^VERSION := (.*)$/\1/p' Makefile)
is name "dsamove-$version.tar.gz" "${a##*/}"
is reproducible "$(sha256sum <"$a")" "$(sha256sum <"$b")"
is whole "$(git ls-tree -r --name-only HEAD | sort)" "$(tar -tzf "$a" |
	sed "s|^dsamove-$version/||; /\/\$/d; /^\$/d" | sort)"
tar -xzf "$a" -C "$tmp"
run env -u MAKEFLAGS -u MAKELEVEL -u MFLAGS \
	make -n -C "$tmp/dsamove-$version" all
is makes 0 "$status"
