// SPDX-License-Identifier: MIT
/*
 * Room: HOT, PURE.  Decides; does nothing.
 * May: its arguments.  Must not: anything else.
 */
#include "policy.h"

struct dsam_plan dsam_policy_plan(const struct dsam_limits *lim,
				  const struct dsam_request *rq, bool can_touch)
{
	struct dsam_plan p = {.why = DSAM_WHY_NONE,
			      .split = rq->n,
			      .chunk = lim->chunk,
			      .touch = can_touch};
	size_t whole;

	if (!lim->has_device) {
		p.why = DSAM_WHY_NO_DEVICE;
		return p;
	}
	/*
	 * An overlapping move by the device is correct but gains nothing,
	 * and a range that wraps is the program's bug to see.
	 */
	if ((rq->src && dsam_policy_overlaps(rq->dst, rq->src, rq->n)) ||
	    rq->n > SIZE_MAX / 4 || (uintptr_t)rq->dst + rq->n < rq->n) {
		p.why = DSAM_WHY_OVERLAP;
		return p;
	}
	p.to_cache = lim->to_cache_allowed && rq->n <= lim->cache_bytes;
	/*
	 * Writes steered to memory are up to five times slower when the
	 * destination begins inside a line: the CPU does that part.
	 */
	if (!p.to_cache) {
		p.head = -(uintptr_t)rq->dst % DSAM_LINE;
		if (p.head >= rq->n)
			p.head = 0;
	}
	if (lim->is_split) {
		/* Divide first: n * percent may not fit. */
		whole = rq->n / 100 * lim->cpu_percent +
			rq->n % 100 * lim->cpu_percent / 100;
		p.split = rq->n - whole;
		/* Both sides' pieces begin at a line of the destination. */
		if (p.split > p.head + DSAM_LINE)
			p.split -= ((uintptr_t)rq->dst + p.split) % DSAM_LINE;
		if (p.split <= p.head)
			p.split = rq->n;
	}
	return p;
}
