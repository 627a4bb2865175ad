#!/bin/bash
# SPDX-License-Identifier: MIT
# Files that we write to and read, names that are no names, and programs of
# raised privilege.  The names' bytes are data, wherever they come to.
. tests/lib.sh "$1"
cd "$tmp" || exit 2
chmod 711 .
calls=$guests/calls
run "$calls"
plain="$status $stdout"
soft=(device=software software_engines=0 report_format=json)

# ---- the files that we write ----

for what in report log; do
	file=$tmp/$what.file
	bad=
	[ $what = log ] && bad=software_script=nonsense
	for umask in 000 022; do
		rm -f "$file"
		(umask $umask && with "${soft[@]}" $bad ${what}_file="$file" \
			"$calls" >out 2>err)
		is "${what}_file, umask $umask: nobody else reads it" 600 \
			"$(stat -c %a "$file" 2>&1)"
	done
	with "${soft[@]}" $bad ${what}_file="$file" "$calls" >out 2>err
	is "${what}_file: appended to" 2 "$(wc -l <"$file")"
	echo mine >target
	ln -sf target link
	run with "${soft[@]}" $bad ${what}_file="$tmp/link" "$calls"
	is "${what}_file: no link is followed" "$plain mine" \
		"$status $stdout $(<target)"
done
with "${soft[@]}" report_file="$tmp/report.file" report_open=fresh "$calls" \
	>out 2>err
is 'report_open=fresh: begun anew' 1 "$(wc -l <report.file)"

# ---- names ----

# named NAME: the program, under that name; JSON says it so
named() {
	local said
	rm -f report.json report.text
	mkdir -p files
	for format in json text; do
		# shellcheck disable=SC2016 # the inner shell expands it
		(exec -a "$1" env -i DSAMOVE_DEVICE=software \
			DSAMOVE_CONF="$DSAMOVE_CONF" \
			DSAMOVE_SOFTWARE_ENGINES=0 \
			DSAMOVE_REPORT_FORMAT=$format DSAMOVE_REPORT_FILE="$tmp/files/%e" \
			bash -c 'export LD_PRELOAD=$3; exec -a "$2" "$1"' \
			bash "$calls" "$1" "$so") >out 2>err </dev/null
		is "named ${2-${1@Q}}: the program, $format" "$plain" "$? $(<out)"
		find files -type f -exec cat {} + >"report.$format"
		cat err >>"report.$format"
		rm -rf files/* "$tmp"/files/.[!.]*
	done
	said=$(python3 -I -S - "$1" 2>&1 <<'END'
import json, os, sys
lines = [x for x in open('report.json', encoding='utf-8')
         if not x.startswith('dsamove: ')]
want = os.fsencode(sys.argv[1]).rpartition(b'/')[2]
want = want.decode('utf-8', 'replace')
got = json.loads(lines[-1])['program']
if len(lines) != 1 or got.replace('\ufffd', '') != want.replace('\ufffd', ''):
    print(len(lines), repr(got), repr(want))
END
	)
	is "named ${2-${1@Q}}: JSON" '' "$said"
	is "named ${2-${1@Q}}: text for a terminal" '' \
		"$(tr -d '\n' <report.text | LC_ALL=C tr -d '\040-\176\200-\377')"
	is "named ${2-${1@Q}}: no file elsewhere" '' "$(find . -newer out -type f \
		! -name 'report.*' ! -name err ! -name run.\*)"
}
named '%n%s%x%1000000d'
named $'a\nb\033[31m\007c'
named 'quote"back\slash'
named $'\xff\xfe\xc3'
named '..'
named '/../../x'
named "$(printf "%0300d" 0)" "300 zeroes"
rm -rf files
run with "${soft[@]}" report_file="$tmp/%s%n%d%%x" "$calls"
is 'report_file with other percents: as it stands' 1 \
	"$(grep -c '^{' '%s%n%d%%x' 2>&1)"

# ---- the files that we read, and raised privilege ----

if [ "$(id -u)" -ne 0 ]; then
	skip 'files and programs of others' 'only root can make some'
	exit 0
fi
cp "$calls" calls
chmod 755 calls
for who in nobody root; do
	echo 'verify = 77Q' >other.conf
	chown $who other.conf
	chmod 644 other.conf
	run setpriv --reuid 1 --clear-groups env DSAMOVE_DEVICE=software \
		DSAMOVE_CONF="$tmp/other.conf" LD_PRELOAD="$so" ./calls
	want="expected a file that belongs to root or this user"
	[ $who = root ] && want='verify: .77Q. is not a number'
	like "file of $who, read by another user" "^dsamove: .*$want" "$stderr"
	is "file of $who: the program" "$plain" "$status $stdout"
done

# Of a program that is setuid, ld.so takes what /etc/ld.so.preload names.
mkdir etc
if ! unshare -m true 2>err || ! cp -a /etc/. etc 2>err; then
	skip 'AT_SECURE' "$(head -n 1 err)"
	exit 0
fi
cp "$so" lib.so
chmod 755 lib.so
echo "$tmp/lib.so" >etc/ld.so.preload
printf 'device = software\nreport_format = json\nreport_file = %s\n' \
	"$tmp/by-file" >etc/dsamove.conf
chmod 644 etc/dsamove.conf etc/ld.so.preload
cp "$calls" secure
chown 2 secure
chmod 4755 secure
touch by-file by-env
chmod 666 by-file by-env
# secure PROGRAM: as user 1, with an environment that wants to be heard
secure() {
	: >by-file
	: >by-env
	# shellcheck disable=SC2016 # the inner shell expands it
	run timeout 60 unshare -m sh -c 'mount --bind "$1/etc" /etc &&
		exec setpriv --reuid 1 --clear-groups env \
			DSAMOVE_REPORT_FILE="$1/by-env" DSAMOVE_CONF=/dev/null \
			DSAMOVE_STATS=off DSAMOVE_UNKNOWN=1 "$2"' sh "$tmp" "$1"
}
secure ./secure
if grep -q 'not permitted\|nosuid' <<<"$stderr"; then
	skip 'AT_SECURE' "$stderr"
	exit 0
fi
is 'setuid program: as it is' "$plain " "$status $stdout $stderr"
is "setuid program: /etc/dsamove.conf is heard" 1 "$(grep -c '^{' by-file)"
is 'setuid program: the environment is not' 0 "$(grep -c . by-env)"
secure ./calls
like 'the same program without: the environment is heard' \
	'^dsamove: ' "$stderr"
