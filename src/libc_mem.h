/* SPDX-License-Identifier: MIT */
/*
 * The copy functions of libc (or of whoever stands behind us in the search
 * order), as pointers.  Until birth has resolved them they are byte loops, so
 * a copy made by another library's constructor works.
 */
#ifndef DSAM_LIBC_MEM_H
#define DSAM_LIBC_MEM_H

#include <stddef.h>

struct dsam_libc {
	void *(*memmove)(void *, const void *, size_t);
	void *(*memset)(void *, int, size_t);
	void *(*mempcpy)(void *, const void *, size_t);
	int (*memcmp)(const void *, const void *, size_t);
	int (*bcmp)(const void *, const void *, size_t);
	void *(*memcpy_chk)(void *, const void *, size_t, size_t);
	void *(*memmove_chk)(void *, const void *, size_t, size_t);
	void *(*memset_chk)(void *, int, size_t, size_t);
	void *(*mempcpy_chk)(void *, const void *, size_t, size_t);
};

/* Written once, by dsam_libc_resolve() at birth; read by every call. */
extern struct dsam_libc dsam_libc __attribute__((visibility("hidden")));

/*
 * Resolve the pointers with dlsym(RTLD_NEXT).  Birth only, one thread.
 * Returns 0, or -ENOSYS with every pointer left as it was.
 */
int dsam_libc_resolve(void);

#endif
