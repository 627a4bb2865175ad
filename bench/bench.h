/* SPDX-License-Identifier: MIT */
/* What every benchmark needs: a clock, a median, worker processes. */
#ifndef BENCH_H
#define BENCH_H

#include <stdlib.h>
#include <time.h>

#define BENCH_MOST 128

static inline double bench_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec * 1e9 + (double)ts.tv_nsec;
}

static inline int bench_by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

/* Sorts v. */
static inline double bench_median(double *v, size_t n)
{
	qsort(v, n, sizeof(*v), bench_by_value);
	return v[n / 2];
}

/* The median of a[i] - b[i], of a[i] / b[i]; neither is sorted. */
double bench_median_difference(const double *a, const double *b, size_t n);
double bench_median_ratio(const double *a, const double *b, size_t n);

/*
 * The program itself as another process, with or without the preload: one for
 * each way that is compared.  They are asked in turn, so that a change of the
 * machine's speed meets all of them.
 */
struct bench_worker {
	int to, from;
};

/*
 * Start one with LD_PRELOAD=so, or without if that is NULL, and with the
 * settings, up to a NULL, as "NAME=VALUE".
 */
struct bench_worker bench_start(const char *so, char *const *settings);

/* Give it a job of so many bytes; its answer in ns.  Exits if it is dead. */
double bench_ask(const struct bench_worker *w, const void *job, size_t bytes);

/* Was this process started as a worker?  Asked before all else. */
int bench_is_worker(int argc, char **argv);

/* A worker's main: answers jobs until there are no more; 0. */
int bench_serve(double (*run)(const void *job), void *job, size_t bytes);

/* argv[i] as a number of rounds, 1 to BENCH_MOST; else what is usual. */
int bench_rounds(int argc, char **argv, int i, int usual);

#endif
