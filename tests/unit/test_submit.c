// SPDX-License-Identifier: MIT
/* One descriptor: its 64 bytes, its way to a queue, its entry. */
#include "fake_device.h"

#include <errno.h>

static char src[8192], dst[8192];
static struct dsam_request copy = {.dst = dst, .src = src, .n = 8192};
static struct dsam_request fill = {
	.dst = dst, .n = 8192, .op = DSAM_OP_MEMSET, .fill = 0xa7};
static struct dsam_submission sub;
static struct dsam_piece piece;
static uint32_t retries;

static void start(unsigned queues)
{
	fake_birth(queues);
	ck_assert_int_eq(dsam_slot_enter(&sub.slot, __builtin_frame_address(0)),
			 DSAM_WHY_NONE);
	sub.rq = &copy;
	sub.epoch = dsam_self.epoch;
	sub.node = -1;
	sub.slot->turn = 0;
	piece = (struct dsam_piece){.off = 256, .len = 4096};
	retries = 0;
	errno = 77;
}

static struct dsam_outcome settle(void)
{
	struct dsam_outcome o = dsam_submit_settle(&sub, &piece);

	ck_assert_int_eq(errno, 77);
	return o;
}

#define EXPECT_SUBMIT(tries, why)                                            \
	do {                                                                 \
		ck_assert_int_eq(dsam_submit(&sub, &piece, tries, &retries), \
				 why);                                       \
		ck_assert_int_eq(errno, 77);                                 \
	} while (0)

/* ---- building ---- */

static void put(unsigned char *to, uint64_t v, size_t n)
{
	for (size_t i = 0; i < n; i++)
		to[i] = (unsigned char)(v >> (8 * i));
}

/* Offsets and numbers from the specification, not from a header. */
static void expect_wire(uint32_t flags, unsigned opcode, uint64_t source)
{
	unsigned char want[64] = {0};

	put(want + 4, flags, 3);
	want[7] = (unsigned char)opcode;
	put(want + 8, (uintptr_t)&sub.slot->rec[piece.entry], 8);
	put(want + 16, source, 8);
	put(want + 24, (uintptr_t)dst + 256, 8);
	put(want + 32, 4096, 4);
	ck_assert_mem_eq((void *)&fake[0].last, want, 64);
	ck_assert_ptr_eq(fake[0].at, &sub.slot->desc[piece.entry]);
	ck_assert_uint_eq((uintptr_t)fake[0].at % 64, 0);
	ck_assert_uint_eq((uintptr_t)&sub.slot->rec[piece.entry] % 32, 0);
	ck_assert_uint_eq(sub.slot->rec[piece.entry].status, 0);
}

START_TEST(the_64_bytes_of_a_copy)
{
	start(1);
	memset(sub.slot->desc, 0xff, sizeof(sub.slot->desc));
	memset(sub.slot->rec, 0xff, sizeof(sub.slot->rec));
	EXPECT_SUBMIT(0, DSAM_WHY_NONE);
	/* Completion record address valid, record requested. */
	expect_wire(0x0c, 3, (uintptr_t)src + 256);
}
END_TEST

START_TEST(the_64_bytes_of_a_fill)
{
	start(1);
	sub.rq = &fill;
	memset(sub.slot->desc, 0xff, sizeof(sub.slot->desc));
	EXPECT_SUBMIT(0, DSAM_WHY_NONE);
	expect_wire(0x0c, 4, 0xa7a7a7a7a7a7a7a7);
}
END_TEST

START_TEST(cache_control_where_the_queue_has_it)
{
	start(2);
	sub.to_cache = true;
	EXPECT_SUBMIT(0, DSAM_WHY_NONE);
	expect_wire(0x10c, 3, (uintptr_t)src + 256);
	dsam_queues.q[1].has_cache_control = false;
	fake[0].answer = DSAM_ENQUEUE_RETRY;
	sub.slot->turn = 0;
	EXPECT_SUBMIT(0, DSAM_WHY_NONE);
	ck_assert_uint_eq(fake[0].last.flags, 0x10c);
	ck_assert_uint_eq(fake[1].last.flags, 0x0c);
}
END_TEST

START_TEST(a_piece_is_cut_to_what_the_queue_transfers)
{
	start(2);
	dsam_queues.q[0].max_transfer = 1000;
	EXPECT_SUBMIT(0, DSAM_WHY_NONE);
	ck_assert_uint_eq(piece.len, 1000);
	ck_assert_uint_eq(fake[0].last.xfer_size, 1000);
	piece.len = 4096;
	EXPECT_SUBMIT(0, DSAM_WHY_NONE);
	ck_assert_uint_eq(piece.len, 4096);
	ck_assert_uint_eq(fake[1].last.xfer_size, 4096);
	/* The small one is full: the next takes all of it. */
	piece.len = 4096;
	sub.slot->turn = 0;
	fake[0].answer = DSAM_ENQUEUE_RETRY;
	EXPECT_SUBMIT(0, DSAM_WHY_NONE);
	ck_assert_uint_eq(piece.len, 4096);
	ck_assert_uint_eq(fake[1].last.xfer_size, 4096);
}
END_TEST

/* ---- queues ---- */

