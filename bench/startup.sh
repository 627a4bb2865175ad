#!/bin/sh
# SPDX-License-Identifier: MIT
# What the preload adds to an exec: bench/startup.sh BUILD_DIR [ROUNDS]
# /bin/true in blocks of 50, plain and preloaded in turn; medians of the
# blocks.  With the test device, the same where a DSA is found and opened.
set -u
out=$1 rounds=${2:-15}
so=$(readlink -f "$out/libdsapreload.so")
export LC_ALL=C

# Milliseconds per exec of "$@", over 50.
block() {
	s=$(date +%s%N)
	i=0
	while [ $i -lt 50 ]; do
		"$@" >/dev/null 2>&1
		i=$((i + 1))
	done
	e=$(date +%s%N)
	echo "$s $e" | awk '{ printf "%.4f\n", ($2 - $1) / 50 / 1e6 }'
}

compare() {
	what=$1
	shift
	plain=$(mktemp) with=$(mktemp)
	block env /bin/true >/dev/null
	r=0
	while [ $r -lt "$rounds" ]; do
		block env /bin/true >>"$plain"
		block env "$@" LD_PRELOAD="$so" /bin/true >>"$with"
		r=$((r + 1))
	done
	paste "$plain" "$with" | awk -v what="$what" '
		{ a[NR] = $1; b[NR] = $2; d[NR] = $2 - $1 }
		function median(v, n,   i, j, t) {
			for (i = 1; i <= n; i++) for (j = i + 1; j <= n; j++)
				if (v[j] < v[i]) { t = v[i]; v[i] = v[j]; v[j] = t }
			return v[int((n + 1) / 2)]
		}
		END { printf "%-34s %8.3f %8.3f %+9.3f\n", what,
			median(a, NR), median(b, NR), median(d, NR) }'
	rm -f "$plain" "$with"
}

case ${3:-} in
on-testbed) # called again, inside the test device
	compare "with a DSA (test device)" DSAMOVE_STATS=exit
	exit ;;
esac
echo "start-up: ms per exec of env and true, medians of $rounds blocks of 50"
printf '%-34s %8s %8s %9s\n' "" plain preload added
if [ ! -d /sys/bus/dsa/devices ]; then
	compare "no DSA on this machine" DSAMOVE_STATS=exit
	compare "device=software, no engine thread" DSAMOVE_DEVICE=software \
		DSAMOVE_SOFTWARE_ENGINES=0
else
	compare "the DSA of this machine" DSAMOVE_STATS=exit
fi
if [ -x "$out/dsa-testbed" ] && "$out/dsa-testbed" --check >/dev/null 2>&1; then
	"$out/dsa-testbed" -- "$0" "$out" "$rounds" on-testbed
else
	echo "with a DSA (test device): skipped, it can't run here"
fi
