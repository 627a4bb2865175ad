/* SPDX-License-Identifier: MIT */
/* A request of one descriptor: one cut, one piece for each side. */
#ifndef DSAM_SHOT_H
#define DSAM_SHOT_H

#include "pieces.h"

/*
 * Is the request one for this?  Short, one queue is open, and what was learned
 * of such requests says that nobody else makes the device's time vary.
 */
bool dsam_shot_fits(const struct dsam_story *st,
		    const struct dsam_lesson *lesson);

/*
 * Give the device plan.share of the request, from the back, as one descriptor,
 * do the rest, wait, and tell lesson who waited for whom.  When it returns,
 * every byte is right and nothing of the request is in flight.
 */
void dsam_shot_run(struct dsam_story *st, struct dsam_lesson *lesson);

#endif
