// SPDX-License-Identifier: MIT
/*
 * partial OP N...: N copies, moves or fills of 8229 bytes each, in one thread,
 * between bytes that must stay; each byte is looked at.  Whoever runs it makes
 * a device stop at another byte of each.
 */
#define _GNU_SOURCE
#include "counted.h"

#include <errno.h>
#include <stdint.h>
#include <string.h>

#define PAGE 4096UL
#define BYTES (2 * PAGE + 37)
#define AROUND 64UL
#define DST_AT (PAGE - 19)
#define SRC_AT (PAGE + 1051)

static _Alignas(PAGE) unsigned char to[4 * PAGE], from[5 * PAGE];
static unsigned char want[BYTES];

/* By words: this is done for 8229 bytes 8229 times. */
static void invert(unsigned char *p, const unsigned char *of)
{
	for (size_t i = 0; i < BYTES; i += 8) {
		uint64_t word = 0;
		size_t n = BYTES - i < 8 ? BYTES - i : 8;

		__builtin_memcpy(&word, of + i, n);
		word = ~word;
		__builtin_memcpy(p + i, &word, n);
	}
}

static int is_same(const unsigned char *p, const unsigned char *q)
{
	uint64_t all = 0;

	for (size_t i = 0; i < BYTES; i++)
		all |= (uint64_t)(p[i] ^ q[i]);
	return !all;
}

static void one(const char *op, unsigned char *dst, const unsigned char *src)
{
	unsigned char fill = (unsigned char)(copied * 37);
	size_t n = unknown(BYTES);
	void *got;

	if (!strcmp(op, "fill"))
		for (size_t i = 0; i < BYTES; i++)
			want[i] = fill;
	invert(dst, want);
	for (size_t i = 1; i <= AROUND; i++)
		dst[-i] = dst[BYTES - 1 + i] = (unsigned char)~fill;
	errno = EXDEV;
	if (!strcmp(op, "fill"))
		got = memset(dst, fill, n);
	else if (!strcmp(op, "move"))
		got = memmove(dst, src, n);
	else
		got = memcpy(dst, src, n);
	copied++;
	CHECK(got == dst && errno == EXDEV);
	CHECK(is_same(dst, want));
	CHECK(is_all(dst - AROUND, AROUND, (unsigned char)~fill));
	CHECK(is_all(dst + BYTES, AROUND, (unsigned char)~fill));
}

int main(int argc, char **argv)
{
	unsigned char *dst = to + DST_AT, *src = from + SRC_AT;

	/* Nothing is absent but what the device says is. */
	pattern(from, sizeof(from), 5);
	for (size_t i = 0; i < sizeof(to); i++)
		to[i] = 1;
	for (int i = 1; i + 1 < argc; i += 2) {
		for (size_t k = 0; k < BYTES; k++)
			want[k] = src[k];
		for (int n = atoi(argv[i + 1]); n > 0; n--)
			one(argv[i], dst, src);
		printf("%s %s: right\n", argv[i + 1], argv[i]);
	}
	CHECK(is_pattern(from, sizeof(from), 0, 5));
	counted_end(88);
}
