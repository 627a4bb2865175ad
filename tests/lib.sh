# SPDX-License-Identifier: MIT
# shellcheck shell=bash disable=SC2034
# What the suites of tests/programs share; each begins with
#	. tests/lib.sh "$1"
# Gives $out (the build directory), $so (the preload), $dsamove (the command),
# $tmp (removed at the end), and a fixed environment: no DSAMOVE_ setting but a
# file that gives all to the device.
set -u
out=$(realpath "$1") || exit 2
so=$out/libdsapreload.so
dsamove=$out/dsamove
guests=$out/tests/programs
tmp=$(mktemp -d "${TMPDIR:-/tmp}/dsamove-test.XXXXXX") || exit 2
trap 'rm -rf "$tmp"' EXIT
trap 'exit 130' INT TERM
unset LD_PRELOAD MALLOC_PERTURB_ PYTHONPATH PYTHONHOME
for name in $(compgen -e DSAMOVE_); do unset "$name"; done
export LC_ALL=C PATH=/usr/bin:/bin HOME=$tmp SQLITE_HISTORY=/dev/null
# What is learned depends on the machine's load: only tests of that ask for it.
printf 'mode = poll\nsplit_cpu_percent = 50\n' >"$tmp/fixed.conf"
export DSAMOVE_CONF=$tmp/fixed.conf
umask 022

ok() { # NAME
	echo "ok $1"
}

is_bad= # for scripts whose lines nobody counts
not_ok() { # NAME WHY
	is_bad=1
	echo "not ok $1: $(tr '\n' ' ' <<<"${*:2}" | cut -c 1-300)"
}

skip() { # NAME WHY
	echo "skipped: $1: $2"
}

# is NAME WANT GOT
is() {
	if [ "$2" = "$3" ]; then
		ok "$1"
	else
		not_ok "$1" "expected '$2', got '$3'"
	fi
}

# like NAME REGEX TEXT: does the text hold a line that matches?
like() {
	if grep -qE -- "$2" <<<"$3"; then
		ok "$1"
	else
		not_ok "$1" "nothing matches '$2' in '$3'"
	fi
}

# run COMMAND...: sets $status, $stdout, $stderr.  Prefix it with settings.
run() {
	{ "$@" >"$tmp/run.stdout" 2>"$tmp/run.stderr" </dev/null; } 2>/dev/null
	status=$?
	stdout=$(<"$tmp/run.stdout")
	# Without what bash says of a program that a signal ended.
	stderr=$(sed -E '/^[^ ]*\.sh: line [0-9]*: |^Terminated$/d' \
		"$tmp/run.stderr")
}

# with [KEY=VALUE...] COMMAND...: under the preload; keys in small letters
# are settings of ours, others plain environment.
with() {
	local settings=()
	while [[ ${1-} == *=* ]]; do
		if [[ $1 =~ ^[a-z] ]]; then
			local key=${1%%=*}
			settings+=("DSAMOVE_${key^^}=${1#*=}")
		else
			settings+=("$1")
		fi
		shift
	done
	# What hangs is killed: engines block every signal that can be.
	timeout -k 1 "${limit:-60}" env "${settings[@]}" LD_PRELOAD="$so" "$@"
}
