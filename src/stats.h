/* SPDX-License-Identifier: MIT */
/*
 * What one thread did, by op.  Written by its owner alone, read by the report.
 */
#ifndef DSAM_STATS_H
#define DSAM_STATS_H

#include "dsamove.h"

#include <stdatomic.h>

/* Powers of two in four steps each; one more for what is beyond 2^40. */
#define DSAM_BUCKETS (41 * 4)
/* Powers of two, for rates. */
#define DSAM_BINS 42

struct dsam_rate {
	uint64_t bytes, ns, calls;
};

struct dsam_op_stats {
	uint64_t calls[DSAM_ROUTES], bytes[DSAM_ROUTES];
	/* Bytes that the CPU did, and requests that have such bytes. */
	uint64_t why_calls[DSAM_WHYS], why_bytes[DSAM_WHYS];
	uint64_t device_bytes; /* bytes that the device did */
	uint64_t small_calls, small_bytes; /* below the cutoff (stats=all) */
	/* Of a batch its members count, and not the batch. */
	uint64_t descriptors, faults, resumes, retries, touched;
	uint64_t wait_ns; /* waiting for completion records */
	struct dsam_rate cpu[DSAM_BINS]; /* requests done by the CPU alone */
	struct dsam_rate device[DSAM_BINS]; /* with the device's help */
	uint64_t size[DSAM_BUCKETS]; /* of requests at or above the cutoff */
	uint64_t
		latency[DSAM_BUCKETS]; /* ns, requests the device had part in */
};

struct dsam_thread_stats {
	struct dsam_op_stats op[DSAM_OPS];
};

/* What no living thread has a row for.  Shared, so added to atomically. */
struct dsam_common_stats {
	/* Requests of threads without a slot: rare. */
	_Atomic uint64_t outside_calls[DSAM_OPS][DSAM_WHYS];
	_Atomic uint64_t outside_bytes[DSAM_OPS][DSAM_WHYS];
	struct dsam_thread_stats rest; /* of ended threads without a row */
	_Atomic uint64_t folded; /* how many those are */
};

/*
 * Add to a counter of the calling thread.  One instruction, so a signal
 * handler that counts in the same slot loses nothing and repeats nothing.
 */
static inline void dsam_stats_add(uint64_t *counter, uint64_t n)
{
	__asm__ volatile("addq %1, %0" : "+m"(*counter) : "er"(n) : "cc");
}

/* floor(log2(v)), 0 for 0, at most DSAM_BINS - 1. */
static inline unsigned dsam_stats_bin(uint64_t v)
{
	unsigned b = v ? 63U - (unsigned)__builtin_clzll(v) : 0;

	return b < DSAM_BINS ? b : DSAM_BINS - 1;
}

/* Bucket of v: four to each power of two. */
static inline unsigned dsam_stats_bucket(uint64_t v)
{
	unsigned b = v ? 63U - (unsigned)__builtin_clzll(v) : 0;

	if (b < 2)
		return b * 4;
	if (b > 40)
		return DSAM_BUCKETS - 1;
	return b * 4 + ((v >> (b - 2)) & 3);
}

/* Smallest value that falls into a bucket. */
uint64_t dsam_stats_bucket_floor(unsigned bucket);

/* What a finished request was, for dsam_stats_request(). */
struct dsam_account {
	uint64_t device_bytes, ns, wait_ns;
	/* Of each reason whose bit is set in whys; the others hold anything. */
	uint64_t why_bytes[DSAM_WHYS];
	uint32_t whys;
	uint32_t descriptors, faults, resumes, retries, touched;
};

static inline void dsam_account_begin(struct dsam_account *a)
{
	a->device_bytes = a->ns = a->wait_ns = 0;
	a->whys = a->descriptors = a->faults = a->resumes = a->retries =
		a->touched = 0;
}

/* The CPU did so many bytes, for that reason. */
static inline void dsam_account_cpu(struct dsam_account *a, enum dsam_why why,
				    uint64_t bytes)
{
	if (!(a->whys >> why & 1))
		a->why_bytes[why] = 0;
	a->whys |= 1U << why;
	a->why_bytes[why] += bytes;
}

_Static_assert(DSAM_WHYS <= 32, "a bit each");

/* HOT.  Count one finished request of n bytes in the thread's counters. */
void dsam_stats_request(struct dsam_thread_stats *t, enum dsam_op op, size_t n,
			const struct dsam_account *a);

/* Add all of from to *to; the report's totals. */
void dsam_stats_sum(struct dsam_thread_stats *to,
		    const struct dsam_thread_stats *from);

#endif
