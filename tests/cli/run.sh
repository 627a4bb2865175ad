#!/bin/bash
# SPDX-License-Identifier: MIT
# dsamove run: tests/cli/run.sh BUILD_DIR
. tests/lib.sh "$1"

# What PROGRAM is given, and what it gives back, is its own.
# shellcheck disable=SC2016 # another shell expands that
run "$dsamove" run -- bash -c 'echo "$0 $*"; cat; echo err >&2; exit 7' \
	--help -- 'a  b'
is status 7 "$status"
is arguments '--help -- a  b' "$stdout"
is stderr err "$stderr"
run "$dsamove" run true --help
is no-separator 0 "$status"
"$dsamove" run -- bash -c 'kill -TERM $$' 2>/dev/null
is signal 143 $?
run "$dsamove" run -- no-such-program
is missing-status 127 "$status"
is missing 'dsamove: no-such-program: No such file or directory' "$stderr"
run "$dsamove" run -- /etc/passwd
is denied-status 126 "$status"

# The copies of a program go to the device, with the keys as they are given.
report=$tmp/report
run "$guests/calls"
plain=$status$stdout
run "$dsamove" run --device software --min-bytes=8K --mode split \
	--report-file "$report" --report-format json -- "$guests/calls"
is offload-output "$plain" "$status$stdout"
is offload 'True 8192' "$(python3 -I -S -c '
import json, sys
a = json.load(open(sys.argv[1]))
print(a["device_bytes"] > 0, a["min_bytes"])' "$report")"
run "$dsamove" run --min-bytes 9K -- env
like variable '^DSAMOVE_MIN_BYTES=9K$' "$stdout"
like preload "^LD_PRELOAD=$so\$" "$stdout"
DSAMOVE_MIN_BYTES=7K run "$dsamove" run --min-bytes 9K -- env
like option-wins '^DSAMOVE_MIN_BYTES=9K$' "$stdout"
while IFS= read -r key; do
	run "$dsamove" run --help
	like "option-$key" "--${key//_/-}=[A-Z]+" "$stdout"
done < <(sed -nE 's/^KEY\(([a-z_]+),.*/\1/p' config/conf_keys.def)

# LD_PRELOAD keeps what it holds.
other=$(find /usr/lib/x86_64-linux-gnu -name 'libm.so.6')
LD_PRELOAD=$other run "$dsamove" run -- env
like kept "^LD_PRELOAD=$other:$so\$" "$stdout"
LD_PRELOAD=$so:$other run "$dsamove" run -- env
like once "^LD_PRELOAD=$so:$other\$" "$stdout"

# Settings are checked first, and the program is not started.
run "$dsamove" run --mode sideways -- touch "$tmp/started"
is bad-status 125 "$status"
like bad "^dsamove: environment: DSAMOVE_MODE: 'sideways' is not" "$stderr"
is not-started no "$([ -e "$tmp/started" ] && echo yes || echo no)"
printf 'min_bytes = 12K\n' >"$tmp/my.conf"
cd "$tmp" || exit 2
run "$dsamove" run --conf my.conf -- env
like conf "^DSAMOVE_CONF=$tmp/my.conf\$" "$stdout"
run "$dsamove" run --conf none.conf -- true
is no-conf-status 125 "$status"
cd - >/dev/null || exit 2

# --print says what would do the same, for any shell.
# shellcheck disable=SC2016
run "$dsamove" run --min-bytes 9K --print -- printf '%s\n' "it's" 'a $b'
is print-ran-nothing 1 "$(wc -l <<<"$stdout")"
run sh -c "$stdout"
is print "$(printf '%s\n' "it's" "a \$b")" "$stdout"

# A person at a terminal is told why there is no report; nobody else is.
on_terminal() { # COMMAND
	TERM=dumb script -qec "$1" /dev/null </dev/null | tr -d '\r'
}
if [ -e /sys/bus/dsa ]; then
	skip hint 'there is a DSA'
else
	like hint '^dsamove: there is no DSA here' \
		"$(on_terminal "$dsamove run -- true")"
	is no-hint-for-software '' \
		"$(on_terminal "$dsamove run --device=software -- true")"
	run "$dsamove" run -- true
	is no-hint-in-a-pipe '' "$stderr"
fi

# A program that is not where its library is.
mkdir -p "$tmp/prefix/bin" "$tmp/prefix/lib" "$tmp/a b"
cp "$dsamove" "$tmp/prefix/bin"
cp "$so" "$tmp/prefix/lib"
run "$tmp/prefix/bin/dsamove" run -- env
like prefix "^LD_PRELOAD=$tmp/prefix/lib/libdsapreload.so\$" "$stdout"
cp "$dsamove" "$so" "$tmp/a b"
run "$tmp/a b/dsamove" run -- true
is blank-in-path 125 "$status"
like blank-says 'takes no name with a colon or a blank$' "$stderr"
rm "$tmp/prefix/lib/libdsapreload.so"
if [ -e /usr/local/lib/libdsapreload.so ]; then
	skip library-missing 'it is installed'
else
	run "$tmp/prefix/bin/dsamove" run -- true
	is library-missing 125 "$status"
fi
