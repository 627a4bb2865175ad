// SPDX-License-Identifier: MIT
/* Buckets, bins, sums, and how a finished request is counted. */
#include "suite.h"
#include "random.h"

#include "stats.h"

#include <string.h>

static struct dsam_thread_stats stats;

START_TEST(bins_are_powers_of_two)
{
	ck_assert_uint_eq(dsam_stats_bin(0), 0);
	for (unsigned b = 0; b < 64; b++) {
		unsigned want = b < DSAM_BINS ? b : DSAM_BINS - 1;

		ck_assert_uint_eq(dsam_stats_bin(1ULL << b), want);
		ck_assert_uint_eq(dsam_stats_bin((1ULL << b) * 2 - 1), want);
	}
}
END_TEST

/* Every bucket begins where the one before it ends. */
START_TEST(buckets_follow_each_other)
{
	struct random r = {5};
	unsigned last = 0;

	for (uint64_t v = 0; v < 100000; v++) {
		unsigned b = dsam_stats_bucket(v);

		if (b < last || dsam_stats_bucket_floor(b) > v)
			ck_abort_msg("%llu is in bucket %u",
				     (unsigned long long)v, b);
		last = b;
	}
	for (int i = 0; i < 1000000; i++) {
		uint64_t v = random_next(&r) >> random_below(&r, 64);
		unsigned b = dsam_stats_bucket(v);

		if (b >= DSAM_BUCKETS || dsam_stats_bucket_floor(b) > v ||
		    (b + 1 < DSAM_BUCKETS && b % 4 != 3 && b > 7 &&
		     dsam_stats_bucket_floor(b + 1) <= v))
			ck_abort_msg("%llu is in bucket %u",
				     (unsigned long long)v, b);
	}
	ck_assert_uint_eq(dsam_stats_bucket(UINT64_MAX), DSAM_BUCKETS - 1);
}
END_TEST

START_TEST(a_floor_is_in_its_own_bucket)
{
	for (unsigned b = 8; b < DSAM_BUCKETS; b++)
		ck_assert_uint_eq(dsam_stats_bucket(dsam_stats_bucket_floor(b)),
				  b);
	ck_assert_uint_eq(dsam_stats_bucket_floor(dsam_stats_bucket(0)), 0);
	ck_assert_uint_eq(dsam_stats_bucket_floor(dsam_stats_bucket(2)), 2);
	/* A bucket is a quarter of its power of two: at most 25 % off. */
	ck_assert_uint_eq(dsam_stats_bucket_floor(dsam_stats_bucket(1023)),
			  896);
	ck_assert_uint_eq(dsam_stats_bucket_floor(dsam_stats_bucket(32768)),
			  32768);
}
END_TEST

static struct dsam_account account;

static const struct dsam_op_stats *request(enum dsam_op op, size_t n)
{
	memset(&stats, 0, sizeof(stats));
	dsam_stats_request(&stats, op, n, &account);
	memset(&account, 0, sizeof(account));
	return &stats.op[op];
}

START_TEST(all_by_the_device)
{
	const struct dsam_op_stats *s;

	account.device_bytes = 65536;
	account.ns = 5000;
	account.wait_ns = 4000;
	account.descriptors = 1;
	s = request(DSAM_OP_MEMMOVE, 65536);
	ck_assert_uint_eq(s->calls[DSAM_ROUTE_DEVICE], 1);
	ck_assert_uint_eq(s->bytes[DSAM_ROUTE_DEVICE], 65536);
	ck_assert_uint_eq(s->calls[DSAM_ROUTE_CPU], 0);
	ck_assert_uint_eq(s->calls[DSAM_ROUTE_SHARED], 0);
	ck_assert_uint_eq(s->device_bytes, 65536);
	ck_assert_uint_eq(s->descriptors, 1);
	ck_assert_uint_eq(s->wait_ns, 4000);
	ck_assert_uint_eq(s->size[dsam_stats_bucket(65536)], 1);
	ck_assert_uint_eq(s->latency[dsam_stats_bucket(5000)], 1);
	ck_assert_uint_eq(s->device[16].calls, 1);
	ck_assert_uint_eq(s->device[16].bytes, 65536);
	ck_assert_uint_eq(s->device[16].ns, 5000);
	ck_assert_uint_eq(s->cpu[16].calls, 0);
}
END_TEST

