// SPDX-License-Identifier: MIT
/*
 * Room: HOT.  Remembers on which node buffers are.
 * May: move_pages, once a second and range of 2 MiB.  Must not: anything else.
 */
#include "node.h"

#include "clock.h"
#include "syscall.h"

#define RANGE_SHIFT 21
#define AGE_US 1000000

int dsam_node_of(struct dsam_nodes *c, const void *p)
{
	uintptr_t range = ((uintptr_t)p >> RANGE_SHIFT) + 1;
	struct dsam_node *n = &c->of[range % DSAM_NODES];
	uint64_t now = dsam_ticks();
	int status = -1;

	if (n->range == range && now < n->until)
		return n->node;
	if (dsam_syscall6(SYS_move_pages, 0, 1, (long)&p, 0, (long)&status, 0))
		status = -1;
	n->range = range;
	n->until = now + AGE_US * dsam_clock.ticks_per_us;
	n->node = status < 0 ? -1 : status;
	return n->node;
}
