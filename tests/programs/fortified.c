// SPDX-License-Identifier: MIT
/*
 * A caller built with -D_FORTIFY_SOURCE=2: fortified [overflow FUNCTION].
 * An overflow must be stopped by libc, with libc's words.
 */
#undef _FORTIFY_SOURCE
#define _FORTIFY_SOURCE 2
#define _GNU_SOURCE
#include "guest.h"

#include <string.h>

static unsigned char from[4 * BIG];

struct box {
	unsigned char room[2 * BIG];
	unsigned char after[64];
};
static struct box box;

static void within(void)
{
	size_t n = unknown(2 * BIG), small = unknown(100);

	pattern(from, sizeof(from), 1);
	CHECK(memcpy(box.room, from, n) == box.room);
	CHECK(is_pattern(box.room, n, 0, 1));
	CHECK(memmove(box.room, from + 1, n) == box.room);
	CHECK(is_pattern(box.room, n, 1, 1));
	CHECK(memmove(box.room + 10, box.room, n - 10) == box.room + 10);
	CHECK(is_pattern(box.room + 10, n - 10, 1, 1));
	CHECK(mempcpy(box.room, from + 2, n) == box.room + n);
	CHECK(is_pattern(box.room, n, 2, 1));
	CHECK(memset(box.room, 7, n) == box.room);
	CHECK(is_all(box.room, n, 7));
	CHECK(memcpy(box.room, from, small) == box.room);
	CHECK(mempcpy(box.room, from, small) == box.room + small);
	CHECK(memset(box.room, 8, small) == box.room);
	CHECK(is_all(box.room, small, 8) && box.room[small] == 7);
	CHECK(is_all(box.after, sizeof(box.after), 0));
	puts("fortified: right");
}

int main(int argc, char **argv)
{
	/* Level 2 of the fortification knows the whole object's end. */
	size_t over = unknown(sizeof(box) + 1);

	if (argc < 3) {
		within();
		return 0;
	}
	puts("about to overflow");
	fflush(stdout);
	if (!strcmp(argv[2], "memcpy"))
		memcpy(box.room, from, over);
	else if (!strcmp(argv[2], "memmove"))
		memmove(box.room, from, over);
	else if (!strcmp(argv[2], "mempcpy"))
		mempcpy(box.room, from, over);
	else if (!strcmp(argv[2], "memset"))
		memset(box.room, 1, over);
	else if (!strcmp(argv[2], "small"))
		memcpy(box.after, from, unknown(65));
	puts("the overflow was not noticed");
	return 1;
}
