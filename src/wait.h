/* SPDX-License-Identifier: MIT */
/* How a thread passes the time until a completion record is written. */
#ifndef DSAM_WAIT_H
#define DSAM_WAIT_H

#include <stdbool.h>
#include <stdint.h>

enum dsam_wait_how {
	DSAM_WAIT_BY_SPIN,
	DSAM_WAIT_BY_UMWAIT,
	DSAM_WAIT_BY_YIELD
};

struct dsam_waiting {
	bool is_auto; /* by predicted time; else how, always */
	enum dsam_wait_how how;
	bool has_umwait; /* CPUID leaf 7, sub-leaf 0, ECX bit 5 */
};

extern struct dsam_waiting dsam_waiting __attribute__((visibility("hidden")));

/*
 * One step: at most some microseconds.  status is the byte that the device
 * writes; waited and predicted are ticks since submission and as expected.
 */
void dsam_wait_step(const volatile uint8_t *status, uint64_t waited,
		    uint64_t predicted);

#endif
