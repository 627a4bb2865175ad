// SPDX-License-Identifier: MIT
/*
 * Room: HOT, PURE.  Decides; does nothing.
 * May: its arguments.  Must not: anything else.
 */
#include "policy.h"

/* Bytes from dst + at to the next 64-byte line. */
static size_t to_line(const char *dst, size_t at)
{
	return -((uintptr_t)dst + at) % DSAM_LINE;
}

struct dsam_plan dsam_policy_plan(const struct dsam_limits *lim,
				  const struct dsam_request *rq, bool can_touch)
{
	struct dsam_plan p = {.why = DSAM_WHY_NONE,
			      .cpu_why = DSAM_WHY_HEAD,
			      .chunk = lim->chunk,
			      .touch = can_touch};
	size_t share;

	if (!lim->has_device) {
		p.why = DSAM_WHY_NO_DEVICE;
		return p;
	}
	/*
	 * An overlapping move by the device is correct but gains nothing,
	 * and a range that wraps is the program's bug to see.
	 */
	if ((!dsam_is_fill(rq) && !dsam_is_compare(rq) &&
	     dsam_policy_overlaps(rq->dst, rq->src, rq->n)) ||
	    rq->n > SIZE_MAX / 4 || (uintptr_t)rq->dst + rq->n < rq->n) {
		p.why = DSAM_WHY_OVERLAP;
		return p;
	}
	/* A compare writes nothing: the flag is reserved (8.3.6). */
	p.to_cache = lim->to_cache_allowed && rq->n <= lim->cache_bytes &&
		     !dsam_is_compare(rq);
	/*
	 * Writes steered to memory are up to five times slower when the
	 * destination begins inside a line: the CPU does that part.
	 */
	if (!p.to_cache && !dsam_is_compare(rq))
		p.cpu = to_line(rq->dst, 0);
	p.is_learned = lim->is_split && lim->is_learned;
	if (lim->is_split && !lim->is_learned) {
		/* Divide first: n * percent may not fit. */
		share = rq->n / 100 * lim->cpu_percent +
			rq->n % 100 * lim->cpu_percent / 100;
		if (share > p.cpu) {
			p.cpu = share + to_line(rq->dst, share);
			p.cpu_why = DSAM_WHY_SPLIT;
			if (p.cpu >= rq->n)
				p.cpu = share;
		}
	}
	if (p.cpu >= rq->n)
		p.cpu = 0;
	return p;
}
