// SPDX-License-Identifier: MIT
/*
 * Room: HOT.  Learns from finished descriptors; predicts the next.
 * May: the slot's tuner.  Must not: anything else; no floating point.
 */
#include "tuner.h"

#include "clock.h"

/* After a fault, so many requests of the size touch before one tries again. */
#define TOUCH_RUN 32

uint64_t dsam_tuner_predict(const struct dsam_tuner *t, bool is_fill, size_t n)
{
	uint64_t learned = t->device[is_fill][dsam_stats_bin(n)];

	if (learned)
		return learned;
	/* ticks/us * (1 us + n / 30000 bytes per us) */
	return dsam_clock.ticks_per_us + dsam_clock.ticks_per_us * n / 30000;
}

void dsam_tuner_learn(struct dsam_tuner *t, bool is_fill, size_t n,
		      uint64_t ticks)
{
	uint64_t *e = &t->device[is_fill][dsam_stats_bin(n)];

	*e = *e ? *e - *e / 4 + ticks / 4 : ticks;
}

void dsam_tuner_absent(struct dsam_tuner *t, size_t n)
{
	t->touch[dsam_stats_bin(n)] = TOUCH_RUN;
}

bool dsam_tuner_expects_absent(struct dsam_tuner *t, size_t n)
{
	uint8_t *run = &t->touch[dsam_stats_bin(n)];

	if (!*run)
		return false;
	--*run;
	return true;
}
