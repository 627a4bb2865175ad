/* SPDX-License-Identifier: MIT */
/* Request and configuration -> plan.  Pure. */
#ifndef DSAM_POLICY_H
#define DSAM_POLICY_H

#include "dsamove.h"

/* What the policy goes by; filled once at birth. */
struct dsam_limits {
	size_t min_bytes[DSAM_OPS]; /* SIZE_MAX: op not offloaded */
	bool has_device; /* false: only counting (stats=all) */
	bool to_cache_allowed; /* every queue has cache control */
	bool is_split;
	bool is_learned; /* split_cpu_percent=auto */
	uint8_t cpu_percent; /* of a request, when is_split */
	size_t cache_bytes; /* writes go to cache up to this size */
	uint32_t chunk; /* bytes: the most that a queue takes in one go */
};

/*
 * Plan one request at or above its cutoff.  can_touch: the caller found that
 * pages should be made present first.  Values in, values out.
 */
struct dsam_plan dsam_policy_plan(const struct dsam_limits *lim,
				  const struct dsam_request *rq,
				  bool can_touch);

/*
 * Do [dst, dst+n) and [src, src+n) share a byte?  Adjacent buffers do not.
 * True as well for lengths that no pair of buffers can have.
 */
static inline bool dsam_policy_overlaps(const void *dst, const void *src,
					size_t n)
{
	uintptr_t d = (uintptr_t)dst, s = (uintptr_t)src;

	/* One unsigned comparison, as musl's memmove does it. */
	return n > SIZE_MAX / 4 || s - d - n > -2 * (uintptr_t)n;
}

#endif
