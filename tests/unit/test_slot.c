// SPDX-License-Identifier: MIT
/* A thread's slot: joining, nesting, jumps, the end of threads, crowds. */
#include "fake_device.h"

#include "slot_left.h"

#include <pthread.h>
#include <setjmp.h>
#include <sys/syscall.h>
#include <unistd.h>

static struct dsam_slot *slot;
static char stack[4096];

/* As if called from so deep in the stack: the higher, the deeper. */
static enum dsam_why enter(unsigned depth)
{
	slot = NULL;
	return dsam_slot_enter(&slot, stack + sizeof(stack) - 1 - depth);
}

static int state_of(const struct dsam_slot *s)
{
	return atomic_load(&dsam_arena->state[s - dsam_arena->slot]);
}

START_TEST(birth_lays_everything_where_hardware_wants_it)
{
	fake_birth(1);
	ck_assert_uint_eq((uintptr_t)dsam_arena % DSAM_PAGE, 0);
	ck_assert_uint_eq((uintptr_t)dsam_arena->state % DSAM_PAGE, 0);
	ck_assert_uint_eq((uintptr_t)dsam_arena->slot % DSAM_PAGE, 0);
	for (int i = 0; i < 3; i++) {
		ck_assert_uint_eq((uintptr_t)dsam_arena->slot[i].desc % 64, 0);
		ck_assert_uint_eq((uintptr_t)dsam_arena->slot[i].rec % 32, 0);
	}
	ck_assert_uint_gt(dsam_slot_epoch(), DSAM_EPOCH_REBIRTH);
}
END_TEST

START_TEST(joining_and_coming_again)
{
	struct dsam_slot *first;

	fake_birth(1);
	ck_assert_int_eq(enter(0), DSAM_WHY_NONE);
	first = slot;
	ck_assert_int_eq(state_of(slot), DSAM_SLOT_LIVE);
	ck_assert_int_eq(slot->tid, (int)syscall(SYS_gettid));
	ck_assert_uint_eq(slot->busy, 1);
	dsam_slot_leave(slot);
	ck_assert_uint_eq(first->busy, 0);
	ck_assert_int_eq(enter(5), DSAM_WHY_NONE);
	ck_assert_ptr_eq(slot, first);
	dsam_slot_leave(slot);
	ck_assert_int_eq(atomic_load(&dsam_arena->state[1]), DSAM_SLOT_FREE);
}
END_TEST

START_TEST(claims_are_all_there_are)
{
	uint32_t serial[DSAM_DEPTH], more;

	fake_birth(1);
	ck_assert_int_eq(enter(0), DSAM_WHY_NONE);
	for (unsigned e = 0; e < DSAM_DEPTH; e++) {
		ck_assert_uint_eq(dsam_slot_claim(slot, &serial[e]), e);
		slot->rec[e].status = 0;
	}
	ck_assert_uint_eq(dsam_slot_claim(slot, &more), DSAM_DEPTH);
	dsam_slot_release(slot, 3);
	ck_assert_uint_eq(dsam_slot_claim(slot, &more), 3);
	ck_assert_uint_ne(more, serial[3]);
	/* An answered one is taken from its owner, who can tell. */
	slot->rec[6].status = 1;
	ck_assert_uint_eq(dsam_slot_claim(slot, &more), 6);
	ck_assert_uint_ne(slot->serial[6], serial[6]);
	ck_assert_uint_eq(slot->in_flight, 0xffff);
}
END_TEST

/* Something of this slot is on its way. */
static unsigned submit_one(void)
{
	uint32_t serial;
	unsigned e = dsam_slot_claim(slot, &serial);

	ck_assert_uint_lt(e, DSAM_DEPTH);
	slot->rec[e].status = 0;
	slot->queue[e] = &dsam_queues.q[0];
	return e;
}

