// SPDX-License-Identifier: MIT
/*
 * Room: COLD (death).  Functions' names for the callers of the report.
 * May: read the files of the modules that are loaded.
 * Must not: allocate from the heap, call into a module.
 */
#include "report.h"

#include "symbols.h"

#include <link.h>
#include <stdio.h>
#include <string.h>

/* A function of the module: the name of those rows that it covers. */
static void take(struct dsam_report *r, const struct dsam_module *m,
		 const char *symbol, uint64_t at, uint64_t size,
		 bool is_dynamic)
{
	for (unsigned i = 0; i < r->callers; i++) {
		struct dsam_report_caller *c = &r->caller[i];

		if (c->module != m || c->offset <= at || c->offset > at + size)
			continue;
		/* Of aliases the first, but one that others may see wins. */
		if (c->function[0] && (c->is_dynamic || !is_dynamic))
			continue;
		snprintf(c->function, sizeof(c->function), "%s", symbol);
		c->function_at = at;
		c->is_dynamic = is_dynamic;
	}
}

static void take_dynamic(struct dsam_look *l, const char *symbol,
			 uint64_t offset, uint64_t size)
{
	take(l->user, l->module, symbol, offset, size, true);
}

static void name_module(struct dsam_report *r, struct dsam_module *m)
{
	struct dl_find_object o;
	struct dsam_symbols s;
	struct dsam_look l = {.object = &o, .each = take_dynamic, .user = r};

	if (dsam_caller_find((uintptr_t)m->start, &o) || !dsam_module_is(m, &o))
		return; /* unloaded since */
	l.module = m;
	dsam_module_dynsym(&l);
	if (!dsam_symbols_read(&s, m->path, m->start))
		return;
	for (size_t i = 0; i < s.count; i++) {
		const char *name = dsam_symbols_function(&s, i);
		uint64_t at = o.dlfo_link_map->l_addr + s.symbol[i].st_value;

		if (name && at >= (uintptr_t)m->start)
			take(r, m, name, at - (uintptr_t)m->start,
			     s.symbol[i].st_size, false);
	}
	dsam_symbols_drop(&s);
}

void dsam_report_names(struct dsam_report *r)
{
	struct dsam_module *m = atomic_load(&dsam_modules.first);

	for (; m; m = m->next)
		for (unsigned i = 0; i < r->callers; i++)
			if (r->caller[i].module == m) {
				name_module(r, m);
				break;
			}
}
