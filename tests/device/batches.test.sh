#!/bin/bash
# SPDX-License-Identifier: MIT
# The shipped library on devices that take batches: unmodified programs give
# the same output whatever becomes of batches and their members, the library's
# figures are the device's, and a device that takes none gets none.
. tests/lib.sh "$1"
. tests/device/testbed.sh
. tests/device/library.sh

python3 -I -S - >"$tmp/text" <<'END'
import hashlib, sys
sys.stdout.buffer.write(5 * b''.join(
    hashlib.sha256(b'%d' % i).digest() for i in range(4000)))
END
python_job "$tmp/job.py"

jobs() {
	cat <<END
python3 --some python3 -I -S $tmp/job.py $tmp/text
calls --some $guests/calls
threads --some $guests/threads 8 20
faults --less $guests/faults
fork --some $guests/forks
signals_jump --less $guests/signals jump
signals_fork --some $guests/signals fork
END
}
while read -r name _ words; do
	read -ra words <<<"$words"
	plain "$name" "${words[@]}"
done < <(jobs)

# scene NAME HOW JOBS OPTIONS...; sets $batches to how many the device took
scene() {
	local name=$1 how=$2 which=" $3 " job own words bad=''
	shift 3
	options=("$@")
	batches=0
	while read -r job own words; do
		[[ $which == *" $job "* || $which == ' all ' ]] || continue
		[ "$how" = exact ] || own=$how
		read -ra words <<<"$words"
		attempt "$job" "$own" "${words[@]}"
		[ -z "$why" ] || bad+=" $job: $why"
		batches=$((batches + $(seen 't["opcodes"].get("batch", 0)')))
	done < <(jobs)
	is "$name" '' "$bad"
}

some() { # NAME: as scene, and there were batches
	scene "$@"
	if [ "$batches" -gt 0 ]; then
		ok "$1-has-batches"
	else
		not_ok "$1-has-batches" 'not one'
	fi
}

none() { # NAME: as scene, and there was not one, tried or taken
	scene "$@"
	is "$1-has-no-batch" '0 0' \
		"$batches $(seen 't["refused"].get("batch", 0)')"
}

shown=(-s 'op_cap=1,0003027f' -s 'op_config=1,0003027f')
base=(DSAMOVE_DEVICE_TIMEOUT_MS=300 DSAMOVE_LOG=off DSAMOVE_FAULT_RESUMES=8)
few='python3 calls'
# Where a batch spares doorbells, and where both work: longer pieces.
for mode in poll auto half; do
	bytes=4096 n=20
	settings=("${base[@]}")
	case $mode in
	poll) settings+=(DSAMOVE_MODE=poll) ;;
	auto) settings+=(DSAMOVE_MODE=split) ;;
	half) bytes=16384 n=50
		settings+=(DSAMOVE_MODE=split DSAMOVE_SPLIT_CPU_PERCENT=50) ;;
	esac
	m=(--submit mmap "${shown[@]}" -s "max_transfer_size=$bytes"
		-s max_batch_size=8)
	some $mode exact "$few threads fork" "${m[@]}"
	is $mode-statuses '0x01 0x03 0x05 0x83' "$(seen \
		'tuple(sorted({*t["statuses"], "0x01", "0x03", "0x05", "0x83"}))')"
	some $mode-any-order exact "$few threads" "${m[@]}" -d 2 -q 2 \
		-s disorder=1 -s scramble=1 -s late_every=4 -s late_us=2000
	some $mode-faults exact "$few faults" "${m[@]}" -s wfault_every=2 \
		-s wfault_at=3000 -s fault_every=3 -s fault_at=1
	some $mode-errors exact "$few fork" "${m[@]}" -s status_every=3 \
		-s status=0x20
	some $mode-disabled --less python3 "${m[@]}" -s disable_after=$n
	some $mode-reset --less python3 "${m[@]}" -s reset_after=$n
	some $mode-silent --less python3 "${m[@]}" -s silent_after=$n
	settings+=(DSAMOVE_VERIFY=100)
	some $mode-wrong --less python3 "${m[@]}" -s wrong_every=$n
	some $mode-garbage any python3 "${m[@]}" -s garbage_every=5
done

settings=("${base[@]}" DSAMOVE_MODE=split DSAMOVE_SPLIT_CPU_PERCENT=30)
m=(--submit mmap "${shown[@]}" -s max_transfer_size=16384 -s max_batch_size=8)
some handlers exact 'signals_jump signals_fork' "${m[@]}"
some handlers-silent any signals_jump "${m[@]}" -s silent_every=50
settings=("${base[@]}" DSAMOVE_MODE=poll DSAMOVE_CACHE_CONTROL=memory
	DSAMOVE_TOUCH=always DSAMOVE_NUMA=buffer)
m=(--submit mmap "${shown[@]}" -s max_transfer_size=4096)
some touch exact "$few" "${m[@]}" -d 2 -s dsa2.numa_node=1
settings=("${base[@]}" DSAMOVE_MODE=poll)
some of-two exact "$few" "${m[@]}" -s max_batch_size=2
some of-many exact "$few" "${m[@]}" -s max_batch_size=1024
some default-length exact calls "${m[@]}" -s wq0.0.hide=max_batch_size
some by-op_cap exact calls "${m[@]}" -s wq0.0.hide=op_config
some by-sysfs exact calls "${m[@]}" --sys-readonly
some patch exact calls "${m[@]}" --patch
some one-entry exact "$few" "${m[@]}" -s size=1 -s threshold=1
some busy exact "$few" "${m[@]}" -s busy_every=2
# It says that it takes batches, and then does not.
some unsupported exact "$few" "${m[@]}" -s status_every=2 -s status=0x10

none by-write exact "$few" "${m[@]}" --submit write
none hidden exact calls "${m[@]}" -s op_cap=1,0003027d -s op_config=1,0003027d
none hidden-of-the-device exact calls "${m[@]}" -s op_cap=1,0003027d
none hidden-of-the-queue exact calls "${m[@]}" -s op_config=1,0003027d
none of-one exact calls "${m[@]}" -s max_batch_size=1
none nothing-to-spare exact calls "${m[@]}" -s max_transfer_size=8K
settings+=(DSAMOVE_MODE=split)
none nothing-to-gain exact calls "${m[@]}" -s max_transfer_size=1M
