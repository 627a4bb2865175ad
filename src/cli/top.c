// SPDX-License-Identifier: MIT
/*
 * Room: COLD (the command).  dsamove top: what the programs under the preload
 * copy now, refreshed each second.
 * May: print, clear a terminal.  Must not: touch the processes.
 */
#include "cli.h"

#include "clock.h"
#include "sample.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define ROOM 32
#define BAR 20U
/* Ended processes that are listed by name. */
#define MOST_ENDED 8U

struct top_options {
	int pid;
	bool is_json, is_once, clean_all;
	double seconds;
};

static const struct argp_option options[] = {
	{"clean", 'c', NULL, 0,
	 "forget programs that ended without a report now, not after a day", 0},
	{"interval", 'i', "SECONDS", 0, "between two looks (1)", 0},
	{"json", 'j', NULL, 0, "print one JSON object a line", 0},
	{"once", '1', NULL, 0, "end after the first interval", 0},
	{0}};

static error_t take_option(int key, char *arg, struct argp_state *state)
{
	struct top_options *o = state->input;
	char *end = NULL;

	switch (key) {
	case 'c':
		o->clean_all = true;
		return 0;
	case 'i':
		o->seconds = strtod(arg, &end);
		if (end == arg || *end || !(o->seconds >= 0.1) ||
		    o->seconds > 3600)
			argp_error(state, "%s: expected 0.1 to 3600 seconds",
				   arg);
		return 0;
	case 'j':
		o->is_json = true;
		return 0;
	case '1':
		o->is_once = true;
		return 0;
	case ARGP_KEY_ARG:
		if (o->pid)
			argp_error(state, "one PID is enough");
		o->pid = (int)strtol(arg, &end, 10);
		if (end == arg || *end || o->pid <= 0)
			argp_error(state, "%s: expected a process id", arg);
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static const struct argp argp = {
	options,
	take_option,
	"[PID]",
	"Show what the programs under the preload copy now: how much, by whom, "
	"and why the CPU did what the device did not; with PID (or where there "
	"is one program) by thread.  Programs that ended without a report are "
	"listed, for dsamove report, until a day later.\vExit status: 0; 1 "
	"PID has no live statistics (any more); 2 bad command line.",
	NULL,
	NULL,
	NULL};

/* A counter's growth as so much a second. */
static uint64_t rate(const struct cli_sample *s, uint64_t n)
{
	return s->span_ns ? (uint64_t)((double)n * 1e9 / (double)s->span_ns)
			  : 0;
}

static enum dsam_why most_of(const struct cli_flow *f)
{
	enum dsam_why most = DSAM_WHY_NONE;

	for (int w = DSAM_WHY_NONE + 1; w < DSAM_WHYS; w++)
		if (f->why_bytes[w] > f->why_bytes[most])
			most = (enum dsam_why)w;
	return most;
}

static void print_flow(const struct cli_sample *s, const char *who,
		       const struct cli_flow *f)
{
	char n[ROOM], b[ROOM], d[ROOM], c[ROOM];
	uint64_t cpu =
		f->bytes > f->device_bytes ? f->bytes - f->device_bytes : 0;
	/* The few bytes up to a destination's first line are no news. */
	bool is_told = cpu && cpu >= f->bytes / 100;

	printf("%-26.26s %10s %9s/s %9s %9s%s%.30s\n", who,
	       dsam_text_count(n, sizeof(n), rate(s, f->calls)),
	       dsam_text_bytes(b, sizeof(b), rate(s, f->bytes)),
	       dsam_text_share(d, sizeof(d), f->device_bytes, f->bytes),
	       dsam_text_share(c, sizeof(c), cpu, f->bytes),
	       is_told ? "  " : "", is_told ? dsam_why_words(most_of(f)) : "");
}

static void print_header(const char *who)
{
	cli_print(CLI_STRONG, "%-26s %10s %11s %9s %9s  %s\n", who, "COPIES/S",
		  "BYTES", "BY DEVICE", "BY CPU", "MOSTLY BECAUSE");
}

static void print_threads(const struct cli_sample *s,
			  const struct cli_process *p)
{
	char who[64];

	putchar('\n');
	print_header("  THREAD");
	for (unsigned i = 0; i < p->report->rows; i++) {
		const struct dsam_report_row *row = &p->report->row[i];

		if (!row->tid)
			snprintf(who, sizeof(who), "  %u more",
				 p->report->unlisted);
		else
			snprintf(who, sizeof(who), "%8d %s%s", row->tid,
				 row->name, row->has_ended ? " (ended)" : "");
		print_flow(s, who, &p->row_flow[i]);
	}
}

static void print_queues(const struct cli_sample *s)
{
	if (!s->queues)
		return;
	putchar('\n');
	cli_print(CLI_STRONG, "%-26s %10s %11s %9s\n", "  QUEUE", "ENTRIES",
		  "IN USE", "AT MOST");
	for (unsigned i = 0; i < s->queues; i++) {
		const struct cli_queue *q = &s->queue[i];
		unsigned full = 0;

		if (!q->looks) {
			printf("  %-24s %10u %11s %9s\n", q->name, q->size, "-",
			       "-");
			continue;
		}
		if (q->size)
			full = (unsigned)(q->sum * BAR / q->looks / q->size);
		full = full < BAR ? full : BAR;
		printf("  %-24s %10u %11.1f %9u  |%.*s%*s|\n", q->name, q->size,
		       (double)q->sum / q->looks, q->most, (int)full,
		       "####################", (int)(BAR - full), "");
	}
}

static void print_ended(const struct cli_sample *s, unsigned ended)
{
	unsigned listed = 0;

	if (!ended)
		return;
	printf("\nEnded without a report (killed, _exit or exec):\n");
	for (unsigned i = 0; i < s->count && listed < MOST_ENDED; i++)
		if (s->process[i]->file.life == DSAM_LIFE_LOST) {
			printf("  %.20s: dsamove report %d\n",
			       s->process[i]->report->about.program,
			       s->process[i]->file.pid);
			listed++;
		}
	if (ended > listed)
		printf("  and %u more\n", ended - listed);
}

static void print_text(const struct cli_sample *s)
{
	unsigned ended = 0, running;
	char clock[16], who[64];
	time_t now = time(NULL);
	struct tm tm;

	for (unsigned i = 0; i < s->count; i++)
		ended += s->process[i]->file.life == DSAM_LIFE_LOST;
	running = s->count - ended;
	if (!localtime_r(&now, &tm) ||
	    !strftime(clock, sizeof(clock), "%H:%M:%S", &tm))
		clock[0] = 0;
	printf("dsamove top, %s: %u running under the preload, %u ended "
	       "without a report\n",
	       clock, running, ended);
	if (!s->count)
		printf("Programs are seen that have opened a device, or count "
		       "with stats=all or callers,\nand that have a directory "
		       "on tmpfs: XDG_RUNTIME_DIR or /run/user/%u.\n",
		       (unsigned)geteuid());
	if (s->hidden)
		printf("%u processes more have no room here.\n", s->hidden);
	if (running) {
		putchar('\n');
		print_header("     PID PROGRAM");
	}
	for (unsigned i = 0; i < running; i++) {
		const struct cli_process *p = s->process[i];

		snprintf(who, sizeof(who), "%8d %.17s", p->file.pid,
			 p->report->about.program);
		print_flow(s, who, &p->flow);
	}
	if (running == 1)
		print_threads(s, s->process[0]);
	print_queues(s);
	print_ended(s, ended);
}

static bool is_terminal(void)
{
	const char *term = getenv("TERM");

	return term && strcmp(term, "dumb") != 0 && isatty(STDOUT_FILENO);
}

static void print(const struct cli_sample *s, const struct top_options *o,
		  bool is_first)
{
	if (o->is_json) {
		cli_sample_json(s);
	} else {
		if (!o->is_once && is_terminal())
			printf("\033[H\033[J");
		else if (!is_first)
			putchar('\n');
		print_text(s);
	}
	fflush(stdout);
}

int cli_top(int argc, char **argv)
{
	static struct cli_sample before, now;
	struct top_options o = {.seconds = 1};

	cli_parse(&argp, argc, argv, 0, NULL, &o);
	cli_sample_take(&before, NULL, o.pid, o.clean_all);
	if (o.pid && !before.count) {
		cli_complain("%d: no live statistics of such a process", o.pid);
		return CLI_NO;
	}
	for (bool is_first = true;; is_first = false) {
		cli_sample_wait(&before, (uint64_t)(o.seconds * 1e9));
		cli_sample_take(&now, &before, o.pid, o.clean_all);
		if (now.count || !o.pid)
			print(&now, &o, is_first);
		cli_sample_drop(&before);
		before = now;
		if (ferror(stdout) || (o.is_once && (now.count || !o.pid)))
			return CLI_OK;
		if (o.pid && (!now.count ||
			      now.process[0]->file.life == DSAM_LIFE_LOST)) {
			cli_complain("%d: has ended", o.pid);
			return CLI_NO;
		}
	}
}
