// SPDX-License-Identifier: MIT
/* Which queue is picked, which are passed over, and how they come back. */
#include "fake_device.h"

static struct dsam_queue *const q = dsam_queues.q;

static int state(unsigned i)
{
	return atomic_load(&q[i].state);
}

/* The order in which a thread at start would try them: "120" */
static const char *order(unsigned start, int node)
{
	static char text[DSAM_MAX_QUEUES + 1];
	struct dsam_queue *p;
	unsigned n = 0;

	for (; (p = dsam_queue_pick(start, n, node)); n++) {
		ck_assert_uint_lt(n, DSAM_MAX_QUEUES);
		text[n] = (char)('0' + (p - q));
	}
	text[n] = 0;
	return text;
}

START_TEST(round_robin)
{
	fake_birth(3);
	ck_assert_str_eq(order(0, -1), "012");
	ck_assert_str_eq(order(1, -1), "120");
	ck_assert_str_eq(order(2, -1), "201");
	ck_assert_str_eq(order(3000000001U, -1), "120");
	/* A node means nothing where queues sit on one. */
	ck_assert_str_eq(order(1, 0), "120");
	dsam_queues.count = 0;
	ck_assert_str_eq(order(7, -1), "");
	ck_assert(!dsam_queue_any());
}
END_TEST

START_TEST(only_open_queues)
{
	fake_birth(4);
	dsam_queue_quarantine(&q[1]);
	dsam_queue_give_up(&q[3]);
	ck_assert_str_eq(order(0, -1), "02");
	ck_assert_str_eq(order(1, -1), "20");
	ck_assert_str_eq(order(3, -1), "02");
	ck_assert(dsam_queue_any());
}
END_TEST

START_TEST(near_queues_first)
{
	fake_birth(4);
	for (int i = 0; i < 4; i++)
		q[i].numa_node = i % 2;
	dsam_queues_settle();
	ck_assert(dsam_queues.has_nodes);
	ck_assert_str_eq(order(0, 0), "0213");
	ck_assert_str_eq(order(0, 1), "1302");
	ck_assert_str_eq(order(2, 1), "3120");
	/* No preference, and a node without queues. */
	ck_assert_str_eq(order(2, -1), "2301");
	ck_assert_str_eq(order(2, 9), "2301");
	dsam_queue_quarantine(&q[3]);
	ck_assert_str_eq(order(2, 1), "120");
	dsam_queue_quarantine(&q[1]);
	ck_assert_str_eq(order(2, 1), "20");
}
END_TEST

START_TEST(the_table_is_summed_up)
{
	fake_birth(3);
	q[0].max_transfer = 4096;
	q[2].max_transfer = 1U << 31;
	dsam_queues_settle();
	ck_assert_uint_eq(dsam_queues.max_piece, 1U << 31);
	ck_assert(!dsam_queues.has_nodes);
	q[1].numa_node = 2;
	dsam_queues_settle();
	ck_assert(dsam_queues.has_nodes);
	/* What is out of service does not count. */
	dsam_queue_give_up(&q[1]);
	dsam_queue_give_up(&q[2]);
	dsam_queues_settle();
	ck_assert_uint_eq(dsam_queues.max_piece, 4096);
	ck_assert(!dsam_queues.has_nodes);
}
END_TEST

START_TEST(four_errors_in_a_row)
{
	fake_birth(1);
	for (int i = 0; i < 30; i++) {
		dsam_queue_bad(&q[0]);
		dsam_queue_bad(&q[0]);
		dsam_queue_bad(&q[0]);
		ck_assert_int_eq(state(0), DSAM_QUEUE_OPEN);
		dsam_queue_good(&q[0]);
	}
	for (int i = 0; i < 4; i++)
		dsam_queue_bad(&q[0]);
	ck_assert_int_eq(state(0), DSAM_QUEUE_QUARANTINED);
}
END_TEST

START_TEST(a_wrong_byte)
{
	fake_birth(2);
	dsam_queue_accuse(&q[0], 17);
	ck_assert_int_eq(state(0), DSAM_QUEUE_QUARANTINED);
	ck_assert_int_eq(state(1), DSAM_QUEUE_OPEN);
	ck_assert(dsam_queue_any());
}
END_TEST

/* ---- coming back ---- */

static void make_due(void)
{
	atomic_store(&q[0].probe_at, 0);
}

