/* SPDX-License-Identifier: MIT */
/* CPU and device share a request until they meet; what it took is learned. */
#ifndef DSAM_SHARE_H
#define DSAM_SHARE_H

#include "pieces.h"

/*
 * Do the request by plan.share of the device's and what is found on the way:
 * the CPU from the front in small pieces, the device from the back, over all
 * open queues by their speed.  When it returns, every byte is right, nothing
 * of the request is in flight, and lesson has been told.
 */
void dsam_share_run(struct dsam_story *st, struct dsam_lesson *lesson);

#endif
