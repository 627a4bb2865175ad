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
#include "bench.h"

#include <dlfcn.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define CALLS 40000
#define BYTES 64

#define COMMON "DSAMOVE_DEVICE=none", "DSAMOVE_MIN_BYTES=64", NULL
#define RULES "DSAMOVE_STATS=all", "DSAMOVE_CALLERS_DENY=libnone,libnone:f"
#define DEPTH_1 RULES, "DSAMOVE_CALLER_DEPTH=1", COMMON
#define DEPTH_8 RULES, "DSAMOVE_CALLER_DEPTH=8", COMMON

/* Who copies. */
#define LIBRARIES 2
enum {
	LATE,
	NO_ID,
	PROGRAM
};
static const char *const library[LIBRARIES] = {"late.so", "late-no-id.so"};

static struct {
	const char *name;
	char who;
	char *settings[6];
} ways[] = {
	{"no rules", PROGRAM, {"DSAMOVE_STATS=all", COMMON}},
	{"depth 1", PROGRAM, {DEPTH_1}},
	{"depth 1, late", LATE, {DEPTH_1}},
	{"depth 1, no ID", NO_ID, {DEPTH_1}},
	{"depth 8", PROGRAM, {DEPTH_8}},
	{"depth 8, late", LATE, {DEPTH_8}},
	{"callers", PROGRAM, {"DSAMOVE_STATS=callers", COMMON}},
};
#define WAYS (sizeof(ways) / sizeof(*ways))

static char dst[4096], src[4096];

typedef void copies(void *dst, const void *src, size_t n, int count);

static void own_copies(void *to, const void *from, size_t n, int count)
{
	for (int i = 0; i < count; i++) {
		memcpy(to, from, n);
		__asm__ volatile("" ::: "memory");
	}
}

/* The library that lies beside this program. */
static copies *late_copies(const char *name)
{
	char path[4096];
	ssize_t n = readlink("/proc/self/exe", path, sizeof(path) - 1);
	copies *found = NULL;
	void *l;

	path[n > 0 ? n : 0] = 0;
	snprintf(strrchr(path, '/') + 1, 32, "%s", name);
	l = dlopen(path, RTLD_NOW | RTLD_LOCAL);
	if (l)
		*(void **)&found = dlsym(l, "late_copies");
	if (!found) {
		fprintf(stderr, "%s\n", dlerror());
		exit(1);
	}
	return found;
}

/* The loop is at the bottom, so that only the copy is in the time. */
static __attribute__((noinline)) double deep(int depth, copies *who)
{
	double start, ns;

	if (depth) {
		ns = deep(depth - 1, who);
		__asm__ volatile("" ::: "memory");
		return ns;
	}
	start = bench_ns();
	who(dst, src, BYTES, CALLS);
	return (bench_ns() - start) / CALLS;
}

static double run(const void *job)
{
	static copies *known[LIBRARIES];
	char who = *(const char *)job;

	if (who == PROGRAM)
		return deep(6, own_copies);
	if (!known[(int)who])
		known[(int)who] = late_copies(library[(int)who]);
	return deep(6, known[(int)who]);
}

int main(int argc, char **argv)
{
	static double ns[WAYS][BENCH_MOST];
	double diff[WAYS];
	struct bench_worker w[WAYS];
	int rounds = bench_rounds(argc, argv, 2, 51);
	size_t n = (size_t)rounds;
	char job;

	if (bench_is_worker(argc, argv))
		return bench_serve(run, &job, 1);
	if (argc < 2) {
		fprintf(stderr, "usage: callers SO [ROUNDS]\n");
		return 2;
	}
	for (size_t i = 0; i < WAYS; i++)
		w[i] = bench_start(argv[1], ways[i].settings);
	for (int r = -1; r < rounds; r++)
		for (size_t i = 0; i < WAYS; i++)
			ns[i][r < 0 ? 0 : r] =
				bench_ask(&w[i], &ways[i].who, 1);
	for (size_t i = 0; i < WAYS; i++)
		diff[i] = bench_median_difference(ns[i], ns[0], n);
	printf("ns per counted copy of %d bytes from a known caller, median of "
	       "%d alternating\nrounds; then the difference to no rules\n\n",
	       BYTES, rounds);
	for (size_t i = 0; i < WAYS; i++)
		printf("%-14s %8.2f %+8.2f\n", ways[i].name,
		       bench_median(ns[i], n), diff[i]);
	return 0;
}
