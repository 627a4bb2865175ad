#!/bin/bash
# SPDX-License-Identifier: MIT
# Programs with every copy offloaded: a bash script and coreutils.
. tests/lib.sh "$1"
. tests/compat/lib.sh

same bash 'bash, a script' bash 'selection-device device' <<'END'
declare -A count
while read -r a b rest; do
	((count[$a]++))
	line=${rest//e/E}${b^^}
	text+=${line:0:20}
done < <(head -n 400 "$data/text")
for w in "${!count[@]}"; do echo "$w ${count[$w]}"; done | sort
printf '%s\n' "${text:1000:500}" "${#text}"
mapfile -t lines < <(tail -n 200 "$data/text")
printf '%q\n' "${lines[@]:5:3}"
(exit 3) || echo "a child: $?"
coproc { tr a-z A-Z; }
echo coproc >&"${COPROC[1]}"; exec {COPROC[1]}>&-; cat <&"${COPROC[0]}"
trap 'echo trapped' USR1; kill -USR1 $$
END

same coreutils 'coreutils: cp sort sha256sum dd' coreutils \
	'selection device' <<'END'
cp "$data/text" a; cp -r --sparse=always "$data" b; cmp a b/text && echo same
sort -S 1M a | sha256sum
sort -u -k2,2 -t ' ' a | md5sum
dd if="$data/noise" of=c bs=4093 status=none; sha256sum c
dd if="$data/noise" of=c bs=64K seek=1 skip=2 conv=notrunc status=none
sha512sum c; b2sum c; cksum c
tac a | cut -c 3-60 | tr a-m A-M | uniq | wc
split -b 100000 a x; cat x* | md5sum; ls -l --time-style=+ x* | md5sum
shuf --random-source="$data/noise" a | head -n 500 | od -c | md5sum
base64 a | fold -w 33 | paste - - | nl | md5sum
factor 1234567890123456789; numfmt --to=iec 123456789
END
