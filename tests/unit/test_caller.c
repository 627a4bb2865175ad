// SPDX-License-Identifier: MIT
/*
 * What rules say of return addresses in this very program and in libraries,
 * and what stats=callers counts.
 */
#include "suite.h"

#include "caller_birth.h"
#include "caller_frame.h"
#include "profile.h"
#include "slot.h"

#include <dlfcn.h>
#include <gnu/libc-version.h>
#include <link.h>
#include <signal.h>
#include <string.h>

static struct dsam_conf conf;
static struct dsam_caller_cache cache;

/* Never called: addresses in functions are what is asked for. */
int caller_test_one(int x);
int caller_test_two(int x);
__attribute__((noinline)) int caller_test_one(int x)
{
	return x + 1;
}
__attribute__((noinline)) int caller_test_two(int x)
{
	return x + 2;
}

static void set(const char *allow, const char *deny)
{
	dsam_conf_defaults(&conf);
	snprintf(conf.callers_allow, sizeof(conf.callers_allow), "%s", allow);
	snprintf(conf.callers_deny, sizeof(conf.callers_deny), "%s", deny);
	ck_assert_int_eq(dsam_caller_birth(&conf), 0);
}

/* As if the call were the first instruction of a function nobody called. */
static struct dsam_request from(const void *function)
{
	static const uintptr_t stack[64];

	return (struct dsam_request){.caller = (const char *)function + 1,
				     .stack = stack};
}

static enum dsam_caller_says ask(const void *function)
{
	struct dsam_request rq = from(function);

	return dsam_caller_ask(&cache, &rq);
}

static void learn(const void *function)
{
	struct dsam_request rq = from(function);

	dsam_caller_learn(&rq);
}

#define ONE ((const void *)(uintptr_t)caller_test_one)
#define TWO ((const void *)(uintptr_t)caller_test_two)
#define LIBC ((const void *)(uintptr_t)gnu_get_libc_version)

START_TEST(no_rules)
{
	set("", "");
	ck_assert(!dsam_callers.has_rules);
	ck_assert_ptr_null(dsam_profile);
}
END_TEST

START_TEST(deny_a_function)
{
	set("", "test_caller:caller_test_one");
	ck_assert(dsam_callers.has_rules);
	for (int i = 0; i < 3; i++) {
		ck_assert_int_eq(ask(ONE), DSAM_CALLER_DENIED);
		ck_assert_int_eq(ask(TWO), DSAM_CALLER_ADMITTED);
		ck_assert_int_eq(ask(LIBC), DSAM_CALLER_ADMITTED);
	}
}
END_TEST

START_TEST(allow_is_all_that_is_admitted)
{
	set("test_caller:*test_one", "");
	for (int i = 0; i < 3; i++) {
		ck_assert_int_eq(ask(ONE), DSAM_CALLER_ADMITTED);
		ck_assert_int_eq(ask(TWO), DSAM_CALLER_DENIED);
		ck_assert_int_eq(ask(LIBC), DSAM_CALLER_DENIED);
	}
}
END_TEST

START_TEST(deny_wins)
{
	set("test_caller,libc", "test_caller:caller_test_two");
	ck_assert_int_eq(ask(ONE), DSAM_CALLER_ADMITTED);
	ck_assert_int_eq(ask(TWO), DSAM_CALLER_DENIED);
	ck_assert_int_eq(ask(LIBC), DSAM_CALLER_ADMITTED);
}
END_TEST

START_TEST(code_of_no_module)
{
	set("*", "");
	ck_assert_int_eq(ask((void *)64), DSAM_CALLER_DENIED);
	set("", "*");
	ck_assert_int_eq(ask((void *)64), DSAM_CALLER_ADMITTED);
}
END_TEST

static struct dsam_caller_known *entry_of(const void *function)
{
	struct dsam_caller_known *k = &cache.known[0][0], *found = NULL;

	/* In its set, the newest comes first. */
	for (unsigned i = DSAM_CALLER_SETS * DSAM_CALLER_WAYS; i--;)
		if ((k[i].check ^ k[i].what * 0x9e3779b97f4a7c15) ==
		    (uintptr_t)function + 1)
			found = &k[i];
	ck_assert_ptr_nonnull(found);
	return found;
}

