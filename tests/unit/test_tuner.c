// SPDX-License-Identifier: MIT
/* What is learned of the device, and what is expected of it. */
#include "suite.h"

#include "clock.h"
#include "tuner.h"

static struct dsam_tuner t;

START_TEST(before_anything_was_learned)
{
	uint64_t us = dsam_clock.ticks_per_us = 2000;

	ck_assert_uint_eq(dsam_tuner_predict(&t, false, 0), us);
	ck_assert_uint_eq(dsam_tuner_predict(&t, false, 30000), 2 * us);
	ck_assert_uint_eq(dsam_tuner_predict(&t, true, 3000000), 101 * us);
	/* No overflow at the largest descriptor there is. */
	ck_assert_uint_gt(dsam_tuner_predict(&t, false, UINT32_MAX),
			  100000 * us);
}
END_TEST

START_TEST(learned_by_size_and_kind)
{
	dsam_tuner_learn(&t, false, 4096, 1000);
	ck_assert_uint_eq(dsam_tuner_predict(&t, false, 4096), 1000);
	ck_assert_uint_eq(dsam_tuner_predict(&t, false, 8191), 1000);
	ck_assert_uint_ne(dsam_tuner_predict(&t, false, 8192), 1000);
	ck_assert_uint_ne(dsam_tuner_predict(&t, true, 4096), 1000);
	dsam_tuner_learn(&t, true, 4096, 500);
	ck_assert_uint_eq(dsam_tuner_predict(&t, true, 4096), 500);
}
END_TEST

START_TEST(it_follows_a_change_and_forgives_one_outlier)
{
	for (int i = 0; i < 10; i++)
		dsam_tuner_learn(&t, false, 4096, 1000);
	ck_assert_uint_eq(dsam_tuner_predict(&t, false, 4096), 1000);
	dsam_tuner_learn(&t, false, 4096, 9000);
	ck_assert_uint_eq(dsam_tuner_predict(&t, false, 4096), 3000);
	for (int i = 0; i < 40; i++)
		dsam_tuner_learn(&t, false, 4096, 9000);
	ck_assert_uint_ge(dsam_tuner_predict(&t, false, 4096), 8990);
	ck_assert_uint_le(dsam_tuner_predict(&t, false, 4096), 9000);
	for (int i = 0; i < 60; i++)
		dsam_tuner_learn(&t, false, 4096, 100);
	ck_assert_uint_le(dsam_tuner_predict(&t, false, 4096), 110);
}
END_TEST

START_TEST(every_size_has_a_place)
{
	for (unsigned b = 0; b < 64; b++) {
		dsam_tuner_learn(&t, b & 1, 1UL << b, b + 1);
		ck_assert_uint_gt(dsam_tuner_predict(&t, b & 1, 1UL << b), 0);
		dsam_tuner_absent(&t, 1UL << b);
		ck_assert(dsam_tuner_expects_absent(&t, 1UL << b));
	}
}
END_TEST

/* After a fault some requests of that size touch, then one tries without. */
START_TEST(absent_pages_are_expected_for_a_while)
{
	int n = 0;

	ck_assert(!dsam_tuner_expects_absent(&t, 65536));
	dsam_tuner_absent(&t, 65536);
	ck_assert(!dsam_tuner_expects_absent(&t, 4096));
	while (dsam_tuner_expects_absent(&t, 100000))
		n++;
	ck_assert_int_eq(n, 32);
	ck_assert(!dsam_tuner_expects_absent(&t, 65536));
}
END_TEST

RUN_SUITE("tuner", before_anything_was_learned, learned_by_size_and_kind,
	  it_follows_a_change_and_forgives_one_outlier, every_size_has_a_place,
	  absent_pages_are_expected_for_a_while)
