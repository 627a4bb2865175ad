#!/bin/bash
# SPDX-License-Identifier: MIT
# The USDT probes are in the library, and docs/offload.bt sees by them what the
# report says.
. tests/lib.sh "$1"
script=$PWD/docs/offload.bt
cd "$tmp" || exit 2
if [ ! -e /usr/include/x86_64-linux-gnu/sys/sdt.h ]; then
	not_ok probes 'systemtap-sdt-dev is not installed; make deps'
	exit 1
fi
is 'three probes, fallback in three places' \
	'fallback fallback fallback offload_done offload_start' \
	"$(readelf -n "$so" | sed -nE 's/^ +Name: //p' | sort | tr '\n' ' ' |
		sed 's/ $//')"
is 'they cost no semaphore' 0x0000000000000000 \
	"$(readelf -n "$so" | sed -nE 's/.*Semaphore: //p' | sort -u)"

if ! command -v bpftrace >/dev/null; then
	skip 'docs/offload.bt' 'bpftrace is not installed'
	exit 0
elif ! timeout 30 bpftrace -e 'BEGIN { exit(); }' >/dev/null 2>&1; then
	skip 'docs/offload.bt' 'bpftrace may not trace here'
	exit 0
fi
# A copy that nobody else loads: the kernel looks at files, not processes.
cp "$so" "$tmp/libdsapreload.so"
so=$tmp/libdsapreload.so
sed "s|/usr/local/lib/libdsapreload.so|$so|" "$script" >offload.bt
# bpftrace does not say when it is ready, so it gets longer each time.
for patience in 2 4 8 16; do
	rm -f report.json
	timeout -s INT $((patience + 4)) bpftrace offload.bt >seen 2>&1 &
	tracer=$!
	sleep $patience
	run with device=software software_engines=0 report_format=json \
		report_file="$tmp/report.json" "$guests/calls"
	wait $tracer
	grep -q '^@started' seen && break
done
# The three figures of the report that it can see.
/usr/bin/python3 -I -S - >want <<'END'
import json
r = json.loads(open('report.json').readline())
started = sum(n['calls'] for op in r['total']['ops'].values()
              for route, n in op['routes'].items() if route != 'cpu')
print('started', started)
print('device_bytes', r['device_bytes'])
print('overlap', r['cpu_reasons']['overlap']['bytes'])
END
{
	sed -nE 's/^@started\[.*\]: ([0-9]+)$/started \1/p' seen
	sed -nE 's/^@device_bytes\[.*\]: ([0-9]+)$/device_bytes \1/p' seen
	sed -nE 's/^@cpu_bytes_by_why\[3\]: ([0-9]+)$/overlap \1/p' seen
} >got
like 'docs/offload.bt: the report has the figures' \
	'^device_bytes [1-9][0-9]+' "$(<want)"
is 'docs/offload.bt: sees what the report says' "$(<want)" "$(<got)"
