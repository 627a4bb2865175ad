#!/bin/bash
# SPDX-License-Identifier: MIT
# The difficult programs of tests/programs on the test device: threads,
# handlers, faults, children of every kind.  Each prints and returns what it
# does in a plain run, and its reports are the device's account, to the byte.
. tests/lib.sh "$1"
. tests/device/testbed.sh
. tests/device/library.sh

# NAME HOW COMMAND...  A jump out of a copy leaves what the device did of it
# unclaimed; children that end by _exit make no report.
guests() {
	cat <<END
calls exact $guests/calls
fortified exact $guests/fortified
c++ exact $guests/throws
ends exact $guests/ends
exit exact $guests/ends exit
pthread_exit exact $guests/ends pthread_exit
threads exact $guests/threads 8 20
crowd exact $guests/threads 50 2
fork --some $guests/forks
exec --less $guests/execs
faults --less $guests/faults
signals_storm exact $guests/signals storm
signals_jump --less $guests/signals jump
signals_fork --some $guests/signals fork
END
}

while read -r name _ words; do
	read -ra words <<<"$words"
	plain "$name" "${words[@]}"
done < <(guests)

# some WHERE NAMES OPTIONS...: those guests, where OPTIONS make it
some() {
	local name how words
	where=$1 names=" $2 "
	shift 2
	options=("$@")
	while read -r name how words; do
		[[ $names == *" $name "* || $names == ' all ' ]] || continue
		[ "$how" = exact ] && how=
		read -ra words <<<"$words"
		same "$name" "$how" "${words[@]}"
	done < <(guests)
}

few='calls threads fork'
faults=(-s wfault_every=3 -s wfault_at=9000 -s fault_every=5 -s fault_at=5000)
in_mode() {
	local mode=$1
	local m=(--submit "$mode")
	settings=()
	some "$mode" all "${m[@]}"
	some "$mode-faults" "c++ ends faults signals_storm $few" "${m[@]}" \
		"${faults[@]}"
	some "$mode-one-entry" "$few" "${m[@]}" -s size=1 -s threshold=1
	some "$mode-one-entry" crowd "${m[@]}" -s size=1 -s threshold=1 \
		-s dsa0.engines=1 -s latency_ns=200000 \
		-s enqcmds_retries=1
	is "$mode-one-entry-was-full" 'True 1' \
		"$(seen 't["refused"]["full"] > 50, a["queues"][0]["peak_occupancy"]')"
	some "$mode-busy" "ends $few" "${m[@]}" -s busy_every=3
	some "$mode-two-devices" "crowd exec $few" "${m[@]}" -d 2 -q 2
	some "$mode-any-order" "crowd $few" "${m[@]}" -s disorder=1 -s scramble=1
	for numa in none cpu buffer; do
		settings=("DSAMOVE_NUMA=$numa")
		some "$mode-numa-$numa" 'calls crowd' "${m[@]}" -d 2 \
			-s dsa2.numa_node=1
	done
	settings=(DSAMOVE_WAIT=yield)
	some "$mode-slow" "crowd $few" "${m[@]}" -s latency_ns=100000
	settings=(DSAMOVE_MODE=split DSAMOVE_SPLIT_CPU_PERCENT=30)
	some "$mode-split" "crowd faults signals_jump $few" "${m[@]}"
	settings=(DSAMOVE_MODE=split DSAMOVE_SPLIT_CPU_PERCENT=auto)
	some "$mode-learned" "crowd faults signals_jump $few" "${m[@]}"
	settings+=(DSAMOVE_TOUCH=always)
	some "$mode-learned-devices" "crowd $few" "${m[@]}" -d 4 \
		-s disorder=1 -s scramble=1 -s busy_every=5 \
		-s dsa2.latency_ns=100000
	settings=(DSAMOVE_TOUCH=always DSAMOVE_CACHE_CONTROL=memory)
	some "$mode-touch" "$few" "${m[@]}"
	settings=(DSAMOVE_VERIFY=100)
	some "$mode-verify" "$few" "${m[@]}"
}
lanes in_mode
# In write mode the test device does not lend the CPU any instruction.
settings=(DSAMOVE_WAIT=umwait)
some mmap-umwait "$few" --submit mmap
settings=()
some mmap-patch "c++ crowd faults signals_storm exec $few" --submit mmap --patch
