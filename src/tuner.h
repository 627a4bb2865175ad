/* SPDX-License-Identifier: MIT */
/* What was learned of the device: times and faults per size bin. */
#ifndef DSAM_TUNER_H
#define DSAM_TUNER_H

#include "stats.h"

struct dsam_tuner {
	/* Ticks from submission to completion, exponentially weighted. */
	uint64_t device[2][DSAM_BINS]; /* [copy, fill][log2 of bytes] */
	/* Requests of this size that still get their pages touched. */
	uint8_t touch[DSAM_BINS];
};

/*
 * Ticks that a descriptor of n bytes is expected to take: what was learned,
 * or the published 1 us + n / 30 GB/s before anything was.
 */
uint64_t dsam_tuner_predict(const struct dsam_tuner *t, bool is_fill, size_t n);

/* A descriptor of n bytes took so many ticks. */
void dsam_tuner_learn(struct dsam_tuner *t, bool is_fill, size_t n,
		      uint64_t ticks);

/* A request of n bytes met an absent destination page. */
void dsam_tuner_absent(struct dsam_tuner *t, size_t n);

/* Should a request of n bytes touch its destination first (touch=auto)? */
bool dsam_tuner_expects_absent(struct dsam_tuner *t, size_t n);

#endif
