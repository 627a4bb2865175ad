// SPDX-License-Identifier: MIT
/*
 * Room: HOT.  Learns where to cut a request of which both do one part.
 * May: the lesson.  Must not: anything else; no floating point.
 */
#include "tuner.h"

#include "tuner_rate.h"

/* The device's part grows by 1 of 64 (long ones': 128), the double each time.
 */
#define GROWTH_SHIFT 6
#define GROWTH_MOST 4
#define GROWTH_SHARED 2
/* Who waited is seen too late by some 50 ns, which is nothing to those. */
#define LONG (512 * 1024UL)
/* Off by 1 of 8; one such request weighs so much. */
#define OTHERS_SHIFT 3
#define OTHERS_SEEN 32
/* A wait of less than 1 of 64 is none. */
#define WAIT_SHIFT 6
/* Of so many requests that are held one is not: is it as fast as it was? */
#define PROBE 64

/*
 * Another thread or process shares the device: it takes longer when theirs is
 * before ours, and that is not for the cut to follow.
 */
static void note_others(struct dsam_lesson *l, uint64_t device)
{
	uint64_t off =
		device > l->device ? device - l->device : l->device - device;

	if (off <= l->device >> OTHERS_SHIFT)
		l->others -= l->others / 8;
	else if (l->others <= UINT8_MAX - OTHERS_SEEN)
		l->others += OTHERS_SEEN;
}

/*
 * How fast is it while it has nobody else's to do?  The way there is in the
 * rate, so a smaller part is no slower for taking longer.
 */
static void note_alone(struct dsam_lesson *l, uint64_t device, uint64_t share,
		       bool is_waited)
{
	uint64_t late = device > l->alone ? device - l->alone : 0;

	if (!late || !l->alone) {
		l->alone = device;
		l->alone_share = (uint32_t)share;
	} else if (share < l->alone_share - l->alone_share / 8) {
		l->alone_share -= l->alone_share / 64;
	} else if (is_waited) {
		l->alone += late <= l->alone / 8 ? late / 4 : l->alone / 64;
	} else if (l->is_probe) {
		/* It was ready before the CPU was, and nobody saw when. */
		l->alone -= l->alone / 8;
	}
}

/* The device's part where so many want it, of DSAM_WHOLE each, beside us. */
static uint64_t fair_part(const struct dsam_lesson *l, uint32_t peers)
{
	uint64_t all = l->alone + (l->alone >> 8) * (peers >> 8);

	return DSAM_WHOLE * l->cpu / (l->cpu + all + 1);
}

/*
 * Who came first would keep all of a slow device, and the others would learn
 * that it is not for them: nobody takes more than is fair.
 */
static void set_share(struct dsam_lesson *l, uint64_t share,
		      const struct dsam_shot *s)
{
	l->is_held = l->is_probe = false;
	if (dsam_tuner_is_held(l, s->peers)) {
		uint64_t fair = fair_part(l, s->peers);

		l->hold--;
		if (share > fair) {
			l->growth = 0;
			l->is_probe = l->hold % PROBE == 0;
			l->is_held = !l->is_probe;
			share = l->is_probe ? fair_part(l, 0) : fair;
		}
	}
	l->share = (uint32_t)(share < DSAM_WHOLE ? share : DSAM_WHOLE - 1);
}

/*
 * Who waited, and how long, is known to a few ticks, while the rates are not:
 * bytes are moved from the one who came last.  How much too little the device
 * had can't be seen, so its part grows by steps until it is waited for.
 */
void dsam_tuner_shot(struct dsam_lesson *l, const struct dsam_shot *s)
{
	unsigned shift = l->is_try ? DSAM_QUICK : DSAM_STEADY;
	uint64_t share = DSAM_WHOLE * s->device / s->n, less;
	uint64_t least = DSAM_WHOLE * DSAM_PART_LEAST / s->n + 1;
	uint64_t device = dsam_rate_of(s->device_ticks, s->device);
	uint64_t wait = s->device_ticks - s->cpu_ticks;
	/* Late once, behind another's, is no reason to move far. */
	bool is_shared = s->peers && l->others > DSAM_MANY_OTHERS;
	unsigned step = s->n < LONG ? GROWTH_SHIFT : GROWTH_SHIFT + 1;

	if (s->is_waited && l->device)
		note_others(l, device);
	if (s->n > s->device)
		dsam_rate_weigh(&l->cpu,
				dsam_rate_of(s->cpu_ticks, s->n - s->device),
				shift);
	if (s->is_waited || !l->device || device < l->device)
		dsam_rate_weigh(&l->device, device, shift);
	if (!l->is_held)
		note_alone(l, device, share, s->is_waited);
	if (!s->is_waited) {
		share += (share << l->growth >> step) + 1;
		l->growth +=
			l->growth < (is_shared ? GROWTH_SHARED : GROWTH_MOST);
		set_share(l, share, s);
		return;
	}
	l->growth = 0;
	if (wait > s->device_ticks >> WAIT_SHIFT) {
		less = (wait << DSAM_MIB_SHIFT) / (l->cpu + l->device + 1);
		less = DSAM_WHOLE * less / s->n >> (is_shared ? 3 : 1);
		share = share > less + least ? share - less : least;
	}
	set_share(l, share, s);
}
