// SPDX-License-Identifier: MIT
/*
 * stderrs HOW FILE: copies, and meanwhile does to file descriptor 2 what
 * hosts do.  The file must hold what this program wrote, and nothing else.
 */
#include "guest.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	static unsigned char a[BIG], b[BIG];
	const char *how = argc > 1 ? argv[1] : "";
	int fd;

	if (argc < 3)
		return 2;
	pattern(a, BIG, 1);
	memcpy(b, a, unknown(BIG));
	CHECK(is_pattern(b, BIG, 0, 1));
	if (!strcmp(how, "closed")) /* started with 2>&- */
		fd = open(argv[2], O_WRONLY | O_CREAT | O_TRUNC, 0600);
	else {
		fd = open(argv[2], O_WRONLY | O_CREAT | O_TRUNC, 0600);
		if (!strcmp(how, "replaced")) {
			CHECK(dup2(fd, 2) == 2);
			close(fd);
		} else if (!strcmp(how, "reused")) {
			close(2);
			CHECK(dup(fd) == 2);
			close(fd);
		} else {
			close(2); /* gone */
		}
		fd = 2;
	}
	if (strcmp(how, "gone") != 0) {
		CHECK(fd == 2);
		CHECK(write(2, "mine\n", 5) == 5);
	}
	memset(b, 3, unknown(BIG));
	CHECK(is_all(b, BIG, 3));
	puts("done");
	return 9;
}
