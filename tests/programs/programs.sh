#!/bin/bash
# SPDX-License-Identifier: MIT
# Unmodified programs with every copy offloaded (min_bytes=1), under each way
# that a device may behave: output, exit status and stderr are those of a
# plain run, and the JSON reports add up.
. tests/lib.sh "$1"
mkdir "$tmp/plain" "$tmp/in"
cd "$tmp" || exit 2
check_report=$OLDPWD/tests/check_report.py

# ---- what they work on ----

python3 -I -S - <<'END'
import random
random.seed(7)
words = [bytes(random.choices(b'etaoinshrdlu', k=random.randint(2, 9)))
         for _ in range(500)]
text = b'\n'.join(b' '.join(random.choices(words, k=9))
                  for _ in range(20000))
open('in/text', 'wb').write(text[:700000] + b'\n')
open('in/noise', 'wb').write(random.randbytes(300000))
END
gzip -c in/text >in/text.gz
sort in/text >in/sorted

cat >in/job.py <<'END'
import array, hashlib, io, json, re, sys, threading
text = open('in/text', 'rb').read()
b = bytearray(text)
for n in 1, 63, 64, 65, 4095, 4096, 4097, 32768, 100001:
    b[n:2 * n] = b[3 * n:4 * n]
    b += b[n // 2:n]
def part(i):
    out[i] = hashlib.blake2b(bytes(b[i * 1000:]) * 3).hexdigest()
out = [None] * 4
threads = [threading.Thread(target=part, args=(i,)) for i in range(4)]
for t in threads: t.start()
for t in threads: t.join()
a = array.array('q', range(5000)); a.extend(a); a.reverse()
print(out, hashlib.md5(a.tobytes()).hexdigest(), len(re.findall(b'th?e', b)))
print(json.dumps({str(i): text[i:i + 5].decode() for i in range(300)}))
sys.exit(3)
END
cat >in/job.sql <<'END'
CREATE TABLE t (id INTEGER PRIMARY KEY, a BLOB, b TEXT);
WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 40)
INSERT INTO t SELECT i, substr(x, i * 1000, i * 900), hex(substr(x, i, 50))
	FROM n, (SELECT readfile('in/text') AS x);
CREATE INDEX tb ON t (b);
UPDATE t SET a = a || a WHERE id % 3 = 0;
SELECT id, length(a), b FROM t ORDER BY b;
SELECT hex(a) FROM t WHERE id IN (3, 17);
SELECT no_such_column FROM t;
END
cat >in/job.pl <<'END'
open F, 'in/text'; binmode F; local $/; my $a = <F>;
my $b = $a . substr($a, 5, 200000); substr($b, 70000, 9) = 'x' x 50000;
my %n; $n{$_}++ for split ' ', $b;
print join(' ', map { "$_$n{$_}" } sort keys %n), length $b, "\n";
print `echo a child`; if (!(my $pid = fork)) { print reverse $a; exit 7 }
wait; exit $? >> 8;
END

# NAME PROGRAM ARGUMENTS...; stdout and exit status are compared.
jobs() {
	cat <<'END'
python3 python3 -I -S in/job.py
sqlite3 sqlite3 :memory: .read\ in/job.sql
gzip gzip -c in/text
gunzip gzip -dc in/text.gz
gzip_bad gzip -dc in/noise
zstd zstd -q -c in/text
unzstd zstd -q -dc in/text.zst
lz4 lz4 -q -c in/text
unlz4 lz4 -q -dc in/text.lz4
sort sort --parallel=2 -S 2M in/text
tar tar --format=ustar --owner=0 --group=0 --mtime=@0 -cf - in/text in/noise
perl perl in/job.pl
awk awk {n[$1]++}END{for(i=0;i<9;i++)$0=$0$0;print(length($0));for(w\ in\ n)print(w,n[w])|"sort"} in/text
diff diff in/text in/sorted
bash bash -c x=$(cat\ in/text);for\ i\ in\ 1\ 2;do\ x+=${x:$i};done;echo\ "${#x}";echo\ "$x"|cksum;exit\ 5
END
}

command -v zstd >/dev/null && zstd -q -f in/text -o in/text.zst
command -v lz4 >/dev/null && lz4 -q -f in/text in/text.lz4

# ---- how the device behaves ----

