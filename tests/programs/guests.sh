#!/bin/bash
# SPDX-License-Identifier: MIT
# Programs written to be difficult, in the ways that a device may behave:
# each prints and returns what it does in a plain run, and its reports add up.
. tests/lib.sh "$1"
# They count in live files, where there is a tmpfs for these.
if live=$(mktemp -d /dev/shm/dsamove-test.XXXXXX 2>/dev/null); then
	trap 'rm -rf "$tmp" "$live"' EXIT
	export XDG_RUNTIME_DIR=$live
fi
check_report=$PWD/tests/check_report.py
gcc -shared -fPIC -O2 -fno-builtin -o "$tmp/early.so" \
	tests/programs/shared/early.c || not_ok 'library that copies early' \
	'does not compile'
gcc -O2 -fno-builtin -o "$tmp/linked" -x c - -x none "$tmp/early.so" \
	-Wl,-rpath,"$tmp" -Wl,--no-as-needed <<'END' || exit 1
int main(void)
{
	return 3;
}
END
cd "$tmp" || exit 2

modes() {
	cat <<'END'
engines=1 software_engines=1
engines=2 software_engines=2
split software_engines=2 mode=split
split_inline software_engines=0 mode=split split_cpu_percent=20
learned software_engines=1 mode=split split_cpu_percent=auto
learned_inline software_engines=0 mode=split split_cpu_percent=auto min_bytes=1
inline software_engines=0
mixed software_engines=0 software_script=ok*3,busy,fault@7,after=3,wfault@9,error=0x13,ok,busy*5
slow_engines software_engines=1 software_latency_ns=3000 wait=yield max_inflight=2
verify software_engines=0 verify=100 touch=always
tiny software_engines=0 min_bytes=1 memset_min_bytes=100
all software_engines=0 stats=all
callers software_engines=1 stats=callers profile_min_bytes=1 caller_depth=8 callers_deny=libz,libnone:f
default
END
}

# NAME COMMAND...
guests() {
	cat <<END
calls $guests/calls
fortified $guests/fortified
c++ $guests/throws
ends $guests/ends
exit $guests/ends exit
pthread_exit $guests/ends pthread_exit
threads $guests/threads 8 20
fork $guests/forks
faults $guests/faults
signals_storm $guests/signals storm
signals_jump $guests/signals jump
signals_fork $guests/signals fork
linked_library $tmp/linked
END
}

while read -r name words; do
	read -ra words <<<"$words"
	"${words[@]}" >"$name.out" 2>"$name.err" </dev/null
	echo $? >"$name.status"
	if grep -q wrong "$name.out" || [ -s "$name.err" ]; then
		not_ok "guests: $name" "fails by itself: $(head -n 3 "$name.out")"
	fi
done < <(guests)

while read -r mode settings; do
	read -ra settings <<<"$settings"
	while read -r name words; do
		read -ra words <<<"$words"
		rm -f report.*
		with device=software report_format=json "${settings[@]}" \
			report_file="$tmp/report.%p" "${words[@]}" >now.out 2>now.err </dev/null
		status=$?
		# A long jump may leave a request half counted.
		torn=
		[[ $name == faults || $name == signals_jump ]] && torn=--torn
		sum=$(cat report.* 2>/dev/null >reports &&
			python3 -I -S "$check_report" $torn reports)
		if [ $status -ne "$(<"$name.status")" ]; then
			not_ok "$mode: $name" "exit status $status, plain" \
				"$(<"$name.status"): $(tail -n 2 now.out now.err)"
		elif ! cmp -s "$name.out" now.out; then
			not_ok "$mode: $name" "$(diff "$name.out" now.out)"
		elif [ -s now.err ]; then
			not_ok "$mode: $name" "stderr: $(head -n 3 now.err)"
		elif [ "$name" = linked_library ] && [ ! -s reports ]; then
			# It copies before our birth and after our death.
			ok "$mode: $name"
		elif [ "$(wc -l <<<"$sum")" -ne 1 ] ||
			[[ $sum != 'SUM '[1-9]* ]]; then
			not_ok "$mode: $name" "report: $sum"
		else
			ok "$mode: $name"
		fi
	done < <(guests)
done < <(modes)

# ---- a preloaded library whose constructor comes before, or after, ours ----

plain=$(LD_PRELOAD=$tmp/early.so "$guests/calls")
for order in "$so $tmp/early.so" "$tmp/early.so $so"; do
	what='library preloaded before ours'
	[[ $order == "$so "* ]] && what='library preloaded after ours'
	run env DSAMOVE_DEVICE=software DSAMOVE_STATS=off \
		LD_PRELOAD="$order" "$guests/calls"
	is "$what" "4 $plain" "$status $stdout"
done

# ---- more threads than slots ----

run "$guests/threads" 1100 2
if [ "$status" -eq 77 ]; then
	skip '1100 threads at once' "$stdout"
else
	plain="$status $stdout"
	for engines in 0 1; do
		run with device=software software_engines=$engines \
			report_format=json "$guests/threads" 1100 2
		is "1100 threads at once, engines=$engines" "$plain" \
			"$status $stdout"
		sum=$(python3 -I -S "$check_report" "$tmp/run.stderr")
		# Each of 2 * 1100 threads: memset and memcpy, once, twice
		# more, and once in its end.
		is "all copies of 1100 threads are counted, engines=$engines" \
			"SUM 17600 704000000" "${sum% * 1}"
		like "threads beyond the slots are counted as such, engines=$engines" \
			'"no_slot":\{"calls":[1-9]' "$stderr"
		like "rows of threads that ended, engines=$engines" \
			'"ended":true' "$stderr"
		like "threads without a row are summed up, engines=$engines" \
			'"folded_threads":[1-9]' "$stderr"
	done
fi

# ---- overflows: libc's own message and abort ----

for f in memcpy memmove mempcpy memset small; do
	run "$guests/fortified" overflow $f
	plain="$status $stdout $stderr"
	for mode in software none; do
		run with device=$mode "$guests/fortified" overflow $f
		is "overflow in $f, device=$mode" "$plain" \
			"$status $stdout $stderr"
	done
done
like "overflow is what libc says" "buffer overflow detected" "$plain"

# ---- exits without a report ----

for how in _exit exit_group signal abort quick_exit; do
	run "$guests/ends" $how
	plain="$status $stdout $stderr"
	run with device=software "$guests/ends" $how
	is "$how: as it is, and no report" "$plain" "$status $stdout $stderr"
done
for how in return exit pthread_exit; do
	run with device=software "$guests/ends" $how
	like "$how: a report" '^dsamove: ends \(pid [0-9]+\): [1-9]' "$stderr"
done
