// SPDX-License-Identifier: MIT
/*
 * Room: HOT.  Builds batches, and reads what became of their members.
 * May: its slot's room for members, the queue table.
 * Must not: allocate, lock, log, make a system call.
 *
 * A batch is one piece in flight: it has one entry of the slot, its parent's,
 * and is left only through the parent's record, which the device writes when
 * all members have ended (specification 8.3.2).  So the members need neither
 * claim nor serial of their own.
 */
#include "batch.h"

/* The list of members is read by lines (8.3.2), records are of half a one. */
_Static_assert(sizeof(struct dsam_batch) % DSAM_LINE == 0, "by lines");
_Static_assert(offsetof(struct dsa_hw_desc, desc_list_addr) == 16, "wire");
_Static_assert(offsetof(struct dsa_hw_desc, desc_count) == 32, "wire");
_Static_assert(DSAM_DEPTH == 16 && DSAM_BATCHES <= DSAM_DEPTH, "entries");

/* Members of a batch of len bytes for q; 0: one descriptor has to do. */
static uint32_t count(const struct dsam_queue *q, size_t len)
{
	uint32_t most = atomic_load_explicit(&q->members, memory_order_relaxed);
	size_t n;

	if (most < 2)
		return 0;
	n = (len + q->max_transfer - 1) / q->max_transfer;
	if (n < DSAM_BATCH_LEAST && n < most)
		return 0;
	return n < most ? (uint32_t)n : most;
}

size_t dsam_batch_takes(const struct dsam_slot *s, const struct dsam_queue *q,
			size_t len)
{
	size_t most = q->max_transfer;
	uint32_t n;

	if (len <= most)
		return len;
	/* Asked once: it may become none at any time. */
	n = dsam_slot_has_batch(s) ? count(q, len) : 0;
	if (n)
		most *= n;
	return len < most ? len : most;
}

uint32_t dsam_batch_build(const struct dsam_submission *sub,
			  struct dsam_piece *p, const struct dsam_queue *q)
{
	struct dsam_slot *s = sub->slot;
	struct dsam_batch *b = dsam_slot_batch(s, p->entry);
	struct dsa_hw_desc *parent = &s->desc[p->entry];
	bool to_cache = sub->to_cache && q->has_cache_control;
	uint32_t n, part = q->max_transfer, left = p->len;

	if (!b || part > p->batch_part)
		return 0;
	n = count(q, p->len);
	if (!n)
		return 0;
	/* Any order will do: no fence (8.1.3), and nothing blocks on faults. */
	for (uint32_t k = 0; k < n; k++) {
		struct dsa_hw_desc *d = &b->desc[k];

		dsam_submit_build(d, &b->rec[k], sub->rq,
				  p->off + k * (size_t)part);
		if (to_cache)
			d->flags |= IDXD_OP_FLAG_CC;
		d->xfer_size = left < part ? left : part;
		left -= d->xfer_size;
	}
	dsam_descriptor_begin(parent, &s->rec[p->entry], DSA_OPCODE_BATCH);
	parent->desc_list_addr = (uintptr_t)b->desc;
	parent->desc_count = n;
	p->members = n;
	return p->len - left;
}

void dsam_batch_forget(const struct dsam_submission *sub,
		       const struct dsam_piece *p)
{
	struct dsam_batch *b = dsam_slot_batch(sub->slot, p->entry);

	for (uint32_t k = 0; k < p->members; k++)
		b->desc[k].src_addr = b->desc[k].dst_addr = 0;
}

void dsam_batch_outcomes(const struct dsam_submission *sub,
			 const struct dsam_piece *p, struct dsam_outcome *out)
{
	struct dsam_slot *s = sub->slot;
	const struct dsam_batch *b = dsam_slot_batch(s, p->entry);
	uint8_t parent = s->rec[p->entry].status;
	bool is_bad = parent != DSA_COMP_BATCH_FAIL;

	for (uint32_t k = 0; k < p->members; k++) {
		const struct dsam_piece m = dsam_batch_member(p, k);

		/* Never written: 0, which is no success. */
		out[k] = dsam_submit_decode(&b->rec[k], b->rec[k].status, m.len,
					    dsam_work_of(sub->rq));
		is_bad = is_bad || out[k].kind == DSAM_OUTCOME_ERROR;
	}
	atomic_signal_fence(memory_order_seq_cst);
	/* Was the entry taken over?  Then those were not our records. */
	if (DSAM_UNLIKELY(s->serial[p->entry] != p->serial)) {
		for (uint32_t k = 0; k < p->members; k++)
			out[k].kind = DSAM_OUTCOME_ERROR;
		return;
	}
	dsam_batch_forget(sub, p);
	dsam_slot_release(s, p->entry);
	/* Members that met a fault are no error of the queue. */
	if (is_bad)
		dsam_queue_bad(p->queue);
	/* It does not take batches, or such ones, whatever was said of it. */
	if (parent == DSA_COMP_BAD_OPCODE || parent == DSA_COMP_DESC_CNT_ERANGE)
		atomic_store(&p->queue->members, 1);
}