# NAME SETTINGS...; each with device=software and min_bytes=1.
modes() {
	cat <<'END'
engines=1 software_engines=1
engines=2 software_engines=2
inline software_engines=0
busy software_engines=0 submit_retries=3 software_script=busy*9,ok,busy*2,ok*3
fault software_engines=0 fault_resumes=2 software_script=fault@0,fault@1,fault@4096,ok,fault@100
wfault software_engines=0 software_script=wfault@0,ok*2,wfault@63,wfault@64,wfault@5000
error software_engines=0 software_script=ok*5,error=0x10,ok*5,error=0x1f,ok*4,error=2
mixed software_engines=0 software_script=ok*3,busy,fault@7,after=3,wfault@9,error=0x13,ok,busy*5,after=20
mixed_engines software_engines=2 software_script=ok*3,busy,fault@7,after=3,wfault@9,error=0x13,ok,busy*5
split software_engines=0 mode=split split_cpu_percent=30
learned software_engines=2 mode=split split_cpu_percent=auto
split_engines software_engines=2 mode=split split_cpu_percent=50
touch software_engines=0 touch=always
touch_madvise software_engines=0 touch=always touch_by=madvise
verify software_engines=0 verify=100
wrong software_engines=0 verify=100 log=off software_script=ok*20,wrong@5
never software_engines=0 device_timeout_ms=5 log=off software_script=ok*20,never
to_memory software_engines=0 cache_control=memory mode=split
yield software_engines=1 wait=yield max_inflight=1
callers software_engines=0 stats=callers profile_min_bytes=1 caller_depth=8 callers_deny=libz,libnone:f
stats_all software_engines=0 stats=all memcpy_min_bytes=3 memmove_min_bytes=2 memset_min_bytes=70
END
}

names=()
while read -r name program _; do
	if command -v "$program" >/dev/null; then
		names+=("$name")
	else
		skip "programs: $name" "no $program here"
	fi
done < <(jobs)

words_of() { # NAME: the job's words into $words
	local line
	line=$(jobs | grep "^$1 ")
	words=()
	# read without -r: a backslash keeps a blank within a word.
	# shellcheck disable=SC2162
	read -a words <<<"${line#* }"
}

for name in "${names[@]}"; do
	words_of "$name"
	"${words[@]}" >"plain/$name.out" 2>"plain/$name.err" </dev/null
	echo $? >"plain/$name.status"
done

# one MODE DIRECTORY SETTINGS...
one() {
	local mode=$1 now=$2 name what sum
	local settings=("${@:3}")
	mkdir -p "$now/reports"
	for name in "${names[@]}"; do
		words_of "$name"
		what="$mode: $name"
		rm -f "$now"/reports/*
		with device=software min_bytes=1 report_format=json \
			report_file="$tmp/$now/reports/%e.%p" "${settings[@]}" \
			"${words[@]}" >"$now/$name.out" 2>"$now/$name.err" \
			</dev/null
		echo $? >"$now/$name.status"
		if ! cmp -s {plain,"$now"}/"$name.status"; then
			not_ok "$what" "exit status $(<"$now/$name.status")," \
				"plain $(<"plain/$name.status")" \
				"$(head -n 3 "$now/$name.err")"
		elif ! cmp -s {plain,"$now"}/"$name.out"; then
			not_ok "$what" "output: $(cmp {plain,"$now"}/"$name.out" 2>&1)"
		elif ! cmp -s {plain,"$now"}/"$name.err"; then
			not_ok "$what" "stderr: $(head -n 3 "$now/$name.err")"
		elif ! ls "$now"/reports/* >/dev/null 2>&1; then
			not_ok "$what" 'no report'
		else
			sum=$(python3 -I -S "$check_report" "$now"/reports/*)
			if [ "$(wc -l <<<"$sum")" -eq 1 ] &&
				[[ $sum == 'SUM '[1-9]* ]]; then
				ok "$what"
			else
				not_ok "$what" "report: $sum"
			fi
		fi
	done
}

# Most of them have one thread: two modes at a time.
half() { # NUMBER
	local n=0 mode settings
	while read -r mode settings; do
		read -ra settings <<<"$settings"
		[ $((n++ % 2)) -eq "$1" ] && one "$mode" "now$1" "${settings[@]}"
	done < <(modes)
}

half 1 >second &
half 0
wait
cat second