START_TEST(the_head_does_not_make_it_shared)
{
	const struct dsam_op_stats *s;

	account.device_bytes = 65000;
	dsam_account_cpu(&account, DSAM_WHY_HEAD, 40);
	s = request(DSAM_OP_MEMCPY, 65040);
	ck_assert_uint_eq(s->calls[DSAM_ROUTE_DEVICE], 1);
	ck_assert_uint_eq(s->why_calls[DSAM_WHY_HEAD], 1);
	ck_assert_uint_eq(s->why_bytes[DSAM_WHY_HEAD], 40);
}
END_TEST

START_TEST(both_had_a_part)
{
	const struct dsam_op_stats *s;

	account.device_bytes = 60000;
	dsam_account_cpu(&account, DSAM_WHY_SPLIT, 5000);
	dsam_account_cpu(&account, DSAM_WHY_FAULT, 40);
	account.faults = 2;
	account.resumes = 1;
	account.retries = 7;
	account.touched = 9;
	s = request(DSAM_OP_MEMSET, 65040);
	ck_assert_uint_eq(s->calls[DSAM_ROUTE_SHARED], 1);
	ck_assert_uint_eq(s->bytes[DSAM_ROUTE_SHARED], 65040);
	ck_assert_uint_eq(s->why_calls[DSAM_WHY_SPLIT], 1);
	ck_assert_uint_eq(s->why_bytes[DSAM_WHY_FAULT], 40);
	ck_assert_uint_eq(s->faults, 2);
	ck_assert_uint_eq(s->resumes, 1);
	ck_assert_uint_eq(s->retries, 7);
	ck_assert_uint_eq(s->touched, 9);
}
END_TEST

START_TEST(all_by_the_cpu)
{
	const struct dsam_op_stats *s;

	dsam_account_cpu(&account, DSAM_WHY_OVERLAP, 4096);
	account.ns = 300;
	s = request(DSAM_OP_MEMMOVE, 4096);
	ck_assert_uint_eq(s->calls[DSAM_ROUTE_CPU], 1);
	ck_assert_uint_eq(s->cpu[12].calls, 1);
	ck_assert_uint_eq(s->cpu[12].ns, 300);
	ck_assert_uint_eq(s->device[12].calls, 0);
	/* Latency is of requests that the device had part in. */
	for (unsigned b = 0; b < DSAM_BUCKETS; b++)
		ck_assert_uint_eq(s->latency[b], 0);
}
END_TEST

START_TEST(sums_are_of_every_counter)
{
	static struct dsam_thread_stats a, b;
	uint64_t *x = (uint64_t *)&a, *y = (uint64_t *)&b;
	size_t n = sizeof(a) / sizeof(*x);

	for (size_t i = 0; i < n; i++) {
		x[i] = i;
		y[i] = i * 1000000007;
	}
	dsam_stats_sum(&a, &b);
	for (size_t i = 0; i < n; i++)
		if (x[i] != i * 1000000008 || y[i] != i * 1000000007)
			ck_abort_msg("counter %zu", i);
}
END_TEST

START_TEST(adding)
{
	uint64_t c = UINT32_MAX;

	dsam_stats_add(&c, 1);
	ck_assert_uint_eq(c, 1ULL << 32);
	dsam_stats_add(&c, 1ULL << 40);
	ck_assert_uint_eq(c, (1ULL << 40) + (1ULL << 32));
}
END_TEST

RUN_SUITE("stats", bins_are_powers_of_two, buckets_follow_each_other,
	  a_floor_is_in_its_own_bucket, all_by_the_device,
	  the_head_does_not_make_it_shared, both_had_a_part, all_by_the_cpu,
	  sums_are_of_every_counter, adding)
