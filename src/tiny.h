/* SPDX-License-Identifier: MIT */
/*
 * Copies of up to 64 bytes, done in place: most calls are that small, and
 * what they save by not going on to libc pays for the gate.  (Not so fills:
 * libc's masked stores need no branches, which is hard to beat.)
 */
#ifndef DSAM_TINY_H
#define DSAM_TINY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define DSAM_TINY 64UL

typedef uint16_t dsam_u16 __attribute__((may_alias, aligned(1)));
typedef uint32_t dsam_u32 __attribute__((may_alias, aligned(1)));
typedef uint64_t dsam_u64 __attribute__((may_alias, aligned(1)));
typedef uint64_t dsam_v16
	__attribute__((vector_size(16), may_alias, aligned(1)));

/*
 * n bytes by two words, one from each end; they overlap in the middle.  All
 * is loaded before anything is stored, so buffers may overlap.
 */
#define DSAM_TWO_WORDS(type, d, s, n)                                   \
	do {                                                            \
		type first_ = *(const type *)(s);                       \
		type last_ = *(const type *)((s) + (n) - sizeof(type)); \
                                                                        \
		*(type *)(d) = first_;                                  \
		*(type *)((d) + (n) - sizeof(type)) = last_;            \
	} while (0)

/* memmove for n <= DSAM_TINY. */
static inline __attribute__((always_inline)) void
dsam_tiny_copy(void *dst, const void *src, size_t n)
{
	const char *s = src;
	char *d = dst;

	if (n > 32) {
		dsam_v16 a = *(const dsam_v16 *)s;
		dsam_v16 b = *(const dsam_v16 *)(s + 16);
		dsam_v16 y = *(const dsam_v16 *)(s + n - 32);
		dsam_v16 z = *(const dsam_v16 *)(s + n - 16);

		*(dsam_v16 *)d = a;
		*(dsam_v16 *)(d + 16) = b;
		*(dsam_v16 *)(d + n - 32) = y;
		*(dsam_v16 *)(d + n - 16) = z;
	} else if (n >= 16) {
		DSAM_TWO_WORDS(dsam_v16, d, s, n);
	} else if (n >= 8) {
		DSAM_TWO_WORDS(dsam_u64, d, s, n);
	} else if (n >= 4) {
		DSAM_TWO_WORDS(dsam_u32, d, s, n);
	} else if (n >= 2) {
		DSAM_TWO_WORDS(dsam_u16, d, s, n);
	} else if (n) {
		*d = *s;
	}
}

#endif
