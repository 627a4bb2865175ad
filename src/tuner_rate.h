/* SPDX-License-Identifier: MIT */
/* Rates, as ticks for a MiB, and how they are learned. */
#ifndef DSAM_TUNER_RATE_H
#define DSAM_TUNER_RATE_H

#include <stddef.h>
#include <stdint.h>

#define DSAM_MIB_SHIFT 20
/* What a sample weighs: a quarter, a half. */
#define DSAM_STEADY 2
#define DSAM_QUICK 1
/* The device's part is not worth a descriptor below this. */
#define DSAM_PART_LEAST 2048

/* Ticks for n bytes as ticks for a MiB, at least 1. */
static inline uint64_t dsam_rate_of(uint64_t ticks, size_t n)
{
	if (ticks >> (63 - DSAM_MIB_SHIFT))
		return ticks / n << DSAM_MIB_SHIFT;
	return (ticks << DSAM_MIB_SHIFT) / n + 1;
}

/* One outlier, a preempted thread, moves it little; a change soon. */
static inline void dsam_rate_weigh(uint64_t *e, uint64_t sample, unsigned shift)
{
	if (!*e) {
		*e = sample;
		return;
	}
	if (sample > 2 * *e)
		sample = 2 * *e;
	*e = *e - (*e >> shift) + (sample >> shift) + 1;
}

/* The least, which is never much less than the truth; more comes slowly. */
static inline void dsam_rate_least(uint64_t *e, uint64_t sample)
{
	if (!*e || sample < *e)
		*e = sample;
	else
		*e += *e / 64 + 1;
}

#endif
