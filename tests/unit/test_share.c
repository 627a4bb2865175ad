// SPDX-License-Identifier: MIT
/*
 * CPU and device meet in the middle: every byte once, pieces cut where the
 * device likes it, many queues of different kinds.
 */
#include "mixed_device.h"

static void start(void)
{
	start_with(QUEUES);
}

START_TEST(every_byte_once_on_every_queue)
{
	struct random r = {3};
	uint64_t bytes = 0;

	start();
	for (unsigned q = 0; q < QUEUES; q++)
		kind[q].looks = 5 * q;
	for (int i = 0; i < 150; i++) {
		size_t n = 1 + random_below(&r, 1UL << (10 + i % 15));
		size_t at = random_below(&r, 5000);

		n = n + at < ROOM ? n : ROOM - at;
		copy_shared(at, n);
		bytes += n;
	}
	expect_all_counted(bytes);
	for (unsigned q = 0; q < QUEUES; q++) {
		ck_assert_uint_gt(kind[q].taken, 5);
		ck_assert_uint_le(kind[q].most_in_flight, 2);
	}
}
END_TEST

START_TEST(writes_to_memory_begin_at_a_line)
{
	start();
	dsam_limits.cache_bytes = 0;
	for (size_t at = 0; at < 130; at += 13)
		copy_shared(at, 3UL << 20);
}
END_TEST

/* A slow queue gets a small part, and holds up nobody. */
START_TEST(queues_share_by_speed)
{
	start();
	kind[2].looks = 1000;
	for (int i = 0; i < 30; i++)
		copy_shared(0, 8UL << 20);
	memset(kind, 0, sizeof(kind));
	kind[2].looks = 1000;
	for (int i = 0; i < 20; i++)
		copy_shared(0, 8UL << 20);
	ck_assert_uint_gt(kind[0].bytes + kind[1].bytes + kind[3].bytes,
			  15 * kind[2].bytes);
}
END_TEST

START_TEST(full_and_failing_queues)
{
	start();
	kind[0].refuses = true;
	kind[1].fails = true;
	for (int i = 0; i < 40; i++)
		copy_shared(1, 4UL << 20);
	expect_all_counted(40 * (4UL << 20));
	ck_assert_uint_eq(kind[0].taken, 0);
	/* Out of service after some errors, or it was hardly asked. */
	ck_assert_uint_lt(kind[1].taken, 40);
	ck_assert_uint_gt(kind[2].bytes + kind[3].bytes, 4UL << 20);
}
END_TEST

START_TEST(a_silent_queue_is_closed_and_the_rest_goes_on)
{
	start();
	dsam_queue_deadline = 20000 * dsam_clock.ticks_per_us;
	kind[3].is_silent = true;
	for (int i = 0; i < 20; i++) {
		copy_shared(0, 8UL << 20);
		/* What the drained queue had is the CPU's. */
		memset(owner, 0, ROOM / 64 + 2);
	}
	ck_assert_int_eq(atomic_load(&dsam_queues.q[3].state),
			 DSAM_QUEUE_CLOSED);
	ck_assert_uint_le(kind[3].taken, 2);
	ck_assert_uint_gt(kind[0].bytes, 1UL << 20);
	expect_all_counted(20 * (8UL << 20));
}
END_TEST

/* More of short pieces are in flight, for the CPU seldom looks. */
START_TEST(short_pieces_keep_a_queue_busy)
{
	static const unsigned most[] = {4, 16, 32, 128, 256, 1024};

	start_with(1);
	for (size_t i = 0; i < sizeof(most) / sizeof(*most); i++) {
		uint32_t bytes = most[i] * 1024;

		memset(kind, 0, sizeof(kind));
		kind[0].looks = 2;
		dsam_queues.q[0].max_transfer = bytes;
		for (size_t at = 0; at < 4000; at += 777)
			copy_shared(at, 18UL << 20);
		ck_assert_uint_ge(kind[0].most_in_flight,
				  bytes < 256U << 10 ? 3 : 2);
		ck_assert_uint_le(kind[0].most_in_flight,
				  bytes < 256U << 10 ? DSAM_DEPTH : 2);
		/* All but what is cut off at the ends. */
		if (bytes >= 16U << 10)
			ck_assert_uint_ge(kind[0].bytes / kind[0].taken,
					  bytes / 2);
	}
}
END_TEST

RUN_SUITE("share", every_byte_once_on_every_queue,
	  writes_to_memory_begin_at_a_line, queues_share_by_speed,
	  full_and_failing_queues,
	  a_silent_queue_is_closed_and_the_rest_goes_on,
	  short_pieces_keep_a_queue_busy)
