// SPDX-License-Identifier: MIT
/*
 * Room: HOT.  Which module it is that the loader has at a place.
 * May: read the module, whose code is running and which therefore stays.
 * Must not: allocate, lock, make a system call, call libc.
 */
#include "caller_module.h"

/* A module without a build ID is known by so much of its first segment. */
#define SUM_BYTES 16384UL

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

/*
 * A copy of the file under another name, which rules may name.  By words, as
 * glibc has names from malloc: a word has a byte of the name or its end.
 */
__attribute__((no_sanitize("address"))) static bool
is_named(const struct dsam_module *m, const char *name)
{
	const char *path = m->path, *end = path + m->path_bytes;
	uint64_t a, b;

	if (!((uintptr_t)name % sizeof(a)))
		for (; end - path >= (ptrdiff_t)sizeof(a); path += sizeof(a)) {
			__builtin_memcpy(&a, path, sizeof(a));
			__builtin_memcpy(&b, name, sizeof(b));
			if (a != b)
				return false;
			name += sizeof(a);
		}
	while (path < end && *path == *name) {
		path++;
		name++;
	}
	return path == end && !*name;
}

bool dsam_module_is(const struct dsam_module *m, const struct dl_find_object *o)
{
	uint64_t id[2];

	if (m->start != o->dlfo_map_start || m->end != o->dlfo_map_end ||
	    m->map != o->dlfo_link_map)
		return false;
	if (m->is_late && !is_named(m, dsam_module_path(o)))
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

void dsam_module_identify(struct dsam_module *m)
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
