// SPDX-License-Identifier: MIT
/*
 * Room: HOT.  Learns from finished requests; predicts the next.
 * May: the slot's tuner.  Must not: anything else; no floating point.
 */
#include "tuner.h"

#include "clock.h"
#include "tuner_rate.h"

/* After a fault, so many requests of the size touch before one tries again. */
#define TOUCH_RUN 32
/* Requests between two tries of the slower way, when it lost by nothing. */
#define TRY_AFTER 20
/* A loss of 100 % is tried so many requests more seldom: 2 % at most. */
#define TRY_LOSS 48
#define TRY_MOST 65536
/* Of so many requests of the CPU alone one is looked at: it changes little. */
#define REST 16
#define FIRST_TRIES 4
/* The CPU's time, before it was seen: it is the best, and so seen next. */
#define UNKNOWN 1
/* Sharing must gain something: 1 of 64. */
#define GAIN_SHIFT 6
/*
 * After one was left out, so many requests are held to a fair part; it counts
 * down past those that are not, and begins anew before its end.
 */
#define HOLD 255
#define HOLD_LEAST 64
/* What is worth wanting: 1 of 32. */
#define WANTS_SHIFT 5
/* A single try of both is slower than what follows, by up to 1 of 32. */
#define ALONE_SHIFT 5
/* Above this the CPU's part is worth the look at its pages. */
#define DEVICE_MOST (1024 * 1024UL)

uint64_t dsam_tuner_predict(const struct dsam_tuner *t, enum dsam_work work,
			    size_t n)
{
	uint64_t learned = t->device[work][dsam_stats_bin(n)];

	if (learned)
		return learned;
	/* ticks/us * (1 us + n / 30000 bytes per us) */
	return dsam_clock.ticks_per_us + dsam_clock.ticks_per_us * n / 30000;
}

void dsam_tuner_learn(struct dsam_tuner *t, enum dsam_work work, size_t n,
		      uint64_t ticks)
{
	uint64_t *e = &t->device[work][dsam_stats_bin(n)];

	*e = *e ? *e - *e / 4 + ticks / 4 : ticks;
}

/*
 * The CPU, unless another way is known to gain something.  Both, unless the
 * device alone is better than what a single try says of both.
 */
static enum dsam_way best_way(const struct dsam_lesson *l)
{
	enum dsam_way best = DSAM_WAY_CPU;

	for (int w = DSAM_WAY_BOTH; w < DSAM_WAYS; w++) {
		uint64_t t = l->way[w];

		if (best == DSAM_WAY_CPU)
			t += t >> GAIN_SHIFT;
		else
			t += t >> ALONE_SHIFT;
		if (l->way[w] && t < l->way[best])
			best = (enum dsam_way)w;
	}
	return best;
}

/* Is the way worth a try?  The whole to a slow device would cost too much. */
static bool is_open(int way, size_t n, uint64_t share)
{
	return way != DSAM_WAY_DEVICE ||
	       (share > DSAM_WHOLE / 2 && n <= DEVICE_MOST);
}

bool dsam_tuner_wants(struct dsam_lesson *l, size_t n, bool is_absent,
		      bool is_one_left_out)
{
	uint64_t cpu = l->way[DSAM_WAY_CPU], gain;

	l->is_left_out = false;
	if (best_way(l) == DSAM_WAY_CPU) {
		/* What absent pages take is the CPU's, whoever copies. */
		if (!l->alone || is_absent)
			return false;
		/* The device's part, less what a descriptor costs. */
		gain = cpu * cpu / (cpu + l->alone);
		if (gain <= (cpu >> WANTS_SHIFT) +
				    dsam_rate_of(dsam_clock.ticks_per_us, n))
			return false;
		l->is_left_out = true;
	}
	if ((l->is_left_out || is_one_left_out) && l->hold < HOLD_LEAST)
		l->hold = HOLD;
	return true;
}

/* When is a way that lost tried next?  At once while it gets better. */
static void plan_try(struct dsam_lesson *l, enum dsam_way way, bool is_better)
{
	uint64_t win = l->way[best_way(l)], next = TRY_AFTER;

	if (l->way[way] > win)
		next += TRY_LOSS * (l->way[way] - win) / win;
	/* What was seen first may have been the worst. */
	if (l->tries[way] < FIRST_TRIES && next > 4U << l->tries[way])
		next = 4U << l->tries[way];
	if (is_better)
		next = 0;
	else if (l->tries[way] < FIRST_TRIES)
		l->tries[way]++;
	l->until[way] = (uint32_t)(next < TRY_MOST ? next : TRY_MOST);
}

/* What the device gets, of DSAM_WHOLE, when both work. */
static uint64_t share_of(const struct dsam_lesson *l, size_t n)
{
	uint64_t cpu = l->cpu, device = l->device;

	if (l->share)
		return l->share;
	if (!device) {
		/* 10 GB/s; 1 us and 30 GB/s. */
		cpu = dsam_rate_of(dsam_clock.ticks_per_us, 10000);
		device = cpu / 3 + dsam_rate_of(dsam_clock.ticks_per_us, n);
	}
	return DSAM_WHOLE * cpu / (cpu + device);
}

enum dsam_way dsam_tuner_way(struct dsam_lesson *l, size_t n, uint32_t *share)
{
	enum dsam_way way = best_way(l);
	uint64_t part;

