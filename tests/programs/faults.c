// SPDX-License-Identifier: MIT
/* Bad pointers, handlers that copy, handlers that leave by a long jump. */
#define _GNU_SOURCE
#include "guest.h"

#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/time.h>

#define PAGE 4096UL
/* More than any copy here reaches over an edge. */
#define MISSING (64 * PAGE)

static sigjmp_buf back;
static volatile uintptr_t fault_at;
static volatile sig_atomic_t fault_signal, alarms, wrong;
static unsigned char a[2 * BIG], b[2 * BIG];

static void on_fault(int sig, siginfo_t *info, void *context)
{
	(void)context;
	fault_at = (uintptr_t)info->si_addr;
	fault_signal = sig;
	siglongjmp(back, 1);
}

/* A mapping of n pages, and then some that are not there. */
static unsigned char *edge(size_t pages)
{
	unsigned char *p =
		mmap(NULL, pages * PAGE + MISSING, PROT_READ | PROT_WRITE,
		     MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	CHECK(p != MAP_FAILED);
	CHECK(!mprotect(p + pages * PAGE, MISSING, PROT_NONE));
	return p;
}

enum what {
	BAD_SRC,
	BAD_DST,
	BAD_FILL,
	READ_ONLY
};

/* Run over an edge; the signal must name a byte that is missing. */
static void bad_pointer(enum what what, size_t from_edge)
{
	static unsigned char *p;
	unsigned char *page;
	size_t n = unknown(BIG);

	if (!p)
		p = edge(64);
	page = p + 64 * PAGE;
	fault_at = 0;
	fault_signal = 0;
	if (what == READ_ONLY)
		CHECK(!mprotect(page, MISSING, PROT_READ));
	if (!sigsetjmp(back, 1)) {
		if (what == BAD_SRC)
			memcpy(a, page - from_edge, n);
		else if (what == BAD_FILL)
			memset(page - from_edge, 3, n);
		else
			memcpy(page - from_edge, a, n);
		CHECK(!"a copy over the edge came back");
	}
	CHECK(fault_signal == SIGSEGV);
	CHECK(fault_at >= (uintptr_t)page &&
	      fault_at < (uintptr_t)page + MISSING);
	if (what == READ_ONLY)
		CHECK(!mprotect(page, MISSING, PROT_NONE));
	/* The thread can still copy. */
	pattern(a, n, 5);
	memcpy(b, a, n);
	CHECK(is_pattern(b, n, 0, 5));
}

static void bad_pointers(void)
{
	static const size_t before[] = {0, 1, 64, 4000, 4096, 50000};

	for (int round = 0; round < 5; round++)
		for (size_t i = 0; i < sizeof(before) / sizeof(*before); i++) {
			bad_pointer(BAD_SRC, before[i]);
			bad_pointer(BAD_DST, before[i]);
			bad_pointer(BAD_FILL, before[i]);
			bad_pointer(READ_ONLY, before[i]);
		}
	puts("bad pointers: SIGSEGV where it is missing");
}

static void up_to_the_edge(void)
{
	unsigned char *p = edge(16);
	size_t n = 16 * PAGE;

	pattern(a, BIG, 6);
	if (!sigsetjmp(back, 1)) {
		memmove(p, a, unknown(BIG));
		CHECK(!"a copy over the edge came back");
	}
	memmove(p, a, unknown(n));
	CHECK(is_pattern(p, n, 0, 6));
	memset(p, 9, unknown(n));
	CHECK(is_all(p, n, 9));
	puts("copies that end at an edge: right");
}

static void null_pointer(void)
{
	unsigned char *volatile null = NULL;

	fault_signal = 0;
	fault_at = 1;
	if (!sigsetjmp(back, 1)) {
		memcpy(a, null, unknown(BIG));
		CHECK(!"a copy from NULL came back");
	}
	CHECK(fault_signal == SIGSEGV && fault_at < BIG);
	fault_signal = 0;
	if (!sigsetjmp(back, 1)) {
		memset(null, 0, unknown(BIG));
		CHECK(!"a fill at NULL came back");
	}
	CHECK(fault_signal == SIGSEGV && fault_at < BIG);
	puts("null pointers: SIGSEGV");
}

static void on_alarm(int sig)
{
	static unsigned char c[BIG], d[BIG];
	int kept = errno;

	(void)sig;
	alarms++;
	memset(d, 0x33, unknown(BIG));
	memcpy(c, d, unknown(BIG));
	if (!is_all(c, BIG, 0x33) || errno != kept)
		wrong = 1;
}

/* A timer whose handler copies, into copies. */
static void nested(void)
{
	struct sigaction act = {.sa_handler = on_alarm};
	struct itimerval soon = {{0, 0}, {0, 50}}, never = {{0, 0}, {0, 0}};

	CHECK(!sigaction(SIGALRM, &act, NULL));
	for (unsigned i = 0; i < 1000000 && alarms < 300; i++) {
		/* One at a time: the handler may outlast the timer. */
		CHECK(!setitimer(ITIMER_REAL, &soon, NULL));
		memset(b, 0, unknown(BIG));
		memcpy(b, a, unknown(BIG));
		CHECK(is_pattern(b, BIG, 0, 6));
	}
	CHECK(!setitimer(ITIMER_REAL, &never, NULL));
	CHECK(!wrong);
	puts("copies in a handler, during copies: right");
}

static void on_jump(int sig)
{
	(void)sig;
	alarms++;
	siglongjmp(back, 1);
}

/* Handlers that never return to the copy that they interrupted. */
static void jumps(void)
{
	struct sigaction act = {.sa_handler = on_jump};
	struct itimerval soon = {{0, 0}, {0, 200}}, never = {{0, 0}, {0, 0}};

	CHECK(!sigaction(SIGALRM, &act, NULL));
	alarms = 0;
	for (volatile int i = 0; i < 100; i++) {
		if (!sigsetjmp(back, 1)) {
			CHECK(!setitimer(ITIMER_REAL, &soon, NULL));
			for (;;)
				memcpy(b, a, unknown(2 * BIG));
		}
	}
	CHECK(!setitimer(ITIMER_REAL, &never, NULL));
	CHECK(alarms == 100);
	pattern(a, BIG, 7);
	memcpy(b, a, unknown(BIG));
	CHECK(is_pattern(b, BIG, 0, 7));
	puts("copies left by a long jump: the next are right");
}

int main(void)
{
	struct sigaction act = {.sa_sigaction = on_fault,
				.sa_flags = SA_SIGINFO};

	CHECK(!sigaction(SIGSEGV, &act, NULL));
	CHECK(!sigaction(SIGBUS, &act, NULL));
	bad_pointers();
	null_pointer();
	up_to_the_edge();
	nested();
	jumps();
	return 8;
}
