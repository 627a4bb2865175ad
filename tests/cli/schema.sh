#!/bin/bash
# SPDX-License-Identifier: MIT
# All JSON of reports and of dsamove top is what docs/report.schema.json says,
# by a validator of others; and the schema refuses what is not.
. tests/lib.sh "$1"
schema=$PWD/docs/report.schema.json
check_schema=$PWD/tests/check_schema.py
check() { /usr/bin/python3 "$check_schema" "$schema" "$@" 2>&1; }
if ! /usr/bin/python3 -c 'import jsonschema' 2>/dev/null; then
	not_ok schema 'python3-jsonschema is not installed; make deps'
	exit 1
fi
live=$(mktemp -d /dev/shm/dsamove-test.XXXXXX) || exit 2
trap 'rm -rf "$tmp" "$live"' EXIT
export XDG_RUNTIME_DIR=$live
cd "$tmp" || exit 2

valid() { # NAME KEY=VALUE... COMMAND
	local name=$1
	shift
	with report_format=json report_file="$tmp/report" "$@" >/dev/null 2>&1
	is "$name" 'VALID 1' "$(check report)"
	cat report >>all
	rm -f report
}
valid 'software' device=software "$guests/calls"
valid 'split, small calls, every kind of trouble' device=software stats=all \
	mode=split touch=always verify=100 software_engines=0 min_bytes=1 \
	software_script='ok*3,busy,fault@7,wfault@9,error=0x13,after=5' \
	"$guests/threads" 40 3
valid 'no device' device=none stats=all "$guests/calls"
valid 'callers' device=software stats=callers profile_min_bytes=64 \
	"$guests/calls"

env DSAMOVE_DEVICE=software LD_PRELOAD="$so" /usr/bin/python3 -I -S -c '
import os, signal
bytearray(bytes(1 << 20))
print("ready", flush=True)
signal.pause()' >ready 2>/dev/null &
pid=$!
until [ -s ready ]; do sleep 0.1; done
"$dsamove" report --json "$pid" >running
"$dsamove" top --once --interval 0.1 --json >top.json
kill -9 $pid
{ wait $pid; } 2>/dev/null
"$dsamove" report --json "$pid" >lost
"$dsamove" top --once --interval 0.1 --json >>top.json
"$dsamove" top --once --interval 0.1 --json --clean >>top.json
is 'a running program' 'VALID 1' "$(check running)"
is 'a killed program' 'VALID 1' "$(check lost)"
is 'top' 'VALID 3' "$(check top.json)"
cat running lost top.json >>all

# ---- each number, name and key of the reports above is looked at ----

# Changes one thing at a time; prints those that the schema lets pass.
cat >mutate.py <<'END'
import copy, json, sys
import jsonschema
schema = json.load(open(sys.argv[1]))
check = jsonschema.Draft202012Validator(schema)
tried, passed, seen = 0, [], set()
def walk(node, path, root):
    """Every key that is required, each scalar as one of another type."""
    global tried
    keys = list(node) if isinstance(node, dict) else range(len(node))
    for k in keys:
        name = path + (k if isinstance(k, str) else '#',)
        if isinstance(node[k], (dict, list)):
            walk(node[k], name, root)
            bad = 'text'
        else:
            bad = [] if name not in seen else None
        if bad is None or (name, str(bad)) in seen:
            continue
        seen.update((name, (name, str(bad))))
        kept, node[k] = node[k], bad
        tried += 1
        if check.is_valid(root):
            passed.append('.'.join(name))
        node[k] = kept
    if isinstance(node, dict) and ('new', path) not in seen:
        seen.add(('new', path))
        node['not_a_key'] = 1
        tried += 1
        if check.is_valid(root):
            passed.append('.'.join(path) + '.not_a_key')
        del node['not_a_key']
for line in open(sys.argv[2]):
    root = json.loads(line)
    walk(root, (root.get('dsamove_report') and 'report' or 'top',), root)
print(tried > 150, *passed)
END
is 'the schema refuses each change of a type, and unknown keys' True \
	"$(/usr/bin/python3 mutate.py "$schema" all)"
