// SPDX-License-Identifier: MIT
/*
 * Room: COLD (birth).  What the caller rules mean for the modules that are
 * there.
 * May: read files, and what demangling a name takes.
 * Must not: keep a file open.
 */
#include "caller_rules.h"

#include "caller.h"
#include "caller_learn.h"
#include "caller_startup.h"

#include <limits.h>
#include <link.h>
#include <stdlib.h>
#include <unistd.h>

static void note_found(const struct dsam_look *l)
{
	for (unsigned i = 0; i < l->rules; i++) {
		struct dsam_rule *r = &dsam_modules.rule[l->rule[i]];

		r->has_module = true;
		r->has_symbol = r->has_symbol || l->found[i];
	}
}

static void resolve(const struct dsam_startup *s,
		    const struct dl_find_object *o, const char *path)
{
	bool is_program = path == dsam_modules.program;
	char real[PATH_MAX], *other = realpath(path, real);
	struct dsam_symbols table = {0};
	struct dsam_look l;

	dsam_module_begin(&l, o, path,
			  is_program ? dsam_modules.program_too : other);
	l.demangle = dsam_callers.demangle;
	if (dsam_learn_has_functions(&l))
		dsam_symbols_read(&table, path, o->dlfo_map_start);
	dsam_learn_functions(&l, &table);
	note_found(&l);
	l.stays = dsam_startup_has(s, o->dlfo_link_map);
	if (dsam_module_take(&l)) {
		dsam_learn_functions(&l, &table);
		dsam_module_publish(&l, false, 0);
	}
	dsam_symbols_drop(&table);
}

/* An address in the module's code: the first byte of what may be executed. */
static uintptr_t code_of(const struct dl_phdr_info *info)
{
	for (unsigned i = 0; i < info->dlpi_phnum; i++)
		if (info->dlpi_phdr[i].p_type == PT_LOAD &&
		    info->dlpi_phdr[i].p_flags & PF_X)
			return info->dlpi_addr + info->dlpi_phdr[i].p_vaddr;
	return 0;
}

/* The program comes first, and has been found by a segment of it. */
static void note_program(const struct dl_phdr_info *info,
			 struct dl_find_object *o)
{
	uint64_t start = UINT64_MAX, end = 0;

	for (unsigned i = 0; i < info->dlpi_phnum; i++) {
		const ElfW(Phdr) *p = &info->dlpi_phdr[i];

		if (p->p_type != PT_LOAD)
			continue;
		start = p->p_vaddr < start ? p->p_vaddr : start;
		end = p->p_vaddr + p->p_memsz > end ? p->p_vaddr + p->p_memsz
						    : end;
	}
	dsam_callers.program = o->dlfo_link_map;
	dsam_callers.program_start =
		(char *)info->dlpi_addr + (start & -DSAM_PAGE);
	dsam_callers.program_end = (char *)info->dlpi_addr + end;
	o->dlfo_map_start = dsam_callers.program_start;
	o->dlfo_map_end = dsam_callers.program_end;
}

static int each(struct dl_phdr_info *info, size_t size, void *user)
{
	struct dsam_startup *s = user;
	uintptr_t code = code_of(info);
	struct dl_find_object o;

	(void)size;
	if (!code || dsam_caller_find(code, &o))
		return 0;
	if (!s->count) {
		dsam_startup_find(s, o.dlfo_link_map);
		note_program(info, &o);
	}
	resolve(s, &o,
		info->dlpi_name[0] ? info->dlpi_name : dsam_modules.program);
	return 0;
}

void dsam_caller_rules_resolve(void)
{
	struct dsam_startup s = {.count = 0};

	dl_iterate_phdr(each, &s);
}
