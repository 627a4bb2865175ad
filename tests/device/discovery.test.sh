#!/bin/bash
# SPDX-License-Identifier: MIT
# Which queues the shipped library takes, what it says of those it can't take,
# and what it makes of a /sys with holes and nonsense: the program's output is
# that of a plain run in any case.
. tests/lib.sh "$1"
. tests/device/testbed.sh
. tests/device/library.sh

cat >"$tmp/many" <<'END'
[dsa0]
numa_node = 0
engines = 2
[wq0.0]
size = 16
[wq0.1]
mode = dedicated
size = 8
[wq0.2]
type = kernel
driver_name = dmaengine
size = 8
[wq0.3]
state = disabled
size = 8
[wq0.4]
size = 8
ats_disable = 1
[wq0.5]
size = 8
op_config = 1,00030235
[wq0.6]
size = 4
node_mode = 0
[iax1]
engines = 1
[wq1.0]
size = 16
[dsa2]
state = disabled
engines = 1
[wq2.0]
size = 8
state = disabled
[dsa4]
numa_node = 1
engines = 1
[wq4.0]
size = 8
node_mode = 0666
END
program=$guests/fortified
plain program "$program"

# Queues that the reports name, and how they were found.
taken() {
	python3 -I -S -c 'import json, sys
for name in sys.argv[1:]:
    r = json.load(open(name))
    print(r["found_by"], *[q["name"] for q in r["queues"]])
' "$tmp"/reports/* 2>&1
}

# serves NAME FOUND...: the program is served, by those queues
serves() {
	local name=$1
	shift
	attempt program '' "$program"
	if [ -n "$why" ]; then
		not_ok "$where-$name" "$why"
	elif [ "$moved" -eq 0 ]; then
		not_ok "$where-$name" 'the device moved nothing'
	else
		is "$where-$name" "$*" "$(taken)"
	fi
}

# says NAME LINE: the output has that line besides, and nothing is offloaded
says() {
	attempt program any "$program"
	cat - "$tmp/plain/program" <<<"dsamove: $2" >"$tmp/want"
	sort "$tmp/now/program" >"$tmp/got"
	if [ "$(sort "$tmp/want")" = "$(<"$tmp/got")" ]; then
		ok "$where-$1"
	else
		not_ok "$where-$1" "$(<"$tmp/now/program")"
	fi
}

# refuses QUEUE LINE
refuses() {
	settings=(DSAMOVE_QUEUES="$1")
	says "refuses-$1" "environment: DSAMOVE_QUEUES: $2"
}

mend() { # QUEUE OPTIONS
	echo "try: accel-config disable-wq $1 && accel-config config-wq $1 $2 $(
	)&& accel-config enable-wq $1"
}

user=(--type=user --driver-name=user)
for how in write mmap readonly; do
	where=$how by=libaccel-config
	options=(-f "$tmp/many" --submit "$how")
	[ $how = readonly ] && by=sysfs options=(-f "$tmp/many" --sys-readonly)
	# Root opens wq0.6 in spite of its mode; wq1.0 is an IAA's.
	settings=()
	serves all $by wq0.0 wq0.6 wq4.0
	settings=(DSAMOVE_DEVICE=dsa)
	serves device-dsa $by wq0.0 wq0.6 wq4.0
	settings=(DSAMOVE_QUEUES=wq4.0)
	serves named $by wq4.0
	settings=(DSAMOVE_QUEUES='wq4.0, wq0.0')
	serves named-two $by wq4.0 wq0.0
	refuses wq0.1 "wq0.1 is dedicated, expected shared; $(
		mend dsa0/wq0.1 '--mode=shared --threshold=N')"
	refuses wq0.2 "wq0.2 is of type kernel, expected user; $(
		mend dsa0/wq0.2 "${user[*]}")"
	refuses wq0.3 "wq0.3 is disabled; try: accel-config enable-wq dsa0/wq0.3"
	refuses wq0.4 "wq0.4 has ats_disable=1, which can hide page faults; $(
	)set it to 0 in /sys/bus/dsa/devices/wq0.4"
	refuses wq0.5 'wq0.5 does not offer the operations MEMMOVE and FILL (op_cap)'
	refuses wq0.7 "wq0.7 is of type none, expected user; $(
		mend dsa0/wq0.7 "${user[*]}")"
	refuses wq2.0 "wq2.0 is on dsa2, which is disabled; $(
	)try: accel-config enable-device dsa2"
	refuses wq3.0 'wq3.0 not found, expected a queue that accel-config list shows under a dsaN'
	refuses dsa0 "'dsa0' is not a work queue's name, $(
	)expected names such as wq0.0; nothing is offloaded"
done

# ---- an ordinary user ----

setpriv=(setpriv --reuid=65534 --regid=65534 --clear-groups)
if [ "$(id -u)" -ne 0 ]; then
	skip user 'no other user to become'
