// SPDX-License-Identifier: MIT
/* Overlap, and how a request is divided between device and CPU. */
#include "suite.h"
#include "random.h"

#include "policy.h"

static bool overlaps(uintptr_t dst, uintptr_t src, size_t n)
{
	return dsam_policy_overlaps((void *)dst, (void *)src, n);
}

/* The definition: a byte that belongs to both, without wrapping around. */
static bool share_a_byte(uintptr_t d, uintptr_t s, size_t n)
{
	return d <= s ? s - d < n : d - s < n;
}

START_TEST(overlap_five_cases)
{
	/* Apart, touching, overlapping, the same, the other way round. */
	ck_assert(!overlaps(1000, 2000, 100));
	ck_assert(!overlaps(1000, 1100, 100));
	ck_assert(overlaps(1000, 1099, 100));
	ck_assert(overlaps(1000, 1000, 100));
	ck_assert(overlaps(1099, 1000, 100));
	ck_assert(!overlaps(1100, 1000, 100));
	ck_assert(!overlaps(2000, 1000, 100));
	ck_assert(overlaps(1000, 1000, 1));
	ck_assert(!overlaps(1000, 1001, 1));
}
END_TEST

START_TEST(overlap_at_the_ends_of_the_address_space)
{
	uintptr_t top = UINTPTR_MAX;

	ck_assert(!overlaps(0, top - 99, 100));
	ck_assert(!overlaps(top - 99, 0, 100));
	ck_assert(overlaps(top - 99, top - 98, 99));
	ck_assert(!overlaps(top - 99, top - 199, 100));
	ck_assert(overlaps(top - 99, top - 198, 100));
	/* No pair of buffers is that long. */
	ck_assert(overlaps(0, top / 2, SIZE_MAX / 2));
	ck_assert(overlaps(0, top, SIZE_MAX));
	ck_assert(overlaps(4096, 1UL << 60, SIZE_MAX / 4 + 1));
	ck_assert(!overlaps(0, 1UL << 63, SIZE_MAX / 4));
}
END_TEST

START_TEST(overlap_by_the_definition)
{
	struct random r = {1};

	for (int i = 0; i < 2000000; i++) {
		uintptr_t d = random_next(&r) >> random_below(&r, 60);
		size_t n = 1 + random_below(&r, 1UL << random_below(&r, 40));
		uintptr_t s = d + random_below(&r, 3 * n) - n - n / 2;

		/* Buffers do not wrap. */
		if (d + n < n || s + n < n)
			continue;
		if (overlaps(d, s, n) != share_a_byte(d, s, n))
			ck_abort_msg("dst %lx src %lx n %zu", d, s, n);
	}
}
END_TEST

static struct dsam_limits limits = {
	.has_device = true, .to_cache_allowed = true, .chunk = 2U << 20};

static struct dsam_plan plan(uintptr_t dst, uintptr_t src, size_t n)
{
	struct dsam_request rq = {.dst = (char *)dst,
				  .src = (const char *)src,
				  .n = n,
				  .op = src ? DSAM_OP_MEMCPY : DSAM_OP_MEMSET};

	return dsam_policy_plan(&limits, &rq, true);
}

START_TEST(what_goes_to_the_cpu)
{
	ck_assert_int_eq(plan(4096, 4100, 64).why, DSAM_WHY_OVERLAP);
	ck_assert_int_eq(plan(4096, 8192, 64).why, DSAM_WHY_NONE);
	ck_assert_int_eq(plan(4096, 0, 64).why, DSAM_WHY_NONE);
	/* Lengths and ranges that only a mistake can have. */
	ck_assert_int_eq(plan(4096, 0, SIZE_MAX).why, DSAM_WHY_OVERLAP);
	ck_assert_int_eq(plan(4096, 0, SIZE_MAX / 4 + 1).why, DSAM_WHY_OVERLAP);
	ck_assert_int_eq(plan(-(uintptr_t)64, 0, 65).why, DSAM_WHY_OVERLAP);
	limits.has_device = false;
	ck_assert_int_eq(plan(4096, 8192, 64).why, DSAM_WHY_NO_DEVICE);
}
END_TEST

