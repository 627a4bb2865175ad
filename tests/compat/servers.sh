#!/bin/bash
# SPDX-License-Identifier: MIT
# Programs with every copy offloaded: servers under load.
. tests/lib.sh "$1"
. tests/compat/lib.sh

same redis 'redis-server, redis-benchmark, RDB' redis-server 'selection device heavy' <<'END'
start() {
	redis-server --port 0 --unixsocket "$PWD/s" --dir "$PWD" --save '' \
		--enable-debug-command yes --daemonize no >log &
	server=$!
	for i in {1..200}; do [ "$(redis-cli -s s ping 2>&1)" = PONG ] && break; sleep 0.1; done
}
ask() { redis-cli -s s "$@"; }
start
ask debug populate 5000 key 300; head -c 200000 "$data/noise" | ask -x set big
ask setrange big 400000 tail; ask getrange big 199990 200000 | od -c; ask append big x
for i in 1 2 3; do ask eval 'for i = 1, 200 do redis.call("hset", "h", i, string.rep(i, 50)); redis.call("lpush", "l", i); redis.call("zadd", "z", i * 7 % 31, i) end return #redis.call("hgetall", "h")' 0; done
ask debug digest; ask debug reload; ask debug digest
ask bgsave; while ask info persistence | grep -q rdb_bgsave_in_progress:1; do sleep 0.1; done
redis-benchmark -s s -q -n 300 -c 10 -r 1000 -d 2000 -t set,get,lpush,lrange_100,mset 2>&1 |
	tr '\r' '\n' | grep -c 'requests per second, p50'
ask flushall; ask save; ask shutdown nosave; wait $server; echo "ended: $?"
start; ask dbsize; ask shutdown nosave; wait $server; echo "ended: $?"
END

same redis-large 'redis-benchmark, 100 MB, RDB, AOF' redis-server heavy <<'END'
redis-server --port 0 --unixsocket "$PWD/s" --dir "$PWD" --save '' \
	--appendonly yes --enable-debug-command yes >log & server=$!
until [ "$(redis-cli -s s ping 2>&1)" = PONG ]; do sleep 0.1; done
redis-benchmark -s s -q -n 3000 -c 20 -r 2000 -d 50000 -t set,get,append,lpush,lrange_100 2>&1 |
	tr '\r' '\n' | grep -c 'requests per second, p50'
before=$(redis-cli -s s debug digest)
redis-cli -s s debug reload; [ "$before" = "$(redis-cli -s s debug digest)" ] && echo RDB same
redis-cli -s s bgrewriteaof; sleep 1
while redis-cli -s s info persistence | grep -q aof_rewrite_in_progress:1; do sleep 0.2; done
redis-cli -s s debug loadaof; [ "$before" = "$(redis-cli -s s debug digest)" ] && echo AOF same
redis-cli -s s shutdown nosave; wait $server; echo "ended: $?"
END

# Not as root: these refuse it.
# shellcheck disable=SC2016 # it is the script's
as_postgres='as() { "$@"; }
if [ "$(id -u)" = 0 ]; then
	chown postgres .
	as() { setpriv --reuid=postgres --regid=postgres --clear-groups "$@"; }
