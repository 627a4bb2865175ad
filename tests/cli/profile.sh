#!/bin/bash
# SPDX-License-Identifier: MIT
# dsamove profile: tests/cli/profile.sh BUILD_DIR
. tests/lib.sh "$1"

export TMPDIR=$tmp/mine
mkdir "$TMPDIR"
copy='a = bytes(50000000); b = bytearray(a); print(len(b))'

run "$dsamove" profile -- python3 -I -S -c "$copy; raise SystemExit(5)"
is status 5 "$status"
is stdout 50000000 "$stdout"
like caller ':PyBuffer_ToContiguous +1 +47\.6 MiB' "$stderr"
like bytes 'big copies +4[789]\.[0-9] MiB in [0-9]+ calls, in 1 process$' "$stderr"
like verdict '^Verdict: a DSA would save .* (worth it|a little)$' "$(tail -n 1 <<<"$stderr")"
is nothing-left '' "$(ls -A "$TMPDIR")"

# The lines for dsamove.conf are settings that offload these very copies.
sed -n '/^programs =/,/^$/p' <<<"$stderr" >"$tmp/lines.conf"
run "$dsamove" check --changed "$tmp/lines.conf"
is lines-are-settings 0 "$status"
like lines-have-rules '^callers_allow = (lib)?python3' "$(<"$tmp/lines.conf")"
run "$dsamove" run --conf "$tmp/lines.conf" --device software \
	--software-engines 0 --software-script ok --mode poll \
	--report-format json --report-file "$tmp/report" \
	-- python3 -I -S -c "$copy"
is lines-offload True "$(python3 -I -S -c '
import json, sys
print(json.load(open(sys.argv[1]))["device_bytes"] >= 50000000)' \
	"$tmp/report")"

# Several processes are added up; whatever the settings, the device is off.
DSAMOVE_DEVICE=software DSAMOVE_PROGRAMS='!*' run "$dsamove" profile --json \
	-o "$tmp/out.json" -- sh -c "
	python3 -I -S -c 'bytearray(bytes(5000000))'
	python3 -I -S -c 'bytearray(bytes(5000000))'
	sqlite3 :memory: 'select length(zeroblob(9000000)||zeroblob(9));'"
is silent '' "$stderr"
is several "True 3 True True ['python3', 'sqlite3']" "$(python3 -I -S -c '
import json, sys
a = json.load(open(sys.argv[1]))
rows = {c["function"]: c for c in a["callers"]}
print(rows["PyBuffer_ToContiguous"]["bytes"] == 10000000, a["processes"],
      a["bytes"] == sum(c["bytes"] for c in a["callers"]),
      any(r.startswith("libsqlite3.so.0:") for r in a["callers_allow"]),
      sorted(a["programs"]))' "$tmp/out.json")"

run "$dsamove" profile true
is nothing 0 "$status"
like nothing-verdict '^Verdict: no gain to be had' "$stderr"
run "$dsamove" profile --min-bytes 64 -- python3 -I -S -c 'print(1)'
like min-bytes 'big copies +[0-9.]+ [KM]iB in [1-9]' "$stderr"
run "$dsamove" profile --min-bytes none -- true
is bad-min-bytes 125 "$status"
run "$dsamove" profile no-such-program
is missing 127 "$status"
# shellcheck disable=SC2016 # another shell expands that
run "$dsamove" profile -- sh -c 'kill -KILL $$'
is killed 137 "$status"
run "$dsamove" profile -o /no/such/file true
is bad-output 1 "$status"
is nothing-left-at-last '' "$(ls -A "$TMPDIR")"
