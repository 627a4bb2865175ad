// SPDX-License-Identifier: MIT
/*
 * memory HOW: memory of every kind, neighbours that come and go, and sizes at
 * the edge of what there is.
 */
#define _GNU_SOURCE
#include "guest.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#define PAGE 4096UL
#define HUGE (2UL << 20)
#define ROOM (256 * 1024UL)

static volatile int stop;

static void *map(size_t n, int prot, int flags, int fd)
{
	void *p = mmap(NULL, n, prot, flags, fd, 0);

	CHECK(p != MAP_FAILED);
	return p;
}

static void *anonymous(size_t n)
{
	return map(n, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1);
}

static int a_file(void)
{
	int fd = memfd_create("memory", MFD_CLOEXEC | MFD_ALLOW_SEALING);

	CHECK(fd >= 0 && !ftruncate(fd, (off_t)ROOM));
	return fd;
}

/* ---- kinds ---- */

static unsigned char *file_private(void)
{
	return map(ROOM, PROT_READ | PROT_WRITE, MAP_PRIVATE, a_file());
}

static unsigned char *file_shared(void)
{
	return map(ROOM, PROT_READ | PROT_WRITE, MAP_SHARED, a_file());
}

static unsigned char *shared(void)
{
	return map(ROOM, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS,
		   -1);
}

static unsigned char *private(void)
{
	return anonymous(ROOM);
}

/* Between pages that nobody may touch. */
static unsigned char *fenced(void)
{
	unsigned char *p = anonymous(ROOM + 2 * PAGE);

	CHECK(!mprotect(p, PAGE, PROT_NONE));
	CHECK(!mprotect(p + PAGE + ROOM, PAGE, PROT_NONE));
	return p + PAGE;
}

/* 2 MiB pages where the kernel has some, or makes some. */
static unsigned char *huge(void)
{
	unsigned char *p =
		mmap(NULL, ROOM, PROT_READ | PROT_WRITE,
		     MAP_PRIVATE | MAP_ANONYMOUS | MAP_HUGETLB, -1, 0);

	if (p != MAP_FAILED)
		return p;
	p = anonymous(2 * HUGE);
	p += -(uintptr_t)p % HUGE;
	madvise(p, HUGE, MADV_HUGEPAGE);
	return p;
}

/* Writable here; nobody else can map it so, nobody can cut it. */
static unsigned char *sealed(void)
{
	int fd = a_file();
	unsigned char *p = map(ROOM, PROT_READ | PROT_WRITE, MAP_SHARED, fd);

	CHECK(!fcntl(fd, F_ADD_SEALS,
		     F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_FUTURE_WRITE));
	return p;
}

/* The same page again and again. */
static unsigned char *aliased(void)
{
	int fd = a_file();
	unsigned char *p = anonymous(ROOM);

	for (size_t i = 0; i < ROOM; i += PAGE)
		CHECK(mmap(p + i, PAGE, PROT_READ | PROT_WRITE,
			   MAP_SHARED | MAP_FIXED, fd, 0) == p + i);
	return p;
}

static unsigned char *(*const kinds[])(void) = {
	private, shared, file_private, file_shared, fenced, huge, sealed};
#define KINDS (sizeof(kinds) / sizeof(*kinds))

/* What is beside the copy stays what it was. */
static void one_pair(unsigned char *to, unsigned char *from, size_t off,
		     size_t end)
{
	size_t n = ROOM - off - end;

	pattern(from, ROOM, 3);
	for (size_t i = 0; i < off; i++)
		to[i] = 0xee;
	for (size_t i = off + n; i < ROOM; i++)
		to[i] = 0xee;
	memcpy(to + off, from + end, unknown(n));
	CHECK(is_pattern(to + off, n, end, 3));
	CHECK(is_all(to, off, 0xee) && is_all(to + off + n, end, 0xee));
	CHECK(is_pattern(from, ROOM, 0, 3));
	memset(to + off, 0x77, unknown(n));
	CHECK(is_all(to + off, n, 0x77));
	CHECK(is_all(to, off, 0xee) && is_all(to + off + n, end, 0xee));
}

static void all_kinds(void)
{
	unsigned char *p, *q = private();

	for (size_t i = 0; i < KINDS; i++)
		for (size_t k = 0; k < KINDS; k++) {
			unsigned char *to = kinds[i](), *from = kinds[k]();

			one_pair(to, from, 0, 0);
			one_pair(to, from, 1, 100);
			one_pair(to, from, 4095, 63);
			if (kinds[i] != huge && kinds[i] != fenced)
				CHECK(!munmap(to, ROOM));
			if (kinds[k] != huge && kinds[k] != fenced)
				CHECK(!munmap(from, ROOM));
		}
	/* Read only, never written: the kernel's one page of zeroes. */
	p = map(ROOM, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1);
	memset(q, 1, unknown(ROOM));
	memcpy(q, p, unknown(ROOM));
	CHECK(is_all(q, ROOM, 0));
	/* The last write to a page that is everywhere. */
	p = aliased();
	pattern(q, ROOM, 9);
	memcpy(q, p, unknown(ROOM));
	memset(p, 0x42, unknown(ROOM));
	CHECK(is_all(p, ROOM, 0x42));
	puts("memory of every kind: right");
}

/* ---- neighbours ---- */

static unsigned char *left, *right; /* of pages that are the copy's */

