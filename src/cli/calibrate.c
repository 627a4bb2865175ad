// SPDX-License-Identifier: MIT
/*
 * Room: COLD (the command).  dsamove calibrate: CPU and device on this
 * machine, and the settings that follow.
 * May: write the configuration file.  Must not: time anything itself.
 */
#include "calibrate.h"

#include "discover.h"
#include "preload.h"
#include "settings.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define USUAL_SECONDS 20

static struct calibrate all;

struct calibrate_options {
	const char *device, *output, *plot, *from;
	unsigned seconds;
	bool is_json, is_forced, is_worker;
};

static const struct argp_option options[] = {
	{"device", 'd', "WORD", 0,
	 "dsa or software, a stand-in to try this with (default: the "
	 "setting device)",
	 0},
	{"output", 'o', "FILE", 0,
	 "the configuration to write (default: dsamove.conf here)", 0},
	{"force", 'f', NULL, 0, "overwrite FILE", 0},
	{"seconds", 's', "N", 0,
	 "about how long to measure, 1 to 600 (default: 20)", 0},
	{"from", 'r', "FILE", 0,
	 "measure nothing: take what --json printed into FILE before", 0},
	{"plot", 'p', "FILE", 0, "draw FILE.svg or FILE.png, by gnuplot", 0},
	{"json", 'j', NULL, 0, "print one JSON object", 0},
	{"worker", 'W', NULL, OPTION_HIDDEN, NULL, 0},
	{0}};

static error_t take_option(int key, char *arg, struct argp_state *state)
{
	struct calibrate_options *o = state->input;
	char *end;

	switch (key) {
	case 'd':
		o->device = arg;
		return 0;
	case 'o':
		o->output = arg;
		return 0;
	case 'f':
		o->is_forced = true;
		return 0;
	case 's':
		o->seconds = (unsigned)strtoul(arg, &end, 10);
		if (*end || o->seconds < 1 || o->seconds > 600)
			argp_error(state, "%s: expected 1 to 600", arg);
		return 0;
	case 'r':
		o->from = arg;
		return 0;
	case 'p':
		o->plot = arg;
		return 0;
	case 'j':
		o->is_json = true;
		return 0;
	case 'W':
		o->is_worker = true;
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static const struct argp argp = {
	options,
	take_option,
	NULL,
	"Time copies and fills of 4 KiB to 8 MiB by CPU and device: with "
	"buffers in the cache, in memory, and of fresh pages, by one thread "
	"and by many.  Print from which size the device is faster, and write "
	"a configuration file with that.  Best on a machine with nothing "
	"else to do.\vExit status: 0 measured and written; 1 there is no "
	"device, or something failed; 2 bad command line.",
	NULL,
	NULL,
	NULL};

/* Is there what the device's worker would use? */
static bool has_device(void)
{
	static struct dsam_wq found[DSAM_MAX_FOUND];
	static struct dsam_conf conf;
	struct dsam_conf_error err;
	enum dsam_discovery how;
	size_t count;

	if (!cli_settings_load(&conf, NULL, &err)) {
		cli_complain("%s", err.text);
		return false;
	}
	if (conf.device == DSAM_DEVICE_SOFTWARE)
		return true;
	count = dsam_discover_any() && conf.device != DSAM_DEVICE_NONE
			? dsam_discover(found, DSAM_MAX_FOUND, &how)
			: 0;
	for (size_t i = 0; i < count; i++)
		if (!dsam_discover_objection(&found[i]))
			return true;
	cli_complain("no DSA can be used here, dsamove doctor says why; "
		     "--device=software measures a stand-in");
	return false;
}

static FILE *open_output(const struct calibrate_options *o)
{
	int fd = open(o->output,
		      O_WRONLY | O_CREAT | O_CLOEXEC |
			      (o->is_forced ? O_TRUNC : O_EXCL),
		      0644);

	if (fd < 0)
		cli_complain("%s: %s%s", o->output, strerror(errno),
			     errno == EEXIST ? "; --force overwrites it" : "");
	return fd < 0 ? NULL : fdopen(fd, "w");
}

int cli_calibrate(int argc, char **argv)
{
	struct calibrate_options o = {.output = "dsamove.conf",
				      .seconds = USUAL_SECONDS};
	FILE *output;
	bool ok;

	cli_parse(&argp, argc, argv, 0, NULL, &o);
	if (o.is_worker)
		return calibrate_worker();
	if (o.device)
		setenv("DSAMOVE_DEVICE", o.device, 1);
	/* The CPU's worker is to be alone with libc. */
	unsetenv("LD_PRELOAD");
	if (!o.from && !has_device())
		return CLI_NO;
	output = open_output(&o);
	if (!output)
		return CLI_NO;
	ok = o.from ? calibrate_read(&all, o.from)
		    : calibrate_measure(&all, o.seconds);
	if (!ok) {
		fclose(output);
		unlink(o.output);
		return CLI_NO;
	}
	calibrate_write_conf(&all, output);
	if (fclose(output)) {
		cli_complain("%s: %s", o.output, strerror(errno));
		return CLI_NO;
	}
	if (o.is_json)
		calibrate_print_json(&all);
	else
		calibrate_print_text(&all);
	if (!o.is_json)
		printf("Written to %s; DSAMOVE_CONF=%s tries it, "
		       "/etc/dsamove.conf is for all programs.\n",
		       o.output, o.output);
	return !o.plot || calibrate_plot(&all, o.plot) ? CLI_OK : CLI_NO;
}
