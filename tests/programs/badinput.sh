#!/bin/bash
# SPDX-License-Identifier: MIT
# Bad settings and a hostile environment: the program's output and exit
# status are those of a plain run, and one clear line says what is wrong.
. tests/lib.sh "$1"
cd "$tmp" || exit 2
mkdir files
conf=$tmp/my.conf
off='; nothing is offloaded'

run "$guests/calls"
plain="$status $stdout"

# bad NAME REGEX [KEY=VALUE...]: same program, and that one line on stderr.
bad() {
	local name=$1 line=$2
	shift 2
	run with device=software software_engines=0 "$@" "$guests/calls"
	if [ "$status $stdout" != "$plain" ]; then
		not_ok "$name" "the program differs: $status $stdout"
	elif ! [[ $stderr =~ ^dsamove:\ $line$ ]]; then
		not_ok "$name" "stderr: $stderr"
	else
		ok "$name"
	fi
}

# in_file NAME REGEX TEXT: as bad, for a line of a configuration file.
in_file() {
	printf '%s\n' '# a comment' "$3" >"$conf"
	bad "$1" "$conf:$2$off" conf="$conf"
}

# ---- keys and values ----

example='dsamove.conf.example lists'
in_file 'file: unknown key' "2: colour: unknown key, expected one that $example" \
	'colour = red'
bad 'environment: unknown key' \
	"environment: DSAMOVE_COLOUR: unknown key, expected one that $example, in capitals$off" \
	colour=red
sizes='expected a size from 1 to 1024G such as 32768, 32K or 1M, or auto'
in_file 'file: bad size' "2: min_bytes: '64Q' is not a size, $sizes" \
	'min_bytes = 64Q'
bad 'environment: bad size' \
	"environment: DSAMOVE_MIN_BYTES: '64Q' is not a size, $sizes$off" \
	min_bytes=64Q
for size in '' -1 1.5M 0x100 32KB K 99999999999999999999999 '32 K'; do
	bad "environment: bad size '$size'" \
		"environment: DSAMOVE_MIN_BYTES: '$size' is not a size, $sizes$off" \
		min_bytes="$size"
done
in_file 'file: size out of range' \
	"2: min_bytes: 2000G is out of range, $sizes" 'min_bytes = 2000G'
bad 'environment: size out of range' \
	"environment: DSAMOVE_MEMSET_MIN_BYTES: 0 is out of range, $sizes$off" \
	memset_min_bytes=0
bad 'environment: number out of range' \
	"environment: DSAMOVE_VERIFY: 101 is out of range, expected a whole number from 0 to 100$off" \
	verify=101
bad 'environment: not a number' \
	"environment: DSAMOVE_VERIFY: 'all' is not a number, expected a whole number from 0 to 100$off" \
	verify=all
bad 'environment: unknown choice' \
	"environment: DSAMOVE_DEVICE: 'gpu' is not known, expected one of auto, dsa, software, none$off" \
	device=gpu
bad 'environment: unknown function' \
	"environment: DSAMOVE_OPS: 'strcpy' is not known, expected some of memcpy, memmove, memset.*$off" \
	ops=memcpy,strcpy
in_file 'file: no key' '2: not understood, expected KEY = VALUE' 'min_bytes'
in_file 'file: a section' '2: begins a section, expected none' \
	$'[queues]\nmin_bytes = 1K'
in_file 'file: a key twice' \
	'3: min_bytes: given again, expected once \(first in line 2\)' \
	$'min_bytes = 1K\nmin_bytes = 2K'
bad 'environment: a script that makes no sense' \
	"environment: DSAMOVE_SOFTWARE_SCRIPT: 'explode' is not a step, expected ok, busy, .*" \
	software_script=ok,explode

# ---- the file itself ----

bad 'file: missing' "$tmp/none/my.conf: No such file or directory$off" \
	conf="$tmp/none/my.conf"
bad 'file: a directory' "$tmp/files: not a regular file, expected one$off" \
	conf="$tmp/files"
bad 'file: a device' "/dev/zero: not a regular file, expected one$off" \
	conf=/dev/zero
mkfifo fifo
bad 'file: a FIFO that nobody writes to' \
	"$tmp/fifo: not a regular file, expected one$off" conf="$tmp/fifo"
echo 'min_bytes = 1K' >"$conf"
chmod 0 "$conf"
if [ "$(id -u)" -eq 0 ]; then
	skip 'file: unreadable' 'root reads every file'
else
	bad 'file: unreadable' "$conf: Permission denied$off" conf="$conf"
fi
chmod 666 "$conf"
bad 'file: others can write' \
	"$conf: expected a file that belongs to root or this user and that others can't write$off" \
	conf="$conf"
