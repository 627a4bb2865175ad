// SPDX-License-Identifier: MIT
/*
 * One cut, one piece for each side: every byte once, on a queue that serves,
 * is full, fails, never answers.
 */
#include "mixed_device.h"

#include "shot.h"

START_TEST(every_byte_once)
{
	struct random r = {5};
	uint64_t bytes = 0;

	start_with(1);
	for (int i = 0; i < 300; i++) {
		size_t n = 1 + random_below(&r, 1UL << (8 + i % 16));
		size_t at = random_below(&r, 5000);

		kind[0].looks = i % 7 * 3;
		copy_shared(at, n);
		bytes += n;
	}
	expect_all_counted(bytes);
	ck_assert_uint_gt(kind[0].bytes, bytes / 4);
	ck_assert_uint_le(kind[0].most_in_flight, 8);
}
END_TEST

/* What was learned is not forgotten here. */
START_TEST(both_have_a_part)
{
	start_with(1);
	for (int i = 0; i < 60; i++)
		copy(0, 256 << 10);
	expect_all_counted(60 * (256UL << 10));
	ck_assert_uint_gt(
		dsam_self.slot->tuner
			.lesson[DSAM_WORK_MOVE][0][dsam_stats_bin(256 << 10)]
			.share,
		0);
}
END_TEST

START_TEST(writes_to_memory_begin_at_a_line)
{
	start_with(1);
	dsam_limits.cache_bytes = 0;
	for (size_t at = 0; at < 130; at += 13) {
		copy_shared(at, 40000);
		copy_shared(at, 3UL << 20);
	}
	ck_assert_uint_gt(kind[0].bytes, 10UL << 20);
}
END_TEST

static uint64_t by_cpu(enum dsam_why why)
{
	return dsam_self.slot->stats.op[DSAM_OP_MEMCPY].why_bytes[why];
}

START_TEST(a_full_queue)
{
	start_with(1);
	kind[0].refuses = true;
	for (int i = 0; i < 10; i++)
		copy_shared(1, 100000);
	expect_all_counted(10 * 100000);
	ck_assert_uint_eq(by_cpu(DSAM_WHY_BUSY), 10 * 100000);
}
END_TEST

START_TEST(a_queue_that_fails)
{
	start_with(1);
	kind[0].fails = true;
	for (int i = 0; i < 10; i++)
		copy_shared(1, 3UL << 20);
	expect_all_counted(10 * (3UL << 20));
	ck_assert_uint_gt(by_cpu(DSAM_WHY_ERROR), 0);
	ck_assert_uint_gt(by_cpu(DSAM_WHY_NO_QUEUE), 0);
}
END_TEST

START_TEST(a_silent_queue)
{
	start_with(1);
	dsam_queue_deadline = 20000 * dsam_clock.ticks_per_us;
	kind[0].is_silent = true;
	for (int i = 0; i < 3; i++) {
		copy_shared(0, 3UL << 20);
		memset(owner, 0, ROOM / 64 + 2);
	}
	ck_assert_int_eq(atomic_load(&dsam_queues.q[0].state),
			 DSAM_QUEUE_CLOSED);
	expect_all_counted(3 * (3UL << 20));
	ck_assert_uint_gt(by_cpu(DSAM_WHY_TIMEOUT), 0);
}
END_TEST

/* Where the CPU has the larger part of a long request, it looks. */
START_TEST(which_requests_are_cut_once)
{
	static const struct {
		size_t n;
		uint32_t share; /* in percent */
		unsigned queues;
		uint8_t others, hold;
		bool fits;
	} c[] = {
		{64UL << 10, 5, 1, 0, 0, true},
		{1UL << 20, 5, 1, 0, 0, true},
		{4UL << 20, 45, 1, 0, 0, false},
		{4UL << 20, 55, 1, 0, 0, true},
		{16UL << 20, 75, 1, 0, 0, true},
		{17UL << 20, 75, 1, 0, 0, false},
		{64UL << 10, 75, 2, 0, 0, false},
		/* Others use the device, too. */
		{1UL << 20, 75, 1, 96, 0, true},
		{1UL << 20, 75, 1, 97, 0, false},
		{512UL << 10, 75, 1, 255, 0, true},
		{1UL << 20, 45, 1, 255, 0, true},
		{4UL << 20, 75, 1, 255, 0, true},
		/* And one of this process is left out. */
		{1UL << 20, 5, 1, 97, 1, true},
		{4UL << 20, 5, 1, 97, 1, true},
		{17UL << 20, 5, 1, 97, 1, false},
	};

	start_with(2);
	copy(0, 4096);
	for (size_t i = 0; i < sizeof(c) / sizeof(*c); i++) {
		struct dsam_request rq = {.n = c[i].n};
		struct dsam_story st = {.rq = &rq};
		const struct dsam_lesson lesson = {.others = c[i].others,
						   .hold = c[i].hold,
						   .cpu = 100,
						   .alone = 500};

		st.sub.slot = dsam_self.slot;
		st.sub.slot->peers.others = DSAM_WHOLE;

		st.plan.chunk = 2UL << 20;
		st.plan.share = DSAM_WHOLE / 100 * c[i].share;
		dsam_queues.q[1].state = c[i].queues > 1
						 ? DSAM_QUEUE_OPEN
						 : DSAM_QUEUE_QUARANTINED;
		dsam_queues.q[0].max_transfer = dsam_queues.q[1].max_transfer =
			2U << 20;
		ck_assert_msg(dsam_shot_fits(&st, &lesson) == c[i].fits,
			      "case %zu", i);
	}
}
END_TEST

RUN_SUITE("shot", every_byte_once, both_have_a_part,
	  writes_to_memory_begin_at_a_line, a_full_queue, a_queue_that_fails,
	  a_silent_queue, which_requests_are_cut_once)
