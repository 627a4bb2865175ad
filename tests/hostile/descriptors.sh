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

for how in no_new_privs setuid capabilities chroot files; do
	mkdir -p "$tmp/root"
	everywhere $how exact "$hostile/descriptors" $how "$tmp/root"
done
# A child that could open no queue reports all the same, and why.
if [[ $modes == *mmap* ]]; then
	for mode in write mmap; do
		is "$mode: files: the child, and its parent" 'no_queue ' \
			"$(reasons $mode no_queue)"
	done
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
everywhere mlockall exact "$hostile/descriptors" mlockall
expected='no memory for the report' \
	everywhere 'memory is used up' any "$hostile/descriptors" memory
