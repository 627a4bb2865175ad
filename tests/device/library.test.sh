#!/bin/bash
# SPDX-License-Identifier: MIT
# The shipped library on the test device: unmodified programs give the same
# output whatever the device does, in both ways of submission, and what the
# library claims in its reports is what the device saw, to the byte.
. tests/lib.sh "$1"
. tests/device/testbed.sh
mkdir "$tmp/reports" "$tmp/plain" "$tmp/now"

python3 -I -S - "$tmp/text" <<'END'
import random, sys
random.seed(11)
words = [bytes(random.choices(b'etaoinshrdlu', k=5)) for _ in range(300)]
open(sys.argv[1], 'wb').write(b'\n'.join(
    b' '.join(random.choices(words, k=9)) for _ in range(30000)))
END
cat >"$tmp/job.py" <<'END'
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

jobs() {
	cat <<END
python3 python3 -I -S $tmp/job.py $tmp/text
sort sort --parallel=2 -S 3M $tmp/text
gzip gzip -c $tmp/text
tar tar --format=ustar --owner=0 --group=0 --mtime=@0 -cPf - $tmp/text
END
}

while read -r name command; do
	# shellcheck disable=SC2086 # a list of words
	$command >"$tmp/plain/$name" 2>&1
	echo $? >>"$tmp/plain/$name"
done < <(jobs)

# What the reports claim, and what the device saw: bytes by process.
agree() {
	python3 -I -S - "$tmp" <<'END'
import glob, json, sys
claims = {}
for name in glob.glob(sys.argv[1] + '/reports/*'):
    r = json.load(open(name))
    claims[r['pid']] = r['device_bytes']
account = json.load(open(sys.argv[1] + '/account'))
seen = {p['pid']: p['bytes'] for p in account['processes'] if p['bytes']}
claims = {p: n for p, n in claims.items() if n}
print('agree' if claims == seen else f'{claims} not {seen}')
END
}

# everything NAME EQUAL? OPTIONS...
everything() {
	local name=$1 equal=$2 bad='' differ='' used=0 job command
	shift 2
	while read -r job command; do
		rm -f "$tmp"/reports/*
		# shellcheck disable=SC2086 # a list of words
		timeout -k 5 100 "$tb" -a "$tmp/account" "$@" -- \
			env LD_PRELOAD="$so" DSAMOVE_MIN_BYTES=4096 \
			DSAMOVE_DEVICE_TIMEOUT_MS=300 \
			DSAMOVE_REPORT_FORMAT=json \
			DSAMOVE_REPORT_FILE="$tmp/reports/%p" $command >"$tmp/now/$job" 2>"$tmp/errors"
		echo $? >>"$tmp/now/$job"
		used=$((used + $(seen 't["bytes"]')))
		cmp -s "$tmp/now/$job" "$tmp/plain/$job" || bad+=" $job"
		[ "$equal" = no ] && continue
		[ "$(agree)" = agree ] || differ+=" $job: $(agree)"
	done < <(jobs)
	is "$name-same-output" '' "$bad"
	[ "$used" -gt 0 ] || not_ok "$name-used" 'the device moved nothing'
	[ "$equal" = no ] || is "$name-report-is-account" '' "$differ"
}

for mode in write mmap; do
	m=(--submit "$mode")
	everything $mode yes "${m[@]}"
	everything $mode-two-devices yes "${m[@]}" -d 2 -q 2
	everything $mode-small-queue yes "${m[@]}" -s size=2 -s threshold=1
	everything $mode-busy yes "${m[@]}" -s busy_every=2
	everything $mode-faults yes "${m[@]}" -s wfault_every=2 \
		-s wfault_at=3000 -s fault_every=3 -s fault_at=1
	everything $mode-block-on-fault yes "${m[@]}" -s block_on_fault=1
	everything $mode-errors yes "${m[@]}" -s status_every=3 -s status=0x20
	everything $mode-slow yes "${m[@]}" -s latency_ns=200000 -s mbps=2000
	everything $mode-any-order yes "${m[@]}" -s disorder=1 -s scramble=1 \
		-s late_every=4 -s late_us=2000
	everything $mode-disabled no "${m[@]}" -s disable_after=9
	everything $mode-reset no "${m[@]}" -s reset_after=9
	everything $mode-silent no "${m[@]}" -s silent_after=9
	everything $mode-sys-readonly yes "${m[@]}" --sys-readonly
	everything $mode-holes yes "${m[@]}" \
		-s 'dsa0.hide=numa_node,clients,max_batch_size' \
		-s 'wq0.0.hide=priority,max_batch_size'
done
everything mmap-patch yes --submit mmap --patch
