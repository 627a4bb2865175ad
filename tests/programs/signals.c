// SPDX-License-Identifier: MIT
/*
 * A program whose signal handlers copy, fork and jump while it copies.
 *   signals storm|jump|fork
 * Prints "ok" and what it did, or what went wrong; exit status 1 then.
 */
#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#define BIG (1 << 20)
#define ROUNDS 1500
#define STORM_MOST 4000

static char *from, *to, *inner_from, *inner_to;
static volatile sig_atomic_t handled, wrong, forks;
static sigjmp_buf out;
static volatile sig_atomic_t may_jump;
static enum {
	STORM,
	JUMP,
	FORK
} mode;

static void fail(const char *what)
{
	printf("not ok: %s\n", what);
	exit(1);
}

static void on_alarm(int sig)
{
	int kept = errno;

	(void)sig;
	handled++;
	if (mode == STORM) {
		memset(inner_to, 0, BIG);
		memcpy(inner_to, inner_from, BIG);
		if (memcmp(inner_to, inner_from, BIG))
			wrong++;
		/* Where a copy outlasts the timer nothing else would run. */
		if (handled == STORM_MOST)
			setitimer(ITIMER_REAL, &(struct itimerval){0}, NULL);
	} else if (mode == FORK && forks < 40) {
		pid_t child = fork();

		forks++;
		if (!child) {
			/* The child goes on with the copy it was born in. */
			setitimer(ITIMER_REAL, &(struct itimerval){0}, NULL);
			forks = 1000;
		}
	} else if (mode == JUMP && may_jump) {
		may_jump = 0;
		siglongjmp(out, 1);
	}
	errno = kept;
}

/* Reuses the stack that a jump has left. */
static unsigned burn(unsigned depth)
{
	volatile char frame[512];

	memset((void *)(size_t)frame, (int)depth, sizeof(frame));
	return depth ? burn(depth - 1) + (unsigned char)frame[7]
		     : (unsigned char)frame[3];
}

static void copy_and_check(int i)
{
	memset(from, i, BIG);
	from[i % BIG] = (char)~i;
	memcpy(to, from, BIG);
	if (memcmp(to, from, BIG))
		fail("a copy is wrong");
}

static void jump_rounds(void)
{
	/* A buffer for each: what is in flight may still be written. */
	char *left = malloc(BIG);
	volatile int i;

	for (i = 0; i < ROUNDS; i++) {
		if (!sigsetjmp(out, 1)) {
			may_jump = 1;
			memcpy(left, from, BIG);
			may_jump = 0;
		} else {
			burn(20);
		}
		if (i % 10 == 0)
			copy_and_check(i);
	}
}

int main(int argc, char **argv)
{
	struct sigaction act = {.sa_handler = on_alarm, .sa_flags = SA_RESTART};
	struct itimerval often = {{0, 1500}, {0, 1500}};

	mode = argc > 1 && !strcmp(argv[1], "jump")   ? JUMP
	       : argc > 1 && !strcmp(argv[1], "fork") ? FORK
						      : STORM;
	from = malloc(BIG);
	to = malloc(BIG);
	inner_from = malloc(BIG);
	inner_to = malloc(BIG);
	memset(from, 1, BIG);
	memset(to, 1, BIG);
	memset(inner_from, 7, BIG);
	sigaction(SIGALRM, &act, NULL);
	setitimer(ITIMER_REAL, &often, NULL);
	if (mode == JUMP)
		jump_rounds();
	else
		for (int i = 0; i < ROUNDS / (mode == FORK ? 5 : 1); i++)
			copy_and_check(i);
	setitimer(ITIMER_REAL, &(struct itimerval){0}, NULL);
	if (wrong)
		fail("a handler's copy is wrong");
	copy_and_check(3);
	if (mode == FORK && forks == 1000)
		return 0;
	for (int status; wait(&status) > 0 || errno == EINTR;)
		if (status)
			fail("a child failed");
	if (!handled)
		fail("no signal came");
	printf("ok\n");
	return 0;
}
