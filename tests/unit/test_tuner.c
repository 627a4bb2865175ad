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
		dsam_tuner_absent(&t, 1UL << b, NULL);
		ck_assert(dsam_tuner_expects_absent(&t, 1UL << b, NULL));
	}
}
END_TEST

/* After a fault some requests of that size touch, then one tries without. */
START_TEST(absent_pages_are_expected_for_a_while)
{
	/* Not where the loader put us: two in 256 share a place. */
	const void *here = (const void *)0x401136;
	const void *there = (const void *)0x40119a;
	int n = 0;

	ck_assert(!dsam_tuner_expects_absent(&t, 65536, here));
	dsam_tuner_absent(&t, 65536, here);
	ck_assert(!dsam_tuner_expects_absent(&t, 4096, here));
	ck_assert(!dsam_tuner_expects_absent(&t, 65536, there));
	while (dsam_tuner_expects_absent(&t, 100000, here))
		n++;
	ck_assert_int_eq(n, 32);
	ck_assert(!dsam_tuner_expects_absent(&t, 65536, here));
}
END_TEST

/*
 * A world in which the CPU moves cpu bytes a tick, the device device bytes a
 * tick after a latency: how long a request of n bytes takes, and what is
 * learned of it.
 */
struct world {
	uint64_t cpu, device, latency;
	bool is_shot; /* one cut: who waited is seen, rates are not */
};

static void tell_shot(struct dsam_lesson *l, size_t n,
		      const struct dsam_shared *s, uint64_t ticks)
{
	const struct dsam_shot shot = {
		.n = n,
		.device = s->device,
		.cpu_ticks = s->cpu_ticks,
		/* Seen when the CPU is done, at the earliest. */
		.device_ticks = ticks,
		.is_waited = s->device_ticks > s->cpu_ticks};

	dsam_tuner_shot(l, &shot);
}

/* As offload.c goes about it. */
static uint64_t do_request(const struct world *w, struct dsam_tuner *tuner,
			   size_t n, enum dsam_way *way)
{
	struct dsam_lesson *l =
		dsam_tuner_lesson(tuner, DSAM_WORK_MOVE, false, n);
	struct dsam_shared s;
	uint64_t ticks = n / w->cpu, about;
	uint32_t share;

	*way = DSAM_WAY_CPU;
	if (dsam_tuner_rests(tuner, DSAM_WORK_MOVE, n, &about))
		return ticks;
	*way = dsam_tuner_way(l, n, &share);
	if (*way == DSAM_WAY_BOTH) {
		s.device = n * share / DSAM_WHOLE;
		s.cpu = n - s.device;
		s.cpu_ticks = s.cpu / w->cpu;
		s.device_ticks = w->latency + s.device / w->device;
		ticks = s.cpu_ticks > s.device_ticks ? s.cpu_ticks
						     : s.device_ticks;
		if (w->is_shot)
			tell_shot(l, n, &s, ticks);
		else
			dsam_tuner_shared(l, &s);
	} else if (*way == DSAM_WAY_DEVICE) {
		ticks = w->latency + n / w->device;
	}
	dsam_tuner_took(l, *way, n, ticks);
	if (*way == DSAM_WAY_CPU)
		dsam_tuner_rest(tuner, DSAM_WORK_MOVE, false, n);
	return ticks;
}

/* The median of the last 21 of so many requests. */
static uint64_t settle(const struct world *w, struct dsam_tuner *tuner,
		       size_t n, int requests, enum dsam_way *way)
{
	uint64_t last[21] = {0}, took;
	unsigned ways[DSAM_WAYS] = {0};

	for (int i = 0; i < requests; i++) {
		took = do_request(w, tuner, n, way);
		if (requests - i <= 21) {
			last[requests - i - 1] = took;
			ways[*way]++;
		}
	}
	for (int i = 0; i < 21; i++)
		for (int k = i; k && last[k] < last[k - 1]; k--) {
			took = last[k];
			last[k] = last[k - 1];
			last[k - 1] = took;
		}
	*way = DSAM_WAY_CPU;
	for (int i = 0; i < DSAM_WAYS; i++)
		if (ways[i] > ways[*way])
			*way = (enum dsam_way)i;
	return last[10];
}

