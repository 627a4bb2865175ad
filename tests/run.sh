#!/bin/sh
# SPDX-License-Identifier: MIT
# Runs suites and adds up what they say: tests/run.sh BUILD_DIR SUITE...
# Suites behind a "+" run beside those before it.
#   unit      every check program in BUILD_DIR/tests/unit
#   contract, programs, hostile, hardware, cli  tests/SUITE/*.sh,
#   compat    the selection of tests/compat/*.sh,
#   device    tests/device/*.test.sh: each prints lines
#             "ok NAME", "not ok NAME: why", "skipped: NAME: why"
# The last line is "N passed, N failed, N skipped".
set -u
out=$1
shift
cd "$(dirname "$0")/.." || exit 2
passed=0 failed=0 skipped=0
log=$(mktemp)
trap 'rm -f "$log" "$log".*' EXIT

# Many tests wait more than they work.  Each lane leaves its count in a file.
lanes() {
	lane=0 suites=
	for word in "$@" +; do
		if [ "$word" != + ]; then
			suites="$suites $word"
			continue
		fi
		lane=$((lane + 1))
		# shellcheck disable=SC2086 # a list of words
		LANE=$log.$lane LANES=$log tests/run.sh "$out" $suites &
		suites=
	done
	wait
	# One that left none has failed.
	cat "$log".[0-9]* | awk -v lanes=$lane '
		{ p += $1; f += $3; s += $5 }
		END {
			f += lanes - NR
			printf "%d passed, %d failed, %d skipped\n", p, f, s
			exit f != 0
		}'
}

case " $* " in *' + '*)
	lanes "$@"
	exit
	;;
esac

# What a test says comes in one piece, whatever else is running.
show() {
	flock "${LANES:-$log}" cat "$log.block"
}

# check's own summary: "85%: Checks: 40, Failures: 5, Errors: 1"
unit_one() {
	timeout 600 "$1" >"$log" 2>&1
	rc=$?
	line=$(grep -E '^[0-9]+%: Checks: ' "$log" | tail -n 1)
	n=$(printf '%s' "$line" | sed -nE 's/.*Checks: ([0-9]+).*/\1/p')
	f=$(printf '%s' "$line" | sed -nE 's/.*Failures: ([0-9]+).*/\1/p')
	e=$(printf '%s' "$line" | sed -nE 's/.*Errors: ([0-9]+).*/\1/p')
	bad=$((${f:-0} + ${e:-0}))
	[ "$rc" -eq 0 ] || [ "$bad" -gt 0 ] || bad=1
	[ "${n:-0}" -gt 0 ] || { n=1; bad=1; }
	passed=$((passed + n - bad))
	failed=$((failed + bad))
	if [ "$bad" -gt 0 ]; then
		cat "$log"
		echo "not ok $1 (exit status $rc)"
	else
		echo "ok $(basename "$1"): $n tests"
		grep -E '^(seed|skipped:)' "$log"
	fi >"$log.block"
	show
	skipped=$((skipped + $(grep -c '^skipped:' "$log")))
}

script_one() {
	begun=$(date +%s)
	timeout 900 "$1" "$out" >"$log" 2>&1
	rc=$?
	{
		echo "$1: $(($(date +%s) - begun)) s"
		grep -E '^(ok|not ok|skipped:)' "$log" | sed 's/^/  /'
	} >"$log.block"
	p=$(grep -c '^ok ' "$log")
	f=$(grep -c '^not ok ' "$log")
	s=$(grep -c '^skipped:' "$log")
	if [ "$rc" -ne 0 ] && [ "$f" -eq 0 ]; then
		echo "  not ok $1: exit status $rc" >>"$log.block"
		f=1
	elif [ $((p + f + s)) -eq 0 ]; then
		echo "  not ok $1: said nothing" >>"$log.block"
		f=1
	fi
	[ "$f" -eq 0 ] || cat "$log" >>"$log.block"
	show
	passed=$((passed + p))
	failed=$((failed + f))
	skipped=$((skipped + s))
}

for suite; do
	case $suite in
	unit) for t in "$out"/tests/unit/test_*; do
		case $t in *.d | *.o | *.gc*) ;; *) unit_one "$t" ;; esac
	done ;;
	contract | programs | hardware | hostile | cli) for t in tests/"$suite"/*.sh; do
		script_one "$t"
	done ;;
	compat) COMPAT=selection
		export COMPAT
		for t in shell archive build git perl python servers mallocs; do
			script_one tests/compat/$t.sh
		done ;;
	device) for t in tests/device/*.test.sh; do script_one "$t"; done ;;
	*) echo "tests/run.sh: no suite $suite" >&2 && exit 2 ;;
	esac
done
echo "$passed passed, $failed failed, $skipped skipped" >"${LANE:-$log}"
[ -n "${LANE-}" ] || cat "$log"
[ "$failed" -eq 0 ]
