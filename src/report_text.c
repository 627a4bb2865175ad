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

	dsam_text_add(t, "  settings  copies from %s (min_bytes), mode %s",
		      dsam_text_bytes(a, sizeof(a), r->about.min_bytes),
		      r->about.is_split ? "split" : "poll");
	if (r->about.is_split)
		dsam_text_add(t, " with %u %% to the CPU",
			      r->about.split_cpu_percent);
	dsam_text_add(t, "\n            from the environment and ");
	if (r->about.conf_file[0])
		add_path(t, r->about.conf_file);
	else
		dsam_text_add(t, "defaults");
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
	dsam_text_add(t, "  result    the device moved %s of the bytes\n",
		      dsam_text_share(a, sizeof(a), r->device_bytes, r->bytes));
	dsam_text_add(t, "  device    %s", r->about.engine);
	if (r->about.found_by[0])
		dsam_text_add(t, ", found by %s", r->about.found_by);
	for (unsigned i = 0; i < r->about.queues && i < MOST_QUEUES; i++) {
		const struct dsam_about_queue *q = &r->about.queue[i];

		dsam_text_add(t, "%s%.16s", i ? ", " : "\n  queues    ",
			      q->name);
		if (q->size)
			dsam_text_add(t, " (%u entries)", q->size);
	}
	if (r->about.queues > MOST_QUEUES)
		dsam_text_add(t, " and %u more", r->about.queues - MOST_QUEUES);
	dsam_text_add(t, "\n");
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
	dsam_text_add(t, "  %-24.24s %-8s %11s %10s %9s %9s %10s %10s\n", who,
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

	dsam_text_add(t, "\n  %-24s %-8s %11s %10s %9s %9s %10s %10s\n",
		      "THREAD", "FUNCTION", "CALLS", "BYTES", "BY DEVICE",
		      "BY CPU", "USUAL SIZE", "USUAL TIME");
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

static void reasons(struct dsam_text *t, const struct dsam_report *r)
{
	char b[ROOM], s[ROOM], n[ROOM];
	bool any = false;

	for (int w = DSAM_WHY_NONE + 1; w < DSAM_WHYS; w++) {
		if (!r->why_calls[w])
			continue;
		if (!any)
			dsam_text_add(t, "\n  What the CPU did of them, and "
					 "why\n");
		any = true;
		dsam_text_add(t, "  %12s %8s of the bytes, in %s %s: %s\n",
			      dsam_text_bytes(b, sizeof(b), r->why_bytes[w]),
			      dsam_text_share(s, sizeof(s), r->why_bytes[w],
					      r->bytes),
			      dsam_text_count(n, sizeof(n), r->why_calls[w]),
			      r->why_calls[w] == 1 ? "call" : "calls",
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
	dsam_text_add(t, "\n  Calls by size\n");
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

static void gain(struct dsam_text *t, const struct dsam_report *r)
{
	char a[ROOM], b[ROOM], c[ROOM], d[ROOM];
	uint64_t wait = 0;

	if (!r->offload_ns)
		return;
	for (int op = 0; op < DSAM_OPS; op++)
		wait += r->total.op[op].wait_ns;
	dsam_text_add(t,
		      "\n  Time      offloaded calls took %s, %s of it waiting "
		      "for the device;\n            the CPU alone would have "
		      "taken about ",
		      dsam_text_time(a, sizeof(a), r->offload_ns),
		      dsam_text_time(b, sizeof(b), wait));
	dsam_text_time(c, sizeof(c), r->cpu_ns);
	dsam_text_time(d, sizeof(d), r->cpu_most_ns);
	if (r->cpu_was_measured)
		dsam_text_add(
			t,
			"%s (pages present)\n            to %s (fresh pages), "
			"measured at exit\n",
			c, d);
	else
		dsam_text_add(t,
			      "%s,\n            as its other copies of that "
			      "size did\n",
			      c);
}

static void device_line(struct dsam_text *t, const struct dsam_report *r)
{
	uint64_t desc = 0, faults = 0, resumes = 0, retries = 0, touched = 0;
	char a[ROOM], b[ROOM], c[ROOM], d[ROOM];

	for (int op = 0; op < DSAM_OPS; op++) {
		const struct dsam_op_stats *o = &r->total.op[op];

		desc += o->descriptors;
		faults += o->faults;
		resumes += o->resumes;
		retries += o->retries;
		touched += o->touched;
	}
	if (!desc)
		return;
	dsam_text_add(t,
		      "  Device    %s descriptors, %s submission retries;\n"
		      "            %s page faults (%s resumed)",
		      dsam_text_count(a, sizeof(a), desc),
		      dsam_text_count(b, sizeof(b), retries),
		      dsam_text_count(c, sizeof(c), faults),
		      dsam_text_count(d, sizeof(d), resumes));
	if (touched)
		dsam_text_add(t, ", %s pages made present first",
			      dsam_text_count(a, sizeof(a), touched));
	dsam_text_add(t, "\n");
}

/* The reason that cost most, with the setting that helps. */
static void advice(struct dsam_text *t, const struct dsam_report *r)
{
	static const struct {
		enum dsam_why why;
		const char *words;
	} known[] = {
		{DSAM_WHY_FAULT, "pages were not present; try touch=always"},
		{DSAM_WHY_BUSY,
		 "queues were full; try more of them, or a higher min_bytes"},
		{DSAM_WHY_OVERLAP,
		 "overlapping moves; the device gains nothing there"},
		{DSAM_WHY_ERROR,
		 "the device refused; see cmd_status and errors of the "
		 "device in sysfs"},
		{DSAM_WHY_TIMEOUT,
		 "the device did not answer; it may need a reset"},
		{DSAM_WHY_NO_QUEUE,
		 "queues were out of service; see the messages (log=info)"},
		{DSAM_WHY_CROWD, "max_inflight was reached; try a higher one"},
		{DSAM_WHY_MISMATCH,
		 "wrong bytes were found: do not use this device"},
		{DSAM_WHY_NO_DEVICE,
		 "no device was there: this is a profile only"},
	};
	char s[ROOM];

	for (size_t i = 0; i < sizeof(known) / sizeof(*known); i++) {
		uint64_t bytes = r->why_bytes[known[i].why];

		if (bytes * 10 < r->bytes &&
		    !(bytes && known[i].why == DSAM_WHY_MISMATCH))
			continue;
		dsam_text_add(t, "  Advice    %s of the bytes: %s\n",
			      dsam_text_share(s, sizeof(s), bytes, r->bytes),
			      known[i].words);
		return;
	}
	if (r->about.is_software)
		dsam_text_add(t, "  Advice    device=software is a CPU in the "
				 "place of a DSA: see what is offloaded, not "
				 "the time\n");
	else if (r->offload_ns && r->cpu_most_ns * 11 < r->offload_ns * 10)
		dsam_text_add(t,
			      "  Advice    the device slowed these calls down; "
			      "try a higher min_bytes, or mode=split\n");
}

void dsam_report_text(struct dsam_text *t, const struct dsam_report *r)
{
	head(t, r);
	threads(t, r);
	unseen(t, r);
	reasons(t, r);
	sizes(t, r);
	small_calls(t, r);
	gain(t, r);
	device_line(t, r);
	advice(t, r);
	dsam_report_callers_text(t, r);
}
