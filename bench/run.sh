#!/bin/sh
# SPDX-License-Identifier: MIT
# Every benchmark, for people: bench/run.sh BUILD_DIR
set -u
out=$1
so=$(readlink -f "$out/libdsapreload.so")
cd "$(dirname "$0")/.." || exit 2
echo "machine: $(sed -n 's/^model name.*: //p' /proc/cpuinfo | head -n 1), $(nproc) CPUs"
echo "kernel:  $(uname -r)"
echo "commit:  $(git describe --always --dirty 2>/dev/null || echo unknown)"
echo
"$out/bench/small" "$so"
echo
echo "an offloaded memcpy on the inline software device:"
"$out/bench/cost" "$so" | tr , '\t' | expand -t 14
echo
echo "of that, beside the device's own time:"
"$out/bench/overhead" | tr , '\t' | expand -t 14
echo
"$out/bench/threads" "$so"
echo
"$out/bench/callers" "$so"
echo
bench/startup.sh "$out"
