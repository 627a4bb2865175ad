// SPDX-License-Identifier: MIT
/*
 * Room: HOT.  Waits one step: pause, UMWAIT or yield.
 * May: sched_yield where asked for.  Must not: decide anything else.
 */
#include "wait.h"

#include "clock.h"
#include "syscall.h"

#include <immintrin.h>

/* Leaving C0.2 takes half a microsecond: not worth it for short waits. */
#define SHORT_WAIT_US 10
/* UMWAIT at most so long: the deadline and the epoch are looked at between. */
#define UMWAIT_US 20

struct dsam_waiting dsam_waiting;

__attribute__((target("waitpkg"))) static void
umwait(const volatile uint8_t *status)
{
	uint64_t until = dsam_ticks() + UMWAIT_US * dsam_clock.ticks_per_us;

	_umonitor((void *)(uintptr_t)status);
	/* The store may have come before the monitor was armed. */
	if (!*status)
		_umwait(0, until);
}

void dsam_wait_step(const volatile uint8_t *status, uint64_t waited,
		    uint64_t predicted)
{
	enum dsam_wait_how how = dsam_waiting.how;

	if (dsam_waiting.is_auto) {
		uint64_t brief = SHORT_WAIT_US * dsam_clock.ticks_per_us;

		how = DSAM_WAIT_BY_SPIN;
		if (predicted > brief || waited > 4 * brief)
			how = dsam_waiting.has_umwait ? DSAM_WAIT_BY_UMWAIT
						      : DSAM_WAIT_BY_YIELD;
	}
	switch (how) {
	case DSAM_WAIT_BY_UMWAIT:
		umwait(status);
		return;
	case DSAM_WAIT_BY_YIELD:
		dsam_syscall3(SYS_sched_yield, 0, 0, 0);
		return;
	case DSAM_WAIT_BY_SPIN:
		break;
	}
	_mm_pause();
}