START_TEST(a_deeper_call_while_the_device_works_is_nested)
{
	struct dsam_slot *mine;

	fake_birth(1);
	ck_assert_int_eq(enter(100), DSAM_WHY_NONE);
	mine = slot;
	submit_one();
	ck_assert_int_eq(enter(200), DSAM_WHY_NESTED);
	ck_assert_ptr_null(slot);
	/* Nothing changed for the one that was interrupted. */
	ck_assert_uint_eq(mine->busy, 1);
	ck_assert_uint_eq(mine->in_flight, 1);
	ck_assert_ptr_eq(mine->frame, stack + sizeof(stack) - 1 - 100);
}
END_TEST

START_TEST(a_slot_left_by_a_jump_is_taken_over)
{
	struct dsam_slot *mine;
	unsigned e;

	fake_birth(1);
	ck_assert_int_eq(enter(100), DSAM_WHY_NONE);
	mine = slot;
	e = submit_one();
	/* Not deeper: the request below is gone. */
	ck_assert_int_eq(enter(50), DSAM_WHY_NONE);
	ck_assert_ptr_eq(slot, mine);
	/* The entry is still the device's. */
	ck_assert_uint_eq(mine->in_flight, 1U << e);
	dsam_slot_leave(slot);
	/* Deeper, but nothing is pending: gone as well. */
	ck_assert_int_eq(enter(50), DSAM_WHY_NONE);
	mine->rec[e].status = 1;
	ck_assert_int_eq(enter(300), DSAM_WHY_NONE);
	ck_assert_ptr_eq(slot, mine);
}
END_TEST

START_TEST(a_slot_full_of_lost_entries_is_left_behind)
{
	struct dsam_slot *old;
	uint32_t serial;

	fake_birth(1);
	ck_assert_int_eq(enter(100), DSAM_WHY_NONE);
	old = slot;
	for (unsigned i = 0; i < DSAM_DEPTH; i++)
		submit_one();
	slot->stats.op[0].calls[0] = 41;
	ck_assert_int_eq(enter(90), DSAM_WHY_NONE);
	ck_assert_ptr_ne(slot, old);
	ck_assert_uint_eq(slot->stats.op[0].calls[0], 41);
	ck_assert_uint_eq(old->stats.op[0].calls[0], 0);
	ck_assert_uint_lt(dsam_slot_claim(slot, &serial), DSAM_DEPTH);
	/* Its old home is not let again while something may be written. */
	ck_assert_int_eq(state_of(old), DSAM_SLOT_FREE);
	ck_assert_uint_eq(old->in_flight, 0xffff);
}
END_TEST

/* ---- jumps out of joining and moving ---- */

static sigjmp_buf back;
static int jump_in; /* so many calls of libc's functions from now */
static void *(*real_memmove)(void *, const void *, size_t);
static void *(*real_memset)(void *, int, size_t);

/* As a handler that interrupts it: half of it is done. */
static void perhaps_jump(void)
{
	if (--jump_in)
		return;
	dsam_left_for_good();
	siglongjmp(back, 1);
}

static void *memmove_and_jump(void *to, const void *from, size_t n)
{
	real_memmove(to, from, n / 2);
	perhaps_jump();
	return real_memmove(to, from, n);
}

static void *memset_and_jump(void *to, int c, size_t n)
{
	real_memset(to, c, n / 2);
	perhaps_jump();
	return real_memset(to, c, n);
}

static uint64_t counted(unsigned *live)
{
	struct dsam_thread_stats sum = {0};

	*live = 0;
	for (unsigned i = 0; i < DSAM_SLOTS; i++) {
		*live += atomic_load(&dsam_arena->state[i]) == DSAM_SLOT_LIVE;
		dsam_stats_sum(&sum, &dsam_arena->slot[i].stats);
	}
	return sum.op[0].calls[0];
}

/* In the nth of: counters copied, tuner copied, old counters cleared. */
static void jump_out_of_move(int nth)
{
	unsigned live;

	fake_birth(1);
	ck_assert_int_eq(enter(100), DSAM_WHY_NONE);
	for (unsigned i = 0; i < DSAM_DEPTH; i++)
		submit_one();
	slot->stats.op[0].calls[0] = 41;
	real_memmove = dsam_libc.memmove;
	real_memset = dsam_libc.memset;
	dsam_libc.memmove = memmove_and_jump;
	dsam_libc.memset = memset_and_jump;
	jump_in = nth;
	if (!sigsetjmp(back, 1)) {
		enter(90);
		ck_abort_msg("nobody jumped");
	}
	ck_assert_uint_eq(counted(&live), 41);
	ck_assert_uint_eq(live, 1);
	ck_assert_ptr_null(dsam_self.coming);
	ck_assert_int_eq(enter(80), DSAM_WHY_NONE);
	ck_assert_uint_eq(slot->stats.op[0].calls[0], 41);
	ck_assert_uint_eq(counted(&live), 41);
	ck_assert_uint_eq(live, 1);
}

