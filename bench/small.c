// SPDX-License-Identifier: MIT
/*
 * What a call below the cutoff costs: ns per call of memcpy, memmove and
 * memset for sizes 1 to 16384 and a random mix, side by side in one run.
 *
 *   small SO [ROUNDS]
 *
 * One worker process for each way (plain libc, preload with offload off,
 * preload ready, preload with stats=all); they are asked in turn, so a change
 * of the machine's speed meets all of them.  Prints medians and, against
 * plain libc in the same round, the median difference and ratio.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define WAYS 4
#define MAX_ROUNDS 101
#define MIX 4096
#define ROOM (64 * 1024)

static const struct {
	const char *name, *device, *stats;
} ways[WAYS] = {
	{"plain", NULL, NULL},
	{"off", "none", "exit"},
	{"ready", "software", "exit"},
	{"stats=all", "software", "all"},
};

struct job {
	int op; /* 0 memcpy, 1 memmove, 2 memset, 3 any of them */
	int size; /* 0: the random mix */
	int calls;
};

/* At the same place in every worker: aliasing must not differ. */
static _Alignas(4096) char dst[ROOM], src[ROOM + 4096];
static size_t mix[MIX];
static unsigned char ops[MIX];

static double now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec * 1e9 + (double)ts.tv_nsec;
}

static double run(const struct job *j)
{
	double start = now_ns();

	for (int i = 0; i < j->calls; i++) {
		size_t n = j->size ? (size_t)j->size : mix[i % MIX];

		switch (j->op < 3 ? j->op : ops[i % MIX]) {
		case 0:
			memcpy(dst, src + 1024, n);
			break;
		case 1:
			memmove(dst, src + 1024, n);
			break;
		default:
			memset(dst, i, n);
		}
	}
	return (now_ns() - start) / j->calls;
}

static int work(void)
{
	struct job j;
	double ns;

	memset(src, 1, ROOM);
	memset(dst, 1, ROOM);
	/* As programs call: mostly tiny, now and then some KiB. */
	srand(1);
	for (int i = 0; i < MIX; i++) {
		int r = rand() % 100;
		int most = r < 60 ? 64 : r < 90 ? 512 : r < 99 ? 4096 : 16384;

		mix[i] = (size_t)(rand() % most) + 1;
		ops[i] = (unsigned char)(rand() % 3);
	}
	while (read(0, &j, sizeof(j)) == sizeof(j)) {
		ns = run(&j);
		if (write(1, &ns, sizeof(ns)) != sizeof(ns))
			return 1;
	}
	return 0;
}

struct worker {
	int to, from;
};

static struct worker start(const char *self, const char *so, int way)
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
		if (ways[way].device) {
			setenv("LD_PRELOAD", so, 1);
			setenv("DSAMOVE_DEVICE", ways[way].device, 1);
			setenv("DSAMOVE_STATS", ways[way].stats, 1);
			setenv("DSAMOVE_MIN_BYTES", "32K", 1);
			setenv("DSAMOVE_SOFTWARE_ENGINES", "0", 1);
			setenv("DSAMOVE_REPORT_FILE", "/dev/null", 1);
		}
		execl(self, self, "--worker", (char *)NULL);
		_exit(127);
	}
	close(to[0]);
	close(from[1]);
	return (struct worker){to[1], from[0]};
}

static double ask(const struct worker *w, const struct job *j)
{
	double ns = 0;

	if (write(w->to, j, sizeof(*j)) != sizeof(*j) ||
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

static void measure(struct worker *w, int op, int size, int rounds)
{
	static const char *const names[] = {"memcpy", "memmove", "memset",
					    "any"};
	double ns[WAYS][MAX_ROUNDS], diff[MAX_ROUNDS], ratio[MAX_ROUNDS];
	struct job j = {op, size, size > 4096 ? 5000 : 40000};
	char what[16];

	for (int r = -1; r < rounds; r++)
		for (int i = 0; i < WAYS; i++) {
			int way = (i + r + WAYS) % WAYS;

			ns[way][r < 0 ? 0 : r] = ask(&w[way], &j);
		}
	snprintf(what, sizeof(what), size ? "%d" : "mix", size);
	printf("%-8s %6s", names[op], what);
	for (int way = 0; way < WAYS; way++) {
		double copy[MAX_ROUNDS];

		for (int r = 0; r < rounds; r++) {
			diff[r] = ns[way][r] - ns[0][r];
			ratio[r] = ns[way][r] / ns[0][r];
			copy[r] = ns[way][r];
		}
		printf(" %8.2f", median(copy, rounds));
		if (way)
			printf(" %+6.2f %5.3f", median(diff, rounds),
			       median(ratio, rounds));
	}
	printf("\n");
	fflush(stdout);
}

int main(int argc, char **argv)
{
	static const int sizes[] = {1,    4,    8,    16,    32,
				    64,   128,  256,  512,   1024,
				    2048, 4096, 8192, 16384, 0};
	struct worker w[WAYS];
	int rounds = argc > 2 ? atoi(argv[2]) : 21;

	if (argc < 2) {
		fprintf(stderr, "usage: small SO [ROUNDS]\n");
		return 2;
	}
	if (!strcmp(argv[1], "--worker"))
		return work();
	if (rounds < 1 || rounds > MAX_ROUNDS)
		rounds = MAX_ROUNDS;
	for (int i = 0; i < WAYS; i++)
		w[i] = start("/proc/self/exe", argv[1], i);
	printf("ns per call, median of %d alternating rounds; then difference "
	       "and ratio to plain\n\n%-8s %6s",
	       rounds, "call", "bytes");
	for (int i = 0; i < WAYS; i++)
		printf(i ? " %8s    diff ratio" : " %8s", ways[i].name);
	printf("\n");
	for (int op = 0; op < 3; op++)
		for (size_t s = 0; s < sizeof(sizes) / sizeof(*sizes); s++)
			measure(w, op, sizes[s], rounds);
	measure(w, 3, 0, rounds);
	return 0;
}
