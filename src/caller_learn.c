// SPDX-License-Identifier: MIT
/*
 * Room: COLD (birth; and once a module that comes later).  Which functions of
 * a module the caller rules name.
 * May: read the file, by raw system calls; in dlopen, too, what libc does.
 * Must not: allocate, lock or call what may not be called in the midst of
 * malloc or dlopen, but for demangle's sake at birth and in dlopen.
 */
#include "caller_learn.h"

#include "caller_name.h"
#include "log.h"
#include "sandbox.h"

#include <stdlib.h>
#include <string.h>

/* Where the parameters of a demangled name begin; its length: it has none. */
static size_t parameters_of(const char *cxx)
{
	const char *p = strrchr(cxx, ')');
	int open = 0;

	for (; p && p >= cxx; p--) {
		open += (*p == ')') - (*p == '(');
		if (!open)
			return (size_t)(p - cxx);
	}
	return strlen(cxx);
}

/* Where the name begins behind the type that a template returns. */
static size_t name_in(const char *cxx, size_t n)
{
	const char word[] = "operator";
	size_t from = 0;
	int open = 0;

	for (size_t i = 0; i < n; i++) {
		bool is_front = !i || strchr(" :", cxx[i - 1]);

		/* Its sign, or type, belongs to the name. */
		if (!open && is_front &&
		    !strncmp(cxx + i, word, sizeof(word) - 1))
			break;
		open += (cxx[i] == '(' || cxx[i] == '<') -
			(cxx[i] == ')' ||
			 (cxx[i] == '>' && i && cxx[i - 1] != '-'));
		if (cxx[i] == ' ' && !open)
			from = i + 1;
	}
	return from;
}

/*
 * A function, also by what l->demangle makes of its name: with and without
 * parameters, and what it returns.
 */
static void tell(struct dsam_look *l, const char *name, uint64_t offset,
		 uint64_t size)
{
	char *cxx = NULL, *bare = NULL;
	size_t n;

	if (l->demangle && name[0] == '_' && name[1] == 'Z')
		cxx = l->demangle(name, NULL, NULL, NULL);
	if (cxx) {
		n = parameters_of(cxx);
		bare = strndup(cxx, n);
		n = name_in(cxx, n);
	}
	if (bare) {
		const char *also[] = {cxx, cxx + n, bare, bare + n, NULL};

		dsam_module_function(l, name, offset, size, also);
	} else {
		dsam_module_function(l, name, offset, size, NULL);
	}
	if (cxx)
		free(cxx);
	if (bare)
		free(bare);
}

void dsam_learn_functions(struct dsam_look *l, const struct dsam_symbols *s)
{
	const struct link_map *map = l->object->dlfo_link_map;
	uintptr_t start = (uintptr_t)l->object->dlfo_map_start;

	if (!l->rules)
		return;
	/* Either table may be without what the other has. */
	l->each = tell;
	dsam_module_dynsym(l);
	l->each = NULL;
	for (size_t i = 0; i < s->count; i++) {
		const char *name = dsam_symbols_function(s, i);
		uint64_t at = map->l_addr + s->symbol[i].st_value;

		if (name && at >= start)
			tell(l, name, at - start, s->symbol[i].st_size);
	}
}

bool dsam_learn_has_functions(const struct dsam_look *l)
{
	for (unsigned i = 0; i < l->rules; i++)
		if (dsam_modules.rule[l->rule[i]].symbol)
			return true;
	return false;
}

bool dsam_learn_is_met(const struct dsam_rule *r, bool has_symbol)
{
	return has_symbol || !r->symbol || !dsam_name_is_glob(r->pattern);
}

/*
 * May the file name functions for the rules that .dynsym has not?  Overloads
 * of one name may be in either.
 */
static bool has_more(const struct dsam_look *l)
{
	for (unsigned i = 0; i < l->rules; i++) {
		const char *symbol = dsam_modules.rule[l->rule[i]].symbol;

		if (symbol && (!l->found[i] || strpbrk(symbol, "*?[:")))
			return true;
	}
	return false;
}

