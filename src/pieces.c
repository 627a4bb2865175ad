// SPDX-License-Identifier: MIT
/*
 * Room: HOT.  Keeps several descriptors of one request in flight, mends what
 * comes back, and leaves nothing behind.
 * May: its slot, libc's memory functions, madvise where configured.
 * Must not: allocate, lock, log, return with a piece in flight.
 */
#include "pieces.h"

#include "clock.h"
#include "libc_mem.h"
#include "offload.h"
#include "syscall.h"

#include <sys/mman.h>

void dsam_pieces_by_cpu(struct dsam_story *st, size_t from, size_t to,
			enum dsam_why why)
{
	const struct dsam_request *rq = st->rq;

	if (from >= to)
		return;
	if (rq->src)
		dsam_libc.memmove(rq->dst + from, rq->src + from, to - from);
	else
		dsam_libc.memset(rq->dst + from, rq->fill, to - from);
	st->account.why_bytes[why] += to - from;
}

/*
 * Make [from, to) of the destination present, by this thread, so that the
 * program's NUMA policy holds.  Each store is the byte that belongs there.
 */
static void touch(struct dsam_story *st, size_t from, size_t to)
{
	const struct dsam_request *rq = st->rq;
	uintptr_t base = (uintptr_t)rq->dst;
	size_t i = from;

	if (dsam_tuning.touch_madvise) {
		uintptr_t page = (base + from) & -DSAM_PAGE;

		dsam_syscall3(SYS_madvise, (long)page, (long)(base + to - page),
			      MADV_POPULATE_WRITE);
		st->account.touched += (uint32_t)((to - from) / DSAM_PAGE) + 1;
		return;
	}
	while (i < to) {
		char right = rq->src ? *(const volatile char *)&rq->src[i]
				     : (char)rq->fill;

		*(volatile char *)&rq->dst[i] = right;
		st->account.touched++;
		i += DSAM_PAGE - (base + i) % DSAM_PAGE;
	}
}

/*
 * One absent page of the destination seldom comes alone: touch the rest of
 * this piece, the pieces to come, and requests of this size after it.
 */
static void expect_absent(struct dsam_story *st, size_t from, size_t to)
{
	if (!dsam_tuning.touch_auto && !dsam_tuning.touch_always)
		return;
	dsam_tuner_absent(&st->sub.slot->tuner, st->rq->n);
	st->plan.touch = true;
	touch(st, from, to);
}

static enum dsam_why launch(struct dsam_story *st, struct dsam_piece *p,
			    size_t from, size_t to, bool is_alone)
{
	enum dsam_why why;

	p->off = from;
	p->len = (uint32_t)(to - from);
	why = dsam_submit(&st->sub, p,
			  is_alone ? dsam_tuning.submit_retries : 0,
			  &st->account.retries);
	if (why == DSAM_WHY_NONE)
		st->account.descriptors++;
	return why;
}

/* Is a piece that the device called done really so?  (verify) */
static bool is_right(const struct dsam_story *st, const struct dsam_piece *p)
{
	const struct dsam_request *rq = st->rq;
	const char *dst = rq->dst + p->off;

	if (rq->src)
		return !dsam_libc.memcmp(dst, rq->src + p->off, p->len);
	/* All equal to the first, and the first right. */
	return (unsigned char)dst[0] == rq->fill &&
	       (p->len == 1 || !dsam_libc.memcmp(dst, dst + 1, p->len - 1));
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
	uintptr_t base =
		(uintptr_t)(o->is_write || !rq->src ? rq->dst : rq->src);
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
	switch (o->kind) {
	case DSAM_OUTCOME_DONE:
		if (DSAM_LIKELY(!st->verify || is_right(st, p)))
			return DSAM_WHY_NONE;
		dsam_queue_accuse(p->queue, p->off);
		return DSAM_WHY_MISMATCH;
	case DSAM_OUTCOME_FAULT:
		return DSAM_WHY_FAULT;
	case DSAM_OUTCOME_TIMEOUT:
		return DSAM_WHY_TIMEOUT;
	case DSAM_OUTCOME_FORKED:
		return DSAM_WHY_FORKED;
	case DSAM_OUTCOME_ERROR:
		break;
	}
	return DSAM_WHY_ERROR;
}

/*
 * Wait for one piece until its bytes are right, whoever does them.  [from,
 * to) is in flight; [to, end) is what a queue did not take when the piece was
 * submitted again.
 */
static void settle(struct dsam_story *st, struct dsam_piece *p)
{
	size_t from = p->off, to = from + p->len, end = to;
	enum dsam_why why;

	for (;;) {
		struct dsam_outcome o = dsam_submit_settle(&st->sub, p);

		st->account.wait_ns += dsam_ticks_to_ns(o.waited);
		why = judge(st, p, &o);
		if (DSAM_LIKELY(why == DSAM_WHY_NONE)) {
			st->account.device_bytes += p->len;
			from = to;
		} else if (why == DSAM_WHY_FAULT) {
			st->account.faults++;
			st->account.device_bytes += o.done;
			if (o.from_end) {
				dsam_pieces_by_cpu(st, to, end, why);
				mend(st, &o, &from, &to);
				end = to;
			} else {
				mend(st, &o, &from, &to);
			}
			if (from < end && !st->resumes_left)
				break;
		} else {
			break;
		}
		if (DSAM_LIKELY(from >= end))
			return;
		if (why == DSAM_WHY_FAULT) {
			st->resumes_left--;
			st->account.resumes++;
			if (o.is_write)
				expect_absent(st, from, end);
		}
		why = launch(st, p, from, end, true);
		if (why != DSAM_WHY_NONE)
			break;
		to = from + p->len;
	}
	st->is_forked = st->is_forked || why == DSAM_WHY_FORKED;
	dsam_pieces_by_cpu(st, from, end, why);
}

void dsam_pieces_run(struct dsam_story *st)
{
	struct dsam_piece piece[DSAM_DEPTH];
	size_t next = st->plan.head, end = st->plan.split;
	unsigned first = 0, last = 0; /* pieces [first, last) are in flight */
	enum dsam_why stop = DSAM_WHY_NONE;
	bool cpu_did = false;

	do {
		while (!stop && next < end && last - first < DSAM_DEPTH) {
			size_t len = end - next;

			len = len < st->plan.chunk ? len : st->plan.chunk;
			if (st->plan.touch)
				touch(st, next, next + len);
			stop = launch(st, &piece[last % DSAM_DEPTH], next,
				      next + len, first == last);
			if (stop)
				break;
			next += piece[last % DSAM_DEPTH].len;
			last++;
		}
		/* With something in flight a full queue is only a pause. */
		if (stop == DSAM_WHY_BUSY && first != last)
			stop = DSAM_WHY_NONE;
		if (!cpu_did) {
			cpu_did = true;
			dsam_pieces_by_cpu(st, end, st->rq->n, DSAM_WHY_SPLIT);
		}
		if (first != last)
			settle(st, &piece[first++ % DSAM_DEPTH]);
		if (DSAM_UNLIKELY(st->is_forked) && !stop)
			stop = DSAM_WHY_FORKED;
	} while (first != last || (!stop && next < end));
	if (stop == DSAM_WHY_FORKED)
		st->is_forked = true;
	if (next < end)
		dsam_pieces_by_cpu(st, next, end, stop);
}
