/* SPDX-License-Identifier: MIT */
/*
 * One piece of a walk.  Each function does up to n bytes at w->done and
 * returns how many; when that is fewer because of a page fault, w->culprit
 * says at which operand.  They differ in the most that they may be asked for.
 */
#ifndef DSAM_DESCRIPTOR_STEP_H
#define DSAM_DESCRIPTOR_STEP_H

#include "descriptor_walk.h"

#define DSAM_STEP_BOUNCE 4096
#define DSAM_STEP_FILL_BOUNCE (4096 - 16) /* room for the phase */
#define DSAM_STEP_COMPARE 2048

/* Any n: the accessor's own copy or fill, or nothing to do at all. */
size_t dsam_step_copy(struct dsam_walk *w, size_t n);
size_t dsam_step_fill(struct dsam_walk *w, size_t n);
size_t dsam_step_flush(struct dsam_walk *w, size_t n);

/* n up to the constants above: through a buffer on the stack. */
size_t dsam_step_bounce(struct dsam_walk *w, size_t n);
size_t dsam_step_fill_bounce(struct dsam_walk *w, size_t n);
size_t dsam_step_compare(struct dsam_walk *w, size_t n);

#endif
