// SPDX-License-Identifier: MIT
/*
 * Room: COLD (after a long jump, before one, at a thread's end).
 * May: wait, close a queue that does not answer.
 * Must not: allocate, lock; all this can run in a signal handler.
 */
#include "slot_left.h"

#include "clock.h"

/* A device that is well answers in microseconds. */
#define DOUBT_US 20000

/* Does entry e wait for a record? */
static bool waits(const struct dsam_slot *s, unsigned e)
{
	return s->in_flight >> e & 1 && !dsam_slot_is_answered(s, e);
}

unsigned dsam_left_count(const struct dsam_slot *s)
{
	unsigned n = 0;

	for (unsigned e = 0; e < DSAM_DEPTH; e++)
		n += waits(s, e);
	return n;
}

void dsam_left_cancel(struct dsam_slot *s)
{
	for (unsigned e = 0; e < DSAM_DEPTH; e++)
		if (waits(s, e) && s->queue[e] && s->queue[e]->ops->cancel)
			s->queue[e]->ops->cancel(s->queue[e], &s->desc[e]);
}

void dsam_left_await(struct dsam_slot *s)
{
	uint64_t start = dsam_ticks();

	dsam_left_cancel(s);
	for (unsigned e = 0; e < DSAM_DEPTH; e++) {
		while (waits(s, e) && s->taken >> e & 1) {
			struct dsam_queue *q = s->queue[e];

			if (dsam_ticks_between(start, dsam_ticks()) >
				    dsam_queue_deadline ||
			    atomic_load(&q->state) >= DSAM_QUEUE_CLOSING) {
				/* Others may have had all that time. */
				if (!waits(s, e))
					break;
				/* Not closed: leave the entry alone. */
				if (dsam_queue_give_up(q))
					dsam_slot_release(s, e);
				break;
			}
			if (q->ops->nudge)
				q->ops->nudge(q);
			__builtin_ia32_pause();
		}
	}
	/* It was left, and the system call is over. */
	atomic_store(&s->writing, NULL);
}

/*
 * A signal that came with the end of the write(2), or between ENQCMD and the
 * note that it went well, leaves an entry of which nobody knows whether the
 * device has it.  It gets a while, once.
 */
static void await_doubtful(struct dsam_slot *s)
{
	uint64_t start = dsam_ticks(),
		 most = DOUBT_US * dsam_clock.ticks_per_us;

	for (unsigned e = 0; e < DSAM_DEPTH; e++) {
		if (!waits(s, e)) {
			dsam_slot_clear(&s->doubted, e);
			continue;
		}
		if (s->taken >> e & 1 || s->doubted >> e & 1)
			continue;
		while (waits(s, e) &&
		       dsam_ticks_between(start, dsam_ticks()) < most)
			__builtin_ia32_pause();
		if (waits(s, e))
			dsam_slot_set(&s->doubted, e);
	}
}

void dsam_left_for_good(void)
{
	struct dsam_slot *s;

	dsam_slot_leave_half();
	s = dsam_self.slot;
	/* In the child of a fork the slot is not this thread's. */
	if (s <= DSAM_SELF_GONE || dsam_self.epoch != dsam_slot_epoch() ||
	    !s->in_flight)
		return;
	dsam_left_await(s);
	await_doubtful(s);
}