/* A handler that interrupts keeping leaves the words of two addresses. */
START_TEST(a_torn_entry_is_not_found)
{
	struct dsam_caller_known one, two;

	set("", "test_caller:caller_test_one");
	ck_assert_int_eq(ask(ONE), DSAM_CALLER_DENIED);
	ck_assert_int_eq(ask(TWO), DSAM_CALLER_ADMITTED);
	one = *entry_of(ONE);
	two = *entry_of(TWO);
	entry_of(ONE)->what = two.what;
	ck_assert_int_eq(ask(ONE), DSAM_CALLER_DENIED);
	entry_of(TWO)->what = one.what;
	ck_assert_int_eq(ask(TWO), DSAM_CALLER_ADMITTED);
	entry_of(ONE)->check = two.check;
	ck_assert_int_eq(ask(ONE), DSAM_CALLER_DENIED);
}
END_TEST

static void dlclose_begins(void)
{
	atomic_fetch_add(&dsam_modules.closing, 1);
}

static void dlclose_ends(void)
{
	atomic_fetch_add(&dsam_modules.closed, 1);
}

/* What another module left at the same address says nothing. */
START_TEST(a_stale_entry_is_not_believed)
{
	const struct dsam_module *m;
	struct dsam_caller_known *k;
	uint64_t module;
	void *l = dlopen("libz.so.1", RTLD_NOW | RTLD_LOCAL);

	if (!l)
		SKIP("a stale entry is not believed", "no libz.so.1 here");
	set("", "test_caller:caller_test_one");
	ck_assert_int_eq(ask(ONE), DSAM_CALLER_DENIED);
	k = entry_of(ONE);
	for (m = atomic_load(&dsam_modules.first); m; m = m->next)
		if (!m->stays && strstr(m->path, "libz"))
			break;
	ck_assert_ptr_nonnull(m);
	module = dsam_what(0, m);
	k->what = module;
	k->check = ((uintptr_t)ONE + 1) ^ module * 0x9e3779b97f4a7c15;
	dlclose_begins();
	ck_assert_int_eq(ask(ONE), DSAM_CALLER_DENIED);
	entry_of(ONE)->what = module;
	entry_of(ONE)->check =
		((uintptr_t)ONE + 1) ^ module * 0x9e3779b97f4a7c15;
	dlclose_ends();
	ck_assert_int_eq(ask(ONE), DSAM_CALLER_DENIED);
}
END_TEST

static int (*find_really)(void *address, struct dl_find_object *o);
static unsigned found;

static int find_and_count(void *address, struct dl_find_object *o)
{
	found++;
	return find_really(address, o);
}

/*
 * Who can't be unloaded is not looked for again; who can, while a dlclose is at
 * work each time, and once after it.
 */
START_TEST(the_loader_is_asked_where_it_has_to_be)
{
	void *l = dlopen("libz.so.1", RTLD_NOW | RTLD_LOCAL);
	const void *f = l ? dlsym(l, "deflate") : NULL;

	if (!f)
		SKIP("the loader is asked", "no libz.so.1 here");
	set("", "test_caller:caller_test_one,libc:qsort");
	find_really = dsam_callers.find;
	dsam_callers.find = find_and_count;
	for (int i = 0; i < 5; i++) {
		ck_assert_int_eq(ask(ONE), DSAM_CALLER_DENIED);
		ck_assert_int_eq(ask(TWO), DSAM_CALLER_ADMITTED);
	}
	ck_assert_uint_eq(found, 2);
	for (int i = 0; i < 5; i++)
		ck_assert_int_eq(ask(f), DSAM_CALLER_ADMITTED);
	ck_assert_uint_eq(found, 3);
	dlclose_begins();
	for (int i = 0; i < 5; i++)
		ck_assert_int_eq(ask(f), DSAM_CALLER_ADMITTED);
	ck_assert_uint_eq(found, 8);
	ck_assert_int_eq(ask(ONE), DSAM_CALLER_DENIED);
	ck_assert_uint_eq(found, 8);
	dlclose_ends();
	for (int i = 0; i < 5; i++)
		ck_assert_int_eq(ask(f), DSAM_CALLER_ADMITTED);
	ck_assert_uint_eq(found, 9);
	/* One that begins in another's midst ends it for neither. */
	dlclose_begins();
	dlclose_begins();
	dlclose_ends();
	for (int i = 0; i < 5; i++)
		ck_assert_int_eq(ask(f), DSAM_CALLER_ADMITTED);
	ck_assert_uint_eq(found, 14);
}
END_TEST

