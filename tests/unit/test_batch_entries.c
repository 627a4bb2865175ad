// SPDX-License-Identifier: MIT
/*
 * Whose entry, whose members: batches of a request that waits, that a jump
 * left, that a signal handler's copy or a fork interrupts.
 */
#include "batch_device.h"

#include "batch.h"
#include "slot_left.h"

static struct dsam_submission sub;
static const struct dsam_request rq_of_test = {.n = ROOM};
static struct dsam_request rq;

static void nothing(void)
{
}

static void enter(void)
{
	rq = rq_of_test;
	rq.dst = dst;
	rq.src = src;
	ck_assert_int_eq(dsam_slot_enter(&sub.slot, __builtin_frame_address(0)),
			 DSAM_WHY_NONE);
	sub.rq = &rq;
	sub.epoch = dsam_self.epoch;
	sub.node = -1;
	meanwhile = nothing; /* answers are given when they are looked for */
}

static enum dsam_why send(struct dsam_piece *p, size_t off)
{
	uint32_t retries = 0;

	*p = (struct dsam_piece){
		.off = off, .len = 8 * PART, .batch_part = PART};
	return dsam_submit(&sub, p, 0, &retries);
}

START_TEST(as_many_as_there_is_room_for)
{
	struct dsam_piece p[DSAM_DEPTH + 1];
	const struct dsam_queue *q = &dsam_queues.q[0];
	unsigned i;

	start(1, PART, 32);
	enter();
	for (i = 0; i < DSAM_BATCHES; i++) {
		ck_assert_uint_eq(dsam_batch_takes(sub.slot, q, ROOM),
				  DSAM_MEMBERS * PART);
		ck_assert_int_eq(send(&p[i], 0), DSAM_WHY_NONE);
		ck_assert_uint_eq(p[i].members, 8);
		ck_assert_uint_ge(p[i].entry, DSAM_FIRST_BATCH);
	}
	ck_assert(!dsam_slot_has_batch(sub.slot));
	ck_assert_uint_eq(dsam_batch_takes(sub.slot, q, ROOM), PART);
	/* The others are for what goes singly. */
	for (; i < DSAM_DEPTH; i++) {
		ck_assert_int_eq(send(&p[i], 0), DSAM_WHY_NONE);
		ck_assert_uint_eq(p[i].members, 1);
		ck_assert_uint_eq(p[i].len, PART);
	}
	ck_assert_int_eq(send(&p[i], 0), DSAM_WHY_NESTED);
	/* All or nothing, where the caller wants just that queue. */
	dsam_slot_release(sub.slot, 0);
	sub.only = &dsam_queues.q[0];
	ck_assert_int_eq(send(&p[i], 0), DSAM_WHY_BUSY);
	ck_assert_uint_eq(sub.slot->in_flight, 0xfffe);
}
END_TEST

/*
 * A request that a jump left: its entry, and with it the members and their
 * records, is nobody's until the parent's record is written.
 */
START_TEST(what_a_jump_left_is_not_overwritten)
{
	struct dsam_piece left, p[DSAM_DEPTH];
	struct dsam_batch before;
	const struct dsam_batch *room;

	start(1, PART, 32);
	enter();
	ck_assert_int_eq(send(&left, 0), DSAM_WHY_NONE);
	room = dsam_slot_batch(sub.slot, left.entry);
	/* Members are done, and the parent is not. */
	for (unsigned k = 0; k < 8; k++)
		end_one(&room->desc[k], &ends[k]);
	memcpy(&before, room, sizeof(before));
	ck_assert_uint_eq(dsam_left_count(sub.slot), 1);
	for (unsigned i = 0; i < DSAM_DEPTH - 1; i++) {
		ck_assert_int_eq(send(&p[i], 0), DSAM_WHY_NONE);
		ck_assert_uint_ne(p[i].entry, left.entry);
	}
	ck_assert_int_eq(send(&p[15], 0), DSAM_WHY_NESTED);
	ck_assert_mem_eq((const void *)room, (void *)&before, sizeof(before));
	/* Now it is, and who is alive after all notices. */
	sub.slot->rec[left.entry].status = DSA_COMP_BATCH_FAIL;
	ck_assert_int_eq(send(&p[15], 0), DSAM_WHY_NONE);
	ck_assert_uint_eq(p[15].entry, left.entry);
	ck_assert_int_eq(dsam_submit_settle(&sub, &left).kind,
			 DSAM_OUTCOME_ERROR);
	ck_assert_uint_eq(sub.slot->in_flight, 0xffff);
	ck_assert_uint_eq(atomic_load(&dsam_queues.q[0].errors), 0);
}
END_TEST

