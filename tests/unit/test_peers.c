// SPDX-License-Identifier: MIT
/* Who else wants the device, and that a slow one is shared fairly. */
#include "engine.h"

#include "peers.h"

#define WHOLE DSAM_WHOLE

static struct dsam_slot *me, *other;
static uint64_t now, ms;

static void start(void)
{
	engine_birth();
	dsam_slot_begin();
	ms = 1000 * dsam_clock.ticks_per_us;
	me = &dsam_arena->slot[0];
	other = &dsam_arena->slot[7];
	atomic_store(&dsam_arena->state[0], DSAM_SLOT_LIVE);
	atomic_store(&dsam_arena->state[7], DSAM_SLOT_LIVE);
	now = 1000 * ms;
	me->peers.begun = other->peers.begun = now;
}

/* So many milliseconds go by, some of them with requests of the slot's. */
static void spend(struct dsam_slot *s, unsigned wanting, unsigned not, bool out)
{
	s->peers.begun = now;
	now += (wanting + not ) * ms + 1;
	dsam_slot_wanted(s, now, wanting * ms, out);
}

static void expect_others(uint32_t least, uint32_t most, bool is_one_left_out)
{
	/* Looks are a millisecond apart. */
	now += 2 * ms;
	dsam_slot_wanted(me, now, 0, false);
	ck_assert_uint_ge(me->peers.others, least);
	ck_assert_uint_le(me->peers.others, most);
	ck_assert_int_eq(me->peers.is_one_left_out, is_one_left_out);
}

START_TEST(a_thread_says_what_part_of_its_time)
{
	start();
	expect_others(0, 0, false);
	spend(other, 2, 0, true);
	expect_others(WHOLE - WHOLE / 50, WHOLE, true);
	spend(other, 2, 2, false);
	expect_others(WHOLE * 48 / 100, WHOLE * 52 / 100, false);
	/* Counted twice, by a handler: no more than all of it. */
	other->peers.wanted = 9 * ms;
	spend(other, 0, 2, false);
	expect_others(WHOLE - WHOLE / 50, WHOLE, false);
}
END_TEST

START_TEST(a_pause_halves_what_was_said)
{
	start();
	spend(other, 3, 0, false);
	spend(other, 0, 9, false);
	expect_others(WHOLE * 48 / 100, WHOLE * 52 / 100, false);
	/* A request of many milliseconds is none. */
	spend(other, 50, 0, false);
	expect_others(WHOLE - WHOLE / 50, WHOLE, false);
}
END_TEST

START_TEST(what_was_said_ends)
{
	start();
	spend(other, 3, 0, true);
	now += 60 * ms;
	expect_others(0, 0, false);
	/* However long the pause was before it. */
	spend(other, 3, 0, true);
	spend(other, 0, 5000, true);
	now += 80 * ms;
	expect_others(0, 0, false);
	spend(other, 3, 0, true);
	atomic_store(&dsam_arena->state[7], DSAM_SLOT_RETIRED);
	expect_others(0, 0, false);
}
END_TEST

/* A crowd is looked at bit by bit, and each of it once. */
START_TEST(a_thousand_threads)
{
	unsigned looks = 0;

	start();
	for (unsigned i = 0; i < DSAM_SLOTS; i++) {
		struct dsam_peers *p = &dsam_arena->slot[i].peers;

		atomic_store(&dsam_arena->state[i], DSAM_SLOT_LIVE);
		atomic_store(&p->until, i % 100 ? 0 : now + 1000 * ms);
		atomic_store(&p->load, WHOLE / 2);
	}
	do {
		now += 2 * ms;
		dsam_slot_wanted(me, now, 0, false);
		looks++;
	} while (me->peers.next);
	ck_assert_uint_ge(looks, DSAM_SLOTS / 64);
	ck_assert_uint_le(looks, DSAM_SLOTS / 16);
	/* 100, 200, ... 1000; not this one. */
	ck_assert_uint_eq(me->peers.others, 10 * WHOLE / 2);
}
END_TEST

/* ---- two threads and one device ---- */

#define N (1UL << 20)
#define CPU 100000 /* ticks for N */

struct thread {
	struct dsam_lesson l;
	uint64_t t;
	uint32_t peers;
	bool is_one_left_out;
};

static uint64_t device, free_at, state = 1; /* device: ticks for N */

/* A CPU is not a clock: up to 4 % more. */
static uint64_t noisy(uint64_t ticks)
{
	state = state * 6364136223846793005ULL + 1442695040888963407ULL;
	return ticks + ticks / 25 * (state >> 48) / 65536;
}

