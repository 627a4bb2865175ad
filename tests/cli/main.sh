#!/bin/bash
# SPDX-License-Identifier: MIT
# What all subcommands have in common: tests/cli/main.sh BUILD_DIR
. tests/lib.sh "$1"

run "$dsamove" --help
is help-status 0 "$status"
is help-on-stdout '' "$stderr"
commands=$(sed -nE 's/^COMMAND\(([a-z]+),.*/\1/p' src/cli/commands.def)
for c in $commands; do
	like "help-names-$c" "^  $c +[^ ]" "$stdout"
	run "$dsamove" "$c" --help
	is "$c-help-status" 0 "$status"
	like "$c-help" "^Usage: dsamove $c" "$stdout"
	run "$dsamove" "$c" --no-such-option
	is "$c-bad-option-status" 2 "$status"
	is "$c-bad-option-stdout" '' "$stdout"
	run "$dsamove" --help
done

run "$dsamove" --version
like version '^dsamove [0-9]+\.[0-9]+\.[0-9]+$' "$stdout"
run "$dsamove"
is no-command-status 2 "$status"
like no-command '^Usage: ' "$stderr"
run "$dsamove" frobnicate
is unknown-command-status 2 "$status"
is unknown-command "dsamove: frobnicate is not a command, see dsamove --help" \
	"$stderr"
"$dsamove" --help >/dev/full 2>"$tmp/full"
is full-disk-status 1 $?
like full-disk 'stdout: No space left' "$(<"$tmp/full")"
