#!/bin/bash
# SPDX-License-Identifier: MIT
# dsamove report, on live statistics of programs that run, were killed, left
# by _exit, forked, or have no room: what it says, and that they don't suffer.
. tests/lib.sh "$1"
check_report=$PWD/tests/check_report.py
live=$(mktemp -d /dev/shm/dsamove-test.XXXXXX) || exit 2
trap 'rm -rf "$tmp" "$live"' EXIT
if [ "$(stat -f -c %T /dev/shm)" != tmpfs ]; then
	skip report '/dev/shm is no tmpfs'
	exit 0
fi
export XDG_RUNTIME_DIR=$live
cd "$tmp" || exit 2

files() { # how many there are
	find "$live" -type f | wc -l
}

# In python: copy N times MiB; tell our pid, and what to do is in $end.
cat >"$tmp/copier.py" <<'END'
import os, signal, subprocess, sys
def copy(n):
    source = bytes(1 << 20)
    for _ in range(n):
        bytearray(source)
def report(*args):
    env = {k: v for k, v in os.environ.items() if k != 'LD_PRELOAD'}
    return subprocess.run([os.environ['dsamove'], 'report', *args], env=env,
                          capture_output=True, text=True)
copy(20)
open('pid', 'w').write(str(os.getpid()))
exec(sys.argv[1])
END
export dsamove
copier() { # KEY=VALUE... WHAT: what follows the copies
	run with device=software software_engines=0 "${@:1:$#-1}" \
		/usr/bin/python3 -I -S "$tmp/copier.py" "${@: -1}"
	pid=$(<"$tmp/pid")
}

# ---- ended without a report ----

copier 'os.kill(os.getpid(), signal.SIGKILL)'
is 'killed: said nothing' '137 ' "$status $stderr"
is 'killed: its file is there' 1 "$(files)"
is 'killed: for its user alone' 600 "$(stat -c %a "$live"/dsamove/*)"
run "$dsamove" report "$pid"
is 'killed: status' 0 "$status"
like 'killed: the report' \
	"^dsamove: python3 \\(pid $pid, ended without a report\\): [0-9]+ big" \
	"$stdout"
