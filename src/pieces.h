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
	bool verify; /* compare each piece when it is done */
	bool is_forked; /* a child now: slot and queues are not ours */
};

/* The CPU does [from, to) of the request, for the reason given. */
void dsam_pieces_by_cpu(struct dsam_story *st, size_t from, size_t to,
			enum dsam_why why);

/*
 * Do [plan.head, plan.split) with the device, and [plan.split, n) with the
 * CPU meanwhile.  When it returns, every byte of both is right and nothing
 * of the request is in flight.
 */
void dsam_pieces_run(struct dsam_story *st);

#endif
