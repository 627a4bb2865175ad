// SPDX-License-Identifier: MIT
/*
 * Room: HOT.  Who should get how much of what is left of a request.
 * May: what is learned and what is in flight.  Must not: submit, copy.
 */
#include "share_part.h"

#include "batch.h"

/* A descriptor that brings another queue in carries so much. */
#define PART_LEAST (16 * 1024UL)
/* Above this a part is given in two: the second when more is known. */
#define PART_WHOLE (128 * 1024UL)
#define PART_ALONE 2048UL
/* The way there counts for much from this part of the CPU's time on. */
#define FAR 16
/*
 * In flight on one queue: the next begins when the first ends; more of short
 * ones, for the CPU seldom looks: so many bytes.
 */
#define PER_QUEUE 2U
#define IN_FLIGHT (512 * 1024UL)
/* Between two looks: what is in flight should not be done by then. */
#define CPU_MOST (64 * 1024UL)

/* How many pieces a queue gets at once, of those that it takes. */
static void weigh_depth(struct meeting *m, unsigned q)
{
	size_t takes =
		dsam_batch_takes(m->st->sub.slot, &dsam_queues.q[q], IN_FLIGHT);
	size_t most = IN_FLIGHT / takes, step;
	/* Not all entries have room for a batch. */
	size_t room = takes > dsam_queues.q[q].max_transfer ? DSAM_BATCHES
							    : DSAM_DEPTH;

	if (most > room / m->open)
		most = room / m->open;
	m->most[q] = (uint8_t)(most < PER_QUEUE ? PER_QUEUE : most);
	step = m->most[q] * takes / 4;
	if (step < m->step)
		m->step = step < DSAM_PART_STEP ? DSAM_PART_STEP : step;
}

/* Parts by speed; a queue that nobody knows counts as the best. */
void dsam_part_weigh(struct meeting *m)
{
	const struct dsam_tuner *t = &m->st->sub.slot->tuner;
	uint64_t best = UINT64_MAX, sum = 0;
	unsigned count = dsam_queues.count;

	m->open = 0;
	m->behind = 0;
	m->step = CPU_MOST;
	for (unsigned q = 0; q < count; q++) {
		m->count[q] = m->refused[q] = 0;
		m->last[q] = 0;
		m->ended[q] = 0;
		m->first_sent[q] = 0;
		m->is_running[q] = false;
		m->most[q] = PER_QUEUE;
		m->weight[q] = 0;
		if (!dsam_queue_is_open(&dsam_queues.q[q]))
			continue;
		m->open++;
		m->weight[q] = DSAM_WHOLE;
		if (t->queue[q] && t->queue[q] < best)
			best = t->queue[q];
	}
	if (best == UINT64_MAX)
		best = 1;
	for (unsigned q = 0; q < count; q++) {
		/* One that another thread has just revived has no part yet. */
		if (!m->weight[q])
			continue;
		if (t->queue[q])
			m->weight[q] = DSAM_WHOLE * best / t->queue[q] + 1;
		sum += m->weight[q];
		weigh_depth(m, q);
	}
	for (unsigned q = 0; count > 1 && q < count; q++)
		if (sum)
			m->weight[q] = m->weight[q] * DSAM_WHOLE / sum;
}

/*
 * What the device should still get, so that both end at once: of all that is
 * left its share, less what it has in flight.
 */
size_t dsam_part_fair(const struct meeting *m)
{
	uint64_t share = m->st->plan.share;
	uint64_t to_device = (m->hi - m->lo) / 256 * share / 256;
	uint64_t ahead = m->in_flight / 256 * (DSAM_WHOLE - share) / 256;

	/* The rate holds the way there once, for the first pieces. */
	if (m->is_late)
		ahead += m->far;
	return to_device > ahead ? to_device - ahead : 0;
}

/* How much of that queue q gets now; 0: nothing. */
size_t dsam_part_of(const struct meeting *m, size_t all, unsigned q)
{
	size_t own = all / 256 * m->weight[q] / 256;

	if (m->count[q] >= m->most[q] || m->refused[q] >= DSAM_PART_REFUSALS)
		return 0;
	if (own > PART_WHOLE && !m->is_far)
		own /= 2;
	if (own < PART_LEAST)
		own = all < PART_LEAST ? all : PART_LEAST;
	/* Too little for a descriptor, or for another one. */
	if (own < PART_ALONE || (own < PART_LEAST && m->in_flight))
		return 0;
	/* A slow queue would be waited for. */
	if (m->open > 1 && m->weight[q] * m->open < DSAM_WHOLE / 4 &&
	    own == PART_LEAST)
		return 0;
	return own;
}

size_t dsam_part_cut(const struct meeting *m, size_t bytes, size_t most)
{
	uintptr_t dst = (uintptr_t)m->st->rq->dst;
	uintptr_t unit = bytes >= PART_WHOLE / 2 ? DSAM_PAGE : DSAM_LINE;
	uintptr_t at;

	if (bytes >= m->hi - m->lo)
		return m->lo;
	at = (dst + m->hi - bytes) & -unit;
	if (dst + m->hi - at > most && most >= 2 * unit)
		at += unit;
	return at > dst + m->lo ? at - dst : m->lo;
}

/* How far away the device is, as far as known. */
void dsam_part_far(struct meeting *m, const struct dsam_lesson *l)
{
	const struct dsam_tuner *t = &m->st->sub.slot->tuner;
	uint64_t cpu = l->cpu * ((m->st->rq->n >> 10) + 1) >> 10;

	m->is_late = false;
	m->is_far = !t->service || t->latency * FAR > cpu;
	if (t->service && l->cpu && l->device)
		m->far = (size_t)((t->latency << 20) / (l->cpu + l->device));
	else
		m->far = m->st->rq->n / 8;
}