is 'killed: at most 100 columns' '' "$(awk 'length($0) > 100' <<<"$stdout")"
run "$dsamove" report --json "$pid"
calls=$(python3 -I -S "$check_report" run.stdout)
is 'killed: JSON adds up' SUM "${calls%% *}"
like 'killed: JSON says so' '"life":"lost"' "$stdout"
run "$dsamove" report "$live"/dsamove/*
like 'killed: report FILE' "pid $pid, ended without" "$stdout"
rm "$live"/dsamove/*

copier 'os._exit(7)'
is '_exit: said nothing' '7 ' "$status $stderr"
run "$dsamove" report "$pid"
like '_exit: the report' "pid $pid, ended without a report" "$stdout"
rm "$live"/dsamove/*

# ---- while it runs ----

# What it says then is what it says at exit, but for times and advice on them.
same() {
	grep -vE '^ +(Time|the CPU alone|to |Advice|taken|[0-9]+ threads?)' |
		sed -E 's/, still running//'
}
copier 'copy(1); print(report(str(os.getpid())).stdout)'
is 'running: its file is gone at exit' 0 "$(files)"
like 'running: says so' "pid $pid, still running" "$stdout"
figures=$(same <<<"$stderr" | sed -n '/THREAD/,/^  Time/p')
like 'running: there are figures' 'python3 +memcpy +[0-9]+' "$figures"
is 'running: the figures are those of its exit' "$figures" \
	"$(same <<<"$stdout" | sed -n '/THREAD/,/^  Time/p')"
copier report_format=json \
	'open("now.json", "w").write(report("--json", str(os.getpid())).stdout)'
like 'running: JSON says so' '"life":"running"' "$(<now.json)"
now=$(python3 -I -S "$check_report" now.json)
is 'running: JSON adds up, as at exit' \
	"$(python3 -I -S "$check_report" run.stderr)" "$now"

# ---- fork and exec ----

copier 'c = os.fork()
if not c:
    copy(8); os._exit(0)
os.waitpid(c, 0)
open("child", "w").write(str(c))
x = os.fork()
if not x: os._exit(0)
os.waitpid(x, 0)'
parent=$stderr
is 'fork: the child that copied has a file' 1 "$(files)"
run "$dsamove" report --json "$(<child)"
# One copy made the child ready, seven are the device's.
child=$(python3 -c 'import json, sys
r = json.load(sys.stdin)
print(r["calls"], r["cpu_reasons"]["forked"]["calls"] < r["calls"])' \
	<<<"$stdout")
like 'fork: the child tells of its own copies' '^([89]|1[0-9]) True' "$child"
copier ''
is 'fork: the parent tells of its own' \
	"$(grep -oE '[0-9]+ big copies' <<<"$stderr")" \
	"$(grep -oE '[0-9]+ big copies' <<<"$parent")"
rm -f "$live"/dsamove/*

copier 'os.execv("/usr/bin/env", ["env", "true"])'
is 'exec: the next program removes the file' '0 0' "$status $(files)"
copier 'os.environ["DSAMOVE_DEVICE"] = "none"
os.execv("/usr/bin/sleep", ["sleep", "5"])' &
until grep -q sleep "/proc/$(cat pid 2>/dev/null)/comm" 2>/dev/null; do
	sleep 0.1
done
like 'exec: of a program without us, what was before' \
	'ended without a report' "$("$dsamove" report "$(<pid)")"
wait
rm -f "$live"/dsamove/*

# ---- no file ----

copier live_stats=off 'print(len(os.listdir(os.environ["XDG_RUNTIME_DIR"]
	+ "/dsamove")))'
is 'live_stats=off: none' 0 "$stdout"
copier stats=off 'print(len(os.listdir(os.environ["XDG_RUNTIME_DIR"]
	+ "/dsamove")))'
is 'stats=off: none' 0 "$stdout"
run with device=auto /usr/bin/python3 -I -S -c 'import os
print(len(os.listdir(os.environ["XDG_RUNTIME_DIR"] + "/dsamove")))'
[ -d /sys/bus/dsa/devices ] || is 'no device: none' 0 "$stdout"
run "$dsamove" report "$pid"
is 'no such process: status' 1 "$status"
like 'no such process: says so' 'no live statistics' "$stderr"
run "$dsamove" report
is 'no argument: status' 2 "$status"
run "$dsamove" report "$so"
is 'another file: status' 1 "$status"
XDG_RUNTIME_DIR=/nonexistent copier log=info 'copy(1)'
like 'no directory: log=info says why' \
	'no live statistics: .*, expected a directory' "$stderr"
like 'no directory: the report at exit' 'big copies' "$stderr"

# ---- guests that leave no room ----

(
	ulimit -f 1000
	copier 'copy(5); open("big", "wb").write(bytes(900000)); print("done")'
	is 'RLIMIT_FSIZE: no signal' '0 done' "$status $stdout"
)
copier 'import ctypes
print(ctypes.CDLL(None).mlockall(3)); copy(30)
m = ctypes.create_string_buffer(1 << 20); print(len(m.raw))'
is 'mlockall: goes on' "$(printf '0\n1048576')" "$stdout"

# A tmpfs of so many KiB: none for a file, for its head, for one thread.
cat >threads.py <<'END'
import sys, threading
def work():
    source = bytes(1 << 20)
    for _ in range(50): assert bytearray(source) == source
t = [threading.Thread(target=work) for _ in range(8)]
for x in t: x.start()
for x in t: x.join()
print("right")
sys.stdout.flush()
if len(sys.argv) > 1:
    import os; os._exit(0)
END
may_mount() {
	unshare -rm mount -t tmpfs -o size=8k none "$live" 2>/dev/null
}
for size in 8 40 64; do
	if ! may_mount; then
		skip "full tmpfs, $size KiB" 'may not mount here'
		continue
	fi
	# shellcheck disable=SC2016 # the inner shell expands that
	run unshare -rm bash -c 'mount -t tmpfs -o size=$1k,mode=700 none "$2"
		shift 2; env LD_PRELOAD="$1" "${@:3}"; s=$?
		if [ -n "$2" ]; then
			"$dsamove" report "$XDG_RUNTIME_DIR"/dsamove/* >&2
		fi
		exit $s' - "$size" "$live" "$so" "" env DSAMOVE_DEVICE=software \
		DSAMOVE_SOFTWARE_ENGINES=0 /usr/bin/python3 -I -S threads.py
	is "full tmpfs, $size KiB: no signal" '0 right' "$status $stdout"
	like "full tmpfs, $size KiB: the report at exit" \
		'4[0-9][0-9] big copies|[56][0-9][0-9] big copies' "$stderr"
done
if may_mount; then
	# shellcheck disable=SC2016
	run unshare -rm bash -c 'mount -t tmpfs -o size=64k,mode=700 none "$1"
		LD_PRELOAD="$2" DSAMOVE_DEVICE=software \
			DSAMOVE_SOFTWARE_ENGINES=0 \
			/usr/bin/python3 -I -S threads.py leave
		"$dsamove" report "$XDG_RUNTIME_DIR"/dsamove/*' - "$live" "$so"
	like 'full tmpfs: the file says who is missing' \
		'Not seen +what [0-9]+ threads did' "$stdout"
fi
