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
	/* [first, last) are in flight, each modulo DSAM_DEPTH. */
	struct dsam_piece piece[DSAM_DEPTH];
	unsigned first, last;
	bool verify; /* compare each piece when it is done */
	bool is_forked; /* a child now: slot and queues are not ours */
};

/* The CPU does [from, to) of the request, for the reason given. */
void dsam_pieces_by_cpu(struct dsam_story *st, size_t from, size_t to,
			enum dsam_why why);

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
