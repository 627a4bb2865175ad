// SPDX-License-Identifier: MIT
/*
 * A file that a program has loaded, or that has come to its place since: its
 * symbol table, read while that program runs.
 */
#include "fuzz.h"

#include "libc_mem.h"
#include "symbols.h"

#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* At least a page of the file: what the loader has in memory of it. */
#define LEAST 4096UL

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	size_t room = size < LEAST ? LEAST : size;
	char *image = calloc(1, room), path[64];
	int fd = memfd_create("library", MFD_CLOEXEC);
	struct dsam_symbols s;

	MUST(image && fd >= 0 && !dsam_libc_resolve());
	if (size)
		memcpy(image, data, size);
	MUST(write(fd, image, room) == (ssize_t)room);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	if (dsam_symbols_read(&s, path, image)) {
		const char *end = (const char *)s.room + s.room_bytes;

		MUST((const char *)(s.symbol + s.count) <= s.strings);
		for (size_t i = 0; i < s.count; i++) {
			const char *name = dsam_symbols_function(&s, i);

			MUST(!name || (name >= s.strings &&
				       memchr(name, 0, (size_t)(end - name))));
		}
	}
	dsam_symbols_drop(&s);
	MUST(!s.count);
	/* Another file has come to its place. */
	image[100] ^= 1;
	MUST(!dsam_symbols_read(&s, path, image));
	free(image);
	close(fd);
	return 0;
}
