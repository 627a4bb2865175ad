// SPDX-License-Identifier: MIT
/*
 * Room: HOT.  Compares with several descriptors in flight; the first
 * difference counts, whoever finds it.
 * May: its slot, libc's memcmp.  Must not: allocate, lock, log, return with a
 * piece in flight.  Nothing is written, so the CPU may meet a bad page while
 * the device works.
 */
#include "compare.h"

#include "clock.h"
#include "libc_mem.h"
#include "offload.h"

/* Most buffers that differ do so here: no descriptor for them. */
#define HEAD 4096UL
/* The CPU looks at the device between such steps. */
#define STEP (32 * 1024UL)

bool dsam_compare_by_cpu(struct dsam_story *st, size_t from, size_t to,
			 enum dsam_why why)
{
	const struct dsam_request *rq = st->rq;

	if (from >= to)
		return true;
	dsam_account_cpu(&st->account, why, to - from);
	st->order = dsam_libc.memcmp(rq->dst + from, rq->src + from, to - from);
	return !st->order;
}

/*
 * The device says that [from, from + equal) is equal and, if differs, that the
 * next byte is not.  NONE if that is so, as far as it is looked at.
 */
static enum dsam_why judge(struct dsam_story *st, const struct dsam_piece *p,
			   size_t from, size_t equal, bool differs)
{
	const struct dsam_request *rq = st->rq;
	size_t at = from + equal;

	if (differs)
		st->order =
			(unsigned char)rq->dst[at] - (unsigned char)rq->src[at];
	if ((!differs || st->order) &&
	    !(st->verify &&
	      dsam_libc.memcmp(rq->dst + from, rq->src + from, equal) != 0))
		return DSAM_WHY_NONE;
	dsam_queue_accuse(p->queue, from);
	return DSAM_WHY_MISMATCH;
}

/* To the end of the page that is absent, of either operand. */
static size_t page_end(const struct dsam_request *rq, size_t from, size_t to)
{
	size_t a = DSAM_PAGE - ((uintptr_t)rq->dst + from) % DSAM_PAGE;
	size_t b = DSAM_PAGE - ((uintptr_t)rq->src + from) % DSAM_PAGE;
	size_t step = a > b ? a : b;

	return step < to - from ? from + step : to;
}

/* Wait for piece i; true while all is equal.  Earlier ones were. */
static bool settle(struct dsam_story *st, unsigned i)
{
	struct dsam_piece *p = &st->piece[i];
	size_t from = p->off, to = from + p->len, end = to, stop;
	enum dsam_why why = DSAM_WHY_ERROR;

	for (;;) {
		struct dsam_outcome o = dsam_submit_settle(&st->sub, p);
		bool is_fault = o.kind == DSAM_OUTCOME_FAULT;
		size_t equal = to - from;

		st->live &= ~(1U << i);
		st->account.wait_ns += dsam_ticks_to_ns(o.waited);
		if (o.kind == DSAM_OUTCOME_TIMEOUT)
			why = DSAM_WHY_TIMEOUT;
		else if (o.kind == DSAM_OUTCOME_FORKED)
			why = DSAM_WHY_FORKED;
		if (!is_fault && o.kind != DSAM_OUTCOME_DONE)
			break;
		if (is_fault || o.differs)
			equal = o.done;
		why = judge(st, p, from, equal, o.differs);
		if (why != DSAM_WHY_NONE)
			break;
		st->account.device_bytes += equal + o.differs;
		if (o.differs)
			return false;
		from += equal;
		if (is_fault) {
			st->account.faults++;
			stop = page_end(st->rq, from, end);
			if (!dsam_compare_by_cpu(st, from, stop,
						 DSAM_WHY_FAULT))
				return false;
			from = stop;
			why = DSAM_WHY_FAULT;
		}
		if (from >= end)
			return true;
		if (is_fault && !st->resumes_left)
			break;
		st->resumes_left -= is_fault;
		why = dsam_pieces_launch(st, i, from, end, 0, true);
		if (why != DSAM_WHY_NONE)
			break;
		st->account.resumes += is_fault;
		to = from + p->len;
	}
	st->is_forked = st->is_forked || why == DSAM_WHY_FORKED;
	return dsam_compare_by_cpu(st, from, end, why);
}

/*
 * What is in flight does not matter any more, but is not left.  An engine
 * without a thread of its own would only now look at it, and meet pages that
 * a compare need not meet.
 */
static void drop(struct dsam_story *st)
{
	for (uint32_t left = st->live; left; left &= left - 1) {
		unsigned i = (unsigned)__builtin_ctz(left);
		struct dsam_piece *p = &st->piece[i];
		struct dsam_outcome o;

		if (p->queue->ops->cancel &&
		    dsam_slot_epoch() == st->sub.epoch &&
		    st->sub.slot->serial[p->entry] == p->serial) {
			p->queue->ops->cancel(p->queue,
					      &st->sub.slot->desc[p->entry]);
			dsam_slot_release(st->sub.slot, p->entry);
			continue;
		}
		o = dsam_submit_settle(&st->sub, p);
		if (o.kind == DSAM_OUTCOME_FORKED)
			st->is_forked = true;
	}
	st->live = 0;
}

/* [from, to) while the device works; when was its last piece answered? */
static bool meanwhile(struct dsam_story *st, size_t from, size_t to,
		      unsigned last, uint64_t *answered)
{
	struct dsam_piece *p = &st->piece[(last - 1) % DSAM_DEPTH];

	for (size_t next; from < to; from = next) {
		next = to - from < 2 * STEP ? to : from + STEP;
		if (!dsam_compare_by_cpu(st, from, next, DSAM_WHY_SPLIT))
			return false;
		if (st->live && !*answered &&
		    dsam_submit_is_answered(&st->sub, p))
			*answered = dsam_ticks();
	}
	return true;
}

static bool run(struct dsam_story *st, struct dsam_lesson *lesson)
{
	size_t n = st->rq->n, head = n < HEAD ? n : HEAD;
	size_t cpu = st->plan.cpu > head ? st->plan.cpu : head, next = cpu;
	struct dsam_shared took = {.cpu = cpu - head, .device = n - cpu};
	uint64_t start = dsam_ticks(), answered = 0;
	unsigned first = 0, last = 0;
	enum dsam_why stop;

	if (!dsam_compare_by_cpu(st, 0, head, DSAM_WHY_HEAD))
		return false;
	stop = dsam_pieces_fill(st, &next, &last);
	if (!meanwhile(st, head, cpu, last, &answered))
		return false;
	took.cpu_ticks = dsam_ticks_between(start, dsam_ticks());
	while (first != last) {
		if (!settle(st, first++ % DSAM_DEPTH))
			return false;
		if (DSAM_UNLIKELY(st->is_forked))
			stop = DSAM_WHY_FORKED;
		if (!stop && next < n)
			stop = dsam_pieces_fill(st, &next, &last);
	}
	st->is_forked = st->is_forked || stop == DSAM_WHY_FORKED;
	if (!dsam_compare_by_cpu(st, next, n, stop))
		return false;
	if (!answered || next != n)
		answered = dsam_ticks();
	took.device_ticks = dsam_ticks_between(start, answered);
	if (lesson && !stop && !st->is_forked)
		dsam_tuner_shared(lesson, &took);
	return true;
}

void dsam_compare_run(struct dsam_story *st, struct dsam_lesson *lesson)
{
	size_t n = st->rq->n;

	if (lesson)
		st->plan.cpu = n - (size_t)((unsigned __int128)n *
					    st->plan.share / DSAM_WHOLE);
	if (!run(st, lesson))
		drop(st);
}
