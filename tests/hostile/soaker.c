// SPDX-License-Identifier: MIT
/*
 * soaker SEED MILLISECONDS THREADS SIGNALS: copies, moves and fills of any
 * size at any place, each looked at byte by byte with nothing but loops, in
 * threads, in children, with handlers that copy.  Says how long the longest
 * took and, by counted.h, how many of SOAK_BYTES or more there were.
 */
#define _GNU_SOURCE
#include "counted.h"

#include "../unit/random.h"

#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>

#define SOAK_BYTES 4096UL
#define ROOM (1536 * 1024UL)
#define EDGE 64UL

static uint64_t seed, until;
static _Atomic uint64_t longest;
static atomic_ulong done;
static volatile sig_atomic_t handled;

static uint64_t clock_us(clockid_t clock)
{
	struct timespec t;

	clock_gettime(clock, &t);
	return (uint64_t)t.tv_sec * 1000000 + (uint64_t)t.tv_nsec / 1000;
}

static uint64_t now_us(void)
{
	return clock_us(CLOCK_MONOTONIC);
}

/* The thread's own time: who waits spins, and a busy machine is no hang. */
static uint64_t spent_us(void)
{
	return clock_us(CLOCK_THREAD_CPUTIME_ID);
}

static void took(uint64_t us)
{
	uint64_t most = longest;

	while (us > most && !atomic_compare_exchange_weak(&longest, &most, us))
		;
}

/* What a thread is at, for whoever wants to know why it failed. */
static __thread struct {
	const char *what;
	size_t n, at, from;
	unsigned how;
} now;

static void begin(const char *what, size_t n, size_t at, size_t from,
		  unsigned how)
{
	now.what = what;
	now.n = n;
	now.at = at;
	now.from = from;
	now.how = how;
}

/* The first byte that is not what it should be: a pattern, or all c. */
static size_t first_wrong(const unsigned char *p, int c)
{
	size_t i = 0;

	while (i < now.n &&
	       p[i] == (c < 0 ? pattern_at(i, now.how) : (unsigned char)c))
		i++;
	return i;
}

#define CHECK_BYTES(p, c)                                                    \
	do {                                                                 \
		size_t wrong_ = first_wrong(p, c);                           \
                                                                             \
		if (wrong_ < now.n)                                          \
			printf("pid %d: %s of %zu to %zu from %zu, how %u: " \
			       "byte %zu is %#x\n",                          \
			       (int)getpid(), now.what, now.n, now.at,       \
			       now.from, now.how, wrong_, (p)[wrong_]);      \
		CHECK(wrong_ == now.n);                                      \
	} while (0)

static void count(size_t n)
{
	copied += n >= SOAK_BYTES;
	done++;
}

/* Small ones as often as large ones. */
static size_t any_size(struct random *r)
{
	size_t most = 1UL << (8 + random_below(r, 13));

	return 1 + random_below(r, most < ROOM / 2 ? most : ROOM / 2);
}

static void fill_edges(unsigned char *p, size_t n)
{
	for (size_t i = 1; i <= EDGE; i++)
		p[-i] = p[n - 1 + i] = 0xa7;
}

static void check_edges(const unsigned char *p, size_t n)
{
	CHECK(is_all(p - EDGE, EDGE, 0xa7) && is_all(p + n, EDGE, 0xa7));
}

static void one_copy(struct random *r, unsigned char *a, unsigned char *b)
{
	size_t n = any_size(r), at = EDGE + random_below(r, ROOM / 4),
	       from = EDGE + random_below(r, ROOM / 4);
	unsigned how = (unsigned)random_next(r);
	uint64_t start;

	begin("copy", n, at, from, how);
	pattern(a + from, n, how);
	fill_edges(b + at, n);
	start = spent_us();
	if (how & 1)
		CHECK(memcpy(b + at, a + from, unknown(n)) == b + at);
	else
		CHECK(mempcpy(b + at, a + from, unknown(n)) == b + at + n);
	took(spent_us() - start);
	count(n);
	CHECK_BYTES(b + at, -1);
	CHECK_BYTES(a + from, -1);
	check_edges(b + at, n);
}

