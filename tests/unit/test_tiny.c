// SPDX-License-Identifier: MIT
/* Copies in place: every size, alignment and overlap that they are for. */
#include "suite.h"

#include "tiny.h"

#include <string.h>

#define ROOM 256

static unsigned char is[ROOM], want[ROOM];

/* Sizes that the compiler does not know. */
static __attribute__((noinline)) void copy(void *dst, const void *src, size_t n)
{
	dsam_tiny_copy(dst, src, n);
}

static void one(size_t from, size_t to, size_t n)
{
	for (size_t i = 0; i < ROOM; i++)
		is[i] = want[i] = (unsigned char)(i * 7 + 1);
	memmove(want + to, want + from, n);
	copy(is + to, is + from, n);
	ck_assert_msg(!memcmp(is, want, ROOM), "%zu bytes from %zu to %zu", n,
		      from, to);
}

START_TEST(apart)
{
	for (size_t n = 0; n <= DSAM_TINY; n++)
		for (size_t from = 0; from < 16; from++)
			for (size_t to = 0; to < 16; to++)
				one(from, 128 + to, n);
}
END_TEST

START_TEST(overlapping)
{
	for (size_t n = 0; n <= DSAM_TINY; n++)
		for (size_t to = 0; to <= 2 * DSAM_TINY; to++)
			one(DSAM_TINY, to, n);
}
END_TEST

RUN_SUITE("tiny", apart, overlapping)