fi
PATH=$(echo /usr/lib/postgresql/*/bin):$PATH'

same postgres 'PostgreSQL: initdb, pgbench' postgresql heavy 1800 <<END
$as_postgres
export HOME=\$PWD PGHOST=\$PWD PGUSER=postgres PGDATABASE=postgres
as initdb -D d -N -U postgres --locale=C --encoding=UTF8 | grep -c 'ok\$'
as pg_ctl -D d -w -t 200 -l log -o "-k \$PWD -h '' -c fsync=off" start | tail -n 1
as pgbench -q -i -s 1 2>&1 | grep -v 'done\|generat\|NOTICE'
as pgbench -n -c 1 -t 200 --random-seed=3 2>&1 | grep processed
as pgbench -n -c 1 -M prepared -t 200 --random-seed=4 2>&1 | grep processed
as psql -Atc 'select sum(abalance), count(*) from pgbench_accounts; select sum(delta), count(*) from pgbench_history; vacuum full'
as psql -Atc "create table t as select i, repeat(md5(i::text), i % 90) as s from generate_series(1, 8000) i; create index on t (i); select md5(string_agg(s, '' order by i desc)), sum(length(s)) from t"
as pgbench -n -c 4 -j 2 -t 100 2>&1 | grep 'processed\|failed'
as pg_dump -t t | grep -v '^--\|restrict' | sha256sum
as pg_ctl -D d -m fast -w -t 200 stop | tail -n 1
as pg_ctl -D d -w -t 200 -l log -o "-k \$PWD -h ''" start | tail -n 1
as psql -Atc 'select count(*) from t'; as pg_amcheck --install-missing -a 2>&1 | tail -n 2
as pg_ctl -D d -m fast -w stop | tail -n 1; grep -c 'PANIC\|was terminated' log
END

same nginx 'nginx: large files, ranges, gzip, a proxy' nginx \
	'device heavy' <<'END'
mkdir l t; for i in 1 2 3 4 5 6 7 8; do cat "$data/text" "$data/noise"; done >big
cp "$data/text" text.txt; chmod 644 big text.txt
cat >conf <<CONF
daemon off; pid $PWD/pid; error_log $PWD/err; worker_processes 2;
$([ "$(id -u)" = 0 ] && echo 'user root;')
events {}
http { access_log off; sendfile off; output_buffers 4 256k;
	client_body_temp_path t; proxy_temp_path t; fastcgi_temp_path t;
	uwsgi_temp_path t; scgi_temp_path t; default_type text/plain;
	gzip on; gzip_types text/plain; gzip_min_length 10;
	proxy_cache_path $PWD/l keys_zone=c:1m;
	server { listen unix:$PWD/a; root $PWD; }
	server { listen unix:$PWD/b; location / { proxy_pass http://unix:$PWD/a:; proxy_cache c; proxy_cache_valid 1h; } } }
CONF
nginx -p "$PWD" -c conf & server=$!
for i in {1..100}; do curl -s --unix-socket a http://x/text.txt -o y && break; sleep 0.1; done
for s in a b b; do
	curl -s --unix-socket $s http://x/big | sha256sum
	curl -s --compressed --unix-socket $s http://x/text.txt | sha256sum
	curl -s -r 1000000-3000000,5-9 --unix-socket $s http://x/big | grep -av '^--\|boundary' | sha256sum
done
for i in 1 2 3 4; do curl -s --unix-socket b "http://x/big?$i" | sha256sum & done; wait %2 %3 %4 %5
kill -QUIT $server; wait $server; echo "ended: $?"; grep -c alert err
END

same memcached 'memcached under load' memcached 'device heavy' <<'END'
memcached -s "$PWD/s" -m 200 -I 2m -t 4 -u "$(id -un)" & server=$!
until [ -S s ]; do sleep 0.1; done
cat >load.py <<'PY'
import hashlib, os, random, socket, threading
noise = open(os.environ['data'] + '/noise', 'rb').read()
def value(i):
    n = random.Random(i).choice((3, 100, 1000, 9000, 150000))
    return noise[i * 13:i * 13 + n]
def client(k, out):
    s = socket.socket(socket.AF_UNIX); s.connect('s'); f = s.makefile('rwb')
    h = hashlib.sha256()
    for i in range(k * 1000, k * 1000 + 200):
        v = value(i)
        f.write(b'set k%d 0 0 %d\r\n%s\r\n' % (i, len(v), v)); f.flush()
        h.update(f.readline())
    for i in range(k * 1000, k * 1000 + 200):
        f.write(b'append k%d 0 0 3\r\nend\r\nget k%d\r\n' % (i, i)); f.flush()
        f.readline(); line = f.readline(); data = f.read(int(line.split()[3]))
        assert data == value(i) + b'end', i
        f.readline(); f.readline(); h.update(data)
    out[k] = h.hexdigest()
out = {}
threads = [threading.Thread(target=client, args=(k, out)) for k in range(6)]
for t in threads: t.start()
for t in threads: t.join()
print(sorted(out.items()))
PY
python3 load.py; kill $server; wait $server; echo "ended: $?"
END
