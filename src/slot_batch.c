// SPDX-License-Identifier: MIT
/*
 * Room: COLD (birth, rebirth, a thread's first big copy).  Room for the
 * members of batches, where there are queues that get any.
 * May: mmap and madvise, by raw system calls.
 * Must not: allocate, lock, give anything back.
 */
#include "slot.h"
#include "syscall.h"

#include <sys/mman.h>

#define ALL (sizeof(*dsam_batches) * DSAM_SLOTS)

struct dsam_batch (*dsam_batches)[DSAM_BATCHES];

int dsam_slot_make_batches(void)
{
	long p;

	if (dsam_batches)
		return 0;
	p = dsam_syscall6(SYS_mmap, 0, ALL, PROT_READ | PROT_WRITE,
			  MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (p < 0 && p > -(long)DSAM_PAGE)
		return (int)p;
	/* Where the kernel refuses, each batch is built anew all the same. */
	dsam_syscall3(SYS_madvise, p, ALL, MADV_WIPEONFORK);
	dsam_batches = (void *)p;
	return 0;
}

void dsam_slot_wipe_batches(void)
{
	if (dsam_batches)
		dsam_syscall3(SYS_madvise, (long)dsam_batches, ALL,
			      MADV_DONTNEED);
}

void dsam_slot_touch_batches(const struct dsam_slot *s)
{
	for (unsigned e = 0; e < DSAM_DEPTH; e++) {
		struct dsam_batch *b = dsam_slot_batch(s, e);

		for (unsigned k = 0; b && k < DSAM_MEMBERS; k++) {
			b->desc[k].completion_addr = 0;
			b->rec[k].status = DSA_COMP_NONE;
		}
	}
}
