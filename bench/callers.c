// SPDX-License-Identifier: MIT
/*
 * What caller rules and stats=callers add to a copy at or above the cutoff:
 *
 *   callers SO [ROUNDS]
 *
 * One worker process for each way, asked in turn, so that a change of the
 * machine's speed meets all of them.  There is no device (stats=all counts,
 * the CPU copies 64 bytes with a cutoff of 64), so that what is left is our
 * own path.  The copies come from eight frames deep.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define MAX_ROUNDS 101
#define CALLS 40000
#define BYTES 64

static const struct {
	const char *name, *stats, *rules, *depth;
} ways[] = {
	{"no rules", "all", "", "1"},
	{"depth 1", "all", "libnone,libnone:f", "1"},
	{"depth 8", "all", "libnone,libnone:f", "8"},
	{"callers", "callers", "", "1"},
};
#define WAYS (sizeof(ways) / sizeof(*ways))

static char dst[4096], src[4096];

static double now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec * 1e9 + (double)ts.tv_nsec;
}

/* The loop is at the bottom, so that only the copy is in the time. */
static __attribute__((noinline)) double deep(int depth)
{
	double start, ns;

	if (depth) {
		ns = deep(depth - 1);
		__asm__ volatile("" ::: "memory");
		return ns;
	}
	start = now_ns();
	for (int i = 0; i < CALLS; i++) {
		memcpy(dst, src, BYTES);
		__asm__ volatile("" ::: "memory");
	}
	return (now_ns() - start) / CALLS;
}

static int work(void)
{
	double ns;
	char c;

	while (read(0, &c, 1) == 1) {
		ns = deep(7);
		if (write(1, &ns, sizeof(ns)) != sizeof(ns))
			return 1;
	}
	return 0;
}

struct worker {
	int to, from;
};

static struct worker start(const char *so, size_t way)
{
	int to[2], from[2];

	if (pipe(to) || pipe(from)) {
		perror("pipe");
		exit(1);
	}
	if (!fork()) {
		dup2(to[0], 0);
		dup2(from[1], 1);
		for (int fd = 3; fd < 64; fd++)
			close(fd);
		setenv("LD_PRELOAD", so, 1);
		setenv("DSAMOVE_DEVICE", "none", 1);
		setenv("DSAMOVE_STATS", ways[way].stats, 1);
		setenv("DSAMOVE_MIN_BYTES", "64", 1);
		setenv("DSAMOVE_CALLERS_DENY", ways[way].rules, 1);
		setenv("DSAMOVE_CALLER_DEPTH", ways[way].depth, 1);
		setenv("DSAMOVE_REPORT_FILE", "/dev/null", 1);
		execl("/proc/self/exe", "callers", "--worker", (char *)NULL);
		_exit(127);
	}
	close(to[0]);
	close(from[1]);
	return (struct worker){to[1], from[0]};
}

static double ask(const struct worker *w)
{
	double ns = 0;

	if (write(w->to, "", 1) != 1 ||
	    read(w->from, &ns, sizeof(ns)) != sizeof(ns)) {
		fprintf(stderr, "a worker died\n");
		exit(1);
	}
	return ns;
}

static int by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static double median(double *v, int n)
{
	qsort(v, (size_t)n, sizeof(*v), by_value);
	return v[n / 2];
}

int main(int argc, char **argv)
{
	static double ns[WAYS][MAX_ROUNDS], diff[WAYS][MAX_ROUNDS];
	struct worker w[WAYS];
	int rounds = argc > 2 ? atoi(argv[2]) : 51;

	if (argc < 2) {
		fprintf(stderr, "usage: callers SO [ROUNDS]\n");
		return 2;
	}
	if (!strcmp(argv[1], "--worker"))
		return work();
	if (rounds < 1 || rounds > MAX_ROUNDS)
		rounds = MAX_ROUNDS;
	for (size_t i = 0; i < WAYS; i++)
		w[i] = start(argv[1], i);
	for (int r = -1; r < rounds; r++)
		for (size_t i = 0; i < WAYS; i++)
			ns[i][r < 0 ? 0 : r] = ask(&w[i]);
	for (int r = 0; r < rounds; r++)
		for (size_t i = 0; i < WAYS; i++)
			diff[i][r] = ns[i][r] - ns[0][r];
	printf("ns per counted copy of %d bytes from a known caller, median of "
	       "%d alternating\nrounds; then the difference to no rules\n\n",
	       BYTES, rounds);
	for (size_t i = 0; i < WAYS; i++)
		printf("%-10s %8.2f %+8.2f\n", ways[i].name,
		       median(ns[i], rounds), median(diff[i], rounds));
	return 0;
}
