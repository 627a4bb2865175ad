#!/bin/bash
# SPDX-License-Identifier: MIT
# Valgrind on programs under the preload with the software DSA, and on unit
# tests of its engines: tests/valgrind.sh BUILD_DIR (`make valgrind`).
#
# It does not see what process_vm_writev writes, so of programs with engine
# threads memcheck looks at addresses alone.
#
# Helgrind knows locks and pthreads, but no C11 atomics, and engines are made by
# clone.  Of programs it runs those without engines.  The engines it sees in
# unit tests, in a build of their own (BUILD=helgrind): there they are pthreads
# that copy by plain loads and stores (tests/unit/helgrind_memory.h), and each
# atomic operation says what it orders (tests/helgrind.h).  So a release that
# is missing is found, as is an engine that touches a descriptor or a buffer
# before it was given or after its record.  There is no suppression file.  Not
# checked are the atomic objects themselves, and the status byte, which is
# polled; an acquire counts as having seen all releases before it; and the
# system calls that the shipped engines copy by are not run.
. tests/lib.sh "$1"
if ! command -v valgrind >/dev/null; then
	skip valgrind 'not installed; make deps-lint'
	exit 0
fi

# look NAME ENGINES STATUS "OPTIONS" COMMAND...
look() {
	local name=$1 engines=$2 want=$3 options=$4
	shift 4
	# A signal handler that never returns is more than it follows.
	# shellcheck disable=SC2086 # a list of words
	run timeout -k 5 300 env DSAMOVE_DEVICE=software DSAMOVE_STATS=all \
		DSAMOVE_MIN_BYTES=4096 DSAMOVE_DEVICE_TIMEOUT_MS=60000 \
		DSAMOVE_SOFTWARE_ENGINES="$engines" LD_PRELOAD="$so" \
		valgrind -q --error-exitcode=97 $options "$@"
	is "$name, engines=$engines" "$want" \
		"$status$([ "$status" = "$want" ] ||
			grep -E '^==.*(at|by) 0x|[A-Z].*[a-z]' <<<"$stderr" | head -n 8)"
}

for engines in 0 1; do
	options=
	[ $engines -eq 1 ] && options=--undef-value-errors=no
	look 'memcheck: calls' $engines 4 "$options" "$guests/calls"
	look 'memcheck: ends' $engines 15 "$options" "$guests/ends"
	look 'memcheck: threads' $engines 0 "$options" "$guests/threads" 4 2
	look 'memcheck: fork' $engines 7 \
		"$options --child-silent-after-fork=yes" "$guests/forks"
done
helgrind=${out%/*}/helgrind/tests/unit
for t in oracle queue submit_settle; do
	DSAM_CASES=400 run timeout -k 5 300 valgrind -q --tool=helgrind \
		--error-exitcode=97 "$helgrind/test_$t"
	is "helgrind: test_$t, engines are threads" 0 \
		"$status$([ "$status" -eq 0 ] ||
			grep -hE '^==.*(at|by) 0x|race|^[^ ]*:[EF]:|^seed' \
				<<<"$stdout$stderr" | head -n 12)"
done
look 'helgrind: threads' 0 0 --tool=helgrind "$guests/threads" 4 2
look 'helgrind: ends' 0 15 --tool=helgrind "$guests/ends"
[ -z "$is_bad" ]
