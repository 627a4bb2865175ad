// SPDX-License-Identifier: MIT
/*
 * What an offloaded request costs over the copy itself: the inline software
 * device does the very copy that libc would, so the difference is ours.
 *
 *   offload SO [ROUNDS]
 *
 * Two workers, plain and preloaded (device=software, no engine threads, an
 * "ok" script), asked in turn; medians, ns.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define MAX_ROUNDS 101
#define MOST (256 * 1024)

static double now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec * 1e9 + (double)ts.tv_nsec;
}

static int work(void)
{
	char *dst = aligned_alloc(4096, MOST), *src = aligned_alloc(4096, MOST);
	size_t n;

	memset(src, 1, MOST);
	memset(dst, 1, MOST);
	while (read(0, &n, sizeof(n)) == sizeof(n)) {
		int calls = (int)(64 * MOST / n / 8) + 16;
		double start = now_ns(), ns;

		for (int i = 0; i < calls; i++)
			memcpy(dst, src, n);
		ns = (now_ns() - start) / calls;
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
			setenv("DSAMOVE_SOFTWARE_SCRIPT", "ok", 1);
			setenv("DSAMOVE_MIN_BYTES", "1", 1);
			setenv("DSAMOVE_REPORT_FILE", "/dev/null", 1);
		}
		execl("/proc/self/exe", "offload", "--worker", (char *)NULL);
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

int main(int argc, char **argv)
{
	static const size_t sizes[] = {256,       1024,      4096, 16384,
				       32 * 1024, 64 * 1024, MOST};
	int to[2], from[2], rounds = argc > 2 ? atoi(argv[2]) : 31;
	double ns[2][MAX_ROUNDS], diff[MAX_ROUNDS];

	if (argc < 2) {
		fprintf(stderr, "usage: offload SO [ROUNDS]\n");
		return 2;
	}
	if (!strcmp(argv[1], "--worker"))
		return work();
	if (rounds < 1 || rounds > MAX_ROUNDS)
		rounds = MAX_ROUNDS;
	for (int i = 0; i < 2; i++)
		start(i ? argv[1] : NULL, &to[i], &from[i]);
	printf("an offloaded memcpy on the inline software device, ns, median "
	       "of %d alternating rounds\n\n%10s %10s %10s %10s\n",
	       rounds, "bytes", "plain", "offloaded", "added");
	for (size_t s = 0; s < sizeof(sizes) / sizeof(*sizes); s++) {
		for (int r = -1; r < rounds; r++)
			for (int i = 0; i < 2; i++) {
				double *v = &ns[i][r < 0 ? 0 : r];

				if (write(to[i], &sizes[s], sizeof(size_t)) !=
					    sizeof(size_t) ||
				    read(from[i], v, sizeof(*v)) != sizeof(*v))
					return 1;
			}
		for (int r = 0; r < rounds; r++)
			diff[r] = ns[1][r] - ns[0][r];
		qsort(diff, (size_t)rounds, sizeof(double), by_value);
		qsort(ns[0], (size_t)rounds, sizeof(double), by_value);
		qsort(ns[1], (size_t)rounds, sizeof(double), by_value);
		printf("%10zu %10.1f %10.1f %+10.1f\n", sizes[s],
		       ns[0][rounds / 2], ns[1][rounds / 2], diff[rounds / 2]);
	}
	return 0;
}
