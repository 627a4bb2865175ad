#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""check_schema.py SCHEMA FILE...: is each line of FILE as SCHEMA says?

Prints what is not; the last line is "VALID n" of so many lines.
"""
import json
import sys

import jsonschema

with open(sys.argv[1], encoding='utf-8') as f:
    schema = json.load(f)
jsonschema.Draft202012Validator.check_schema(schema)


def find(line):
    """The validator of what the line claims to be: clearer than oneOf."""
    kind = 'interval' if 'dsamove_top' in line else 'report'
    return jsonschema.Draft202012Validator(
        {'$ref': f'#/$defs/{kind}', '$defs': schema['$defs']})


valid = 0
for path in sys.argv[2:]:
    with open(path, encoding='utf-8') as f:
        for text in f:
            line = json.loads(text)
            errors = list(find(line).iter_errors(line))
            for e in errors[:5]:
                print(f'{path}: {e.json_path}: {e.message[:200]}')
            both = jsonschema.Draft202012Validator(schema)
            if bool(errors) == both.is_valid(line):
                print(f'{path}: oneOf says otherwise')
            valid += not errors
print('VALID', valid)
