// SPDX-License-Identifier: MIT
/* Waiting for a descriptor's answer, or for none. */
#include "fake_device.h"

#include "step.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>

static char src[8192], dst[8192];
static struct dsam_request copy = {.dst = dst, .src = src, .n = 8192};
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

START_TEST(success_is_learned)
{
	start(1);
	fake[0].status = DSA_COMP_SUCCESS;
	atomic_store(&dsam_queues.q[0].errors, 3);
	atomic_store(&dsam_queues.q[0].refusals, 3);
	EXPECT_SUBMIT(0, DSAM_WHY_NONE);
	ck_assert_int_eq(settle().kind, DSAM_OUTCOME_DONE);
	ck_assert_uint_eq(sub.slot->in_flight, 0);
	ck_assert_uint_gt(sub.slot->tuner.device[0][12], 0);
	ck_assert_uint_eq(sub.slot->tuner.device[1][12], 0);
	ck_assert_uint_eq(atomic_load(&dsam_queues.q[0].errors), 0);
	ck_assert_uint_eq(atomic_load(&dsam_queues.q[0].refusals), 0);
}
END_TEST

START_TEST(errors_in_a_row_put_the_queue_aside)
{
	start(1);
	fake[0].status = DSA_COMP_HW_ERR1;
	for (int i = 0; i < 4; i++) {
		ck_assert_int_eq(atomic_load(&dsam_queues.q[0].state),
				 DSAM_QUEUE_OPEN);
		EXPECT_SUBMIT(0, DSAM_WHY_NONE);
		ck_assert_int_eq(settle().kind, DSAM_OUTCOME_ERROR);
		ck_assert_uint_eq(sub.slot->in_flight, 0);
	}
	ck_assert_int_eq(atomic_load(&dsam_queues.q[0].state),
			 DSAM_QUEUE_QUARANTINED);
}
END_TEST

START_TEST(a_fault_is_no_error_of_the_queue)
{
	start(1);
	fake[0].status = DSA_COMP_PAGE_FAULT_NOBOF | DSA_COMP_STATUS_WRITE;
	fake[0].done = 1234;
	for (int i = 0; i < 20; i++) {
		struct dsam_outcome o;

		EXPECT_SUBMIT(0, DSAM_WHY_NONE);
		o = settle();
		ck_assert_int_eq(o.kind, DSAM_OUTCOME_FAULT);
		ck_assert_uint_eq(o.done, 1234);
		ck_assert(o.is_write);
	}
	ck_assert_int_eq(atomic_load(&dsam_queues.q[0].state), DSAM_QUEUE_OPEN);
	ck_assert_uint_eq(sub.slot->in_flight, 0);
}
END_TEST

START_TEST(silence_until_the_deadline_closes_the_queue)
{
	start(2);
	dsam_queue_deadline = 100 * dsam_clock.ticks_per_us;
	EXPECT_SUBMIT(0, DSAM_WHY_NONE);
	ck_assert_int_eq(settle().kind, DSAM_OUTCOME_TIMEOUT);
	ck_assert_uint_eq(fake[0].drained, 1);
	ck_assert_uint_eq(fake[1].drained, 0);
	ck_assert_int_eq(atomic_load(&dsam_queues.q[0].state),
			 DSAM_QUEUE_CLOSED);
	ck_assert_uint_eq(sub.slot->in_flight, 0);
	for (int i = 0; i < 5; i++) {
		EXPECT_SUBMIT(0, DSAM_WHY_NONE);
		ck_assert_ptr_eq(piece.queue, &dsam_queues.q[1]);
	}
}
END_TEST

START_TEST(an_answer_that_came_while_draining_counts)
{
	start(1);
	dsam_queue_deadline = 100 * dsam_clock.ticks_per_us;
	fake[0].at_drain = DSA_COMP_SUCCESS;
	EXPECT_SUBMIT(0, DSAM_WHY_NONE);
	ck_assert_int_eq(settle().kind, DSAM_OUTCOME_DONE);
	ck_assert_uint_eq(fake[0].drained, 1);
}
END_TEST

static enum dsam_enqueue take(struct dsam_queue *q, const struct dsa_hw_desc *d)
{
	(void)q;
	(void)d;
	return DSAM_ENQUEUE_TAKEN;
}

static const struct dsam_device_ops mute = {
	.name = "mute", .enqueue = take, .drain = fake_drain};

static void *wait_in_vain(void *arg)
{
	struct dsam_submission mine = sub;
	struct dsam_piece p = {.len = 64};
	uint32_t r = 0;

	(void)arg;
	if (dsam_slot_enter(&mine.slot, __builtin_frame_address(0)) ||
	    dsam_submit(&mine, &p, 0, &r))
		return (void *)1;
	return dsam_submit_settle(&mine, &p).kind == DSAM_OUTCOME_TIMEOUT
		       ? NULL
		       : (void *)2;
}

START_TEST(many_wait_and_one_drains)
{
	pthread_t t[8];
	void *rc;

	start(1);
	dsam_queues.q[0].ops = &mute;
	dsam_queue_deadline = 20000 * dsam_clock.ticks_per_us;
	dsam_waiting.how = DSAM_WAIT_BY_YIELD;
	for (int i = 0; i < 8; i++)
		ck_assert(!pthread_create(&t[i], NULL, wait_in_vain, NULL));
	for (int i = 0; i < 8; i++) {
		pthread_join(t[i], &rc);
		/* 1: came after the queue was closed. */
		ck_assert_ptr_ne(rc, (void *)2);
	}
	ck_assert_uint_eq(fake[0].drained, 1);
}
END_TEST

