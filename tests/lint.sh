#!/bin/bash
# SPDX-License-Identifier: MIT
# Reads the code with five tools: tests/lint.sh.  One line a tool, preceded
# by what it found; exit status 1 if any found something.
set -u
export LC_ALL=C
cd "$(dirname "$0")/.." || exit 2
failed=0
log=$(mktemp) || exit 1
trap 'rm -f "$log"' EXIT

verdict() { # TOOL STATUS WHAT
	if [ "$2" -eq 0 ]; then
		printf 'lint: %-16s ok, %s\n' "$1" "$3"
	else
		cat "$log"
		printf 'lint: %-16s FAILED\n' "$1"
		failed=1
	fi
}

# Is the tool there?  If not, that is a failure too.
have() {
	command -v "$1" >/dev/null && return
	printf 'lint: %-16s FAILED: not installed; make deps-lint\n' "$1"
	failed=1
	return 1
}

# Tracked files and those that are about to be; not what was deleted.
files() { # PATTERN...
	git ls-files -co --exclude-standard -- "$@" | sort -u |
		while read -r f; do [ -f "$f" ] && echo "$f"; done
}

mapfile -t all_c < <(files '*.c' '*.h' '*.cc')
mapfile -t our_c < <(files 'src/*.c' 'preload/*.c' 'config/*.c')
mapfile -t all_sh < <(files '*.sh' .ci/run)
defines=(-std=c11 -D_GNU_SOURCE '-DDSAM_VERSION="0"' '-DDSAM_LIBDIR="/"'
	'-DDSAM_DATADIR="/"' -Isrc -Iconfig)

if have clang-format-14; then
	for f in "${all_c[@]}"; do
		clang-format-14 --dry-run -Werror "$f" >/dev/null 2>&1 ||
			echo "$f: not as .clang-format says; make format"
	done >"$log"
	[ ! -s "$log" ]
	verdict clang-format-14 $? "${#all_c[@]} files"
fi

if have clang-tidy-14; then
	# One file each: version 14 mixes va_lists of several up.  On stderr
	# it only counts what it did not show.
	printf '%s\0' "${our_c[@]}" | xargs -0 -n 1 -P "$(nproc)" sh -c '
		clang-tidy-14 --quiet "$@" -- '"${defines[*]@Q}"' \
			-fno-builtin 2>/dev/null' tidy >"$log"
	verdict clang-tidy-14 $? "${#our_c[@]} files"
fi

if have cppcheck; then
	# What it gets wrong, or what is meant:
	#   ctuuninitvar     takes a struct for unset that the callee fills
	#   uninitvar        does not see through RESOLVE()
	#   signConversion   unsigned wrap is the point there
	#   nullPointer...   a system call's answer is not a pointer yet
	cppcheck --quiet --enable=warning,performance,portability \
		--error-exitcode=1 --inline-suppr --std=c11 \
		--platform=unix64 -D__x86_64__ "${defines[@]:1}" \
		--suppress=ctuuninitvar \
		--suppress=uninitvar:src/libc_resolve.c \
		--suppress=signConversion:src/policy.h \
		--suppress=nullPointerArithmeticRedundantCheck:src/report.c \
		"${our_c[@]}" >"$log" 2>&1
	verdict cppcheck $? "${#our_c[@]} files"
fi

if have shellcheck; then
	shellcheck "${all_sh[@]}" >"$log" 2>&1
	verdict shellcheck $? "${#all_sh[@]} files"
fi

tests/contract/tokens.sh build/release >"$log" 2>&1
! grep -q '^not ok' "$log"
verdict 'forbidden words' $? "$(grep -c '^ok' "$log") rules"

exit $failed
