#!/bin/bash
# SPDX-License-Identifier: MIT
# Programs with every copy offloaded: openssl, and those that watch others.
. tests/lib.sh "$1"
. tests/compat/lib.sh

same openssl 'openssl: speed, enc, dgst, keys' openssl 'device heavy' <<'END'
for a in sha256 aes-128-cbc aes-256-gcm chacha20-poly1305; do
	openssl speed -elapsed -seconds 1 -bytes 16384 -evp $a 2>/dev/null | grep -ci "^$a"
done
openssl speed -elapsed -seconds 1 rsa2048 2>/dev/null | grep -c '^rsa 2048'
openssl enc -aes-256-cbc -K 00ff -iv 01 -in "$data/text" 2>/dev/null | tee e | sha256sum
openssl enc -d -aes-256-cbc -K 00ff -iv 01 -in e 2>/dev/null | cmp - "$data/text" && echo same
openssl dgst -sha3-512 -r "$data/noise"; openssl dgst -md5 -r "$data/noise"
openssl req -x509 -newkey rsa:2048 -nodes -keyout k -out c -days 1 -subj /CN=x 2>/dev/null
openssl verify -CAfile c c; openssl dgst -sha256 -sign k -out s "$data/text"
openssl x509 -in c -pubkey -noout >p; openssl dgst -sha256 -verify p -signature s "$data/text"
END

cat >"$data/copy.c" <<'END'
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
volatile size_t n = 100000;
static int sum_of_bytes(const unsigned char *p)
{
	int s = 0;

	for (size_t i = 0; i < n; i++)
		s += p[i];
	return s;
}
int main(int argc, char **argv)
{
	unsigned char *a = malloc(n), *b = malloc(n);

	(void)argv;
	memset(a, 3, n);
	memcpy(b, a, n);
	memmove(b + 1, b, n - 1);
	printf("%d\n", sum_of_bytes(b));
	fflush(stdout);
	free(a);
	if (argc > 1)
		memcpy(a, b, 16);
	return argc > 2 ? *(volatile int *)8 : 0;
}
END
gcc -g -O1 -fno-builtin -w -o "$data/copy" "$data/copy.c"

same gdb 'gdb: break, step, finish, backtrace, a crash' gdb '' <<'END'
cat >cmd <<'GDB'
set pagination off
set confirm off
set print address off
set print inferior-events off
break main
run
next
next
tbreak sum_of_bytes
continue
backtrace
print *p@4
set var n = 5
finish
step
delete
continue
run 1 2
backtrace
GDB
export DEBUGINFOD_URLS= HOME=$PWD
gdb -nx -q -batch -x cmd "$data/copy" 2>&1 | sed -E 's/0x[0-9a-f]+/0x/g;
	s/process [0-9]+//; s/^Thread 1 "copy" hit //; s/^Thread 1 "copy"/Program/' |
	grep -v 'thread_db\|^\[New \|^\[LWP\|^\[Thread'
END

same strace 'strace: a copy and its children' strace '' <<'END'
strace -f -o log -e trace=execve,exit_group bash -c 'cp "$data/text" a; "$data"/copy | cat; exit 5'
echo "$?"; sed -E 's/^[0-9]+ +//; s/0x[0-9a-f]+.*//; s/[0-9]{3,}/N/g' log | grep -v 'SIGCHLD\|resumed\|unfinished\|+++' | sort
strace -c -o sum "$data/copy"; tail -n 1 sum | grep -c total; cmp a "$data/text" && echo same
END

same valgrind 'valgrind: memcheck, helgrind, massif' valgrind '' <<'END'
for tool in memcheck helgrind massif; do
	valgrind -q --tool=$tool --error-exitcode=9 --massif-out-file=m "$data/copy" 2>log
	echo "$tool $?"; sed -E 's/^==[0-9]+== ?//' log | grep -c .
done
# What a device writes memcheck does not see: only that it goes well.
valgrind -q --tool=memcheck "$data/copy" 1 >log 2>&1; echo $?
valgrind -q python3 -S -c 'print(sum(range(99)))' 2>/dev/null
END

same stress-ng 'stress-ng: memory stressors, --verify' stress-ng heavy <<'END'
for s in memcpy mremap malloc vm mmap memfd shm stack bsearch qsort str zlib memthrash fork vfork sigsegv; do
	stress-ng --temp-path . --$s 2 --$s-ops 40 --vm-bytes 16M --mmap-bytes 16M \
		--malloc-bytes 8M --verify --timeout 60 >log 2>&1
	echo "$s $?"; grep -E ' fail|error' log | sed 's/.*] //'
done
END
