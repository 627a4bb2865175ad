// SPDX-License-Identifier: MIT
/*
 * Room: HOT.  What the compiler calls by itself for structures: of our own,
 * since libc's may be replaced by a library that is being tested.
 * May: byte loops.  Must not: be seen outside of this object.
 */
#include <stddef.h>

void *memset(void *dst, int c, size_t n);
void *memcpy(void *dst, const void *src, size_t n);

void *memset(void *dst, int c, size_t n)
{
	unsigned char *d = dst;

	while (n--) {
		*d++ = (unsigned char)c;
		/* Not to be turned into a call of itself. */
		__asm__ volatile("");
	}
	return dst;
}

void *memcpy(void *dst, const void *src, size_t n)
{
	unsigned char *d = dst;
	const unsigned char *s = src;

	while (n--) {
		*d++ = *s++;
		__asm__ volatile("");
	}
	return dst;
}
