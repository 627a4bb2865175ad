#!/bin/bash
# SPDX-License-Identifier: MIT
# Time and trouble on request: a client that counts what comes to it, and the
# account of the device, agree with what was asked for.
. tests/lib.sh "$1"
. tests/device/testbed.sh

# load MODE ROUNDS DEPTH SIZE OPTIONS...
load() {
	local mode=$1 rounds=$2 depth=$3 size=$4
	shift 4
	under --submit "$mode" "$@" -- "$guest" wq0.0 "$mode" load "$rounds" \
		"$depth" "$size"
}

between() { # NAME LOW HIGH GOT
	if [ "$4" -ge "$2" ] && [ "$4" -le "$3" ]; then
		ok "$1"
	else
		not_ok "$1" "expected $2 to $3, got $4"
	fi
}

# timed NAME US ROUNDS DEPTH SIZE OPTIONS...: in $mode.  The fastest round is
# it: a busy machine makes rounds longer (or what the device knows of its own
# way there too long, and so rounds shorter): then it is tried again.
timed() {
	local name=$1 want=$2 try
	shift 2
	for try in {1..20}; do
		[ "$try" -eq 1 ] || sleep 1
		load "$mode" "$@"
		awk -v w="$want" -v g="$(figure fastest_us)" \
			'BEGIN { exit !(g > w * 0.9 && g < w * 1.1) }' && break
	done
	near "$name" "$want" "$(figure fastest_us)" 10
}

# floor OPTIONS...: the shortest time in us that can be asked for here: what
# submission and answer take by themselves, and some air.
floor() {
	load "$mode" 1000 1 64 -s latency_ns=1 "$@"
	awk -v g="$(figure fastest_us)" 'BEGIN { print int(g * 1.5) + 5 }'
}

