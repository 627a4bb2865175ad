// SPDX-License-Identifier: MIT
/*
 * Room: HOT.  Keeps several descriptors of one request in flight, mends what
 * comes back, and leaves nothing behind.
 * May: its slot, libc's memory functions.
 * Must not: allocate, lock, log, return with a piece in flight.
 */
#include "pieces.h"

#include "batch.h"
#include "clock.h"
#include "libc_mem.h"
#include "offload.h"
#include "probe.h"

void dsam_pieces_by_cpu(struct dsam_story *st, size_t from, size_t to,
			enum dsam_why why)
{
	const struct dsam_request *rq = st->rq;

	if (from >= to)
		return;
	DSAM_PROBE3(fallback, rq->op, to - from, why);
	if (!dsam_is_fill(rq))
		dsam_libc.memmove(rq->dst + from, rq->src + from, to - from);
	else
		dsam_libc.memset(rq->dst + from, rq->fill, to - from);
	dsam_account_cpu(&st->account, why, to - from);
}

/*
 * One absent page of the destination seldom comes alone: touch what is still
 * to be submitted, and requests of this size after it.
 */
static void expect_absent(struct dsam_story *st)
{
	if (st->plan.touch ||
	    (!dsam_tuning.touch_auto && !dsam_tuning.touch_always))
		return;
	dsam_tuner_absent(&st->sub.slot->tuner, st->rq->n, st->rq->caller);
	st->plan.touch = true;
}

enum dsam_why dsam_pieces_launch(struct dsam_story *st, unsigned i, size_t from,
				 size_t to, uint32_t batch_part,
				 bool should_wait)
{
	struct dsam_piece *p = &st->piece[i];
	enum dsam_why why;

	if (DSAM_UNLIKELY(st->plan.touch))
		dsam_pieces_touch(st, from, to);
	p->off = from;
	p->len = (uint32_t)(to - from);
	p->batch_part = batch_part;
	why = dsam_submit(&st->sub, p,
			  should_wait ? dsam_tuning.submit_retries : 0,
			  &st->account.retries);
	if (why == DSAM_WHY_NONE) {
		st->account.descriptors += p->members;
		st->live |= 1U << i;
	}
	return why;
}

/* Are bytes that the device called done really so?  (verify) */
static bool is_right(const struct dsam_story *st, size_t off, size_t len)
{
	const struct dsam_request *rq = st->rq;
	const char *dst = rq->dst + off;

	if (!st->verify || !len)
		return true;
	if (!dsam_is_fill(rq))
		return !dsam_libc.memcmp(dst, rq->src + off, len);
	/* All equal to the first, and the first right. */
	return (unsigned char)dst[0] == rq->fill &&
	       (len == 1 || !dsam_libc.memcmp(dst, dst + 1, len - 1));
}

/*
 * The CPU copies from the fault to the end of the page that faulted: that
 * makes it present, or raises the signal that the program deserves.  Shrinks
 * [*from, *to) to what is left.
 */
static void mend(struct dsam_story *st, const struct dsam_outcome *o,
		 size_t *from, size_t *to)
{
	const struct dsam_request *rq = st->rq;
	uintptr_t base = (uintptr_t)(o->is_write || dsam_is_fill(rq) ? rq->dst
								     : rq->src);
	size_t left, step;

	if (o->from_end) {
		*to -= o->done;
		step = (base + *to - 1) % DSAM_PAGE + 1;
	} else {
		*from += o->done;
		step = DSAM_PAGE - (base + *from) % DSAM_PAGE;
	}
	left = *to - *from;
	step = step < left ? step : left;
	if (o->from_end) {
		dsam_pieces_by_cpu(st, *to - step, *to, DSAM_WHY_FAULT);
		*to -= step;
	} else {
		dsam_pieces_by_cpu(st, *from, *from + step, DSAM_WHY_FAULT);
		*from += step;
	}
}

/* What is wrong with a piece that was answered for?  NONE: its bytes are right.
 */
