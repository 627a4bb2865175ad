#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Lines of src/ and config/ that ran: coverage.py BUILD_DIR LEAST

Sums up what gcov has of the engine's objects, whichever program they were in.
Prints a line for each file, the worst first, and the total; exit status 1 if
that is below LEAST percent.
"""
import glob
import json
import re
import subprocess
import sys

build, least = sys.argv[1], float(sys.argv[2])
ran = {}
for notes in glob.glob(build + '/src/*.gcno') + glob.glob(
        build + '/config/*.gcno'):
    said = subprocess.run(['gcov', '-t', '--json-format', notes],
                          capture_output=True, check=False).stdout
    for line in said.splitlines():
        for f in json.loads(line)['files']:
            if not re.fullmatch(r'(src|config)/[^/]*\.[ch]', f['file']):
                continue
            lines = ran.setdefault(f['file'], {})
            for x in f['lines']:
                n = x['line_number']
                lines[n] = lines.get(n, 0) + x['count']
rows = sorted((100 * sum(n > 0 for n in x.values()) / len(x), len(x), f)
              for f, x in ran.items() if x)
for percent, count, f in rows:
    print(f'{percent:6.1f} % of {count:4} lines  {f}')
lines = sum(count for _, count, _ in rows)
total = sum(percent * count for percent, count, _ in rows) / max(lines, 1)
print(f'{total:6.1f} % of {lines:4} lines of src/ and config/')
sys.exit(total < least)