START_TEST(a_move_left_while_counters_are_copied)
{
	jump_out_of_move(1);
}
END_TEST

START_TEST(a_move_left_while_all_is_copied)
{
	jump_out_of_move(2);
}
END_TEST

START_TEST(a_move_left_while_the_old_is_cleared)
{
	jump_out_of_move(3);
}
END_TEST

/* Not by libc's functions: nobody told us. */
START_TEST(a_move_that_is_left_untold_goes_on)
{
	struct dsam_slot *old;
	unsigned live;

	fake_birth(1);
	ck_assert_int_eq(enter(100), DSAM_WHY_NONE);
	old = slot;
	submit_one();
	slot->stats.op[0].calls[0] = 41;
	dsam_self.coming = &dsam_arena->slot[1];
	atomic_store(&dsam_arena->state[1], DSAM_SLOT_LIVE);
	/* A handler in the midst of it. */
	ck_assert_int_eq(enter(200), DSAM_WHY_NESTED);
	old->rec[0].status = 1;
	ck_assert_int_eq(enter(200), DSAM_WHY_NESTED);
	ck_assert_int_eq(enter(90), DSAM_WHY_NONE);
	ck_assert_ptr_eq(slot, &dsam_arena->slot[1]);
	ck_assert_uint_eq(counted(&live), 41);
	ck_assert_uint_eq(live, 1);
}
END_TEST

START_TEST(joining_that_a_jump_leaves_begins_again)
{
	unsigned live;

	fake_birth(1);
	dsam_self.epoch = dsam_slot_epoch();
	dsam_self.slot = DSAM_SELF_JOINING;
	dsam_self.coming = &dsam_arena->slot[0];
	atomic_store(&dsam_arena->state[0], DSAM_SLOT_LIVE);
	ck_assert_int_eq(enter(0), DSAM_WHY_NESTED);
	ck_assert(dsam_left_any());
	dsam_left_for_good();
	ck_assert_int_eq(enter(0), DSAM_WHY_NONE);
	ck_assert_uint_eq(counted(&live), 0);
	ck_assert_uint_eq(live, 1);
}
END_TEST

/* ---- threads that end ---- */

static struct dsam_slot *its_slot;

static void *copy_once(void *arg)
{
	struct dsam_slot *s = NULL;

	if (dsam_slot_enter(&s, __builtin_frame_address(0)))
		return (void *)1;
	dsam_stats_add(&s->stats.op[0].calls[DSAM_ROUTE_CPU], 1);
	dsam_stats_add(&s->stats.op[0].bytes[DSAM_ROUTE_CPU], 1000);
	if (arg) {
		pthread_setname_np(pthread_self(), "worker");
		its_slot = s;
		s->callers.closing = 0;
	}
	dsam_slot_leave(s);
	return NULL;
}

static void run_thread(void *(*body)(void *), void *arg)
{
	pthread_t t;
	void *rc;

	ck_assert(!pthread_create(&t, NULL, body, arg));
	ck_assert(!pthread_join(t, &rc));
	ck_assert_ptr_null(rc);
}

START_TEST(an_ended_thread_keeps_its_row)
{
	fake_birth(1);
	run_thread(copy_once, stack);
	ck_assert_int_eq(state_of(its_slot), DSAM_SLOT_RETIRED);
	ck_assert_str_eq(its_slot->name, "worker");
	ck_assert_int_gt(its_slot->tid, 0);
	ck_assert_uint_eq(its_slot->stats.op[0].calls[0], 1);
	ck_assert_uint_eq(atomic_load(&dsam_arena->retired), 1);
	ck_assert_uint_eq(atomic_load(&dsam_arena->common.folded), 0);
}
END_TEST

