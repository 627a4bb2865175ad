#!/bin/bash
# SPDX-License-Identifier: MIT
# Programs with every copy offloaded: python3 and its own regression tests.
. tests/lib.sh "$1"
. tests/compat/lib.sh

# python NAME MARKS TEST...: each test's verdict, and how many tests it ran
python() {
	local name=$1 marks=$2
	shift 2
	same "python-$name" "python3: $*" libpython3.11-testsuite "$marks" 3600 \
		<<END
for t in $*; do
	# Tests of time-outs fail on a busy machine, now and then.
	for try in 1 2 3; do
		timeout 1200 python3 -W ignore -m test -v --timeout 1000 \$t >log 2>&1
		status=\$?
		[ \$status -ne 0 ] || break
	done
	# Not the single "... ok": what a child prints may break its line.
	echo "\$t \$status: \$(sed -nE 's/^(Ran [0-9]+ tests?|OK|FAILED)( in .*)?( \(.*\))?\$/\1\3/p' log | tr '\n' ' ')" \\
		"\$(grep -E '^(FAIL|ERROR):' log | sort)"
done
END
}

python arrays "selection heavy" test_array test_struct
python bytes heavy test_bytes
python memory heavy test_memoryview test_mmap test_buffer test_memoryio test_io
python ctypes heavy test_ctypes
python threads heavy test_threading test_thread test_queue test_fork1
python processes heavy test_subprocess test_signal test_faulthandler
python multiprocessing heavy test_multiprocessing_fork
python data heavy test_pickle test_json test_re test_unicode test_zlib \
	test_hashlib test_sqlite3 test_deque test_set test_dict test_list \
	test_gc test_sys test_capi
python network heavy test_select test_selectors test_httpservers test_ftplib \
	test_mailbox