/* What the best division of the two would take. */
static uint64_t best_of(const struct world *w, size_t n)
{
	uint64_t best = n / w->cpu;

	for (size_t d = 0; d <= 100; d++) {
		uint64_t cpu = n / 100 * (100 - d) / w->cpu;
		uint64_t dev = w->latency + n / 100 * d / w->device;
		uint64_t both = cpu > dev ? cpu : dev;

		best = d && both < best ? both : best;
	}
	return best;
}

static void find_the_best(size_t most, bool is_shot)
{
	static const uint64_t rates[] = {1, 2, 5, 10, 20, 30};
	static const uint64_t latencies[] = {2000, 4000, 20000, 100000};

	dsam_clock.ticks_per_us = 2000;
	for (unsigned r = 0; r < 6; r++)
		for (unsigned a = 0; a < 4; a++)
			for (size_t n = 1UL << 16; n <= most; n *= 2) {
				struct world w = {8, rates[r], latencies[a],
						  is_shot};
				struct dsam_tuner tuner = {0};
				enum dsam_way way;
				uint64_t got = settle(&w, &tuner, n, 50, &way);
				uint64_t best = best_of(&w, n);

				if (got > best + best / 20)
					ck_abort_msg("%zu bytes, %lu, %lu: %lu "
						     "instead of %lu (way %d)",
						     n, w.device, w.latency,
						     got, best, (int)way);
			}
}

START_TEST(the_way_is_the_best_after_fifty_requests)
{
	find_the_best(1UL << 26, false);
}
END_TEST

START_TEST(one_cut_is_the_best_after_fifty_requests)
{
	find_the_best(1UL << 23, true);
}
END_TEST

/* Another process joins: fewer bytes a tick, then as before. */
static void learn_a_change(bool is_shot)
{
	struct world before = {8, 20, 2000, is_shot};
	struct world after = {8, 3, 9000, is_shot};
	struct dsam_tuner tuner = {0};
	size_t n = 4UL << 20;
	enum dsam_way way;

	dsam_clock.ticks_per_us = 2000;
	for (int i = 0; i < 3; i++) {
		uint64_t got = settle(&before, &tuner, n, 50, &way);

		ck_assert_uint_le(got, best_of(&before, n) * 21 / 20);
		got = settle(&after, &tuner, n, 50, &way);
		ck_assert_uint_le(got, best_of(&after, n) * 21 / 20);
	}
}

START_TEST(a_change_is_learned_in_fifty_requests)
{
	learn_a_change(false);
}
END_TEST

START_TEST(a_change_is_learned_with_one_cut)
{
	learn_a_change(true);
}
END_TEST

/* A hopeless device costs a twentieth at most, all tries counted. */
START_TEST(tries_are_seldom)
{
	struct world w = {8, 1, 1000000, false};
	struct dsam_tuner tuner = {0};
	size_t n = 1UL << 16;
	uint64_t sum = 0;
	enum dsam_way way;

	dsam_clock.ticks_per_us = 2000;
	settle(&w, &tuner, n, 50, &way);
	ck_assert_int_eq(way, DSAM_WAY_CPU);
	for (int i = 0; i < 20000; i++)
		sum += do_request(&w, &tuner, n, &way);
	ck_assert_uint_le(sum, 20000 * (n / w.cpu) * 21 / 20);
}
END_TEST

