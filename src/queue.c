// SPDX-License-Identifier: MIT
/*
 * Room: HOT.  Which work queue a descriptor goes to, and which queues are
 * passed over.
 * May: the queue table.  Must not: allocate, lock, log, make a system call
 * other than that of a write(2) submission (the probe).  In steady state no
 * line of a queue is written.
 */
#include "queue.h"

#include "clock.h"

/* In a row, on one queue, before it is passed over. */
#define MAX_ERRORS 4
#define MAX_REFUSALS 16
#define FIRST_PAUSE_US 100000
#define LAST_PAUSE_US 60000000
/* How long after a probe its record is looked at for the first time. */
#define PROBE_LOOK_US 1000

struct dsam_queues dsam_queues;
uint64_t dsam_queue_deadline = ~0ULL;

struct dsam_queue *dsam_queue_pick(unsigned start, unsigned turn, int node)
{
	unsigned count = dsam_queues.count;
	bool has_near = node >= 0 && dsam_queues.has_nodes;

	for (int near = has_near; near >= 0; near--) {
		for (unsigned i = 0; i < count; i++) {
			struct dsam_queue *q =
				&dsam_queues.q[(start + i) % count];

			if (!dsam_queue_is_open(q) ||
			    (has_near && (q->numa_node == node) != near))
				continue;
			if (!turn--)
				return q;
		}
	}
	return NULL;
}

void dsam_queue_forget(struct dsam_queue *q)
{
	q->is_probed = false;
	q->probe_pause = 0;
	atomic_store(&q->closer, 0);
	atomic_store(&q->is_said, 0);
	atomic_store(&q->errors, 0);
	atomic_store(&q->refusals, 0);
}

void dsam_queue_quarantine(struct dsam_queue *q)
{
	int open = DSAM_QUEUE_OPEN;

	if (!atomic_compare_exchange_strong(&q->state, &open,
					    DSAM_QUEUE_QUARANTINED))
		return;
	if (!q->probe_pause)
		q->probe_pause = FIRST_PAUSE_US * dsam_clock.ticks_per_us;
	atomic_store(&q->probe_at, dsam_ticks() + q->probe_pause);
}

static void probe_send(struct dsam_queue *q)
{
	dsam_descriptor_begin(&q->probe_desc, &q->probe_record,
			      DSA_OPCODE_NOOP);
	q->is_probed = q->ops->enqueue(q, &q->probe_desc) == DSAM_ENQUEUE_TAKEN;
	if (q->is_probed && q->ops->relax)
		q->ops->relax(q, &q->probe_desc);
}

/*
 * The probe lives in the queue, not in a slot: nobody waits for it.  It is
 * sent by one call and looked at by a later one.  Who moves probe_at on has
 * its turn; should a long jump end that, the next turn comes all the same.
 */
static void probe(struct dsam_queue *q)
{
	uint64_t now = dsam_ticks(), due = atomic_load(&q->probe_at);
	uint64_t pause = PROBE_LOOK_US * dsam_clock.ticks_per_us;
	uint64_t last = LAST_PAUSE_US * dsam_clock.ticks_per_us;
	int quarantined = DSAM_QUEUE_QUARANTINED;

	if (now < due || atomic_load(&q->is_banned) ||
	    !atomic_compare_exchange_strong(&q->probe_at, &due,
					    now + q->probe_pause))
		return;
	if (q->is_probed && q->ops->relax)
		q->ops->relax(q, &q->probe_desc);
	if (q->is_probed && q->probe_record.status == DSA_COMP_SUCCESS) {
		dsam_queue_forget(q);
		atomic_compare_exchange_strong(&q->state, &quarantined,
					       DSAM_QUEUE_OPEN);
		return;
	}
	/* One in flight is never overwritten: it is waited for. */
	if (!q->is_probed) {
		probe_send(q);
		if (q->is_probed) {
			atomic_store(&q->probe_at, dsam_ticks() + pause);
			return;
		}
	}
	/* Answered with an error: the next one after the longer pause. */
	if (q->probe_record.status)
		q->is_probed = false;
	pause = q->probe_pause;
	q->probe_pause = pause * 2 < last ? pause * 2 : last;
}

bool dsam_queue_any(void)
{
	bool any = false;

	for (unsigned i = 0; i < dsam_queues.count; i++) {
		struct dsam_queue *q = &dsam_queues.q[i];
		int state =
			atomic_load_explicit(&q->state, memory_order_relaxed);

		if (DSAM_UNLIKELY(state == DSAM_QUEUE_QUARANTINED)) {
			probe(q);
			state = atomic_load(&q->state);
		}
		any = any || state == DSAM_QUEUE_OPEN;
	}
	return any;
}

void dsam_queue_good(struct dsam_queue *q)
{
	/* Read first: the line is shared by all threads. */
	if (DSAM_UNLIKELY(
		    atomic_load_explicit(&q->errors, memory_order_relaxed)))
		atomic_store_explicit(&q->errors, 0, memory_order_relaxed);
	if (DSAM_UNLIKELY(
		    atomic_load_explicit(&q->refusals, memory_order_relaxed)))
		atomic_store_explicit(&q->refusals, 0, memory_order_relaxed);
}

void dsam_queue_bad(struct dsam_queue *q)
{
	if (atomic_fetch_add(&q->errors, 1) + 1 >= MAX_ERRORS)
		dsam_queue_quarantine(q);
}

void dsam_queue_refused(struct dsam_queue *q)
{
	if (atomic_fetch_add(&q->refusals, 1) + 1 >= MAX_REFUSALS)
		dsam_queue_quarantine(q);
}
