/* SPDX-License-Identifier: MIT */
/*
 * Threads of this process that copy on the timing-only device, each between
 * buffers of its own, all at the same time.
 */
#ifndef BENCH_CREW_H
#define BENCH_CREW_H

#include "bench.h"

#include <stdbool.h>
#include <stddef.h>

#define CREW_MOST 8 /* threads */
#define CREW_TIMES 1024 /* timed requests of a run */

/* Who does a request. */
enum crew_way {
	CREW_CPU, /* libc's function alone */
	CREW_POLL, /* the device, all of it */
	CREW_FIXED, /* the CPU percent of it, the device the rest */
	CREW_AUTO, /* as is learned */
	CREW_WAYS
};

struct crew_task {
	enum crew_way way;
	unsigned percent;
	size_t n; /* bytes of a request */
	unsigned warm, count; /* requests before, and those that are timed */
	bool is_cold; /* other buffers each time; else always the same */
	bool is_fresh; /* the destination's pages are absent each time */
};

/* Make them, with buffers of room bytes; is_cold walks through all of it. */
void crew_birth(unsigned threads, size_t room);

/* Forget what was learned: the next request is as the first of a process. */
void crew_forget(void);

/* The median request of the slowest thread, ns. */
double crew_run(const struct crew_task *t);

/* The calling thread's times of the last run, in order, ns. */
const double *crew_times(void);

#endif
