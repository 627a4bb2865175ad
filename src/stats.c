// SPDX-License-Identifier: MIT
/*
 * Room: HOT.  Adds a finished request to the calling thread's counters.
 * May: the slot.  Must not: anything else.
 */
#include "stats.h"

void dsam_stats_request(struct dsam_thread_stats *t, enum dsam_op op, size_t n,
			const struct dsam_account *a)
{
	struct dsam_op_stats *s = &t->op[op];
	unsigned bin = dsam_stats_bin(n);
	enum dsam_route route = DSAM_ROUTE_DEVICE;
	struct dsam_rate *rate = &s->device[bin];

	if (!a->device_bytes) {
		route = DSAM_ROUTE_CPU;
		rate = &s->cpu[bin];
	}
	/* The few bytes before a line do not make it a shared one. */
	if (a->whys & ~(1U << DSAM_WHY_NONE | 1U << DSAM_WHY_HEAD) &&
	    route == DSAM_ROUTE_DEVICE)
		route = DSAM_ROUTE_SHARED;
	/* Sums before their parts: a long jump may come in between. */
	dsam_stats_add(&s->bytes[route], n);
	dsam_stats_add(&s->calls[route], 1);
	dsam_stats_add(&s->size[dsam_stats_bucket(n)], 1);
	dsam_stats_add(&rate->calls, 1);
	dsam_stats_add(&rate->bytes, n);
	dsam_stats_add(&rate->ns, a->ns);
	for (uint32_t left = a->whys & ~(1U << DSAM_WHY_NONE); left;
	     left &= left - 1) {
		int w = __builtin_ctz(left);

		dsam_stats_add(&s->why_calls[w], 1);
		dsam_stats_add(&s->why_bytes[w], a->why_bytes[w]);
	}
	if (a->device_bytes) {
		dsam_stats_add(&s->device_bytes, a->device_bytes);
		dsam_stats_add(&s->latency[dsam_stats_bucket(a->ns)], 1);
	}
	if (a->descriptors) {
		dsam_stats_add(&s->descriptors, a->descriptors);
		dsam_stats_add(&s->wait_ns, a->wait_ns);
	}
	/* The rest is rare. */
	if (a->faults | a->resumes | a->retries | a->touched) {
		dsam_stats_add(&s->faults, a->faults);
		dsam_stats_add(&s->resumes, a->resumes);
		dsam_stats_add(&s->retries, a->retries);
		dsam_stats_add(&s->touched, a->touched);
	}
}