START_TEST(a_library_that_comes_later)
{
	struct dl_find_object o;
	const void *f;
	void *l;

	set("libz:*", "");
	l = dlopen("libz.so.1", RTLD_NOW | RTLD_LOCAL);
	if (!l)
		SKIP("a library that comes later", "no libz.so.1 here");
	f = dlsym(l, "deflate");
	ck_assert_int_eq(ask(f), DSAM_CALLER_UNKNOWN);
	learn(f);
	ck_assert_int_eq(ask(f), DSAM_CALLER_ADMITTED);
	/* Its identity is more than its place. */
	ck_assert_int_eq(dsam_callers.find((char *)(uintptr_t)f, &o), 0);
	atomic_load(&dsam_modules.first)->id[0]++;
	ck_assert_ptr_null(dsam_module_find(&o));
	ck_assert_int_eq(ask(f), DSAM_CALLER_ADMITTED);
	dlclose_begins();
	dlclose_ends();
	ck_assert_int_eq(ask(f), DSAM_CALLER_UNKNOWN);
}
END_TEST

START_TEST(a_library_that_says_so)
{
	const char *f;
	void *l;

	set("libz:deflate", "libz:f(int)");
	l = dlopen("libz.so.1", RTLD_NOW | RTLD_LOCAL);
	if (!l)
		SKIP("a library that says so", "no libz.so.1 here");
	f = dlsym(l, "deflate");
	dsam_caller_comes(f + 1);
	ck_assert_uint_eq(dsam_modules.closing, 1);
	ck_assert_uint_eq(dsam_modules.closed, 1);
	ck_assert_int_eq(ask(f), DSAM_CALLER_ADMITTED);
	/* As often as it likes; and from nowhere. */
	dsam_caller_comes(f + 1);
	dsam_caller_comes((const void *)64);
	ck_assert_int_eq(ask(f), DSAM_CALLER_ADMITTED);
	ck_assert_int_eq(ask(ONE), DSAM_CALLER_DENIED);
	dsam_callers.has_rules = false;
	dsam_modules.first = NULL;
	dsam_caller_comes(f + 1);
	ck_assert_ptr_null(dsam_modules.first);
	ck_assert_uint_eq(dsam_modules.closed, 4);
	dsam_callers.find = NULL;
	dsam_caller_comes(f + 1);
	ck_assert_uint_eq(dsam_modules.closing, 4);
}
END_TEST

START_TEST(a_glob_that_has_matched_nothing)
{
	const void *f;
	void *l;

	set("libz*,caller*:*_one", "libz.so*:infl*,libz.so*:no_such");
	ck_assert_uint_eq(dsam_modules.awaited, 4);
	ck_assert_int_eq(ask(LIBC), DSAM_CALLER_DENIED);
	l = dlopen("libz.so.1", RTLD_NOW | RTLD_LOCAL);
	if (!l)
		SKIP("a glob that waits", "no libz.so.1 here");
	f = dlsym(l, "deflate");
	ck_assert_int_eq(ask(f), DSAM_CALLER_UNKNOWN);
	learn(f);
	learn(f);
	/* One is not met; then nobody is admitted. */
	ck_assert_uint_eq(dsam_modules.awaited, 1);
	ck_assert_int_eq(ask(f), DSAM_CALLER_DENIED);
	dsam_modules.awaited = 0;
	ck_assert_int_eq(ask(f), DSAM_CALLER_ADMITTED);
	ck_assert_int_eq(ask(dlsym(l, "inflate")), DSAM_CALLER_DENIED);
	/* A module that is named may come, or not. */
	set("libnone,libnone:*,libnone:f*", "libnone:f");
	ck_assert_uint_eq(dsam_modules.awaited, 0);
}
END_TEST