START_TEST(a_probe_waits_for_its_time)
{
	fake_birth(1);
	dsam_queue_quarantine(&q[0]);
	/* The first pause is 100 ms, and this takes less. */
	for (int i = 0; i < 100; i++)
		ck_assert(!dsam_queue_any());
	if (dsam_ticks() < atomic_load(&q[0].probe_at))
		ck_assert_uint_eq(fake[0].enqueued, 0);
	make_due();
	ck_assert(!dsam_queue_any());
	ck_assert_uint_eq(fake[0].enqueued, 1);
}
END_TEST

START_TEST(a_noop_that_went_through_revives)
{
	unsigned char want[64] = {0};
	uint64_t at = (uintptr_t)&q[0].probe_record;

	fake_birth(1);
	for (int i = 0; i < 4; i++)
		dsam_queue_bad(&q[0]);
	atomic_store(&q[0].refusals, 5);
	make_due();
	ck_assert(!dsam_queue_any());
	/* NOOP, no flags but "record wanted, and here". */
	want[4] = 0x0c;
	memcpy(want + 8, &at, 8);
	ck_assert_mem_eq((void *)&fake[0].last, want, 64);
	ck_assert_uint_eq((uintptr_t)fake[0].at % 64, 0);
	ck_assert_uint_eq(at % 32, 0);
	fake_answer(&fake[0].last, DSA_COMP_SUCCESS);
	make_due();
	ck_assert(dsam_queue_any());
	ck_assert_int_eq(state(0), DSAM_QUEUE_OPEN);
	ck_assert_uint_eq(atomic_load(&q[0].errors), 0);
	ck_assert_uint_eq(atomic_load(&q[0].refusals), 0);
	ck_assert_uint_eq(fake[0].enqueued, 1);
	/* It needs as many errors as before to go again. */
	dsam_queue_bad(&q[0]);
	ck_assert_int_eq(state(0), DSAM_QUEUE_OPEN);
	/* And its next quarantine begins with the first pause. */
	dsam_queue_quarantine(&q[0]);
	ck_assert_uint_eq(q[0].probe_pause, 100000 * dsam_clock.ticks_per_us);
}
END_TEST

START_TEST(a_probe_in_flight_is_not_overwritten)
{
	fake_birth(1);
	dsam_queue_quarantine(&q[0]);
	for (int i = 0; i < 50; i++) {
		make_due();
		ck_assert(!dsam_queue_any());
	}
	ck_assert_uint_eq(fake[0].enqueued, 1);
	/* Late, but it counts. */
	fake_answer(&fake[0].last, DSA_COMP_SUCCESS);
	make_due();
	ck_assert(dsam_queue_any());
}
END_TEST

START_TEST(pauses_grow_to_a_minute)
{
	uint64_t minute, last;

	fake_birth(1);
	minute = 60000000 * dsam_clock.ticks_per_us;
	fake[0].answer = DSAM_ENQUEUE_RETRY;
	dsam_queue_quarantine(&q[0]);
	last = q[0].probe_pause;
	for (unsigned i = 1; i < 20; i++) {
		make_due();
		ck_assert(!dsam_queue_any());
		ck_assert_uint_eq(fake[0].enqueued, i);
		ck_assert_uint_eq(q[0].probe_pause,
				  last * 2 < minute ? last * 2 : minute);
		ck_assert_uint_gt(atomic_load(&q[0].probe_at), dsam_ticks());
		last = q[0].probe_pause;
	}
	ck_assert_uint_eq(last, minute);
}
END_TEST

/* After a pause that grows: not at each look. */
START_TEST(a_failed_probe_is_sent_again)
{
	uint64_t pause;

	fake_birth(1);
	fake[0].status = DSA_COMP_HW_ERR1;
	dsam_queue_quarantine(&q[0]);
	for (unsigned i = 1; i < 5; i++) {
		make_due();
		ck_assert(!dsam_queue_any());
		ck_assert_uint_eq(fake[0].enqueued, i);
		/* The answer is seen; the next is sent in its time. */
		pause = q[0].probe_pause;
		make_due();
		ck_assert(!dsam_queue_any());
		ck_assert_uint_eq(fake[0].enqueued, i);
		ck_assert_uint_eq(q[0].probe_pause, 2 * pause);
		ck_assert_uint_gt(atomic_load(&q[0].probe_at),
				  dsam_ticks() + pause / 2);
	}
	fake[0].status = DSA_COMP_SUCCESS;
	make_due();
	ck_assert(!dsam_queue_any());
	make_due();
	ck_assert(dsam_queue_any());
}
END_TEST

