// SPDX-License-Identifier: MIT
/* Threads that copy, in step. */
#include "crew.h"

#include "libc_mem.h"
#include "offload.h"
#include "policy.h"
#include "slot.h"
#include "timing.h"

#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

static struct worker {
	pthread_t thread;
	char *src, *dst;
	size_t at;
	double ns[CREW_TIMES], sorted[CREW_TIMES];
} worker[CREW_MOST];

static unsigned threads;
static size_t room;
static pthread_barrier_t gate;

/* What they all do next; forget comes before the work. */
static struct crew_task task;
static bool should_forget;

static double once(struct worker *w)
{
	char *src, *dst;
	double start;

	if (!task.is_cold || w->at + task.n > room)
		w->at = 0;
	src = w->src + w->at;
	dst = w->dst + w->at;
	w->at += task.n;
	if (task.is_fresh)
		madvise(dst, task.n, MADV_DONTNEED);
	start = bench_ns();
	if (task.way == CREW_CPU)
		dsam_libc.memmove(dst, src, task.n);
	else
		dsam_offload_copy(DSAM_OP_MEMCPY, dst, src, task.n, NULL, NULL);
	return bench_ns() - start;
}

static void do_task(struct worker *w)
{
	if (should_forget && dsam_self.slot > DSAM_SELF_GONE)
		dsam_libc.memset(&dsam_self.slot->tuner, 0,
				 sizeof(dsam_self.slot->tuner));
	for (unsigned i = 0; i < task.warm; i++)
		once(w);
	for (unsigned i = 0; i < task.count; i++)
		w->ns[i] = once(w);
}

static void *work(void *arg)
{
	for (;;) {
		pthread_barrier_wait(&gate);
		do_task(arg);
		pthread_barrier_wait(&gate);
	}
	return NULL;
}

static char *make_room(void)
{
	char *p = mmap(NULL, room, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);

	if (p == MAP_FAILED) {
		perror("mmap");
		exit(1);
	}
	return p;
}

void crew_birth(unsigned n, size_t bytes)
{
	threads = n;
	room = bytes;
	pthread_barrier_init(&gate, NULL, threads);
	for (unsigned i = 0; i < threads; i++) {
		worker[i].src = make_room();
		worker[i].dst = make_room();
		if (i &&
		    pthread_create(&worker[i].thread, NULL, work, &worker[i])) {
			perror("pthread_create");
			exit(1);
		}
	}
}

double crew_run(const struct crew_task *t)
{
	double worst = 0;

	task = *t;
	dsam_limits.is_split =
		t->way == CREW_AUTO || (t->way == CREW_FIXED && t->percent);
	dsam_limits.is_learned = t->way == CREW_AUTO;
	dsam_limits.cpu_percent = (uint8_t)t->percent;
	timing_faults(t->is_fresh);
	pthread_barrier_wait(&gate);
	do_task(&worker[0]);
	pthread_barrier_wait(&gate);
	should_forget = false;
	for (unsigned i = 0; i < threads; i++) {
		double ns;

		memcpy(worker[i].sorted, worker[i].ns,
		       t->count * sizeof(double));
		ns = bench_median(worker[i].sorted, t->count);
		worst = ns > worst ? ns : worst;
	}
	return worst;
}

void crew_forget(void)
{
	should_forget = true;
}

const double *crew_times(void)
{
	return worker[0].ns;
}
