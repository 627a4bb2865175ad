# SPDX-License-Identifier: MIT
# shellcheck shell=bash disable=SC2034,SC2154
# What the suites of tests/hostile share, after tests/lib.sh: a program, run
# plain and then under the library on every device that this machine can
# show, all at the same time.
check_report=$PWD/tests/check_report.py
agree=$PWD/tests/device/agree.py
hostile=$out/tests/hostile
tb=$out/dsa-testbed
chmod 711 "$tmp" # guests become nobody
options=() # of the test device
settings=() # of the library: NAME=VALUE
modes='inline engines'
cannot=$("$tb" --check 2>&1)
if [ $? -eq 77 ]; then
	skip "$(basename "$0" .sh) on the test device" "${cannot#dsa-testbed: }"
else
	modes+=' write mmap'
fi

# under MODE COMMAND...: leaves out, err, status (and account) in $tmp/MODE
under() {
	local mode=$1 dir=$tmp/$1
	shift
	local with=(env COUNTS="$dir/counts" DSAMOVE_REPORT_FORMAT=json DSAMOVE_MIN_BYTES=4096)
	local device=()
	mkdir -p "$dir"
	rm -f "$dir"/*
	case $mode in
	inline) with+=(DSAMOVE_DEVICE=software DSAMOVE_SOFTWARE_ENGINES=0) ;;
	engines) with+=(DSAMOVE_DEVICE=software) ;;
	mmap) with+=(TRAPS=1) ;&
	*) device=("$tb" -a "$dir/account" --submit "$mode"
		"${options[@]}" --) ;;
	esac
	# Around it, for what bash says of a program that a signal ended.
	{ timeout -k 5 "${limit:-60}" "${device[@]}" "${with[@]}" \
		"${settings[@]}" LD_PRELOAD="$so" "$@" \
		>"$dir/out" 2>>"$dir/err" </dev/null; } 2>/dev/null
	echo $? >"$dir/status"
}

# plainly COMMAND...: the same without anything of ours, in $tmp/plain
plainly() {
	mkdir -p "$tmp/plain"
	{ timeout -k 5 "${limit:-60}" "$@" >"$tmp/plain/out" \
		2>"$tmp/plain/err" </dev/null; } 2>/dev/null
	echo $? >"$tmp/plain/status"
}

# verdict MODE HOW: what is wrong with the last run in MODE, or nothing.
# HOW says what is expected of its reports:
#   exact   what the device saw, to the byte
#   --some  a process may have ended without one
#   --less  the device may have done more than is claimed
#   none    no report
#   any     whatever; with --less and any counters may be torn by a jump
verdict() {
	local dir=$tmp/$1 how=$2 said torn=
	cmp -s "$tmp/plain/status" "$dir/status" ||
		echo "exit status $(<"$dir/status"), plain $(
			)$(<"$tmp/plain/status"): $(tail -n 2 "$dir/out")"
	cmp -s "$tmp/plain/out" "$dir/out" ||
		diff -a "$tmp/plain/out" "$dir/out" | head -n 4
	grep '^{"dsamove_report"' "$dir/err" >"$dir/reports"
	grep -v '^{"dsamove_report"' "$dir/err" |
		grep -vxE "dsamove: (${expected:-})" | head -n 3
	[ "$how" = any ] && return
	if [ "$how" = none ]; then
		[ -s "$dir/reports" ] && echo 'a report'
		return
	fi
	[ -s "$dir/reports" ] || echo 'no report'
	[ "$how" = --less ] && torn=--torn
	said=$(python3 -I -S "$check_report" $torn "$dir/reports")
	[[ $said =~ ^SUM\ [0-9]+\ [0-9]+\ [1-9] ]] || echo "reports: $said"
	[ -e "$dir/account" ] || return
	[ "$how" = exact ] && how=
	# shellcheck disable=SC2086 # a list of words
	said=$(python3 -I -S "$agree" $how "$dir/account" "$dir/reports" 2>&1)
	[[ $said =~ ^agree\ [1-9][0-9]*$ ]] || echo "figures: $said"
}

# seen EXPRESSION: of the account of MODE ($2), a is all of it, t the total
seen() {
	python3 -I -S -c 'import json, sys
a = json.load(open(sys.argv[1]))
t = a["total"]
print(eval(sys.argv[2]))' "$tmp/$1/account" "$2"
}

# reasons MODE REASON: for each report of the last run, REASON if it has it
reasons() {
	python3 -I -S -c 'import json, sys
print(*(sys.argv[2] if sys.argv[2] in json.loads(line)["cpu_reasons"] else ""
        for line in open(sys.argv[1])))' "$tmp/$1/reports" "$2"
}

# counts MODE: what is wrong with the counts of counted.h; each process has
# one report, of as many copies as it says.
counts() {
	python3 -I -S - "$tmp/$1/counts" "$tmp/$1/reports" <<'END'
import json, sys
want = dict(map(int, line.split()) for line in open(sys.argv[1]))
got = {}
for line in open(sys.argv[2]):
    r = json.loads(line)
    if r['pid'] in got:
        print(f'process {r["pid"]} reports twice')
    got[r['pid']] = r['calls']
for pid in sorted(want.keys() | got.keys()):
    if want.get(pid, 0) != got.get(pid, 0):
        print(f'process {pid}: {want.get(pid)} copies, reports {got.get(pid)}')
END
}

# everywhere NAME HOW COMMAND...: one test a mode
everywhere() {
	local name=$1 how=$2 mode why
	shift 2
	plainly "$@"
	if [ "$(<"$tmp/plain/status")" -eq 77 ]; then
		skip "$name" "$(<"$tmp/plain/out")"
		return
	elif [ -s "$tmp/plain/err" ] || grep -q wrong "$tmp/plain/out"; then
		not_ok "$name" "fails by itself: $(cat "$tmp/plain/"{out,err})"
		return
	fi
	for mode in $modes; do
		under "$mode" "$@" &
	done
	wait
	for mode in $modes; do
		why=$(verdict "$mode" "$how")
		is "$mode: $name" '' "$why"
	done
}