for mode in write mmap; do
	load $mode 20 4 20000
	is $mode-all-served '80 0 0 0' "$(figure accepted) $(figure refused)$(
		) $(figure silent) $(figure wrong)"
	is $mode-account '80 80 1600000 80' \
		"$(seen 't["descriptors"], t["opcodes"]["memmove"], t["bytes"], t["statuses"]["0x01"]')"
	is $mode-account-process '80 1600000' \
		"$(seen 'max(p["descriptors"] for p in a["processes"]), max(p["bytes"] for p in a["processes"])')"

	load $mode 20 4 20000 -s busy_every=3
	is $mode-busy '54 26' "$(figure accepted) $(figure refused)"
	is $mode-busy-account 26 "$(seen 't["refused"]["on_request"]')"
	load $mode 20 4 20000 -s fault_every=4 -s fault_at=5000
	is $mode-fault '60 20' "$(figure status_01) $(figure status_03)"
	is $mode-fault-account $((60 * 20000 + 20 * 5000)) "$(seen 't["bytes"]')"
	load $mode 20 4 20000 -s wfault_every=4
	is $mode-wfault '60 20' "$(figure status_01) $(figure status_83)"
	# From the first byte to the last, whole descriptors in between.
	load $mode 50 4 99 -s fault_every=2 -s fault_walk=1
	is $mode-fault-walk "100 99 $((100 * 99 + 99 * 98 / 2))" \
		"$(figure status_03) $(seen \
			't["fault_offsets"]["memmove"]["0x03"], t["bytes"]')"
	load $mode 50 4 99 -s wfault_every=2 -s wfault_walk=1 \
		-s fault_answered=1 -s fault_from_end=1
	is $mode-wfault-walk-answered "100 {'0x84': 99}" \
		"$(figure status_84) $(seen 't["fault_offsets"]["memmove"]')"
	load $mode 20 4 20000 -s status_every=3 -s status=0x20
	is $mode-status '54 26' "$(figure status_01) $(figure status_20)"
	load $mode 20 4 20000 -s wrong_every=4
	is $mode-wrong '80 20' "$(figure accepted) $(figure wrong)"
	load $mode 20 4 20000 -s garbage_every=2
	between $mode-garbage 41 79 "$(figure status_01)"
	load $mode 10 2 20000 -s silent_every=7
	is $mode-silent 2 "$(figure silent)"
	is $mode-silent-account 2 "$(seen 't["silent"]')"
	load $mode 5 1 2000 -s silent_after=3
	is $mode-silent-after '3 2' "$(figure status_01) $(figure silent)"
	timed $mode-late 20000 10 1 2000 -s late_every=1 -s late_us=20000
	load $mode 20 1 20000 -s disable_after=10
	is $mode-disable '10 10' "$(figure accepted) $(figure refused)"
	load $mode 5 1 2000 -s dsa0.state=halted -s enqcmds_retries=1
	is $mode-halted '0 5' "$(figure accepted) $(figure refused)"
	load $mode 20 1 20000 -s reset_after=10
	is $mode-reset 20 "$(figure accepted)"
	load $mode 600 1 64 -s disable_at_ms=300 -s latency_ns=1000000
	is $mode-disable-in-time True "$(
		[ "$(figure accepted)" -gt 20 ] &&
			[ "$(figure refused)" -gt 20 ] && echo True)"
	load $mode 10 8 4000 -s disorder=1 -s latency_ns=2000000 \
		-s engine0.1.group=-1 -s engine0.2.group=-1 \
		-s engine0.3.group=-1 -s late_every=3 -s late_us=3000
	is $mode-disorder True "$([ "$(figure disordered)" -gt 0 ] && echo True)"
	load $mode 20 4 70000 -s scramble=1
	is $mode-scramble '80 0' "$(figure status_01) $(figure wrong)"
	# Of a burst, four wait and up to four are in the engine's hands.
	load $mode 1 30 4000 -s size=4 -s threshold=4 -s latency_ns=50000000 \
		-s engine0.1.group=-1 -s engine0.2.group=-1 \
		-s engine0.3.group=-1 -s enqcmds_retries=1
	between $mode-full 4 8 "$(figure accepted)"
	is $mode-full-peak 4 "$(seen 'a["queues"][0]["peak_occupancy"]')"
	load $mode 1 30 4000 -s size=8 -s threshold=3 -s latency_ns=50000000 \
		-s engine0.1.group=-1 -s engine0.2.group=-1 \
		-s engine0.3.group=-1 -s enqcmds_retries=1
	between $mode-threshold 3 7 "$(figure accepted)"

	# From the way in on, that way is part of the latency asked for.
	floor=$(floor)
	timed $mode-latency-floor "$floor" 1000 1 64 -s latency_ns="${floor}000"
	timed $mode-latency-50us 50 1000 1 64 -s latency_ns=50000
	timed $mode-latency-100us 100 1000 1 64 -s latency_ns=100000
	timed $mode-latency-300us 300 100 1 64 -s latency_ns=300000
	timed $mode-latency 1000 30 1 64 -s latency_ns=1000000
	timed $mode-latency-longer 5000 30 1 64 -s latency_ns=5000000
	timed $mode-bandwidth $((4 * 1048576 / 200)) 10 4 1048576 -s mbps=200
	# Each device has its own time.
	load $mode 100 1 64 -d 2 -s dsa0.latency_ns=200000 \
		-s dsa2.latency_ns=9000000
	between $mode-latency-per-device 180 4000 "$(figure fastest_us |
		cut -d . -f 1)"
	# One after the other over the link, and then the latency, once.
	for engines in 1 4; do
		timed $mode-queued-$engines-engines $((8 * 16384 / 400 + 100)) \
			300 8 16384 -s mbps=400 -s latency_ns=100000 \
			-s engines=$engines
	done
	timed $mode-bandwidth-higher $((4 * 1048576 / 1000)) 10 4 1048576 \
		-s mbps=1000
done

mode=mmap
floor=$(floor --patch)
timed patch-latency-floor "$floor" 1000 1 64 --patch \
	-s latency_ns="${floor}000"
load mmap 50 1 4096 --patch
is patch '1 49' "$(seen 't["traps"], t["thunks"]')"
