// SPDX-License-Identifier: MIT
/*
 * Steps from unwinding tables: those of this program, and of copies of it
 * whose tables were damaged, between pages that nobody may touch.
 */
#include "suite.h"
#include "random.h"

#include "caller_step.h"

#include <link.h>
#include <string.h>
#include <sys/mman.h>

/* Never called. */
__attribute__((noinline)) static int call_other(int (*f)(int))
{
	int r = f(1);

	__asm__ volatile("" : "+r"(r));
	return r + 1;
}

/* This program's tables, and its head, at another place. */
static char *copy;
static size_t tables, tables_bytes; /* offset in the copy */
static struct dl_find_object own, copied;
static struct link_map map;
static uintptr_t pc;

static struct dsam_step step(void)
{
	return dsam_step_from(&copied, (const void *)pc);
}

static void make_copy(void)
{
	const uint8_t *start, *end;
	size_t bytes, room;
	char *p;

	pc = (uintptr_t)call_other + 1;
	ck_assert(!_dl_find_object((void *)pc, &own));
	ck_assert(dsam_module_segment(&own, own.dlfo_eh_frame, &start, &end));
	bytes = (size_t)((const char *)end - (char *)own.dlfo_map_start);
	room = (bytes + DSAM_PAGE - 1) & -DSAM_PAGE;
	p = mmap(NULL, room + 2 * DSAM_PAGE, PROT_NONE,
		 MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	ck_assert_ptr_ne(p, MAP_FAILED);
	copy = p + DSAM_PAGE;
	ck_assert(!mprotect(copy, room, PROT_READ | PROT_WRITE));
	/* Segments are not all together: what is between is not read. */
	memcpy(copy, own.dlfo_map_start, DSAM_PAGE);
	tables = (size_t)((char *)own.dlfo_eh_frame -
			  (char *)own.dlfo_map_start);
	tables_bytes = bytes - tables;
	memcpy(copy + tables, own.dlfo_eh_frame, tables_bytes);
	copied = own;
	map = *own.dlfo_link_map;
	map.l_addr += (uintptr_t)copy - (uintptr_t)own.dlfo_map_start;
	copied.dlfo_link_map = &map;
	copied.dlfo_map_start = copy;
	copied.dlfo_map_end = copy + room;
	copied.dlfo_eh_frame = copy + tables;
	pc += (uintptr_t)copy - (uintptr_t)own.dlfo_map_start;
}

START_TEST(of_a_function)
{
	struct dsam_step s;

	make_copy();
	/* At the first instruction, by rsp; endbr64 is four bytes. */
	s = step();
	ck_assert_int_eq(s.cfa_by, DSAM_CFA_RSP);
	ck_assert_int_eq(s.cfa, 8);
	ck_assert_int_eq(s.rbp_by, DSAM_RBP_SAME);
	s = dsam_step_from(&own, __builtin_return_address(0));
	ck_assert_int_ne(s.cfa_by, DSAM_CFA_NONE);
}
END_TEST

START_TEST(of_what_is_no_function)
{
	make_copy();
	pc = (uintptr_t)copy + 1;
	ck_assert_int_eq(step().cfa_by, DSAM_CFA_NONE);
	pc = 0;
	ck_assert_int_eq(step().cfa_by, DSAM_CFA_NONE);
	pc = UINTPTR_MAX;
	ck_assert_int_eq(step().cfa_by, DSAM_CFA_NONE);
}
END_TEST

START_TEST(without_tables)
{
	make_copy();
	copied.dlfo_eh_frame = NULL;
	ck_assert_int_eq(step().cfa_by, DSAM_CFA_NONE);
	copied.dlfo_eh_frame = copy - 8;
	ck_assert_int_eq(step().cfa_by, DSAM_CFA_NONE);
	make_copy();
	memset(copy, 0, DSAM_PAGE);
	ck_assert_int_eq(step().cfa_by, DSAM_CFA_NONE);
}
END_TEST

/* Whatever is there, nothing beside it is read, and there is an end. */
START_TEST(damaged_tables)
{
	struct random seed = {1};
	char *was;

	make_copy();
	was = malloc(tables_bytes);
	memcpy(was, copy + tables, tables_bytes);
	for (int i = 0; i < 100000; i++) {
		unsigned bytes = 1 + i % 5 * 40;
		size_t most = i % 3 ? tables_bytes : 64;

		for (unsigned n = 0; n < bytes; n++)
			copy[tables + random_next(&seed) % most] =
				(char)random_next(&seed);
		(void)step();
		(void)dsam_step_from(&copied,
				     copy + random_next(&seed) % tables);
		if (i % 64 == 0)
			memcpy(copy + tables, was, tables_bytes);
	}
	free(was);
}
END_TEST

/* The function's own instructions and those it has in common with others. */
START_TEST(damaged_instructions)
{
	static uint8_t room[64];
	static const struct dsam_cie cie = {
		.code = 1, .data = -8, .encoding = 0x1b};
	struct random seed = {2};
	unsigned good = 0;

	for (int i = 0; i < 1000000; i++) {
		size_t n = random_next(&seed) % sizeof(room);
		uint8_t *end = room + sizeof(room);
		struct dsam_bytes b = {end - n, end, false};
		struct dsam_row r = {.cfa_register = DSAM_REG_RSP};

		for (size_t j = 0; j < sizeof(room); j++)
			room[j] = (uint8_t)random_next(&seed) &
				  (i % 2 ? 0xff : 0x1f);
		dsam_cfi_run(&b, &cie, 1000, 1000 + (uint64_t)i % 500, &r);
		ck_assert(b.at <= end);
		good += !b.is_bad;
	}
	ck_assert_uint_gt(good, 1000);
}
END_TEST

RUN_SUITE("caller_step", of_a_function, of_what_is_no_function, without_tables,
	  damaged_tables, damaged_instructions)