else
	chmod 755 "$tmp"
	chmod 777 "$tmp/reports"
	root=$program
	program=$tmp/as-user
	printf '#!/bin/sh\nexec %s %s\n' "${setpriv[*]}" "$root" >"$program"
	chmod 755 "$program"
	for mode in write mmap; do
		where=user-$mode
		options=(-f "$tmp/many" --submit "$mode")
		settings=(DSAMOVE_PROGRAMS=fortified)
		serves takes libaccel-config wq4.0
		settings+=(DSAMOVE_QUEUES=wq0.0)
		says forbidden "environment: DSAMOVE_QUEUES: wq0.0 $(
		)/dev/dsa/wq0.0: Permission denied; try: chmod or chown $(
		)of that node for this user"
	done
	program=$root
fi

# ---- no device at all, or none that can serve ----

where=none
settings=(DSAMOVE_DEVICE=dsa)
options=(-d 0)
says no-device 'no DSA work queue was found; nothing is offloaded'
options=(-q 0)
says nothing-configured \
	'no DSA work queue is configured, see config/accel-config; nothing is offloaded'
options=(-s mode=dedicated)
says only-dedicated "no usable work queue; wq0.0 is dedicated, expected shared; $(
	mend dsa0/wq0.0 '--mode=shared --threshold=N')"
settings=()
for without in '-d 0' '-q 0' '-s mode=dedicated' '-s state=disabled'; do
	read -ra options <<<"$without"
	attempt program any "$program"
	is "none-auto-is-silent$without" '' "$why"
done

# ---- too few descriptors to look ----

"$program" >"$tmp/out.plain" 2>/dev/null </dev/null
for n in 4 5 6; do
	for device in auto dsa; do
		"$tb" --submit mmap -- bash -c "ulimit -n $n
			DSAMOVE_DEVICE=$device LD_PRELOAD='$so' exec '$program'" \
			>"$tmp/out" 2>"$tmp/err" </dev/null
		is "descriptors-$n-$device-output" "$(<"$tmp/out.plain")" \
			"$(<"$tmp/out")"
		if [ $n -lt 6 ]; then
			is "descriptors-$n-$device-is-said" \
				'dsamove: Too many open files to look for a DSA; nothing is offloaded' \
				"$(<"$tmp/err")"
		else
			like "descriptors-$n-$device-are-enough" 'wq0\.0' \
				"$(<"$tmp/err")"
		fi
	done
done

# ---- attributes that are missing, or nonsense ----

# Missing mode or type crash libaccel-config 3.5.3: sysfs is asked instead.
where=missing
settings=()
for mode in write mmap; do
	for attr in mode type; do
		options=(--submit "$mode" -d 2 -s "wq2.0.hide=$attr")
		serves "$mode-$attr-of-another" sysfs wq0.0
	done
done

# each NAME LIST OPTIONS...: one setting of the list for each queue or device
# but the first, which has to serve all the same
each() {
	local name=$1
	shift
	options=("$@")
	attempt program '' "$program"
	is "$name" '' "$why"
	like "$name-leaves-the-first" 'wq0\.0' "$(taken)"
}

n=0 all=(-q 8)
for attr in state size threshold max_transfer_size max_batch_size op_config \
	ats_disable block_on_fault name driver_name cdev_minor clients \
	occupancy group_id; do
	all+=(-s "wq0.$((n % 7 + 1)).hide=$attr")
	n=$((n + 1))
	[ $((n % 7)) -ne 0 ] || { each missing-$n "${all[@]}" && all=(-q 8); }
done
n=0 all=(-d 8)
for attr in numa_node gen_cap op_cap pasid_enabled version max_groups \
	max_work_queues max_engines state clients max_transfer_size \
	configurable cdev_major errors; do
	all+=(-s "dsa$((n % 7 * 2 + 2)).hide=$attr")
	n=$((n + 1))
	[ $((n % 7)) -ne 0 ] ||
		{ each missing-of-device-$n "${all[@]}" && all=(-d 8); }
done

nonsense=('' -1 0 18446744073709551616 0x7fffffff '%s%n' "$(
	printf '9%.0s' {1..140})")
for attr in size threshold max_transfer_size max_batch_size op_config \
	ats_disable state mode type name; do
	all=(-q 8)
	for n in {1..7}; do
		all+=(-s "wq0.$n.attr.$attr=${nonsense[n - 1]}")
	done
	each "nonsense-$attr" "${all[@]}"
done
for attr in numa_node gen_cap op_cap pasid_enabled state version max_groups \
	max_work_queues max_engines; do
	all=(-d 8)
	for n in {1..7}; do
		all+=(-s "dsa$((n * 2)).attr.$attr=${nonsense[n - 1]}")
	done
	each "nonsense-$attr-of-device" "${all[@]}"
done
