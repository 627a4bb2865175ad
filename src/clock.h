/* SPDX-License-Identifier: MIT */
/*
 * Time in TSC ticks while copying; nanoseconds by one multiplication.
 */
#ifndef DSAM_CLOCK_H
#define DSAM_CLOCK_H

#include <stdint.h>

struct dsam_clock {
	uint64_t ns_per_tick; /* 32.32 fixed point */
	uint64_t ticks_per_us;
	uint64_t start_ticks, start_ns;
};

/* Written at birth (and more exactly at the report), read everywhere. */
extern struct dsam_clock dsam_clock __attribute__((visibility("hidden")));

/* Birth, first step: take the starting point. */
void dsam_clock_start(void);

/*
 * Work out the rate from the time since start; sooner than 100 us after it,
 * waits for the rest.
 */
void dsam_clock_calibrate(void);

/* CLOCK_MONOTONIC in ns. */
uint64_t dsam_clock_monotonic(void);

static inline uint64_t dsam_ticks(void)
{
	return __builtin_ia32_rdtsc();
}

/* From start to end; 0 where the clocks of two CPUs disagree. */
static inline uint64_t dsam_ticks_between(uint64_t start, uint64_t end)
{
	int64_t d = (int64_t)(end - start);

	return d > 0 ? (uint64_t)d : 0;
}

static inline uint64_t dsam_ticks_to_ns(uint64_t ticks)
{
	return (uint64_t)(((unsigned __int128)ticks * dsam_clock.ns_per_tick) >>
			  32);
}

#endif