static void one_move(struct random *r, unsigned char *a)
{
	size_t n = any_size(r), at = EDGE + random_below(r, ROOM / 4),
	       from = EDGE + random_below(r, ROOM / 4);
	unsigned how = (unsigned)random_next(r);
	uint64_t start;

	begin("move", n, at, from, how);
	pattern(a + from, n, how);
	start = spent_us();
	CHECK(memmove(a + at, a + from, unknown(n)) == a + at);
	took(spent_us() - start);
	count(n);
	CHECK_BYTES(a + at, -1);
}

static void one_fill(struct random *r, unsigned char *b)
{
	size_t n = any_size(r), at = EDGE + random_below(r, ROOM / 2 - EDGE);
	int c = (int)random_below(r, 256);
	uint64_t start;

	begin("fill", n, at, 0, (unsigned)c);
	fill_edges(b + at, n);
	start = spent_us();
	CHECK(memset(b + at, c, unknown(n)) == b + at);
	took(spent_us() - start);
	count(n);
	CHECK_BYTES(b + at, c);
	check_edges(b + at, n);
}

static void *room(void)
{
	void *p = mmap(NULL, ROOM, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	CHECK(p != MAP_FAILED);
	return p;
}

static void one(struct random *r, unsigned char *a, unsigned char *b)
{
	switch (random_below(r, 8)) {
	case 0:
		one_move(r, a);
		break;
	case 1:
		one_fill(r, a);
		break;
	case 2:
		one_fill(r, b);
		break;
	default:
		one_copy(r, a, b);
	}
	/* Absent, and not where it was. */
	if (random_once_in(r, 16))
		CHECK(!madvise(random_once_in(r, 2) ? a : b, ROOM,
			       MADV_DONTNEED));
}

static void child(struct random *r, unsigned char *a, unsigned char *b)
{
	sigset_t alarms;
	pid_t pid;
	int status;

	/* A fork that takes longer than the timer would begin for ever. */
	sigemptyset(&alarms);
	sigaddset(&alarms, SIGALRM);
	pthread_sigmask(SIG_BLOCK, &alarms, NULL);
	pid = fork();
	pthread_sigmask(SIG_UNBLOCK, &alarms, NULL);
	if (!pid) {
		copied = 0;
		for (int i = 0; i < 10; i++)
			one(r, a, b);
		counted_end(91);
	}
	CHECK(pid > 0 && waitpid(pid, &status, 0) == pid);
	if (!WIFEXITED(status) || WEXITSTATUS(status) != 91)
		printf("child %d of %d: status %#x\n", (int)pid, (int)getpid(),
		       (unsigned)status);
	CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 91);
}

static void *soak(void *arg)
{
	struct random r = {seed * 1000 + (uint64_t)(size_t)arg};
	unsigned char *a = room(), *b = room();

	for (unsigned i = 0; now_us() < until; i++) {
		one(&r, a, b);
		if (random_once_in(&r, 200))
			child(&r, a, b);
	}
	return NULL;
}

static void on_alarm(int sig)
{
	static unsigned char to[65536], from[65536];
	static volatile sig_atomic_t is_inside;

	(void)sig;
	/* One thread at a time: these are not anybody's own. */
	if (__sync_lock_test_and_set(&is_inside, 1))
		return;
	handled++;
	memcpy(to, from, unknown(sizeof(to)));
	copied++;
	__sync_lock_release(&is_inside);
}

int main(int argc, char **argv)
{
	struct sigaction act = {.sa_handler = on_alarm, .sa_flags = SA_RESTART};
	struct itimerval often = {{0, 3000}, {0, 3000}},
			 never = {{0, 0}, {0, 0}};
	pthread_t t[16];
	int threads;

	CHECK(argc == 5);
	seed = strtoull(argv[1], NULL, 0);
	until = now_us() + strtoull(argv[2], NULL, 0) * 1000;
	threads = atoi(argv[3]);
	CHECK(threads > 0 && threads <= 16);
	CHECK(!sigaction(SIGALRM, &act, NULL));
	if (atoi(argv[4]))
		CHECK(!setitimer(ITIMER_REAL, &often, NULL));
	for (int i = 0; i < threads; i++)
		CHECK(!pthread_create(&t[i], NULL, soak, (void *)(size_t)i));
	for (int i = 0; i < threads; i++)
		CHECK(!pthread_join(t[i], NULL));
	CHECK(!setitimer(ITIMER_REAL, &never, NULL));
	printf("done %lu longest_us %llu handled %d\n", (unsigned long)done,
	       (unsigned long long)longest, (int)handled);
	counted_end(90);
}