/* Functions that no other file sees: strip takes their names first. */
static bool has_locals(const struct dsam_symbols *s)
{
	for (size_t i = 0; i < s->count; i++)
		if (ELF64_ST_BIND(s->symbol[i].st_info) == STB_LOCAL &&
		    dsam_symbols_function(s, i))
			return true;
	return false;
}

/*
 * What a function may be that no range covers: one that is to be denied, as a
 * rule was not found.  In a whole table it is not there, unless the rule has
 * parameters, which nobody has looked for.
 */
static uint32_t missed_by(const struct dsam_look *l, bool is_whole)
{
	uint32_t missed = 0;
	const char *unseen = l->demangle ? "" : "(<";

	for (unsigned i = 0; i < l->rules; i++) {
		const struct dsam_rule *r = &dsam_modules.rule[l->rule[i]];

		if (!l->found[i] && r->symbol && !r->is_glob &&
		    (!is_whole || strpbrk(r->symbol, unseen)))
			missed |= r->bits & DSAM_RULE_DENY;
	}
	return missed;
}

/* Globs that have matched nothing so far, and do so here. */
static void meet(const struct dsam_look *l)
{
	for (unsigned i = 0; i < l->rules; i++) {
		struct dsam_rule *r = &dsam_modules.rule[l->rule[i]];

		if (dsam_learn_is_met(r, l->found[i]) &&
		    atomic_exchange(&r->is_awaited, false))
			atomic_fetch_sub(&dsam_modules.awaited, 1);
	}
}

void dsam_module_note(const struct dl_find_object *o)
{
	struct dsam_look l;

	if (atomic_load(&dsam_modules.is_full) || dsam_module_find(o))
		return;
	dsam_module_look(&l, o, dsam_module_path(o));
	if (dsam_module_take(&l))
		dsam_module_publish(&l, true, 0);
}

/*
 * As at birth: what matches no function of a library that a rule names, when
 * the first of that name comes.
 */
static void tell_unmet(const struct dsam_look *l)
{
	for (unsigned i = 0; i < l->rules; i++) {
		struct dsam_rule *r = &dsam_modules.rule[l->rule[i]];
		bool is_met = dsam_learn_is_met(r, l->found[i]);

		if (r->is_glob || r->has_module)
			continue;
		r->has_module = true;
		if (!r->symbol || l->found[i])
			continue;
		if (!is_met) {
			r->is_awaited = true;
			atomic_fetch_add(&dsam_modules.awaited, 1);
		}
		dsam_log(DSAM_LOG_WARN,
			 "%s: rule '%.100s:%.100s' matches no function of %s, "
			 "which was loaded now%s",
			 r->bits == DSAM_RULE_ALLOW ? "callers_allow"
						    : "callers_deny",
			 r->module, r->symbol, l->name[0],
			 is_met ? ""
				: ", expected a glob that does; nothing is "
				  "offloaded");
	}
}

static void look(struct dsam_look *l, const struct dl_find_object *o,
		 const struct dsam_dlopen *in)
{
	dsam_module_begin(l, o, dsam_module_path(o), in ? in->name : NULL);
	l->demangle = in ? in->demangle : NULL;
}

void dsam_module_learn(const struct dl_find_object *o,
		       const struct dsam_dlopen *in)
{
	const struct dsam_module *m = dsam_module_find(o);
	struct dsam_symbols s = {0};
	bool was_read = false;
	struct dsam_look l;

	if (atomic_load(&dsam_modules.is_full) || (m && m->is_asked))
		return;
	look(&l, o, in);
	dsam_learn_functions(&l, &s);
	if (has_more(&l) && !dsam_sandbox_may_be_shut())
		was_read = dsam_symbols_read(&s, dsam_module_path(o),
					     o->dlfo_map_start);
	if (was_read) {
		look(&l, o, in);
		dsam_learn_functions(&l, &s);
	}
	if (dsam_module_take(&l)) {
		dsam_learn_functions(&l, &s);
		dsam_module_publish(&l, true, missed_by(&l, has_locals(&s)));
		meet(&l);
		if (in && was_read)
			tell_unmet(&l);
	}
	dsam_symbols_drop(&s);
}