static void *come_and_go(void *arg)
{
	unsigned char *place = arg;

	for (unsigned i = 0; !stop; i++) {
		switch (i % 4) {
		case 0: /* gone, and back */
			CHECK(!munmap(place, PAGE));
			CHECK(mmap(place, PAGE, PROT_READ | PROT_WRITE,
				   MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1,
				   0) == place);
			break;
		case 1:
			CHECK(!mprotect(place, PAGE, PROT_NONE));
			CHECK(!mprotect(place, PAGE, PROT_READ | PROT_WRITE));
			break;
		case 2:
			place[i % PAGE] = 1;
			CHECK(!madvise(place, PAGE, MADV_DONTNEED));
			CHECK(place[i % PAGE] == 0);
			break;
		default: /* away, and another here */
			place[7] = 2;
			CHECK(mremap(place, PAGE, PAGE,
				     MREMAP_MAYMOVE | MREMAP_FIXED,
				     right + 8 * PAGE + (i & 4) * PAGE) !=
			      MAP_FAILED);
			CHECK(mmap(place, PAGE, PROT_READ | PROT_WRITE,
				   MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1,
				   0) == place);
		}
	}
	return NULL;
}

static void neighbours(void)
{
	size_t n = 40 * PAGE;
	unsigned char *from = file_shared(), *p = anonymous(80 * PAGE);
	pthread_t t[2];

	left = p;
	right = p + PAGE + n;
	pattern(from, n, 4);
	CHECK(!pthread_create(&t[0], NULL, come_and_go, left));
	CHECK(!pthread_create(&t[1], NULL, come_and_go, right));
	for (int i = 0; i < 320; i++) {
		size_t off = (size_t)i % 3, end = (size_t)i % 5;

		p[PAGE] = p[PAGE + n - 1] = 0xee;
		memcpy(p + PAGE + off, from, unknown(n - off - end));
		CHECK(i % 50 ||
		      is_pattern(p + PAGE + off, n - off - end, 0, 4));
		CHECK(p[PAGE + off] == from[0] &&
		      p[PAGE + n - end - 1] == from[n - off - end - 1]);
		CHECK((!off || p[PAGE] == 0xee) &&
		      (!end || p[PAGE + n - 1] == 0xee));
		/* Some of both is absent the next time. */
		CHECK(!madvise(from + (size_t)i % 40 * PAGE, PAGE,
			       MADV_DONTNEED));
		if (i % 4 == 0)
			CHECK(!madvise(p + PAGE + (size_t)i / 4 % 40 * PAGE,
				       PAGE, MADV_DONTNEED));
	}
	stop = 1;
	CHECK(!pthread_join(t[0], NULL) && !pthread_join(t[1], NULL));
	puts("neighbours that come and go: right");
}

/* ---- sizes ---- */

static void sizes(void)
{
	unsigned char *a = anonymous(4 * BIG), *b = anonymous(4 * BIG);
	unsigned char *volatile null = NULL;
	size_t n = BIG;

	pattern(a, 4 * n, 6);
	/* By one byte; adjacent; the same. */
	CHECK(memmove(a + n - 1, a, unknown(n)) == a + n - 1);
	CHECK(is_pattern(a + n - 1, n, 0, 6));
	pattern(a, 4 * n, 6);
	CHECK(memmove(a + n, a + 2 * n - 1, unknown(n)) == a + n);
	CHECK(is_pattern(a + n, n, 2 * n - 1, 6));
	pattern(a, 4 * n, 6);
	CHECK(memcpy(a + n, a, unknown(n)) == a + n);
	CHECK(is_pattern(a + n, n, 0, 6));
	pattern(a, 4 * n, 6);
	CHECK(memcpy(a + n, a + 2 * n, unknown(n)) == a + n);
	CHECK(is_pattern(a + n, n, 2 * n, 6));
	CHECK(memmove(a, a, unknown(n)) == a);
	/* Nothing. */
	errno = ENOTTY;
	CHECK(memcpy(b, a, unknown(0)) == b && memset(b, 1, unknown(0)) == b);
	CHECK(memcpy(null, null, unknown(0)) == null);
	CHECK(memmove((void *)-1UL, null, unknown(0)) == (void *)-1UL);
	CHECK(errno == ENOTTY && b[0] == 0);
	puts("sizes: right");
}

static void too_much(const char *what)
{
	struct rlimit none = {0, 0};
	unsigned char *a = anonymous(4 * BIG), *b = anonymous(4 * BIG);

	setrlimit(RLIMIT_CORE, &none);
	memcpy(b, a, unknown(BIG));
	puts(what);
	fflush(stdout);
	if (!strcmp(what, "size_max"))
		memcpy(b, a, unknown(SIZE_MAX));
	else if (!strcmp(what, "size_max_fill"))
		memset(b, 1, unknown(SIZE_MAX));
	else if (!strcmp(what, "negative"))
		memcpy(b + BIG, a, unknown(-PAGE));
	else if (!strcmp(what, "half"))
		memmove(b, a, unknown(SIZE_MAX / 2 + 1));
	else if (!strcmp(what, "wrap_to"))
		memcpy((void *)-PAGE, a, unknown(BIG));
	else if (!strcmp(what, "wrap_from"))
		memcpy(b, (void *)-PAGE, unknown(BIG));
	else if (!strcmp(what, "wrap_fill"))
		memset((void *)-64UL, 1, unknown(BIG));
	puts("came back");
}

int main(int argc, char **argv)
{
	const char *how = argc > 1 ? argv[1] : "";

	if (!strcmp(how, "kinds"))
		all_kinds();
	else if (!strcmp(how, "neighbours"))
		neighbours();
	else if (!strcmp(how, "sizes"))
		sizes();
	else
		too_much(how);
	return 81;
}
