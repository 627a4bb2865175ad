// SPDX-License-Identifier: MIT
/*
 * Room: COLD (birth; and once a module that comes later, after the CPU has
 * done its first copy).  Which functions of a module the caller rules name.
 * May: read the file, by raw system calls.
 * Must not: allocate, lock or call what a signal handler may not, but for
 * demangle's sake at birth.
 */
#include "caller_learn.h"

#include <stdlib.h>
#include <string.h>

bool dsam_learn_from_file(struct dsam_look *l, const struct dsam_symbols *s,
			  dsam_demangle *demangle)
{
	const struct link_map *map = l->object->dlfo_link_map;
	uintptr_t start = (uintptr_t)l->object->dlfo_map_start;

	for (size_t i = 0; i < s->count; i++) {
		const char *name = dsam_symbols_function(s, i);
		uint64_t at = map->l_addr + s->symbol[i].st_value;
		char *cxx = NULL;

		if (!name || at < start)
			continue;
		if (demangle && name[0] == '_' && name[1] == 'Z')
			cxx = demangle(name, NULL, NULL, NULL);
		dsam_module_function(l, name, at - start, s->symbol[i].st_size,
				     cxx);
		if (cxx)
			free(cxx);
	}
	return s->count;
}

bool dsam_learn_has_functions(const struct dsam_look *l)
{
	for (unsigned i = 0; i < l->rules; i++)
		if (dsam_modules.rule[l->rule[i]].symbol)
			return true;
	return false;
}

/* May the file name functions for the rules that .dynsym has not? */
static bool has_more(const struct dsam_look *l)
{
	for (unsigned i = 0; i < l->rules; i++) {
		const char *symbol = dsam_modules.rule[l->rule[i]].symbol;

		if (symbol && (!l->found[i] || strpbrk(symbol, "*?[")))
			return true;
	}
	return false;
}

/* What an unnamed function of the module may be: one that is to be denied. */
static uint32_t missed_by(const struct dsam_look *l)
{
	uint32_t missed = 0;

	for (unsigned i = 0; i < l->rules; i++) {
		const struct dsam_rule *r = &dsam_modules.rule[l->rule[i]];

		if (!l->found[i] && r->symbol && !r->is_glob)
			missed |= r->bits & DSAM_RULE_DENY;
	}
	return missed;
}

void dsam_module_learn(const struct dl_find_object *o)
{
	const char *path = dsam_module_path(o);
	struct dsam_symbols s = {0};
	struct dsam_look l;

	if (dsam_module_find(o))
		return;
	dsam_module_begin(&l, o, path, NULL);
	if (l.rules)
		dsam_module_dynsym(&l);
	if (has_more(&l) && dsam_symbols_read(&s, path, o->dlfo_map_start)) {
		dsam_module_begin(&l, o, path, NULL);
		(void)dsam_learn_from_file(&l, &s, NULL);
	}
	if (dsam_module_take(&l)) {
		if (l.rules && !dsam_learn_from_file(&l, &s, NULL))
			dsam_module_dynsym(&l);
		dsam_module_publish(&l, true, s.count ? 0 : missed_by(&l));
	}
	dsam_symbols_drop(&s);
}
