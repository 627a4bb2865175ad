/* SPDX-License-Identifier: MIT */
/* One descriptor: build, enqueue, wait, decode its completion record. */
#ifndef DSAM_SUBMIT_H
#define DSAM_SUBMIT_H

#include "slot.h"

/* A part of a request that is one descriptor, or one batch of them. */
struct dsam_piece {
	size_t off; /* within the request */
	uint32_t len; /* bytes; cut to what the queue takes in one go */
	uint32_t members; /* of the batch; 1: it is none */
	uint32_t serial; /* of the claimed entry */
	unsigned entry; /* of the slot */
	uint64_t sent; /* ticks */
	struct dsam_queue *queue;
	/* A batch on queues of no more max_transfer than this; 0: never. */
	uint32_t batch_part;
};

/* How the calling request submits; by value, from its plan. */
struct dsam_submission {
	struct dsam_slot *slot;
	const struct dsam_request *rq;
	uint32_t epoch; /* the life that the slot was taken in */
	int node; /* preferred NUMA node, -1: any */
	/* This queue and no other, and the whole piece or none; NULL: any. */
	struct dsam_queue *only;
	bool to_cache;
};

/*
 * Make *d the descriptor of request rq's bytes from off on, all but their
 * number, with the record rec.
 */
void dsam_submit_build(struct dsa_hw_desc *d, struct dsa_completion_record *rec,
		       const struct dsam_request *rq, size_t off);

/*
 * Submit piece->off and as much of len as the queue that takes it transfers
 * in one go, as a batch where batch_part allows it and there is room; fills the
 * rest of *piece and shortens len.  Tries every open queue, then again up to
 * tries times with growing pauses; *retries counts those.  NONE, or BUSY,
 * NO_QUEUE, NESTED (no free entry), FORKED: then nothing is in flight.
 */
enum dsam_why dsam_submit(const struct dsam_submission *sub,
			  struct dsam_piece *piece, unsigned tries,
			  uint32_t *retries);

/*
 * Wait for the piece's completion record and decode it.  Returns only when
 * the record is written, the queue was drained, or this is a fork child.
 * MEMBERS: the piece is over when dsam_batch_outcomes() was asked.
 */
struct dsam_outcome dsam_submit_settle(const struct dsam_submission *sub,
				       const struct dsam_piece *piece);

/*
 * One look: is the piece's record written, or is this the child of a signal
 * handler's fork, where the slot is not ours?  Gives an engine without a
 * thread its turn.
 */
static inline bool dsam_submit_is_answered(const struct dsam_submission *sub,
					   const struct dsam_piece *piece)
{
	struct dsam_slot *s = sub->slot;
	const volatile uint8_t *status = &s->rec[piece->entry].status;

	if (DSAM_UNLIKELY(dsam_slot_epoch() != sub->epoch))
		return true;
	if (piece->queue->ops->relax && !*status)
		piece->queue->ops->relax(piece->queue, &s->desc[piece->entry]);
	return *status;
}

/* The waiting alone; the outcome is still to be settled. */
void dsam_submit_await(const struct dsam_submission *sub,
		       const struct dsam_piece *piece);

/* Decode a record of work on len bytes.  Pure. */
struct dsam_outcome dsam_submit_decode(const struct dsa_completion_record *rec,
				       uint8_t status, uint32_t len,
				       enum dsam_work work);

#endif