START_TEST(a_refused_probe)
{
	fake_birth(2);
	fake[0].answer = DSAM_ENQUEUE_REFUSED;
	dsam_queue_quarantine(&q[0]);
	make_due();
	ck_assert(dsam_queue_any());
	ck_assert_int_eq(state(0), DSAM_QUEUE_QUARANTINED);
	ck_assert_int_eq(state(1), DSAM_QUEUE_OPEN);
}
END_TEST

START_TEST(one_turn_at_a_time)
{
	fake_birth(1);
	dsam_queue_quarantine(&q[0]);
	make_due();
	/* The second to come finds the turn taken. */
	ck_assert(!dsam_queue_any());
	ck_assert(!dsam_queue_any());
	ck_assert_uint_eq(fake[0].enqueued, 1);
}
END_TEST

START_TEST(what_wrote_wrong_bytes_is_not_probed)
{
	fake_birth(1);
	dsam_queue_accuse(&q[0], 17);
	make_due();
	ck_assert(!dsam_queue_any());
	ck_assert_uint_eq(fake[0].enqueued, 0);
	ck_assert_int_eq(state(0), DSAM_QUEUE_QUARANTINED);
}
END_TEST

/* ---- going for good ---- */

START_TEST(closed_once_and_for_ever)
{
	fake_birth(2);
	dsam_queue_quarantine(&q[1]);
	for (int i = 0; i < 3; i++) {
		dsam_queue_give_up(&q[0]);
		dsam_queue_give_up(&q[1]);
	}
	ck_assert_uint_eq(fake[0].drained, 1);
	ck_assert_uint_eq(fake[1].drained, 1);
	atomic_store(&q[1].probe_at, 0);
	ck_assert(!dsam_queue_any());
	ck_assert_uint_eq(fake[1].enqueued, 0);
	/* Nothing brings it back. */
	dsam_queue_good(&q[0]);
	dsam_queue_quarantine(&q[0]);
	ck_assert_int_eq(state(0), DSAM_QUEUE_CLOSED);
}
END_TEST

/* Its handler jumped out, or copies: the same thread comes again. */
START_TEST(closed_by_who_was_closing_it)
{
	fake_birth(1);
	atomic_store(&q[0].closer, (uintptr_t)&dsam_self);
	atomic_store(&q[0].state, DSAM_QUEUE_CLOSING);
	ck_assert(dsam_queue_give_up(&q[0]));
	ck_assert_int_eq(state(0), DSAM_QUEUE_CLOSED);
}
END_TEST

START_TEST(closed_although_who_began_has_gone)
{
	fake_birth(1);
	dsam_queue_deadline = 1000000;
	atomic_store(&q[0].closer, 1);
	atomic_store(&q[0].state, DSAM_QUEUE_CLOSING);
	ck_assert(dsam_queue_give_up(&q[0]));
	ck_assert_int_eq(state(0), DSAM_QUEUE_CLOSED);
}
END_TEST

START_TEST(closed_while_its_probe_is_in_flight)
{
	fake_birth(1);
	dsam_queue_quarantine(&q[0]);
	make_due();
	ck_assert(!dsam_queue_any());
	dsam_queue_give_up(&q[0]);
	fake_answer(&fake[0].last, DSA_COMP_SUCCESS);
	make_due();
	ck_assert(!dsam_queue_any());
	ck_assert_int_eq(state(0), DSAM_QUEUE_CLOSED);
}
END_TEST

RUN_SUITE("queue", round_robin, only_open_queues, near_queues_first,
	  the_table_is_summed_up, four_errors_in_a_row, a_wrong_byte,
	  a_probe_waits_for_its_time, a_noop_that_went_through_revives,
	  a_probe_in_flight_is_not_overwritten, pauses_grow_to_a_minute,
	  a_failed_probe_is_sent_again, a_refused_probe, one_turn_at_a_time,
	  closed_once_and_for_ever, what_wrote_wrong_bytes_is_not_probed,
	  closed_by_who_was_closing_it, closed_although_who_began_has_gone,
	  closed_while_its_probe_is_in_flight)
