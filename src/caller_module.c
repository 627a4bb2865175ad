// SPDX-License-Identifier: MIT
/*
 * Room: HOT.  What the caller rules say of a module, from what the loader has
 * in memory of it; once a module, after the CPU has done its first copy.
 * May: read the module, whose code is running and which therefore stays.
 * Must not: allocate, lock, make a system call, call libc.
 */
#include "caller_module.h"

#include "caller_name.h"

struct dsam_modules dsam_modules;

void dsam_module_look(struct dsam_look *l, const struct dl_find_object *o,
		      const char *file)
{
	l->object = o;
	l->path = file;
	l->each = NULL;
	l->rules = l->ranges = l->bits = 0;
	l->stays = false;
	l->is_asked = !dsam_modules.rules;
	l->demangle = NULL;
	l->module = NULL;
}

void dsam_module_begin(struct dsam_look *l, const struct dl_find_object *o,
		       const char *file, const char *other)
{
	dsam_module_look(l, o, file);
	l->is_asked = true;
	l->name[0] = dsam_name_base(file);
	l->name[1] = other ? dsam_name_base(other) : NULL;
	for (unsigned i = 0; i < dsam_modules.rules; i++) {
		const struct dsam_rule *r = &dsam_modules.rule[i];

		if (!dsam_name_module(r->module, l->name[0]) &&
		    !(l->name[1] && dsam_name_module(r->module, l->name[1])))
			continue;
		l->found[l->rules] = false;
		l->rule[l->rules++] = (uint8_t)i;
		if (!r->symbol)
			l->bits |= r->bits;
	}
}

enum match {
	NO,
	MAY_BE,
	YES
};

static enum match names(const struct dsam_rule *r, const char *symbol,
			const char *plain, const char *const *also)
{
	if (dsam_name_glob(r->pattern, symbol) ||
	    (plain && dsam_name_glob(r->pattern, plain)))
		return YES;
	/* A template, an operator: rather denied than let pass. */
	if (!also)
		return !plain && r->bits & DSAM_RULE_DENY &&
				       dsam_name_may_be(r->symbol, symbol)
			       ? MAY_BE
			       : NO;
	while (*also)
		if (dsam_name_glob(r->pattern, *also++))
			return YES;
	return NO;
}

void dsam_module_function(struct dsam_look *l, const char *symbol,
			  uint64_t offset, uint64_t size,
			  const char *const *also)
{
	uint64_t most = (uint64_t)((const char *)l->object->dlfo_map_end -
				   (const char *)l->object->dlfo_map_start);
	char plain[DSAM_NAME_ROOM];
	bool is_cxx = dsam_name_demangle(symbol, plain, sizeof(plain));
	uint32_t bits = 0;

	for (unsigned i = 0; i < l->rules; i++) {
		const struct dsam_rule *r = &dsam_modules.rule[l->rule[i]];
		enum match m = r->symbol ? names(r, symbol,
						 is_cxx ? plain : NULL, also)
					 : NO;

		if (m == NO)
			continue;
		bits |= r->bits;
		l->found[i] = l->found[i] || m == YES;
	}
	if (!bits || offset >= most)
		return;
	/* Too large for offsets; or no memory to demangle, the first time. */
	if (most > UINT32_MAX || (l->module && l->ranges == l->counted)) {
		l->bits |= bits & DSAM_RULE_DENY;
		return;
	}
	if (l->module)
		l->module->range[l->ranges] = (struct dsam_range){
			(uint32_t)offset,
			(uint32_t)(size < most - offset ? offset + size : most),
			bits};
	l->ranges++;
}

/* How many symbols a GNU hash table covers: the end of its longest chain. */
static uint32_t count_symbols(const uint32_t *hash)
{
	uint32_t buckets = hash[0], first = hash[1], last = 0;
	const uint32_t *bucket =
		(const uint32_t *)((const uint64_t *)(hash + 4) + hash[2]);
	const uint32_t *chain = bucket + buckets;

	for (uint32_t i = 0; i < buckets; i++)
		last = bucket[i] > last ? bucket[i] : last;
	if (last < first)
		return first;
	while (!(chain[last - first] & 1))
		last++;
	return last + 1;
}

void dsam_module_dynsym(struct dsam_look *l)
{
	const struct link_map *map = l->object->dlfo_link_map;
	const char *start = l->object->dlfo_map_start, *strings = NULL;
	const ElfW(Sym) *sym = NULL;
	uint32_t count = 0;

	for (const ElfW(Dyn) *d = map->l_ld; d && d->d_tag != DT_NULL; d++) {
		const void *p = dsam_module_pointer(l->object, d->d_un.d_ptr);

		if (d->d_tag == DT_SYMTAB)
			sym = p;
		else if (d->d_tag == DT_STRTAB)
			strings = p;
		else if (d->d_tag == DT_GNU_HASH)
			count = count_symbols(p);
		else if (d->d_tag == DT_HASH && !count)
			count = ((const uint32_t *)p)[1];
	}
	if (!sym || !strings)
		return;
	for (uint32_t i = 0; i < count; i++) {
		uint64_t at = map->l_addr + sym[i].st_value;

		if (ELF64_ST_TYPE(sym[i].st_info) != STT_FUNC ||
		    !sym[i].st_shndx || at < (uintptr_t)start)
			continue;
		at -= (uintptr_t)start;
		if (l->each)
			l->each(l, strings + sym[i].st_name, at,
				sym[i].st_size);
		else
			dsam_module_function(l, strings + sym[i].st_name, at,
					     sym[i].st_size, NULL);
	}
}

bool dsam_module_take(struct dsam_look *l)
{
	size_t n = sizeof(struct dsam_module) +
		   l->ranges * sizeof(struct dsam_range);
	size_t at, path = n;
	char *to;

	while (l->path[n - path])
		n++;
	n = (n + DSAM_LINE) & -DSAM_LINE;
	at = atomic_load_explicit(&dsam_modules.used, memory_order_relaxed);
	if (at + n <= dsam_modules.room_bytes)
		at = atomic_fetch_add(&dsam_modules.used, n);
	if (at + n > dsam_modules.room_bytes) {
		atomic_store(&dsam_modules.is_full, true);
		return false;
	}
	l->module = (struct dsam_module *)(dsam_modules.room + at);
	to = dsam_modules.room + at + path;
	l->module->path = to;
	for (const char *p = l->path; *p; p++) {
		*to++ = *p;
		__asm__ volatile("" ::: "memory"); /* no call of strcpy */
	}
	*to = 0;
	l->module->path_bytes = (uint32_t)(to - l->module->path);
	l->counted = l->ranges;
	l->ranges = 0;
	return true;
}

void dsam_module_publish(struct dsam_look *l, bool is_late, uint32_t missed)
{
	struct dsam_module *m = l->module;

	m->start = l->object->dlfo_map_start;
	m->end = l->object->dlfo_map_end;
	m->map = l->object->dlfo_link_map;
	/* Functions to deny may be those that were not found again. */
	m->bits = l->bits | (l->ranges < l->counted ? DSAM_RULE_DENY : 0);
	m->is_late = is_late;
	m->is_asked = l->is_asked;
	m->stays = l->stays;
	m->missed = missed;
	m->ranges = l->ranges;
	dsam_module_identify(m);
	/* Two threads may have looked at it at once: alike, and harmless. */
	m->next = atomic_load(&dsam_modules.first);
	while (!atomic_compare_exchange_weak(&dsam_modules.first, &m->next, m))
		;
}
