// SPDX-License-Identifier: MIT
/*
 * Room: HOT.  Who else wants the device.
 * May: the other slots' lines for that, read only.  Must not: write there.
 */
#include "peers.h"

#include "clock.h"
#include "slot.h"

/* What was said holds for so many times the time that it is about. */
#define HOLDS 16
/* Who wanted nothing for so long may want as much as before, or less. */
#define PAUSE_US 4000
/* Another core's line costs some 50 ns. */
#define LOOKS 32
/* More makes no difference, and would overflow. */
#define MOST (64U * DSAM_WHOLE)

static void say(struct dsam_peers *p, uint64_t now)
{
	uint64_t time = dsam_ticks_between(p->begun, now);
	uint64_t rest = dsam_ticks_between(p->wanted, time);
	uint64_t pause = PAUSE_US * dsam_clock.ticks_per_us;
	uint64_t load;

	if (rest > pause) {
		load = atomic_load_explicit(&p->load, memory_order_relaxed) / 2;
		time = pause;
	} else {
		load = DSAM_WHOLE - rest * DSAM_WHOLE / (time + 1);
	}
	atomic_store_explicit(&p->load, (uint32_t)load, memory_order_relaxed);
	atomic_store_explicit(&p->until, now + HOLDS * time,
			      memory_order_relaxed);
	atomic_store_explicit(&p->is_left_out, p->was_left_out,
			      memory_order_relaxed);
	p->begun = now;
	p->wanted = 0;
	p->was_left_out = false;
}

void dsam_peers_look(struct dsam_slot *s, uint64_t now)
{
	struct dsam_peers *p = &s->peers;
	unsigned left = LOOKS;

	say(p, now);
	for (; p->next < DSAM_SLOTS; p->next++) {
		const struct dsam_slot *other = &dsam_arena->slot[p->next];

		if (other == s ||
		    atomic_load_explicit(&dsam_arena->state[p->next],
					 memory_order_relaxed) !=
			    DSAM_SLOT_LIVE)
			continue;
		if (!left--)
			return;
		if (atomic_load_explicit(&other->peers.until,
					 memory_order_relaxed) < now)
			continue;
		p->sum += atomic_load_explicit(&other->peers.load,
					       memory_order_relaxed);
		p->has_seen_one |= atomic_load_explicit(
			&other->peers.is_left_out, memory_order_relaxed);
	}
	p->others = (uint32_t)(p->sum < MOST ? p->sum : MOST);
	p->is_one_left_out = p->has_seen_one;
	p->has_seen_one = false;
	p->sum = 0;
	p->next = 0;
}
