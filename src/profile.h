/* SPDX-License-Identifier: MIT */
/* stats=callers: who copies, by return address. */
#ifndef DSAM_PROFILE_H
#define DSAM_PROFILE_H

#include "caller.h"
#include "stats.h"

#define DSAM_PROFILED 2048U

/*
 * One caller, of all threads.  Free while address is 0; then address and
 * module stay as they are.
 */
struct dsam_profiled {
	_Alignas(DSAM_LINE) _Atomic uintptr_t address;
	_Atomic(const struct dsam_module *) module; /* NULL: a JIT's */
	_Atomic uint64_t closing; /* dlcloses, when it was seen to be there */
	_Atomic uint64_t calls, bytes, device_bytes;
	_Atomic uint64_t timed_calls; /* at or above the cutoff */
	_Atomic uint64_t cpu_bytes, cpu_ns; /* of copies without the device */
	_Atomic uint64_t with_bytes, with_ns; /* of those with it */
	_Atomic uint32_t size[DSAM_BINS];
};

struct dsam_profile {
	struct dsam_profiled caller[DSAM_PROFILED];
	/* Callers that found no room. */
	_Atomic uint64_t other_calls, other_bytes;
};
/* NULL but with stats=callers. */
extern struct dsam_profile *dsam_profile DSAM_HIDDEN;

/* Birth.  0 or -errno. */
int dsam_profile_birth(void);

/* Note a finished request of n bytes, its bytes by route in a. */
void dsam_profile_add(const void *caller, size_t n,
		      const struct dsam_account *a);

/* Note one below the cutoff, which libc will do. */
void dsam_profile_small(size_t n, const void *caller);

#endif
