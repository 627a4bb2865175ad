// SPDX-License-Identifier: MIT
/*
 * Is what is learned as good as the best fixed division?  For each size: the
 * CPU alone, every fixed fraction of 0, 5, ... 95 %, and the learned sharing
 * after 50 requests, on the timing-only device; medians of requests, all in
 * one process, in turn; ratios are medians of those of the same round.  CSV on
 * stdout.
 *
 *   sharing GBPS[,GBPS...] LATENCY_US[,...] [THREADS [hot|cold]]
 *   sharing matrix [THREADS [hot|cold]]
 *
 * With several devices, one after the other, the worst lines on stderr; matrix
 * is 1,2,5,10,20,30 1,2,10,50.
 */
#include "crew.h"
#include "timing.h"

#include <stdio.h>
#include <string.h>

#define LEARN 50
#define FRACTIONS 20
#define BEST 3
#define CHOOSING 5
#define ROUNDS 15
#define ROOM (256UL << 20)

static const size_t sizes[] = {64UL << 10, 256UL << 10, 1UL << 20,
			       4UL << 20,  16UL << 20,  64UL << 20};

/* One line of the table, and the worst of all lines. */
static struct cell {
	double gbps, latency_us;
	size_t n;
	unsigned percent;
	double cpu, fixed, learned; /* ns */
	double by_fixed, by_cpu; /* learned, in the same round */
} worst_of_fixed, worst_of_cpu;

static unsigned threads = 1;
static bool is_cold = true;

static double run(enum crew_way way, unsigned percent, size_t n, unsigned warm,
		  unsigned count)
{
	const struct crew_task t = {way,  percent, n,
				    warm, count,   .is_cold = is_cold};

	return crew_run(&t);
}

/* Requests of n bytes that are some milliseconds. */
static unsigned some(size_t n)
{
	size_t count = (24UL << 20) / n;

	return count < 2 ? 3 : count > 60 ? 60 : (unsigned)count;
}

/*
 * The percents that took the least, best first.  What the model says can't be
 * faster than what was seen is not tried: the device's part alone takes longer.
 */
static unsigned search(const struct cell *c, unsigned percent[BEST])
{
	double ns[BEST];
	unsigned found = 0;

	for (unsigned f = FRACTIONS; f-- > 0;) {
		double part = (double)c->n * (100 - 5 * f) / 100 * threads;
		double m = part / c->gbps + c->latency_us * 1000;
		unsigned at = found;

		if (found == BEST && m > ns[BEST - 1])
			continue;
		m = run(CREW_FIXED, 5 * f, c->n, 1, some(c->n) / 4 + 2);
		while (at && m < ns[at - 1])
			at--;
		if (at == BEST)
			continue;
		found += found < BEST;
		for (unsigned i = found - 1; i > at; i--) {
			ns[i] = ns[i - 1];
			percent[i] = percent[i - 1];
		}
		ns[at] = m;
		percent[at] = 5 * f;
	}
	return found;
}

/*
 * Which of the best is it?  Found in rounds of their own: the least of several
 * medians that happen to be low would be less than it is when asked again.
 */
static unsigned choose(const struct cell *c, unsigned count)
{
	double ns[BEST][CHOOSING], least = 0;
	unsigned percent[BEST], found = search(c, percent), best = 0;

	for (unsigned r = 0; r < CHOOSING; r++)
		for (unsigned i = 0; i < found; i++)
			ns[i][r] = run(CREW_FIXED, percent[i], c->n, 1, count);
	for (unsigned i = 0; i < found; i++) {
		double median = bench_median(ns[i], CHOOSING);

		if (i && median >= least)
			continue;
		least = median;
		best = i;
	}
	return percent[best];
}

static void measure(struct cell *c)
{
	double cpu[ROUNDS], learned[ROUNDS], fixed[ROUNDS];
	unsigned count = some(c->n);

	crew_forget();
	run(CREW_AUTO, 0, c->n, LEARN, 1);
	c->percent = choose(c, count);
	for (unsigned r = 0; r < ROUNDS; r++) {
		cpu[r] = run(CREW_CPU, 0, c->n, 1, count);
		learned[r] = run(CREW_AUTO, 0, c->n, 1, count);
		fixed[r] = run(CREW_FIXED, c->percent, c->n, 1, count);
	}
	c->by_fixed = bench_median_ratio(learned, fixed, ROUNDS);
	c->by_cpu = bench_median_ratio(learned, cpu, ROUNDS);
	c->cpu = bench_median(cpu, ROUNDS);
	c->learned = bench_median(learned, ROUNDS);
	c->fixed = bench_median(fixed, ROUNDS);
}

static void print(FILE *f, const struct cell *c)
{
	fprintf(f, "%g,%g,%u,%zu,%.2f,%.2f,%u,%.2f,%.3f,%.3f\n", c->gbps,
		c->latency_us, threads, c->n, c->cpu / 1000, c->fixed / 1000,
		c->percent, c->learned / 1000, c->by_fixed, c->by_cpu);
	fflush(f);
}

static void device(double gbps, double latency_us)
{
	const struct timing t = {.gbps = gbps,
				 .latency_ns = latency_us * 1000,
				 .doorbell_ns = 160};

	timing_set(0, &t);
	for (size_t i = 0; i < sizeof(sizes) / sizeof(*sizes); i++) {
		struct cell c = {
			.gbps = gbps, .latency_us = latency_us, .n = sizes[i]};
		struct cell *w = &worst_of_fixed, *v = &worst_of_cpu;

		measure(&c);
		print(stdout, &c);
		if (c.by_fixed > w->by_fixed)
			*w = c;
		if (c.by_cpu > v->by_cpu)
			*v = c;
	}
}

/* The numbers of a list in turn; NULL at its end. */
static const char *number(const char *list, double *out)
{
	char *end;

	*out = strtod(list, &end);
	return end == list ? NULL : *end ? end + 1 : end;
}

static void matrix(const char *rates, const char *latencies)
{
	double gbps, us;

	for (const char *r = rates; (r = number(r, &gbps));)
		for (const char *l = latencies; (l = number(l, &us));)
			if (gbps > 0 && us >= 0)
				device(gbps, us);
	fprintf(stderr, "worst against fixed: ");
	print(stderr, &worst_of_fixed);
	fprintf(stderr, "worst against CPU:   ");
	print(stderr, &worst_of_cpu);
}

int main(int argc, char **argv)
{
	bool is_all = argc > 1 && !strcmp(argv[1], "matrix");
	int next = is_all ? 2 : 3;

	if (argc < next) {
		fprintf(stderr, "usage: sharing GBPS[,...] LATENCY_US[,...] "
				"[THREADS [hot|cold]]\n"
				"       sharing matrix [THREADS [hot|cold]]\n");
		return 2;
	}
	if (argc > next)
		threads = (unsigned)atoi(argv[next]);
	is_cold = argc <= next + 1 || strcmp(argv[next + 1], "hot");
	if (!threads || threads > CREW_MOST)
		return 2;
	timing_birth(1);
	crew_birth(threads, ROOM);
	printf("gbps,latency_us,threads,bytes,cpu_us,fixed_us,fixed_percent,"
	       "auto_us,auto_by_fixed,auto_by_cpu\n");
	matrix(is_all ? "1,2,5,10,20,30" : argv[1],
	       is_all ? "1,2,10,50" : argv[2]);
	return 0;
}
