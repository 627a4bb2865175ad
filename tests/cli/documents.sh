#!/bin/bash
# SPDX-License-Identifier: MIT
# Each command that the documents show is run, on the test device, with what
# make install brings in PATH: tests/cli/documents.sh BUILD_DIR
#
# Commands are the lines of ```sh blocks in Markdown and of .EX blocks in
# manual pages.  Those of make are gone through without doing it (make -n): the
# tests can't run themselves.
. tests/lib.sh "$1"
. tests/device/testbed.sh

documents=(README.md CONTRIBUTING.md docs/*.md)
pages=("$out"/man/*.[157])

shown() { # FILE: its commands, one a line
	case $1 in
	*.md) awk '/^```sh$/ { on = 1; next } /^```/ { on = 0 } on' "$1" ;;
	*) awk '$1 == ".EX" { on = 1; next } $1 == ".EE" { on = 0 } on' "$1" ;;
	esac
}

# What can't be had here as it stands: PATTERN -> what is run instead.
in_its_place() { # COMMAND
	case $1 in
	make\ *) echo "make -n ${1#make }" ;;
	# Measured for less long than one should.
	dsamove\ calibrate*) echo "$1 --seconds=1" ;;
	# The group dsa is made by the package.
	chgrp\ dsa\ *) echo "chgrp 0 ${1#chgrp dsa }" ;;
	LD_PRELOAD=*) echo "LD_PRELOAD=$so ${1#LD_PRELOAD=* }" ;;
	# It is a test device that these lines start: not one in another.
	build/release/dsa-testbed\ *) echo "$out/${1#build/release/}" ;;
	*) echo "$1" ;;
	esac
}

# On which machine: options of the test device.
machine() { # COMMAND
	case $1 in
	accel-config\ load-config*) echo '-q 0' ;;
	*) echo '-q 1' ;;
	esac
}

# What exit status is right; most is 0.
expected() { # COMMAND
	case $1 in
	*silent_every=1*doctor) echo 1 ;;
	*) echo 0 ;;
	esac
}

export PATH=$out:$PATH
work=$tmp/work
mkdir "$work"
git ls-files -z 2>/dev/null | xargs -0 tar -cf - 2>/dev/null | tar -xf - -C "$work"
[ -f "$work/Makefile" ] || cp -r . "$work"
# What make builds there is what is here already.
count=0
for file in "${documents[@]}" "${pages[@]}"; do
	while IFS= read -r command; do
		[ -n "$command" ] || continue
		count=$((count + 1))
		name="${file##*/}: $command"
		instead=$(in_its_place "$command")
		read -ra options <<<"$(machine "$command")"
		if [[ $command == *dsa-testbed* ]]; then
			run timeout 300 bash -c "cd '$work' && $instead"
		elif [[ $command == make* ]]; then
			run timeout 300 env -u MAKEFLAGS -u MAKELEVEL \
				-u MFLAGS bash -c "cd '$work' && $instead"
		else
			run timeout -k 5 300 "$tb" "${options[@]}" -- \
				bash -c "cd '$work' && $instead"
		fi
		if [ "$status" = "$(expected "$command")" ]; then
			ok "$name"
		else
			not_ok "$name" "exit status $status: $stderr"
		fi
	done < <(shown "$file")
done
[ "$count" -gt 20 ] && ok 'commands were found' ||
	echo "not ok commands were found: $count"

# An indented block may show no command, which would not be run.
for file in "${documents[@]}"; do
	is "${file##*/}: commands stand in sh blocks" '' \
		"$(grep -nE '^    (\$ |sudo |make |dsamove [a-z]+ |accel-config |LD_PRELOAD=)' \
			"$file" | head -n 3)"
done

# ---- settings that are shown, and links ----

for file in "${documents[@]}"; do
	awk '/^    [a-z_]+ = / { print substr($0, 5); found = 1; next }
		found { print ""; found = 0 }' "$file" >"$tmp/settings"
	n=0
	while IFS= read -r line || [ -n "$line" ]; do
		if [ -n "$line" ]; then
			echo "$line" >>"$tmp/recipe.conf"
			continue
		fi
		[ -s "$tmp/recipe.conf" ] || continue
		n=$((n + 1))
		# This CPU may have no UMWAIT, which check tells.
		grep -qw waitpkg /proc/cpuinfo ||
			sed -i 's/^wait = umwait$/wait = auto/' "$tmp/recipe.conf"
		run "$dsamove" check "$tmp/recipe.conf"
		is "${file##*/}: settings $n" 0 "$status$stderr"
		rm -f "$tmp/recipe.conf"
	done <"$tmp/settings"
	rm -f "$tmp/recipe.conf"
	while IFS= read -r link; do
		is "${file##*/}: link to $link" yes \
			"$([ -e "$(dirname "$file")/$link" ] && echo yes)"
	done < <(grep -oE '\]\([^)#:]+\)' "$file" | sed 's/^](//; s/)$//')
done
keys=$(sed -nE 's/^KEY\(([a-z_]+),.*/\1/p' config/conf_keys.def)
# shellcheck disable=SC2016 # backquotes of Markdown
while IFS= read -r key; do
	is "README.md: key $key" 1 "$(grep -cx "$key" <<<"$keys")"
done < <(sed -nE 's/^\| (`[a-z_`, ]+) \|.*/\1/p' README.md | tr -d '` ' |
	tr ',' '\n')

# ---- the version ----

version=$(sed -nE 's/^VERSION := (.*)$/\1/p' Makefile)
is version-of-the-command "dsamove $version" "$("$dsamove" --version)"
like version-of-the-changelog "^## $version 2[0-9]{3}-[01][0-9]-[0-3][0-9]\$" \
	"$(grep -m 1 '^## ' CHANGELOG.md)"
# Nothing else names it.
is version-stands-once '' "$(grep -lF "$version" README.md CONTRIBUTING.md \
	docs/*.md man/*.in src/*.[ch] src/cli/*.[ch] debian/* 2>/dev/null)"
