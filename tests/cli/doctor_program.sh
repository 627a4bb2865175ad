#!/bin/bash
# SPDX-License-Identifier: MIT
# dsamove doctor -- PROGRAM: tests/cli/doctor_program.sh BUILD_DIR
. tests/lib.sh "$1"

# The device is a stand-in, so what the program says is the verdict.
export DSAMOVE_DEVICE=software DSAMOVE_SOFTWARE_ENGINES=0
export DSAMOVE_SOFTWARE_SCRIPT=ok

# judges NAME STATUS TEXT PROGRAM...
judges() {
	run "$dsamove" doctor -- "${@:4}"
	is "$1-status" "$2" "$status"
	like "$1" "$3" "$(grep -E '^(ok|note|warning|OBSTACLE) +program ' \
		<<<"$stdout")"
}

# A machine without a DSA has that as its first obstacle.
served=0
first=$("$dsamove" doctor | grep '^OBSTACLE' | grep -vc ' kernel ')
is stand-in 0 "$first"

compile() { # NAME SOURCE OPTIONS...
	gcc -O2 -fno-builtin -o "$tmp/$1" -x c - -x none "${@:3}" <<<"$2" \
		2>/dev/null
}
copies='#include <string.h>
char a[9], b[9];
int main(int n, char **v) { (void)v; memcpy(a, b, n); return 0; }'
compile copies "$copies"
compile static "$copies" -static
compile inlined 'int main(void) { return 0; }'
compile own '#include <stddef.h>
void *memset(void *s, int c, size_t n)
{ char *p = s; while (n--) *p++ = c; return s; }
void *memcpy(void *, const void *, size_t);
char a[9], b[9];
int main(int n, char **v) { (void)v; memcpy(a, b, n); return 0; }' -rdynamic
printf '#!/usr/bin/env -S python3 -I\n' >"$tmp/script"
printf 'not a program\n' >"$tmp/text"
chmod 755 "$tmp/script" "$tmp/text"

judges copies $served 'imports memcpy; of its [0-9]+ libraries' "$tmp/copies"
judges static 1 'statically linked' "$tmp/static"
judges inlined 1 'neither it nor any of its libraries' "$tmp/inlined"
judges own $served 'defines functions of these names itself' "$tmp/own"
judges script $served "script is a script of /usr/bin/python3" "$tmp/script"
judges text 1 'no program that Linux runs by itself' "$tmp/text"
judges missing 1 'was not found' no-such-program
judges not-executable 1 'was not found, or can.t be run' /etc/passwd
judges library-imports $served 'libraries [1-9][0-9]* import' python3
judges arguments $served 'imports' "$tmp/copies" --json --help
DSAMOVE_PROGRAMS='!copies' judges left-out 1 'the setting programs' \
	"$tmp/copies"
jemalloc=$(find /usr/lib/x86_64-linux-gnu -name 'libjemalloc.so.2')
compile allocator "$copies" -Wl,--no-as-needed "$jemalloc"
judges allocator $served 'memory is from libjemalloc' "$tmp/allocator"
if compile sanitized "$copies" -fsanitize=address; then
	judges sanitizer $served 'built with a sanitizer' "$tmp/sanitized"
else
	skip sanitizer 'no libasan'
fi
if compile narrow 'int main(void) { return 0; }' -m32; then
	judges 32-bit 1 'not for x86-64' "$tmp/narrow"
else
	# The class and machine of an ELF header are enough.
	cp "$tmp/copies" "$tmp/narrow"
	printf '\xb7\0' | dd of="$tmp/narrow" bs=1 seek=18 conv=notrunc \
		2>/dev/null
	judges other-machine 1 'not for x86-64' "$tmp/narrow"
fi

if [ "$(id -u)" -eq 0 ]; then
	cp "$tmp/copies" "$tmp/setuid"
	chown 1 "$tmp/setuid"
	chmod 4755 "$tmp/setuid"
	judges setuid 1 'setuid, setgid or has capabilities' "$tmp/setuid"
	# To its owner it is a program as any other.
	chmod 755 "$tmp"
	run setpriv --reuid=1 --regid=1 --clear-groups env TMPDIR=/tmp \
		DSAMOVE_CONF= "$dsamove" doctor -- "$tmp/setuid"
	is setuid-owner 0 "$(grep -c '^OBSTACLE *program' <<<"$stdout")"
else
	skip setuid 'needs to give a file to another user'
fi
