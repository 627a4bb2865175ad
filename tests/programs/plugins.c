// SPDX-License-Identifier: MIT
/*
 * Loads libraries one after the other, and lets each copy:
 *   plugins COUNT LIBRARY...
 * COUNT copies each.  Prints where a library lies as the one before.
 */
#include "guest.h"

#include <dlfcn.h>
#include <string.h>

static unsigned char from[BIG], to[BIG];

int main(int argc, char **argv)
{
	int count = argc > 1 ? atoi(argv[1]) : 1, right = 0;
	const void *last = NULL;

	pattern(from, BIG, 3);
	for (int i = 2; i < argc; i++) {
		void *l = dlopen(argv[i], RTLD_NOW | RTLD_LOCAL);
		void (**entry)(void *, const void *, size_t);

		if (!l || !(entry = dlsym(l, "plugin_entry"))) {
			printf("wrong: %s\n", dlerror());
			return 1;
		}
		for (int n = 0; n < count; n++) {
			memset(to, 0, 100);
			(*entry)(to, from, BIG);
			right += is_pattern(to, BIG, 0, 3);
		}
		printf("%s\n", last == (void *)entry ? "same place" : "loaded");
		last = entry;
		dlclose(l);
	}
	printf("%d right\n", right);
	return 0;
}
