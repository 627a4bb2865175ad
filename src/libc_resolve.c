// SPDX-License-Identifier: MIT
/*
 * Room: COLD (birth).  Finds libc's copy functions behind ours.
 * May: dlsym.  Must not: change a pointer unless all were found, so that the
 * stand-ins and libc are never mixed.
 */
#include "libc_mem.h"

#include <dlfcn.h>
#include <errno.h>

/* Object pointer to function pointer, as POSIX has dlsym's users do it. */
#define RESOLVE(field, name) (*(void **)&found.field = dlsym(RTLD_NEXT, name))

int dsam_libc_resolve(void)
{
	struct dsam_libc found;

	if (!RESOLVE(memmove, "memmove") || !RESOLVE(memset, "memset") ||
	    !RESOLVE(mempcpy, "mempcpy") || !RESOLVE(memcmp, "memcmp") ||
	    !RESOLVE(bcmp, "bcmp") || !RESOLVE(memcpy_chk, "__memcpy_chk") ||
	    !RESOLVE(memmove_chk, "__memmove_chk") ||
	    !RESOLVE(memset_chk, "__memset_chk") ||
	    !RESOLVE(mempcpy_chk, "__mempcpy_chk"))
		return -ENOSYS;
	dsam_libc = found;
	return 0;
}
