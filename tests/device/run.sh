#!/bin/bash
# SPDX-License-Identifier: MIT
# All tests of the test device: tests/device/run.sh BUILD_DIR
# Prints their lines; the exit status is 1 if any is "not ok".
set -u
out=$(realpath "$1") || exit 2
cd "$(dirname "$0")/../.." || exit 2
log=$(mktemp) || exit 2
trap 'rm -f "$log"' EXIT
for t in tests/device/*.test.sh; do
	timeout 600 "$t" "$out" ||
		echo "not ok $(basename "$t"): exit status $?"
done | tee "$log"
! grep -q '^not ok' "$log"
