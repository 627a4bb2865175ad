/* SPDX-License-Identifier: MIT */
/* The report: gathered once, at death, then rendered as text or JSON. */
#ifndef DSAM_REPORT_H
#define DSAM_REPORT_H

#include "live.h"
#include "profile.h"
#include "slot.h"
#include "text.h"

#define DSAM_MAX_ROWS 64

struct dsam_report_row {
	int tid; /* 0: several threads */
	bool has_ended;
	char name[16];
	const struct dsam_thread_stats *stats;
};

#define DSAM_MAX_CALLERS 512

/* A function that copies, or a place where no function has a name. */
struct dsam_report_caller {
	const struct dsam_module *module; /* NULL: code of no file */
	uint64_t offset; /* where its call returns to, from module's start */
	char function[256]; /* as the symbol table has it, or empty */
	bool is_dynamic; /* by .dynsym */
	uint64_t function_at, calls, bytes, device_bytes;
	uint64_t timed_calls, cpu_bytes, cpu_ns, with_bytes, with_ns;
	uint64_t size[DSAM_BINS];
	int64_t gain_ns; /* estimate; negative: a loss */
};

/* What is known of the process's end. */
enum dsam_report_life {
	DSAM_LIFE_EXITS, /* it is this one */
	DSAM_LIFE_RUNNING,
	DSAM_LIFE_LOST /* killed, left by _exit or went on by exec */
};

struct dsam_report {
	struct dsam_about about;
	enum dsam_report_life life;
	uint64_t lived_ns; /* 0: not known */
	unsigned unseen; /* threads that the live file had no room for */
	struct dsam_report_row row[DSAM_MAX_ROWS];
	unsigned rows;
	unsigned unlisted; /* threads in the last row, which has no tid */
	struct dsam_thread_stats total, rest;
	uint64_t outside_calls[DSAM_OPS][DSAM_WHYS];
	uint64_t outside_bytes[DSAM_OPS][DSAM_WHYS];
	/* Over all ops and threads. */
	uint64_t calls, bytes, device_bytes;
	uint64_t why_calls[DSAM_WHYS], why_bytes[DSAM_WHYS];
	uint64_t offload_ns; /* that requests with the device took */
	/*
	 * That the CPU would have taken for them, at least and at most: from
	 * the program's own copies of that size (both alike), or measured at
	 * exit on warm and on fresh pages.
	 */
	uint64_t cpu_ns, cpu_most_ns;
	bool cpu_was_measured;
	/*
	 * From this size on the device was not slower than the CPU at most;
	 * 0: at no size that occurred.
	 */
	uint64_t pays_from;
	/* stats=callers; the most bytes first. */
	struct dsam_report_caller caller[DSAM_MAX_CALLERS];
	unsigned callers;
	uint64_t profiled_calls, profiled_bytes;
	uint64_t other_calls, other_bytes; /* of callers that had no room */
};

/*
 * Gather, render and write the report, as conf says.  Death only.  Prints
 * nothing for a process without a copy at or above the cutoff.
 */
void dsam_report(const struct dsam_conf *conf);

/* Gather into *r (zeroed by the callee).  For the report and unit tests. */
void dsam_report_gather(struct dsam_report *r, const struct dsam_conf *conf);

/*
 * The same from a copy of another process's live file, which need not be
 * right in any byte.  Rows point into *l.  Without the gain, for which one
 * has to measure this machine.
 */
void dsam_report_from_live(struct dsam_report *r, const struct dsam_live *l,
			   enum dsam_report_life life);

/* Has a thread made copies at or above the cutoff (or, with_small, any)? */
bool dsam_report_has_calls(const struct dsam_thread_stats *s, bool with_small);
bool dsam_report_has_common(const struct dsam_common_stats *c);

/* Fill in offload_ns, cpu_ns, cpu_most_ns of a report with its totals. */
void dsam_report_gain(struct dsam_report *r);

/* What the CPU takes, measured: picoseconds a byte on warm and fresh pages. */
void dsam_report_speed(uint64_t *least, uint64_t *most);

/* stats=callers: its rows, with names and what offload would gain. */
void dsam_report_callers(struct dsam_report *r);

/* Name the functions of the rows, by the files' symbol tables. */
void dsam_report_names(struct dsam_report *r);

/* The rule that admits row i, or false: nobody gains by it. */
bool dsam_report_rule(const struct dsam_report *r, unsigned i, char *out,
		      size_t room);
void dsam_report_callers_text(struct dsam_text *t, const struct dsam_report *r);
void dsam_report_callers_json(struct dsam_text *t, const struct dsam_report *r);

/* Render.  At most 100 columns.  The first two are parts of the third. */
void dsam_report_result_text(struct dsam_text *t, const struct dsam_report *r);
void dsam_report_verdict_text(struct dsam_text *t, const struct dsam_report *r);
void dsam_report_text(struct dsam_text *t, const struct dsam_report *r);
void dsam_report_json(struct dsam_text *t, const struct dsam_report *r);

/* A reason in words / as a JSON key; an op's name. */
const char *dsam_why_words(enum dsam_why why);
const char *dsam_why_key(enum dsam_why why);
const char *dsam_op_name(enum dsam_op op);

/* Median of a histogram of dsam_stats_bucket: a value of its bucket. */
uint64_t dsam_report_median(const uint64_t *bucket);

#endif
