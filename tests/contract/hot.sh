#!/bin/bash
# SPDX-License-Identifier: MIT
# What the hot objects may call, by nm -u: tests/contract/hot.sh BUILD_DIR.
# The table is short on purpose: a new line in it is a decision.
set -u
export LC_ALL=C
out=$1

# Object, and the outside names that it may use: whole names, or prefixes*.
table() {
	cat <<'END'
preload/interpose dsam_gate dsam_libc dsam_offload_* dsam_tiny_end dsam_window
src/libc_mem __chk_fail
src/offload dsam_arena dsam_caller_ask dsam_caller_learn dsam_callers dsam_clock dsam_compare_* dsam_libc dsam_node_of dsam_peers_look dsam_pieces_* dsam_policy_plan dsam_profile_* dsam_queue_any dsam_self dsam_share_run dsam_shot_* dsam_slot_* dsam_stats_request dsam_tuner_*
src/compare dsam_arena dsam_clock dsam_libc dsam_pieces_* dsam_queue_accuse dsam_submit_settle dsam_tuner_*
src/node dsam_clock
src/share_part dsam_batch_takes dsam_queues
src/shot dsam_arena dsam_clock dsam_pieces_* dsam_queues dsam_tuner_*
src/share dsam_arena dsam_batch_takes dsam_clock dsam_part_* dsam_pieces_* dsam_queues dsam_submit_await dsam_tuner_*
src/pieces dsam_arena dsam_batch_outcomes dsam_batches dsam_clock dsam_libc dsam_pieces_* dsam_queue_accuse dsam_queues dsam_submit dsam_submit_await dsam_submit_settle dsam_tuner_* dsam_tuning
src/pieces_touch dsam_tuning
src/policy
src/tuner dsam_clock
src/tuner_shot
src/peers dsam_arena dsam_clock
src/submit dsam_arena dsam_batch_build dsam_batch_forget dsam_clock dsam_queue_* dsam_tuner_* dsam_wait_*
src/batch dsam_arena dsam_batches dsam_queue_bad dsam_submit_build dsam_submit_decode
src/wait dsam_clock
src/queue dsam_clock
src/device_dsa dsam_queue_drain_* dsam_self
src/device_engines dsam_clock dsam_software dsam_software_*
src/device_software dsam_clock dsam_descriptor_exec dsam_record_write dsam_software_*
src/software_memory dsam_libc
src/descriptor_exec dsam_crc_* dsam_descriptor_check dsam_walk_*
src/descriptor_check
src/descriptor_walk dsam_step_*
src/descriptor_step dsam_crc_*
src/descriptor_crc
src/stats
src/profile dsam_callers dsam_module_* dsam_modules
src/caller dsam_module_* dsam_modules dsam_stack_can_read dsam_step_from
src/caller_step dsam_cfi_* dsam_module_segment
src/caller_cfi
src/caller_module dsam_modules dsam_module_* dsam_name_*
src/caller_identity dsam_modules
src/caller_name
END
}

# The Makefile knows which files are hot.
# shellcheck disable=SC2016 # make expands that
hot=$(printf 'include Makefile\nprint-hot:\n\t@echo $(HOT)\n' |
	env -u MAKEFLAGS -u MAKELEVEL -u MFLAGS \
		make -s --no-print-directory -f - print-hot)
[ -n "$hot" ] || echo 'not ok hot files: the Makefile lists none'

is_allowed() { # SYMBOL ALLOWED...
	local symbol=$1 a
	shift
	for a; do
		# shellcheck disable=SC2254 # a pattern is what we want
		case $symbol in $a) return 0 ;; esac
	done
	return 1
}

for c in $hot; do
	name=${c%.c}
	object=$out/$name.o
	if ! row=$(table | grep -E "^$name( |\$)"); then
		echo "not ok $name uses only what it may: it has no line in" \
			"tests/contract/hot.sh"
		continue
	fi
	if [ ! -f "$object" ]; then
		echo "not ok $name uses only what it may: $object is missing"
		continue
	fi
	read -ra allowed <<<"${row#"$name"} _GLOBAL_OFFSET_TABLE_"
	extra=
	for symbol in $(nm -u "$object" | awk '{ print $2 }'); do
		is_allowed "$symbol" "${allowed[@]}" || extra+=" $symbol"
	done
	if [ -n "$extra" ]; then
		echo "not ok $name uses only what it may:$extra"
	else
		echo "ok $name uses only what it may"
	fi
done

# A line for a file that is not hot any more is stale.
stale=
for name in $(table | cut -d ' ' -f 1); do
	case " $hot " in *" $name.c "*) ;; *) stale+=" $name" ;; esac
done
if [ -n "$stale" ]; then
	echo "not ok the table of hot objects is up to date: not hot:$stale"
else
	echo 'ok the table of hot objects is up to date'
fi

# Names that no hot object may ever use, whatever the table says.
bad=
for c in $hot; do
	bad+=$(nm -u "$out/${c%.c}.o" | awk '{ print $2 }' |
		grep -v '^dsam_' | grep -xE \
		'(mem|str|stp|wmem|bcopy|bzero|bcmp).*|.*(alloc|free|printf|open|close|lock)|dl.*|(secure_)?getenv|pthread_.*|abort|_?exit|__stack_chk_fail|__tls_get_addr|__errno_location|puts|raise|syscall' |
		sed "s|^| ${c%.c}:|" | tr -d '\n')
done
if [ -n "$bad" ]; then
	echo "not ok hot objects use no libc but its copies by pointer:$bad"
else
	echo 'ok hot objects use no libc but its copies by pointer'
fi
