// SPDX-License-Identifier: MIT
/*
 * Room: HOT.  A request of microseconds, shared: looks at the device and more
 * descriptors than one would cost what they gain.
 * May: its slot, libc's memory functions.  Must not: allocate, lock, log,
 * return with the piece in flight.
 */
#include "shot.h"

#include "clock.h"
#include "offload.h"

/* Up to this a look at the device, and another piece, is never worth it. */
#define SHOT_SHORT (512 * 1024UL)
/*
 * Above the second what one request meets differs: both ends are looked at.
 * From the first on as well, if most of it is the CPU's, who is there to look.
 */
#define SHOT_SLOW (1024 * 1024UL)
#define SHOT_MOST (16 * 1024 * 1024UL)
/* The CPU has its own part to do: one doorbell for what is no longer. */
#define BATCH_PART (512 * 1024U)
/* Less than this is not worth a look at its page. */
#define CPU_LEAST 1024UL

/* Do both ends have to be looked at, for what is met differs each time? */
static bool is_meeting(const struct dsam_story *st,
		       const struct dsam_lesson *lesson)
{
	size_t n = st->rq->n;
	uint32_t peers = st->sub.slot->peers.others;
	bool is_fast = st->plan.share >= DSAM_WHOLE / 2;

	if (n > SHOT_MOST)
		return true;
	if (dsam_tuner_is_held(lesson, peers))
		return false;
	if (n > SHOT_SLOW && !is_fast)
		return true;
	/* Where threads meet, their pieces queue behind one another. */
	return n > SHOT_SHORT && lesson->others > DSAM_MANY_OTHERS &&
	       (!peers || (n <= SHOT_SLOW && is_fast));
}

bool dsam_shot_fits(const struct dsam_story *st,
		    const struct dsam_lesson *lesson)
{
	const struct dsam_queue *queue = NULL;
	size_t pieces = DSAM_DEPTH / 2;

	if (is_meeting(st, lesson))
		return false;
	for (unsigned q = 0; q < dsam_queues.count; q++) {
		if (!dsam_queue_is_open(&dsam_queues.q[q]))
			continue;
		if (queue)
			return false;
		queue = &dsam_queues.q[q];
	}
	/* All of it in flight at once. */
	if (queue && queue->max_transfer < st->plan.chunk)
		pieces = DSAM_BATCHES;
	return queue && st->rq->n / pieces <= st->plan.chunk;
}

/* Where the device's part begins: at a line of the destination. */
static size_t cut_of(const struct dsam_story *st)
{
	const struct dsam_request *rq = st->rq;
	size_t own = rq->n - (rq->n * st->plan.share >> 16);
	uintptr_t dst = (uintptr_t)rq->dst;

	if (own < CPU_LEAST)
		own = 0;
	own = ((dst + own) & -DSAM_LINE) - dst;
	/* Writes to memory begin at a line, too: the head is the CPU's. */
	return own < st->plan.cpu || own > rq->n ? st->plan.cpu : own;
}

/* [*next, n) in as few pieces as the queue takes; NONE or why it ended. */
static enum dsam_why launch(struct dsam_story *st, size_t *next)
{
	size_t n = st->rq->n, most = st->plan.chunk;
	enum dsam_why why = DSAM_WHY_NONE;

	/* Slices, and all of them fit into the slot. */
	if (st->plan.touch && most > DSAM_TOUCH_SLICE)
		most = n - *next > DSAM_DEPTH * DSAM_TOUCH_SLICE
			       ? (n - *next) / (DSAM_DEPTH - 1)
			       : DSAM_TOUCH_SLICE;
	most = most < st->plan.chunk ? most : st->plan.chunk;
	for (unsigned i = 0; !why && *next < n; i++) {
		size_t end = n - *next > most ? *next + most : n;

		if (i == DSAM_DEPTH)
			return DSAM_WHY_BUSY;
		why = dsam_pieces_launch(st, i, *next, end, BATCH_PART, false);
		if (!why)
			*next += st->piece[i].len;
	}
	return why;
}

/* Until all are answered and right; NONE or what was wrong with one. */
static enum dsam_why settle(struct dsam_story *st)
{
	enum dsam_why why, worst = DSAM_WHY_NONE;

	for (unsigned i = 0; st->live; i++) {
		why = dsam_pieces_settle(st, i);
		worst = why ? why : worst;
	}
	return worst;
}

void dsam_shot_run(struct dsam_story *st, struct dsam_lesson *lesson)
{
	struct dsam_shot took = {.n = st->rq->n,
				 .peers = st->sub.slot->peers.others};
	size_t n = st->rq->n, cut = cut_of(st), next = cut;
	enum dsam_why why, worst;
	unsigned last;
	uint64_t begun, done;

	if (st->plan.touch)
		dsam_pieces_touch(st, 0, cut);
	else
		dsam_pieces_probe(st->rq, 0, cut);
	begun = dsam_ticks();
	why = launch(st, &next);
	dsam_pieces_by_cpu(st, 0, cut, st->live ? DSAM_WHY_SPLIT : why);
	done = dsam_ticks();
	last = st->live ? 31U - (unsigned)__builtin_clz(st->live) : 0;
	took.is_waited = st->live &&
			 !dsam_submit_is_answered(&st->sub, &st->piece[last]);
	worst = settle(st);
	took.cpu_ticks = dsam_ticks_between(begun, done);
	took.device_ticks = dsam_ticks_between(begun, dsam_ticks());
	took.device = n - cut;
	st->is_forked = st->is_forked || why == DSAM_WHY_FORKED;
	/* What no queue took: nothing is in flight. */
	dsam_pieces_by_cpu(st, next, n, why);
	/* What was mended, or refused, tells nothing of the device. */
	if (DSAM_LIKELY(!worst && !why))
		dsam_tuner_shot(lesson, &took);
}
