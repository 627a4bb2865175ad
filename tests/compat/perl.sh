#!/bin/bash
# SPDX-License-Identifier: MIT
# Programs with every copy offloaded: perl, sqlite3.
. tests/lib.sh "$1"
. tests/compat/lib.sh

same perl perl perl 'selection device' <<'END'
cat >job.pl <<'PERL'
open F, "$ENV{data}/text"; binmode F; local $/; my $a = substr(<F>, 0, 300000);
my $b = $a . substr($a, 5, 200000); substr($b, 70000, 9) = 'x' x 50000;
my %n; $n{$_}++ for split ' ', $b;
print join(' ', map { "$_$n{$_}" } sort keys %n), length $b, "\n";
my @a = map { [split //, substr $a, $_ * 7, 40] } 0 .. 500;
print join(',', map { join '', reverse @$_ } sort { $$a[0] cmp $$b[0] || "@$a" cmp "@$b" } @a), "\n";
use Digest::SHA 'sha256_hex'; print sha256_hex($b x 5), "\n";
(my $c = $b) =~ s/(e)([a-z])/$2$1/g; print sha256_hex($c), "\n";
print `echo a child`; my $pid = fork; if (!$pid) { print sha256_hex(scalar reverse $a); exit 7 }
waitpid $pid, 0; print ' ', $? >> 8, "\n"; $SIG{ALRM} = sub { print "alarm\n" };
use Time::HiRes 'ualarm'; ualarm 20000; my $x = 'y' x 100000 for 1 .. 3000; sleep 1;
PERL
perl job.pl
END

same sqlite3 'sqlite3: queries, integrity check' sqlite3 'selection device' <<'END'
sqlite3 a.db <<'SQL'
CREATE TABLE t (id INTEGER PRIMARY KEY, a BLOB, b TEXT);
WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 300)
INSERT INTO t SELECT i, zeroblob(i * 40), printf('%x-%d', i * 7919, i) FROM n;
CREATE INDEX tb ON t (b);
UPDATE t SET a = CAST(b || a || b AS BLOB) WHERE id % 3 = 0;
DELETE FROM t WHERE id % 7 = 0;
PRAGMA integrity_check; PRAGMA journal_mode = wal;
SELECT count(*), sum(length(a)), max(b), group_concat(substr(b, 1, 3)) FROM t;
VACUUM; PRAGMA integrity_check;
SELECT no_such_column FROM t;
SQL
sqlite3 a.db .dump | sha256sum
END

same sqlite3-large 'sqlite3, 200 MB' sqlite3 heavy <<'END'
sqlite3 a.db <<'SQL'
PRAGMA cache_size = 2000; PRAGMA mmap_size = 100000000;
CREATE TABLE t (id INTEGER PRIMARY KEY, a BLOB, b TEXT);
WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 20000)
INSERT INTO t SELECT i, zeroblob(i % 20000), printf('%x-%d', i * 7919, i) FROM n;
CREATE INDEX tb ON t (b);
UPDATE t SET a = CAST(b || a AS BLOB) WHERE id % 5 = 0;
DELETE FROM t WHERE id % 11 = 0; VACUUM; PRAGMA integrity_check;
SELECT count(*), sum(length(a)), max(b) FROM t;
SQL
sqlite3 a.db .dump | sha256sum
END