chmod 644 "$conf"
yes 'min_bytes = 1K' | head -c 10485760 >"$conf"
bad 'file: 10 MB' "$conf: larger than 1M, expected settings$off" conf="$conf"
python3 -I -S -c 'import sys
sys.stdout.buffer.write(bytes(range(256)) * 300)' >"$conf"
bad 'file: binary garbage' "$conf:1: .+$off" conf="$conf"
head -c 100000 /dev/zero >"$conf"
bad 'file: zeroes' "$conf:1: .+$off" conf="$conf"
printf 'min_bytes = 1K\n\nqueues = %0500d\n' 0 >"$conf"
bad 'file: a line over the limit' \
	"$conf:3: the line has 509 bytes, expected at most [0-9]+$off" \
	conf="$conf"
bad 'file: its name is too long' \
	"environment: DSAMOVE_CONF: is too long, expected at most [0-9]+ bytes$off" \
	conf="/$(printf '%0600d' 0)"
printf '# made elsewhere\r\n\r\nmin_bytes = 5K\r\nstats = exit\r\n' >"$conf"
run with device=software software_engines=0 conf="$conf" report_format=json \
	"$guests/calls"
is 'file: CRLF works: the program' "$plain" "$status $stdout"
like 'file: CRLF works: the setting' '"min_bytes":5120,' "$stderr"
printf '\xef\xbb\xbfmin_bytes = 6K' >"$conf"
run with device=software software_engines=0 conf="$conf" report_format=json \
	"$guests/calls"
is 'file: byte-order mark, no newline: the program' "$plain" "$status $stdout"
like 'file: byte-order mark, no newline: the setting' '"min_bytes":6144,' \
	"$stderr"

# ---- queues ----

nowhere=
[ -d /sys/bus/dsa/devices ] || nowhere=1
for device in dsa auto; do
	bad "a queue's name that is none, device=$device" \
		"environment: DSAMOVE_QUEUES: 'best' is not a work queue's name, expected names such as wq0.0.*" \
		device=$device queues=best
	bad "a queue that does not exist, device=$device" \
		"environment: DSAMOVE_QUEUES: wq99.7 not found, expected .*" \
		device=$device queues=wq99.7
done
if [ -n "$nowhere" ]; then
	bad 'device=dsa without one' \
		"no DSA work queue was found[,;] nothing is offloaded" device=dsa
	run with "$guests/calls"
	is 'device=auto without one: says nothing' "$plain " \
		"$status $stdout $stderr"
else
	skip 'device=dsa without one' 'this machine has one'
	skip 'device=auto without one' 'this machine has one'
fi

# ---- report_file ----

is_root=
[ "$(id -u)" -ne 0 ] || is_root=1
mkdir closed
chmod 555 closed
echo untouched >mine
ln -s mine link
ln -s nowhere dangling
# Where it can't be written the first line says so, and the report follows.
told() { # NAME WHERE REASON
	run with device=software software_engines=0 report_file="$2" \
		"$guests/calls"
	if [ "$status $stdout" != "$plain" ]; then
		not_ok "$1" "the program differs: $status $stdout"
	elif [ "$(grep -cE "^dsamove: .*(DSAMOVE_REPORT_FILE|report_file): .*$3" \
		<<<"$stderr")" -lt 1 ]; then
		not_ok "$1" "nothing says '$3': $(head -n 3 <<<"$stderr")"
	elif [ "$(grep -c '^dsamove: calls (pid ' <<<"$stderr")" -ne 1 ]; then
		not_ok "$1" "no report: $(head -n 3 <<<"$stderr")"
	elif [ "$(grep -c '^dsamove:' <<<"$stderr")" -ne 2 ]; then
		not_ok "$1" "more than one line: $(grep '^dsamove:' <<<"$stderr")"
	else
		ok "$1"
	fi
}
told 'report_file: directory is missing' "$tmp/none/report" \
	'No such file or directory'
told 'report_file: is a directory' "$tmp/files" 'Is a directory'
told 'report_file: is a symbolic link' "$tmp/link" \
	'Too many levels of symbolic links'
told 'report_file: is a dangling link' "$tmp/dangling" \
	'Too many levels of symbolic links'
told 'report_file: is a FIFO without a reader' "$tmp/fifo" \
	'No such device or address'
run with device=software software_engines=0 report_file=/dev/full \
	"$guests/calls"
is 'report_file: disk is full: the program' "$plain" "$status $stdout"
is 'report_file: disk is full: one line' \
	'dsamove: report_file: /dev/full: could not be written to the end' \
	"$stderr"
is "report_file: what a link points to is untouched" untouched "$(<mine)"
is 'report_file: a dangling link makes no file' '' "$(ls nowhere 2>/dev/null)"
if [ -n "$is_root" ]; then
	skip 'report_file: directory is not writable' 'root writes everywhere'
else
	told 'report_file: directory is not writable' "$tmp/closed/report" \
		'Permission denied'
