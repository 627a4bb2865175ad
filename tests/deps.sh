#!/bin/sh
# SPDX-License-Identifier: MIT
# Installs the Debian packages that are missing:
# tests/deps.sh build|programs|lint|package|bench
set -eu
case ${1-} in
build) want="gcc g++ make git libc6-dev linux-libc-dev check libinih-dev
	libaccel-config-dev uuid-dev accel-config pkg-config libunwind-dev libfuse3-dev fuse3
	libjson-c-dev libelf-dev gnuplot-nox man-db bsdextrautils util-linux python3 sqlite3 gzip zstd lz4 binutils strace
	libunwind8 libsqlite3-dev zlib1g-dev libjemalloc2 libtcmalloc-minimal4 luajit
	redis-server ffmpeg python3-jsonschema chromium systemtap-sdt-dev
	xz-utils libpython3.11-testsuite" ;;
programs) want="curl default-jdk-headless ffmpeg gdb imagemagick libgoogle-perftools4
	libjemalloc2 libmimalloc2.0 libpython3.11-testsuite libtcmalloc-minimal4
	memcached nginx nodejs openssl perl postgresql redis-server sqlite3
	strace stress-ng valgrind xz-utils zstd" ;;
lint) want="clang-14 clang libclang-rt-14-dev valgrind clang-format-14 clang-tidy-14 cppcheck shellcheck" ;;
package) want="build-essential debhelper lintian fakeroot libaccel-config-dev libelf-dev libinih-dev
	libjson-c-dev libunwind-dev pkg-config systemtap-sdt-dev uuid-dev" ;;
bench) want="gnuplot-nox fonts-dejavu-core" ;;
*) echo "usage: tests/deps.sh build|programs|lint|package|bench" >&2 && exit 2 ;;
esac
missing=
for p in $want; do
	dpkg-query -W -f '${Status}\n' "$p" 2>/dev/null |
		grep -q '^install ok installed' || missing="$missing $p"
done
if [ -z "$missing" ]; then
	echo "deps: everything is installed"
	exit 0
fi
as_root=
if [ "$(id -u)" -ne 0 ]; then
	if ! command -v sudo >/dev/null; then
		echo "deps: missing:$missing; install them as root" >&2
		exit 1
	fi
	as_root=sudo
fi
echo "deps: installing$missing"
# shellcheck disable=SC2086 # lists of words
$as_root apt-get update -qq
# shellcheck disable=SC2086
$as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq \
	--no-install-recommends $missing >/dev/null
echo "deps: done"
