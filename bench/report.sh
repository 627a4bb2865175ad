#!/bin/bash
# SPDX-License-Identifier: MIT
# CSV and plots (PNG, SVG) into BUILD_DIR/bench-report: bench/report.sh
# BUILD_DIR [NAME...]; with names, only those.  All of it takes some six
# minutes; the machine should have nothing else to do.  BENCH_UNDER is put
# before each program: BENCH_UNDER='taskset -c 2,3', say.
set -eu
export LC_ALL=C
out=$(readlink -f "$1")
shift
cd "$(dirname "$0")/.."
dir=$out/bench-report
command -v gnuplot >/dev/null || {
	echo "bench-report: gnuplot is missing: make deps-bench" >&2
	exit 1
}
mkdir -p "$dir"
cpu=$(sed -n 's/^model name.*: //p' /proc/cpuinfo | head -n 1)
about="$cpu, $(nproc) CPUs; Linux $(uname -r); dsamove $(git describe \
	--always --dirty 2>/dev/null || echo unknown)"

# The output of one or more runs as one table: its first line once.
table() { # NAME COMMAND [and COMMAND]...
	local name=$1 first=1 run=()
	shift
	echo "bench-report: $name"
	{
		echo "# $about"
		while [ $# -gt 0 ]; do
			run=()
			while [ $# -gt 0 ] && [ "$1" != and ]; do
				run+=("$1")
				shift
			done
			shift $(($# > 0))
			# shellcheck disable=SC2086 # a command and its words
			${BENCH_UNDER-} "$out/bench/${run[0]}" "${run[@]:1}" | tail -n +$first
			first=2
		done
	} >"$dir/$name.csv.new"
	mv "$dir/$name.csv.new" "$dir/$name.csv"
}

plot() { # NAME, from CSV of the same name or as its script says
	for ext in png svg; do
		gnuplot -e "about='$about'; dir='$dir'; name='$1'; ext='$ext'" \
			bench/plots/common.gp "bench/plots/$1.gp"
	done
}

one() { # NAME
	case $1 in
	offload)
		local runs=()
		for threads in 1 2; do
			for gbps in 2 10 30; do
				runs+=(offload "$gbps" 1 "$threads" and)
			done
		done
		table offload "${runs[@]}"
		plot offload
		plot offload-2threads ;;
	sharing)
		table sharing sharing 1,2,5 1,2,10,50 1 and \
			sharing 10,20,30 1,2,10,50 1 and \
			sharing 1,2,5 1,2,10,50 2 and \
			sharing 10,20,30 1,2,10,50 2
		plot sharing
		plot sharing-cpu ;;
	devices) table devices devices 1 and devices 2 && plot devices ;;
	change) table change change 1 && plot change ;;
	model) table model model && plot model ;;
	transfer) table transfer model transfer ;; # without a plot
	cost) table cost cost "$out/libdsapreload.so" && plot cost ;;
	*) echo "bench-report: $1?" >&2 && exit 2 ;;
	esac
}

[ $# -gt 0 ] || set -- cost model transfer devices change offload sharing
for name in "$@"; do
	one "$name"
done
echo "bench-report: $dir"
