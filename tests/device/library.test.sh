#!/bin/bash
# SPDX-License-Identifier: MIT
# The shipped library on the test device: unmodified programs give the same
# output whatever the device does, in both ways of submission, and what the
# library claims in its reports is what the device saw, to the byte.
. tests/lib.sh "$1"
. tests/device/testbed.sh
. tests/device/library.sh

in=$tmp
python3 -I -S - "$tmp/text" <<'END'
import random, sys
random.seed(11)
words = [bytes(random.choices(b'etaoinshrdlu', k=5)) for _ in range(300)]
open(sys.argv[1], 'wb').write(b'\n'.join(
    b' '.join(random.choices(words, k=9)) for _ in range(30000)))
END
python_job "$tmp/job.py"

cat >"$tmp/job.sql" <<END
CREATE TABLE t (id INTEGER PRIMARY KEY, a BLOB, b TEXT);
WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 9)
INSERT INTO t SELECT i, substr(x, i * 1000, i * 20000), hex(substr(x, i, 50))
	FROM n, (SELECT readfile('$tmp/text') AS x);
UPDATE t SET a = a || a WHERE id % 3 = 0;
SELECT id, length(a), b FROM t ORDER BY b;
SELECT hex(a) FROM t WHERE id IN (3, 7);
END

jobs() {
	cat <<END
python3 python3 -I -S $in/job.py $in/text
sqlite3 sqlite3 :memory: -init $in/job.sql .exit
sort sort --parallel=2 -S 3M $in/text
gzip gzip -c $in/text
zstd zstd -q -c $in/text
unzstd zstd -q -dc $in/text.zst
lz4 lz4 -q -c $in/text
tar tar --format=ustar --owner=0 --group=0 --mtime=@0 -cPf - $in/text
END
}

command -v zstd >/dev/null && zstd -q "$tmp/text" -o "$tmp/text.zst"
names=()
while read -r name words; do
	read -ra words <<<"$words"
	if command -v "${words[0]}" >/dev/null; then
		names+=("$name")
		plain "$name" "${words[@]}"
	else
		skip "$name" "no ${words[0]} here"
	fi
done < <(jobs)

# everything NAME HOW OPTIONS...: all the jobs, or those of $some
some=
everything() {
	local name=$1 how=$2 bad='' used=0 job words
	shift 2
	[ "$how" = exact ] && how=
	options=("$@")
	while read -r job words; do
		[[ " ${names[*]} " == *" $job "* ]] || continue
		[[ " ${some:-$job} " == *" $job "* ]] || continue
		read -ra words <<<"$words"
		attempt "$job" "$how" "${words[@]}"
		[ -z "$why" ] || bad+=" $job: $why"
		used=$((used + moved))
	done < <(jobs)
	is "$name-same-output-and-account" '' "$bad"
	if [ $used -gt 0 ]; then
		ok "$name-used"
	else
		not_ok "$name-used" 'the device moved nothing'
	fi
}

# Of the last job, with those that need not occur.
statuses() {
	seen 'tuple(sorted({*t["statuses"], "0x01", "0x03", "0x83"}))'
}

settings=(DSAMOVE_DEVICE_TIMEOUT_MS=300 DSAMOVE_LOG=off)
in_mode() {
	local mode=$1
	local m=(--submit "$mode")
	some=
	everything "$mode" exact "${m[@]}"
	everything "$mode-two-devices" exact "${m[@]}" -d 2 -q 2
	everything "$mode-small-queue" exact "${m[@]}" -s size=2 -s threshold=1
	some='python3 sqlite3 sort zstd'
	everything "$mode-busy" exact "${m[@]}" -s busy_every=2
	everything "$mode-faults" exact "${m[@]}" -s wfault_every=2 \
		-s wfault_at=3000 -s fault_every=3 -s fault_at=1
	everything "$mode-block-on-fault" exact "${m[@]}" -s block_on_fault=1
	everything "$mode-errors" exact "${m[@]}" -s status_every=3 -s status=0x20
	everything "$mode-slow" exact "${m[@]}" -s latency_ns=200000 -s mbps=2000
	everything "$mode-any-order" exact "${m[@]}" -s disorder=1 -s scramble=1 \
		-s late_every=4 -s late_us=2000
	everything "$mode-small-transfers" exact "${m[@]}" -d 2 \
		-s wq0.0.max_transfer_size=32K -s wq2.0.max_transfer_size=4K
	is "$mode-small-transfers-no-errors" '0x01 0x03 0x83' "$(statuses)"
	# No block on fault, no overlap, no cache control, no readback.
	everything "$mode-poor-device" exact "${m[@]}" -s gen_cap=0x4091500000
	is "$mode-poor-device-no-errors" '0x01 0x03 0x83' "$(statuses)"
	everything "$mode-disabled" --less "${m[@]}" -s disable_after=9
	everything "$mode-reset" --less "${m[@]}" -s reset_after=9
	everything "$mode-silent" --less "${m[@]}" -s silent_after=9
	everything "$mode-sys-readonly" exact "${m[@]}" --sys-readonly
	everything "$mode-holes" exact "${m[@]}" \
		-s 'dsa0.hide=numa_node,clients,max_batch_size' \
		-s 'wq0.0.hide=priority,max_batch_size'
}
lanes in_mode
some=
everything mmap-patch exact --submit mmap --patch
