// SPDX-License-Identifier: MIT
/*
 * Room: COLD (birth, report).  How long a tick of the TSC is.
 * May: clock_gettime.  Must not: sleep.
 */
#include "clock.h"

#include <time.h>

struct dsam_clock dsam_clock = {.ns_per_tick = 1ULL << 31,
				.ticks_per_us = 2000};

uint64_t dsam_clock_monotonic(void)
{
	struct timespec ts = {0, 0};

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000000ULL + (uint64_t)ts.tv_nsec;
}

void dsam_clock_start(void)
{
	dsam_clock.start_ns = dsam_clock_monotonic();
	dsam_clock.start_ticks = dsam_ticks();
}

void dsam_clock_calibrate(void)
{
	uint64_t ns, ticks;

	do {
		ns = dsam_clock_monotonic() - dsam_clock.start_ns;
		ticks = dsam_ticks() - dsam_clock.start_ticks;
	} while (ns < 100000);
	/* A TSC that stood still or ran back: keep the rate of 2 GHz. */
	if (ticks < ns / 64 || ticks > ns * 64)
		return;
	dsam_clock.ns_per_tick =
		(uint64_t)(((unsigned __int128)ns << 32) / ticks);
	dsam_clock.ticks_per_us =
		(uint64_t)((unsigned __int128)ticks * 1000 / ns);
}