/* Settled on the CPU: most requests are not asked about, tries come in time. */
START_TEST(what_is_the_cpus_is_hardly_asked_about)
{
	struct world w = {8, 1, 10000, false};
	struct dsam_tuner tuner = {0};
	struct dsam_lesson *l;
	size_t n = 1UL << 16;
	int asked = 0, tries = 0;
	enum dsam_way way;
	uint64_t about;

	dsam_clock.ticks_per_us = 2000;
	settle(&w, &tuner, n, 200, &way);
	l = dsam_tuner_lesson(&tuner, DSAM_WORK_MOVE, false, n);
	for (int i = 0; i < 2000; i++) {
		if (dsam_tuner_rests(&tuner, DSAM_WORK_MOVE, n, &about)) {
			ck_assert_uint_ge(about, n / 8 - n / 80);
			ck_assert_uint_le(about, n / 8 + n / 80);
			/* Never past the time of the next try. */
			ck_assert_uint_lt(l->until[DSAM_WAY_BOTH], 2000);
			continue;
		}
		do_request(&w, &tuner, n, &way);
		asked++;
		tries += way == DSAM_WAY_BOTH;
	}
	ck_assert_int_le(asked, 2000 / 10);
	ck_assert_int_ge(tries, 3);
	/* Other sizes, and fills, know nothing of it. */
	ck_assert(!dsam_tuner_rests(&tuner, DSAM_WORK_FILL, n, &about));
	ck_assert(!dsam_tuner_rests(&tuner, DSAM_WORK_MOVE, 2 * n, &about));
}
END_TEST

/* Another thread's pieces are before ours, or not: seen, and forgotten. */
START_TEST(who_shares_the_device_is_noticed)
{
	struct dsam_lesson l = {0};
	struct dsam_shot s = {.n = 1UL << 20,
			      .device = 1UL << 19,
			      .cpu_ticks = 1000,
			      .is_waited = true};
	const struct dsam_shared met = {1UL << 19, 1UL << 19, 1000, 1000};

	for (int i = 0; i < 100; i++) {
		s.device_ticks = 1010 + i % 3;
		dsam_tuner_shot(&l, &s);
	}
	ck_assert_uint_le(l.others, 7);
	for (int i = 0; i < 10; i++) {
		s.device_ticks = i % 2 ? 1010 : 2000;
		dsam_tuner_shot(&l, &s);
	}
	ck_assert_uint_gt(l.others, DSAM_MANY_OTHERS);
	for (int i = 0; i < 256; i++)
		dsam_tuner_shared(&l, &met);
	ck_assert_uint_eq(l.others, 0);
}
END_TEST

/* As near as both have come by a single try, they go on together. */
START_TEST(both_before_the_device_alone)
{
	struct dsam_lesson l = {.way = {5000, 1020, 1000},
				.until = {900, 900, 900},
				.share = DSAM_WHOLE / 4 * 3,
				.tries = {4, 4, 4}};
	size_t n = 1UL << 20;
	uint32_t share;

	ck_assert_int_eq(dsam_tuner_way(&l, n, &share), DSAM_WAY_BOTH);
	l.way[DSAM_WAY_BOTH] = 1040;
	ck_assert_int_eq(dsam_tuner_way(&l, n, &share), DSAM_WAY_DEVICE);
}
END_TEST

/*
 * A first request that met a fault tells nothing of the CPU: its first one
 * does, at once, or the device would be out for as long as it seems to lose.
 */
START_TEST(what_began_with_a_fault_is_learned_as_well)
{
	struct dsam_lesson l = {0};
	size_t n = 1UL << 20;
	uint32_t share;
	int way = DSAM_WAY_BOTH, asked = 0;

	dsam_clock.ticks_per_us = 2000;
	while (way != DSAM_WAY_CPU) {
		way = dsam_tuner_way(&l, n, &share);
		dsam_tuner_took(&l, way, n, way ? 3000000 : 250000);
		asked++;
	}
	ck_assert_int_le(asked, 4);
	ck_assert_uint_ge(l.way[DSAM_WAY_CPU], 250000);
	ck_assert_uint_le(l.way[DSAM_WAY_CPU], 250001);
	/* From now on the pages are there. */
	for (int i = 0; i < 20; i++) {
		way = dsam_tuner_way(&l, n, &share);
		dsam_tuner_took(&l, way, n, way ? 150000 : 250000);
	}
	ck_assert_int_ne(way, DSAM_WAY_CPU);
}
END_TEST

