/* SPDX-License-Identifier: MIT */
/*
 * What a request leaves in its slot when its thread does not come back to it:
 * a handler jumped out of it, or the thread was cancelled.
 */
#ifndef DSAM_SLOT_LEFT_H
#define DSAM_SLOT_LEFT_H

#include "slot.h"

/* Descriptors of s that have no answer yet. */
unsigned dsam_left_count(const struct dsam_slot *s);

/* A device without a thread of its own drops what nobody waits for. */
void dsam_left_cancel(struct dsam_slot *s);

/*
 * Wait until what a queue surely accepted is answered or its queue closed: it
 * must not write over the bytes of what comes next.
 */
void dsam_left_await(struct dsam_slot *s);

/*
 * The calling thread is about to leave what it has in flight for good: wait
 * for that, and a little for what may have been accepted.
 */
void dsam_left_for_good(void);

/* Is anything in flight, or half done?  Asked by each long jump. */
static inline bool dsam_left_any(void)
{
	const struct dsam_slot *s = dsam_self.slot;

	return DSAM_UNLIKELY(s > DSAM_SELF_GONE ? s->in_flight != 0
						: s == DSAM_SELF_JOINING);
}

#endif
