#!/bin/bash
# SPDX-License-Identifier: MIT
# dsamove top: its figures are the programs' own, each interval's are those of
# that interval, it cleans what dead programs left and nothing else; queues
# are seen on the test device.
. tests/lib.sh "$1"
live=$(mktemp -d /dev/shm/dsamove-test.XXXXXX) || exit 2
trap 'rm -rf "$tmp" "$live"' EXIT
if [ "$(stat -f -c %T /dev/shm)" != tmpfs ]; then
	skip top '/dev/shm is no tmpfs'
	exit 0
fi
export XDG_RUNTIME_DIR=$live
export dsamove out
files=$live/dsamove

# Copies 10 times MiB, 5 in a thread, and as often as each line that it reads.
cat >"$tmp/copier.py" <<'END'
import sys, threading
def work(n):
    source = bytes(1 << 20)
    for _ in range(n): bytearray(source)
work(10)
t = threading.Thread(target=work, args=(5,))
t.start(); t.join()
print('ready', flush=True)
for line in sys.stdin:
    work(int(line))
    print('done', flush=True)
END
begin() { # sets $pid; fd 7 leads to it
	rm -f "$tmp/in"
	mkfifo "$tmp/in"
	env DSAMOVE_DEVICE=software DSAMOVE_SOFTWARE_ENGINES=0 \
		LD_PRELOAD="$so" /usr/bin/python3 -I -S "$tmp/copier.py" \
		<"$tmp/in" >"$tmp/said" 2>"$tmp/err" &
	pid=$!
	exec 7>"$tmp/in"
	await "$tmp/said" 1
}
await() { # FILE LINES: until it has so many
	for _ in $(seq 300); do
		[ "$(wc -l <"$1")" -ge "$2" ] && return
		sleep 0.1
	done
}
end() { # it reads no more lines
	exec 7>&-
	wait "$pid"
}
# get EXPRESSION: l are all lines in run.stdout, s the last, p its first process
get() {
	python3 -I -S -c 'import json, sys
l = [json.loads(i) for i in open(sys.argv[2])]
s = l[-1]
p = s["processes"][0] if s["processes"] else None
print(eval(" ".join(sys.argv[1].split())))' "$1" "$tmp/run.stdout"
}

run "$dsamove" top --once --interval 0.1
is 'nobody: status' 0 "$status"
like 'nobody: says where it looks' 'XDG_RUNTIME_DIR' "$stdout"

# ---- one process ----

begin
run "$dsamove" top --once --json --interval 0.1
is 'idle: nothing in the interval' 0 "$(get 'p["in_interval"]["bytes"]')"
is 'its pid, and that it runs' "$pid running" \
	"$(get 'str(p["pid"]) + " " + p["life"]')"
is 'the copies since birth' True "$(get 'p["since_birth"]["calls"] >= 15
	and p["since_birth"]["bytes"] >= 15 << 20')"
is 'a thread that ended has its row' 1 \
	"$(get 'sum(t["ended"] for t in p["threads_in_interval"])')"

timeout 100 "$dsamove" top --json --interval 0.2 "$pid" \
	>"$tmp/lines" 2>"$tmp/top.err" \
	7>&- & # else the copier waits for more
top=$!
await "$tmp/lines" 1
echo 100 >&7
await "$tmp/said" 2
echo 50 >&7
await "$tmp/said" 3
await "$tmp/lines" $(($(wc -l <"$tmp/lines") + 2))
run "$dsamove" report --json "$pid"
cp "$tmp/run.stdout" "$tmp/report.json"
end
wait $top
is 'PID that ended: status' 1 $?
like 'PID that ended: says so' "$pid: has ended" "$(<"$tmp/top.err")"
cp "$tmp/lines" "$tmp/run.stdout"
is 'many intervals' True "$(get 'len(l) >= 3')"
is 'intervals add up to what was before and after' True "$(get 'all(
	b["processes"][0]["since_birth"][k] - a["processes"][0]["since_birth"][k]
	== b["processes"][0]["in_interval"][k]
	for a, b in zip(l, l[1:]) for k in ("calls", "bytes", "device_bytes"))')"
is 'the last is what the report says' True "$(get '[
	p["since_birth"][k] == r[k] for r in [json.load(open("'"$tmp"'/report.json"))]
	for k in ("calls", "bytes", "device_bytes")] == [True] * 3')"
is 'threads add up to the process' True "$(get 'all(
	sum(t["bytes"] for t in i["processes"][0]["threads_in_interval"])
	== i["processes"][0]["in_interval"]["bytes"] for i in l)')"
