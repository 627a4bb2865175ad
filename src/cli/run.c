// SPDX-License-Identifier: MIT
/*
 * Room: COLD (the command).  dsamove run: a program under the preload.
 * May: exec.  Must not: print on stdout, which is the program's, but for
 * --print.
 */
#include "preload.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

static const struct argp_option options[] = {
	{"print", 'p', NULL, 0,
	 "do not run it: print the command line that would do the same", 1},
	{0}};

static error_t take_option(int key, char *arg, struct argp_state *state)
{
	bool *is_print = state->input;

	(void)arg;
	switch (key) {
	case 'p':
		*is_print = true;
		return 0;
	case ARGP_KEY_NO_ARGS:
		argp_error(state, "no PROGRAM");
		return 0;
	default:
		/* The program, too: it and what follows is not ours. */
		return ARGP_ERR_UNKNOWN;
	}
}

/* As a shell takes it back. */
static void print_quoted(const char *s)
{
	static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMN"
				    "OPQRSTUVWXYZ0123456789_-+=./,:@%";

	if (*s && !s[strspn(s, plain)]) {
		fputs(s, stdout);
		return;
	}
	putchar('\'');
	for (; *s; s++)
		if (*s == '\'')
			fputs("'\\''", stdout);
		else
			putchar(*s);
	putchar('\'');
}

static int print_command(char **argv)
{
	fputs("env", stdout);
	for (char **e = environ; *e; e++) {
		if (strncmp(*e, "DSAMOVE_", 8) != 0 &&
		    strncmp(*e, "LD_PRELOAD=", 11) != 0)
			continue;
		putchar(' ');
		print_quoted(*e);
	}
	for (; *argv; argv++) {
		putchar(' ');
		print_quoted(*argv);
	}
	putchar('\n');
	return CLI_OK;
}

int cli_run(int argc, char **argv)
{
	const struct argp keys = {cli_preload_options(),
				  cli_preload_take,
				  NULL,
				  NULL,
				  NULL,
				  NULL,
				  NULL};
	const struct argp_child children[] = {{&keys, 0, NULL, 0}, {0}};
	const struct argp argp = {
		options,
		take_option,
		"[--] PROGRAM [ARG...]",
		"Run PROGRAM under libdsapreload.so.  The settings are checked "
		"first; what LD_PRELOAD holds already is kept."
		"\vExit status: PROGRAM's; 125 the settings are wrong or the "
		"preload was not found; 126 PROGRAM can't be run; 127 it was "
		"not found; 2 bad command line.",
		children,
		NULL,
		NULL};
	bool is_print = false;
	int next;

	cli_parse(&argp, argc, argv, ARGP_IN_ORDER, &next, &is_print);
	if (!cli_preload_ready())
		return CLI_RUN_FAILED;
	return is_print ? print_command(argv + next)
			: cli_preload_exec(argv + next);
}
