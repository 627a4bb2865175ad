// SPDX-License-Identifier: MIT
/*
 * Room: COLD, PURE.  The report as a person reads it; at most 100 columns.
 * May: text.h.  Must not: look at anything but the gathered report.
 */
#include "report.h"

#include <stdio.h>
#include <string.h>

#define ROOM 32
#define BAR 30
#define MOST_QUEUES 2

/* A path of which the end tells most, in at most 60 columns. */
static void add_path(struct dsam_text *t, const char *path)
{
	char shown[61];
	size_t n = strlen(path);
	bool is_long = n > 60;

	snprintf(shown, sizeof(shown), is_long ? "...%.57s" : "%.60s",
		 is_long ? path + n - 57 : path);
	dsam_text_printable(shown);
	dsam_text_add(t, "%s", shown);
}

static void settings(struct dsam_text *t, const struct dsam_report *r)
{
	char a[ROOM];

	dsam_text_add(t,
		      "  settings  copies of %s and more are offloaded "
		      "(min_bytes), ",
		      dsam_text_bytes(a, sizeof(a), r->about.min_bytes));
	if (r->about.is_split && r->about.split_cpu_percent == DSAM_CONF_AUTO)
		dsam_text_add(t, "shared with the CPU as is learned");
	else if (r->about.is_split)
		dsam_text_add(t, "but for %u %% (mode=split)",
			      r->about.split_cpu_percent);
	else
		dsam_text_add(t, "as a whole (mode=poll)");
	dsam_text_add(t, "\n            from the environment and ");
	if (r->about.conf_file[0])
		add_path(t, r->about.conf_file);
	else
		dsam_text_add(t, "defaults");
	dsam_text_add(t, "\n");
}

/* What the device is, and the way to it. */
static void device(struct dsam_text *t, const struct dsam_about *a)
{
	dsam_text_add(t, "  device    ");
	if (a->is_software)
		dsam_text_add(t, "a stand-in: the CPU (device=software)");
	else if (!strcmp(a->engine, "ENQCMD"))
		dsam_text_add(t, "Intel DSA, by one instruction a piece "
				 "(ENQCMD)");
	else if (!strcmp(a->engine, "write(2)"))
		dsam_text_add(t, "Intel DSA, by one system call a piece "
				 "(write)");
	else
		dsam_text_add(t, "%s", a->engine);
	if (a->found_by[0])
		dsam_text_add(t, ", found by %s", a->found_by);
	for (unsigned i = 0; i < a->queues && i < MOST_QUEUES; i++) {
		const struct dsam_about_queue *q = &a->queue[i];

		dsam_text_add(t, "%s%.16s", i ? ", " : "\n  queues    ",
			      q->name);
		if (q->size)
			dsam_text_add(t, " (%u entries)", q->size);
	}
	if (a->queues > MOST_QUEUES)
		dsam_text_add(t, " and %u more", a->queues - MOST_QUEUES);
	dsam_text_add(t, "\n");
}

/* The head: what happened, by what, under which settings. */
static void head(struct dsam_text *t, const struct dsam_report *r)
{
	static const char *const life[] = {"", ", still running",
					   ", ended without a report"};
	char a[ROOM], b[ROOM], name[21];

	snprintf(name, sizeof(name), "%.20s", r->about.program);
	dsam_text_printable(name);
	dsam_text_add(t, "dsamove: %s (pid %d%s): %s %s, %s\n", name,
		      r->about.pid, life[r->life],
		      dsam_text_count(a, sizeof(a), r->calls),
		      r->calls == 1 ? "big copy" : "big copies",
		      dsam_text_bytes(b, sizeof(b), r->bytes));
	dsam_report_result_text(t, r);
	device(t, &r->about);
	settings(t, r);
}

static void op_line(struct dsam_text *t, const char *who, const char *op,
		    const struct dsam_op_stats *o)
{
	uint64_t calls = 0, bytes = 0;
	char n[ROOM], b[ROOM], dev[ROOM], cpu[ROOM], size[ROOM], time[ROOM];

	for (int route = 0; route < DSAM_ROUTES; route++) {
		calls += o->calls[route];
		bytes += o->bytes[route];
	}
	if (!calls)
		return;
	dsam_text_time(time, sizeof(time), dsam_report_median(o->latency));
	dsam_text_add(t, "  %-24.24s %-8s %11s %10s %9s %7s %11s %11s\n", who,
		      op, dsam_text_count(n, sizeof(n), calls),
		      dsam_text_bytes(b, sizeof(b), bytes),
		      dsam_text_share(dev, sizeof(dev), o->device_bytes, bytes),
		      dsam_text_share(cpu, sizeof(cpu),
				      bytes > o->device_bytes
					      ? bytes - o->device_bytes
					      : 0,
				      bytes),
		      dsam_text_bytes(size, sizeof(size),
				      dsam_report_median(o->size)),
		      o->device_bytes ? time : "-");
}

