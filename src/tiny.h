/* SPDX-License-Identifier: MIT */
/*
 * Copies of less than 64 bytes, done in place: most calls are that small, and
 * what they save by not going on to libc pays for the gate.  Three classes of
 * sizes, and within each no branch, since sizes that vary are mispredicted:
 * four words that cover the bytes, overlapping where they are few.  (Not so
 * fills: making four words of a byte costs more than the jump to libc, whose
 * masked stores need no class at all.)
 */
#ifndef DSAM_TINY_H
#define DSAM_TINY_H

#include "dsamove.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Not 64: libc has a shorter way for that. */
#define DSAM_TINY 63UL

typedef uint32_t dsam_u32 __attribute__((may_alias, aligned(1)));
typedef uint64_t dsam_v16
	__attribute__((vector_size(16), may_alias, aligned(1)));

/*
 * At 0 and at the end, and as far inwards as there is room: for n from one
 * word to four.
 */
#define DSAM_INWARDS(type, n) ((n) / (2 * sizeof(type)) * sizeof(type))

/* All is loaded before anything is stored, so buffers may overlap. */
#define DSAM_FOUR_WORDS(type, d, s, n)                       \
	do {                                                 \
		size_t in_ = DSAM_INWARDS(type, n);          \
		size_t end_ = (n) - sizeof(type);            \
		type a_ = *(const type *)(s);                \
		type b_ = *(const type *)((s) + in_);        \
		type y_ = *(const type *)((s) + end_ - in_); \
		type z_ = *(const type *)((s) + end_);       \
                                                             \
		*(type *)(d) = a_;                           \
		*(type *)((d) + in_) = b_;                   \
		*(type *)((d) + end_ - in_) = y_;            \
		*(type *)((d) + end_) = z_;                  \
	} while (0)

/* memmove for n <= DSAM_TINY. */
static inline __attribute__((always_inline)) void
dsam_tiny_copy(void *dst, const void *src, size_t n)
{
	const char *s = src;
	char *d = dst;

	/* These come without another jump. */
	if (DSAM_LIKELY(n >= 16)) {
		DSAM_FOUR_WORDS(dsam_v16, d, s, n);
	} else if (n >= 4) {
		DSAM_FOUR_WORDS(dsam_u32, d, s, n);
	} else if (n) {
		char a = s[0], b = s[n / 2], c = s[n - 1];

		d[0] = a;
		d[n / 2] = b;
		d[n - 1] = c;
	}
}

#endif
