#!/bin/bash
# SPDX-License-Identifier: MIT
# Threads that are many, short-lived, poor in stack or elsewhere; and copies
# before we are born and after we are dead.
. tests/lib.sh "$1"
. tests/hostile.sh
# Thousands of threads on a busy machine are no dead device.
export DSAMOVE_DEVICE_TIMEOUT_MS=30000

gcc -shared -fPIC -O2 -fno-builtin -o "$tmp/elsewhere.so" -x c - <<'END'
#include <string.h>
void copy_elsewhere(void *to, const void *from, size_t n)
{
	memset(to, 0, n);
	memcpy(to, from, n);
}
END
for how in crowd least_stack alternate_stack namespaces; do
	everywhere $how exact "$hostile/crowd" $how "$tmp/elsewhere.so"
	for mode in $modes; do
		is "$mode: $how: all are counted, once" '' \
			"$(counts "$mode" 2>&1 | head -n 4)"
	done
done
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
