// SPDX-License-Identifier: MIT
/*
 * A library that copies, in a function whose name is given when it is built:
 * two of them differ in names alone, and lie alike in memory.
 */
#include <stddef.h>
#include <string.h>

static __attribute__((noinline)) void PLUGIN_INNER(void *to, const void *from,
						   size_t n)
{
	memcpy(to, from, n);
	__asm__ volatile("");
}

void PLUGIN_NAME(void *to, const void *from, size_t n)
{
	PLUGIN_INNER(to, from, n);
	__asm__ volatile("");
}

/* How the program finds it, whatever its name. */
void (*plugin_entry)(void *, const void *, size_t) = PLUGIN_NAME;
