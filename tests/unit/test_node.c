// SPDX-License-Identifier: MIT
/* On which NUMA node a buffer is. */
#include "suite.h"

#include "clock.h"
#include "node.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/mman.h>

#define ROOM (48UL << 20)

static struct dsam_nodes c;

START_TEST(a_present_page_has_a_node)
{
	char *p = mmap(NULL, ROOM, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	unsigned char here;

	dsam_clock_start();
	dsam_clock_calibrate();
	ck_assert_ptr_ne(p, MAP_FAILED);
	errno = 77;
	/* Not present, and asking brings nothing in. */
	ck_assert_int_eq(dsam_node_of(&c, p + 8192), -1);
	ck_assert(!mincore(p + 8192, 1, &here));
	ck_assert(!(here & 1));
	ck_assert_int_eq(errno, 77);
	p[ROOM / 8] = 1;
	ck_assert_int_ge(dsam_node_of(&c, p + ROOM / 8), 0);
	/* Remembered for the range, present or not. */
	ck_assert_int_ge(dsam_node_of(&c, p + ROOM / 8 + 4096), 0);
	/* Nor is it asked again at once. */
	p[8192] = 1;
	ck_assert_int_eq(dsam_node_of(&c, p + 8192), -1);
	c.of[(((uintptr_t)p + 8192) / (2UL << 20) + 1) % DSAM_NODES].until = 0;
	ck_assert_int_ge(dsam_node_of(&c, p + 8192), 0);
	munmap(p, ROOM);
}
END_TEST

RUN_SUITE("node", a_present_page_has_a_node)
