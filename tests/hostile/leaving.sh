#!/bin/bash
# SPDX-License-Identifier: MIT
# Threads that leave a copy by a long jump or by cancellation, with a device
# that takes its time: the host's memory is its own from then on.
. tests/lib.sh "$1"
. tests/hostile.sh

options=(-s latency_ns=300000)
settings=(DSAMOVE_SOFTWARE_LATENCY_NS=300000)
all=$modes
modes=${all/ write/} everywhere jump --less "$hostile/leaving" jump 2000
# A signal often meets the test device's long write(2).  Whether the device
# has that descriptor is not known, so such a jump takes 20 ms.
if [[ $all == *write* ]]; then
	modes='write' everywhere jump --less "$hostile/leaving" jump 300
fi
for how in cancel cancel_async; do
	everywhere $how --less "$hostile/leaving" $how 60
done
