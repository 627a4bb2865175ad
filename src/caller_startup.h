/* SPDX-License-Identifier: MIT */
/* The modules that a program was started with; they are never unloaded. */
#ifndef DSAM_CALLER_STARTUP_H
#define DSAM_CALLER_STARTUP_H

#include <link.h>
#include <stdbool.h>

#define DSAM_STARTUP_MODULES 256U

struct dsam_startup {
	const struct link_map *map[DSAM_STARTUP_MODULES];
	unsigned count;
};

/*
 * Birth, while the loader changes nothing (within dl_iterate_phdr).  any is a
 * module of the list.  The executable, what it needs (DT_NEEDED), what that
 * needs, and so on; not what was preloaded, or opened by dlopen so far.
 */
void dsam_startup_find(struct dsam_startup *s, const struct link_map *any);

/* Is map one of them? */
bool dsam_startup_has(const struct dsam_startup *s, const struct link_map *map);

#endif
