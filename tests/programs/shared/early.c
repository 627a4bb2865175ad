// SPDX-License-Identifier: MIT
/*
 * A library that copies, and closes another, in its constructor, which may run
 * before the preload's, and in its destructor, which may run after.
 */
#include "../guest.h"

#include <dlfcn.h>
#include <string.h>
#include <unistd.h>

static unsigned char a[8 * BIG], b[8 * BIG];

static void say(const char *what)
{
	int ok;

	pattern(a, sizeof(a), 4);
	memset(b, 0, unknown(sizeof(b)));
	ok = is_all(b, sizeof(b), 0);
	ok = ok && memcpy(b, a, unknown(sizeof(b))) == b;
	ok = ok && is_pattern(b, sizeof(b), 0, 4);
	ok = ok && memmove(b + 9, b, unknown(sizeof(b) - 9)) == b + 9;
	ok = ok && is_pattern(b + 9, sizeof(b) - 9, 0, 4);
	ok = ok && !dlclose(dlopen(NULL, RTLD_NOW));
	if (write(1, what, strlen(what)) < 0 ||
	    write(1, ok ? ": right\n" : ": wrong\n", 8) < 0)
		_exit(98);
}

__attribute__((constructor)) static void begin(void)
{
	say("library's constructor");
}

__attribute__((destructor)) static void end(void)
{
	say("library's destructor");
}
