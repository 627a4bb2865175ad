#!/bin/bash
# SPDX-License-Identifier: MIT
# Pages that come when they are asked for, and pages that do not come.
. tests/lib.sh "$1"
. tests/hostile.sh

for how in mprotect userfaultfd; do
	everywhere "pages by $how" exact "$hostile/lazy" $how
	settings=(DSAMOVE_TOUCH=always DSAMOVE_MODE=split)
	everywhere "pages by $how, split" exact "$hostile/lazy" $how
	settings=()
done
everywhere 'a truncated file' --less "$hostile/lazy" truncated
everywhere 'a file that is truncated meanwhile' --less "$hostile/lazy" meanwhile
for how in null from_null wild not_canonical kernel read_only none bus; do
	everywhere "crash: $how" none "$hostile/lazy" $how
	like "crash: $how: by a signal" '^1(35|39)$' "$(<"$tmp/plain/status")"
done
