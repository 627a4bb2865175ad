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
#include "page.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TEXT_ROOM (8 * 1024 * 1024)

struct report_options {
	const char *what;
	bool is_json, is_html;
};

static const struct argp_option options[] = {
	{"html", 'w', NULL, 0,
	 "print one page for a browser; FILE may also hold lines of "
	 "report_format=json and of dsamove top --json",
	 0},
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
	case 'w':
		o->is_html = true;
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

static bool print(const struct cli_file *f, const struct report_options *o)
{
	struct dsam_report *r = malloc(sizeof(*r) + TEXT_ROOM);
	struct dsam_text t;
	bool has_calls;

	if (!r) {
		cli_complain("no memory");
		return false;
	}
	t = (struct dsam_text){(char *)(r + 1), 0, TEXT_ROOM};
	dsam_report_from_live(r, f->live, f->life);
	dsam_report_gain(r);
	dsam_text_printable(r->about.program);
	has_calls = r->calls;
	if (!has_calls)
		cli_complain("%.40s (pid %d) made no copy of %zu bytes or more",
			     r->about.program, f->pid,
			     (size_t)r->about.min_bytes);
	else if (o->is_json || o->is_html)
		dsam_report_json(&t, r);
	else
		dsam_report_text(&t, r);
	if (has_calls && o->is_html)
		has_calls = cli_page_of_text(t.buf);
	else
		fwrite(t.buf, 1, t.used, stdout);
	free(r);
	return has_calls;
}

/* Lines of JSON begin with one; a live file and a pid don't. */
static bool is_json_file(const char *path)
{
	FILE *f = fopen(path, "re");
	bool is_json = f && getc(f) == '{';

	if (f)
		fclose(f);
	return is_json;
}

int cli_report(int argc, char **argv)
{
	struct report_options o = {0};
	struct cli_file f;
	bool is_done;

	cli_parse(&argp, argc, argv, 0, NULL, &o);
	if (is_json_file(o.what)) {
		if (o.is_html)
			return cli_page_of_file(o.what) ? CLI_OK : CLI_NO;
		cli_complain("%s: is JSON already; --html makes a page of it",
			     o.what);
		return CLI_NO;
	}
	if (!find(&f, o.what))
		return CLI_NO;
	dsam_libc_resolve();
	dsam_clock_start();
	dsam_clock_calibrate();
	is_done = print(&f, &o);
	free(f.live);
	return is_done ? CLI_OK : CLI_NO;
}
