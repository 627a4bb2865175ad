#!/bin/sh
# SPDX-License-Identifier: MIT
# What the dynamic loader sees of libdsapreload.so: tests/contract/object.sh
# BUILD_DIR.  Exports, dependencies, hardening, thread-local storage.
set -u
export LC_ALL=C
so=$1/libdsapreload.so
map=preload/libdsapreload.map
tmp=$(mktemp -d) || exit 1
trap 'rm -rf "$tmp"' EXIT

# same NAME EXPECTED_FILE FOUND_FILE
same() {
	if cmp -s "$2" "$3"; then
		echo "ok $1"
	else
		# One line: what is too much (>) and what is missing (<).
		echo "not ok $1: $(diff "$2" "$3" | grep '^[<>]' |
			tr '\n' ' ')"
	fi
}

# The map's global names, without comments.
sed -e 's,/\*.*\*/,,' -e '/\/\*/,/\*\//d' "$map" | tr -d '\t\n' |
	sed -E 's/.*global: *(.*)local:.*/\1/' | tr ';' '\n' | tr -d ' ' |
	grep . | sort >"$tmp/want"
nm -D --defined-only "$so" | awk '{ print $3 }' | sort >"$tmp/have"
if [ "$(wc -l <"$tmp/want")" -ge 11 ]; then
	same 'exports are those of the map' "$tmp/want" "$tmp/have"
else
	echo "not ok exports are those of the map: no names found in $map"
fi

# A named version node would switch interposition off.
if nm -D --defined-only "$so" | grep -q '@'; then
	echo 'not ok exports carry no version: one does'
else
	echo 'ok exports carry no version'
fi

readelf -Wd "$so" >"$tmp/dynamic"
echo libc.so.6 >"$tmp/want"
sed -n 's/.*(NEEDED).*\[\(.*\)\]/\1/p' "$tmp/dynamic" >"$tmp/have"
same 'needs libc.so.6 alone' "$tmp/want" "$tmp/have"

# has NAME PATTERN FILE / lacks NAME PATTERN FILE
has() {
	if grep -qE "$2" "$3"; then
		echo "ok $1"
	else
		echo "not ok $1: not so (readelf does not show $2)"
	fi
}
lacks() {
	if grep -qE "$2" "$3"; then
		echo "not ok $1: $(grep -E "$2" "$3" | head -n 1)"
	else
		echo "ok $1"
	fi
}

readelf -Wl "$so" >"$tmp/segments"
readelf -Wrs "$so" >"$tmp/relocs"
lacks 'no text relocations' 'TEXTREL' "$tmp/dynamic"
has 'relocations are read-only after birth (RELRO)' 'GNU_RELRO' \
	"$tmp/segments"
has 'all is bound at birth (BIND_NOW)' 'FLAGS\).*BIND_NOW' "$tmp/dynamic"
has 'flag NOW' 'FLAGS_1.* NOW' "$tmp/dynamic"
has 'flag NODELETE' 'FLAGS_1.* NODELETE' "$tmp/dynamic"
has 'flag NODLOPEN' 'FLAGS_1.* NOOPEN' "$tmp/dynamic"
lacks 'no RPATH or RUNPATH' 'RPATH|RUNPATH' "$tmp/dynamic"
# NOOPEN is not INITFIRST: our dependencies' constructors come first.
lacks 'not INITFIRST' 'INITFIRST' "$tmp/dynamic"
has 'stack is not executable' 'GNU_STACK.* RW ' "$tmp/segments"
lacks 'no segment is writable and executable' 'LOAD .* RWE ' "$tmp/segments"
lacks 'no call of __tls_get_addr' '__tls_get_addr' "$tmp/relocs"
lacks 'no general-dynamic TLS' 'R_X86_64_(DTPMOD64|DTPOFF64|TLSDESC)' \
	"$tmp/relocs"

# Initial-exec TLS comes out of a small reserve that all libraries share.
size=$(awk '$1 == "TLS" { print $6 }' "$tmp/segments")
size=$((${size:-0}))
if [ "$size" -le 1024 ]; then
	echo "ok static TLS is small"
else
	echo "not ok static TLS is small: $size bytes"
fi

# inih allocates a line buffer, at birth: malloc is not among these.
nm -D --undefined-only "$so" | awk '{ print $2 }' | sed 's/@.*//' |
	sort -u >"$tmp/undefined"
for s in abort exit _exit quick_exit __assert_fail raise kill printf puts \
	fprintf __fprintf_chk __printf_chk vprintf perror psignal fopen \
	stdout stderr getenv; do
	grep -x "$s" "$tmp/undefined"
done >"$tmp/forbidden"
if [ -s "$tmp/forbidden" ]; then
	echo "not ok imports nothing that ends or prints:" \
		"$(tr '\n' ' ' <"$tmp/forbidden")"
else
	echo 'ok imports nothing that ends or prints'
fi
