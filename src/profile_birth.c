// SPDX-License-Identifier: MIT
/*
 * Room: COLD (birth).  Room for the table of stats=callers.
 * May: mmap.  Must not: anything else.
 */
#include "profile.h"

#include <errno.h>
#include <sys/mman.h>

int dsam_profile_birth(void)
{
	void *p = mmap(NULL, sizeof(*dsam_profile), PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	if (p == MAP_FAILED)
		return -errno;
	/* A child of fork tells of its own copies only; old kernels: of all. */
	(void)madvise(p, sizeof(*dsam_profile), MADV_WIPEONFORK);
	dsam_profile = p;
	return 0;
}
