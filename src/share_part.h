/* SPDX-License-Identifier: MIT */
/* A request on which CPU and device work from both ends, and its parts. */
#ifndef DSAM_SHARE_PART_H
#define DSAM_SHARE_PART_H

#include "pieces.h"

/* After so many refusals a queue is left alone by this request. */
#define DSAM_PART_REFUSALS 3
/* The CPU copies at least so much between two looks at the device. */
#define DSAM_PART_STEP (4 * 1024UL)

struct meeting {
	struct dsam_story *st;
	size_t lo, hi; /* not given to anyone yet */
	size_t safe; /* up to here the CPU knows the pages */
	size_t in_flight; /* bytes */
	size_t far; /* bytes that both do in the time of the way there */
	size_t step; /* bytes that the CPU copies between looks, at most */
	bool is_late; /* the first pieces are given */
	bool is_far; /* all is given at once: no time for second thoughts */
	size_t device; /* bytes that the device did */
	uint64_t begun, looked, device_end, idle, cpu_ticks;
	unsigned open;
	bool was_full; /* a queue that may be tried again */
	bool is_refused; /* some queue was full */
	enum dsam_why stop; /* not NONE: nothing more for the device */
	uint8_t count[DSAM_MAX_QUEUES]; /* in flight on each */
	uint8_t most[DSAM_MAX_QUEUES]; /* ... and so many at most */
	uint8_t refused[DSAM_MAX_QUEUES];
	uint64_t weight[DSAM_MAX_QUEUES]; /* its part of DSAM_WHOLE */
	uint64_t last[DSAM_MAX_QUEUES]; /* when it last answered */
	uint32_t behind; /* a bit each: sent behind another, on its queue */
	/* What one look found: bytes, and of one that was not: when sent. */
	size_t ended[DSAM_MAX_QUEUES];
	uint64_t first_sent[DSAM_MAX_QUEUES];
	/* It has had something to do since when, and so many bytes are done. */
	bool is_running[DSAM_MAX_QUEUES];
	size_t run[DSAM_MAX_QUEUES];
	uint64_t run_since[DSAM_MAX_QUEUES];
};

/* Begin: parts of the queues by their speed, nothing in flight on any. */
void dsam_part_weigh(struct meeting *m);

/* Begin: how far away the device is, by what was learned. */
void dsam_part_far(struct meeting *m, const struct dsam_lesson *l);

/* Bytes that the device should still get, so that both end at once. */
size_t dsam_part_fair(const struct meeting *m);

/* Bytes that queue q gets now of all that the device should; 0: nothing. */
size_t dsam_part_of(const struct meeting *m, size_t all, unsigned q);

/*
 * Where a piece of about so many bytes below m->hi begins: at a line, or a
 * page; it has no more than most if that is not very little.
 */
size_t dsam_part_cut(const struct meeting *m, size_t bytes, size_t most);

#endif
