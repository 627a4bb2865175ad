#!/bin/bash
# SPDX-License-Identifier: MIT
# dsamove check: tests/cli/check.sh BUILD_DIR
. tests/lib.sh "$1"

cat >"$tmp/good.conf" <<'EOF'
# a comment
min_bytes = 65536
queues = wq0.0,
	wq2.1
ops = memcpy, memset
mode = split
report_file = /tmp/%e.%p
callers_deny = libfoo.so:f(int, char)
EOF
export DSAMOVE_WAIT=yield
run "$dsamove" check "$tmp/good.conf"
is status 0 "$status"
is silent '' "$stderr"
like size "^min_bytes +64K +$tmp/good.conf:2$" "$stdout"
like list "^queues +wq0\.0,wq2\.1 +$tmp/good.conf:3$" "$stdout"
like set "^ops +memcpy,memset +$tmp/good.conf:5$" "$stdout"
like choice "^mode +split +$tmp/good.conf:6$" "$stdout"
like text "^report_file +/tmp/%e.%p +$tmp/good.conf:7$" "$stdout"
like rules "^callers_deny +libfoo.so:f\(int, char\) +$tmp/good.conf:8$" \
	"$stdout"
like environment '^wait +yield +environment$' "$stdout"
like default '^device +auto +default$' "$stdout"
like empty '^memcpy_min_bytes +\(empty\) +default$' "$stdout"
like summary "^$tmp/good.conf: understood, 7 of [0-9]+ settings given$" \
	"$stdout"
is no-colour-in-a-pipe 0 "$(grep -c $'\033' <<<"$stdout")"
keys=$(grep -c '^KEY(' config/conf_keys.def)
is every-key "$keys" "$(grep -cE ' (default|environment|[^ ]*:[0-9]+)$' \
	<<<"$stdout")"

# What it prints is what the preload has: a value printed reads back the same.
sed -nE '$d; s/^([a-z_]+) +(.*[^ ]) +(default|environment|\/[^ ]*)$/\1 = \2/p' \
	<<<"$stdout" | sed 's/ = (empty)$/ =/; s/ *$//' >"$tmp/again.conf"
first=$(sed -nE 's/ +(default|environment|\/[^ ]*)$//p' <<<"$stdout")
run env -u DSAMOVE_WAIT "$dsamove" check "$tmp/again.conf"
is reads-back "$first" \
	"$(sed -nE 's/ +(default|environment|\/[^ ]*)$//p' <<<"$stdout")"

run "$dsamove" check --changed "$tmp/good.conf"
is changed-lines 8 "$(wc -l <<<"$stdout")"
run "$dsamove" check --json "$tmp/good.conf"
is json 'True 64K file 2 default' "$(python3 -I -S -c '
import json, sys
a = json.load(sys.stdin)
s = a["settings"]
print(a["valid"], s["min_bytes"]["value"], s["min_bytes"]["source"],
      s["min_bytes"]["line"], s["device"]["source"])' <<<"$stdout")"

: >"$tmp/one.conf"
DSAMOVE_CONF=$tmp/one.conf run "$dsamove" check
like without-a-file 'one.conf: understood, 1 of' "$stdout"

# refused NAME LINE... : WHAT the preload says, check says
refused() { # NAME FILE
	run "$dsamove" check "$2"
	is "$1-status" 1 "$status"
	is "$1-stdout" '' "$stdout"
	said=$stderr
	run with DSAMOVE_CONF="$2" "$guests/calls"
	is "$1-as-the-preload" "$(head -n 1 <<<"$stderr")" \
		"$said$([[ $stderr != *'; nothing is offloaded'* ]] ||
			echo '; nothing is offloaded')"
}
unset DSAMOVE_WAIT
printf 'min_bytes = many\n' >"$tmp/bad1.conf"
printf '\nmin_byte = 1\n' >"$tmp/bad2.conf"
printf 'device=dsa\nqueues = dsa0\n' >"$tmp/bad3.conf"
printf 'device=software\nsoftware_script = oops\n' >"$tmp/bad4.conf"
printf '[x]\n' >"$tmp/bad5.conf"
for n in 1 2 3 4 5; do
	refused "bad$n" "$tmp/bad$n.conf"
done
refused missing "$tmp/none.conf"
if grep -qw waitpkg /proc/cpuinfo; then
	skip umwait 'this CPU has it'
else
	printf 'wait = umwait\ndevice = software\n' >"$tmp/bad6.conf"
	refused umwait "$tmp/bad6.conf"
fi
run "$dsamove" check --json "$tmp/bad1.conf"
is json-bad 1 "$status"
like json-error "\"error\": *\".*many" "$stdout"
run "$dsamove" check a b
is two-files 2 "$status"
