// SPDX-License-Identifier: MIT
/* Which modules stay: what the program was started with, and no other. */
#include "caller_startup.h"

#include "suite.h"

#include <dlfcn.h>
#include <stdlib.h>
#include <string.h>

#define MODULES 7

/* A module with up to three names of others, as offsets into strings. */
static const char strings[] = "\0libx.so.1\0liby.so\0./own.so\0libgone.so";
#define LIBX 1
#define LIBY 11
#define OWN 19
#define GONE 28

static struct link_map map[MODULES];
static ElfW(Dyn) dynamic[MODULES][5];

static void module(unsigned i, const char *name, const unsigned needed[3])
{
	unsigned n = 0;

	map[i].l_name = (char *)(uintptr_t)name;
	map[i].l_prev = i ? &map[i - 1] : NULL;
	map[i].l_next = i + 1 < MODULES ? &map[i + 1] : NULL;
	map[i].l_ld = dynamic[i];
	dynamic[i][n].d_tag = DT_STRTAB;
	dynamic[i][n++].d_un.d_ptr = (uintptr_t)strings;
	for (unsigned k = 0; k < 3 && needed[k]; k++) {
		dynamic[i][n].d_tag = DT_NEEDED;
		dynamic[i][n++].d_un.d_val = needed[k];
	}
	dynamic[i][n].d_tag = DT_NULL;
}

START_TEST(what_is_needed_and_nothing_else)
{
	static const unsigned none[3], of_main[3] = {LIBX, OWN, GONE},
				       of_x[3] = {LIBY, LIBX};
	struct dsam_startup s;

	module(0, "", of_main);
	module(1, "/lib/preloaded.so", none);
	module(2, "/lib/libx.so.1", of_x);
	module(3, "./own.so", none);
	module(4, "/usr/lib/liby.so", none);
	/* By dlopen in a constructor, before we were born. */
	module(5, "/opt/libx.so.1", of_x);
	module(6, "/opt/plugin.so", of_main);
	dsam_startup_find(&s, &map[4]);
	ck_assert_uint_eq(s.count, 4);
	for (unsigned i = 0; i < MODULES; i++)
		ck_assert_int_eq(dsam_startup_has(&s, &map[i]),
				 i == 0 || (i >= 2 && i <= 4));
}
END_TEST

static int find(struct dl_phdr_info *info, size_t size, void *user)
{
	struct dl_find_object o;

	(void)size;
	for (unsigned i = 0; i < info->dlpi_phnum; i++)
		if (info->dlpi_phdr[i].p_type == PT_LOAD &&
		    !_dl_find_object((char *)info->dlpi_addr +
					     info->dlpi_phdr[i].p_vaddr,
				     &o)) {
			dsam_startup_find(user, o.dlfo_link_map);
			return 1;
		}
	return 0;
}

static const struct link_map *map_of(const char *name)
{
	void *l = dlopen(name, RTLD_NOW | RTLD_NOLOAD);
	struct link_map *m = NULL;

	ck_assert_ptr_nonnull(l);
	ck_assert_int_eq(dlinfo(l, RTLD_DI_LINKMAP, &m), 0);
	dlclose(l);
	return m;
}

/* The loader's own list. */
START_TEST(this_program)
{
	void *late = dlopen("libresolv.so.2", RTLD_NOW);
	struct dsam_startup s;

	ck_assert_ptr_nonnull(late);
	ck_assert_int_eq(dl_iterate_phdr(find, &s), 1);
	ck_assert(dsam_startup_has(&s, map_of(NULL)));
	ck_assert(dsam_startup_has(&s, map_of("libc.so.6")));
	ck_assert(!dsam_startup_has(&s, map_of("libresolv.so.2")));
	dlclose(late);
}
END_TEST

RUN_SUITE("caller_startup", what_is_needed_and_nothing_else, this_program)
