#!/bin/bash
# SPDX-License-Identifier: MIT
# All programs, and the table of them: tests/compat/run.sh BUILD_DIR [GROUP...]
# Groups are the scripts beside this one, without .sh.  With all of them
# docs/compatibility.md is written.  The last line is the count.
set -u
out=$(realpath "$1") || exit 2
shift
cd "$(dirname "$0")/../.." || exit 2
log=$(mktemp) || exit 2
COMPAT_RESULTS=$(mktemp) || exit 2
trap 'rm -f "$log" "$COMPAT_RESULTS"' EXIT
export COMPAT_RESULTS
groups=("$@")
if [ $# -eq 0 ]; then
	for g in tests/compat/*.sh; do
		case $g in */run.sh | */lib.sh | */table.sh) continue ;; esac
		groups+=("$(basename "$g" .sh)")
	done
fi
for g in "${groups[@]}"; do
	"tests/compat/$g.sh" "$out" 2>&1 || echo "not ok $g: exit status $?"
done | tee "$log"
[ $# -gt 0 ] || tests/compat/table.sh "$COMPAT_RESULTS" \
	>docs/compatibility.md || exit 1
echo "$(grep -c '^ok ' "$log") passed, $(grep -c '^not ok ' "$log") failed," \
	"$(grep -c '^skipped:' "$log") skipped"
! grep -q '^not ok' "$log"
