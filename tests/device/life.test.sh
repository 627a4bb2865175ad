#!/bin/bash
# SPDX-License-Identifier: MIT
# How dsa-testbed starts, ends, and what it leaves behind: nothing.
. tests/lib.sh "$1"
. tests/device/testbed.sh

under -- sh -c 'echo out; echo err >&2; exit 7'
is exit-status 7 "$status"
is stdout out "$stdout"
is stderr err "$stderr"
under -- no-such-command
is command-not-found 127 "$status"
like command-not-found-says 'no-such-command' "$stderr"
under -- /etc/passwd
is command-not-executable 126 "$status"
for sig in TERM SEGV KILL; do
	# shellcheck disable=SC2016 # for the inner shell
	run bash -c '"$@"' - "$tb" -- sh -c "kill -$sig \$\$; sleep 5"
	is "killed-by-$sig" $((128 + $(kill -l $sig))) "$status"
done

# Bad input: which file, line and key.
bad() { # NAME REGEX OPTIONS...
	local name=$1 regex=$2
	shift 2
	under "$@" -- true
	is "$name" 125 "$status"
	like "$name-says" "$regex" "$stderr"
}
bad unknown-option '--bogus: unknown option' --bogus
run "$tb" --file
is option-without-value 125 "$status"
like option-without-value-says '--file: needs a value' "$stderr"
bad submit-word '--submit: expected write or mmap' --submit dma
bad devices-number '--devices: expected 0 to 8, not x' -d x
bad set-unknown 'sizes: unknown key' -s wq0.0.sizes=3
bad set-no-value 'expected .SECTION' -s wq0.0.size
bad set-no-device 'dsa5: no such device' -s dsa5.numa_node=1
bad set-sum 'exceed 128' -s wq0.0.size=129
bad set-too-many 'more than 8 work queues' -s dsa0.max_groups=9
bad file-missing 'No such file' -f "$tmp/missing"
malformed() { # NAME REGEX TEXT
	printf '%b' "$3" >"$tmp/bad"
	bad "$1" "bad:$2" -f "$tmp/bad"
}
malformed file-value '3: numa_node: expected a number, not x' \
	'[dsa0]\n\nnuma_node = x\n'
malformed file-key '2: numa: unknown key' '[dsa0]\nnuma = 0\n'
malformed file-word '3: mode: expected shared or dedicated, not both' \
	'[dsa0]\n[wq0.0]\nmode = both\n'
malformed file-section '1: wq0.0: expected dsaN' '[wq0.0]\n'
malformed file-no-section '1: size: stands before' 'size = 3\n'
malformed file-bracket '1: .dsa0: expected a closing' '[dsa0\n'
malformed file-no-equals '2: size 3: expected KEY = VALUE' '[dsa0]\nsize 3\n'
malformed file-bool '3: block_on_fault: expected 0 or 1' \
	'[dsa0]\n[wq0.0]\nblock_on_fault = 2\n'

# What signals do.
# shellcheck disable=SC2016 # for the inner shell
"$tb" -- sh -c 'trap "echo got; exit 3" TERM; echo $$ ready; sleep 9 & wait' \
	>"$tmp/out" &
pid=$!
until grep -q ready "$tmp/out"; do sleep 0.05; done
kill -TERM $pid
wait $pid
is term-is-handed-on-status 3 $?
is term-is-handed-on got "$(tail -n 1 "$tmp/out")"

# Leftovers: a name that only our processes have.
mark=dsa-left-$$
left() {
	local pid
	for pid in /proc/[0-9]*; do
		grep -qs "$mark" "$pid/cmdline" && echo "$pid"
	done | wc -l
}
gone() { # NAME: no process, mount or file
	local i
	for ((i = 0; i < 50; i++)); do
		[ "$(left)" -eq 0 ] && break
		sleep 0.1
	done
	is "$1-processes" 0 "$(left)"
	is "$1-mounts" 0 "$(grep -c dsa-testbed /proc/self/mountinfo)"
	is "$1-files" '' "$(ls -d /dev/dsa /dev/.dsa-testbed /sys/bus/dsa \
		/sys/module/idxd 2>/dev/null)"
}
before=$(cat /proc/self/mountinfo)
for sig in KILL TERM; do
	for mode in write mmap; do
		"$tb" --submit $mode -- sh -c "setsid sh -c 'echo on; sleep 30
			: $mark' & trap '' TERM; sh -c 'sleep 30; : $mark'" \
			>"$tmp/out" &
		pid=$!
		until grep -q on "$tmp/out"; do sleep 0.05; done
		[ $sig = TERM ] || kill -KILL $pid
		# TERM is ignored by COMMAND; the serving process is killed.
		[ $sig = KILL ] || pkill -KILL -P $pid
		wait $pid 2>/dev/null
		gone "left-by-$sig-$mode"
	done
done
under -- sh -c "setsid sh -c 'sleep 30; : $mark' & :"
gone left-by-daemon
is mounts-unchanged "$before" "$(cat /proc/self/mountinfo)"

# An ordinary user, where the machine lets one; and, if it is only /dev/fuse
# that is kept from users, with a node of their own in a private /dev.
user='setpriv --reuid=65534 --regid=65534 --clear-groups'
private='mount -t tmpfs none /mnt && mknod -m 666 /mnt/fuse c 10 229 &&
	mount --bind /mnt/fuse /dev/fuse && exec "$@"'
chmod 755 "$tmp"
if [ "$(id -u)" -ne 0 ]; then
	skip ordinary-user 'this is one already'
else
	run $user "$tb" --check
	case $status in
	0) ok ordinary-user-check ;;
	77) skip ordinary-user-check "${stderr#dsa-testbed: }" ;;
	*) not_ok ordinary-user-check "$stderr" ;;
	esac
	for mode in write mmap; do
		# shellcheck disable=SC2086 # a list of words
		run unshare -m sh -c "$private" - $user "$tb" --submit $mode \
			-- "$guest" wq0.0 $mode operations
		if [ "$status" -eq 77 ]; then
			skip "ordinary-user-$mode" "${stderr#dsa-testbed: }"
		else
			is "ordinary-user-$mode" '0 ' "$status $stderr"
		fi
	done
fi
