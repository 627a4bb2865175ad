// SPDX-License-Identifier: MIT
/*
 * A library that copies, in a function whose name is given when it is built:
 * two of them differ in names alone, and lie alike in memory; or in the size
 * of that function's frame alone.  PLUGIN_LAST: it copies when it goes, too.
 */
#include <stddef.h>
#include <string.h>

static __attribute__((noinline)) void PLUGIN_INNER(void *to, const void *from,
						   size_t n)
{
	memcpy(to, from, n);
	__asm__ volatile("");
}

#ifndef PLUGIN_FRAME
#define PLUGIN_FRAME 1024
#endif

void PLUGIN_NAME(void *to, const void *from, size_t n)
{
	char room[PLUGIN_FRAME];

	__asm__ volatile("" ::"r"(room) : "memory");
	PLUGIN_INNER(to, from, n);
	__asm__ volatile("" ::"r"(room) : "memory");
}

#ifdef PLUGIN_LAST
static char last[1 << 18];

/* While dlclose is at work. */
__attribute__((destructor)) static void end(void)
{
	PLUGIN_NAME(last, last + sizeof(last) / 2, sizeof(last) / 2);
}
#endif

/* How the program finds it, whatever its name. */
void (*plugin_entry)(void *, const void *, size_t) = PLUGIN_NAME;
