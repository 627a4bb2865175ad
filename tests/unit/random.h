/* SPDX-License-Identifier: MIT */
/* Random numbers that a seed repeats. */
#ifndef RANDOM_H
#define RANDOM_H

#include <stddef.h>
#include <stdint.h>

struct random {
	uint64_t x;
};

static inline uint64_t random_next(struct random *r)
{
	/* splitmix64: any seed is a good one, 0 too. */
	uint64_t z = r->x += 0x9e3779b97f4a7c15ULL;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9ULL;
	z = (z ^ z >> 27) * 0x94d049bb133111ebULL;
	return z ^ z >> 31;
}

/* 0 to n - 1. */
static inline uint64_t random_below(struct random *r, uint64_t n)
{
	return random_next(r) % n;
}

/* True once in n. */
static inline int random_once_in(struct random *r, uint64_t n)
{
	return !random_below(r, n);
}

static inline void random_fill(struct random *r, void *buf, size_t n)
{
	unsigned char *p = buf;

	for (size_t i = 0; i < n; i++)
		p[i] = (unsigned char)(random_next(r) >> 32);
}

#endif
