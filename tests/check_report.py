#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Reads JSON reports: check_report.py [--torn] FILE...  One object a line.

--torn: a host jumped out of copies, so counters need not add up.

Says nothing if every report parses and adds up; else one line a problem.
The last line is always "SUM calls bytes device_bytes reports".
"""
import json
import sys

problems = []


def strict(pairs):
    keys = [k for k, _ in pairs]
    if len(keys) != len(set(keys)):
        raise ValueError('a key is given twice')
    return dict(pairs)


def total(items, key):
    return sum(i[key] for i in items)


def check_ops(ops, want):
    """Each op: routes = size histogram in calls, reasons + device = bytes."""
    for name, op in ops.items():
        routes = op['routes']
        if set(routes) != {'cpu', 'device', 'shared'}:
            want(False, name + ': routes are ' + str(sorted(routes)))
        calls = total(routes.values(), 'calls')
        size = total(routes.values(), 'bytes')
        cpu = total(op['cpu_reasons'].values(), 'bytes')
        want(op['device_bytes'] + cpu == size,
             f'{name}: device {op["device_bytes"]} + cpu {cpu} != {size}')
        want(sum(n for _, n in op['sizes']) == calls,
             name + ': histogram of sizes has not as many calls')
        with_device = (routes['device']['calls'] + routes['shared']['calls'])
        want(sum(n for _, n in op['latencies_ns']) == with_device,
             name + ': histogram of latencies has not as many calls')
        # Up to its first line a destination may be the CPU's, all the same.
        head = op['cpu_reasons'].get('head', {'bytes': 0})['bytes']
        want(routes['device']['bytes'] <= op['device_bytes'] + head,
             name + ': route device has more bytes than the device moved')
        want(op['resumes'] <= op['faults'], name + ': resumes > faults')


def check(report):
    def want(true, what):
        if not true and not torn:
            problems.append(f'{report.get("program")}: {what}')

    want(report['dsamove_report'] == 1, 'version')
    want(report['calls'] > 0, 'a report without calls')
    reasons = report['cpu_reasons']
    size = report['bytes']
    cpu = total(reasons.values(), 'bytes')
    want(report['device_bytes'] + cpu == size,
         f'device {report["device_bytes"]} + cpu {cpu} != bytes {size}')
    ops = report['total']['ops']
    check_ops(ops, want)
    # Requests outside any thread's row are in the reasons alone.
    for unit in 'calls', 'bytes':
        routed = sum(total(o['routes'].values(), unit) for o in ops.values())
        inside = {}
        for o in ops.values():
            for why, n in o['cpu_reasons'].items():
                inside[why] = inside.get(why, 0) + n[unit]
        outside = sum(n[unit] - inside.get(why, 0)
                      for why, n in reasons.items())
        want(routed + outside == report[unit],
             f'routes {routed} + outside {outside} != {report[unit]} {unit}')
    # The threads' rows add up to the total.
    for name, op in ops.items():
        for route, n in op['routes'].items():
            rows = sum(t['ops'][name]['routes'][route]['bytes']
                       for t in report['threads'] if name in t['ops'])
            want(rows == n['bytes'],
                 f'{name}: rows of route {route}: {rows} != {n["bytes"]}')
    for t in report['threads']:
        check_ops(t['ops'], want)
    return report['calls'], size, report['device_bytes'], 1


torn = '--torn' in sys.argv
sums = [0, 0, 0, 0]
for path in sys.argv[1 + torn:]:
    with open(path, encoding='utf-8') as f:
        for line in f:
            try:
                got = check(json.loads(line, object_pairs_hook=strict))
                sums = [a + b for a, b in zip(sums, got)]
            except (ValueError, KeyError, TypeError) as e:
                problems.append(f'{path}: {type(e).__name__} {e}')
for p in problems[:10]:
    print(p)
print('SUM', *sums)
