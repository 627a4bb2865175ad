// SPDX-License-Identifier: MIT
/*
 * Room: COLD.  dlclose: what caller rules know of a library holds until one
 * is closed.
 * May: what the library's destructors do.  Must not: fail, or keep a library.
 * No <dlfcn.h> prototype is changed: this is libc's with two counts around it.
 */
#include "caller_module.h"

#include <dlfcn.h>

#define EXPORT __attribute__((visibility("default")))

EXPORT int dlclose(void *handle);

/* libc's, from the first call on: most programs make none. */
static int (*next)(void *handle);

/*
 * Its destructors copy, too, and whoever loads a library at the same place may
 * do so before we are back: so from the first count to the second nothing is
 * taken for known.  A destructor that does not return leaves it at that.
 */
int dlclose(void *handle)
{
	int rc;

	if (!next)
		*(void **)&next = dlsym(RTLD_NEXT, "dlclose");
	atomic_fetch_add(&dsam_modules.closing, 1);
	rc = next(handle);
	atomic_fetch_add(&dsam_modules.closed, 1);
	return rc;
}
