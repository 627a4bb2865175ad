#!/bin/bash
# SPDX-License-Identifier: MIT
# Makes docs/compatibility.md of the lines that the groups left:
# tests/compat/table.sh RESULTS
# A line: title, version, variant, copies, bytes, same, ms plain, ms ours.
cat <<END
# Programs that were run with every copy offloaded

Made by \`make deps-programs check-programs\`, which runs each program plain and
under the preload with \`min_bytes=1\`, on three kinds of device: \`inline\`
(device=software, software_engines=0), \`engine\` (software_engines=1) and, for
some, the test device by \`write\`(2) and by \`mmap\` and ENQCMD. Real programs copy
little below 32 KiB to a device; this shows that they could. So the time says
what a copy of a few bytes costs there, and nothing about a real setting. The
scripts are in \`tests/compat/\`.

Last run: $(uname -sr), $(sed -nE 's/^PRETTY_NAME="(.*)"/\1/p' /etc/os-release),
$(nproc) CPUs ($(sed -nE 's/^model name\s*: //p' /proc/cpuinfo | head -n 1)),
dsamove $(git describe --always 2>/dev/null || echo).

"Copies" and "offloaded" are what the reports of all processes of a run say; a
process that is killed or ends by _exit says nothing. "Same": output and exit
status are those of the plain run. Times are of one run each, and of whatever
else the machine did meanwhile; \`-1k\`: from 1 KiB on only, since these copy
millions of times.

| program | version | device | copies | offloaded | same | plain | time |
|---|---|---|---|---|---|---|---|
END
awk -F '\t' '
function size(n) {
	if (n >= 1e9) return sprintf("%.1f GB", n / 1e9)
	if (n >= 1e6) return sprintf("%.1f MB", n / 1e6)
	return sprintf("%.0f KB", n / 1e3)
}
{
	first = $1 == last ? "" : $1
	printf "| %s | %s | %s | %d | %s | %s | %.1f s | %.1f x |\n", first,
		first == "" ? "" : $2, $3, $4, size($5), $6, $7 / 1000,
		$8 / ($7 > 0 ? $7 : 1)
	last = $1
}' "$1"
cat <<END

What was seen that is not output:

- valgrind and LeakSanitizer take a block that was leaked for reachable while
  the descriptor of the last copy to or from it is still in the thread's slot,
  and see nothing of what a device, an engine thread or the test device writes.
- Software engines are threads: gdb names the program's first thread then.
END
