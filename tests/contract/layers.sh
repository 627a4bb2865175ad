#!/bin/bash
# SPDX-License-Identifier: MIT
# Which file may include which, and what each .c must say of itself:
# tests/contract/layers.sh BUILD_DIR.  docs/design.md, section 2.
set -u
export LC_ALL=C
tmp=$(mktemp -d) || exit 1
trap 'rm -rf "$tmp"' EXIT

# Arrows point down only: a file includes headers of its layer or below.
# A .c is of its header's layer, unless it has a line of its own (NAME.c).
layers() {
	cat <<'END'
0 dsamove clock syscall sandbox libc_mem text tiny probe
0 descriptor_exec descriptor_check descriptor_crc descriptor_step
0 descriptor_walk conf conf_value conf_load conf_file conf_rules caller_name caller_cfi symbols
1 caller_module caller_startup caller_identity.c device stats wait policy discover discover_sysfs discover.c log
2 caller caller_learn caller_late.c caller_stack.c caller_step caller_frame node tuner tuner_rate tuner_shot peers queue software_memory stats_sum
3 peers.c about live caller_rules profile profile_birth slot slot_batch slot_left device_software device_engines.c device_dsa.c queue_open
4 caller_birth submit batch software_open queue_open.c queue_close libc_resolve
5 pieces pieces_touch.c compare share share_part shot aside offload
6 report report_gather report_callers report_names report_who report_gain report_text report_verdict report_json open_device
7 interpose jump libraries.c lifecycle
END
}

# Headers of the cold rooms that no hot file may see, even indirectly.
cold_headers='about.h live.h conf.h conf_value.h log.h report.h discover.h text.h open_device.h
symbols.h caller_learn.h caller_rules.h caller_birth.h'

