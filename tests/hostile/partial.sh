#!/bin/bash
# SPDX-License-Identifier: MIT
# Page faults after every number of bytes of a request: both codes, answered
# or not, from either end of a move, resumed or left to the CPU.
. tests/lib.sh "$1"
. tests/hostile.sh
# Tens of thousands of descriptors on a busy machine are no dead device.
export DSAMOVE_DEVICE_TIMEOUT_MS=30000
size=8229 # of partial.c's requests
all=$modes

# faults MODE: how many the reports of the last run have
faults() {
	python3 -I -S -c 'import json, sys
print(sum(o["faults"] for line in open(sys.argv[1])
          for o in json.loads(line)["total"]["ops"].values()))' \
		"$tmp/$1/reports"
}

# met NAME OPERATION STATUS: did the device stop after each number of bytes?
met() {
	for mode in $modes; do
		is "$mode: $1: offsets of ${2}s that ended as $3" $size \
			"$(seen "$mode" "t['fault_offsets']['$2'].get('$3', 0)")"
	done
}

# Each second descriptor stops, a byte further in each time.  The one after
# it is its rest, where the CPU has left one: not in the last page, so there
# are more copies than bytes.
if [[ $all == *mmap* ]]; then
	modes='write mmap'
	options=(-s fault_every=2 -s fault_walk=1)
	everywhere 'copies that can not read on' exact \
		"$hostile/partial" copy 9500
	met 'copies that can not read on' memmove 0x03
	options=(-s wfault_every=2 -s wfault_walk=1 -s fault_answered=1
		-s fault_from_end=1)
	everywhere 'moves from the end, answered in vain' exact \
		"$hostile/partial" move 8300
	met 'moves from the end, answered in vain' memmove 0x84
	settings=(DSAMOVE_FAULT_RESUMES=0)
	options=(-s fault_every=1 -s fault_walk=1 -s fault_answered=1)
	everywhere 'copies, answered in vain, not resumed' exact \
		"$hostile/partial" copy 8240
	met 'copies, answered in vain, not resumed' memmove 0x04
	options=(-s wfault_every=1 -s wfault_walk=1)
	everywhere 'can not write on, not resumed' exact \
		"$hostile/partial" copy 8240 fill 8240
	for op in memmove fill; do
		met 'can not write on, not resumed' $op 0x83
	done
fi

# The software DSA's script has 64 steps: a process for so many bytes.  Not
# resumed, since a rest would take the next step; that, and fills, are in
# tests/unit/test_partial.c.
modes='inline engines' options=()
settings=(DSAMOVE_FAULT_RESUMES=0 DSAMOVE_PROGRAMS=partial)
# shellcheck disable=SC2016 # the inner shell expands it
everywhere 'every step of a script' exact bash -c '
	for kind in "fault copy" "wfault move"; do
		for ((first = 0; first < $2; first += 64)); do
			script=
			for ((at = first; at < first + 64 && at < $2; at++)); do
				script+=${kind% *}@$at,
			done
			DSAMOVE_SOFTWARE_SCRIPT=$script "$1" ${kind#* } \
				$((at - first))
			[ $? -eq 88 ] || exit
		done
	done | sort | uniq -c' bash "$hostile/partial" $size
for mode in $modes; do
	is "$mode: every step of a script: faults" $((2 * size)) \
		"$(faults "$mode")"
done
