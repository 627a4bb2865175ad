/* SPDX-License-Identifier: MIT */
/* A piece of a request that a queue takes as several descriptors: a BATCH. */
#ifndef DSAM_BATCH_H
#define DSAM_BATCH_H

#include "submit.h"

/*
 * How many of len bytes queue q takes now as one piece: all that fit into one
 * descriptor; else a batch, if there are enough for one and the slot has room;
 * else as much as one descriptor carries.
 */
size_t dsam_batch_takes(const struct dsam_slot *s, const struct dsam_queue *q,
			size_t len);

/*
 * Make the claimed entry of piece p the parent of a batch for queue q of as
 * many members, and as many of p->len bytes, as q takes; returns the bytes.  0:
 * q takes no batch, or the entry has no room for one, and nothing is changed.
 */
uint32_t dsam_batch_build(const struct dsam_submission *sub,
			  struct dsam_piece *p, const struct dsam_queue *q);

/* Member k of the batch p: the bytes of the request that it moves. */
static inline struct dsam_piece dsam_batch_member(const struct dsam_piece *p,
						  unsigned k)
{
	uint32_t part = p->queue->max_transfer, before = k * part;
	struct dsam_piece m = *p;

	m.off += before;
	m.len = p->len - before < part ? p->len - before : part;
	m.members = 1;
	return m;
}

/*
 * The parent of batch p is answered, and not with success: what became of its
 * p->members members, each by its own record, and the entry is given back.
 * What has no record that can be believed is to be done again.
 */
void dsam_batch_outcomes(const struct dsam_submission *sub,
			 const struct dsam_piece *p, struct dsam_outcome *out);

/* Leak checkers take what looks like a pointer for one. */
void dsam_batch_forget(const struct dsam_submission *sub,
		       const struct dsam_piece *p);

#endif
