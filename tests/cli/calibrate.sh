#!/bin/bash
# SPDX-License-Identifier: MIT
# dsamove calibrate: tests/cli/calibrate.sh BUILD_DIR
. tests/lib.sh "$1"

export TMPDIR=$tmp/mine
mkdir "$TMPDIR"
cd "$tmp" || exit 2

run "$dsamove" calibrate --device software --seconds 1 --json
is status 0 "$status"
is silent '' "$stderr"
is nothing-left '' "$(ls -A "$TMPDIR")"
is whole '8 12 True True' "$(python3 -I -S -c '
import json, sys
a = json.load(sys.stdin)
s = [st for op in ("memcpy", "memset") for st in a[op].values()]
rows = [r for st in s for r in st["times"]]
# Where no row from a size on is slower by the device, that is the crossover.
def crossover(rows):
    size = 0
    for r in reversed(rows):
        if r["device_ns"] > r["cpu_ns"] * 0.951:
            break
        size = r["bytes"]
    return size
def near(st):
    # Times are printed in whole ns, and the limit is not.
    return st["device_from_bytes"] == crossover(st["times"]) or any(
        abs(r["device_ns"] / r["cpu_ns"] - 0.95) < 0.1 for r in st["times"])
print(len(s), len(s[0]["times"]),
      all(r["cpu_ns"] > 0 and r["device_ns"] > 0 for r in rows),
      all(near(st) for st in s))' <<<"$stdout")"
run "$dsamove" check dsamove.conf
is conf-is-understood 0 "$status"
keys=$(grep -c '^KEY(' "$OLDPWD/config/conf_keys.def")
is conf-has-every-key "$keys" "$(grep -cE '^#?[a-z_]+ =' dsamove.conf)"

# It does not overwrite, unless it is told to.
run "$dsamove" calibrate --device software --seconds 1
is exists-status 1 "$status"
like exists 'dsamove.conf: File exists; --force overwrites it' "$stderr"

# Machines on which the device wins from 64K (but not with memset), and never.
python3 -I -S -c '
import json
def states(cpu, device):
    sizes = [4096 << i for i in range(12)]
    return {k: {"times": [{"bytes": n, "cpu_ns": int(cpu(n)),
                           "device_ns": int(device(n))} for n in sizes]}
            for k in ("hot", "cold", "fresh", "many_threads")}
def fast(n):
    return n / 10
def slow(n):
    return 4000 + n / 30
for name, copy in (("wins", (fast, slow)), ("loses", (slow, fast))):
    if name == "loses":
        copy = (lambda n: n / 30, slow)
    a = {"device": "ENQCMD", "threads": 4, "device_share_percent": 100,
         "memcpy": states(*copy), "memset": states(lambda n: n / 40, slow)}
    json.dump(a, open(name + ".json", "w"))'
run "$dsamove" calibrate --from wins.json -o wins.conf
is wins 0 "$status"
like wins-copy '^memcpy is faster by the device from: 64K hot, 64K cold, 64K fresh, 64K many threads$' "$stdout"
like wins-set '^memset is faster by the device from: no size hot,' "$stdout"
run "$dsamove" check --changed wins.conf
like wins-ops '^ops +memcpy,memmove ' "$stdout"
like wins-memcpy '^memcpy_min_bytes +64K ' "$stdout"
like wins-memmove '^memmove_min_bytes +64K ' "$stdout"
is wins-only 3 "$(grep -c 'wins.conf:[0-9]' <<<"$stdout")"
run "$dsamove" calibrate --from loses.json -o loses.conf
run "$dsamove" check --changed loses.conf
like loses '^device +none ' "$stdout"
is loses-only 1 "$(grep -c 'loses.conf:[0-9]' <<<"$stdout")"
run "$dsamove" calibrate --from wins.json --json -f
is from-is-what-json-prints same "$(python3 -I -S -c '
import json, sys
a, b = json.load(open("wins.json")), json.load(sys.stdin)
same = all(a[op][st]["times"] == b[op][st]["times"]
           for op in ("memcpy", "memset") for st in a[op])
print("same" if same and b["memcpy"]["hot"]["device_from_bytes"] == 65536
      else b)' <<<"$stdout")"
printf '{"memcpy": 1}\n' >bad.json
run "$dsamove" calibrate --from bad.json -o bad.conf
is bad-json 1 "$status"
is bad-json-leaves-nothing no "$([ -e bad.conf ] && echo yes || echo no)"

# gnuplot is not always there; its absence is told.
for kind in svg png; do
	run "$dsamove" calibrate --from wins.json -f --plot "plot.$kind"
	if command -v gnuplot >/dev/null; then
		is "plot-$kind" 0 "$status"
		like "plot-$kind-is-one" '<svg|PNG' "$(head -c 999 "plot.$kind" |
			tr -d '\0')"
	else
		is "no-gnuplot-$kind" 1 "$status"
		like "no-gnuplot-$kind-says" 'gnuplot is not installed' "$stderr"
	fi
done
run "$dsamove" calibrate --from wins.json -f --plot plot.gif
is plot-kind 1 "$status"

DSAMOVE_DEVICE=none run "$dsamove" calibrate -o none.conf
is no-device 1 "$status"
like no-device-says 'no DSA can be used here, dsamove doctor' "$stderr"
is no-device-leaves-nothing no "$([ -e none.conf ] && echo yes || echo no)"
run "$dsamove" calibrate --device sideways
is bad-device 1 "$status"
run "$dsamove" calibrate --seconds 0
is bad-seconds 2 "$status"

# The test device, as a DSA of this machine.
cd "$OLDPWD" || exit 2
. tests/device/testbed.sh
under -- "$dsamove" calibrate --seconds 2 -o "$tmp/device.conf"
is device 0 "$status"
like device-named '^Device: (write|ENQCMD)' "$stdout"
is device-moved True "$(seen 't["bytes"] > 1 << 28')"
