// SPDX-License-Identifier: MIT
/*
 * Room: COLD (the command).  Settings given as options, and LD_PRELOAD.
 * May: change this process' environment, exec.  Must not: print on stdout.
 */
#include "preload.h"

#include "conf_value.h"
#include "discover.h"
#include "settings.h"

#include <ctype.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define LIBRARY "libdsapreload.so"
#define FIRST_KEY 0x1000
#define CONF_KEY (FIRST_KEY - 1)

const char *cli_preload_library(void)
{
	static char path[PATH_MAX];
	static const char *const beside[] = {"", "../lib/"};
	char self[PATH_MAX];
	ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 1);

	self[n > 0 ? n : 0] = 0;
	for (size_t i = 0; i < sizeof(beside) / sizeof(*beside); i++) {
		char *slash = strrchr(self, '/');
		char at[PATH_MAX + 32];

		snprintf(at, sizeof(at), "%.*s/%s" LIBRARY,
			 slash ? (int)(slash - self) : 0, self, beside[i]);
		if (slash && realpath(at, path))
			return path;
	}
	if (realpath(DSAM_LIBDIR "/" LIBRARY, path))
		return path;
	cli_complain("%s is neither beside this program nor in ../lib nor "
		     "in %s",
		     LIBRARY, DSAM_LIBDIR);
	return NULL;
}

/* "min_bytes" as "min-bytes" or "DSAMOVE_MIN_BYTES". */
static void name_of(enum dsam_key key, bool is_variable, char *out, size_t room)
{
	snprintf(out, room, "%s%s", is_variable ? "DSAMOVE_" : "",
		 dsam_key_table[key].name);
	for (char *p = out; *p; p++)
		if (is_variable)
			*p = (char)toupper((unsigned char)*p);
		else if (*p == '_')
			*p = '-';
}

static const char *argument_of(enum dsam_kind kind)
{
	switch (kind) {
	case DSAM_KIND_CHOICE:
	case DSAM_KIND_TEXT:
		return "WORD";
	case DSAM_KIND_NUMBER:
		return "N";
	case DSAM_KIND_SIZE:
	case DSAM_KIND_OPTSIZE:
		return "BYTES";
	default:
		return "LIST";
	}
}

const struct argp_option *cli_preload_options(void)
{
	static struct argp_option all[DSAM_KEYS + 3];
	static char name[DSAM_KEYS][40];

	all[0] = (struct argp_option){"conf",
				      CONF_KEY,
				      "FILE",
				      0,
				      "settings of FILE, not of "
				      "/etc/dsamove.conf",
				      1};
	all[1] = (struct argp_option){
		NULL, 0, NULL, 0, "Settings, which win over the file's:", 2};
	for (int k = 0; k < DSAM_KEYS; k++) {
		name_of((enum dsam_key)k, false, name[k], sizeof(name[k]));
		all[k + 2] = (struct argp_option){
			name[k],
			FIRST_KEY + k,
			argument_of(dsam_key_table[k].kind),
			0,
			dsam_key_table[k].help,
			2};
	}
	return all;
}

error_t cli_preload_take(int key, char *arg, struct argp_state *state)
{
	char variable[64];

	(void)state;
	if (key == CONF_KEY) {
		char whole[PATH_MAX];

		/* The program may go to another directory, and start more. */
		setenv("DSAMOVE_CONF", realpath(arg, whole) ? whole : arg, 1);
		return 0;
	}
	if (key < FIRST_KEY || key >= FIRST_KEY + DSAM_KEYS)
		return ARGP_ERR_UNKNOWN;
	name_of((enum dsam_key)(key - FIRST_KEY), true, variable,
		sizeof(variable));
	setenv(variable, arg, 1);
	return 0;
}

/* Is path one of the names in list, which blanks and colons separate? */
static bool is_listed(const char *list, const char *path)
{
	size_t n;

	for (; *list; list += n + (list[n] != 0)) {
		n = strcspn(list, ": ");
		if (n == strlen(path) && !strncmp(list, path, n))
			return true;
	}
	return false;
}

/*
 * The library says nothing where there is no device, and a person who tries
 * it would wonder.
 */
static void hint(const struct dsam_conf *conf)
{
	if (isatty(STDERR_FILENO) && conf->device == DSAM_DEVICE_AUTO &&
	    conf->stats != DSAM_STATS_ALL &&
	    conf->stats != DSAM_STATS_CALLERS && !dsam_discover_any())
		cli_complain("there is no DSA here, so nothing is offloaded; "
			     "dsamove doctor says more, --device=software "
			     "tries a stand-in");
}

bool cli_preload_ready(void)
{
	static struct dsam_conf conf;
	const char *library = cli_preload_library();
	const char *have = getenv("LD_PRELOAD");
	struct dsam_conf_error err;
	char *whole;

	if (!library)
		return false;
	if (strpbrk(library, ": ")) {
		cli_complain("%s: LD_PRELOAD takes no name with a colon or a "
			     "blank",
			     library);
		return false;
	}
	if (!cli_settings_load(&conf, NULL, &err)) {
		cli_complain("%s", err.text);
		return false;
	}
	hint(&conf);
	if (have && is_listed(have, library))
		return true;
	/* After the others: a sanitizer's runtime wants to be the first. */
	if (asprintf(&whole, "%s%s%s", have ? have : "",
		     have && *have ? ":" : "", library) < 0)
		return false;
	setenv("LD_PRELOAD", whole, 1);
	free(whole);
	return true;
}

int cli_preload_exec(char **argv)
{
	int why;

	fflush(stdout);
	execvp(argv[0], argv);
	why = errno;
	cli_complain("%s: %s", argv[0], strerror(why));
	return why == ENOENT ? CLI_RUN_MISSING : CLI_RUN_DENIED;
}
