#!/bin/bash
# SPDX-License-Identifier: MIT
# The manual pages: tests/cli/man.sh BUILD_DIR
. tests/lib.sh "$1"

if ! command -v man >/dev/null; then
	skip man 'man-db is not installed'
	exit 0
fi
for page in "$out"/man/*.[157]; do
	name=${page##*/}
	is "$name-warnings" '' "$(MANROFFSEQ='' MANWIDTH=80 man --warnings \
		-l -Tutf8 -Z "$page" 2>&1 >/dev/null)"
	is "$name-is-filled-in" '' "$(grep -E '@[A-Z]+@' "$page")"
	like "$name-dated" '^\.TH .* "2[0-9]{3}-[01][0-9]-[0-3][0-9]" "dsamove [0-9.]+"' \
		"$(grep '^\.TH' "$page")"
done

text() { # PAGE: as plain text, one line a paragraph
	MANWIDTH=2000 man -l -Tascii "$out/man/$1" 2>/dev/null | col -bx
}
page=$(text dsamove.1)
mapfile -t commands < <(sed -nE 's/^COMMAND\(([a-z]+),.*/\1/p' \
	src/cli/commands.def)
for c in "${commands[@]}"; do
	like "has-$c" "^ +dsamove $c( |\$)" "$page"
	section=$(awk -v c="   $c" '
		$0 == c { on = 1; next }
		on && /^(   )?[a-zA-Z]/ { exit }
		on' <<<"$page")
	like "has-section-$c" '^ ' "$section"
	options=$("$dsamove" "$c" --help |
		grep -oE -- '--[a-z][a-z-]*' | sort -u)
	for option in $options; do
		case $option in
		--help | --usage) continue ;;
		esac
		key=${option#--}
		if [ "$c" = run ] && grep -q "^KEY(${key//-/_}," \
			config/conf_keys.def; then
			continue # those of dsamove.conf(5)
		fi
		like "$c-has$option" "$option" "$section"
	done
	# And nothing that is not there.
	while read -r option; do
		like "$c-takes$option" "^$option\$" "$options"
	done < <(grep -oE -- '^ +(-[a-z], )?--[a-z][a-z-]*' <<<"$section" |
		grep -oE -- '--[a-z-]+')
done

page=$(text dsamove.conf.5)
while IFS=, read -r key kind default _; do
	default=${default# \"}
	default=${default%\"}
	case $kind in
	' SET' | ' LIST' | ' RULES') like "key-$key" "^ +$key \(" "$page" ;;
	*) like "key-$key" "^ +$key \(${default:-empty}\)" "$page" ;;
	esac
done < <(sed -nE 's/^KEY\((.*)/\1/p' config/conf_keys.def)
