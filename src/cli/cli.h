/* SPDX-License-Identifier: MIT */
/* What the subcommands of dsamove share. */
#ifndef DSAM_CLI_H
#define DSAM_CLI_H

#include <argp.h>
#include <stdbool.h>
#include <stddef.h>

/* Exit statuses; run and profile have those of env(1) besides. */
enum cli_status {
	CLI_OK,
	CLI_NO, /* the answer is no, or what was asked for failed */
	CLI_USAGE /* the command line makes no sense */
};

struct cli_command {
	const char *name;
	const char *arguments; /* as --help and the manual show them */
	const char *help; /* one line, no full stop */
	/* argv[0] is "dsamove NAME"; returns the exit status. */
	int (*run)(int argc, char **argv);
};

#define COMMAND(name, ...) int cli_##name(int argc, char **argv);
#include "commands.def"
#undef COMMAND

/*
 * Parse a subcommand's options with glibc's argp, which gives --help and
 * --usage; errors exit with CLI_USAGE.  flags are argp_parse()'s; next, if
 * not NULL, gets the index of the first argument that was not taken.
 */
void cli_parse(const struct argp *argp, int argc, char **argv, unsigned flags,
	       int *next, void *input);

/* One line on stderr, "dsamove: " before it. */
void cli_complain(const char *format, ...)
	__attribute__((format(printf, 1, 2)));

/* What a piece of output means; shown by colour where stdout has any. */
enum cli_tone {
	CLI_PLAIN,
	CLI_GOOD,
	CLI_WARNING,
	CLI_BAD,
	CLI_STRONG
};

/* printf to stdout in the tone's colour: on a terminal without NO_COLOR. */
void cli_print(enum cli_tone tone, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* Does stdout show colours? */
bool cli_has_colour(void);

#endif
