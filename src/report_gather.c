// SPDX-License-Identifier: MIT
/*
 * Room: COLD (death, the command).  Adds up what threads counted, in this
 * process or in the live file of another.
 * May: read counters that others still write.  Must not: allocate, print,
 * trust a file.
 */
#include "report.h"

#include "clock.h"

#include <stdio.h>
#include <string.h>

bool dsam_report_has_calls(const struct dsam_thread_stats *s, bool with_small)
{
	for (int op = 0; op < DSAM_OPS; op++) {
		const struct dsam_op_stats *o = &s->op[op];

		if (with_small && o->small_calls)
			return true;
		for (int r = 0; r < DSAM_ROUTES; r++)
			if (o->calls[r])
				return true;
	}
	return false;
}

bool dsam_report_has_common(const struct dsam_common_stats *c)
{
	for (int op = 0; op < DSAM_OPS; op++)
		for (int w = 0; w < DSAM_WHYS; w++)
			if (atomic_load(&c->outside_calls[op][w]))
				return true;
	return dsam_report_has_calls(&c->rest, false);
}

static void add_row(struct dsam_report *r, const struct dsam_thread_stats *s,
		    uint8_t state, int tid, const char name[16])
{
	struct dsam_report_row *row = &r->row[r->rows];

	if ((state != DSAM_SLOT_LIVE && state != DSAM_SLOT_RETIRED) ||
	    !dsam_report_has_calls(s, true))
		return;
	dsam_stats_sum(&r->total, s);
	/* The last row is for all who have none of their own. */
	if (r->rows == DSAM_MAX_ROWS - 1) {
		dsam_stats_sum(&r->rest, s);
		r->unlisted++;
		return;
	}
	r->rows++;
	row->tid = tid;
	row->has_ended = state == DSAM_SLOT_RETIRED;
	row->stats = s;
	snprintf(row->name, sizeof(row->name), "%.15s", name);
	dsam_text_printable(row->name);
}

static void add_common(struct dsam_report *r, const struct dsam_common_stats *c)
{
	dsam_stats_sum(&r->total, &c->rest);
	dsam_stats_sum(&r->rest, &c->rest);
	r->unlisted += (unsigned)atomic_load(&c->folded);
	for (int op = 0; op < DSAM_OPS; op++)
		for (int w = 0; w < DSAM_WHYS; w++) {
			r->outside_calls[op][w] +=
				atomic_load(&c->outside_calls[op][w]);
			r->outside_bytes[op][w] +=
				atomic_load(&c->outside_bytes[op][w]);
		}
}

/* After the last row: the totals over all ops. */
static void add_up(struct dsam_report *r)
{
	if (r->unlisted)
		r->row[r->rows++].stats = &r->rest;
	for (int op = 0; op < DSAM_OPS; op++) {
		const struct dsam_op_stats *o = &r->total.op[op];

		for (int route = 0; route < DSAM_ROUTES; route++) {
			r->calls += o->calls[route];
			r->bytes += o->bytes[route];
		}
		r->device_bytes += o->device_bytes;
		for (int w = 0; w < DSAM_WHYS; w++) {
			uint64_t calls = r->outside_calls[op][w];
			uint64_t bytes = r->outside_bytes[op][w];

			r->calls += calls;
			r->bytes += bytes;
			r->why_calls[w] += calls + o->why_calls[w];
			r->why_bytes[w] += bytes + o->why_bytes[w];
		}
	}
}

void dsam_report_gather(struct dsam_report *r, const struct dsam_conf *conf)
{
	memset(r, 0, sizeof(*r));
	dsam_about_take(&r->about, conf);
	r->lived_ns = dsam_clock_monotonic() - r->about.start_ns;
	for (unsigned i = 0; i < DSAM_SLOTS; i++) {
		const struct dsam_slot *s = &dsam_arena->slot[i];

		add_row(r, dsam_slot_stats(s),
			atomic_load(&dsam_arena->state[i]), s->tid, s->name);
	}
	add_common(r, &dsam_arena->common);
	if (dsam_arena->away)
		add_common(r, dsam_slot_common());
	add_up(r);
	dsam_report_gain(r);
	if (dsam_profile)
		dsam_report_callers(r);
}

/* Text that ends, and numbers that index. */
static void distrust(struct dsam_about *a)
{
	a->program[sizeof(a->program) - 1] = 0;
	a->engine[sizeof(a->engine) - 1] = 0;
	a->found_by[sizeof(a->found_by) - 1] = 0;
	a->conf_file[sizeof(a->conf_file) - 1] = 0;
	if (a->queues > DSAM_MAX_QUEUES)
		a->queues = DSAM_MAX_QUEUES;
	for (unsigned i = 0; i < a->queues; i++) {
		struct dsam_about_queue *q = &a->queue[i];

		q->name[sizeof(q->name) - 1] = 0;
		q->submission[sizeof(q->submission) - 1] = 0;
		/* What they were at birth says nothing of now. */
		q->state = DSAM_ABOUT_UNKNOWN;
	}
}

void dsam_report_from_live(struct dsam_report *r, const struct dsam_live *l,
			   enum dsam_report_life life)
{
	memset(r, 0, sizeof(*r));
	memcpy(&r->about, &l->head.about, sizeof(r->about));
	distrust(&r->about);
	r->life = life;
	r->unseen = atomic_load(&l->head.unseen);
	if (life == DSAM_LIFE_RUNNING)
		r->lived_ns = dsam_clock_monotonic() - r->about.start_ns;
	for (unsigned i = 0; i < DSAM_SLOTS; i++)
		add_row(r, &l->row[i].stats, atomic_load(&l->head.state[i]),
			l->row[i].tid, l->row[i].name);
	add_common(r, &l->head.common);
	add_up(r);
}
