// SPDX-License-Identifier: MIT
/*
 * What a call below the cutoff costs: ns per call of memcpy, memmove and
 * memset for sizes 1 to 16384 and a random mix, side by side in one run.
 *
 *   small SO [ROUNDS]
 *
 * A worker process for each way (plain libc, preload with offload off,
 * preload ready, preload with stats=all); they are asked in turn, so a change
 * of the machine's speed meets all of them.  Several such sets, since where
 * the kernel happens to put libraries makes a cycle or two in a process's
 * branch predictor.  Prints medians and, against plain libc of the same set in
 * the same round, the median difference and ratio.
 */
#include "bench.h"

#include <stdio.h>
#include <string.h>

#define WAYS 4
#define SETS 5
/* So many that no branch predictor knows them by heart. */
#define MIX (1U << 18)
#define ROOM (64 * 1024)

#define COMMON "DSAMOVE_MIN_BYTES=32K", "DSAMOVE_SOFTWARE_ENGINES=0", NULL
static struct {
	const char *name;
	char *settings[5];
} ways[WAYS] = {
	{"plain", {NULL}},
	{"off", {"DSAMOVE_DEVICE=none", COMMON}},
	{"ready", {"DSAMOVE_DEVICE=software", COMMON}},
	{"stats=all", {"DSAMOVE_DEVICE=software", "DSAMOVE_STATS=all", COMMON}},
};

struct job {
	int op; /* 0 memcpy, 1 memmove, 2 memset, 3 any of them */
	int size; /* 0: the random mix */
	int calls;
};

/* At the same place in every worker: aliasing must not differ. */
static _Alignas(4096) char dst[ROOM], src[ROOM + 4096];
static unsigned short mix[MIX];
static unsigned char ops[MIX];

static double run(const void *job)
{
	const struct job *j = job;
	static unsigned at;
	double start = bench_ns();

	for (int i = 0; i < j->calls; i++, at++) {
		size_t n = j->size ? (size_t)j->size : mix[at % MIX];

		switch (j->op < 3 ? j->op : ops[at % MIX]) {
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
	return (bench_ns() - start) / j->calls;
}

static int work(void)
{
	struct job j;

	memset(src, 1, ROOM);
	memset(dst, 1, ROOM);
	/* As programs call: mostly tiny, now and then some KiB. */
	srand(1);
	for (int i = 0; i < (int)MIX; i++) {
		int r = rand() % 100;
		int most = r < 60 ? 64 : r < 90 ? 512 : r < 99 ? 4096 : 16384;

		mix[i] = (unsigned short)(rand() % most) + 1;
		ops[i] = (unsigned char)(rand() % 3);
	}
	return bench_serve(run, &j, sizeof(j));
}

static void measure(const struct bench_worker w[SETS][WAYS], int op, int size,
		    int rounds)
{
	static const char *const names[] = {"memcpy", "memmove", "memset",
					    "any"};
	double ns[WAYS][BENCH_MOST], diff[WAYS], ratio[WAYS], of[WAYS];
	size_t n = (size_t)rounds;
	struct job j = {op, size, size > 4096 ? 5000 : 40000};
	char what[16];

	for (int r = -SETS; r < rounds; r++)
		for (int i = 0; i < WAYS; i++) {
			int way = (i + r + SETS * WAYS) % WAYS;

			ns[way][r < 0 ? 0 : r] = bench_ask(
				&w[(r + SETS) % SETS][way], &j, sizeof(j));
		}
	snprintf(what, sizeof(what), size ? "%d" : "mix", size);
	printf("%-8s %6s", names[op], what);
	/* Plain comes last: it is sorted then. */
	for (int way = WAYS - 1; way >= 0; way--) {
		diff[way] = bench_median_difference(ns[way], ns[0], n);
		ratio[way] = bench_median_ratio(ns[way], ns[0], n);
		of[way] = bench_median(ns[way], n);
	}
	for (int way = 0; way < WAYS; way++) {
		printf(" %8.2f", of[way]);
		if (way)
			printf(" %+6.2f %5.3f", diff[way], ratio[way]);
	}
	printf("\n");
	fflush(stdout);
}

int main(int argc, char **argv)
{
	static const int sizes[] = {1,    4,    8,    16,    32,
				    64,   128,  256,  512,   1024,
				    2048, 4096, 8192, 16384, 0};
	struct bench_worker w[SETS][WAYS];
	int rounds = bench_rounds(argc, argv, 2, 25);

	if (bench_is_worker(argc, argv))
		return work();
	if (argc < 2) {
		fprintf(stderr, "usage: small SO [ROUNDS]\n");
		return 2;
	}
	for (int i = 0; i < SETS * WAYS; i++)
		w[i / WAYS][i % WAYS] = bench_start(i % WAYS ? argv[1] : NULL,
						    ways[i % WAYS].settings);
	printf("ns per call, median of %d alternating rounds in %d sets of "
	       "processes; then\ndifference and ratio to plain\n\n%-8s %6s",
	       rounds, SETS, "call", "bytes");
	for (int i = 0; i < WAYS; i++)
		printf(i ? " %8s    diff ratio" : " %8s", ways[i].name);
	printf("\n");
	for (int op = 0; op < 3; op++)
		for (size_t s = 0; s < sizeof(sizes) / sizeof(*sizes); s++)
			measure(w, op, sizes[s], rounds);
	measure(w, 3, 0, rounds);
	return 0;
}
