#!/bin/bash
# SPDX-License-Identifier: MIT
# Processes that beget processes: each reports its own copies, once.
. tests/lib.sh "$1"
. tests/hostile.sh

# Of the last run in MODE: each process' own count and its one report.
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

for how in crowd generations threads daemon orphan silent borrowed; do
	everywhere $how --some "$hostile/children" $how
	for mode in $modes; do
		is "$mode: $how: each reports its own, once" '' \
			"$(counts "$mode" 2>&1 | head -n 4)"
	done
done
