#!/bin/bash
# SPDX-License-Identifier: MIT
# Processes that beget processes: each reports its own copies, once.
. tests/lib.sh "$1"
. tests/hostile.sh

for how in crowd generations threads daemon orphan silent borrowed; do
	everywhere $how --some "$hostile/children" $how
	for mode in $modes; do
		is "$mode: $how: each reports its own, once" '' \
			"$(counts "$mode" 2>&1 | head -n 4)"
	done
done
