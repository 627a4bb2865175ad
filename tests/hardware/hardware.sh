#!/bin/bash
# SPDX-License-Identifier: MIT
# The guests and some programs on the DSA of this machine: the same output as
# without us, every offloaded byte compared by the CPU (verify=100), nothing
# wrong found.  Not part of `make check`: most machines have no DSA.
. tests/lib.sh "$1"

export DSAMOVE_DEVICE=dsa DSAMOVE_VERIFY=100 DSAMOVE_MIN_BYTES=4096
export DSAMOVE_REPORT_FORMAT=json

LD_PRELOAD=$so DSAMOVE_REPORT_FILE=$tmp/probe "$guests/calls" \
	>/dev/null 2>"$tmp/why"
if ! grep -q '"device":"\(ENQCMD\|write(2)\)"' "$tmp/probe" 2>/dev/null; then
	skip "everything on hardware" "$(tail -n 1 "$tmp/why" | grep . ||
		echo 'no DSA on this machine')"
	exit 0
fi

python3 -c 'print("the quick brown fox " * 3000000)' >"$tmp/text"
while read -r name command; do
	# shellcheck disable=SC2086 # a list of words
	run $command
	want=$status$stdout
	rm -f "$tmp/report"
	# shellcheck disable=SC2086
	LD_PRELOAD=$so DSAMOVE_REPORT_FILE=$tmp/report run $command
	is "$name: output" "$want" "$status$stdout"
	if grep -q '"mismatch"' "$tmp/report" 2>/dev/null; then
		not_ok "$name: verify" "the device wrote wrong bytes"
	else
		ok "$name: verify"
	fi
done <<END
calls $guests/calls
threads $guests/threads
forks $guests/forks
ends $guests/ends
faults $guests/faults
storm $guests/signals storm
gzip gzip -1 -c $tmp/text
sort sort -S 20M $tmp/text
END
