#!/bin/bash
# SPDX-License-Identifier: MIT
# Debian's accel-config, which knows nothing of the test device: what it
# lists, what it configures, what it makes of a /sys that is not as it should.
. tests/lib.sh "$1"
. tests/device/testbed.sh

cat >"$tmp/many" <<'END'
[dsa0]
numa_node = 0
engines = 2
[wq0.0]
size = 32
threshold = 28
name = first
[wq0.1]
mode = dedicated
size = 8
[wq0.2]
type = kernel
driver_name = dmaengine
name = dmaengine
[wq0.3]
state = disabled
[iax1]
engines = 1
[wq1.0]
name = compress
[dsa2]
numa_node = 1
gen_cap = 0x40915f010f
state = disabled
END

# listed EXPRESSION: d are the devices by name, q the queues of dsa0
listed() {
	python3 -I -S -c 'import json, sys
l = json.loads(sys.argv[1])
d = {x["dev"]: x for x in l}
q = {w["dev"]: w for x in l for g in x["groups"]
     for w in g.get("grouped_workqueues", [])}
v = eval(sys.argv[2])
print(*v if isinstance(v, tuple) else [v])' "$stdout" "$1" 2>&1
}

under -f "$tmp/many" -- accel-config list
is list-status 0 "$status"
is list-stderr '' "$stderr"
is list-devices "['dsa0', 'iax1']" "$(listed 'sorted(d)')"
is list-queues "['wq0.0', 'wq0.1', 'wq0.2', 'wq1.0']" "$(listed 'sorted(q)')"
is list-size '32 28 first' \
	"$(listed 'tuple(q["wq0.0"][k] for k in ("size", "threshold", "name"))')"
is list-dedicated 'dedicated 8' \
	"$(listed '(q["wq0.1"]["mode"], q["wq0.1"]["size"])')"
is list-kernel 'kernel' "$(listed 'q["wq0.2"]["type"]')"
is list-gen-cap '0x40915f0107' "$(listed 'd["dsa0"]["gen_cap"]')"
is list-max-transfer '2147483648' \
	"$(listed 'd["dsa0"]["max_transfer_size"]')"
is list-clients 0 "$(listed 'd["dsa0"]["clients"]')"
under -f "$tmp/many" -- accel-config list --idle
like list-idle 'dsa2' "$stdout"
under -f "$tmp/many" -- ls /dev/dsa
is nodes-of-user-queues-only 'wq0.0 wq0.1' "$(tr '\n' ' ' <<<"$stdout" | sed 's/ $//')"

# Character devices and the files that are open on them, as objects.
# shellcheck disable=SC2016 # for the inner shell
under -f "$tmp/many" -- sh -c 'exec 3>/dev/dsa/wq0.0
	ls /dev/iax; cd -P "/sys/bus/dsa/devices/dsa!wq0.0"
	cat dev uevent; readlink -f subsystem ../../../iax1/wq1.0/iax*/subsystem
	test $(cat /sys/bus/dsa/devices/file0/pid) -eq $$ && echo "our pid"
	cat file0/cr_faults; exec 3>&-; ls -d file*'
is cdev-objects 'wq1.0 235:0 MAJOR=235 MINOR=0 DEVNAME=dsa/wq0.0 /sys/bus/dsa our pid 0' \
	"$(tr '\n' ' ' <<<"$stdout" | sed 's/ $//')"

# Nothing else under /sys and /dev is different.
others='find /sys/bus /sys/devices /sys/devices/system /sys/class /sys/module
	/dev/pts /dev/shm -mindepth 1 -maxdepth 1 -not -path */dsa
	-not -path */iax -not -path */idxd -not -path */pci10000:00'
# shellcheck disable=SC2086 # a list of words
{
	real=$(set -f && $others | sort)
	under -- $others
}
is other-sysfs "$(md5sum <<<"$real")" "$(sort <<<"$stdout" | md5sum)"
under -- sh -c 'cat /sys/bus/*/devices/*/uevent >/dev/null 2>&1
	nproc; ls /sys/devices/system/cpu | grep -c "^cpu[0-9]"; tty
	echo x >/dev/null; head -c 4 /dev/zero | wc -c; ls -d /dev/fd/0'
is other-devices 0 "$status"
under -- realpath /sys/bus/dsa/devices/wq0.0
is realpath /sys/devices/pci10000:00/10000:01:01.0/dsa0/wq0.0 "$stdout"
under -- realpath /sys/bus/dsa/devices/dsa0/driver
is driver-link /sys/bus/dsa/drivers/idxd "$stdout"

# Configurations are taken, rules kept.
for conf in config/accel-config/*.conf; do
	name=load-$(basename "$conf" .conf)
	# shellcheck disable=SC2016 # for the inner shell
	under -d 4 -q 0 -- sh -c 'accel-config load-config -c "$1" -e &&
		accel-config list >"$2" && ls /dev/dsa' - "$conf" "$tmp/list"
	is "$name" 0 "$status"
	is "$name-nodes" "$(grep -c '"dev": "wq' "$conf")" \
		"$(grep -c ^wq <<<"$stdout")"
	is "$name-comes-back" "$(grep -c '"state":"enabled"' "$tmp/list")" \
		"$(grep -cE '"dev": "(wq|dsa)' "$conf")"
done
under -- sh -c 'accel-config disable-wq dsa0/wq0.0 && ls /dev/dsa'
is disable-wq 0 "$status"
is disable-wq-node '' "$stdout"
under -- sh -c 'accel-config disable-device dsa0 &&
	accel-config list --idle && cat /sys/bus/dsa/devices/dsa0/state'
like disable-device '^disabled$' "$stdout"

# try NAME TEXT ATTRIBUTE: refused
refused() {
	# shellcheck disable=SC2016 # for the inner shell
	under -- sh -c 'cd /sys/bus/dsa/devices && printf %s "$1" >"$2"' - \
		"$2" "$3"
	is "$1" 'status 0: False' "status 0: $([ "$status" -eq 0 ] &&
		echo True || echo False)"
}
refused write-size-while-enabled 8 wq0.0/size
refused write-group-while-enabled 1 wq0.0/group_id
refused write-threshold-above-size 99 wq0.0/threshold
refused write-read-only 5 dsa0/numa_node
refused write-not-a-number x engine0.0/group_id

# A /sys as in a container, and one with holes.
under --sys-readonly -- sh -c 'echo 1 >/sys/bus/dsa/devices/dsa0/cmd_status'
like sys-readonly 'Read-only' "$stderr"
under -s 'wq0.0.hide=size, priority' -s dsa0.attr.numa_node=-1 -- sh -c \
	'cd /sys/bus/dsa/devices; cat wq0.0/size; cat dsa0/numa_node'
like hidden-attribute 'No such file' "$stderr"
is shown-attribute -1 "$stdout"
