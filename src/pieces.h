/* SPDX-License-Identifier: MIT */
/* The device's part of one request: pieces in flight, faults mended. */
#ifndef DSAM_PIECES_H
#define DSAM_PIECES_H

#include "stats.h"
#include "submit.h"

/* A request on its way. */
struct dsam_story {
	struct dsam_submission sub;
	const struct dsam_request *rq;
	struct dsam_plan plan;
	struct dsam_account account;
	unsigned resumes_left;
	struct dsam_piece piece[DSAM_DEPTH];
	uint32_t live; /* bit n: piece[n] is in flight */
	size_t touched_from, touched_to; /* of plan.touch, so far */
	bool verify; /* compare each piece when it is done */
	int order; /* of a compare: as memcmp returns it */
	bool is_forked; /* a child now: slot and queues are not ours */
};

/* The CPU does [from, to) of the request, for the reason given. */
void dsam_pieces_by_cpu(struct dsam_story *st, size_t from, size_t to,
			enum dsam_why why);

/*
 * Make [from, to) of the destination present, but for what was already, and
 * see that the source is: the signal that a bad page deserves comes from here.
 */
void dsam_pieces_touch(struct dsam_story *st, size_t from, size_t to);

/*
 * With plan.touch pieces are no longer than this, and dsam_pieces_launch
 * touches each before it is submitted: the device works on one slice while the
 * next is made present.
 */
#define DSAM_TOUCH_SLICE (256 * 1024UL)

/*
 * Read and write a byte of each page of [from, to), where the CPU is to copy
 * while the device works; the same, but lighter on the caches.
 */
void dsam_pieces_probe(const struct dsam_request *rq, size_t from, size_t to);

/*
 * Submit [from, to), or as much of it as the queue takes in one go, as
 * piece[i], which is not live; NONE makes it so.  A batch only on a queue
 * whose max_transfer is no more than batch_part.  With should_wait a full
 * queue is tried for a while.
 */
enum dsam_why dsam_pieces_launch(struct dsam_story *st, unsigned i, size_t from,
				 size_t to, uint32_t batch_part,
				 bool should_wait);

/*
 * Wait for live piece i until its bytes are right, whoever does them.  NONE;
 * else what the CPU mended, perhaps when all other live pieces were answered.
 */
enum dsam_why dsam_pieces_settle(struct dsam_story *st, unsigned i);

/*
 * Submit pieces of [*next, n) in turn while there is room from *last on; NONE
 * or why it ended.
 */
enum dsam_why dsam_pieces_fill(struct dsam_story *st, size_t *next,
			       unsigned *last);

/*
 * Do [0, plan.cpu) with the CPU and the rest with the device meanwhile.  When
 * it returns, every byte is right and nothing of the request is in flight.
 *
 * The CPU may meet a page that raises a signal, and the program's handler may
 * leave by a long jump; libc writes nothing after that.  So where the CPU goes
 * first, nothing is in flight: its own part is touched before the device gets
 * its own, and a piece that failed is mended when the others are answered.
 */
void dsam_pieces_run(struct dsam_story *st);

#endif
