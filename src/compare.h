/* SPDX-License-Identifier: MIT */
/* memcmp and bcmp with the device's COMPARE. */
#ifndef DSAM_COMPARE_H
#define DSAM_COMPARE_H

#include "pieces.h"

/* The CPU compares [from, to): sets st->order.  True while all is equal. */
bool dsam_compare_by_cpu(struct dsam_story *st, size_t from, size_t to,
			 enum dsam_why why);

/*
 * Compare all of the request, [0, plan.cpu) by the CPU: st->order is negative,
 * 0 or positive as the first bytes that differ are, as unsigned char.  When it
 * returns, nothing of the request is in flight.  With a lesson the division is
 * that of plan.share, and the lesson is told what it took.
 */
void dsam_compare_run(struct dsam_story *st, struct dsam_lesson *lesson);

#endif