	for (int w = 0; w < DSAM_WAYS && l->way[DSAM_WAY_BOTH]; w++) {
		if (w == (int)way || l->until[w]--)
			continue;
		l->until[w] = 0;
		if (!is_open(w, n, share_of(l, n)))
			continue;
		l->is_try = true;
		way = (enum dsam_way)w;
		break;
	}
	/* The usual case of a device that gains nothing divides nothing. */
	if (way == DSAM_WAY_CPU && l->way[DSAM_WAY_BOTH])
		return way;
	part = share_of(l, n);
	/* Too little to measure: at least a descriptor that is. */
	if (part * n / DSAM_WHOLE < DSAM_PART_LEAST)
		part = DSAM_PART_LEAST * DSAM_WHOLE / n + 1;
	*share = (uint32_t)(part < DSAM_WHOLE ? part : DSAM_WHOLE - 1);
	return l->way[DSAM_WAY_BOTH] ? way : DSAM_WAY_BOTH;
}

void dsam_tuner_took(struct dsam_lesson *l, enum dsam_way way, size_t n,
		     uint64_t ticks)
{
	enum dsam_way was = best_way(l);
	uint64_t sample, old = l->way[way];

	sample = dsam_rate_of(ticks, n);
	/*
	 * What was tried is believed at once when it is better than it was, and
	 * the CPU's first when nothing was known.
	 */
	if ((l->is_try && sample < old) || old == UNKNOWN)
		l->way[way] = sample;
	else
		dsam_rate_weigh(&l->way[way], sample, DSAM_STEADY);
	/* Before the CPU was alone, its part tells what it can. */
	if (!l->way[DSAM_WAY_CPU])
		l->way[DSAM_WAY_CPU] = l->cpu ? l->cpu : UNKNOWN;
	if (best_way(l) != was)
		l->tries[was] = FIRST_TRIES / 2;
	if (l->is_try || !old)
		plan_try(l, way, sample < old - old / 64);
	l->is_try = false;
}

unsigned dsam_tuner_rest(struct dsam_tuner *t, enum dsam_work work,
			 bool is_absent, size_t n)
{
	unsigned bin = dsam_stats_bin(n);
	uint32_t rest = REST - 1;

	/* Destinations may be absent or not: not asked, nobody knows. */
	for (int absent = 0; absent < 2; absent++) {
		const struct dsam_lesson *l = &t->lesson[work][absent][bin];

		if (best_way(l) != DSAM_WAY_CPU)
			return 0;
		if (l->way[DSAM_WAY_BOTH] && l->until[DSAM_WAY_BOTH] < rest)
			rest = l->until[DSAM_WAY_BOTH];
	}
	for (int absent = 0; absent < 2; absent++) {
		struct dsam_lesson *l = &t->lesson[work][absent][bin];

		for (int w = 0; w < DSAM_WAYS; w++)
			l->until[w] -= l->until[w] < rest ? l->until[w] : rest;
	}
	t->rest_ticks[work][bin] =
		t->lesson[work][is_absent][bin].way[DSAM_WAY_CPU];
	t->rest[work][bin] = (uint8_t)rest;
	return rest;
}

void dsam_tuner_shared(struct dsam_lesson *l, const struct dsam_shared *s)
{
	unsigned shift = l->is_try ? DSAM_QUICK : DSAM_STEADY;
	uint64_t device;

	/* A cut is tried again when it may be worth it. */
	l->others -= l->others > 0;
	/* One that was learned before was for another device. */
	l->share = 0;
	if (s->cpu)
		dsam_rate_weigh(&l->cpu, dsam_rate_of(s->cpu_ticks, s->cpu),
				shift);
	if (!s->device)
		return;
	device = dsam_rate_of(s->device_ticks, s->device);
	dsam_rate_weigh(&l->device, device, shift);
	dsam_rate_least(&l->alone, device);
}

void dsam_tuner_queue(struct dsam_tuner *t, unsigned q, size_t n,
		      uint64_t ticks, bool is_next)
{
	uint64_t sample = dsam_rate_of(ticks, n), moving;

	dsam_rate_weigh(&t->queue[q], sample, DSAM_STEADY);
	if (is_next)
		return;
	moving = t->service * n >> DSAM_MIB_SHIFT;
	if (t->service && ticks > moving)
		dsam_rate_weigh(&t->latency, ticks - moving, DSAM_STEADY);
}

void dsam_tuner_service(struct dsam_tuner *t, size_t n, uint64_t ticks)
{
	if (ticks)
		dsam_rate_least(&t->service, dsam_rate_of(ticks, n));
}

static unsigned touch_index(size_t n, const void *caller)
{
	uint64_t h =
		((uintptr_t)caller ^ dsam_stats_bin(n)) * 0x9e3779b97f4a7c15ULL;

	return (unsigned)(h >> 56);
}

_Static_assert(DSAM_TOUCHES == 256, "eight bits of the hash");

void dsam_tuner_absent(struct dsam_tuner *t, size_t n, const void *caller)
{
	t->touch[touch_index(n, caller)] = TOUCH_RUN;
}

bool dsam_tuner_expects_absent(struct dsam_tuner *t, size_t n,
			       const void *caller)
{
	unsigned i = touch_index(n, caller);

	if (!t->touch[i])
		return false;
	t->touch[i]--;
	return true;
}