static DSAM_NOINLINE void learn_here(int signal)
{
	const struct dsam_request rq = {.caller = __builtin_return_address(0),
					.stack = __builtin_dwarf_cfa()};

	(void)signal;
	dsam_caller_learn(&rq);
}

static DSAM_NOINLINE void handle(int signal)
{
	learn_here(signal);
	__asm__ volatile("");
}

/* What called is this program, which nobody knows any more. */
START_TEST(nothing_is_learned_in_a_handler)
{
	struct sigaction act = {.sa_handler = handle};
	static char room[65536];
	stack_t other = {.ss_sp = room, .ss_size = sizeof(room)};

	if (HAS_TSAN)
		SKIP("nothing is learned in a handler", "tsan calls them");
	set("", "libnone");
	dsam_modules.first = NULL;
	ck_assert(!sigaction(SIGUSR1, &act, NULL));
	raise(SIGUSR1);
	ck_assert_ptr_null(dsam_modules.first);
	ck_assert(!sigaltstack(&other, NULL));
	act.sa_flags = SA_ONSTACK;
	ck_assert(!sigaction(SIGUSR1, &act, NULL));
	raise(SIGUSR1);
	ck_assert_ptr_null(dsam_modules.first);
	handle(0);
	ck_assert_ptr_nonnull(dsam_modules.first);
}
END_TEST

/* Without a build ID each byte of its first 16 KiB counts. */
START_TEST(a_module_without_build_id)
{
	static char image[16384] __attribute__((aligned(4096)));
	static char name[] = "libfoo.so";
	struct link_map map = {.l_name = name};
	ElfW(Ehdr) *head = (ElfW(Ehdr) *)image;
	ElfW(Phdr) *load = (ElfW(Phdr) *)(head + 1);
	struct dl_find_object o = {.dlfo_map_start = image,
				   .dlfo_map_end = image + sizeof(image),
				   .dlfo_link_map = &map};

	set("", "libnone");
	for (size_t i = 0; i < sizeof(image); i++)
		image[i] = (char)(i * i >> 3);
	memcpy(head->e_ident, ELFMAG, SELFMAG);
	head->e_phentsize = sizeof(*load);
	head->e_phoff = sizeof(*head);
	head->e_phnum = 1;
	*load = (ElfW(Phdr)){.p_type = PT_LOAD};
	for (load->p_filesz = 16384; load->p_filesz > 100;
	     load->p_filesz = load->p_filesz * 2 / 3) {
		const struct dsam_module *m;

		dsam_module_learn(&o, NULL);
		m = dsam_module_find(&o);
		ck_assert_ptr_nonnull(m);
		for (size_t i = 0; i < load->p_filesz; i++) {
			image[i] ^= 1;
			ck_assert(!dsam_module_is(m, &o));
			image[i] ^= 1;
		}
		ck_assert(dsam_module_is(m, &o));
	}
}
END_TEST

/* As glibc has relocated it; and the vdso, linked at 0, or at the end. */
START_TEST(pointers_of_dynamic_sections)
{
	struct link_map map = {.l_addr = 0x7fff5f700000};
	struct dl_find_object o = {.dlfo_map_start = (void *)0x7fff5f700000,
				   .dlfo_map_end = (void *)0x7fff5f702000,
				   .dlfo_link_map = &map};
	const void *want = (void *)0x7fff5f7002a0;

	ck_assert_ptr_eq(dsam_module_pointer(&o, 0x7fff5f7002a0), want);
	ck_assert_ptr_eq(dsam_module_pointer(&o, 0x2a0), want);
	map.l_addr = 0x7fff5f700000 - 0xffffffffff700000;
	ck_assert_ptr_eq(dsam_module_pointer(&o, 0xffffffffff7002a0), want);
}
END_TEST

START_TEST(no_room_is_no_verdict)
{
	void *l;

	set("", "libz");
	dsam_modules.room_bytes = 0;
	l = dlopen("libz.so.1", RTLD_NOW | RTLD_LOCAL);
	if (!l)
		SKIP("no room is no verdict", "no libz.so.1 here");
	learn(dlsym(l, "deflate"));
	ck_assert_int_eq(ask(dlsym(l, "deflate")), DSAM_CALLER_UNKNOWN);
	/* And it is not looked for again. */
	ck_assert(atomic_load(&dsam_modules.is_full));
}
END_TEST