fi
bad 'log_file in a missing directory: on stderr instead' \
	"environment: DSAMOVE_SOFTWARE_SCRIPT: 'explode' is not a step, .*" \
	log_file="$tmp/none/log" software_script=explode

# ---- standard error that is closed, gone, or someone else's ----

run with device=software "$guests/calls" 2>&-
(with device=software "$guests/calls" 2>&- >closed.out </dev/null)
is 'closed stderr: the program' "$plain" "$? $(<closed.out)"
(with min_bytes=64Q "$guests/calls" 2>&- >closed.out </dev/null)
is 'closed stderr, bad setting: the program' "$plain" "$? $(<closed.out)"
for how in closed replaced reused gone; do
	rm -f host
	if [ $how = closed ]; then
		(with device=software "$guests/stderrs" $how host \
			2>&- >how.out </dev/null)
	else
		with device=software "$guests/stderrs" $how host \
			2>how.err >how.out </dev/null
	fi
	is "stderr $how: the program" '9 done' "$? $(<how.out)"
	want=mine
	[ $how = gone ] && want=
	is "stderr $how: the host's file is its own" "$want" "$(<host)"
done

# ---- limits too small to start ----

# limited NAME LIMIT VALUE REGEX [KEY=VALUE...]: under ulimit, plain and with
# us.  Nothing else may start there, so no `with`.
limited() {
	local name=$1 limit=$2 value=$3 line=$4
	shift 4
	(ulimit "$limit" "$value" && exec "$guests/calls") \
		>limit.out 2>limit.err </dev/null
	if [ "$? $(<limit.out)" != "$plain" ]; then
		skip "$name" "the program itself can't start so"
		return
	fi
	(ulimit "$limit" "$value" && exec env "$@" LD_PRELOAD="$so" \
		"$guests/calls") >limit.out 2>limit.err </dev/null
	is "$name: the program" "$plain" "$? $(<limit.out)"
	like "$name: one line" "^dsamove: $line" "$(<limit.err)"
	is "$name: one line only" 1 "$(grep -c '^dsamove:' limit.err)"
}
# Enough for the program, too little for what we keep of each thread.
limited 'RLIMIT_AS too small' -v 16384 \
	'.*: Cannot allocate memory; nothing is offloaded$' \
	DSAMOVE_DEVICE=software DSAMOVE_SOFTWARE_ENGINES=0
limited 'RLIMIT_AS too small, engines' -v 16384 \
	'.*: Cannot allocate memory; nothing is offloaded' \
	DSAMOVE_DEVICE=software DSAMOVE_SOFTWARE_ENGINES=8
# The loader itself needs one file to load us.
limited 'RLIMIT_NOFILE leaves one' -n 4 'calls \(pid' DSAMOVE_DEVICE=software
limited 'RLIMIT_NOFILE leaves one, a file of settings' -n 4 'calls \(pid' \
	DSAMOVE_DEVICE=software DSAMOVE_CONF="$tmp/fixed.conf"
(ulimit -n 3 && exec env DSAMOVE_DEVICE=software LD_PRELOAD="$so" \
	"$guests/calls") >limit.out 2>limit.err </dev/null
like 'RLIMIT_NOFILE leaves none: the loader says so' \
	'libdsapreload.so.*cannot|shared libraries' "$(<limit.err)"
if [ -n "$is_root" ]; then
	skip 'RLIMIT_NPROC' 'root is not bound by it'
else
	limited 'RLIMIT_NPROC leaves none' -u 1 \
		'software_engines: .*; nothing is offloaded' \
		DSAMOVE_DEVICE=software
fi

# ---- libraries that are not there ----

cat >nolib.c <<'END'
#define _GNU_SOURCE
#include <dlfcn.h>
#include <string.h>

void *dlopen(const char *name, int flags)
{
	void *(*next)(const char *, int);

	if (name && (strstr(name, "libaccel-config") || strstr(name, "libunwind")))
		return NULL;
	*(void **)&next = dlsym(RTLD_NEXT, "dlopen");
	return next(name, flags);
}
END
gcc -shared -fPIC -O2 -o nolib.so nolib.c
for device in software auto dsa; do
	run env DSAMOVE_DEVICE=$device LD_PRELOAD="$tmp/nolib.so $so" \
		"$guests/calls"
	is "libaccel-config and libunwind absent, device=$device" "$plain" \
		"$status $stdout"
done
if [ -n "$nowhere" ]; then
	like 'libaccel-config absent, device=dsa: one line' \
		'^dsamove: no DSA work queue was found[,;] nothing is offloaded$' \
		"$stderr"
	is 'libaccel-config absent, device=dsa: one line only' 1 \
		"$(wc -l <<<"$stderr")"
fi

# A preload that does not exist is the loader's business, not ours: it says
# so, and runs the program.
run env LD_PRELOAD="$tmp/none.so" "$guests/calls"
is 'a library that is missing: the program runs' "$plain" "$status $stdout"
