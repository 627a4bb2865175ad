// SPDX-License-Identifier: MIT
/* Worker processes, and what their answers amount to. */
#include "bench.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

struct bench_worker bench_start(const char *so, char *const *settings)
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
			setenv("DSAMOVE_REPORT_FILE", "/dev/null", 1);
		}
		while (settings && *settings)
			putenv(*settings++);
		execl("/proc/self/exe", "bench", "--worker", (char *)NULL);
		_exit(127);
	}
	close(to[0]);
	close(from[1]);
	return (struct bench_worker){to[1], from[0]};
}

double bench_ask(const struct bench_worker *w, const void *job, size_t bytes)
{
	double ns = 0;

	if (write(w->to, job, bytes) != (ssize_t)bytes ||
	    read(w->from, &ns, sizeof(ns)) != sizeof(ns)) {
		fprintf(stderr, "a worker died\n");
		exit(1);
	}
	return ns;
}

int bench_is_worker(int argc, char **argv)
{
	return argc > 1 && !strcmp(argv[1], "--worker");
}

int bench_serve(double (*run)(const void *job), void *job, size_t bytes)
{
	while (read(0, job, bytes) == (ssize_t)bytes) {
		double ns = run(job);

		if (write(1, &ns, sizeof(ns)) != sizeof(ns))
			return 1;
	}
	return 0;
}

int bench_rounds(int argc, char **argv, int i, int usual)
{
	int rounds = argc > i ? atoi(argv[i]) : usual;

	return rounds < 1 || rounds > BENCH_MOST ? usual : rounds;
}

double bench_median_difference(const double *a, const double *b, size_t n)
{
	double v[BENCH_MOST];

	for (size_t i = 0; i < n; i++)
		v[i] = a[i] - b[i];
	return bench_median(v, n);
}

double bench_median_ratio(const double *a, const double *b, size_t n)
{
	double v[BENCH_MOST];

	for (size_t i = 0; i < n; i++)
		v[i] = a[i] / b[i];
	return bench_median(v, n);
}
