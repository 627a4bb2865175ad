// SPDX-License-Identifier: MIT
/*
 * Room: HOT.  One descriptor from building to its decoded completion record.
 * May: its slot, the queue table, device operations.  Must not: allocate,
 * lock, log, touch errno, make a system call other than the device's.
 */
#include "submit.h"

#include "batch.h"
#include "clock.h"
#include "wait.h"

#include <immintrin.h>

_Static_assert(sizeof(struct dsa_hw_desc) == 64, "descriptor");
_Static_assert(sizeof(struct dsa_completion_record) == 32, "record");
_Static_assert(offsetof(struct dsa_hw_desc, completion_addr) == 8, "wire");
_Static_assert(offsetof(struct dsa_hw_desc, xfer_size) == 32, "wire");
_Static_assert(offsetof(struct dsa_hw_desc, src2_addr) ==
		       offsetof(struct dsa_hw_desc, dst_addr),
	       "wire");
_Static_assert(offsetof(struct dsa_completion_record, bytes_completed) == 4,
	       "wire");

/* memset's byte, replicated: the pattern of FILL (specification 8.3.5). */
#define EIGHT_TIMES 0x0101010101010101ULL

/*
 * Block on fault stays clear: a device that faults pages in is slower than
 * the CPU.
 */
void dsam_submit_build(struct dsa_hw_desc *d, struct dsa_completion_record *rec,
		       const struct dsam_request *rq, size_t off)
{
	static const enum dsa_opcode opcode[DSAM_WORKS] = {
		[DSAM_WORK_MOVE] = DSA_OPCODE_MEMMOVE,
		[DSAM_WORK_FILL] = DSA_OPCODE_MEMFILL,
		[DSAM_WORK_COMPARE] = DSA_OPCODE_COMPARE};

	dsam_descriptor_begin(d, rec, opcode[dsam_work_of(rq)]);
	/* A compare's second source is where others have the destination. */
	d->dst_addr = (uintptr_t)rq->dst + off;
	if (!dsam_is_fill(rq))
		d->src_addr = (uintptr_t)rq->src + off;
	else
		d->pattern = rq->fill * EIGHT_TIMES;
}

static struct dsam_queue *candidate(const struct dsam_submission *sub,
				    uint32_t start, unsigned turn)
{
	if (!sub->only)
		return dsam_queue_pick(start, turn, sub->node);
	return turn || !dsam_queue_is_open(sub->only) ? NULL : sub->only;
}

/*
 * Make the entry's descriptor one that q takes.  Returns how many bytes it
 * carries.
 */
static inline uint32_t adapt(const struct dsam_submission *sub,
			     struct dsam_piece *p, const struct dsam_queue *q)
{
	struct dsam_slot *s = sub->slot;
	struct dsa_hw_desc *d = &s->desc[p->entry];
	uint32_t len = p->len;

	if (DSAM_UNLIKELY(len > q->max_transfer)) {
		len = dsam_batch_build(sub, p, q);
		if (len)
			return len;
		len = q->max_transfer;
	}
	/* A batch for another queue, which did not take it. */
	if (DSAM_UNLIKELY(p->members > 1)) {
		dsam_submit_build(d, &s->rec[p->entry], sub->rq, p->off);
		p->members = 1;
	}
	d->flags &= ~(uint32_t)IDXD_OP_FLAG_CC;
	if (sub->to_cache && q->has_cache_control)
		d->flags |= IDXD_OP_FLAG_CC;
	d->xfer_size = len;
	return len;
}

/* One round over the open queues. */
static enum dsam_why try_queues(const struct dsam_submission *sub,
				struct dsam_piece *p, bool is_last)
{
	struct dsam_slot *s = sub->slot;
	struct dsa_hw_desc *d = &s->desc[p->entry];
	uint32_t start = s->turn;
	struct dsam_queue *q;
	unsigned turn = 0;

