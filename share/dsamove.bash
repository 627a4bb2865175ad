# SPDX-License-Identifier: MIT
# shellcheck shell=bash
# Completion of dsamove for bash: commands and options are asked of it.

_dsamove_words() { # COMMAND: its long options, with = where they take a value
	dsamove "$1" --help 2>/dev/null |
		grep -oE -- '--[a-z][a-z-]*=?' | sort -u
}

_dsamove() {
	local cur=${COMP_WORDS[COMP_CWORD]} command=${COMP_WORDS[1]} i
	COMPREPLY=()
	if [ "$COMP_CWORD" -eq 1 ]; then
		mapfile -t COMPREPLY < <(compgen -W "$(dsamove --help 2>/dev/null |
			sed -nE 's/^  ([a-z]+) .*/\1/p') --help --version" -- "$cur")
		return
	fi
	case $command in
	run | profile | doctor)
		# From the program on it is that program's completion.
		for ((i = 2; i < COMP_CWORD; i++)); do
			[ "${COMP_WORDS[i]}" = -- ] || continue
			if declare -F _command_offset >/dev/null; then
				_command_offset $((i + 1))
			else
				mapfile -t COMPREPLY < <(compgen -c -- "$cur")
			fi
			return
		done
		;;
	esac
	case $cur in
	-*)
		mapfile -t COMPREPLY < <(compgen -W \
			"$(_dsamove_words "$command")" -- "$cur")
		[[ ${COMPREPLY[*]} != *= ]] || compopt -o nospace
		;;
	*)
		mapfile -t COMPREPLY < <(compgen -f -- "$cur")
		compopt -o filenames
		;;
	esac
}

complete -F _dsamove dsamove