/* A line for each op; who stands in the first only. */
static void op_lines(struct dsam_text *t, const char *who,
		     const struct dsam_thread_stats *s)
{
	for (int op = 0; op < DSAM_OPS; op++) {
		size_t before = t->used;

		op_line(t, who, dsam_op_name((enum dsam_op)op), &s->op[op]);
		if (t->used != before)
			who = "";
	}
}

static void threads(struct dsam_text *t, const struct dsam_report *r)
{
	char who[64];

	dsam_text_add(t, "\n  %-24s %-8s %11s %10s %9s %7s %11s %11s\n",
		      "THREAD", "FUNCTION", "COPIES", "BYTES", "BY DEVICE",
		      "BY CPU", "MEDIAN SIZE", "MEDIAN TIME");
	for (unsigned i = 0; i < r->rows; i++) {
		const struct dsam_report_row *row = &r->row[i];

		if (row->tid)
			snprintf(who, sizeof(who), "%d %s%s", row->tid,
				 row->name, row->has_ended ? " (ended)" : "");
		else
			snprintf(who, sizeof(who), "%u more", r->unlisted);
		op_lines(t, who, row->stats);
	}
	if (r->rows > 1)
		op_lines(t, "all threads", &r->total);
}

/* Only in a report from the live file. */
static void unseen(struct dsam_text *t, const struct dsam_report *r)
{
	if (r->unseen)
		dsam_text_add(t,
			      "\n  Not seen  what %u %s did: the file system "
			      "of its live statistics was full\n",
			      r->unseen, r->unseen == 1 ? "thread" : "threads");
}

/* A few bytes are no news where they are in the order of things. */
static bool is_told(const struct dsam_report *r, enum dsam_why why)
{
	bool is_usual = why == DSAM_WHY_HEAD || why == DSAM_WHY_FAULT ||
			why == DSAM_WHY_SPLIT || why == DSAM_WHY_FORKED ||
			why == DSAM_WHY_LEAVING;

	return r->why_calls[why] &&
	       (!is_usual || r->why_bytes[why] >= r->bytes / 1000);
}

static void reasons(struct dsam_text *t, const struct dsam_report *r)
{
	char b[ROOM], s[ROOM], n[ROOM];
	bool any = false;

	for (int w = DSAM_WHY_NONE + 1; w < DSAM_WHYS; w++) {
		if (!is_told(r, (enum dsam_why)w))
			continue;
		if (!any)
			dsam_text_add(t, "\n  Why the CPU moved the rest\n");
		any = true;
		dsam_text_add(t, "  %12s %8s of the bytes, in %s %s: %s\n",
			      dsam_text_bytes(b, sizeof(b), r->why_bytes[w]),
			      dsam_text_share(s, sizeof(s), r->why_bytes[w],
					      r->bytes),
			      dsam_text_count(n, sizeof(n), r->why_calls[w]),
			      r->why_calls[w] == 1 ? "copy" : "copies",
			      dsam_why_words((enum dsam_why)w));
	}
}

/* Calls by size, a line for each power of two that occurred. */
static void sizes(struct dsam_text *t, const struct dsam_report *r)
{
	uint64_t by[DSAM_BINS] = {0}, most = 0;
	char from[ROOM], n[ROOM];
	char bar[BAR + 1];

	for (int op = 0; op < DSAM_OPS; op++)
		for (unsigned b = 0; b < DSAM_BUCKETS; b++)
			by[b / 4] += r->total.op[op].size[b];
	for (unsigned b = 0; b < DSAM_BINS; b++)
		most = by[b] > most ? by[b] : most;
	if (!most)
		return;
	dsam_text_add(t, "\n  Copies by size\n");
	for (unsigned b = 0; b < DSAM_BINS; b++) {
		size_t len = (size_t)(by[b] * BAR / most);

		if (!by[b])
			continue;
		memset(bar, '#', len ? len : 1);
		bar[len ? len : 1] = 0;
		dsam_text_add(t, "  from %9s %-30s %s\n",
			      dsam_text_bytes(from, sizeof(from), 1ULL << b),
			      bar, dsam_text_count(n, sizeof(n), by[b]));
	}
}

static void small_calls(struct dsam_text *t, const struct dsam_report *r)
{
	char n[ROOM], b[ROOM];

	if (!r->about.counts_small)
		return;
	dsam_text_add(t, "\n  Calls below the cutoff (all by libc)\n");
	for (int op = 0; op < DSAM_OPS; op++) {
		const struct dsam_op_stats *o = &r->total.op[op];

		if (o->small_calls)
			dsam_text_add(
				t, "  %-8s %15s calls %12s, %llu bytes each\n",
				dsam_op_name((enum dsam_op)op),
				dsam_text_count(n, sizeof(n), o->small_calls),
				dsam_text_bytes(b, sizeof(b), o->small_bytes),
				(unsigned long long)(o->small_bytes /
						     o->small_calls));
	}
}

void dsam_report_text(struct dsam_text *t, const struct dsam_report *r)
{
	head(t, r);
	threads(t, r);
	unseen(t, r);
	reasons(t, r);
	sizes(t, r);
	small_calls(t, r);
	dsam_report_verdict_text(t, r);
	dsam_report_callers_text(t, r);
}
