/* SPDX-License-Identifier: MIT */
/*
 * What the guests share: patterns, and a plain complaint.  A guest knows
 * nothing of the preload; it prints the same with and without it.
 */
#ifndef GUEST_H
#define GUEST_H

#include <stdio.h>
#include <stdlib.h>

/* The size of an ordinary big copy: above the default cutoff of 32K. */
#define BIG (100 * 1024UL + 37)

static inline unsigned char pattern_at(size_t i, unsigned seed)
{
	return (unsigned char)((i * 2654435761UL + seed * 40503UL) >> 11);
}

static inline void pattern(void *p, size_t n, unsigned seed)
{
	unsigned char *b = (unsigned char *)p;

	for (size_t i = 0; i < n; i++)
		b[i] = pattern_at(i, seed);
}

/* Is p the pattern, from its byte number from on? */
static inline int is_pattern(const void *p, size_t n, size_t from,
			     unsigned seed)
{
	const unsigned char *b = (const unsigned char *)p;

	for (size_t i = 0; i < n; i++)
		if (b[i] != pattern_at(from + i, seed))
			return 0;
	return 1;
}

static inline int is_all(const void *p, size_t n, int c)
{
	const unsigned char *b = (const unsigned char *)p;

	for (size_t i = 0; i < n; i++)
		if (b[i] != (unsigned char)c)
			return 0;
	return 1;
}

/* A number that the compiler can't know. */
static inline size_t unknown(size_t n)
{
	volatile size_t v = n;

	return v;
}

#define CHECK(what)                                                      \
	do {                                                             \
		if (!(what)) {                                           \
			printf("%s:%d: wrong: %s\n", __FILE__, __LINE__, \
			       #what);                                   \
			fflush(stdout);                                  \
			_Exit(99);                                       \
		}                                                        \
	} while (0)

#endif
