#!/bin/bash
# SPDX-License-Identifier: MIT
# A client written from linux/idxd.h alone, on queues of several kinds and in
# both ways of submission: every operation, flag, limit and status.
. tests/lib.sh "$1"
. tests/device/testbed.sh

# guest NAME "OPTIONS" QUEUE MODE TEST...
guest() {
	local name=$1 options=$2
	shift 2
	# shellcheck disable=SC2086 # a list of words
	timeout -k 5 60 "$tb" -a "$tmp/account" $options -- \
		"$out/dsa-guest" "$@" >"$tmp/lines" 2>"$tmp/errors"
	status=$?
	sed -E "s/^(ok|not ok|skipped:) /\1 $name-/" "$tmp/lines"
	case $status in
	0 | 1) ;;
	*) not_ok "$name" "exit status $status: $(cat "$tmp/errors")" ;;
	esac
}

batch='-s op_cap=1,0003027f -s op_config=1,0003027f'
all='poll operations checks faults kernel portal'
# shellcheck disable=SC2086
{
	guest write '' wq0.0 write $all
	guest write-bof '-s block_on_fault=1' wq0.0 write faults
	guest mmap "--submit mmap $batch" wq0.0 mmap $all
	guest mmap-bof '--submit mmap -s block_on_fault=1' wq0.0 mmap faults
	guest mmap-patch "--submit mmap --patch $batch" wq0.0 mmap $all
	guest mmap-env '--submit mmap --preload env' wq0.0 mmap portal
	guest scrambled '-s scramble=1 -s disorder=1' wq0.0 write operations
	guest one-entry '-s size=1 -s threshold=1' wq0.0 write operations
	guest disable-write '' wq0.0 write disable
	guest disable-mmap '--submit mmap' wq0.0 mmap disable
	guest disable-patch '--submit mmap --patch' wq0.0 mmap disable
	guest unmap-write '-s unmap_on_disable=1' wq0.0 write disable-unmaps
	guest unmap-mmap '--submit mmap -s unmap_on_disable=1' wq0.0 mmap \
		disable-unmaps
	guest unmap-patch '--submit mmap --patch -s unmap_on_disable=1' \
		wq0.0 mmap disable-unmaps
	guest second-device '-d 2 -q 2' wq2.1 write operations
}

# A dedicated queue has one client, takes MOVDIR64B and no ENQCMD.
dedicated='-s mode=dedicated'
# shellcheck disable=SC2086
guest dedicated-write "$dedicated" wq0.0 write operations checks
# shellcheck disable=SC2086 # a list of words
under $dedicated -- sh -c 'exec 3>/dev/dsa/wq0.0; : 4>/dev/dsa/wq0.0'
like dedicated-one-client 'busy' "$stderr"