is 'reasons and device add up' True "$(get 'all(f["device_bytes"]
	+ sum(w["bytes"] for w in f["cpu_reasons"].values()) == f["bytes"]
	for f in (p["since_birth"], p["in_interval"]))')"
like 'the program reports at exit all the same' '^dsamove: python3' \
	"$(<"$tmp/err")"

# ---- as text ----

begin
echo 100000 >&7
run "$dsamove" top --once --interval 0.3
kill -9 "$pid"
end 2>/dev/null
like 'text: the process' "^ +$pid python3[.0-9]* +[0-9,]+ +[0-9.]+ [KMG]iB/s" \
	"$stdout"
like 'text: its threads' '^  THREAD' "$stdout"
is 'text: at most 100 columns' '' "$(awk 'length($0) > 100' <<<"$stdout")"
is 'text: no colour, no blank at an end' '' \
	"$(grep -E $'\033| $' <<<"$stdout")"

# ---- what the dead leave ----

run "$dsamove" top --once --interval 0.1
like 'killed: told' "python3[.0-9]*: dsamove report $pid\$" "$stdout"
is 'killed: its file is kept, and marked as seen' 400 \
	"$(stat -c %a "$files"/*)"
run "$dsamove" report "$pid"
like 'killed: and can be read' 'ended without a report' "$stdout"
# Three days later; the file's own times are what they are.
echo '#include <time.h>
time_t time(time_t *t) { struct timespec s; clock_gettime(CLOCK_REALTIME, &s);
(void)t; return s.tv_sec + 3 * 86400; }' |
	gcc -shared -fPIC -o "$tmp/later.so" -x c -
run env LD_PRELOAD="$tmp/later.so" "$dsamove" top --once --interval 0.1
is 'killed: a day later it is gone' '' "$(ls "$files")"

# A program without a big copy leaves nothing to keep.
env DSAMOVE_DEVICE=software LD_PRELOAD="$so" sleep 60 &
idle=$!
for _ in $(seq 100); do
	[ -n "$(ls "$files")" ] && break
	sleep 0.1
done
{
	kill -9 $idle
	wait $idle
} 2>/dev/null
is 'killed without a copy: leaves a file' 1 "$(find "$files" -type f | wc -l)"
run "$dsamove" top --once --interval 0.1
is 'killed without a copy: cleaned at once' '' "$(ls "$files")"

begin
run "$dsamove" top --clean --once --interval 0.1
is 'clean: not what runs' 1 "$(find "$files" -type f | wc -l)"
kill -9 "$pid"
end 2>/dev/null
# The same pid in another container, whose /proc is not ours.
cp "$files"/* "$files/$pid.1"
: >"$files/1234567.x"
mkfifo "$files/77"
ln -s "$files/$pid.1" "$files/78"
run timeout 20 "$dsamove" top --clean --once --interval 0.1
is 'clean: the dead at once, nobody else' \
	"$(printf '%s\n' "$pid.1" 1234567.x 77 78 | sort)" \
	"$(find "$files" -mindepth 1 -printf '%f\n' | sort)"
rm "$files"/*

# ---- on a terminal ----

begin
run timeout 20 script -qec "$dsamove top --interval 0.2 $pid & sleep 1; kill %1" \
	/dev/null
like 'terminal: clears it, writes the head in bold' \
	$'\033\\[H\033\\[J' "$stdout"
like 'terminal: colour' $'\033\\[1m' "$stdout"
end

run "$dsamove" top 999999999
is 'no such process: status' 1 "$status"
for bad in x 0 -5 '1 2' '--interval=0' '--interval=x'; do
	# shellcheck disable=SC2086 # several words
	run "$dsamove" top --once $bad
	is "top $bad: status" 2 "$status"
done

# ---- queues ----

. tests/device/testbed.sh
# Its engines begin everything at once, so that a queue is never full.
# shellcheck disable=SC2016 # the inner shell expands that
under -s wq0.0.size=32 -s wq0.0.attr.occupancy=24 -- bash -c '
	env LD_PRELOAD="$1" DSAMOVE_DEVICE=dsa /usr/bin/python3 -I -S -c "
while True: bytearray(bytes(1 << 20))" &
	until "$dsamove" report $! >/dev/null 2>&1; do sleep 0.1; done
	"$dsamove" top --once --json --interval 0.2
	"$dsamove" top --once --interval 0.2 >&2
	kill -9 $!; wait $! 2>/dev/null' - "$so"
is 'queue: its name, size, entries in use' 'wq0.0 32 24.0 24' \
	"$(get '" ".join(map(str, s["queues"][0].values()))')"
like 'queue: as text' '^  wq0.0 +32 +24.0 +24  \|#{15} {5}\|$' "$stderr"
