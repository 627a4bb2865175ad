#!/bin/bash
# SPDX-License-Identifier: MIT
# A device that goes away, falls silent or forgets in the middle of copies,
# and a program that closes our file descriptors: the program's output is
# that of a plain run, it does not wait longer than it is told to, and the
# log says once what happened.
. tests/lib.sh "$1"
. tests/device/testbed.sh
. tests/device/library.sh

cat >"$tmp/big.py" <<'END'
import hashlib, threading
part = bytes(i * 7 & 255 for i in range(65536))
text = part * 320                        # 20 MB
def work(k):
    out[k] = hashlib.md5(bytes(bytearray(text)) + bytes(k)).hexdigest()
out = [None] * 2
threads = [threading.Thread(target=work, args=(i,)) for i in range(2)]
for t in threads: t.start()
for t in threads: t.join()
print(out, len(bytearray(text) + text))
END
many=("$guests/threads" 4 60)
big=(python3 -I -S "$tmp/big.py")
plain many "${many[@]}"
plain big "${big[@]}"
closed='no answer within device_timeout_ms; queue closed, its copies are redone by the CPU'

# within NAME SECONDS HOW COMMAND...: as attempt, and not longer
within() {
	local name=$1 most=$2 from
	shift 2
	rm -f "$tmp/log"
	from=$(date +%s%N)
	attempt "$@"
	from=$((($(date +%s%N) - from) / 1000000000))
	[ $from -lt "$most" ] || why+=" took $from s"
	is "$where-$name" '' "$why"
}

# logs NAME QUEUE...: a line for each of the queues, in any order
logs() {
	local name=$1 want
	shift
	want=$(printf "dsamove: %s: $closed\n" "$@")
	is "$where-$name" "$want" "$(sort "$tmp/log" 2>/dev/null)"
}

used() { # NAME: the device has moved something before it went away
	if [ "$moved" -gt 0 ]; then
		ok "$where-$1"
	else
		not_ok "$where-$1" 'the device moved nothing'
	fi
}

base=(DSAMOVE_LOG_FILE="$tmp/log" DSAMOVE_DEVICE_TIMEOUT_MS=100)
for mode in write mmap; do
	where=$mode
	for way in '' split; do
		settings=("${base[@]}" ${way:+DSAMOVE_MODE=split})
		for job in many big; do
			declare -n command=$job
			name=$job${way:+-$way}
			options=(--submit "$mode" -s silent_after=5)
			within "silent-$name" 20 $job --less "${command[@]}"
			logs "silent-$name-is-said" wq0.0
			options=(--submit "$mode" -s disable_after=5)
			within "disabled-$name" 20 $job --less "${command[@]}"
			options=(--submit "$mode" -s reset_after=5)
			within "reset-$name" 20 $job --less "${command[@]}"
		done
	done
	settings=("${base[@]}")
	# One of two devices: the other one goes on.
	options=(--submit "$mode" -d 2 -s wq0.0.silent_after=3)
	within one-of-two-silent 20 many --less "${many[@]}"
	logs one-of-two-silent-is-said wq0.0
	used one-of-two-silent-used
	is $mode-one-of-two-goes-on True "$(
		seen 'a["queues"][1]["descriptors"] > 200')"
	# Answers that come after the queue was given up.
	options=(--submit "$mode" -s late_every=20 -s late_us=250000)
	within late 30 many --less "${many[@]}"
	# Answers that take long, but not too long.
	settings=("${base[@]}" DSAMOVE_DEVICE_TIMEOUT_MS=20000)
	options=(--submit "$mode" -s late_every=40 -s late_us=50000)
	within long 30 many '' "${many[@]}"
	is $mode-long-says-nothing '' "$(cat "$tmp/log" 2>/dev/null)"

	# Never an answer, never a place.
	settings=("${base[@]}")
	options=(--submit "$mode" -s silent_every=1)
	within never-answers 20 many --less "${many[@]}"
	options=(--submit "$mode" -s threshold=0)
	within never-takes 20 many '' "${many[@]}"
	is $mode-never-takes-nothing-moved 0 "$moved"
	is $mode-never-takes-says-nothing '' "$(cat "$tmp/log" 2>/dev/null)"
	settings=(DSAMOVE_LOG_FILE="$tmp/log" DSAMOVE_DEVICE=dsa)
	options=(--submit "$mode" -s dsa0.state=halted)
	within halted 20 many any "${many[@]}"
	like $mode-halted-is-said '^dsamove: no usable work queue; wq0.0 .*dsa0' \
		"$(<"$tmp/log")"
