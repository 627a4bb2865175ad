#!/bin/bash
# SPDX-License-Identifier: MIT
# The main job, to watch: tests/demo.sh LIBDSAPRELOAD.SO
# Runs real, unmodified programs twice, without and with the preload, on a
# DSA if there is one that can serve, else on the software DSA, and compares
# all that they wrote, byte for byte.  Exit status 1 if anything differs.
set -u
export LC_ALL=C PATH="/usr/bin:/bin:/usr/local/bin:$PATH"
if [ $# -ne 1 ] || [ ! -f "$1" ]; then
	echo "usage: tests/demo.sh LIBDSAPRELOAD.SO" >&2
	exit 2
fi
so=$(realpath "$1")
megabytes=200

for p in python3 sqlite3 gzip; do
	command -v $p >/dev/null || missing="${missing-} $p"
done
command -v zstd >/dev/null || command -v lz4 >/dev/null ||
	missing="${missing-} zstd"
if [ -n "${missing-}" ]; then
	echo "demo: not installed:$missing; make deps installs them" >&2
	exit 1
fi

top=$(mktemp -d "${TMPDIR:-/tmp}/dsamove-demo.XXXXXX") || exit 1
trap 'rm -rf "$top"' EXIT
trap 'exit 130' INT TERM
cd "$top" || exit 1
export SQLITE_HISTORY=/dev/null
# The settings of this shell and of /etc may choose queues, say, but the
# reports are for this terminal.
export DSAMOVE_REPORT_FILE='' DSAMOVE_REPORT_FORMAT=text DSAMOVE_STATS=exit

# ---- a DSA, or the stand-in ----

# Does a copy reach the DSA?  The report of a tiny run tells.
dsa_serves() {
	[ -d /sys/bus/dsa/devices ] || return 1
	DSAMOVE_DEVICE=dsa DSAMOVE_REPORT_FORMAT=json LD_PRELOAD=$so \
		python3 -c 'bytearray(b"x" * (1 << 20))' 2>&1 |
		grep -q '"device_bytes":[1-9][0-9]*,"offload_ns"'
}

if [ -n "${DSAMOVE_DEVICE-}" ]; then
	on="device=$DSAMOVE_DEVICE, as DSAMOVE_DEVICE says"
elif dsa_serves; then
	export DSAMOVE_DEVICE=dsa
	on="this machine's Intel DSA"
else
	export DSAMOVE_DEVICE=software
	on="the software DSA"
fi

cat <<END
dsamove demo: $(uname -m), $(nproc) CPUs, Linux $(uname -r)

  library   $so
  device    $on
END
if [ "$DSAMOVE_DEVICE" = software ]; then
	cat <<END
            There is no DSA here that can serve, so threads of the CPU play
            one.  They take the same descriptors, and the results are the
            same, but a CPU that copies for a CPU can only be slower.
END
fi

# ---- data ----

# Text of made-up words: compresses well, but not too well.
cat >data.py <<'END'
import random, sys
random.seed(2)
words = [''.join(random.choices('etaoinshrdlu', k=random.randint(2, 9)))
         for _ in range(5000)]
block = '\n'.join(' '.join(random.choices(words, k=12)) for _ in range(60000))
block = block.encode()
left = int(sys.argv[1]) * 1000000
with open('text', 'wb') as out:
    while left > 0:
        at = random.randrange(len(block) // 2)
        left -= out.write(block[at:at + left])
END
echo "  data      $megabytes MB of text in $top (removed at the end)"
python3 data.py $megabytes || exit 1

cat >job.py <<'END'
import hashlib
text = open('../text', 'rb').read()
work = bytearray(text)                       # one copy of everything
middle = work[len(work) // 4:-len(work) // 4]   # a slice is a copy
for i in range(0, len(middle), 1 << 20):     # a megabyte at a time
    middle[i:i + (1 << 20)] = text[i:i + (1 << 20)]
work += middle
print(len(work), hashlib.blake2b(work).hexdigest())
END
cat >job.sql <<'END'
CREATE TABLE part (id INTEGER PRIMARY KEY, body BLOB);
WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < 47)
INSERT INTO part SELECT i, substr(t.x, i * 2000000 + 1, 2000000)
	FROM n, (SELECT readfile('../text') AS x) AS t;
UPDATE part SET body = CAST(substr(body, 1000000) || body AS BLOB)
	WHERE id % 3 = 0;
SELECT count(*), sum(length(body)), min(hex(substr(body, 7, 4))) FROM part;
SELECT writefile('part' || id, body) FROM part WHERE id % 8 = 0;
END

# ---- the runs ----

programs=0 bad=0 summary=

seconds() { # MILLISECONDS
	printf '%d.%02d s' $(($1 / 1000)) $(($1 % 1000 / 10))
}

# In the directory $1: run the rest, stdout and exit status into files.
# $took is set to the milliseconds.
in_dir() {
	local dir=$1 start end
	shift
	mkdir -p "$dir"
	start=$(date +%s%N)
	(cd "$dir" && exec "$@" >stdout)
	echo "exit status $?" >"$dir/status"
	end=$(date +%s%N)
	took=$(((end - start) / 1000000))
}

# job WHAT COMMAND...: without, with, compare.
job() {
	local what=$1 name=$2 plain verdict=identical
	shift
	programs=$((programs + 1))
	printf '\n%s\n%d. %s: %s\n   $ %s\n\n' \
		"$(printf '%090d' 0 | tr 0 -)" \
		$programs "$name" "$what" "$*"
	rm -rf plain preload
	in_dir plain "$@" 2>plain.err
	plain=$took
	in_dir preload env LD_PRELOAD="$so" "$@" 2>preload.err
	sed 's/^./   &/' preload.err
	if ! grep -q '^exit status 0$' plain/status; then
		verdict='FAILED WITHOUT THE PRELOAD'
		sed 's/^./   &/' plain.err
	elif ! diff -rq plain preload; then
		verdict=DIFFERENT
	elif ! grep -qE 'the (device|stand-in) moved' preload.err; then
		verdict='IDENTICAL, BUT NO COPY WAS BIG ENOUGH'
	fi
	[ "$verdict" = identical ] || bad=$((bad + 1))
	plain=$(seconds "$plain")
	took=$(seconds "$took")
	printf '\n   output %s; %s without, %s with the preload\n' \
		"$verdict" "$plain" "$took"
	summary+=$(printf '  %-8s %-38s %8s %8s  %s' \
		"$name" "$what" "$plain" "$took" "$verdict")$'\n'
}

# The first run of all would pay for memory that later ones find warm.
in_dir warm python3 ../job.py
rm -rf warm

job 'copies, slices and joins big strings' python3 ../job.py
job 'stores and reads blobs of 2 and 3 MB' sqlite3 -bail db '.read ../job.sql'
job 'compresses (moves its 32 KiB window)' gzip -1 -c ../text
if command -v zstd >/dev/null; then
	job 'compresses, one thread' zstd -q -T1 -1 -c ../text
	mv plain/stdout text.zst
	job 'decompresses' zstd -q -d -c ../text.zst
fi
if command -v lz4 >/dev/null; then
	lz4 -q -1 -c text >text.lz4
	job 'decompresses' lz4 -q -d -c ../text.lz4
fi

printf '\n%s\n' "$(printf '%090d' 0 | tr 0 -)"
printf '  %-8s %-38s %8s %8s  %s\n%s\n' program 'what it did' without with \
	output "$summary"
if [ $bad -gt 0 ]; then
	echo "$programs programs, $bad FAILED"
	exit 1
fi
echo "$programs programs, outputs identical, on $on"

# ---- one program more, on the test device: discovery and submission as on
# hardware, for the kernel's interface is all that it can see ----

testbed=$(dirname "$so")/dsa-testbed
printf '\n%s\n' "$(printf '%090d' 0 | tr 0 -)"
if ! [ -x "$testbed" ]; then
	echo 'The test device shows programs a DSA; make testbed builds it.'
	exit 0
elif ! why=$("$testbed" --check 2>&1); then
	echo "The test device, which shows programs a DSA, can't run here:"
	echo "  ${why#dsa-testbed: }"
	exit 0
fi
cat <<END
The test device: a DSA in sysfs and /dev/dsa, for one program.

   \$ dsa-testbed --submit mmap -- accel-config list
END
if command -v accel-config >/dev/null; then
	keys='dev|mode|size|threshold|type|state'
	"$testbed" --submit mmap -- accel-config list | sed -nE \
		"/\"dev\":\"(dsa|wq)/,/\"state\"/s/^ *\"($keys)\":(.*),\$/      \1 \2/p"
	echo
fi
printf '   $ dsa-testbed --submit mmap -- python3 ../job.py\n\n'
rm -rf plain preload
in_dir plain python3 ../job.py
DSAMOVE_DEVICE=dsa in_dir preload "$testbed" --submit mmap -a ../account -- \
	env LD_PRELOAD="$so" python3 ../job.py 2>preload.err
sed 's/^./   &/' preload.err
if ! diff -rq plain preload; then
	printf '\n   output DIFFERENT\n'
	exit 1
fi
bytes=$(sed -nE 's/^ *"bytes":([0-9]+),$/\1/p' account | head -n 1)
printf '\n   output identical, in %s; the device counted %s bytes moved\n' \
	"$(seconds "$took")" "$bytes"
