// SPDX-License-Identifier: MIT
/*
 * Room: HOT.  What the caller rules say of a module, from what the loader has
 * in memory of it; once a module, after the CPU has done its first copy.
 * May: read the module, whose code is running and which therefore stays.
 * Must not: allocate, lock, make a system call, call libc.
 */
#include "caller_module.h"

#include "caller_name.h"

#include <link.h>

/* A module without a build ID is known by so much of its first segment. */
#define SUM_BYTES 16384UL

struct dsam_modules dsam_modules;

typedef uint64_t pair __attribute__((vector_size(16)));

static inline pair add(pair sum, const char *p)
{
	pair w;

	__builtin_memcpy(&w, p, sizeof(w));
	sum = (sum << 23 | sum >> 41) + w;
	return sum ^ sum >> 29;
}

/* Four that do not wait for one another: it is done for each copy. */
static void sum(const char *start, size_t n, uint64_t id[2])
{
	const char *p = start;
	pair a = {n, 1}, b = {n, 2}, c = {n, 3}, d = {n, 4};

	for (; n >= 4 * sizeof(pair); n -= 4 * sizeof(pair)) {
		a = add(a, p);
		b = add(b, p + sizeof(pair));
		c = add(c, p + 2 * sizeof(pair));
		d = add(d, p + 3 * sizeof(pair));
		p += 4 * sizeof(pair);
	}
	for (; n >= sizeof(pair); n -= sizeof(pair), p += sizeof(pair))
		a = add(a, p);
	if (n && p != start)
		b = add(b, p + n - sizeof(pair));
	a = (a << 11 | a >> 53) + b;
	c = (c << 29 | c >> 35) + d;
	a = (a << 17 | a >> 47) + c;
	id[0] = a[0];
	id[1] = a[1];
}

bool dsam_module_is(const struct dsam_module *m, const struct dl_find_object *o)
{
	uint64_t id[2];

	if (m->start != o->dlfo_map_start || m->end != o->dlfo_map_end ||
	    m->map != o->dlfo_link_map)
		return false;
	if (m->build_id)
		__builtin_memcpy(id, m->build_id, sizeof(id));
	else
		sum(m->start, m->summed, id);
	return id[0] == m->id[0] && id[1] == m->id[1];
}

const struct dsam_module *dsam_module_find(const struct dl_find_object *o)
{
	const struct dsam_module *m =
		atomic_load_explicit(&dsam_modules.first, memory_order_acquire);

	while (m && !dsam_module_is(m, o))
		m = m->next;
	return m;
}

/* The program headers, if they are in the first page, or NULL. */
static const ElfW(Phdr) * headers(const char *start, unsigned *count)
{
	const ElfW(Ehdr) *e = (const ElfW(Ehdr) *)start;

	if (e->e_ident[EI_MAG0] != ELFMAG0 || e->e_ident[EI_MAG1] != 'E' ||
	    e->e_phentsize != sizeof(ElfW(Phdr)) ||
	    e->e_phoff + e->e_phnum * sizeof(ElfW(Phdr)) > DSAM_PAGE)
		return NULL;
	*count = e->e_phnum;
	return (const ElfW(Phdr) *)(start + e->e_phoff);
}

bool dsam_module_segment(const struct dl_find_object *o, const void *p,
			 const uint8_t **start, const uint8_t **end)
{
	unsigned count = 0;
	const ElfW(Phdr) *h = headers(o->dlfo_map_start, &count);
	uintptr_t base = o->dlfo_link_map->l_addr, at = (uintptr_t)p - base;

	for (unsigned i = 0; p && h && i < count; i++)
		if (h[i].p_type == PT_LOAD && h[i].p_flags & PF_R &&
		    at - h[i].p_vaddr < h[i].p_filesz) {
			*start = (const uint8_t *)p - (at - h[i].p_vaddr);
			*end = *start + h[i].p_filesz;
			return true;
		}
	return false;
}

/* GNU's build ID among the notes at p. */
static const char *build_id_in(const char *p, size_t n)
{
	while (n >= sizeof(ElfW(Nhdr))) {
		const ElfW(Nhdr) *h = (const ElfW(Nhdr) *)p;
		size_t name = (h->n_namesz + 3UL) & ~3UL;
		size_t all = sizeof(*h) + name + ((h->n_descsz + 3UL) & ~3UL);

		if (h->n_type == NT_GNU_BUILD_ID && name == 4 &&
		    p[sizeof(*h)] == 'G' && h->n_descsz >= 16)
			return p + sizeof(*h) + name;
		if (all > n)
			break;
		p += all;
		n -= all;
	}
	return NULL;
}

