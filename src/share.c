// SPDX-License-Identifier: MIT
/*
 * Room: HOT.  One request, both ends: the CPU from the front, the device from
 * the back, until they meet.
 * May: its slot, libc's memory functions.  Must not: allocate, lock, log,
 * return with a piece in flight.
 */
#include "share.h"

#include "clock.h"
#include "offload.h"

#include <immintrin.h>

/* The CPU looks at the device after an eighth of what is left to give. */
#define CPU_PART 8
#define CPU_LEAST (4 * 1024UL)
#define CPU_MOST (64 * 1024UL)
/* A descriptor that brings another queue in carries so much. */
#define PART_LEAST (16 * 1024UL)
/* Above this a part is given in two: the second when more is known. */
#define PART_WHOLE (128 * 1024UL)
#define PART_ALONE 2048UL
/* The way there counts for much from this part of the CPU's time on. */
#define FAR 16
/* In flight on one queue: the next begins when the first ends. */
#define PER_QUEUE 2
/* After so many refusals a queue is left alone by this request. */
#define REFUSALS 3

struct meeting {
	struct dsam_story *st;
	size_t lo, hi; /* not given to anyone yet */
	size_t safe; /* up to here the CPU knows the pages */
	size_t in_flight; /* bytes */
	size_t far; /* bytes that both do in the time of the way there */
	bool is_late; /* the first pieces are given */
	bool is_far; /* all is given at once: no time for second thoughts */
	size_t device; /* bytes that the device did */
	uint64_t begun, looked, device_end, idle, cpu_ticks;
	unsigned open;
	bool was_full; /* a queue that may be tried again */
	bool is_refused; /* some queue was full */
	enum dsam_why stop; /* not NONE: nothing more for the device */
	uint8_t count[DSAM_MAX_QUEUES]; /* in flight on each */
	uint8_t refused[DSAM_MAX_QUEUES];
	uint64_t weight[DSAM_MAX_QUEUES]; /* its part of DSAM_WHOLE */
	uint64_t last[DSAM_MAX_QUEUES]; /* when it last answered */
};

/* Parts by speed; a queue that nobody knows counts as the best. */
static void weigh_queues(struct meeting *m)
{
	const struct dsam_tuner *t = &m->st->sub.slot->tuner;
	uint64_t best = UINT64_MAX, sum = 0;
	unsigned count = dsam_queues.count;

	m->open = 0;
	for (unsigned q = 0; q < count; q++) {
		m->count[q] = m->refused[q] = 0;
		m->last[q] = 0;
		m->weight[q] = 0;
		if (!dsam_queue_is_open(&dsam_queues.q[q]))
			continue;
		m->open++;
		if (t->queue[q] && t->queue[q] < best)
			best = t->queue[q];
	}
	if (best == UINT64_MAX)
		best = 1;
	for (unsigned q = 0; q < count; q++) {
		if (!dsam_queue_is_open(&dsam_queues.q[q]))
			continue;
		m->weight[q] = DSAM_WHOLE;
		if (t->queue[q])
			m->weight[q] = DSAM_WHOLE * best / t->queue[q] + 1;
		sum += m->weight[q];
	}
	for (unsigned q = 0; count > 1 && q < count; q++)
		if (sum)
			m->weight[q] = m->weight[q] * DSAM_WHOLE / sum;
}

/*
 * What the device should still get, so that both end at once: of all that is
 * left its share, less what it has in flight.
 */
