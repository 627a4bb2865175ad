#!/bin/bash
# SPDX-License-Identifier: MIT
# A minute of `make soak`: its lines, and the seed to repeat it by.
. tests/lib.sh "$1"
tests/hostile/soak.py "$out" "${SOAK_SECONDS:-60}" >"$tmp/log" 2>&1
status=$?
seed=$(sed -n 's/^seed //p' "$tmp/log")
sed "s/^ok soak.*/& (seed $seed)/; s/^not ok soak/& (seed $seed)/" "$tmp/log" |
	grep -E '^(ok|not ok|skipped:)'
if [ $status -ne 0 ] && ! grep -q '^not ok' "$tmp/log"; then
	not_ok soak "exit status $status: $(tail -n 3 "$tmp/log")"
fi
