#!/bin/bash
# SPDX-License-Identifier: MIT
# Programs with every copy offloaded: archives and compression.
. tests/lib.sh "$1"
. tests/compat/lib.sh

same tar tar tar 'selection device' <<'END'
mkdir tree; for i in 1 2 3 4 5 6 7 8; do mkdir tree/$i; cp "$data"/* tree/$i
	head -c ${i}000 "$data/noise" >tree/$i/small; done
tar -cf t.tar --sort=name --mtime=@0 --owner=0 --group=0 --mode=644 tree
sha256sum t.tar
tar -tvf t.tar | md5sum
mkdir out; tar -xf t.tar -C out; chmod -R u+rwX out; diff -r tree out/tree && echo same
END

for p in gzip xz zstd; do
	package=$p heavy=heavy
	[ $p != zstd ] || heavy=
	[ $p != xz ] || package=xz-utils
	same $p $p $package "selection device $heavy" <<END
for level in 1 6 9; do
	$p -\$level -c "\$data/text" >t; sha256sum t
	$p -dc t | cmp - "\$data/text" && echo same
done
$p -c "\$data/noise" >n; $p -t n; $p -dc n | cmp - "\$data/noise" && echo same
head -c 300000 n >cut; $p -dc cut >part; echo "cut: \$?"; sha256sum part
END
done

same xz-threads 'xz -T2, zstd -T2' xz-utils heavy <<'END'
for i in 1 2 3 4 5 6; do cat "$data/text" "$data/noise"; done >big
xz -T2 --block-size=2MiB -1 -c big | sha256sum
xz -T2 --block-size=2MiB -1 -c big | xz -dc -T2 | cmp - big && echo same
zstd -q -T2 -3 -c big | zstd -dc | cmp - big && echo same
END
