#!/bin/bash
# SPDX-License-Identifier: MIT
# Calls and words that may not be in the source: tests/contract/tokens.sh
# BUILD_DIR (not used; make lint calls this too).
set -u
export LC_ALL=C

# shellcheck disable=SC2016 # make expands that
hot=$(printf 'include Makefile\nprint-hot:\n\t@echo $(HOT)\n' |
	env -u MAKEFLAGS -u MAKELEVEL -u MFLAGS \
		make -s --no-print-directory -f - print-hot)
sources=$(find src config preload -name '*.[ch]' ! -path 'src/cli/*' | sort)

# Words that have no place in a guest of someone else's process.  Comments
# and strings are taken away first: gcc's lexer knows them best.
code() { # PATH: the file without comments and string contents
	gcc -fpreprocessed -dD -E -P "$1" 2>/dev/null |
		sed -E 's/"([^"\\]|\\.)*"/""/g'
}
never='(v?f?printf|puts|putchar|fputs|perror|abort|_?exit|_Exit|quick_exit|assert|raise|kill|system|popen|sigprocmask|pthread_sigmask|setenv|putenv)'
in_hot='(malloc|calloc|realloc|free|v?sn?printf|getenv|secure_getenv|dlopen|dlsym|fopen|open|pthread_[a-z_]+|mem(cpy|move|set|cmp|chr)|str[a-z]+|errno|syscall)'
bad=
for f in $sources; do
	[[ $f == *.c ]] || continue
	words=$never
	[[ " $hot " == *" $f "* ]] && words="($never|$in_hot)"
	found=$(code "$f" | grep -oE "(^|[^A-Za-z0-9_.>\"])$words *\(" |
		tr -cd 'A-Za-z0-9_\n' | sort -u | tr '\n' ' ')
	# At birth the thread that makes engines lends them its closed mask.
	if [ "$f" = src/software_open.c ]; then
		found=$(tr ' ' '\n' <<<"$found" |
			grep -vx pthread_sigmask | tr '\n' ' ')
	fi
	# interpose.c defines some of these names: that is its job.
	if [ "$f" = preload/interpose.c ]; then
		found=$(tr ' ' '\n' <<<"$found" |
			grep -vxE 'mem(cpy|move|set|cmp)' | tr '\n' ' ')
	fi
	found=${found%% }
	[ -z "$found" ] || bad+=" $f: $found;"
done
[ -z "$bad" ] && echo 'ok no forbidden call in the source' ||
	echo "not ok no forbidden call in the source:$bad"


# Left-overs, in everything that is or may be committed.
mapfile -t files < <(git -c safe.directory="*" ls-files -co --exclude-standard 2>/dev/null |
	grep -vx tests/contract/tokens.sh |
	grep -E '\.([chS]|cc|sh|def|map|mk|py|conf|md)$|^Makefile$' |
	while read -r f; do [ -f "$f" ] && echo "$f"; done)
if [ ${#files[@]} -eq 0 ]; then
	echo 'skipped: nothing is left to do in comments: not a git tree'
	echo 'skipped: no line ends in a blank: not a git tree'
	exit 0
fi
found=$(grep -lE 'TODO|FIXME|XXX:|HACK:' "${files[@]}" | tr '\n' ' ')
[ -z "$found" ] && echo 'ok nothing is left to do in comments' ||
	echo "not ok nothing is left to do in comments: $found"
found=$(grep -lE '[[:space:]]$' "${files[@]}" | tr '\n' ' ')
[ -z "$found" ] && echo 'ok no line ends in a blank' ||
	echo "not ok no line ends in a blank: $found"
