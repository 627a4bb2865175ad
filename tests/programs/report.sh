#!/bin/bash
# SPDX-License-Identifier: MIT
# The exit report as a person and as a program meets it: where it goes, when
# there is none, how wide it is, what it holds; and messages, and programs=.
. tests/lib.sh "$1"
check_report=$PWD/tests/check_report.py
cd "$tmp" || exit 2
calls=$guests/calls
run "$calls"
plain="$status $stdout"

run with device=software "$calls"
is 'stdout and exit status are untouched' "$plain" "$status $stdout"
like 'text goes to stderr' \
	'^dsamove: calls \(pid [0-9]+\): [0-9,]+ big copies, [0-9.]+ MiB' "$stderr"
like 'text tells the device' 'device +a stand-in: the CPU \(device=software\)' "$stderr"
like 'text tells where settings came from' '^ +from the environment and' "$stderr"
is 'text has at most 100 columns' '' \
	"$(awk 'length($0) > 100' <<<"$stderr")"
is 'text has no control characters' '' "$(tr -d '[:print:]\n' <<<"$stderr")"
like 'text tells what was moved' \
	'^  result    the stand-in moved [0-9.]+ % of the bytes$' "$stderr"
like 'text ends in advice' '^ .* device=software shows what would be' \
	"$(tail -n 1 <<<"$stderr")"
is 'only the first line begins with our name' 1 \
	"$(grep -c '^dsamove' <<<"$stderr")"
like 'text gives reasons in words' \
	'cop(y|ies): source and destination overlap' "$stderr"

# Everything at once, in every way that text may be made wide.
run with device=software stats=all mode=split touch=always verify=100 \
	software_script='ok*3,busy,fault@7,wfault@9,error=0x13,after=5' \
	software_engines=0 min_bytes=1 "$guests/threads" 40 3
is 'a report of all: at most 100 columns' '' \
	"$(awk 'length($0) > 100' <<<"$stderr")"
like 'a report of all: threads that have no row' '[0-9]+ more' "$stderr"
like 'a report of all: what it is of' '^  all threads +memcpy' "$stderr"

# ---- none ----

nothing() { # NAME KEY=VALUE... COMMAND
	local name=$1
	shift
	run with "$@"
	is "$name: no report" '' "$stderr"
}
nothing 'no copy was big' device=software true
nothing 'min_bytes above all copies' device=software min_bytes=1G "$calls"
nothing 'stats=off' device=software stats=off "$calls"
nothing 'device=none' device=none "$calls"
nothing 'another program' device=software programs=python3,ls "$calls"
nothing 'a denied program' device=software programs='!call*' "$calls"
run with device=software programs='c*s,!cat' "$calls"
like 'an allowed program: a report' '^dsamove: calls' "$stderr"
run with device=none stats=all "$calls"
like 'device=none, stats=all: a profile' 'no device was there|there is no device' \
	"$stderr"
like 'device=none, stats=all: small calls' 'Calls below the cutoff' "$stderr"

# ---- report_file, and JSON ----

run with device=software report_file="$tmp/%e.%p" "$calls"
is 'report_file: nothing on stderr' "$plain " "$status $stdout $stderr"
is 'report_file: %e and %p' 1 "$(find . -name 'calls.[0-9]*' | wc -l)"
is 'report_file: mode 600' 600 "$(stat -c %a calls.[0-9]*)"
for _ in 1 2 3; do
	run with device=software report_format=json report_file=all.json "$calls"
done
is 'report_file: processes append' 3 "$(wc -l <all.json)"
sum=$(python3 -I -S "$check_report" all.json)
is 'JSON parses and adds up' 'SUM' "${sum%% *}"

# Many processes at once: lines don't mix.
for _ in 1 2 3 4 5 6 7 8; do
	with device=software report_format=json report_file=many.json "$calls" \
		>/dev/null 2>&1 &
done
wait
is 'JSON of many processes: whole lines' 'SUM 8' \
	"$(python3 -I -S "$check_report" many.json | sed -E 's/(SUM) .* /\1 /')"

# A name that JSON has to quote.
name=$'a "b\\\n\xff\xc3\xa9'
cp "$calls" "$name"
run with device=software report_format=json "./$name"
sum=$(python3 -I -S "$check_report" run.stderr)
is 'JSON quotes a strange name' SUM "${sum%% *}"
run with device=software "./$name"
is 'text of a strange name is one head line' 1 \
	"$(grep -c '^dsamove: a "b' <<<"$stderr")"

# A long line of programs: each reports, once.
# shellcheck disable=SC2016 # the inner bash expands that
run with device=software report_format=json report_file=pipe.json \
	bash -c '"$1" >/dev/null; ("$1" >/dev/null); exec "$1"' - "$calls"
is 'each process reports once' 3 \
	"$(grep -c '"program":"calls"' pipe.json)"

# ---- messages ----

run with device=software software_script=nonsense log=off "$calls"
is 'log=off: silence' "$plain " "$status $stdout $stderr"
run with device=software software_script=nonsense \
	log_file="$tmp/messages.%p" "$calls"
is 'log_file: nothing on stderr' "$plain " "$status $stdout $stderr"
like 'log_file: the message' \
	'^dsamove: environment: DSAMOVE_SOFTWARE_SCRIPT: ' \
	"$(cat messages.[0-9]*)"