	while ((q = candidate(sub, start, turn))) {
		enum dsam_enqueue rc;
		uint32_t len;

		if (DSAM_UNLIKELY(dsam_slot_epoch() != sub->epoch))
			return DSAM_WHY_FORKED;
		len = adapt(sub, p, q);
		if (DSAM_UNLIKELY(len < p->len) && sub->only)
			return DSAM_WHY_BUSY;
		/* The members took a while. */
		if (DSAM_UNLIKELY(p->members > 1) &&
		    dsam_slot_epoch() != sub->epoch)
			return DSAM_WHY_FORKED;
		s->queue[p->entry] = q;
		p->queue = q;
		p->sent = dsam_ticks();
		rc = q->ops->enqueue(q, d);
		if (DSAM_LIKELY(rc == DSAM_ENQUEUE_TAKEN)) {
			dsam_slot_taken(s, p->entry);
			s->turn = start + turn + 1;
			/* Not d's: a fork in between has wiped it. */
			p->len = len;
			return DSAM_WHY_NONE;
		}
		/* Once passed over it counts no more: the next moves up. */
		if (rc == DSAM_ENQUEUE_REFUSED) {
			dsam_queue_quarantine(q);
			continue;
		}
		if (is_last)
			dsam_queue_refused(q);
		turn++;
	}
	return turn ? DSAM_WHY_BUSY : DSAM_WHY_NO_QUEUE;
}

enum dsam_why dsam_submit(const struct dsam_submission *sub,
			  struct dsam_piece *p, unsigned tries,
			  uint32_t *retries)
{
	struct dsam_slot *s = sub->slot;
	enum dsam_why why;

	if (DSAM_UNLIKELY(dsam_slot_epoch() != sub->epoch))
		return DSAM_WHY_FORKED;
	if (DSAM_UNLIKELY(p->batch_part))
		p->entry = dsam_slot_claim_batch(s, &p->serial);
	else
		p->entry = dsam_slot_claim(s, &p->serial);
	if (DSAM_UNLIKELY(p->entry == DSAM_DEPTH))
		return DSAM_WHY_NESTED;
	p->members = 1;
	dsam_submit_build(&s->desc[p->entry], &s->rec[p->entry], sub->rq,
			  p->off);
	for (unsigned round = 0;; round++) {
		why = try_queues(sub, p, tries && round == tries);
		if (DSAM_LIKELY(why == DSAM_WHY_NONE))
			return why;
		if (why != DSAM_WHY_BUSY || round >= tries)
			break;
		++*retries;
		for (unsigned i = 1U << (round < 6 ? round : 6); i; i--)
			_mm_pause();
	}
	if (why != DSAM_WHY_FORKED)
		dsam_slot_release(s, p->entry);
	return why;
}

struct dsam_outcome dsam_submit_decode(const struct dsa_completion_record *rec,
				       uint8_t status, uint32_t len,
				       enum dsam_work work)
{
	bool is_fill = work == DSAM_WORK_FILL;
	bool is_compare = work == DSAM_WORK_COMPARE;
	struct dsam_outcome o = {.kind = DSAM_OUTCOME_ERROR, .status = status};

	/* Bit 7 only says that the access was a write (5.8.1, table 5-6). */
	switch (status & DSA_COMP_STATUS_MASK) {
	case DSA_COMP_SUCCESS:
		/* Success is never a faulting access. */
		if (status & DSA_COMP_STATUS_WRITE)
			break;
		/* Of a compare: 1 and where the difference is (8.3.6). */
		if (is_compare && rec->result) {
			if (rec->result > 1 || rec->bytes_completed >= len)
				break;
			o.differs = true;
			o.done = rec->bytes_completed;
		}
		o.kind = DSAM_OUTCOME_DONE;
		break;
	case DSA_COMP_PAGE_FAULT_NOBOF:
	case DSA_COMP_PAGE_FAULT_IR:
		/* A record that contradicts itself is not believed. */
		if (rec->bytes_completed >= len ||
		    (rec->result > 1 && !is_fill) ||
		    (rec->result && is_compare))
			break;
		o.kind = DSAM_OUTCOME_FAULT;
		o.is_write = status & DSA_COMP_STATUS_WRITE;
		o.from_end = !is_fill && rec->result == 1;
		/* A fill's result means nothing (8.3.5): if in doubt, again. */
		o.done = is_fill && rec->result ? 0 : rec->bytes_completed;
		break;
	default:
		break;
	}
	return o;
}