layer_of() { # PATH
	local base=${1##*/} row
	row=$(layers | grep -E " $base( |\$)")
	[ -n "$row" ] || row=$(layers | grep -E " ${base%.[ch]}( |\$)")
	echo "${row%% *}"
}

# The project's own headers that a file includes, one a line.
includes() { # PATH
	sed -nE 's/^#[[:space:]]*include "([^"]*)".*/\1/p' "$1"
}

find_header() { # NAME
	local d
	for d in src config preload; do
		[ -f "$d/$1" ] && echo "$d/$1" && return
	done
}

sources=$(find src config preload -name '*.[ch]' ! -path 'src/cli/*' | sort)

bad=
for f in $sources; do
	own=$(layer_of "$f")
	if [ -z "$own" ]; then
		bad+=" $f has no layer;"
		continue
	fi
	for h in $(includes "$f"); do
		case $h in
		conf_keys.def) [[ $f == config/* ]] ||
			bad+=" $f includes $h;" && continue ;;
		esac
		path=$(find_header "$h")
		under=$(layer_of "$h")
		if [ -z "$path" ] || [ -z "$under" ]; then
			bad+=" $f includes unknown $h;"
		elif [ "$under" -gt "$own" ]; then
			bad+=" $f ($own) includes $h ($under);"
		fi
	done
done
[ -z "$bad" ] && echo 'ok includes point down' ||
	echo "not ok includes point down:$bad"

bad=
for f in $sources; do
	for h in $(includes "$f"); do
		path=$(find_header "$h")
		case $f in
		src/*) [[ $path != preload/* ]] || bad+=" $f: $h" ;;
		config/*) [[ $path == config/* || $h == dsamove.h ||
			$h == conf_keys.def ]] || bad+=" $f: $h" ;;
		esac
		[[ $h != *.c ]] || bad+=" $f: $h"
	done
done
[ -z "$bad" ] && echo 'ok src does not know preload, config knows itself' ||
	echo "not ok src does not know preload, config knows itself:$bad"

# The command stands above the engine: nobody includes what is its own.
mapfile -t cli < <(find src/cli -name '*.[ch]' | sort)
bad=
for f in "${cli[@]}"; do
	for h in $(includes "$f"); do
		[ -f "src/cli/$h" ] || [ -f "src/$h" ] || [ -f "config/$h" ] ||
			bad+=" $f: $h"
	done
	lines=$(wc -l <"$f")
	[ "$lines" -le 350 ] || bad+=" $f has $lines lines;"
	[[ $f == *.h ]] || head -n 3 "$f" |
		grep -qF ' * Room: COLD (the command).' || bad+=" $f: no room"
done
for f in $sources; do
	for h in $(includes "$f"); do
		[ ! -f "src/cli/$h" ] || bad+=" $f: $h"
	done
done
[ ${#cli[@]} -gt 0 ] && [ -z "$bad" ] && echo 'ok the command stands above' ||
	echo "not ok the command stands above:$bad"

# Does a file see one of the cold headers?
closure() { # PATH
	local queue=("$1") seen=' ' f h
	while [ ${#queue[@]} -gt 0 ]; do
		f=${queue[0]}
		queue=("${queue[@]:1}")
		for h in $(includes "$f"); do
			[[ $seen == *" $h "* ]] && continue
			seen+="$h "
			h=$(find_header "$h")
			[ -z "$h" ] || queue+=("$h")
		done
	done
	echo "$seen"
}

# shellcheck disable=SC2016 # make expands that
hot=$(printf 'include Makefile\nprint-hot:\n\t@echo $(HOT)\n' |
	env -u MAKEFLAGS -u MAKELEVEL -u MFLAGS \
		make -s --no-print-directory -f - print-hot)
bad=
for f in $hot; do
	seen=$(closure "$f")
	for h in $cold_headers; do
		[[ $seen != *" $h "* ]] || bad+=" $f: $h"
	done
done
[ -n "$hot" ] && [ -z "$bad" ] && echo 'ok hot files see no cold header' ||
	echo "not ok hot files see no cold header:$bad"

bad=
for f in $sources; do
	[[ $f == *.c ]] || continue
	h=${f%.c}.h
	[ -f "$h" ] || continue
	[ "$(includes "$f" | head -n 1)" = "${h##*/}" ] || bad+=" $f"
done
[ -z "$bad" ] && echo 'ok each .c includes its own header first' ||
	echo "not ok each .c includes its own header first:$bad"

bad=
for f in $sources; do
	[[ $f == *.h ]] || continue
	printf '#include "%s"\n' "$f" >"$tmp/alone.c"
	gcc -std=c11 -D_GNU_SOURCE -I. -Isrc -Iconfig -fsyntax-only \
		"$tmp/alone.c" 2>"$tmp/err" || bad+=" $f"
done
[ -z "$bad" ] && echo 'ok each header compiles alone' ||
	echo "not ok each header compiles alone:$bad"

# ---- what a file says of itself ----

bad=
for f in $(find src config preload tests bench -name '*.[ch]' -o \
	-name '*.cc' -o -name '*.sh' -o -name '*.def' | sort) Makefile .ci/run; do
	[ -f "$f" ] || continue
	head -n 2 "$f" | grep -q 'SPDX-License-Identifier: MIT' || bad+=" $f"
done
[ -z "$bad" ] && echo 'ok each file names its licence in its first lines' ||
	echo "not ok each file names its licence in its first lines:$bad"

bad=
for f in $sources; do
	[[ $f == *.c ]] || continue
	head=$(sed '/^ \*\//q' "$f")
	room=$(sed -nE 's/^ \* Room: ([A-Z]+).*/\1/p' <<<"$head")
	case " $hot " in
	*" $f "*) want=HOT ;;
	*) want=COLD ;;
	esac
	[ "$room" = "$want" ] || bad+=" $f: Room: ${room:-none}, is $want;"
	grep -q 'May: ' <<<"$head" || bad+=" $f: no May;"
	grep -q 'Must not: ' <<<"$head" || bad+=" $f: no Must not;"
done
[ -z "$bad" ] && echo 'ok each .c says its room, and the Makefile agrees' ||
	echo "not ok each .c says its room, and the Makefile agrees:$bad"

# Every .c is built, and each is hot or cold, not both.
# shellcheck disable=SC2016
cold=$(printf 'include Makefile\nprint-cold:\n\t@echo $(COLD)\n' |
	env -u MAKEFLAGS -u MAKELEVEL -u MFLAGS \
		make -s --no-print-directory -f - print-cold)
bad=$(tr ' ' '\n' <<<"$hot $cold" | sort | uniq -d | tr '\n' ' ')
for f in $sources; do
	[[ $f == *.c && " $hot $cold " != *" $f "* ]] && bad+=" $f (not built)"
done
[ -z "$bad" ] && echo 'ok each .c is hot or cold' ||
	echo "not ok each .c is hot or cold: $bad"

bad=
for f in $sources; do
	lines=$(wc -l <"$f")
	[ "$lines" -le 350 ] || bad+=" $f has $lines lines;"
done
[ -z "$bad" ] && echo 'ok no file is over about 300 lines' ||
	echo "not ok no file is over about 300 lines:$bad"