static enum dsam_why judge(const struct dsam_story *st,
			   const struct dsam_piece *p,
			   const struct dsam_outcome *o)
{
	size_t off = p->off, len = p->len;

	switch (o->kind) {
	case DSAM_OUTCOME_FAULT:
		if (o->from_end)
			off += len - o->done;
		len = o->done;
		break;
	case DSAM_OUTCOME_DONE:
		break;
	case DSAM_OUTCOME_TIMEOUT:
		return DSAM_WHY_TIMEOUT;
	case DSAM_OUTCOME_FORKED:
		return DSAM_WHY_FORKED;
	case DSAM_OUTCOME_MEMBERS:
	case DSAM_OUTCOME_ERROR:
		return DSAM_WHY_ERROR;
	}
	if (DSAM_LIKELY(is_right(st, off, len)))
		return o->kind == DSAM_OUTCOME_DONE ? DSAM_WHY_NONE
						    : DSAM_WHY_FAULT;
	dsam_queue_accuse(p->queue, off);
	return DSAM_WHY_MISMATCH;
}

/* No other piece of the request may write to memory any more. */
static void await_others(struct dsam_story *st)
{
	for (uint32_t left = st->live; left; left &= left - 1)
		dsam_submit_await(&st->sub, &st->piece[__builtin_ctz(left)]);
}

/*
 * Piece i had outcome o.  [from, to) is that piece; [to, end) is what a queue
 * did not take when it was submitted again.
 */
static enum dsam_why finish(struct dsam_story *st, unsigned i,
			    struct dsam_outcome o)
{
	struct dsam_piece *p = &st->piece[i];
	size_t from = p->off, to = from + p->len, end = to;
	enum dsam_why why, worst = DSAM_WHY_NONE;

	for (;;) {
		bool is_fault;

		st->live &= ~(1U << i);
		st->account.wait_ns += dsam_ticks_to_ns(o.waited);
		why = judge(st, p, &o);
		is_fault = why == DSAM_WHY_FAULT;
		if (DSAM_UNLIKELY(why)) {
			worst = why;
			await_others(st);
		}
		if (is_fault) {
			st->account.faults++;
			st->account.device_bytes += o.done;
			if (o.from_end) {
				dsam_pieces_by_cpu(st, to, end, why);
				end = to;
			}
			mend(st, &o, &from, o.from_end ? &end : &to);
			if (from < end && !st->resumes_left)
				break;
		} else if (DSAM_LIKELY(why == DSAM_WHY_NONE)) {
			st->account.device_bytes += p->len;
			from = to;
		} else {
			break;
		}
		if (DSAM_LIKELY(from >= end))
			return worst;
		if (is_fault) {
			st->resumes_left--;
			if (o.is_write)
				expect_absent(st);
		}
		why = dsam_pieces_launch(st, i, from, end, 0, true);
		if (why != DSAM_WHY_NONE)
			break;
		st->account.resumes += is_fault;
		to = from + p->len;
		o = dsam_submit_settle(&st->sub, p);
	}
	st->is_forked = st->is_forked || why == DSAM_WHY_FORKED;
	dsam_pieces_by_cpu(st, from, end, why);
	return why;
}

/*
 * Some member of batch i went wrong, or its parent did.  They are looked at
 * before anything is submitted: that could be a handler's, in the same entry.
 */
static DSAM_NOINLINE enum dsam_why finish_members(struct dsam_story *st,
						  unsigned i, uint64_t waited)
{
	const struct dsam_piece batch = st->piece[i];
	struct dsam_outcome o[DSAM_MEMBERS];
	enum dsam_why why, worst = DSAM_WHY_NONE;

	dsam_batch_outcomes(&st->sub, &batch, o);
	o[0].waited = waited;
	for (unsigned k = 0; k < batch.members; k++) {
		/* Without a record it was never begun. */
		st->account.descriptors -= !o[k].status;
		st->piece[i] = dsam_batch_member(&batch, k);
		why = finish(st, i, o[k]);
		if (worst == DSAM_WHY_NONE || worst == DSAM_WHY_FAULT)
			worst = why ? why : worst;
	}
	return worst;
}

