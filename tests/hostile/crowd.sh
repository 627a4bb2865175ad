#!/bin/bash
# SPDX-License-Identifier: MIT
# Threads that are many, short-lived, poor in stack or elsewhere; and copies
# before we are born and after we are dead.
. tests/lib.sh "$1"
. tests/hostile.sh
# Thousands of threads on a busy machine are no dead device.
export DSAMOVE_DEVICE_TIMEOUT_MS=30000

cat >"$tmp/elsewhere.c" <<'END'
#include <string.h>
const char which[] = WHICH;
static volatile int tail; /* no tail call: the caller is us */
void copy_elsewhere(void *to, const void *from, size_t n)
{
	memset(to, 0, n);
	memcpy(to, from, n);
}
void copy_by_host(void *(*copy)(void *, const void *, size_t), void *to,
		  const void *from, size_t n)
{
	memset(to, 0, n);
	copy(to, from, n);
	tail = 0;
}
END
for which in elsewhere another; do
	gcc -shared -fPIC -O2 -fno-builtin -DWHICH="\"$which\"" \
		-o "$tmp/$which.so" "$tmp/elsewhere.c"
done
namespaces=("$tmp/elsewhere.so" "$tmp/another.so" "$tmp/elsewhere.so")
# called MODE: requests that are the CPU's by whom they came from
called() {
	python3 -I -S -c 'import json, sys
print(sum(json.loads(line)["cpu_reasons"].get("caller", {"calls": 0})["calls"]
          for line in open(sys.argv[1])))' "$tmp/$1/reports"
}

for how in crowd least_stack alternate_stack namespaces; do
	everywhere $how exact "$hostile/crowd" $how "${namespaces[@]}"
	for mode in $modes; do
		is "$mode: $how: all are counted, once" '' \
			"$(counts "$mode" 2>&1 | head -n 4)"
	done
done
# Rules by caller hold for libraries that the loader lists nowhere: of 720
# copies 480 are the host's own, and 80 another's; not allowed are also those
# few that each of four threads makes before the module is known.
settings=(DSAMOVE_CALLERS_ALLOW=elsewhere.so)
everywhere 'namespaces, a rule' exact "$hostile/crowd" namespaces \
	"${namespaces[@]}"
for mode in $modes; do
	n=$(called "$mode")
	is "$mode: namespaces, a rule: copies of others" "560 to 572" \
		"$( ((n >= 560 && n <= 572)) && echo "560 to 572" || echo "$n")"
done
settings=()
# A device that falls silent: who waits on 16 KiB of stack closes the queue,
# and says so.
options=(-s silent_after=20)
settings=(DSAMOVE_DEVICE_TIMEOUT_MS=50 DSAMOVE_SOFTWARE_SCRIPT='ok*20,never*9')
expected='(software|wq0.0): no answer within device_timeout_ms; .*' \
	everywhere 'least_stack, silent device' --less \
	"$hostile/crowd" least_stack
expected='(software|wq0.0): no answer within device_timeout_ms; .*' \
	everywhere 'alternate_stack, silent device' --less \
	"$hostile/crowd" alternate_stack
options=() settings=()

# A library that copies in its constructor, before ours, and in its
# destructor, after ours.
gcc -shared -fPIC -O2 -fno-builtin -o "$tmp/early.so" \
	tests/programs/shared/early.c
gcc -O2 -fno-builtin -o "$tmp/linked" -x c - -x none "$tmp/early.so" \
	-Wl,-rpath,"$tmp" -Wl,--no-as-needed <<'END'
int main(void)
{
	return 3;
}
END
everywhere 'a library before and after us' any "$tmp/linked"
everywhere 'copies at exit' any "$hostile/crowd" atexit
everywhere 'copies at every moment of a life' exact "$guests/ends"
