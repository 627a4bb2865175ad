// SPDX-License-Identifier: MIT
/*
 * Room: COLD, PURE.  Sums and bucket limits for the report.
 * May: read counters that their threads still write.  Must not: write any
 * but its result.
 */
#include "stats.h"

uint64_t dsam_stats_bucket_floor(unsigned bucket)
{
	unsigned b = bucket / 4, step = bucket % 4;

	if (b < 2)
		return b ? 2 : 0;
	return (4ULL + step) << (b - 2);
}

void dsam_stats_sum(struct dsam_thread_stats *to,
		    const struct dsam_thread_stats *from)
{
	/* All counters are 64 bits wide, and nothing else is in there. */
	uint64_t *t = (uint64_t *)to;
	const uint64_t *f = (const uint64_t *)from;

	_Static_assert(sizeof(*to) % sizeof(uint64_t) == 0, "counters only");
	for (size_t i = 0; i < sizeof(*to) / sizeof(*t); i++)
		t[i] += __atomic_load_n(&f[i], __ATOMIC_RELAXED);
}