/* Who the module is: its build ID, or else a sum. */
static void identify(struct dsam_module *m)
{
	unsigned count = 0;
	const ElfW(Phdr) *p = headers(m->start, &count);
	uint64_t base = 0;

	m->build_id = NULL;
	m->summed = 0;
	for (unsigned i = 0; p && i < count; i++)
		if (p[i].p_type == PT_LOAD) {
			base = p[i].p_vaddr & -DSAM_PAGE;
			m->summed = p[i].p_filesz < SUM_BYTES ? p[i].p_filesz
							      : SUM_BYTES;
			break;
		}
	for (unsigned i = 0; p && i < count && !m->build_id; i++)
		/* The first page is there whoever comes after. */
		if (p[i].p_type == PT_NOTE &&
		    p[i].p_vaddr - base + p[i].p_filesz <= DSAM_PAGE)
			m->build_id = build_id_in(
				m->start + p[i].p_vaddr - base, p[i].p_filesz);
	if (m->build_id)
		__builtin_memcpy(m->id, m->build_id, sizeof(m->id));
	else
		sum(m->start, m->summed, m->id);
}

void dsam_module_begin(struct dsam_look *l, const struct dl_find_object *o,
		       const char *file, const char *other)
{
	l->object = o;
	l->path = file;
	l->each = NULL;
	l->name[0] = dsam_name_base(file);
	l->name[1] = other ? dsam_name_base(other) : NULL;
	l->rules = l->ranges = l->bits = 0;
	l->module = NULL;
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

static bool names(const struct dsam_rule *r, const char *symbol,
		  const char *plain, const char *demangled)
{
	return dsam_name_glob(r->symbol, symbol) ||
	       (plain && dsam_name_glob(r->symbol, plain)) ||
	       (demangled && dsam_name_glob(r->symbol, demangled));
}

void dsam_module_function(struct dsam_look *l, const char *symbol,
			  uint64_t offset, uint64_t size, const char *demangled)
{
	uint64_t most = (uint64_t)((const char *)l->object->dlfo_map_end -
				   (const char *)l->object->dlfo_map_start);
	char plain[DSAM_NAME_ROOM];
	bool is_cxx = dsam_name_demangle(symbol, plain, sizeof(plain));
	uint32_t bits = 0;

	for (unsigned i = 0; i < l->rules; i++) {
		const struct dsam_rule *r = &dsam_modules.rule[l->rule[i]];

		if (!r->symbol ||
		    !names(r, symbol, is_cxx ? plain : NULL, demangled))
			continue;
		bits |= r->bits;
		l->found[i] = true;
	}
	if (!bits || offset >= most || most > UINT32_MAX)
		return;
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

/* glibc relocates these pointers in place, but not the vdso's. */
static const void *pointer(const struct link_map *map, uint64_t p)
{
	return (const void *)(p < map->l_addr ? map->l_addr + p : p);
}

void dsam_module_dynsym(struct dsam_look *l)
{
	const struct link_map *map = l->object->dlfo_link_map;
	const char *start = l->object->dlfo_map_start, *strings = NULL;
	const ElfW(Sym) *sym = NULL;
	uint32_t count = 0;

	for (const ElfW(Dyn) *d = map->l_ld; d && d->d_tag != DT_NULL; d++) {
		const void *p = pointer(map, d->d_un.d_ptr);

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
	if (atomic_load_explicit(&dsam_modules.used, memory_order_relaxed) + n >
	    dsam_modules.room_bytes)
		return false;
	at = atomic_fetch_add(&dsam_modules.used, n);
	if (at + n > dsam_modules.room_bytes)
		return false;
	l->module = (struct dsam_module *)(dsam_modules.room + at);
	to = dsam_modules.room + at + path;
	l->module->path = to;
	for (const char *p = l->path; *p; p++) {
		*to++ = *p;
		__asm__ volatile("" ::: "memory"); /* no call of strcpy */
	}
	*to = 0;
	l->ranges = 0;
	return true;
}

void dsam_module_publish(struct dsam_look *l, bool is_late, uint32_t missed)
{
	struct dsam_module *m = l->module;

	m->start = l->object->dlfo_map_start;
	m->end = l->object->dlfo_map_end;
	m->map = l->object->dlfo_link_map;
	m->bits = l->bits;
	m->is_late = is_late;
	m->missed = missed;
	m->ranges = l->ranges;
	identify(m);
	/* Two threads may have looked at it at once: alike, and harmless. */
	m->next = atomic_load(&dsam_modules.first);
	while (!atomic_compare_exchange_weak(&dsam_modules.first, &m->next, m))
		;
}

void dsam_module_learn(const struct dl_find_object *o)
{
	const struct link_map *map = o->dlfo_link_map;
	uint32_t missed = 0;
	struct dsam_look l;

	if (dsam_module_find(o))
		return;
	dsam_module_begin(&l, o,
			  map->l_name[0] ? map->l_name : dsam_modules.program,
			  NULL);
	if (l.rules)
		dsam_module_dynsym(&l);
	if (!dsam_module_take(&l))
		return;
	if (l.rules)
		dsam_module_dynsym(&l);
	for (unsigned i = 0; i < l.rules; i++) {
		const struct dsam_rule *r = &dsam_modules.rule[l.rule[i]];

		if (!l.found[i] && r->symbol && !r->is_glob)
			missed |= r->bits & DSAM_RULE_DENY;
	}
	dsam_module_publish(&l, true, missed);
}