START_TEST(a_child_does_not_touch_what_it_inherited)
{
	start(1);
	EXPECT_SUBMIT(0, DSAM_WHY_NONE);
	atomic_fetch_add(&dsam_arena->epoch, 1);
	/* Even an answer is not its own. */
	fake_answer(fake[0].at, DSA_COMP_SUCCESS);
	ck_assert_int_eq(settle().kind, DSAM_OUTCOME_FORKED);
	EXPECT_SUBMIT(9, DSAM_WHY_FORKED);
	ck_assert_uint_eq(fake[0].enqueued, 1);
	ck_assert_uint_eq(fake[0].drained, 0);
	ck_assert_uint_eq(sub.slot->in_flight, 1);
}
END_TEST

START_TEST(every_way_of_waiting_sees_the_answer)
{
	static const enum dsam_wait_how how[] = {
		DSAM_WAIT_BY_SPIN, DSAM_WAIT_BY_YIELD, DSAM_WAIT_BY_UMWAIT};

	start(1);
	dsam_queue_deadline = 200 * dsam_clock.ticks_per_us;
	for (int i = 0; i < 4; i++) {
		dsam_waiting.is_auto = i == 3;
		dsam_waiting.how = how[i % 3];
		if (dsam_waiting.how == DSAM_WAIT_BY_UMWAIT &&
		    !dsam_cpu_has_waitpkg())
			continue;
		engine_revive();
		EXPECT_SUBMIT(0, DSAM_WHY_NONE);
		ck_assert_int_eq(settle().kind, DSAM_OUTCOME_TIMEOUT);
	}
	if (!dsam_cpu_has_waitpkg())
		SKIP("waiting by umwait", "this CPU has no WAITPKG");
}
END_TEST

static volatile int steps_left;
static volatile bool is_late;

/* The program's handlers take all the time there is; meanwhile it answers. */
static void on_step(int sig)
{
	(void)sig;
	if (steps_left--)
		return;
	is_late = dsam_ticks_between(piece.sent, dsam_ticks()) >
		  dsam_queue_deadline;
	while (dsam_ticks_between(piece.sent, dsam_ticks()) <
	       2 * dsam_queue_deadline)
		;
	fake_answer(fake[0].at, DSA_COMP_SUCCESS);
}

/* Wherever in the wait that was: an answer that is there is not missed. */
START_TEST(handlers_that_outlast_the_deadline)
{
	int at;

	/* Traps would be missed, or take too long. */
	if (HAS_TSAN || HAS_HELGRIND)
		SKIP("handlers outlast the deadline", "no traps here");
	start(1);
	dsam_waiting.how = DSAM_WAIT_BY_SPIN;
	dsam_waiting.is_auto = false;
	signal(SIGTRAP, on_step);
	for (at = 0; at < 200; at++) {
		dsam_queue_deadline = 4000 * dsam_clock.ticks_per_us;
		EXPECT_SUBMIT(0, DSAM_WHY_NONE);
		steps_left = at;
		is_late = true;
		single_step(true);
		dsam_submit_await(&sub, &piece);
		single_step(false);
		/* The machine stood still: the silence was real.  Once more. */
		if (is_late) {
			(void)settle();
			engine_revive();
			fake[0].drained = 0;
			at--;
			continue;
		}
		ck_assert_uint_eq(fake[0].drained, 0);
		ck_assert_int_eq(settle().kind, DSAM_OUTCOME_DONE);
	}
}
END_TEST

static void turn(struct dsam_queue *q, const struct dsa_hw_desc *d)
{
	(void)q;
	fake_answer(d, DSA_COMP_SUCCESS);
}

/* Its first turn comes when all the time is over: it is had before it is late.
 */
START_TEST(a_device_that_works_when_asked_is_asked)
{
	static const struct dsam_device_ops ops = {.name = "by turns",
						   .enqueue = fake_enqueue,
						   .relax = turn,
						   .drain = fake_drain};

	start(1);
	dsam_queues.q[0].ops = &ops;
	dsam_queue_deadline = dsam_clock.ticks_per_us;
	for (int i = 0; i < 100; i++) {
		EXPECT_SUBMIT(0, DSAM_WHY_NONE);
		while (dsam_ticks_between(piece.sent, dsam_ticks()) <=
		       dsam_queue_deadline)
			;
		ck_assert_int_eq(settle().kind, DSAM_OUTCOME_DONE);
	}
	ck_assert_uint_eq(fake[0].drained, 0);
}
END_TEST

RUN_SUITE("submit_settle", success_is_learned,
	  errors_in_a_row_put_the_queue_aside, a_fault_is_no_error_of_the_queue,
	  silence_until_the_deadline_closes_the_queue,
	  an_answer_that_came_while_draining_counts, many_wait_and_one_drains,
	  a_child_does_not_touch_what_it_inherited,
	  every_way_of_waiting_sees_the_answer,
	  handlers_that_outlast_the_deadline,
	  a_device_that_works_when_asked_is_asked)
