// SPDX-License-Identifier: MIT
/*
 * Room: HOT (until birth).  Byte loops that stand in for libc.
 * May: touch the caller's buffers.  Must not: call anything but __chk_fail.
 * Built without loop-to-call transformation, or each loop would become a call
 * to the very function that it stands in for.
 */
#include "libc_mem.h"

#include <stdint.h>

/* glibc's own overflow handler: prints and aborts as the program expects. */
extern void __chk_fail(void) __attribute__((noreturn));

static void *loop_memmove(void *dst, const void *src, size_t n)
{
	unsigned char *d = dst;
	const unsigned char *s = src;

	/* Unsigned wrap: true when dst is not inside [src, src + n). */
	if ((uintptr_t)d - (uintptr_t)s >= n) {
		for (size_t i = 0; i < n; i++)
			d[i] = s[i];
	} else {
		while (n--)
			d[n] = s[n];
	}
	return dst;
}

static void *loop_memset(void *dst, int c, size_t n)
{
	unsigned char *d = dst;

	for (size_t i = 0; i < n; i++)
		d[i] = (unsigned char)c;
	return dst;
}

static void *loop_mempcpy(void *dst, const void *src, size_t n)
{
	return (char *)loop_memmove(dst, src, n) + n;
}

static int loop_memcmp(const void *a, const void *b, size_t n)
{
	const unsigned char *x = a, *y = b;

	for (size_t i = 0; i < n; i++)
		if (x[i] != y[i])
			return x[i] - y[i];
	return 0;
}

static void *loop_memmove_chk(void *dst, const void *src, size_t n, size_t room)
{
	if (n > room)
		__chk_fail();
	return loop_memmove(dst, src, n);
}

static void *loop_memset_chk(void *dst, int c, size_t n, size_t room)
{
	if (n > room)
		__chk_fail();
	return loop_memset(dst, c, n);
}

static void *loop_mempcpy_chk(void *dst, const void *src, size_t n, size_t room)
{
	if (n > room)
		__chk_fail();
	return loop_mempcpy(dst, src, n);
}

struct dsam_libc dsam_libc = {
	.memmove = loop_memmove,
	.memset = loop_memset,
	.mempcpy = loop_mempcpy,
	.memcmp = loop_memcmp,
	.bcmp = loop_memcmp,
	.memcpy_chk = loop_memmove_chk,
	.memmove_chk = loop_memmove_chk,
	.memset_chk = loop_memset_chk,
	.mempcpy_chk = loop_mempcpy_chk,
};
