// SPDX-License-Identifier: MIT
/*
 * Do threads slow each other?  ns per request for one and for two threads
 * that make small copies (200 bytes) and big ones (offloaded, inline software
 * device), plain and preloaded in turn.
 *
 *   threads SO [ROUNDS]
 */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define MAX_ROUNDS 101
#define SMALLS 64
#define BIG (64 * 1024)
#define REQUESTS 400

static pthread_barrier_t gate;

static double now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec * 1e9 + (double)ts.tv_nsec;
}

/* A request: some small copies and a big one. */
static void *copier(void *arg)
{
	double *ns = arg, start;
	char *dst = aligned_alloc(4096, BIG), *src = aligned_alloc(4096, BIG);

	memset(src, 1, BIG);
	memset(dst, 1, BIG);
	pthread_barrier_wait(&gate);
	start = now_ns();
	for (int i = 0; i < REQUESTS; i++) {
		for (int k = 0; k < SMALLS; k++)
			memcpy(dst + k * 256, src + k * 256, 200);
		memcpy(dst, src, BIG);
	}
	*ns = (now_ns() - start) / REQUESTS;
	free(dst);
	free(src);
	return NULL;
}

static double run(int threads)
{
	pthread_t t[2];
	double ns[2] = {0, 0};

	pthread_barrier_init(&gate, NULL, (unsigned)threads);
	for (int i = 0; i < threads; i++)
		pthread_create(&t[i], NULL, copier, &ns[i]);
	for (int i = 0; i < threads; i++)
		pthread_join(t[i], NULL);
	pthread_barrier_destroy(&gate);
	return (ns[0] + ns[1]) / threads;
}

static int work(void)
{
	int threads;

	while (read(0, &threads, sizeof(threads)) == sizeof(threads)) {
		double ns = run(threads);

		if (write(1, &ns, sizeof(ns)) != sizeof(ns))
			return 1;
	}
	return 0;
}

static void start(const char *so, int *to_worker, int *from_worker)
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
		if (so) {
			setenv("LD_PRELOAD", so, 1);
			setenv("DSAMOVE_DEVICE", "software", 1);
			setenv("DSAMOVE_SOFTWARE_ENGINES", "0", 1);
			setenv("DSAMOVE_REPORT_FILE", "/dev/null", 1);
		}
		execl("/proc/self/exe", "threads", "--worker", (char *)NULL);
		_exit(127);
	}
	close(to[0]);
	close(from[1]);
	*to_worker = to[1];
	*from_worker = from[0];
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
	int to[2], from[2], rounds = argc > 2 ? atoi(argv[2]) : 31;
	double ns[2][2][MAX_ROUNDS];

	if (argc < 2) {
		fprintf(stderr, "usage: threads SO [ROUNDS]\n");
		return 2;
	}
	if (!strcmp(argv[1], "--worker"))
		return work();
	if (rounds < 1 || rounds > MAX_ROUNDS)
		rounds = MAX_ROUNDS;
	for (int i = 0; i < 2; i++)
		start(i ? argv[1] : NULL, &to[i], &from[i]);
	for (int r = -1; r < rounds; r++)
		for (int i = 0; i < 4; i++) {
			int threads = i / 2 + 1, way = i % 2;
			double *v = &ns[way][threads - 1][r < 0 ? 0 : r];

			if (write(to[way], &threads, sizeof(threads)) !=
				    sizeof(threads) ||
			    read(from[way], v, sizeof(*v)) != sizeof(*v))
				return 1;
		}
	printf("ns per request (64 copies of 200 bytes, one of 64 KiB), "
	       "median of %d alternating rounds\n\n%-10s %12s %12s %8s\n",
	       rounds, "", "one thread", "two threads", "ratio");
	for (int way = 0; way < 2; way++) {
		double one = median(ns[way][0], rounds);
		double two = median(ns[way][1], rounds);

		printf("%-10s %12.0f %12.0f %8.3f\n",
		       way ? "preloaded" : "plain", one, two, two / one);
	}
	return 0;
}