done

# ---- somebody disables the queue, or the device, while a program runs ----

cat >"$tmp/meanwhile" <<'END'
#!/bin/sh
# meanwhile COUNT WHAT DRIVER COMMAND...: WHAT is unbound while it runs
count=$1 what=$2 driver=$3
shift 3
"$@" &
until [ "$(cat /sys/bus/dsa/devices/wq0.0/clients)" -gt 0 ]; do :; done
sleep "$count"
echo "$what" >/sys/bus/dsa/drivers/"$driver"/unbind
wait $!
END
chmod +x "$tmp/meanwhile"
settings=("${base[@]}" DSAMOVE_PROGRAMS=threads)
for mode in write mmap; do
	where=$mode
	for what in 'wq0.0 user' 'dsa0 idxd'; do
		read -ra words <<<"$what"
		plain meanwhile "$guests/threads" 4 1500
		options=(--submit "$mode" -s latency_ns=200000)
		within "${words[0]}-unbound" 30 meanwhile --less \
			"$tmp/meanwhile" 0.2 "${words[@]}" "$guests/threads" 4 1500
		used "${words[0]}-unbound-used"
		is "$mode-${words[0]}-unbound-midway" True "$(
			seen '0 < t["descriptors"] < 20000')"
	done
done

# ---- killed in the middle of copies: the next one finds the queue free ----

cat >"$tmp/killed" <<END
#!/bin/sh
$guests/threads 8 100000 &
until [ "\$(cat /sys/bus/dsa/devices/wq0.0/clients)" -gt 0 ]; do :; done
sleep 0.1
kill -KILL \$!
exec $guests/calls
END
chmod +x "$tmp/killed"
settings=("${base[@]}" 'DSAMOVE_PROGRAMS=calls,threads')
plain killed "$guests/calls"
for mode in write mmap; do
	where=$mode
	options=(--submit "$mode" -s size=4 -s threshold=4)
	within killed 30 killed --some "$tmp/killed"
	used killed-used
	is "$mode-killed-says-nothing" '' "$(cat "$tmp/log" 2>/dev/null)"
done

# ---- programs that close all files, and open their own at those numbers ----

settings=(DSAMOVE_LOG_FILE="$tmp/log")
for how in close_range count dup2; do
	plain $how "$guests/closers" $how "$tmp/mine"
	for mode in write mmap; do
		where=$mode
		options=(--submit "$mode")
		same $how --some "$guests/closers" $how "$tmp/mine"
		is "$mode-$how-file" "4490 mine" "$(wc -c <"$tmp/mine") $(
			sort -u "$tmp/mine")"
	done
done
# The lowest number stays free, however low the limit is.
for limit in 20 300 1024; do
	lowest=(sh -c "ulimit -n $limit; exec python3 -I -S -c 'import os
bytearray(bytes(100000))
print(os.open(\"/dev/null\", 0))'")
	plain lowest-of-$limit "${lowest[@]}"
	for mode in write mmap; do
		where=$mode
		options=(--submit "$mode")
		same lowest-of-$limit '' "${lowest[@]}"
	done
done
for how in replaced reused gone; do
	plain stderr-$how "$guests/stderrs" $how "$tmp/mine"
	cp "$tmp/mine" "$tmp/mine.plain" 2>/dev/null
	for mode in write mmap; do
		where=$mode
		options=(--submit "$mode")
		same stderr-$how '' "$guests/stderrs" $how "$tmp/mine"
		cmp -s "$tmp/mine" "$tmp/mine.plain" ||
			not_ok "$mode-stderr-$how-file" "$(<"$tmp/mine")"
	done
done
