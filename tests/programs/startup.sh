#!/bin/bash
# SPDX-License-Identifier: MIT
# What it costs a program to have us loaded on a machine without a DSA: two
# system calls, and no library but our own.
. tests/lib.sh "$1"
cd "$tmp" || exit 2
what='birth without a DSA'
if ! command -v strace >/dev/null; then
	skip "$what" 'strace is not installed'
	exit 0
elif [ -d /sys/bus/dsa/devices ]; then
	skip "$what" 'this machine has a DSA'
	exit 0
elif [ -e /etc/dsamove.conf ]; then
	skip "$what" 'this machine has an /etc/dsamove.conf'
	exit 0
elif ! strace -o probe true 2>/dev/null; then
	skip "$what" 'strace may not trace here'
	exit 0
fi
unset DSAMOVE_CONF

# A library that does nothing, to tell the loader's calls from ours.
echo 'int nothing_at_all;' |
	gcc -shared -fPIC -o nothing.so -x c - -Wl,-z,relro,-z,now

# names FILE: system calls, without addresses and numbers.
names() {
	sed -E 's/^([a-z0-9_]+)\(.*/\1/; /^\+\+\+/d' "$1"
}


strace -o ours.strace env LD_PRELOAD="$so" true
# env and true: each has its own start.
grep -E 'dsamove.conf|/sys/bus/dsa' ours.strace | sed 's/^[^"]*"//; s/".*//' |
	sort | uniq -c | sed 's/^ *//' >seen
is "$what: looks for settings and for a bus" \
	'1 /etc/dsamove.conf 1 /sys/bus/dsa/devices' "$(tr '\n' ' ' <seen |
		sed 's/ $//')"

strace -o none.strace -E LD_PRELOAD="$tmp/nothing.so" "$guests/fortified" \
	>/dev/null
strace -o ours.strace -E LD_PRELOAD="$so" "$guests/fortified" >/dev/null
names none.strace | sort | uniq -c >none.count
names ours.strace | sort | uniq -c >ours.count
# Mapping and protecting our own segments is the loader's work, and depends
# on their number.
loader='^ *[0-9]+ (mmap|mprotect|munmap|pread64|read|fstat|newfstatat|close|brk)$'
grep -vE "$loader" none.count >none.rest
grep -vE "$loader" ours.count >ours.rest
extra=$(awk 'NR == FNR { n[$2] = $1; next }
	{ for (i = n[$2]; i < $1; i++) printf "%s ", $2 }' none.rest ours.rest)
is "$what: two system calls more than an empty library" 'access openat ' "$extra"
opened=$(grep -c '^openat.* = [0-9]' ours.strace)
is "$what: opens no file more than an empty library" \
	"$(grep -c '^openat.* = [0-9]' none.strace)" "$opened"
for f in read close fstat; do
	is "$what: $f as often as with an empty library" \
		"$(names none.strace | grep -c "^$f\$")" \
		"$(names ours.strace | grep -c "^$f\$")"
done
is "$what: no thread" '' "$(grep -E '^(clone|clone3|futex)' ours.strace)"
is "$what: no dlopen" '' "$(grep -E 'accel-config|libunwind' ours.strace)"
