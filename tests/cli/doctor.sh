#!/bin/bash
# SPDX-License-Identifier: MIT
# dsamove doctor on arranged machines: tests/cli/doctor.sh BUILD_DIR
. tests/lib.sh "$1"
. tests/device/testbed.sh

settings=()
as=()

# machine NAME STATUS VERDICT OPTIONS...: the doctor on the test device; what
# it printed is in $stdout
machine() {
	local name=$1 want=$2 verdict=$3
	shift 3
	under "$@" -- env "${settings[@]}" "${as[@]}" "$dsamove" doctor
	is "$name-status" "$want" "$status"
	like "$name-verdict" "^Verdict: $verdict" "$(tail -n 1 <<<"$stdout")"
	is "$name-silent" '' "$stderr"
}

# finds NAME LEVEL TOPIC TEXT: a line of the last machine
finds() {
	like "$1" "^$2 +$3 +.*$4" "$stdout"
}

# mends NAME COMMAND: what follows the obstacle or warning
mends() {
	like "$1" "^ +mend: .*$2" "$stdout"
}

obstacles() {
	grep -c '^OBSTACLE' <<<"$stdout"
}

for way in write mmap; do
	case $way in
	write) by='write\(2\)' ;;
	mmap) by=ENQCMD ;;
	esac
	machine "well-$way" 0 "copies are offloaded: 1 work queue, by $by\$" \
		--submit "$way"
	is "well-$way-obstacles" 0 "$(obstacles)"
	finds "well-$way-round-trip" ok wq0.0 "by $by.* [0-9.]+ us"
	finds "well-$way-proof" ok proof 'the device moved 100.0 %'
done
machine several 0 'copies are offloaded: 4 work queues,' -d 2 -q 2
finds several-devices ok devices '2: dsa0 dsa2$'

machine no-device 1 'copies are not offloaded: devices: ' -d 0
mends no-device-mend 'lspci -d 8086:0b25'
machine nothing-configured 1 \
	'copies are not offloaded: queues: no work queue has been configured' \
	-q 0
mends nothing-configured-mend 'accel-config load-config -c .*/1dev-1wq.conf -e$'
machine dedicated 1 'copies are not offloaded: wq0.0 is dedicated' \
	-s mode=dedicated
mends dedicated-mend \
	'config-wq dsa0/wq0.0 --mode=shared --threshold=14 && accel-config enable-wq dsa0/wq0.0$'
machine kernel-type 1 'copies are not offloaded: wq0.0 is of type kernel' \
	-s type=kernel -s driver_name=dmaengine
mends kernel-type-mend -- '--type=user --driver-name=user'
machine disabled-queue 1 'copies are not offloaded: wq0.0 is disabled$' \
	-s wq0.0.state=disabled
mends disabled-queue-mend 'accel-config enable-wq dsa0/wq0.0$'
machine disabled-device 1 \
	'copies are not offloaded: wq0.0 is on dsa0, which is disabled$' \
	-s dsa0.state=disabled -s wq0.0.state=disabled
mends disabled-device-mend 'accel-config enable-device dsa0$'
machine halted 1 \
	'copies are not offloaded: wq0.0 is on dsa0, which is halted' \
	-s dsa0.state=halted
machine no-sva 1 'copies are not offloaded: IOMMU: dsa0 does not share' \
	-s dsa0.pasid_enabled=0
mends no-sva-mend 'intel_iommu=on,sm_on'
machine no-ats 1 'copies are not offloaded: wq0.0 has ats_disable=1' \
	-s ats_disable=1
machine no-operations 1 'copies are not offloaded: wq0.0 does not offer' \
	-s op_config=1,0
machine silent 1 'copies are not offloaded: wq0.0: .*no answer to a NOOP' \
	-s silent_every=1
mends silent-mend 'accel-config disable-device dsa0'
machine no-engine 1 'copies are not offloaded: wq0.0: .*no answer' \
	-s dsa0.engines=0

# One of two is enough, and the other is only told of.
machine one-of-two 0 'copies are offloaded: 1 work queue,' -q 2 \
	-s wq0.1.mode=dedicated
finds one-of-two-other note wq0.1 'is dedicated'
machine one-silent 0 'copies are offloaded: 1 work queue,' -q 2 \
	-s wq0.1.silent_every=1
finds one-silent-other warning wq0.1 'no answer'

# Sizes and options that are worse than need be.
machine small 0 'copies are offloaded' -s size=8 -s threshold=3 \
	-s max_transfer_size=64K -s block_on_fault=1
finds small-size warning wq0.0 '8 entries are few'
finds small-threshold warning wq0.0 'refused from 3 of 8 entries'
mends small-threshold-mend -- 'dsa0/wq0.0 --threshold=7 '
finds small-transfer warning wq0.0 'max_transfer_size is 65536'
finds small-block note wq0.0 'block_on_fault is 1'
finds small-device note dsa0 '8 of its 128 entries'

# A container: /sys can't be written, and maybe there are no nodes.
machine read-only-sys 0 'copies are offloaded' --sys-readonly
finds read-only-sys-found ok discovery 'from /sys itself'

if [ "$(id -u)" -eq 0 ]; then
	chmod 755 "$tmp"
	as=(setpriv --reuid=65534 --regid=65534 --clear-groups)
	machine forbidden 1 \
		'copies are not offloaded: wq0.0: /dev/dsa/wq0.0: Permission denied' \
		-s node_mode=0600
	mends forbidden-mend 'chgrp dsa /dev/dsa/wq0.0'
	machine allowed 0 'copies are offloaded' -s node_mode=0666
	as=()
else
	skip user 'no other user to become'
fi

settings=(DSAMOVE_MIN_BYTES=much)
machine bad-settings 1 \
	'copies are not offloaded: settings: environment: DSAMOVE_MIN_BYTES'
settings=(DSAMOVE_DEVICE=none)
machine device-none 1 'copies are not offloaded: settings: device = none'
settings=(DSAMOVE_QUEUES=wq5.5)
machine queue-missing 1 'copies are not offloaded: proof: .*wq5.5 not found'
# What the settings keep from others does not keep the proof away.
settings=(DSAMOVE_PROGRAMS='!*' DSAMOVE_MIN_BYTES=1G DSAMOVE_OPS=memset
	DSAMOVE_CALLERS_DENY='*')
machine restricted 0 'copies are offloaded'
settings=()

under -- "$dsamove" doctor --json
is json 'True 0 True' "$(python3 -I -S -c '
import json, sys
a = json.load(sys.stdin)
print(a["works"], sum(f["level"] == "obstacle" for f in a["findings"]),
      a["verdict"].startswith("copies are offloaded"))' <<<"$stdout")"
under -s mode=dedicated -- "$dsamove" doctor --json
is json-bad "False is dedicated, expected shared True" "$(python3 -I -S -c '
import json, sys
a = json.load(sys.stdin)
f = [f for f in a["findings"] if f["level"] == "obstacle"]
print(a["works"], f[0]["text"], "accel-config" in f[0]["mend"])' \
	<<<"$stdout")"
under -- "$dsamove" doctor --quiet
is quiet 0 "$(grep -c '^ok ' <<<"$stdout")"
