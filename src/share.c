// SPDX-License-Identifier: MIT
/*
 * Room: HOT.  One request, both ends: the CPU from the front, the device from
 * the back, until they meet.
 * May: its slot, libc's memory functions.  Must not: allocate, lock, log,
 * return with a piece in flight.
 */
#include "share.h"

#include "batch.h"
#include "clock.h"
#include "offload.h"
#include "share_part.h"

#include <immintrin.h>

/* The CPU looks at the device after an eighth of what is left to give. */
#define CPU_PART 8

/* The most that queue takes in one go when it is given about bytes. */
static size_t most_of(const struct meeting *m, const struct dsam_queue *queue,
		      size_t bytes)
{
	const struct dsam_slot *s = m->st->sub.slot;

	if (dsam_batch_takes(s, queue, bytes) <= queue->max_transfer)
		return queue->max_transfer;
	return dsam_batch_takes(s, queue, SIZE_MAX / 2);
}

static bool launch(struct meeting *m, unsigned q, size_t bytes)
{
	struct dsam_story *st = m->st;
	struct dsam_queue *queue = &dsam_queues.q[q];
	unsigned i = (unsigned)__builtin_ctz(~st->live);
	size_t from, most = most_of(m, queue, bytes);
	enum dsam_why why;

	if (st->plan.touch && most > DSAM_TOUCH_SLICE)
		most = DSAM_TOUCH_SLICE;
	from = dsam_part_cut(m, bytes < most ? bytes : most, most);
	from = m->hi - dsam_batch_takes(st->sub.slot, queue, m->hi - from);
	st->sub.only = queue;
	why = dsam_pieces_launch(
		st, i, from, m->hi,
		m->hi - from > queue->max_transfer ? queue->max_transfer : 0,
		false);
	st->sub.only = NULL;
	if (why == DSAM_WHY_NONE) {
		m->in_flight += m->hi - from;
		m->is_running[q] = m->is_running[q] && m->count[q];
		m->behind &= ~(1U << i);
		m->behind |= (uint32_t)(m->count[q] > 0) << i;
		m->hi = from;
		m->count[q]++;
		return true;
	}
	if (why != DSAM_WHY_BUSY && why != DSAM_WHY_NO_QUEUE)
		m->stop = why;
	m->refused[q]++;
	m->was_full = m->refused[q] < DSAM_PART_REFUSALS;
	m->is_refused = true;
	return false;
}

static bool is_full(const struct dsam_story *st)
{
	return st->live == (1U << DSAM_DEPTH) - 1;
}

/* Give the device what it should have by now. */
static void feed(struct meeting *m)
{
	unsigned count = dsam_queues.count;
	unsigned start = m->st->sub.slot->turn++;

	m->was_full = false;
	for (unsigned k = 0; k < count && !m->stop; k++) {
		unsigned q = (start + k) % count;
		size_t bytes;

		if (is_full(m->st) || m->lo >= m->hi)
			return;
		if (!dsam_queue_is_open(&dsam_queues.q[q]))
			continue;
		while ((bytes = dsam_part_of(m, dsam_part_fair(m), q)) &&
		       launch(m, q, bytes))
			if (is_full(m->st))
				return;
	}
}
/* Queue q has done n bytes more, seen at one look. */
static void note_run(struct meeting *m, unsigned q, size_t n, uint64_t now)
{
	if (m->is_running[q]) {
		m->run[q] += n;
		if (m->run[q] < DSAM_SERVICE_LEAST)
			return;
		dsam_tuner_service(&m->st->sub.slot->tuner, m->run[q],
				   dsam_ticks_between(m->run_since[q], now));
	}
	/* The first one's time has the way there in it. */
	m->is_running[q] = true;
	m->run[q] = 0;
	m->run_since[q] = now;
}

/* What a look found of queue q tells its speed, all at once. */
static void learn(struct meeting *m, unsigned q, uint64_t now)
{
	uint64_t since = m->first_sent[q] ? m->first_sent[q] : m->last[q];

	note_run(m, q, m->ended[q], now);
	dsam_tuner_queue(&m->st->sub.slot->tuner, q, m->ended[q],
			 dsam_ticks_between(since, now), !m->first_sent[q]);
}

/* Piece i ended at about now. */
static void settle(struct meeting *m, unsigned i, uint64_t now)
{
	struct dsam_story *st = m->st;
	const struct dsam_piece *p = &st->piece[i];
	size_t had = st->account.device_bytes;
	unsigned q = (unsigned)(p->queue - dsam_queues.q);
	uint32_t len = p->len;
	enum dsam_why why = dsam_pieces_settle(st, i);

	m->in_flight -= len;
	m->count[q]--;
	m->device += st->account.device_bytes - had;
	if (DSAM_LIKELY(why == DSAM_WHY_NONE)) {
		if (m->ended[q])
			learn(m, q, now);
	} else {
		/* What was mended tells nothing. */
		m->is_running[q] = false;
	}
	m->ended[q] = 0;
	m->first_sent[q] = 0;
	m->last[q] = m->device_end = now;
	if (st->is_forked)
		m->stop = DSAM_WHY_FORKED;
	else if (why != DSAM_WHY_NONE && why != DSAM_WHY_FAULT)
		m->stop = why;
}

