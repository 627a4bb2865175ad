/* SPDX-License-Identifier: MIT */
/* What every benchmark needs: a clock, a median. */
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

static inline double bench_median(double *v, size_t n)
{
	qsort(v, n, sizeof(*v), bench_by_value);
	return v[n / 2];
}

#endif
