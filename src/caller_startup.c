// SPDX-License-Identifier: MIT
/*
 * Room: COLD (birth).  Which modules stay.
 * May: read what the loader has in memory.  Must not: call the loader, which
 * is in the midst of telling us.
 */
#include "caller_startup.h"

#include "caller_module.h"
#include "caller_name.h"

#include <string.h>

bool dsam_startup_has(const struct dsam_startup *s, const struct link_map *map)
{
	for (unsigned i = 0; i < s->count; i++)
		if (s->map[i] == map)
			return true;
	return false;
}

static const char *strings_of(const struct link_map *map)
{
	for (const ElfW(Dyn) *d = map->l_ld; d && d->d_tag != DT_NULL; d++)
		if (d->d_tag == DT_STRTAB)
			return (const char *)(d->d_un.d_ptr < map->l_addr
						      ? map->l_addr +
								d->d_un.d_ptr
						      : d->d_un.d_ptr);
	return NULL;
}

/*
 * The loader finds what is needed under its own name, in a directory or as the
 * path that it is.  What was there at the start comes first in the list.
 */
static void add(struct dsam_startup *s, const char *needed)
{
	for (const struct link_map *m = s->map[0]; m; m = m->l_next) {
		if (strcmp(m->l_name, needed) &&
		    strcmp(dsam_name_base(m->l_name), needed))
			continue;
		if (!dsam_startup_has(s, m) && s->count < DSAM_STARTUP_MODULES)
			s->map[s->count++] = m;
		return;
	}
}

void dsam_startup_find(struct dsam_startup *s, const struct link_map *any)
{
	while (any->l_prev)
		any = any->l_prev;
	s->map[0] = any;
	s->count = 1;
	for (unsigned i = 0; i < s->count; i++) {
		const char *strings = strings_of(s->map[i]);

		for (const ElfW(Dyn) *d = s->map[i]->l_ld;
		     strings && d && d->d_tag != DT_NULL; d++)
			if (d->d_tag == DT_NEEDED)
				add(s, strings + d->d_un.d_val);
	}
}
