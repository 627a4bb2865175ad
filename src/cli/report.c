// SPDX-License-Identifier: MIT
/*
 * Room: COLD (the command).  dsamove report: the report at exit, of a program
 * that still runs or that left without one.
 * May: copy for some milliseconds, to tell the CPU's speed.
 * Must not: change anything.
 */
#include "cli.h"

#include "clock.h"
#include "files.h"
#include "libc_mem.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TEXT_ROOM (8 * 1024 * 1024)

struct report_options {
	const char *what;
	bool is_json;
};

static const struct argp_option options[] = {
	{"json", 'j', NULL, 0,
	 "print one JSON object (docs/report.schema.json)", 0},
	{0}};

static error_t take_option(int key, char *arg, struct argp_state *state)
{
	struct report_options *o = state->input;

	switch (key) {
	case 'j':
		o->is_json = true;
		return 0;
	case ARGP_KEY_ARG:
		if (o->what)
			argp_error(state, "one PID or FILE is enough");
		o->what = arg;
		return 0;
	case ARGP_KEY_NO_ARGS:
		argp_error(state, "which PID or FILE?");
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static const struct argp argp = {
	options,
	take_option,
	"PID|FILE",
	"Print the report of a program under the preload, as it would print "
	"it at exit: of one that is running, or that was killed, left by "
	"_exit or went on by exec.  FILE is a file of live statistics, as "
	"dsamove top names it.\vExit status: 0 printed; 1 there is no such "
	"process, or it made no big copy; 2 bad command line.",
	NULL,
	NULL,
	NULL};

static bool keep_best(struct cli_file *f, void *user)
{
	struct cli_file *best = user;

	if (!best->name[0] || f->life == DSAM_LIFE_RUNNING)
		*best = *f;
	return best->life != DSAM_LIFE_RUNNING;
}

static bool find(struct cli_file *f, const char *what)
{
	char *end;
	long pid = strtol(what, &end, 10);

	if (*end || pid <= 0)
		return cli_file_read_path(f, what);
	memset(f, 0, sizeof(*f));
	f->life = DSAM_LIFE_LOST;
	cli_files_each((int)pid, keep_best, f);
	if (f->name[0])
		return cli_file_read(f);
	cli_complain("%s: no live statistics of such a process; dsamove top "
		     "lists those there are",
		     what);
	return false;
}

static bool print(const struct cli_file *f, bool is_json)
{
	struct dsam_report *r = malloc(sizeof(*r) + TEXT_ROOM);
	struct dsam_text t = {(char *)(r + 1), 0, TEXT_ROOM};
	bool has_calls;

	if (!r) {
		cli_complain("no memory");
		return false;
	}
	dsam_report_from_live(r, f->live, f->life);
	dsam_report_gain(r);
	has_calls = r->calls;
	if (!has_calls)
		cli_complain("%.40s (pid %d) made no copy of %zu bytes or more",
			     r->about.program, f->pid,
			     (size_t)r->about.min_bytes);
	else if (is_json)
		dsam_report_json(&t, r);
	else
		dsam_report_text(&t, r);
	fwrite(t.buf, 1, t.used, stdout);
	free(r);
	return has_calls;
}

int cli_report(int argc, char **argv)
{
	struct report_options o = {0};
	struct cli_file f;
	bool is_done;

	cli_parse(&argp, argc, argv, 0, NULL, &o);
	if (!find(&f, o.what))
		return CLI_NO;
	dsam_libc_resolve();
	dsam_clock_start();
	dsam_clock_calibrate();
	is_done = print(&f, o.is_json);
	free(f.live);
	return is_done ? CLI_OK : CLI_NO;
}
