#!/bin/bash
# SPDX-License-Identifier: MIT
# make install and what it puts where: tests/cli/install.sh BUILD_DIR
. tests/lib.sh "$1"

into() { # ARGUMENTS...: make install of this build
	run env -u MAKEFLAGS -u MAKELEVEL -u MFLAGS make -s \
		BUILD="${out##*/}" install "$@"
}

there() { # FILE
	[ -s "$1" ] && echo yes
}

if [ "$out" != "$PWD/build/${out##*/}" ]; then
	skip install 'not a build directory of this tree'
	exit 0
fi

# A prefix of one's own: the installed program works from there, and goes.
prefix=$tmp/prefix
into PREFIX="$prefix"
is status 0 "$status"
for f in bin/dsamove lib/libdsapreload.so share/man/man1/dsamove.1 \
	share/man/man5/dsamove.conf.5 share/man/man7/libdsapreload.so.7 \
	share/dsamove/dsamove.conf.example share/dsamove/1dev-1wq.conf \
	share/bash-completion/completions/dsamove \
	lib/systemd/system/dsamove-queues.service \
	lib/udev/rules.d/60-dsamove.rules lib/sysusers.d/dsamove.conf; do
	is "has $f" yes "$(there "$prefix/$f")"
done
export PATH=$prefix/bin:$PATH
run dsamove run --device software --software-engines 0 \
	--software-script ok --report-format json \
	--report-file "$tmp/report" -- "$guests/fortified"
is works 'True' "$(python3 -I -S -c '
import json, sys
print(json.load(open(sys.argv[1]))["device_bytes"] > 0)' "$tmp/report")"
run dsamove run -- env
like preload "^LD_PRELOAD=$prefix/lib/libdsapreload.so\$" "$stdout"
run dsamove check "$prefix/share/dsamove/dsamove.conf.example"
is example-is-settings 0 "$status"
like man-names-prefix "^LD_PRELOAD=$prefix/lib/libdsapreload.so " \
	"$(<"$prefix/share/man/man7/libdsapreload.so.7")"
run env -u MAKEFLAGS -u MAKELEVEL -u MFLAGS make -s BUILD="${out##*/}" \
	uninstall PREFIX="$prefix"
is uninstalled '' "$(find "$prefix" -type f)"

# DESTDIR is not part of what the files say, and other places can be given.
into DESTDIR="$tmp/dest" PREFIX=/usr LIBDIR=/usr/lib/x86_64-linux-gnu \
	UNITDIR=/lib/systemd/system
is destdir-status 0 "$status"
is libdir yes "$(there "$tmp/dest/usr/lib/x86_64-linux-gnu/libdsapreload.so")"
is unitdir yes "$(there "$tmp/dest/lib/systemd/system/dsamove-queues.service")"
is destdir-is-not-in-the-files '' "$(grep -lr -- "$tmp" "$tmp/dest")"

# As it was, for the tests that follow.
run env -u MAKEFLAGS -u MAKELEVEL -u MFLAGS make -s BUILD="${out##*/}" all
is rebuilt 0 "$status"

if command -v systemd-analyze >/dev/null; then
	mkdir "$tmp/bin"
	sed 's/^ExecStart=accel-config/ExecStart=true/' \
		share/dsamove-queues.service >"$tmp/dsamove-queues.service"
	run systemd-analyze verify --man=no "$tmp/dsamove-queues.service"
	is unit '0' "$status$stderr"
else
	skip unit 'systemd-analyze is not installed'
fi

# ---- completion ----

complete_line() { # WORD...: what is offered for the last one
	PATH=$out:$PATH bash --norc -c '
		. share/dsamove.bash
		COMP_WORDS=("$@") COMP_CWORD=$(($# - 1))
		compopt() { :; }
		_dsamove
		printf "%s\n" "${COMPREPLY[@]}"' bash "$@"
}
mapfile -t commands < <(sed -nE 's/^COMMAND\(([a-z]+),.*/\1/p' \
	src/cli/commands.def)
for c in "${commands[@]}"; do
	is "completes-$c" "$c" "$(complete_line dsamove "$c")"
	like "completes-$c-options" '^--help$' "$(complete_line dsamove "$c" --h)"
done
is completes-keys '--min-bytes=' "$(complete_line dsamove run --min-b)"
like completes-programs '^python3$' "$(complete_line dsamove run -- python3)"
is completes-files share/dsamove.bash \
	"$(complete_line dsamove check share/dsamove.b)"