/* Of the pieces that are ending at about now (a bit each), all. */
static void settle_all(struct meeting *m, uint32_t ending, uint64_t now)
{
	for (uint32_t left = ending; left; left &= left - 1) {
		unsigned i = (unsigned)__builtin_ctz(left);
		const struct dsam_piece *p = &m->st->piece[i];
		unsigned q = (unsigned)(p->queue - dsam_queues.q);

		m->ended[q] += p->len;
		if (!(m->behind >> i & 1))
			m->first_sent[q] = p->sent;
	}
	/* Settling one may settle others' bytes, never them. */
	for (; ending; ending &= ending - 1)
		settle(m, (unsigned)__builtin_ctz(ending), now);
}

/* The pieces whose answers are there, a bit each. */
static uint32_t answered(const struct meeting *m)
{
	const struct dsam_story *st = m->st;
	uint32_t found = 0;

	for (uint32_t left = st->live; left; left &= left - 1) {
		unsigned i = (unsigned)__builtin_ctz(left);

		if (dsam_submit_is_answered(&st->sub, &st->piece[i]))
			found |= 1U << i;
	}
	return found;
}

/*
 * Take the answers that are there.  True if there were some: they came at some
 * time since the last look.
 */
static bool look(struct meeting *m)
{
	uint64_t now = dsam_ticks();
	uint64_t middle = now - dsam_ticks_between(m->looked, now) / 2;
	uint32_t found = answered(m);

	m->looked = now;
	settle_all(m, found, middle);
	return found;
}

/* The oldest in flight: nothing is left to do but wait. */
static void await_one(struct meeting *m)
{
	struct dsam_story *st = m->st;
	unsigned oldest = (unsigned)__builtin_ctz(st->live);
	uint64_t start = dsam_ticks();

	for (uint32_t left = st->live; left; left &= left - 1) {
		unsigned i = (unsigned)__builtin_ctz(left);

		if ((int64_t)(st->piece[i].sent - st->piece[oldest].sent) < 0)
			oldest = i;
	}
	dsam_submit_await(&st->sub, &st->piece[oldest]);
	m->looked = dsam_ticks();
	m->idle += dsam_ticks_between(start, m->looked);
	settle_all(m, answered(m) | 1U << oldest, m->looked);
}

/* The CPU's next piece, of pages that are known to be there. */
static void copy_some(struct meeting *m)
{
	size_t end = m->hi < m->safe ? m->hi : m->safe;
	size_t step = (m->hi - m->lo) / CPU_PART;

	step = step < DSAM_PART_STEP ? DSAM_PART_STEP : step;
	step = step > m->step ? m->step : step;
	if (end - m->lo > step + step / 2)
		end = m->lo + step;
	/* Its share, or what no queue took. */
	dsam_pieces_by_cpu(m->st, m->lo, end,
			   m->is_refused && !m->device && !m->in_flight
				   ? DSAM_WHY_BUSY
				   : DSAM_WHY_SPLIT);
	m->lo = end;
}

static void work(struct meeting *m)
{
	struct dsam_story *st = m->st;

	while (m->lo < m->hi && !m->stop) {
		if (m->lo < m->safe) {
			copy_some(m);
		} else if (st->live) {
			await_one(m);
		} else {
			/* Faster than expected, and nothing is in flight. */
			m->safe = m->hi;
			dsam_pieces_probe(st->rq, m->lo, m->hi);
		}
		if (m->lo >= m->hi)
			break;
		if (look(m) || !st->live || m->was_full)
			feed(m);
	}
	m->cpu_ticks = dsam_ticks_between(m->begun + m->idle, dsam_ticks());
	while (st->live)
		await_one(m);
	/* Without the device: pages may be new to us, nothing is in flight. */
	dsam_pieces_by_cpu(st, m->lo, m->hi, m->stop);
}

void dsam_share_run(struct dsam_story *st, struct dsam_lesson *lesson)
{
	struct meeting m; /* not cleared: the queues' part is long */
	struct dsam_shared took;
	size_t n = st->rq->n, own;

	m.st = st;
	m.lo = m.safe = m.in_flight = m.device = 0;
	m.hi = n;
	m.stop = DSAM_WHY_NONE;
	m.is_refused = false;
	dsam_part_weigh(&m);
	dsam_part_far(&m, lesson);
	/* Up to a line where writes go to memory: nothing is in flight. */
	dsam_pieces_by_cpu(st, 0, st->plan.cpu, DSAM_WHY_HEAD);
	m.lo = st->plan.cpu;
	own = n - m.lo - dsam_part_fair(&m);
	own += own / 8 + n / 64;
	m.safe = own < n - m.lo ? m.lo + own : n;
	if (st->plan.touch)
		dsam_pieces_touch(st, m.lo, m.safe);
	else
		dsam_pieces_probe(st->rq, m.lo, m.safe);
	m.idle = 0;
	m.begun = m.looked = m.device_end = dsam_ticks();
	feed(&m);
	m.is_late = true;
	work(&m);
	if (st->is_forked)
		return;
	took.device = m.device;
	took.cpu = n - m.device;
	took.cpu_ticks = m.cpu_ticks;
	took.device_ticks = dsam_ticks_between(m.begun, m.device_end);
	dsam_tuner_shared(lesson, &took);
}