static size_t fair(const struct meeting *m)
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
static size_t part(const struct meeting *m, size_t all, unsigned q)
{
	size_t own = all / 256 * m->weight[q] / 256;

	if (m->count[q] >= PER_QUEUE || m->refused[q] >= REFUSALS)
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

/* Where a piece of so many bytes before hi begins: at a line, or a page. */
static size_t cut(const struct meeting *m, size_t bytes)
{
	uintptr_t dst = (uintptr_t)m->st->rq->dst;
	uintptr_t unit = bytes >= PART_WHOLE / 2 ? DSAM_PAGE : DSAM_LINE;
	uintptr_t at;

	if (bytes >= m->hi - m->lo)
		return m->lo;
	at = (dst + m->hi - bytes) & -unit;
	return at > dst + m->lo ? at - dst : m->lo;
}

static bool launch(struct meeting *m, unsigned q, size_t bytes)
{
	struct dsam_story *st = m->st;
	struct dsam_queue *queue = &dsam_queues.q[q];
	unsigned i = (unsigned)__builtin_ctz(~st->live);
	size_t from;
	enum dsam_why why;

	if (bytes > queue->max_transfer - DSAM_PAGE &&
	    queue->max_transfer > 2 * DSAM_PAGE)
		bytes = queue->max_transfer - DSAM_PAGE;
	else if (bytes > queue->max_transfer)
		bytes = queue->max_transfer;
	from = cut(m, bytes);
	if (m->hi - from > queue->max_transfer)
		from = m->hi - queue->max_transfer;
	st->sub.only = queue;
	why = dsam_pieces_launch(st, i, from, m->hi, false);
	st->sub.only = NULL;
	if (why == DSAM_WHY_NONE) {
		m->in_flight += m->hi - from;
		m->hi = from;
		m->count[q]++;
		return true;
	}
	if (why != DSAM_WHY_BUSY && why != DSAM_WHY_NO_QUEUE)
		m->stop = why;
	m->refused[q]++;
	m->was_full = m->refused[q] < REFUSALS;
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
		while ((bytes = part(m, fair(m), q)) && launch(m, q, bytes))
			if (is_full(m->st))
				return;
	}
}
/* Piece i ended at about now. */
static void settle(struct meeting *m, unsigned i, uint64_t now)
{
	struct dsam_story *st = m->st;
	const struct dsam_piece *p = &st->piece[i];
	size_t had = st->account.device_bytes;
	unsigned q = (unsigned)(p->queue - dsam_queues.q);
	bool is_next = p->sent < m->last[q];
	uint64_t since = is_next ? m->last[q] : p->sent;
	uint32_t len = p->len;
	enum dsam_why why = dsam_pieces_settle(st, i);

	m->in_flight -= len;
	m->count[q]--;
	m->device += st->account.device_bytes - had;
	m->last[q] = m->device_end = now;
	if (DSAM_LIKELY(why == DSAM_WHY_NONE)) {
		dsam_tuner_queue(&st->sub.slot->tuner, q, len,
				 dsam_ticks_between(since, now), is_next);
		return;
	}
	if (st->is_forked)
		m->stop = DSAM_WHY_FORKED;
	else if (why != DSAM_WHY_FAULT)
		m->stop = why;
}

/*
 * Take the answers that are there.  True if there were some: they came at some
 * time since the last look.
 */
static bool look(struct meeting *m)
{
	struct dsam_story *st = m->st;
	uint64_t now = dsam_ticks();
	uint64_t middle = now - dsam_ticks_between(m->looked, now) / 2;
	bool any = false;

	m->looked = now;
	for (uint32_t left = st->live; left; left &= left - 1) {
		unsigned i = (unsigned)__builtin_ctz(left);

		/* Settling one may have settled others' bytes, never them. */
		if (!dsam_submit_is_answered(&st->sub, &st->piece[i]))
			continue;
		settle(m, i, middle);
		any = true;
	}
	return any;
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
	settle(m, oldest, m->looked);
}

/* The CPU's next piece, of pages that are known to be there. */
static void copy_some(struct meeting *m)
{
	size_t end = m->hi < m->safe ? m->hi : m->safe;
	size_t step = (m->hi - m->lo) / CPU_PART;

	step = step < CPU_LEAST ? CPU_LEAST : step;
	step = step > CPU_MOST ? CPU_MOST : step;
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

/* How far away the device is, as far as known. */
static void look_far(struct meeting *m, const struct dsam_lesson *l)
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
	weigh_queues(&m);
	look_far(&m, lesson);
	/* Up to a line where writes go to memory: nothing is in flight. */
	dsam_pieces_by_cpu(st, 0, st->plan.cpu, DSAM_WHY_HEAD);
	m.lo = st->plan.cpu;
	if (st->plan.touch) {
		dsam_pieces_touch(st, m.lo, n);
		m.safe = n;
	} else {
		own = n - m.lo - fair(&m);
		own += own / 8 + n / 64;
		m.safe = own < n - m.lo ? m.lo + own : n;
		dsam_pieces_probe(st->rq, m.lo, m.safe);
	}
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