START_TEST(to_cache_up_to_a_size)
{
	limits.cache_bytes = 1000;
	ck_assert(plan(4096, 0, 1000).to_cache);
	ck_assert(!plan(4096, 0, 1001).to_cache);
	limits.to_cache_allowed = false;
	ck_assert(!plan(4096, 0, 1000).to_cache);
	limits.to_cache_allowed = true;
	limits.cache_bytes = 0;
	ck_assert(!plan(4096, 0, 1).to_cache);
	limits.cache_bytes = SIZE_MAX;
	ck_assert(plan(4096, 0, 1UL << 40).to_cache);
}
END_TEST

START_TEST(head_is_peeled_when_writes_go_to_memory)
{
	for (uintptr_t dst = 8192; dst < 8192 + 64; dst++) {
		size_t head = (8192 + 64 - dst) % 64;

		limits.cache_bytes = 0;
		ck_assert_uint_eq(plan(dst, 0, 4096).cpu, head);
		ck_assert_int_eq(plan(dst, 0, 4096).cpu_why, DSAM_WHY_HEAD);
		ck_assert_uint_eq(plan(dst, 0, head + 1).cpu, head);
		/* Nothing would be left to the device: then it does it all. */
		if (head)
			ck_assert_uint_eq(plan(dst, 0, head).cpu, 0);
		limits.cache_bytes = SIZE_MAX;
		ck_assert_uint_eq(plan(dst, 0, 4096).cpu, 0);
	}
}
END_TEST

/* The CPU has [0, cpu), the device the rest, which is never empty. */
static void expect_partition(uintptr_t dst, size_t n)
{
	struct dsam_plan p = plan(dst, 0, n);

	if (p.cpu >= n || (!limits.is_split && p.cpu > 63))
		ck_abort_msg("dst %lx n %zu: %u %% is %zu", dst, n,
			     limits.cpu_percent, p.cpu);
	if (!limits.is_split || n < 1024)
		return;
	/* The share is right, to a line, and the device begins at a line. */
	if ((p.cpu * 100 + 6400 < n * limits.cpu_percent) ||
	    (p.cpu * 100 > n * limits.cpu_percent + 6400))
		ck_abort_msg("dst %lx n %zu: %u %% is %zu", dst, n,
			     limits.cpu_percent, p.cpu);
	if (p.cpu && (dst + p.cpu) % 64)
		ck_abort_msg("dst %lx n %zu: %u %% ends at %zu", dst, n,
			     limits.cpu_percent, p.cpu);
	if (p.cpu > 63 && p.cpu_why != DSAM_WHY_SPLIT)
		ck_abort_msg("dst %lx n %zu: why %d", dst, n, p.cpu_why);
}

START_TEST(parts_make_up_the_whole)
{
	static const size_t big[] = {4095,      4096,      4097,
				     32768,     99999,     1UL << 20,
				     2097153,   1UL << 32, (1UL << 40) + 1,
				     1UL << 47, 1UL << 61, SIZE_MAX / 4};

	for (int memory = 0; memory < 2; memory++) {
		limits.cache_bytes = memory ? 0 : SIZE_MAX;
		for (unsigned pct = 0; pct <= 91; pct++) {
			limits.is_split = pct < 91;
			limits.cpu_percent = (uint8_t)(pct % 91);
			for (uintptr_t dst = 4096; dst < 4096 + 64; dst++) {
				for (size_t n = 1; n < 400; n++)
					expect_partition(dst, n);
				for (size_t i = 0; i < 12 && pct; i++)
					if (big[i] < 1UL << 57)
						expect_partition(dst, big[i]);
			}
		}
	}
}
END_TEST

START_TEST(no_request_is_too_long_for_the_arithmetic)
{
	limits.is_split = true;
	for (unsigned pct = 0; pct <= 90; pct++) {
		struct dsam_plan p;

		limits.cpu_percent = (uint8_t)pct;
		p = plan(64, 0, SIZE_MAX / 4);
		ck_assert_int_eq(p.why, DSAM_WHY_NONE);
		ck_assert_uint_le(p.cpu, SIZE_MAX / 4 / 100 * pct + 200);
		ck_assert_uint_ge(p.cpu, SIZE_MAX / 4 / 100 * pct);
	}
}
END_TEST

RUN_SUITE("policy", overlap_five_cases,
	  overlap_at_the_ends_of_the_address_space, overlap_by_the_definition,
	  what_goes_to_the_cpu, to_cache_up_to_a_size,
	  head_is_peeled_when_writes_go_to_memory, parts_make_up_the_whole,
	  no_request_is_too_long_for_the_arithmetic)