enum dsam_why dsam_pieces_settle(struct dsam_story *st, unsigned i)
{
	struct dsam_outcome o = dsam_submit_settle(&st->sub, &st->piece[i]);

	if (DSAM_UNLIKELY(o.kind == DSAM_OUTCOME_MEMBERS))
		return finish_members(st, i, o.waited);
	return finish(st, i, o);
}

/* Of queues that transfer no more in one go, batches gain something here. */
static uint32_t batch_part(const struct dsam_story *st)
{
	/* A fixed split: the CPU looks again when it has done all its part. */
	uint32_t part = st->plan.cpu_why == DSAM_WHY_SPLIT
				? UINT32_MAX
				: DSAM_BATCH_DOORBELL;

	/* A member's record would have to be read, success or not (8.3.6). */
	return dsam_is_compare(st->rq) || part < dsam_queues.batch_part ? 0
									: part;
}

/*
 * What can soon go as a batch should not go one by one.  Unless the room for
 * batches is that of a request which a handler of the program interrupted: here
 * so many are in flight if the last but those is.
 */
static bool should_pause(const struct dsam_story *st, unsigned last)
{
	return st->live >> (last - DSAM_BATCHES) % DSAM_DEPTH & 1 &&
	       !dsam_slot_has_batch(st->sub.slot);
}

enum dsam_why dsam_pieces_fill(struct dsam_story *st, size_t *next,
			       unsigned *last)
{
	size_t end = st->rq->n;
	enum dsam_why why;

	while (*next < end && !(st->live >> *last % DSAM_DEPTH & 1)) {
		unsigned i = *last % DSAM_DEPTH;
		size_t len = end - *next;
		bool is_alone = !st->live;
		uint32_t part = 0;

		len = len < st->plan.chunk ? len : st->plan.chunk;
		if (DSAM_UNLIKELY(st->plan.touch) && len > DSAM_TOUCH_SLICE)
			len = DSAM_TOUCH_SLICE;
		if (DSAM_UNLIKELY(len >= dsam_queues.batch_least)) {
			part = batch_part(st);
			if (part && should_pause(st, *last))
				return DSAM_WHY_NONE;
		}
		why = dsam_pieces_launch(st, i, *next, *next + len, part,
					 is_alone);
		/* With something in flight a full queue is only a pause. */
		if (why == DSAM_WHY_BUSY && !is_alone)
			return DSAM_WHY_NONE;
		if (why != DSAM_WHY_NONE)
			return why;
		*next += st->piece[i].len;
		++*last;
	}
	return DSAM_WHY_NONE;
}

void dsam_pieces_run(struct dsam_story *st)
{
	size_t next = st->plan.cpu;
	unsigned first = 0, last = 0;
	enum dsam_why stop;

	if (st->plan.cpu_why == DSAM_WHY_SPLIT)
		dsam_pieces_probe(st->rq, 0, next);
	else
		dsam_pieces_by_cpu(st, 0, next, DSAM_WHY_HEAD);
	stop = dsam_pieces_fill(st, &next, &last);
	if (st->plan.cpu_why == DSAM_WHY_SPLIT)
		dsam_pieces_by_cpu(st, 0, st->plan.cpu, DSAM_WHY_SPLIT);
	while (first != last) {
		(void)dsam_pieces_settle(st, first++ % DSAM_DEPTH);
		if (DSAM_UNLIKELY(st->is_forked))
			stop = DSAM_WHY_FORKED;
		if (DSAM_LIKELY(!stop) && next < st->rq->n)
			stop = dsam_pieces_fill(st, &next, &last);
	}
	st->is_forked = st->is_forked || stop == DSAM_WHY_FORKED;
	dsam_pieces_by_cpu(st, next, st->rq->n, stop);
}
