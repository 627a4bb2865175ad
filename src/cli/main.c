// SPDX-License-Identifier: MIT
/*
 * Room: COLD (the command dsamove, a process of its own).  Finds the
 * subcommand and calls it.
 * May: print, exit.  Must not: know what any subcommand does.
 */
#include "cli.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const struct cli_command commands[] = {
#define COMMAND(name, arguments, help) {#name, arguments, help, cli_##name},
#include "commands.def"
#undef COMMAND
	{NULL, NULL, NULL, NULL}};

static void usage(FILE *out)
{
	fprintf(out, "Usage: dsamove COMMAND [OPTION...] [ARGUMENT...]\n"
		     "Let programs copy memory with Intel DSA.\n\n");
	for (const struct cli_command *c = commands; c->name; c++)
		fprintf(out, "  %-10s %s\n", c->name, c->help);
	fprintf(out,
		"\ndsamove COMMAND --help tells a command's options.\n"
		"Exit status: 0 it went well; 1 the answer is no, or "
		"something failed;\n2 the command line makes no sense.  run "
		"and profile: that of the program.\n");
}

static const struct cli_command *find(const char *name)
{
	for (const struct cli_command *c = commands; c->name; c++)
		if (!strcmp(c->name, name))
			return c;
	return NULL;
}

void cli_complain(const char *format, ...)
{
	va_list ap;

	fflush(stdout);
	fputs("dsamove: ", stderr);
	va_start(ap, format);
	vfprintf(stderr, format, ap);
	va_end(ap);
	fputc('\n', stderr);
}

bool cli_has_colour(void)
{
	const char *off = getenv("NO_COLOR"), *term = getenv("TERM");

	return !(off && *off) && term && strcmp(term, "dumb") != 0 &&
	       isatty(STDOUT_FILENO);
}

void cli_print(enum cli_tone tone, const char *format, ...)
{
	static const char *const codes[] = {"", "\033[32m", "\033[33m",
					    "\033[31m", "\033[1m"};
	bool coloured = tone != CLI_PLAIN && cli_has_colour();
	va_list ap;

	if (coloured)
		fputs(codes[tone], stdout);
	va_start(ap, format);
	vprintf(format, ap);
	va_end(ap);
	if (coloured)
		fputs("\033[0m", stdout);
}

void cli_parse(const struct argp *argp, int argc, char **argv, unsigned flags,
	       int *next, void *input)
{
	error_t rc = argp_parse(argp, argc, argv, flags, next, input);

	if (!rc)
		return;
	cli_complain("%s", strerror(rc));
	exit(CLI_USAGE);
}

/* stdout that could not be written (a full disk) is a failure. */
static int finish(int status)
{
	if (fflush(stdout) || ferror(stdout)) {
		fprintf(stderr, "dsamove: stdout: %s\n", strerror(errno));
		return status == CLI_OK ? CLI_NO : status;
	}
	return status;
}

int main(int argc, char **argv)
{
	const struct cli_command *c;
	char name[64];

	argp_err_exit_status = CLI_USAGE;
	if (argc >= 2 &&
	    (!strcmp(argv[1], "--help") || !strcmp(argv[1], "help"))) {
		usage(stdout);
		return finish(CLI_OK);
	}
	if (argc >= 2 && !strcmp(argv[1], "--version")) {
		puts("dsamove " DSAM_VERSION);
		return finish(CLI_OK);
	}
	if (argc < 2) {
		usage(stderr);
		return CLI_USAGE;
	}
	c = find(argv[1]);
	if (!c) {
		cli_complain("%s is not a command, see dsamove --help",
			     argv[1]);
		return CLI_USAGE;
	}
	snprintf(name, sizeof(name), "dsamove %s", c->name);
	argv[1] = name;
	program_invocation_short_name = name;
	return finish(c->run(argc - 1, argv + 1));
}
