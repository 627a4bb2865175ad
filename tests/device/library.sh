# SPDX-License-Identifier: MIT
# shellcheck shell=bash disable=SC2034,SC2154
# What the suites share that run the shipped library on the test device, after
# tests/device/testbed.sh.
mkdir "$tmp/reports" "$tmp/plain" "$tmp/now"
options=() # of the test device
settings=() # of the library

# plain NAME COMMAND...: output and exit status without anything of ours
plain() {
	local name=$1
	shift
	"$@" >"$tmp/plain/$name" 2>&1 </dev/null
	echo "exit status $?" >>"$tmp/plain/$name"
}

# attempt NAME HOW COMMAND...: the same under the library on the test device.
# Sets $why to what is wrong of output, exit status and figures, and $moved to
# the bytes that the device moved; HOW is for agree.py, or "any".
attempt() {
	local name=$1 how=$2 said
	shift 2
	why='' moved=0
	rm -f "$tmp"/reports/*
	timeout -k 5 100 "$tb" -a "$tmp/account" "${options[@]}" -- \
		env LD_PRELOAD="$so" DSAMOVE_MIN_BYTES=4096 \
		DSAMOVE_REPORT_FORMAT=json \
		DSAMOVE_REPORT_FILE="$tmp/reports/%p" "${settings[@]}" "$@" \
		>"$tmp/now/$name" 2>&1 </dev/null
	echo "exit status $?" >>"$tmp/now/$name"
	cmp -s "$tmp"/{now,plain}/"$name" ||
		why="output: $(diff -a "$tmp"/{plain,now}/"$name" | head -n 4)"
	[ "$how" = any ] && return
	# shellcheck disable=SC2046,SC2086 # lists of words
	said=$(tests/device/agree.py $how "$tmp/account" \
		$(find "$tmp/reports" -type f) 2>&1)
	moved=${said##*agree }
	[ "$said" = "agree $moved" ] || why+=" figures: $said"
}

# same NAME HOW COMMAND...: attempt, as a test of that name; something has to
# be moved, too
same() {
	attempt "$@"
	if [ -z "$why" ] && [ "$2" != any ] && [ "$moved" -eq 0 ]; then
		why='the device moved nothing'
	fi
	if [ -z "$why" ]; then
		ok "$where-$1"
	else
		not_ok "$where-$1" "$why"
	fi
}

# lanes FUNCTION: FUNCTION write and FUNCTION mmap at the same time, each with
# files of its own; they wait more than they work.
lanes() {
	lane "$1" write "$tmp/write" >"$tmp/write.lines" &
	lane "$1" mmap "$tmp/mmap" >"$tmp/mmap.lines" &
	wait
	cat "$tmp/write.lines" "$tmp/mmap.lines"
}

lane() { # FUNCTION MODE DIRECTORY
	mkdir -p "$3/reports" "$3/now"
	ln -s "$tmp/plain" "$3/plain"
	local tmp=$3
	"$1" "$2"
}

# python_job FILE: a program that copies parts of the file that is its argument,
# in threads and in a child
python_job() {
	cat >"$1" <<'END'
import hashlib, os, sys, threading
text = open(sys.argv[1], 'rb').read()
def work(k):
    b = bytearray(text)
    for n in 4096, 32768, 100001, 400000:
        b[n:2 * n] = b[k * 7 + 5:n + k * 7 + 5]
        b += bytes(n) + b[:n]
    return hashlib.md5(bytes(b) + text * 3).hexdigest()
out = [None] * 3
def part(i): out[i] = work(i)
threads = [threading.Thread(target=part, args=(i,)) for i in range(3)]
for t in threads: t.start()
for t in threads: t.join()
print(out, flush=True)
if os.fork() == 0:
    print('child', work(5), flush=True)
    sys.exit(4)
print(os.wait()[1], work(6))
END
}