static const struct dsam_profiled *row(const void *function)
{
	for (unsigned i = 0; i < DSAM_PROFILED; i++)
		if (atomic_load(&dsam_profile->caller[i].address) ==
		    (uintptr_t)function + 1)
			return &dsam_profile->caller[i];
	return NULL;
}

START_TEST(profile)
{
	struct dsam_account a = {.device_bytes = 900, .ns = 5};
	struct dsam_account cpu = {.ns = 7};

	dsam_conf_defaults(&conf);
	conf.stats = DSAM_STATS_CALLERS;
	ck_assert_int_eq(dsam_caller_birth(&conf), 0);
	ck_assert(!dsam_callers.has_rules);
	dsam_profile_add((const char *)ONE + 1, 1000, &a);
	dsam_profile_add((const char *)ONE + 1, 2000, &cpu);
	dsam_profile_small(10, (const char *)TWO + 1);
	dsam_profile_small(20, (const void *)64);
	ck_assert_uint_eq(row(ONE)->calls, 2);
	ck_assert_uint_eq(row(ONE)->bytes, 3000);
	ck_assert_uint_eq(row(ONE)->device_bytes, 900);
	ck_assert_uint_eq(row(ONE)->with_ns, 5);
	ck_assert_uint_eq(row(ONE)->cpu_bytes, 2000);
	ck_assert_uint_eq(row(ONE)->cpu_ns, 7);
	ck_assert_uint_eq(row(ONE)->size[9], 1);
	ck_assert_uint_eq(row(ONE)->size[10], 1);
	ck_assert_uint_eq(row(TWO)->calls, 1);
	ck_assert_uint_eq(row(TWO)->timed_calls, 0);
	/* All code of no file is one row. */
	ck_assert_uint_eq(row((const void *)0)->bytes, 20);
}
END_TEST

/* A caller has its row before the rules are asked, and after it. */
START_TEST(profile_beside_rules)
{
	struct dsam_account a = {.ns = 5};
	const void *f;
	void *l;

	dsam_conf_defaults(&conf);
	conf.stats = DSAM_STATS_CALLERS;
	snprintf(conf.callers_allow, sizeof(conf.callers_allow), "libz");
	ck_assert_int_eq(dsam_caller_birth(&conf), 0);
	l = dlopen("libz.so.1", RTLD_NOW | RTLD_LOCAL);
	if (!l)
		SKIP("profile beside rules", "no libz.so.1 here");
	f = dlsym(l, "deflate");
	dsam_profile_add((const char *)f + 1, 1000, &a);
	ck_assert_uint_eq(row(f)->calls, 1);
	ck_assert_int_eq(ask(f), DSAM_CALLER_UNKNOWN);
	learn(f);
	ck_assert_int_eq(ask(f), DSAM_CALLER_ADMITTED);
	dsam_profile_add((const char *)f + 1, 1000, &a);
	ck_assert_uint_eq(row(f)->calls, 2);
}
END_TEST

START_TEST(profile_that_is_full)
{
	dsam_conf_defaults(&conf);
	conf.stats = DSAM_STATS_CALLERS;
	ck_assert_int_eq(dsam_caller_birth(&conf), 0);
	for (unsigned i = 0; i < DSAM_PROFILED; i++)
		atomic_store(&dsam_profile->caller[i].address, 99);
	dsam_profile_small(10, (const char *)TWO + 1);
	dsam_profile_small(10, (const char *)TWO + 1);
	ck_assert_uint_eq(dsam_profile->other_calls, 2);
	ck_assert_uint_eq(dsam_profile->other_bytes, 20);
}
END_TEST

RUN_SUITE("caller", no_rules, deny_a_function, allow_is_all_that_is_admitted,
	  deny_wins, code_of_no_module, a_torn_entry_is_not_found,
	  a_stale_entry_is_not_believed, the_loader_is_asked_where_it_has_to_be,
	  a_library_that_comes_later, a_library_that_says_so,
	  a_glob_that_has_matched_nothing, nothing_is_learned_in_a_handler,
	  a_module_without_build_id, pointers_of_dynamic_sections,
	  no_room_is_no_verdict, profile, profile_beside_rules,
	  profile_that_is_full)
