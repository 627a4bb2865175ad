// SPDX-License-Identifier: MIT
/*
 * Room: COLD (the command).  dsamove profile: what would offload bring to a
 * program?  It runs with the device off and stats=callers.
 * May: run it, keep a temporary directory.  Must not: print on the program's
 * stdout.
 */
#include "preload.h"

#include "profile_print.h"

#include <dirent.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static struct gather all;

struct profile_options {
	const char *min_bytes, *output;
	bool is_json;
};

static const struct argp_option options[] = {
	{"min-bytes", 'm', "BYTES", 0,
	 "smallest copy to look at (default: what would be offloaded)", 0},
	{"output", 'o', "FILE", 0, "write to FILE, not to stderr", 0},
	{"json", 'j', NULL, 0, "print one JSON object", 0},
	{0}};

static error_t take_option(int key, char *arg, struct argp_state *state)
{
	struct profile_options *o = state->input;

	switch (key) {
	case 'm':
		o->min_bytes = arg;
		return 0;
	case 'o':
		o->output = arg;
		return 0;
	case 'j':
		o->is_json = true;
		return 0;
	case ARGP_KEY_NO_ARGS:
		argp_error(state, "no PROGRAM");
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static const struct argp argp = {
	options,
	take_option,
	"[--] PROGRAM [ARG...]",
	"Run PROGRAM with the device off, on any machine, and tell which "
	"functions copy, what a usual DSA would gain there, and the settings "
	"that would give it just those copies."
	"\vThe estimate takes the CPU's own speed, measured, and for the DSA "
	"the figures that are published: 1.5 us and 25 GB/s a copy.  Exit "
	"status: PROGRAM's; 125, 126, 127 as for run; 2 bad command line.",
	NULL,
	NULL,
	NULL};

static void set_settings(const struct profile_options *o, const char *dir)
{
	char path[400];

	snprintf(path, sizeof(path), "%s/%%p", dir);
	setenv("DSAMOVE_DEVICE", "none", 1);
	setenv("DSAMOVE_STATS", "callers", 1);
	setenv("DSAMOVE_REPORT_FORMAT", "json", 1);
	setenv("DSAMOVE_REPORT_FILE", path, 1);
	setenv("DSAMOVE_PROGRAMS", "", 1);
	setenv("DSAMOVE_CALLERS_ALLOW", "", 1);
	setenv("DSAMOVE_CALLERS_DENY", "", 1);
	if (o->min_bytes)
		setenv("DSAMOVE_PROFILE_MIN_BYTES", o->min_bytes, 1);
}

static uint64_t now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000000U + (uint64_t)ts.tv_nsec;
}

static uint64_t timeval_ns(const struct timeval *tv)
{
	return (uint64_t)tv->tv_sec * 1000000000U +
	       (uint64_t)tv->tv_usec * 1000;
}

static void run_program(char **argv, struct profile_run *r)
{
	uint64_t start = now_ns();
	struct rusage used;
	int status = 0;
	pid_t pid = fork();

	if (!pid)
		_exit(cli_preload_exec(argv));
	/* A key on the terminal is for the program; we tell what it did. */
	signal(SIGINT, SIG_IGN);
	signal(SIGQUIT, SIG_IGN);
	if (pid < 0 || waitpid(pid, &status, 0) != pid) {
		cli_complain("%s", strerror(errno));
		r->status = CLI_RUN_FAILED;
		return;
	}
	r->status = WIFEXITED(status) ? WEXITSTATUS(status)
				      : 128 + WTERMSIG(status);
	r->wall_ns = now_ns() - start;
	getrusage(RUSAGE_CHILDREN, &used);
	r->cpu_ns = timeval_ns(&used.ru_utime) + timeval_ns(&used.ru_stime);
}

static void remove_directory(const char *dir)
{
	DIR *d = opendir(dir);
	struct dirent *e;

	while (d && (e = readdir(d)))
		unlinkat(dirfd(d), e->d_name, 0);
	if (d)
		closedir(d);
	rmdir(dir);
}

int cli_profile(int argc, char **argv)
{
	struct profile_options o = {0};
	struct profile_run r = {0};
	const char *tmp = getenv("TMPDIR");
	char dir[300];
	int next;

	cli_parse(&argp, argc, argv, ARGP_IN_ORDER, &next, &o);
	/* '%' would be one of report_file's own. */
	snprintf(dir, sizeof(dir), "%s/dsamove-profile.XXXXXX",
		 tmp && *tmp && !strchr(tmp, '%') ? tmp : "/tmp");
	if (!mkdtemp(dir)) {
		cli_complain("%s: %s", dir, strerror(errno));
		return CLI_RUN_FAILED;
	}
	set_settings(&o, dir);
	if (cli_preload_ready()) {
		run_program(argv + next, &r);
		gather_directory(&all, dir);
	} else {
		r.status = CLI_RUN_FAILED;
	}
	remove_directory(dir);
	if (r.status == CLI_RUN_FAILED || r.status == CLI_RUN_DENIED ||
	    r.status == CLI_RUN_MISSING)
		return r.status;
	if (o.output ? !freopen(o.output, "we", stdout)
		     : dup2(STDERR_FILENO, STDOUT_FILENO) < 0) {
		cli_complain("%s: %s", o.output ? o.output : "stderr",
			     strerror(errno));
		return r.status ? r.status : CLI_NO;
	}
	if (o.is_json)
		profile_print_json(&all, &r);
	else
		profile_print_text(&all, &r);
	return r.status;
}
