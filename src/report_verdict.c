// SPDX-License-Identifier: MIT
/*
 * Room: COLD, PURE.  The report's judgement: was the device worth it, where
 * did the time go, what to change.
 * May: text.h.  Must not: look at anything but the gathered report.
 */
#include "report.h"

#include <stdio.h>
#include <string.h>

#define ROOM 32

enum verdict {
	UNKNOWN, /* no device, no time, or a stand-in's */
	FASTER,
	ALIKE,
	SLOWER
};

/* The CPU's time is known as a range only; a tenth is no difference. */
static enum verdict judge(const struct dsam_report *r)
{
	if (!r->offload_ns || r->about.is_software)
		return UNKNOWN;
	if (r->offload_ns / 11 > r->cpu_most_ns / 10)
		return SLOWER;
	return r->offload_ns / 10 < r->cpu_ns / 11 ? FASTER : ALIKE;
}

/* Did what was learned keep a tenth of the bytes or more from the device? */
static bool has_learned(const struct dsam_report *r)
{
	uint64_t bytes = r->why_bytes[DSAM_WHY_SLOWER];

	return bytes && bytes >= r->bytes / 10;
}

static const char *times(char *out, size_t room, uint64_t a, uint64_t b)
{
	uint64_t tenths = 0;

	if (b)
		tenths = (uint64_t)(((unsigned __int128)a * 10 + b / 2) / b);
	if (!b)
		snprintf(out, room, "many times");
	else if (tenths < 100)
		snprintf(out, room, "%u.%u times", (unsigned)tenths / 10,
			 (unsigned)tenths % 10);
	else
		snprintf(out, room, "%llu times",
			 (unsigned long long)tenths / 10);
	return out;
}

void dsam_report_result_text(struct dsam_text *t, const struct dsam_report *r)
{
	char a[ROOM], b[ROOM];

	if (!r->about.queues) {
		dsam_text_add(t, "  result    there was no device; these are "
				 "the copies that one would get\n");
		return;
	}
	dsam_text_add(t, "  result    the %s moved %s of the bytes",
		      r->about.is_software ? "stand-in" : "device",
		      dsam_text_share(a, sizeof(a), r->device_bytes, r->bytes));
	switch (judge(r)) {
	case FASTER:
		dsam_text_add(t, ", %s faster than the CPU would have",
			      times(b, sizeof(b), r->cpu_ns, r->offload_ns));
		break;
	case ALIKE:
		dsam_text_add(t, ", %s",
			      r->cpu_was_measured
				      ? "faster than the CPU into fresh "
					"memory only"
				      : "about as fast as the CPU would have");
		break;
	case SLOWER:
		dsam_text_add(
			t, ", %s slower than the CPU%s",
			times(b, sizeof(b), r->offload_ns, r->cpu_most_ns),
			has_learned(r) ? ", so it got few" : " would have");
		break;
	case UNKNOWN:
		break;
	}
	dsam_text_add(t, "\n");
}

static uint64_t waited(const struct dsam_report *r)
{
	uint64_t wait = 0;

	for (int op = 0; op < DSAM_OPS; op++)
		wait += r->total.op[op].wait_ns;
	return wait;
}

static void time_spent(struct dsam_text *t, const struct dsam_report *r)
{
	char a[ROOM], b[ROOM], c[ROOM], d[ROOM];

	if (!r->offload_ns)
		return;
	dsam_text_add(
		t,
		"  Time      offloaded copies took %s in all threads "
		"together,\n            %s of it waiting for the device;\n",
		dsam_text_time(a, sizeof(a), r->offload_ns),
		dsam_text_time(b, sizeof(b), waited(r)));
	dsam_text_time(c, sizeof(c), r->cpu_ns);
	dsam_text_time(d, sizeof(d), r->cpu_most_ns);
	if (r->cpu_was_measured)
		dsam_text_add(t,
			      "            the CPU alone would have taken %s "
			      "(if into memory in use)\n"
			      "            to %s (if into fresh memory), "
			      "measured %s\n",
			      c, d,
			      r->life == DSAM_LIFE_EXITS ? "at exit"
							 : "just now");
	else
		dsam_text_add(t,
			      "            the CPU alone would have taken %s, "
			      "judging by the copies that it did\n",
			      c);
}

static void add_count(struct dsam_text *t, const char *words, uint64_t n)
{
	char a[ROOM];

	if (n)
		dsam_text_add(t, ";\n            %s: %s %s", words,
			      dsam_text_count(a, sizeof(a), n),
			      n == 1 ? "time" : "times");
}

