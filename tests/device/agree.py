#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""What the library claims in its reports, and what the device saw.

agree.py [--some] [--less] ACCOUNT REPORT...
  --some  processes may have ended without a report (_exit, a signal)
  --less  the device may have done more than is claimed: it was silent about
          it, or the program jumped out of the copy

Compares bytes, by process and by operation, descriptors by operation
(members of batches, not the batches), and page faults.  Prints "agree N", N being the bytes, or what differs.
"""
import json
import sys

OPS = {'memcpy': 'memmove', 'memmove': 'memmove', 'mempcpy': 'memmove',
       'memset': 'fill'}


def claims_of(report):
    claim = {'bytes': report['device_bytes'], 'faults': 0}
    for name in 'memmove', 'fill':
        claim[name] = claim[name + ' bytes'] = 0
    for name, op in report['total']['ops'].items():
        opcode = OPS.get(name, name)
        claim[opcode] += op['descriptors']
        claim[opcode + ' bytes'] += op['device_bytes']
        claim['faults'] += op['faults']
    return claim


def seen_of(process):
    status = process['statuses']
    seen = {'bytes': process['bytes'],
            'dropped': process['dropped'],
            'faults': sum(status.get(code, 0)
                          for code in ('0x03', '0x83', '0x04', '0x84'))}
    for name in 'memmove', 'fill':
        seen[name] = process['opcodes'].get(name, 0)
        seen[name + ' bytes'] = process['opcode_bytes'].get(name, 0)
    return seen


def main():
    words = sys.argv[1:]
    less, some = '--less' in words, '--some' in words
    words = [w for w in words if not w.startswith('--')]
    claims = {}
    for path in words[1:]:
        with open(path, encoding='utf-8') as f:
            for line in f:
                report = json.loads(line)
                claim = claims_of(report)
                if report['pid'] in claims:
                    old = claims[report['pid']]
                    claim = {k: n + old[k] for k, n in claim.items()}
                claims[report['pid']] = claim
    with open(words[0], encoding='utf-8') as f:
        account = json.load(f)
    seen = {p['pid']: seen_of(p) for p in account['processes']}
    total = 0
    for pid in sorted(claims.keys() | seen.keys()):
        claim = claims.get(pid)
        here = seen.get(pid) or dict.fromkeys([*claim, 'dropped'], 0)
        if claim is None:
            if here['bytes'] and not some:
                print(f'process {pid}: no report of', here)
            continue
        total += claim['bytes']
        for key, n in claim.items():
            most = here[key]
            if key in ('memmove', 'fill'):
                most += here['dropped']
            if n != here[key] and (not less or n > most):
                print(f'process {pid}: {key}: claims {n}, seen {here[key]}')
    print('agree', total)


main()
