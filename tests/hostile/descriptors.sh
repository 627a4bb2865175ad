#!/bin/bash
# SPDX-License-Identifier: MIT
# Hosts that count their files, and hosts that take from themselves after
# start-up what a library might ask for later.
. tests/lib.sh "$1"
. tests/hostile.sh

# Files that are open: as many as without us, one more to write(2) to.
for mode in $modes; do
	device=()
	[[ $mode == write || $mode == mmap ]] &&
		device=("$tb" --submit "$mode" --)
	plainly "${device[@]}" "$hostile/descriptors" count
	under "$mode" "$hostile/descriptors" count
	want=$(<"$tmp/plain/out")
	[ "$mode" = write ] && want="$((${want% files} + 1)) files"
	is "$mode: files that are open" "$want" "$(<"$tmp/$mode/out")"
done

# users MODE: how many processes had the device do some of their copies
users() {
	python3 -I -S -c 'import json, sys
print(sum(json.loads(line)["device_bytes"] > 0 for line in open(sys.argv[1])))' \
		"$tmp/$1/reports"
}

# wanted HOW MODE: the parent, and its child where nothing stands in its way.
# Nobody may not open a node, in a new root there is none, nor without files;
# and no_new_privs is taken for a filter where there is one, as there is with
# the test device.
filter=$(sed -n 's/^Seccomp:[^0-9]*//p' /proc/self/status)
privs=$(sed -n 's/^NoNewPrivs:[^0-9]*//p' /proc/self/status)
wanted() {
	case $2-$1 in
	*-no_new_privs)
		[[ $2 == write || $2 == mmap ]] && filter=2
		echo $((filter && !privs ? 1 : 2))
		;;
	inline-* | engines-* | *-capabilities | *-mlockall) echo 2 ;;
	*) echo 1 ;;
	esac
}

# changed HOW: everywhere, and who used the device
changed() {
	local mode
	mkdir -p "$tmp/root"
	everywhere "$1" exact "$hostile/descriptors" "$1" "$tmp/root"
	[ "$(<"$tmp/plain/status")" -eq 77 ] && return
	for mode in $modes; do
		is "$mode: $1: processes that use the device" \
			"$(wanted "$1" "$mode")" "$(users "$mode")"
	done
}

for how in no_new_privs setuid capabilities chroot files; do
	changed $how
done
# A child that could open no queue reports all the same, and why.
if [[ $modes == *mmap* ]]; then
	for mode in write mmap; do
		is "$mode: files: the child, and its parent" 'no_queue ' \
			"$(reasons $mode no_queue)"
	done
fi
# Where a portal needs a capability that is gone, the child has write(2).
if [[ $modes == *mmap* ]]; then
	options=(-s mmap_needs_rawio=1)
	modes=mmap changed capabilities
	is 'mmap: capabilities: portals that the child did not get' 1 \
		"$(seen mmap 't["refused"].get("mmap", 0)')"
	options=()
fi
# A child that copies has its own queue, unless it is told not to.
if [[ $modes == *mmap* ]]; then
	for after in reopen cpu; do
		settings=(DSAMOVE_AFTER_FORK="$after")
		modes='write mmap' everywhere "after_fork=$after" exact \
			"$hostile/descriptors" no_new_privs
		for mode in write mmap; do
			is "$mode: after_fork=$after: processes that use it" \
				"$([ $after = cpu ] && echo 1 || echo 2)" \
				"$(seen $mode 'sum(p["bytes"] > 0 for p in a["processes"])')"
		done
	done
	settings=()
fi
# The child stays on the CPU; a report's file is not opened.
everywhere 'seccomp kills open, ioctl, madvise' exact \
	"$hostile/descriptors" seccomp
settings=(DSAMOVE_REPORT_FILE="$tmp/none" DSAMOVE_STATS=callers)
expected='report_file: .*Operation not permitted.* the report follows here' \
	everywhere 'seccomp and a report file' exact \
	"$hostile/descriptors" seccomp
is 'seccomp: no report file' '' "$(cat "$tmp/none" 2>/dev/null)"
settings=()
# All there is is locked, our 45 MB, too, where the limit allows it.
changed mlockall
# And then no page more, where a device falls silent: its portal is to become
# a page that answers.
options=(-s silent_after=12)
settings=(DSAMOVE_DEVICE_TIMEOUT_MS=50 DSAMOVE_SOFTWARE_SCRIPT='ok*12,never*9')
for how in locked_out memory; do
	expected='(software|wq0.0): no answer within device_timeout_ms; .*|no memory for the report' \
		everywhere "$how, silent device" any \
		"$hostile/descriptors" $how
done
options=() settings=()
expected='no memory for the report' \
	everywhere 'memory is used up' any "$hostile/descriptors" memory
