#!/bin/bash
# SPDX-License-Identifier: MIT
# dsamove report --html: a page that a browser draws without a network and
# without a complaint, whatever a program is called.  The screenshot stays in
# BUILD_DIR/report.png, for people to look at.
. tests/lib.sh "$1"
cd "$tmp" || exit 2
if ! command -v chromium >/dev/null; then
	not_ok html 'chromium is not installed; make deps'
	exit 1
fi

# An exit report, and intervals of a second process, by hand.
with device=software software_engines=0 report_format=json \
	report_file="$tmp/report.json" "$guests/calls" >/dev/null
with device=software software_engines=0 report_format=json \
	report_file="$tmp/report.json" stats=callers "$guests/calls" >/dev/null
/usr/bin/python3 -I -S - >top.json <<'END'
import json
def flow(n, part):
    return {'calls': n, 'bytes': n << 20, 'device_bytes': int((n << 20) * part),
            'wait_ns': 0, 'calls_by_route': {}, 'cpu_reasons': {}}
for i in range(60):
    n = 500 + 40 * (i % 7) * (i % 3)
    print(json.dumps({'dsamove_top': 1, 'time_ms': 1700000000000 + i * 1000,
        'interval_ns': 10**9, 'processes': [{'pid': 4711, 'life': 'running',
        'program': 'server', 'device': 'ENQCMD', 'since_birth': flow(0, 0),
        'in_interval': flow(n, 0.9 - i / 100), 'threads_in_interval': []}],
        'queues': [{'name': 'wq0.0', 'size': 32, 'most_occupancy': 9,
                    'mean_occupancy': i % 9 / 2}]}))
END
cat report.json top.json >both.json
run "$dsamove" report --html both.json
is 'a page: status' 0 "$status"
cp run.stdout page.html
is 'it names nothing to load' '' "$(sed 's|http://www.w3.org/2000/svg||' \
	page.html | grep -iE 'https?:|src=|href=|url\(|@import|fetch\(|XMLHttp')"
like 'its policy forbids to load' "default-src 'none'" "$(<page.html)"

browse() { # OPTIONS... PAGE
	timeout -k 1 100 chromium --headless=new --no-sandbox --disable-gpu \
		--user-data-dir="$tmp/profile" --no-first-run \
		--disable-background-networking --enable-logging=stderr \
		--hide-scrollbars --window-size=1120,3300 \
		--virtual-time-budget=3000 "$@" 2>browser.err
}
browse --dump-dom "file://$tmp/page.html" >dom
is 'the browser has nothing to complain of' '' \
	"$(grep -E 'CONSOLE|Refused|Uncaught' browser.err)"
count() { grep -oE -- "$1" dom | wc -l; }
is 'both reports have a heading' 2 "$(count '<h1>calls</h1>')"
is 'a histogram of sizes, and one of times, each' '2 2' \
	"$(count 'aria-label="Copies by size"') $(count \
		'aria-label="Offloaded copies by the time they took"')"
is 'a bar for each bucket' True "$(/usr/bin/python3 -I -S -c '
import json, re
bars = 0
for line in open("report.json"):
    ops = json.loads(line)["total"]["ops"].values()
    for key in "sizes", "latencies_ns":
        bars += len({v for op in ops for v, _ in op[key]})
drawn = len(re.findall("<rect ", open("dom").read()))
print(bars == drawn and bars > 10 or (bars, drawn))')"
like 'reasons are in words' 'source and destination overlap' "$(<dom)"
is 'a timeline of the process and one of its queue' '1 1' \
	"$(count 'aria-label="4711 server: bytes a second"') $(count \
		'aria-label="wq0.0: entries in use of 32"')"
is 'no figure is missing' '' "$(sed 's/<script.*//' dom |
	grep -oE '.{20}(NaN|undefined|Infinity).{20}')"

browse --screenshot="$tmp/page.png" "file://$tmp/page.html" >/dev/null
cp page.png "$out/report.png"
# Not blank: both colours of the legend and of the charts are on it.
is 'the screenshot shows both colours' True "$(/usr/bin/python3 -I -S - <<'END'
import struct, zlib
data = open('page.png', 'rb').read()
at, packed = 8, b''
while at < len(data):
    size, kind = struct.unpack('>I4s', data[at:at + 8])
    if kind == b'IHDR':
        width, height, depth, colour = struct.unpack('>IIBB', data[at + 8:at + 18])
    if kind == b'IDAT':
        packed += data[at + 8:at + 8 + size]
    at += 12 + size
n = {2: 3, 6: 4}[colour]
raw = zlib.decompress(packed)
line, rows, seen = bytes(width * n), [], {}
for y in range(height):
    how = raw[y * (width * n + 1)]
    now = bytearray(raw[y * (width * n + 1) + 1:(y + 1) * (width * n + 1)])
    for x in range(width * n):
        a = now[x - n] if x >= n else 0
        b, c = line[x], line[x - n] if x >= n else 0
        if how == 1: now[x] = now[x] + a & 255
        elif how == 2: now[x] = now[x] + b & 255
        elif how == 3: now[x] = now[x] + (a + b) // 2 & 255
        elif how == 4:
            p = a + b - c
            best = min((abs(p - a), 0, a), (abs(p - b), 1, b), (abs(p - c), 2, c))
            now[x] = now[x] + best[2] & 255
    line = now
    for x in range(0, width * n, n):
        pixel = bytes(now[x:x + 3])
        seen[pixel] = seen.get(pixel, 0) + 1
print(all(seen.get(c, 0) > 3000 for c in (b'\x1f\x6f\xb5', b'\xd9\x83\x24')))
END
)"

# ---- input that would like to be markup ----

name='</script><script>document.title="bad"</script><!--<b>'
/usr/bin/python3 -I -S -c 'import json, sys
r = json.loads(open("report.json").readline())
r["program"] = r["threads"][0]["name"] = sys.argv[1]
print(json.dumps(r))' "$name" >strange.json
"$dsamove" report --html strange.json >page.html
browse --dump-dom "file://$tmp/page.html" >dom
is 'a strange name is text' '1 0' \
	"$(count '<h1>&lt;/script&gt;&lt;script&gt;') $(count '<title>bad')"

# ---- what is no input ----

for what in '' 'x' '{}' '{"dsamove_report":' '[1]'; do
	printf '%s\n' "$what" >bad.json
	run "$dsamove" report --html bad.json
	is "no page of '$what'" '1 ' "$status $stdout"
done
run "$dsamove" report both.json
is 'JSON without --html: status' 1 "$status"
run "$dsamove" report --html nonexistent.json
is 'no file: status' 1 "$status"