/* Where absent destinations are worth the device, all are asked about. */
START_TEST(what_may_be_absent_is_asked_about)
{
	struct dsam_tuner tuner = {0};
	size_t n = 1UL << 16;
	struct dsam_lesson *present =
		dsam_tuner_lesson(&tuner, DSAM_WORK_MOVE, false, n);
	struct dsam_lesson *absent =
		dsam_tuner_lesson(&tuner, DSAM_WORK_MOVE, true, n);
	uint64_t about;

	present->way[DSAM_WAY_CPU] = 1000;
	present->way[DSAM_WAY_BOTH] = 2000;
	present->until[DSAM_WAY_BOTH] = 100;
	absent->way[DSAM_WAY_CPU] = 5000;
	absent->way[DSAM_WAY_BOTH] = 4000;
	dsam_tuner_rest(&tuner, DSAM_WORK_MOVE, true, n);
	ck_assert(!dsam_tuner_rests(&tuner, DSAM_WORK_MOVE, n, &about));
	absent->way[DSAM_WAY_BOTH] = 6000;
	absent->until[DSAM_WAY_BOTH] = 3;
	dsam_tuner_rest(&tuner, DSAM_WORK_MOVE, true, n);
	for (int i = 0; i < 3; i++)
		ck_assert(dsam_tuner_rests(&tuner, DSAM_WORK_MOVE, n, &about));
	ck_assert(!dsam_tuner_rests(&tuner, DSAM_WORK_MOVE, n, &about));
	ck_assert_uint_eq(absent->until[DSAM_WAY_BOTH], 0);
	ck_assert_uint_eq(present->until[DSAM_WAY_BOTH], 97);
	/* What such a request takes, and nothing is known of the others. */
	ck_assert_uint_eq(about, 5000 * (n >> 10) >> 10);
	memset(present, 0, sizeof(*present));
	absent->until[DSAM_WAY_BOTH] = 3;
	dsam_tuner_rest(&tuner, DSAM_WORK_MOVE, true, n);
	ck_assert(dsam_tuner_rests(&tuner, DSAM_WORK_MOVE, n, &about));
	ck_assert_uint_eq(about, 5000 * (n >> 10) >> 10);
}
END_TEST

/* What is done without a pause tells the speed, and that the way there. */
START_TEST(runs_tell_how_far_a_queue_is)
{
	static struct dsam_tuner fresh;
	const uint64_t moving = 1000, way = 700;

	dsam_tuner_queue(&fresh, 0, 64 << 10, moving / 16 + way, false);
	ck_assert_uint_eq(fresh.latency, 0);
	dsam_tuner_service(&fresh, 1 << 20, 0);
	ck_assert_uint_eq(fresh.service, 0);
	dsam_tuner_service(&fresh, 2 << 20, 2 * moving);
	ck_assert_uint_ge(fresh.service, moving);
	ck_assert_uint_le(fresh.service, moving + 2);
	for (int i = 0; i < 20; i++)
		dsam_tuner_queue(&fresh, 0, 64 << 10, moving / 16 + way, false);
	ck_assert_uint_ge(fresh.latency, way - 10);
	ck_assert_uint_le(fresh.latency, way + 10);
	/* Less is believed at once, more in time. */
	dsam_tuner_service(&fresh, 1 << 20, moving / 2);
	ck_assert_uint_le(fresh.service, moving / 2 + 2);
	for (int i = 0; i < 100; i++)
		dsam_tuner_service(&fresh, 1 << 20, moving);
	ck_assert_uint_ge(fresh.service, moving);
}
END_TEST

RUN_SUITE("tuner", before_anything_was_learned, learned_by_size_and_kind,
	  it_follows_a_change_and_forgives_one_outlier, every_size_has_a_place,
	  absent_pages_are_expected_for_a_while,
	  the_way_is_the_best_after_fifty_requests,
	  one_cut_is_the_best_after_fifty_requests,
	  a_change_is_learned_in_fifty_requests,
	  a_change_is_learned_with_one_cut, tries_are_seldom,
	  what_is_the_cpus_is_hardly_asked_about,
	  who_shares_the_device_is_noticed, both_before_the_device_alone,
	  what_began_with_a_fault_is_learned_as_well,
	  what_may_be_absent_is_asked_about, runs_tell_how_far_a_queue_is)
