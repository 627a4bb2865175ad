/* SPDX-License-Identifier: MIT */
/*
 * Requests that libc does and that are only counted: no slot is taken, and
 * nothing is timed.
 */
#ifndef DSAM_ASIDE_H
#define DSAM_ASIDE_H

#include "clock.h"
#include "offload.h"
#include "policy.h"
#include "probe.h"
#include "profile.h"
#include "slot.h"

/*
 * A call below the cutoff is counted (stats=all), and that is all.  False: it
 * is not below, or dsam_aside_note() has to see it.
 */
static inline bool dsam_aside_small(enum dsam_op op, size_t n)
{
	struct dsam_slot *s = dsam_self.slot;
	struct dsam_op_stats *counts;

	if (n >= dsam_limits.min_bytes[op] ||
	    DSAM_UNLIKELY(dsam_tuning.profiles || s <= DSAM_SELF_GONE ||
			  dsam_self.epoch != dsam_slot_epoch()))
		return false;
	counts = &dsam_slot_stats(s)->op[op];
	dsam_stats_add(&counts->small_calls, 1);
	dsam_stats_add(&counts->small_bytes, n);
	return true;
}

/*
 * Of a call that dsam_aside_small() left: is it below the cutoff?  Its
 * caller is noted (stats=callers), or its thread gets a slot.
 */
static inline bool dsam_aside_note(enum dsam_op op, size_t n,
				   const void *caller)
{
	struct dsam_slot *s;

	if (n >= dsam_limits.min_bytes[op])
		return false;
	if (dsam_tuning.profiles) {
		dsam_profile_small(n, caller);
	} else if (!dsam_slot_enter(&s, __builtin_frame_address(0))) {
		dsam_slot_leave(s);
		(void)dsam_aside_small(op, n);
	}
	return true;
}

/* One that was learned to be the CPU's, and is not to be looked at now. */
static inline bool dsam_aside_learned(enum dsam_op op, enum dsam_work work,
				      size_t n)
{
	struct dsam_slot *s = dsam_self.slot;
	struct dsam_account a;
	uint64_t ticks;

	if (!dsam_limits.is_learned ||
	    DSAM_UNLIKELY(s <= DSAM_SELF_GONE ||
			  dsam_self.epoch != dsam_slot_epoch()) ||
	    !dsam_tuner_rests(&s->tuner, work, n, &ticks))
		return false;
	DSAM_PROBE3(fallback, op, n, DSAM_WHY_SLOWER);
	dsam_account_begin(&a);
	dsam_account_cpu(&a, DSAM_WHY_SLOWER, n);
	a.ns = dsam_ticks_to_ns(ticks);
	dsam_stats_request(dsam_slot_stats(s), op, n, &a);
	return true;
}

#endif