/* Taken over while its members are looked at. */
START_TEST(members_of_another_are_not_believed)
{
	struct dsam_outcome o[DSAM_MEMBERS];
	struct dsam_piece p;

	start(1, PART, 32);
	enter();
	ck_assert_int_eq(send(&p, 0), DSAM_WHY_NONE);
	ends[3].status = 0x20;
	end_batch(at);
	ck_assert_int_eq(dsam_submit_settle(&sub, &p).kind,
			 DSAM_OUTCOME_MEMBERS);
	sub.slot->serial[p.entry]++;
	dsam_batch_outcomes(&sub, &p, o);
	for (unsigned k = 0; k < 8; k++)
		ck_assert_int_eq(o[k].kind, DSAM_OUTCOME_ERROR);
	ck_assert_uint_ne(sub.slot->in_flight, 0);
	ck_assert_uint_eq(atomic_load(&dsam_queues.q[0].errors), 0);
}
END_TEST

/* A signal handler's copy in the midst of the wait is the CPU's. */

static void nested(void)
{
	char from[8 * PART], to[8 * PART];

	memset(from, 0x33, sizeof(from));
	memset(to, 0, sizeof(to));
	dsam_offload_copy(DSAM_OP_MEMCPY, to, from, sizeof(to), NULL, NULL);
	ck_assert_mem_eq(to, from, sizeof(to));
	ck_assert_uint_eq(submitted, 1);
}

START_TEST(a_nested_call)
{
	start(1, PART, 32);
	meanwhile = nested;
	copy(8 * PART);
	ck_assert_uint_eq(stats()->device_bytes, 8 * PART);
	ck_assert_uint_eq(
		atomic_load(&dsam_arena->common.outside_calls[DSAM_OP_MEMCPY]
							     [DSAM_WHY_NESTED]),
		1);
}
END_TEST

/* In the child of a handler's fork nothing of the batch is its own. */
static void become_a_child(void)
{
	atomic_fetch_add(&dsam_arena->epoch, 1);
	memset(dsam_batches[0], 0, sizeof(dsam_batches[0]));
	memset(dsam_self.slot->desc, 0, sizeof(dsam_self.slot->desc));
	memset(dsam_self.slot->rec, 0, sizeof(dsam_self.slot->rec));
}

START_TEST(a_child_redoes_the_batch)
{
	start(1, PART, 32);
	copy(PART);
	forget();
	meanwhile = become_a_child;
	errno = 77;
	dsam_offload_copy(DSAM_OP_MEMCPY, dst, src, 8UL * PART, NULL, NULL);
	ck_assert_int_eq(errno, 77);
	ck_assert_mem_eq(dst, src, 8 * PART);
	ck_assert_uint_eq(submitted, 1);
}
END_TEST

static bool forks_in_enqueue;

static enum dsam_enqueue refuse(struct dsam_queue *q,
				const struct dsa_hw_desc *d)
{
	(void)q;
	(void)d;
	if (forks_in_enqueue)
		atomic_fetch_add(&dsam_arena->epoch, 1);
	return DSAM_ENQUEUE_RETRY;
}

static const struct dsam_device_ops refusing = {
	.name = "refusing", .enqueue = refuse, .relax = look, .drain = drain};

START_TEST(full_queues)
{
	start(2, PART, 32);
	dsam_queues.q[0].ops = &refusing;
	dsam_tuning.submit_retries = 2;
	/* The other one takes the same batch, or what it can. */
	copy(8 * PART);
	ck_assert_uint_eq(stats()->device_bytes, 8 * PART);
	ck_assert_uint_eq(counts[0], 8);
	dsam_queues.q[1].max_transfer = 100000;
	dsam_queues.q[1].max_batch = 0;
	dsam_queues_settle();
	forget();
	copy(8 * PART);
	ck_assert_uint_eq(counts[0], 0);
	ck_assert_uint_eq(stats()->device_bytes, 16 * PART);
	/* No queue at all has room. */
	dsam_queues.q[1].ops = &refusing;
	forget();
	copy(8 * PART);
	ck_assert_uint_eq(stats()->why_bytes[DSAM_WHY_BUSY], 8 * PART);
	ck_assert_uint_eq(submitted, 0);
	/* A fork between two tries. */
	forks_in_enqueue = true;
	forget();
	dsam_offload_copy(DSAM_OP_MEMCPY, dst, src, 8UL * PART, NULL, NULL);
	ck_assert_mem_eq(dst, src, 8 * PART);
	ck_assert_uint_eq(submitted, 0);
}
END_TEST

RUN_SUITE("batch_entries", as_many_as_there_is_room_for,
	  what_a_jump_left_is_not_overwritten,
	  members_of_another_are_not_believed, a_nested_call,
	  a_child_redoes_the_batch, full_queues)
