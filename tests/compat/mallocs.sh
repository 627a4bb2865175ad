#!/bin/bash
# SPDX-License-Identifier: MIT
# Programs with every copy offloaded, and another malloc before or after us.
. tests/lib.sh "$1"
. tests/compat/lib.sh

for a in 'libjemalloc2 libjemalloc.so.2' 'libtcmalloc-minimal4 libtcmalloc_minimal.so.4' \
	'libgoogle-perftools4 libtcmalloc.so.4' 'libmimalloc2.0 libmimalloc.so.2'; do
	read -r package library <<<"$a"
	for where in before after; do
		order="\$a\${LD_PRELOAD:+:\$LD_PRELOAD}"
		[ $where = before ] || order="\${LD_PRELOAD:+\$LD_PRELOAD:}\$a"
		mark=
		[ "$package" != libjemalloc2 ] || mark=selection
		same "$library-$where" "$library $where us: python3, sqlite3, sort" \
			"$package" "$mark" <<END
a=\$(ls /usr/lib/*/$library)
export LD_PRELOAD=$order
sort -S 1M --parallel=2 "\$data/text" | sha256sum
sqlite3 x.db 'create table t (a, b); with recursive n(i) as (select 1 union all select i + 1 from n where i < 900) insert into t select i, zeroblob(i * 9) from n; select count(*), sum(length(b)) from t; pragma integrity_check'
python3 - <<'PY'
import hashlib, threading
b = bytearray(open('/dev/zero', 'rb').read(100000))
def f(i):
    for j in range(40): b[i * 1000:i * 1000 + 900] = bytes([j + i]) * 900; l = [bytearray(9000) for _ in range(30)]
t = [threading.Thread(target=f, args=(i,)) for i in range(5)]
[x.start() for x in t]; [x.join() for x in t]
print(hashlib.sha256(b).hexdigest())
PY
END
	done
done