START_TEST(many_ended_threads_are_folded)
{
	struct dsam_thread_stats sum = {0};
	unsigned rows = 0;

	fake_birth(1);
	for (int i = 0; i < 1500; i++)
		run_thread(copy_once, NULL);
	for (unsigned i = 0; i < DSAM_SLOTS; i++) {
		int state = atomic_load(&dsam_arena->state[i]);

		ck_assert_int_ne(state, DSAM_SLOT_LIVE);
		rows += state == DSAM_SLOT_RETIRED;
		dsam_stats_sum(&sum, &dsam_arena->slot[i].stats);
	}
	ck_assert_uint_eq(rows, 32);
	ck_assert_uint_eq(atomic_load(&dsam_arena->retired), 32);
	ck_assert_uint_eq(atomic_load(&dsam_arena->common.folded), 1500 - 32);
	ck_assert_uint_eq(sum.op[0].calls[0], 32);
	dsam_stats_sum(&sum, &dsam_arena->common.rest);
	ck_assert_uint_eq(sum.op[0].calls[0], 1500);
	ck_assert_uint_eq(sum.op[0].bytes[0], 1500 * 1000);
}
END_TEST

static enum dsam_why late;
static pthread_key_t late_key;

static void late_copy(void *arg)
{
	struct dsam_slot *s = NULL;

	late = dsam_slot_enter(&s, __builtin_frame_address(0));
	/* Run again: by then our own destructor has been. */
	if (late == DSAM_WHY_NONE) {
		dsam_slot_leave(s);
		pthread_setspecific(late_key, arg);
	}
}

static void *copy_at_the_end(void *arg)
{
	pthread_setspecific(late_key, stack);
	return copy_once(arg);
}

START_TEST(a_copy_after_the_end_is_the_cpus)
{
	fake_birth(1);
	ck_assert(!pthread_key_create(&late_key, late_copy));
	run_thread(copy_at_the_end, stack);
	ck_assert_int_eq(late, DSAM_WHY_LEAVING);
	ck_assert_int_eq(state_of(its_slot), DSAM_SLOT_RETIRED);
}
END_TEST

static void *end_in_the_crowd(void *arg)
{
	struct dsam_slot *s = NULL;

	(void)arg;
	if (dsam_slot_enter(&s, __builtin_frame_address(0)))
		return (void *)1;
	/* Left by a jump within a request, and then the thread ends. */
	s->in_crowd = 1;
	atomic_fetch_add(&dsam_arena->crowd, 1);
	return NULL;
}

START_TEST(a_thread_that_ends_leaves_the_crowd)
{
	fake_birth(1);
	run_thread(end_in_the_crowd, NULL);
	ck_assert_uint_eq(atomic_load(&dsam_arena->crowd), 0);
}
END_TEST

static void *look_at_cache(void *arg)
{
	(void)arg;
	if (dsam_slot_enter(&its_slot, __builtin_frame_address(0)))
		return (void *)1;
	if (its_slot->callers.closing != UINT64_MAX)
		return (void *)2;
	dsam_slot_leave(its_slot);
	return NULL;
}

/* It may hold for what goes before the next one comes. */
START_TEST(a_cache_of_callers_ends_with_its_thread)
{
	struct dsam_slot *first;

	fake_birth(1);
	/* Until slots are free again. */
	do {
		run_thread(copy_once, stack);
		first = its_slot;
	} while (state_of(first) == DSAM_SLOT_RETIRED);
	ck_assert_uint_eq(first->callers.closing, 0);
	run_thread(look_at_cache, NULL);
	ck_assert_ptr_eq(its_slot, first);
}
END_TEST

/* ---- more threads than slots ---- */

