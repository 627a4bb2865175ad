// SPDX-License-Identifier: MIT
/*
 * Room: COLD (the command).  The process that is timed: once plain, once
 * under the preload.
 * May: copy.  Must not: know which of both it is.
 */
#include "calibrate.h"

#include "clock.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define MOST CALIBRATE_SIZE(CALIBRATE_SIZES - 1)
#define SAMPLES 512
#define FEWEST 3
#define BATCH_NS 20000
#define LINE 64

/* The compiler must not know what it calls. */
static void *(*volatile copy)(void *, const void *, size_t) = memcpy;
static void *(*volatile fill)(void *, int, size_t) = memset;

static int by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static double median(double *v, unsigned count)
{
	qsort(v, count, sizeof(*v), by_value);
	return v[count / 2];
}

static char *map(size_t bytes)
{
	char *p = mmap(NULL, bytes, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	return p == MAP_FAILED ? NULL : p;
}

static void once(uint32_t op, char *dst, const char *src, size_t n)
{
	if (op == CALIBRATE_FILL)
		fill(dst, 1, n);
	else
		copy(dst, src, n);
}

static void flush(const char *p, size_t n)
{
	for (size_t i = 0; i < n; i += LINE)
		__builtin_ia32_clflush(p + i);
	__builtin_ia32_mfence();
}

/* Calls that take about BATCH_NS, so that the clock's own time is small. */
static unsigned batch_of(uint32_t op, char *dst, const char *src, size_t n)
{
	uint64_t start = dsam_clock_monotonic(), ns;

	once(op, dst, src, n);
	ns = dsam_clock_monotonic() - start;
	return ns >= BATCH_NS ? 1 : (unsigned)(BATCH_NS / (ns + 1)) + 1;
}

static double time_hot(const struct calibrate_question *q, char *dst,
		       const char *src)
{
	uint64_t end = dsam_clock_monotonic() + q->budget_ns;
	double ns[SAMPLES];
	unsigned count = 0, batch;

	once(q->op, dst, src, q->bytes);
	batch = batch_of(q->op, dst, src, q->bytes);
	while (count < SAMPLES &&
	       (count < FEWEST || dsam_clock_monotonic() < end)) {
		uint64_t start = dsam_clock_monotonic();

		for (unsigned i = 0; i < batch; i++)
			once(q->op, dst, src, q->bytes);
		ns[count++] = (double)(dsam_clock_monotonic() - start) / batch;
	}
	return median(ns, count);
}

/* Each call after something has been done to its buffers. */
static double time_single(const struct calibrate_question *q, char *dst,
			  const char *src)
{
	uint64_t end = dsam_clock_monotonic() + q->budget_ns;
	bool is_fresh = q->state == CALIBRATE_FRESH;
	double ns[SAMPLES];
	unsigned count = 0;

	while (count < SAMPLES &&
	       (count < FEWEST || dsam_clock_monotonic() < end)) {
		char *to = is_fresh ? map(q->bytes) : dst;
		uint64_t start;

		if (!to)
			break;
		if (!is_fresh) {
			flush(src, q->bytes);
			flush(dst, q->bytes);
		}
		start = dsam_clock_monotonic();
		once(q->op, to, src, q->bytes);
		ns[count++] = (double)(dsam_clock_monotonic() - start);
		if (is_fresh)
			munmap(to, q->bytes);
	}
	return count ? median(ns, count) : 0;
}

struct crowd {
	const struct calibrate_question *q;
	pthread_barrier_t start;
};

static void *crowd_member(void *arg)
{
	struct crowd *c = arg;
	char *dst = map(c->q->bytes), *src = map(c->q->bytes);
	double *ns = malloc(sizeof(*ns));

	if (src)
		memset(src, 1, c->q->bytes);
	pthread_barrier_wait(&c->start);
	if (ns)
		*ns = dst && src ? time_hot(c->q, dst, src) : 0;
	if (dst)
		munmap(dst, c->q->bytes);
	if (src)
		munmap(src, c->q->bytes);
	return ns;
}

/* The mean of the threads' medians. */
static double time_crowd(const struct calibrate_question *q)
{
	pthread_t thread[64];
	struct crowd c = {.q = q};
	double sum = 0;

	pthread_barrier_init(&c.start, NULL, q->threads);
	for (unsigned i = 0; i < q->threads; i++)
		if (pthread_create(&thread[i], NULL, crowd_member, &c))
			exit(1); /* the others wait for it */
	for (unsigned i = 0; i < q->threads; i++) {
		void *ns = NULL;

		pthread_join(thread[i], &ns);
		sum += ns ? *(double *)ns : 0;
		free(ns);
	}
	pthread_barrier_destroy(&c.start);
	return sum / q->threads;
}

int calibrate_worker(void)
{
	struct calibrate_question q;
	char *dst = map(MOST), *src = map(MOST);

	if (!dst || !src)
		return 1;
	/* Present, and not the one page of zeroes. */
	memset(src, 1, MOST);
	memset(dst, 1, MOST);
	while (read(STDIN_FILENO, &q, sizeof(q)) == sizeof(q)) {
		double ns;

		if (q.bytes > MOST || q.threads > 64)
			return 1;
		if (q.state == CALIBRATE_HOT)
			ns = time_hot(&q, dst, src);
		else if (q.state == CALIBRATE_CROWD)
			ns = time_crowd(&q);
		else
			ns = time_single(&q, dst, src);
		if (write(STDOUT_FILENO, &ns, sizeof(ns)) != sizeof(ns))
			return 1;
	}
	return 0;
}