static void device_work(struct dsam_text *t, const struct dsam_report *r)
{
	uint64_t desc = 0, faults = 0, retries = 0, touched = 0;
	char a[ROOM];

	for (int op = 0; op < DSAM_OPS; op++) {
		const struct dsam_op_stats *o = &r->total.op[op];

		desc += o->descriptors;
		faults += o->faults;
		retries += o->retries;
		touched += o->touched;
	}
	if (!desc)
		return;
	dsam_text_add(t, "  Device    got %s %s of work (descriptors)",
		      dsam_text_count(a, sizeof(a), desc),
		      desc == 1 ? "piece" : "pieces");
	add_count(t, "queue was full", retries);
	add_count(t, "page was not present", faults);
	add_count(t, "page made present beforehand (touch)", touched);
	dsam_text_add(t, "\n");
}

struct advice {
	struct dsam_text *t;
	bool has_any;
};

static void advise(struct advice *a, const char *words)
{
	dsam_text_add(a->t, "%s%s\n",
		      a->has_any ? "            " : "  Advice    ", words);
	a->has_any = true;
}

/* Reasons for which the CPU did a tenth of the bytes or more. */
static void advise_on_reasons(struct advice *a, const struct dsam_report *r)
{
	static const struct {
		enum dsam_why why;
		const char *words;
	} known[] = {
		{DSAM_WHY_FAULT, "pages were not present: try touch=always"},
		{DSAM_WHY_BUSY,
		 "queues were full: try more of them, or a higher min_bytes"},
		{DSAM_WHY_OVERLAP,
		 "moves within a buffer stay with the CPU; nothing to change"},
		{DSAM_WHY_ERROR,
		 "the device refused: see cmd_status and errors in sysfs"},
		{DSAM_WHY_TIMEOUT,
		 "the device did not answer: it may need a reset"},
		{DSAM_WHY_NO_QUEUE,
		 "queues went out of service: log=info tells why"},
		{DSAM_WHY_CROWD, "max_inflight was reached: try a higher one"},
		{DSAM_WHY_CALLER, "callers_allow, callers_deny or ops kept "
				  "them from the device"},
		{DSAM_WHY_FORKED,
		 "children of fork do their first copy themselves; nothing to "
		 "change"},
	};
	char s[ROOM], line[128];

	for (size_t i = 0; i < sizeof(known) / sizeof(*known); i++) {
		uint64_t bytes = r->why_bytes[known[i].why];

		if (!bytes || bytes < r->bytes / 10)
			continue;
		snprintf(line, sizeof(line), "%s of the bytes: %s",
			 dsam_text_share(s, sizeof(s), bytes, r->bytes),
			 known[i].words);
		advise(a, line);
	}
}

static void advise_on_slowness(struct advice *a, const struct dsam_report *r)
{
	char b[ROOM], line[160], name[21];

	/* The slow ones are those by which it was learned. */
	if (has_learned(r)) {
		snprintf(line, sizeof(line),
			 "none: it was learned that the CPU is faster at %s "
			 "of the bytes",
			 dsam_text_share(b, sizeof(b),
					 r->why_bytes[DSAM_WHY_SLOWER],
					 r->bytes));
		advise(a, line);
		return;
	}
	if (!strcmp(r->about.engine, "write(2)") &&
	    waited(r) < r->offload_ns / 2)
		advise(a, "most time went into system calls and page faults; "
			  "with CAP_SYS_RAWIO\n            a program submits "
			  "by one instruction instead: see dsamove doctor");
	if (r->pays_from > r->about.min_bytes) {
		snprintf(line, sizeof(line),
			 "copies of %s and more were not slower: try that as "
			 "min_bytes",
			 dsam_text_bytes(b, sizeof(b), r->pays_from));
		advise(a, line);
	} else if (!r->pays_from) {
		snprintf(name, sizeof(name), "%.20s", r->about.program);
		dsam_text_printable(name);
		snprintf(line, sizeof(line),
			 "the device was slower at every size: leave this "
			 "program out (programs=!%s)",
			 name);
		advise(a, line);
	}
}

static void advise_on_speed(struct advice *a, const struct dsam_report *r)
{
	switch (judge(r)) {
	case FASTER:
		if (!a->has_any)
			advise(a, "none: it pays as it is");
		break;
	case ALIKE:
		if (!r->about.is_split)
			advise(a, "try mode=split: the CPU copies a part "
				  "while it waits");
		break;
	case SLOWER:
		advise_on_slowness(a, r);
		break;
	case UNKNOWN:
		break;
	}
}

void dsam_report_verdict_text(struct dsam_text *t, const struct dsam_report *r)
{
	struct advice a = {t, false};

	dsam_text_add(t, "\n");
	time_spent(t, r);
	device_work(t, r);
	if (r->why_calls[DSAM_WHY_MISMATCH]) {
		advise(&a, "wrong bytes were found (and mended) by verify: do "
			   "not use this device");
		return;
	}
	advise_on_reasons(&a, r);
	advise_on_speed(&a, r);
	if (r->about.is_software)
		advise(&a, "device=software shows what would be offloaded; its "
			   "times say nothing of a DSA's");
	if (!r->about.queues)
		advise(&a, "dsamove doctor tells what is missing for a device");
}