/* Descriptors are worked in order of their submission.  Returns ticks. */
static uint64_t request(struct thread *th)
{
	uint32_t share;
	enum dsam_way way = dsam_tuner_way(&th->l, N, &share);
	uint64_t took = noisy(CPU);

	if (way == DSAM_WAY_BOTH) {
		struct dsam_shot s = {.n = N,
				      .device = N * share / WHOLE,
				      .peers = th->peers};
		uint64_t start = free_at > th->t ? free_at : th->t;

		free_at = start + device * s.device / N;
		s.cpu_ticks = took - took * s.device / N;
		s.is_waited = free_at > th->t + s.cpu_ticks;
		s.device_ticks =
			s.is_waited ? free_at - th->t : s.cpu_ticks + 10;
		took = s.device_ticks;
		dsam_tuner_shot(&th->l, &s);
	}
	if (way == DSAM_WAY_DEVICE) {
		free_at = (free_at > th->t ? free_at : th->t) + device;
		took = free_at - th->t;
	}
	dsam_tuner_took(&th->l, way, N, took);
	(void)dsam_tuner_wants(&th->l, N, false, th->is_one_left_out);
	th->t += took;
	return took;
}

/*
 * One thread has learned that the device is its own when another one comes.
 * How long the slower one's requests take, at last.
 */
static uint64_t slower_of_two(uint64_t ticks)
{
	struct thread th[2] = {0};
	uint64_t sum[2] = {0};
	unsigned count[2] = {0};

	dsam_clock.ticks_per_us = 1000;
	device = ticks;
	for (int i = 0; i < 200; i++)
		request(&th[0]);
	th[1].t = th[0].t;
	while (count[0] < 1500 || count[1] < 1500) {
		unsigned i = th[1].t < th[0].t;
		uint64_t took;

		th[i].peers = WHOLE;
		th[i].is_one_left_out = th[!i].l.is_left_out;
		took = request(&th[i]);
		if (++count[i] > 500)
			sum[i] += took;
	}
	for (int i = 0; i < 2; i++)
		sum[i] /= count[i] - 500;
	return sum[0] > sum[1] ? sum[0] : sum[1];
}

/* 2 % more than nothing: noise. */
#define PERCENT(x) (CPU / 100 * 102 * (x) / 100)

/* A fifth of a CPU's speed, which one alone keeps busy: 10 of 11 is fair. */
START_TEST(a_slow_device_is_shared_fairly)
{
	ck_assert_uint_le(slower_of_two(5 * CPU), PERCENT(93));
}
END_TEST

/* Twice a CPU's speed: each could be done in half the CPU's time. */
START_TEST(a_fast_device_is_shared)
{
	ck_assert_uint_le(slower_of_two(CPU / 2), PERCENT(55));
}
END_TEST

/* However long one is left out: is the device as fast as it was? */
START_TEST(some_are_not_held)
{
	struct dsam_lesson l = {.cpu = CPU, .alone = 8 * CPU, .share = 9000};
	struct dsam_shot s = {.n = N,
			      .device = N / 10,
			      .cpu_ticks = CPU,
			      .device_ticks = CPU,
			      .peers = WHOLE};
	unsigned probes = 0;

	dsam_clock.ticks_per_us = 1000;
	l.way[DSAM_WAY_CPU] = CPU;
	l.way[DSAM_WAY_BOTH] = CPU / 10 * 9;
	for (int i = 0; i < 1000; i++) {
		ck_assert(dsam_tuner_wants(&l, N, false, true));
		dsam_tuner_shot(&l, &s);
		ck_assert(l.is_held || l.is_probe);
		probes += l.is_probe;
		l.alone = 8 * CPU;
	}
	ck_assert_uint_ge(probes, 10);
	ck_assert_uint_le(probes, 20);
}
END_TEST

/* Making pages present is what a copy to fresh memory takes. */
START_TEST(absent_destinations_are_not_left_out)
{
	struct dsam_lesson l = {.cpu = CPU, .alone = 2 * CPU};

	dsam_clock.ticks_per_us = 1000;
	l.way[DSAM_WAY_CPU] = 3 * CPU;
	l.way[DSAM_WAY_BOTH] = 4 * CPU;
	ck_assert(!dsam_tuner_wants(&l, N, true, false));
	ck_assert(!l.is_left_out);
	ck_assert(dsam_tuner_wants(&l, N, false, false));
	ck_assert(l.is_left_out);
	/* They want it where it is the faster one. */
	l.way[DSAM_WAY_BOTH] = 2 * CPU;
	ck_assert(dsam_tuner_wants(&l, N, true, false));
	ck_assert(!l.is_left_out);
}
END_TEST

/* Nobody else wants it: nothing is fair but all of it. */
START_TEST(alone_it_has_all)
{
	struct thread th = {0};
	uint64_t sum = 0;

	dsam_clock.ticks_per_us = 1000;
	device = 5 * CPU;
	for (int i = 0; i < 400; i++) {
		uint64_t took = request(&th);

		sum += i < 200 ? 0 : took;
	}
	/* 5 of 6. */
	ck_assert_uint_le(sum / 200, PERCENT(87));
}
END_TEST

RUN_SUITE("peers", a_thread_says_what_part_of_its_time,
	  a_pause_halves_what_was_said, what_was_said_ends, a_thousand_threads,
	  a_slow_device_is_shared_fairly, a_fast_device_is_shared,
	  some_are_not_held, absent_destinations_are_not_left_out,
	  alone_it_has_all)