START_TEST(no_slot_is_free)
{
	fake_birth(1);
	for (unsigned i = 0; i < DSAM_SLOTS; i++)
		atomic_store(&dsam_arena->state[i], DSAM_SLOT_LIVE);
	for (int i = 0; i < 3; i++)
		ck_assert_int_eq(enter(0), DSAM_WHY_NO_SLOT);
	/* The last one becomes free. */
	atomic_store(&dsam_arena->state[DSAM_SLOTS - 1], DSAM_SLOT_FREE);
	/* Not every call looks for it, but before long one does. */
	for (int i = 0; i < 2000 && enter(0) == DSAM_WHY_NO_SLOT; i++)
		ck_assert_int_lt(i, 1999);
	ck_assert_ptr_eq(slot, &dsam_arena->slot[DSAM_SLOTS - 1]);
}
END_TEST

START_TEST(a_free_slot_with_something_in_flight_waits)
{
	fake_birth(1);
	dsam_arena->slot[0].in_flight = 4;
	dsam_arena->slot[0].queue[2] = &dsam_queues.q[0];
	ck_assert_int_eq(enter(0), DSAM_WHY_NONE);
	ck_assert_ptr_eq(slot, &dsam_arena->slot[1]);
	dsam_self.slot = NULL;
	dsam_arena->slot[0].rec[2].status = 1;
	ck_assert_int_eq(enter(0), DSAM_WHY_NONE);
	ck_assert_ptr_eq(slot, &dsam_arena->slot[0]);
	ck_assert_uint_eq(slot->in_flight, 0);
}
END_TEST

#define CROWD (DSAM_SLOTS + 50)
static pthread_barrier_t all_are_here;

static void *copy_in_a_crowd(void *arg)
{
	char from[256], to[256];

	(void)arg;
	memset(from, 7, sizeof(from));
	dsam_offload_copy(DSAM_OP_MEMCPY, to, from, sizeof(to), NULL, NULL);
	pthread_barrier_wait(&all_are_here);
	return memcmp(from, to, sizeof(to)) ? (void *)1 : NULL;
}

START_TEST(more_threads_than_slots)
{
	static pthread_t t[CROWD];
	pthread_attr_t attr;
	unsigned n;
	void *rc;

	if (HAS_TSAN)
		SKIP("more_threads_than_slots", "too many for TSan");
	engine_birth();
	ck_assert(engine_software(0));
	engine_begin();
	pthread_attr_init(&attr);
	pthread_attr_setstacksize(&attr, 256 * 1024);
	ck_assert(!pthread_barrier_init(&all_are_here, NULL, CROWD));
	for (n = 0; n < CROWD; n++)
		if (pthread_create(&t[n], &attr, copy_in_a_crowd, NULL))
			SKIP("more_threads_than_slots",
			     "no more threads are allowed here");
	for (n = 0; n < CROWD; n++) {
		ck_assert(!pthread_join(t[n], &rc));
		ck_assert_ptr_null(rc);
	}
	ck_assert_uint_eq(
		atomic_load(
			&dsam_arena->common.outside_calls[0][DSAM_WHY_NO_SLOT]),
		CROWD - DSAM_SLOTS);
	ck_assert_uint_eq(
		atomic_load(
			&dsam_arena->common.outside_bytes[0][DSAM_WHY_NO_SLOT]),
		(CROWD - DSAM_SLOTS) * 256);
	ck_assert_uint_eq(atomic_load(&dsam_arena->common.folded),
			  DSAM_SLOTS - 32);
}
END_TEST

RUN_SUITE("slot", birth_lays_everything_where_hardware_wants_it,
	  joining_and_coming_again, claims_are_all_there_are,
	  a_deeper_call_while_the_device_works_is_nested,
	  a_slot_left_by_a_jump_is_taken_over,
	  a_slot_full_of_lost_entries_is_left_behind,
	  a_move_left_while_counters_are_copied,
	  a_move_left_while_all_is_copied, a_move_left_while_the_old_is_cleared,
	  a_move_that_is_left_untold_goes_on,
	  joining_that_a_jump_leaves_begins_again,
	  an_ended_thread_keeps_its_row, many_ended_threads_are_folded,
	  a_copy_after_the_end_is_the_cpus, a_thread_that_ends_leaves_the_crowd,
	  a_cache_of_callers_ends_with_its_thread, no_slot_is_free,
	  a_free_slot_with_something_in_flight_waits, more_threads_than_slots)
