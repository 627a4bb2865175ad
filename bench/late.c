// SPDX-License-Identifier: MIT
/* A library that bench/callers loads with dlopen: its copies come from there.
 */
#include <stddef.h>
#include <string.h>

void late_copies(void *dst, const void *src, size_t n, int count);

void late_copies(void *dst, const void *src, size_t n, int count)
{
	for (int i = 0; i < count; i++) {
		memcpy(dst, src, n);
		__asm__ volatile("" ::: "memory");
	}
}