START_TEST(round_robin_over_the_queues)
{
	start(3);
	for (int i = 0; i < 6; i++) {
		EXPECT_SUBMIT(0, DSAM_WHY_NONE);
		ck_assert_ptr_eq(piece.queue, &dsam_queues.q[i % 3]);
	}
	for (int i = 0; i < 3; i++)
		ck_assert_uint_eq(fake[i].enqueued, 2);
}
END_TEST

START_TEST(busy_queues_are_tried_so_often_and_no_more)
{
	static const unsigned tries[] = {0, 1, 5, 32};

	start(4);
	for (int i = 0; i < 4; i++)
		fake[i].answer = DSAM_ENQUEUE_RETRY;
	for (size_t t = 0; t < 4; t++) {
		retries = 0;
		for (int i = 0; i < 4; i++)
			fake[i].enqueued = 0;
		EXPECT_SUBMIT(tries[t], DSAM_WHY_BUSY);
		ck_assert_uint_eq(retries, tries[t]);
		for (int i = 0; i < 4; i++)
			ck_assert_uint_eq(fake[i].enqueued, tries[t] + 1);
		ck_assert_uint_eq(sub.slot->in_flight, 0);
	}
	/* One gets room. */
	fake[2].answer = DSAM_ENQUEUE_TAKEN;
	EXPECT_SUBMIT(0, DSAM_WHY_NONE);
	ck_assert_ptr_eq(piece.queue, &dsam_queues.q[2]);
}
END_TEST

START_TEST(a_queue_that_refuses_for_ever_is_passed_over)
{
	unsigned n = 0;

	start(2);
	fake[0].answer = fake[1].answer = DSAM_ENQUEUE_RETRY;
	for (; n < 1000; n++) {
		enum dsam_why why = dsam_submit(&sub, &piece, 1, &retries);

		if (why == DSAM_WHY_NO_QUEUE)
			break;
		ck_assert_int_eq(why, DSAM_WHY_BUSY);
	}
	ck_assert_uint_ge(n, 8);
	ck_assert_uint_lt(n, 1000);
	for (int i = 0; i < 2; i++)
		ck_assert_int_eq(atomic_load(&dsam_queues.q[i].state),
				 DSAM_QUEUE_QUARANTINED);
}
END_TEST

START_TEST(a_refused_descriptor_goes_elsewhere)
{
	start(2);
	fake[0].answer = DSAM_ENQUEUE_REFUSED;
	EXPECT_SUBMIT(0, DSAM_WHY_NONE);
	ck_assert_ptr_eq(piece.queue, &dsam_queues.q[1]);
	ck_assert_int_eq(atomic_load(&dsam_queues.q[0].state),
			 DSAM_QUEUE_QUARANTINED);
	fake[1].answer = DSAM_ENQUEUE_REFUSED;
	EXPECT_SUBMIT(3, DSAM_WHY_NO_QUEUE);
	ck_assert_uint_eq(retries, 0);
}
END_TEST

START_TEST(no_queue_at_all)
{
	start(0);
	EXPECT_SUBMIT(9, DSAM_WHY_NO_QUEUE);
	ck_assert_uint_eq(retries, 0);
	ck_assert_uint_eq(sub.slot->in_flight, 0);
}
END_TEST

/* ---- entries ---- */

START_TEST(no_entry_is_free)
{
	start(1);
	for (unsigned i = 0; i < DSAM_DEPTH; i++) {
		EXPECT_SUBMIT(0, DSAM_WHY_NONE);
		ck_assert_uint_eq(piece.entry, i);
	}
	EXPECT_SUBMIT(0, DSAM_WHY_NESTED);
	ck_assert_uint_eq(fake[0].enqueued, DSAM_DEPTH);
	/* An answered one that nobody came back for is taken over. */
	sub.slot->rec[5].status = DSA_COMP_SUCCESS;
	EXPECT_SUBMIT(0, DSAM_WHY_NONE);
	ck_assert_uint_eq(piece.entry, 5);
	EXPECT_SUBMIT(0, DSAM_WHY_NESTED);
}
END_TEST

START_TEST(an_entry_taken_over_is_not_ours_any_more)
{
	start(1);
	EXPECT_SUBMIT(0, DSAM_WHY_NONE);
	fake_answer(fake[0].at, DSA_COMP_SUCCESS);
	sub.slot->serial[piece.entry]++;
	ck_assert_int_eq(settle().kind, DSAM_OUTCOME_ERROR);
	/* The new owner's claim stands, and no queue is blamed. */
	ck_assert_uint_eq(sub.slot->in_flight, 1);
	ck_assert_uint_eq(atomic_load(&dsam_queues.q[0].errors), 0);
}
END_TEST

RUN_SUITE("submit", the_64_bytes_of_a_copy, the_64_bytes_of_a_fill,
	  cache_control_where_the_queue_has_it,
	  a_piece_is_cut_to_what_the_queue_transfers,
	  round_robin_over_the_queues,
	  busy_queues_are_tried_so_often_and_no_more,
	  a_queue_that_refuses_for_ever_is_passed_over,
	  a_refused_descriptor_goes_elsewhere, no_queue_at_all,
	  no_entry_is_free, an_entry_taken_over_is_not_ours_any_more)