/* The record is written: believe it if it is ours. */
static struct dsam_outcome settled(const struct dsam_submission *sub,
				   const struct dsam_piece *p, uint64_t start)
{
	struct dsam_slot *s = sub->slot;
	const struct dsa_completion_record *rec = &s->rec[p->entry];
	uint8_t status = __atomic_load_n(&rec->status, __ATOMIC_ACQUIRE);
	struct dsam_outcome o =
		dsam_submit_decode(rec, status, p->len, dsam_work_of(sub->rq));
	uint64_t now = dsam_ticks();

	atomic_signal_fence(memory_order_seq_cst);
	/* Was the entry taken over?  Then that was not our record. */
	if (DSAM_UNLIKELY(s->serial[p->entry] != p->serial)) {
		o.kind = DSAM_OUTCOME_ERROR;
		return o;
	}
	o.waited = dsam_ticks_between(start, now);
	if (DSAM_UNLIKELY(p->members > 1)) {
		/* Nothing else of the parent's says what is done. */
		if (o.kind != DSAM_OUTCOME_DONE) {
			o.kind = DSAM_OUTCOME_MEMBERS;
			return o;
		}
		dsam_batch_forget(sub, p);
	}
	/* Leak checkers take what looks like a pointer for one. */
	s->desc[p->entry].src_addr = s->desc[p->entry].dst_addr = 0;
	dsam_slot_release(s, p->entry);
	if (o.kind == DSAM_OUTCOME_DONE) {
		dsam_tuner_learn(&s->tuner, dsam_work_of(sub->rq), p->len,
				 dsam_ticks_between(p->sent, now));
		dsam_queue_good(p->queue);
	} else if (o.kind == DSAM_OUTCOME_ERROR) {
		dsam_queue_bad(p->queue);
	}
	return o;
}

/* Has another thread lost patience with the queue? */
static bool is_closing(const struct dsam_queue *q)
{
	return atomic_load_explicit(&q->state, memory_order_relaxed) >=
	       DSAM_QUEUE_CLOSING;
}

/* Was the record written, or is the entry another request's by now? */
static bool is_over(const struct dsam_slot *s, const struct dsam_piece *p)
{
	return *(const volatile uint8_t *)&s->rec[p->entry].status ||
	       *(const volatile uint32_t *)&s->serial[p->entry] != p->serial;
}

enum answer {
	ANSWERED,
	SILENT,
	FORKED
};

/*
 * Wait until the piece's record is written (or was, and the entry is another
 * request's by now), or its queue was drained without one.
 */
static enum answer wait_for(const struct dsam_submission *sub,
			    const struct dsam_piece *p, uint64_t start)
{
	struct dsam_slot *s = sub->slot;
	const volatile uint8_t *status = &s->rec[p->entry].status;
	struct dsam_queue *q = p->queue;
	uint64_t predicted =
		dsam_tuner_predict(&s->tuner, dsam_work_of(sub->rq), p->len);
	uint64_t patience = dsam_queue_deadline;
	/* A device that needs us to work is not late before it could. */
	bool had_turn = !q->ops->relax;

	for (uint64_t now = start;; now = 0) {
		uint64_t waited;

		/* The child of a fork in a signal handler comes back here. */
		if (DSAM_UNLIKELY(dsam_slot_epoch() != sub->epoch))
			return FORKED;
		if (is_over(s, p))
			return ANSWERED;
		waited = dsam_ticks_between(p->sent, now ? now : dsam_ticks());
		if (DSAM_UNLIKELY((waited > patience && had_turn) ||
				  is_closing(q))) {
			/* Handlers, or others, may have had all that time. */
			if (is_over(s, p))
				return ANSWERED;
			if (dsam_queue_give_up(q))
				break;
			patience = waited + dsam_queue_deadline;
		}
		if (q->ops->relax)
			q->ops->relax(q, &s->desc[p->entry]);
		else
			dsam_wait_step(status, waited, predicted);
		had_turn = true;
	}
	if (dsam_slot_epoch() != sub->epoch)
		return FORKED;
	return *status ? ANSWERED : SILENT;
}

void dsam_submit_await(const struct dsam_submission *sub,
		       const struct dsam_piece *p)
{
	(void)wait_for(sub, p, dsam_ticks());
}

struct dsam_outcome dsam_submit_settle(const struct dsam_submission *sub,
				       const struct dsam_piece *p)
{
	struct dsam_outcome o = {.kind = DSAM_OUTCOME_FORKED};
	uint64_t start = dsam_ticks();

	switch (wait_for(sub, p, start)) {
	case ANSWERED:
		return settled(sub, p, start);
	case SILENT:
		/* Drained: the device will not write any more. */
		o.kind = DSAM_OUTCOME_TIMEOUT;
		o.waited = dsam_ticks_between(start, dsam_ticks());
		dsam_slot_release(sub->slot, p->entry);
		break;
	case FORKED:
		break;
	}
	return o;
}
