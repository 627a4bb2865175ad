// SPDX-License-Identifier: MIT
/*
 * Room: COLD.  Libraries come and go: what caller rules say of one is found
 * out before its code runs, and holds until one is closed.
 * May: what the library's constructors and destructors do.
 * Must not: fail, or keep a library; change errno.
 * No <dlfcn.h> prototype is changed: this is libc's with two counts around it.
 */
#include "caller.h"

#include <dlfcn.h>
#include <errno.h>

#define EXPORT __attribute__((visibility("default")))

EXPORT void __gmon_start__(void);
EXPORT int dlclose(void *handle);

/*
 * A profiler's start, which nobody has but programs built with -pg (and those
 * have their own).  The first thing that a library does is to call it if it is
 * there: _init in crti.o, which gcc and clang link to every library (System V
 * ABI: DT_INIT comes before DT_INIT_ARRAY).  So who comes by dlopen tells us,
 * in a place where files are read and memory is allocated, and dlopen is left
 * alone: it finds libraries by who its caller is.
 */
void __gmon_start__(void)
{
	int kept = errno;

	dsam_caller_comes(__builtin_return_address(0));
	errno = kept;
}

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
