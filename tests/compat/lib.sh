# SPDX-License-Identifier: MIT
# shellcheck shell=bash disable=SC2034,SC2154
# What the groups share, after tests/lib.sh: same() runs a script of shell
# commands plain and then with every copy offloaded, and compares.
#
# COMPAT=selection  only what is marked so: a part of `make check`
# COMPAT_RESULTS    file to which a line a run is added, for table.sh
root=$PWD
data=$tmp/data # what programs work on; not to be changed by them
work=$tmp/work # where a script runs; the same path each time, and empty
tb=$out/dsa-testbed
variants='inline engine'
if [ -z "${on_testbed+set}" ]; then
	on_testbed=yes
	"$tb" --check 2>/dev/null || on_testbed=
fi

mkdir "$data" "$tmp/reports"
chmod 755 "$tmp"
chmod 1777 "$tmp/reports"
python3 -I -S - "$data" <<'END'
import random, sys
random.seed(11)
words = [bytes(random.choices(b'etaoinshrdlu', k=random.randint(2, 9)))
         for _ in range(900)]
text = b'\n'.join(b' '.join(random.choices(words, k=11))
                  for _ in range(30000))
open(sys.argv[1] + '/text', 'wb').write(text[:1500000] + b'\n')
open(sys.argv[1] + '/noise', 'wb').write(random.randbytes(700000))
END

# The settings of a variant, and the test device before them if it needs one.
how_of() { # VARIANT
	prefix=()
	settings=(DSAMOVE_MIN_BYTES=1 DSAMOVE_STATS=all
		DSAMOVE_REPORT_FORMAT=json
		"DSAMOVE_REPORT_FILE=$tmp/reports/%p" "DSAMOVE_CONF=$DSAMOVE_CONF")
	case $1 in
	inline) settings+=(DSAMOVE_DEVICE=software DSAMOVE_SOFTWARE_ENGINES=0) ;;
	engine*) settings+=(DSAMOVE_DEVICE=software DSAMOVE_SOFTWARE_ENGINES=1) ;;
	write*) prefix=("$tb" --submit write -s node_mode=0666 --) ;;
	mmap*) prefix=("$tb" --submit mmap --patch -s node_mode=0666 --) ;;
	esac
	[[ $1 != *-1k ]] || settings+=(DSAMOVE_MIN_BYTES=1K)
}

# go LIMIT FILE COMMAND...: a run of $tmp/script in an empty $work by
# COMMAND..., its output and status into FILE; sets $ms
go() {
	local limit=$1 to=$2 begin end
	shift 2
	rm -rf "$work"
	mkdir -m 1777 "$work"
	begin=$(date +%s%N)
	(cd "$work" && exec timeout -k 5 "$limit" "$@" bash "$tmp/script") \
		>"$to" 2>"$to.err" </dev/null
	echo "exit status $?" >>"$to"
	end=$(date +%s%N)
	ms=$(((end - begin) / 1000000))
}

# What the reports add up to: "calls bytes device_bytes reports", or a reason.
# Hosts that are killed, jump out of copies or end at once say less or nothing.
sums() {
	find "$tmp/reports" -type f -print0 |
		xargs -0 -r python3 -I -S tests/check_report.py --torn 2>&1 |
		tail -n 1
}

# compare NAME LIMIT VARIANT: one line of a result
compare() {
	local name=$1-$3 why='' moved calls verdict=yes
	rm -f "$tmp"/reports/*
	how_of "$3"
	go "$2" "$tmp/now" "${prefix[@]}" env "${settings[@]}" \
		LD_PRELOAD="$so" data="$data" so="$so" root="$root"
	read -r _ calls _ moved _ <<<"$(sums)"
	[[ $moved =~ ^[0-9]+$ ]] || { calls=0 moved=0; }
	if ! cmp -s "$tmp/plain" "$tmp/now"; then
		why="output: $(diff -a "$tmp/plain" "$tmp/now" | head -n 6)"
		why+=" $(tail -n 3 "$tmp/now.err")"
	elif grep -q '^dsamove: ' "$tmp/now.err"; then
		why=$(grep '^dsamove: ' "$tmp/now.err" | head -n 1)
	elif [ "$moved" -eq 0 ]; then
		why='nothing was offloaded'
	fi
	if [ -z "$why" ]; then
		ok "$name"
	else
		verdict=no
		not_ok "$name" "$why"
		[ -z "${COMPAT_KEEP-}" ] || cp "$tmp"/now "$tmp"/now.err \
			"$tmp"/plain "$tmp"/plain.err "$COMPAT_KEEP/"
	fi
	[ -z "${COMPAT_RESULTS-}" ] || printf '%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\n' \
		"$title" "$version" "$3" "$calls" "$moved" "$verdict" \
		"$plain_ms" "$ms" >>"$COMPAT_RESULTS"
}

# same NAME TITLE PACKAGE MARKS [LIMIT]: the script on stdin prints what has to
# be the same.  MARKS: "device" it is run on the test device, too; "heavy" so
# many copies that those of less than 1 KiB would keep an engine thread busy for
# an hour; "selection" and "selection-device" it is in the selection, which is
# as lenient with engines.  $data, $root and $so are there.
same() {
	local name=$1 marks=" $4 " limit=${5:-900} variant heavy=
	[[ $marks != *' heavy '* ]] || heavy=-1k
	title=$2
	cat >"$tmp/script"
	[ -z "${COMPAT_ONLY-}" ] || [[ $name =~ $COMPAT_ONLY ]] || return 0
	if [ "${COMPAT-}" = selection ]; then
		[[ $marks == *' selection'* ]] || return 0
		heavy=-1k
		[[ $marks == *' selection-device '* ]] || marks=
	fi
	version=$(dpkg-query -W -f '${Version}' "$3" 2>/dev/null)
	if [ -z "$version" ]; then
		skip "$name" "$3 is not installed (make deps-programs)"
		return
	fi
	go "$limit" "$tmp/plain" env data="$data" so="$so" root="$root"
	plain_ms=$ms
	if [ ! -s "$tmp/plain" ] || grep -q '^exit status 1[2-9][0-9]' \
		"$tmp/plain"; then
		not_ok "$name" "plain: $(tail -n 3 "$tmp/plain" "$tmp/plain.err")"
		return
	fi
	for variant in ${COMPAT_VARIANTS:-$variants}; do
		[ "$variant" = inline ] || variant+=$heavy
		compare "$name" "$limit" "$variant"
	done
	[[ $marks == *' device '* ]] || return 0
	if [ -z "$on_testbed" ]; then
		skip "$name-device" "the test device can't run here"
		return
	fi
	for variant in write mmap; do
		compare "$name" "$limit" "$variant$heavy"
	done
}
