#!/bin/bash
# SPDX-License-Identifier: MIT
# Memory of every kind, neighbours that come and go, sizes at the edge.
. tests/lib.sh "$1"
. tests/hostile.sh

for how in kinds neighbours sizes; do
	everywhere $how exact "$hostile/memory" $how
done
settings=(DSAMOVE_TOUCH=never)
everywhere 'neighbours, never touched' exact "$hostile/memory" neighbours
options=(-s wfault_every=3 -s wfault_at=5000 -s fault_every=4 -s fault_at=4097)
settings=(DSAMOVE_MODE=split DSAMOVE_CACHE_CONTROL=memory
	DSAMOVE_SOFTWARE_SCRIPT='ok*2,wfault@5000,ok,fault@4097')
everywhere 'neighbours, split, faults' exact "$hostile/memory" neighbours
everywhere 'sizes, split, faults' exact "$hostile/memory" sizes
options=() settings=()
for how in size_max size_max_fill negative half wrap_to wrap_from wrap_fill; do
	everywhere $how any "$hostile/memory" $how
done
