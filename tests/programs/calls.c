// SPDX-License-Identifier: MIT
/* Every exported function, every way to call it: results, returns, errno. */
#define _GNU_SOURCE
#include "guest.h"

#include <errno.h>
#include <string.h>
#include <strings.h>

#define GUARD 256UL
#define ROOM (3 * BIG)

/* As old programs are bound. */
void *old_memcpy(void *dst, const void *src, size_t n);
__asm__(".symver old_memcpy, memcpy@GLIBC_2.2.5");
void *__mempcpy(void *dst, const void *src, size_t n);

static unsigned char a[ROOM + 2 * GUARD], b[ROOM + 2 * GUARD];

static const size_t sizes[] = {0,    1,       2,       7,      8,      63,
			       64,   65,      127,     128,    129,    4095,
			       4096, 4097,    8191,    32767,  32768,  32769,
			       BIG,  BIG + 1, 2 * BIG, 131072, 131073, 300000};
#define SIZES (sizeof(sizes) / sizeof(*sizes))

static void *by_memcpy(void *d, const void *s, size_t n)
{
	return memcpy(d, s, n);
}

static void *by_memmove(void *d, const void *s, size_t n)
{
	return memmove(d, s, n);
}

static void *by_old_memcpy(void *d, const void *s, size_t n)
{
	return old_memcpy(d, s, n);
}

static void *by_mempcpy(void *d, const void *s, size_t n)
{
	return (char *)mempcpy(d, s, n) - n;
}

static void *by_internal_mempcpy(void *d, const void *s, size_t n)
{
	return (char *)__mempcpy(d, s, n) - n;
}

static void one_copy(void *(*copy)(void *, const void *, size_t), size_t n,
		     size_t from, size_t to)
{
	unsigned char *dst = a + GUARD + to, *src = b + GUARD + from;

	if (n + from > ROOM || n + to > ROOM)
		return;
	pattern(src, n, 3);
	memset(dst - 64, 0xa5, 64);
	memset(dst + n, 0xa5, 64);
	errno = EXDEV;
	CHECK(copy(dst, src, n) == dst);
	CHECK(errno == EXDEV);
	CHECK(is_pattern(dst, n, 0, 3) && is_pattern(src, n, 0, 3));
	CHECK(is_all(dst - 64, 64, 0xa5) && is_all(dst + n, 64, 0xa5));
}

static void copies(const char *name,
		   void *(*copy)(void *, const void *, size_t))
{
	static const size_t shifts[] = {0, 1, 63, 64};

	for (size_t i = 0; i < SIZES; i++)
		for (size_t s = 0; s < 4; s++)
			one_copy(copy, sizes[i], shifts[s], shifts[3 - s] + s);
	printf("%s: right\n", name);
}

/* memmove's overlaps, both directions; old memcpy's callers do it too. */
static void overlaps(const char *name,
		     void *(*copy)(void *, const void *, size_t))
{
	static const size_t gaps[] = {1, 8, 63, 64, 4096, 40000};

	for (size_t g = 0; g < sizeof(gaps) / sizeof(*gaps); g++) {
		unsigned char *low = a + GUARD, *high = low + gaps[g];
		size_t n = unknown(2 * BIG);

		pattern(low, n, 5);
		CHECK(copy(high, low, n) == high);
		CHECK(is_pattern(high, n, 0, 5));
		pattern(high, n, 6);
		CHECK(copy(low, high, n) == low);
		CHECK(is_pattern(low, n, 0, 6));
		CHECK(copy(low, low, n) == low);
		CHECK(is_pattern(low, n, 0, 6));
	}
	printf("%s: right where it overlaps\n", name);
}

static void fills(void)
{
	for (size_t i = 0; i < SIZES; i++) {
		unsigned char *dst = a + GUARD + i;
		int c = (int)i * 37 + 0x7b00;

		memset(dst - 64, 0x11, 64);
		memset(dst + sizes[i], 0x11, 64);
		errno = ENOLCK;
		CHECK(memset(dst, c, unknown(sizes[i])) == dst);
		CHECK(errno == ENOLCK);
		CHECK(is_all(dst, sizes[i], c));
		CHECK(is_all(dst - 64, 64, 0x11));
		CHECK(is_all(dst + sizes[i], 64, 0x11));
	}
	printf("memset: right\n");
}

static void compares(void)
{
	for (size_t i = 1; i < SIZES; i++) {
		size_t n = unknown(sizes[i]);

		pattern(a, n, 9);
		memcpy(b, a, n);
		CHECK(!memcmp(a, b, n) && !bcmp(a, b, n));
		b[n - 1] = (unsigned char)(a[n - 1] - 1);
		CHECK(!memcmp(a, b, n) == 0 && bcmp(a, b, n) != 0);
		CHECK((memcmp(a, b, n) > 0) == (a[n - 1] > b[n - 1]));
	}
	printf("memcmp, bcmp: right\n");
}

int main(void)
{
	copies("memcpy", by_memcpy);
	copies("memmove", by_memmove);
	copies("memcpy@GLIBC_2.2.5", by_old_memcpy);
	copies("mempcpy", by_mempcpy);
	copies("__mempcpy", by_internal_mempcpy);
	overlaps("memmove", by_memmove);
	overlaps("memcpy@GLIBC_2.2.5", by_old_memcpy);
	fills();
	compares();
	return 4;
}
