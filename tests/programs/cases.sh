#!/bin/bash
# SPDX-License-Identifier: MIT
# Caller rules on Debian's own programs: the report of stats=callers shows
# that the device moved for exactly those callers that the rules admit.
. tests/lib.sh "$1"
cd "$tmp" || exit 2

# moved FIELD: callers for which the device moved (in $moved), and the others
# (in $others), by "module" or "function", of the last report.
moved() {
	moved=$(python3 -I -S - "$1" report <<'END'
import json, sys
rows = json.loads(open(sys.argv[2]).readlines()[-1])['callers']
for has in True, False:
    print(*sorted({r[sys.argv[1]] or '-' for r in rows
                   if bool(r['device_bytes']) == has}))
END
)
	others=${moved#*$'\n'}
	[ "$others" != "$moved" ] || others=
	moved=${moved%%$'\n'*}
}

profiled() { # SETTINGS... COMMAND
	rm -f report
	run with device=software software_engines=0 report_format=json \
		stats=callers report_file="$tmp/report" "$@"
}

# ---- python3: one extension module ----

cat >job.py <<'END'
import mmap
m = mmap.mmap(-1, 1 << 22)
b = bytes(range(256)) * 4096
for i in range(8):
    m.seek(i * 1000)
    m.write(b)
print(sum(bytes(bytearray(b))[::99]), hash(m[:]) == hash(bytes(m)))
END
profiled callers_allow='mmap.cpython-*' python3 -I -S job.py
is 'python3: what it says' "$(python3 -I -S job.py)" "$stdout"
moved module
like 'python3: the extension module alone' \
	'^mmap\.cpython-[^ ]*\.so$' "$moved"
like 'python3: others are there' '^python3' "$others"

# ---- sqlite3: the pager ----

cat >job.sql <<'END'
PRAGMA page_size=65536;
CREATE TABLE t(a INTEGER PRIMARY KEY, b BLOB);
INSERT INTO t SELECT value, zeroblob(200000) FROM generate_series(1, 20);
UPDATE t SET b = hex(a) || b WHERE a % 3 = 0;
BEGIN; UPDATE t SET b = zeroblob(100000); ROLLBACK;
DELETE FROM t WHERE a % 2 = 0;
VACUUM;
SELECT a, length(b) FROM t;
END
plain=$(sqlite3 :memory: '.read job.sql')
# Debian's libsqlite3 is stripped, and the pager is static: no rule can name
# it there, which is told.
profiled callers_allow='libsqlite3:pager_*' sqlite3 :memory: '.read job.sql'
is 'sqlite3, stripped: what it says' "$plain" "$stdout"
like 'sqlite3, stripped: the pager has no name' \
	"rule 'libsqlite3:pager_\*' matches no function" "$stderr"
# The same code, of the same package, with its symbols.
if gcc -shared -o libsqlite3.so.0 -Wl,--whole-archive -l:libsqlite3.a \
	-Wl,--no-whole-archive -Wl,-Bsymbolic -lm -lz -ldl 2>link.err; then
	profiled LD_LIBRARY_PATH="$tmp" \
		callers_allow='libsqlite3:pager_*,libsqlite3:getPage*' \
		sqlite3 :memory: '.read job.sql'
	is 'sqlite3: what it says' "$plain" "$stdout"
	moved function
	is 'sqlite3: the pager alone' '' "$(tr ' ' '\n' <<<"$moved" |
		grep -vE '^(pager_|getPage)')"
	like 'sqlite3: the pager' pager_playback_one_page "$moved"
	like 'sqlite3: others are there' sqlite3VdbeExec "$others"
else
	skip 'sqlite3: the pager' "libsqlite3.a: $(head -n 1 link.err)"
fi
# By who calls: a dynamic symbol, many frames up.
profiled callers_allow=libsqlite3:sqlite3_step caller_depth=16 \
	sqlite3 :memory: '.read job.sql'
is 'sqlite3, stripped, depth 16: what it says' "$plain" "$stdout"
moved module
like 'sqlite3, stripped, depth 16: below sqlite3_step' '^libsqlite3' "$moved"

# ---- redis-server: not jemalloc ----

if command -v redis-server >/dev/null && command -v redis-cli >/dev/null; then
	big=$(head -c 300000 /dev/zero | tr '\0' x)
	(with device=software software_engines=0 report_format=json \
		stats=callers report_file="$tmp/report" \
		callers_deny='libjemalloc' redis-server --port 0 --save '' \
		--unixsocket "$tmp/socket" >redis.log 2>&1) &
	for _ in $(seq 50); do
		[ -S socket ] && break
		sleep 0.1
	done
	rm -f report
	said=$(for i in $(seq 20); do
		echo "APPEND k$((i % 3)) $big"
		echo "SETRANGE s 5 $big"
	done | redis-cli -s socket | sort -n | tail -n 1)
	redis-cli -s socket shutdown nosave 2>/dev/null
	wait
	is 'redis-server: what it says' 2100000 "$said"
	moved module
	is 'redis-server: all but jemalloc' redis-server "$moved"
	like 'redis-server: jemalloc copies, too' libjemalloc "$others"
else
	skip 'redis-server' 'no redis-server here'
fi

# ---- ffmpeg: libavutil ----

if command -v ffmpeg >/dev/null; then
	job=(ffmpeg -nostdin -hide_banner -loglevel error -threads 1 -f lavfi
		-i testsrc=s=640x480:d=0.4 -vf 'scale=320:240,transpose,pad=400:500'
		-flags bitexact -sws_flags bitexact -f rawvideo -y)
	"${job[@]}" plain.raw
	profiled min_bytes=1K callers_allow=libavutil "${job[@]}" now.raw
	is 'ffmpeg: the same file' '' "$(cmp plain.raw now.raw 2>&1)"
	moved module
	like 'ffmpeg: libavutil alone' '^libavutil\.so\.[0-9]+$' "$moved"
	like 'ffmpeg: others are there' libavf "$others"
else
	skip 'ffmpeg' 'no ffmpeg here'
fi

# ---- the table itself ----

# shellcheck disable=SC2016 # that is Python
py='b = bytearray(3 << 20); c = bytes(b); d = c[5:]; e = b"x" * 8000; f = e[1:]'
for format in text json; do
	run with device=none stats=callers profile_min_bytes=4K \
		report_format=$format python3 -I -S -c "$py"
	[ $format = text ] && text=$stderr
done
is 'device=none: at most 100 columns' '' "$(awk 'length($0) > 100' <<<"$text")"
like 'device=none: the table' 'CALLER +CALLS +BYTES +USUAL +SHARE +DEVICE +GAIN' \
	"$text"
like 'device=none: a function' 'python3[^ ]*:PyBytes_FromStringAndSize' "$text"
like 'device=none: lines for callers_allow' '^  callers_allow = python3' "$text"
sizes=$(python3 -I -S -c 'import json, sys
r = json.loads(sys.argv[1])
assert r["callers_allow"], "no rules"
print(sum(c["calls"] for c in r["callers"]) > r["calls"],
      min(c["usual_size"] for c in r["callers"]))' "$stderr")
is 'device=none: below the cutoff, from profile_min_bytes on' 'True 4096' \
	"$sizes"
# What it says can be put into a file as it stands.
sed -n '/^  callers_allow = /,$p' <<<"$text" | sed 's/^  //' >my.conf
run with device=software conf="$tmp/my.conf" DSAMOVE_CONF="$tmp/my.conf" \
	python3 -I -S -c "$py"
like 'the lines are good settings' 'the stand-in moved [>1-9][0-9.]* % of the' \
	"$stderr"
exit 0
