// SPDX-License-Identifier: MIT
/*
 * Room: COLD.  The command line, before anything runs.
 * May: read the device file, print help.  Must not: run later than that.
 */
#include "options.h"
#include "devfile.h"
#include "tb.h"

#include <getopt.h>
#include <libgen.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char usage[] =
	"usage: dsa-testbed [OPTIONS] -- COMMAND [ARGUMENT...]\n"
	"Run COMMAND where it sees Intel DSA devices made of software.\n"
	"\n"
	"  -f, --file FILE      device file (see tests/device/README.md)\n"
	"  -d, --devices N      without a file: N devices (1) ...\n"
	"  -q, --queues N       ... with N shared queues each (1);\n"
	"                       0: disabled devices, as after boot\n"
	"  -s, --set [SECTION.]KEY=VALUE\n"
	"                       one setting of the file, after it\n"
	"      --submit write   mmap of a node gives EPERM, write(2) submits\n"
	"               mmap    nodes can be mapped, ENQCMD submits (x86-64)\n"
	"      --patch          a trapped ENQCMD is replaced by a jump\n"
	"      --no-patch       no code is ever changed, no CPUID either\n"
	"      --cpu FILE       the processor preload (beside this program)\n"
	"      --preload file|env\n"
	"                       load it by a private /etc/ld.so.preload, or "
	"by\n"
	"                       LD_PRELOAD alone\n"
	"      --sys-readonly   /sys can't be written\n"
	"  -a, --account FILE   what the device saw, as JSON (- for stdout)\n"
	"      --check          say whether it can run here: 0, or 77 and why\n"
	"  -h, --help\n";

enum {
	OPT_SUBMIT = 256,
	OPT_PATCH,
	OPT_NO_PATCH,
	OPT_CPU,
	OPT_PRELOAD,
	OPT_RO,
	OPT_CHECK
};

static const struct option longs[] = {
	{"file", required_argument, NULL, 'f'},
	{"devices", required_argument, NULL, 'd'},
	{"queues", required_argument, NULL, 'q'},
	{"set", required_argument, NULL, 's'},
	{"submit", required_argument, NULL, OPT_SUBMIT},
	{"patch", no_argument, NULL, OPT_PATCH},
	{"no-patch", no_argument, NULL, OPT_NO_PATCH},
	{"cpu", required_argument, NULL, OPT_CPU},
	{"preload", required_argument, NULL, OPT_PRELOAD},
	{"sys-readonly", no_argument, NULL, OPT_RO},
	{"account", required_argument, NULL, 'a'},
	{"check", no_argument, NULL, OPT_CHECK},
	{"help", no_argument, NULL, 'h'},
	{NULL, 0, NULL, 0},
};

/* What is not yet in the world, since the order of options does not count. */
struct pending {
	const char *file;
	const char *settings[64];
	int nsettings, devices, queues;
};

static int number(const char *text, int low, int high, const char *option)
{
	char *end;
	long value = strtol(text, &end, 10);

	if (*end || end == text || value < low || value > high) {
		tb_say("%s: expected %d to %d, not %s", option, low, high,
		       text);
		return -1;
	}
	return (int)value;
}

/* One of two words: 0, 1 or -1 with a complaint. */
static int word(const char *text, const char *zero, const char *one,
		const char *option)
{
	if (strcmp(text, zero) == 0)
		return 0;
	if (strcmp(text, one) == 0)
		return 1;
	tb_say("%s: expected %s or %s, not %s", option, zero, one, text);
	return -1;
}

/* False on a bad value, said. */
static bool take(int opt, struct tb_options *o, struct pending *p)
{
	int value = 0;

	switch (opt) {
	case 'f':
		p->file = optarg;
		break;
	case 'd':
		value = p->devices =
			number(optarg, 0, TB_MAX_DEVICES, "--devices");
		break;
	case 'q':
		value = p->queues = number(optarg, 0, TB_MAX_WQS, "--queues");
		break;
	case 's':
		if (p->nsettings == 64) {
			tb_say("--set: at most 64 times");
			return false;
		}
		p->settings[p->nsettings++] = optarg;
		break;
	case OPT_SUBMIT:
		value = word(optarg, "write", "mmap", "--submit");
		tb_world.submit = value == 1 ? TB_SUBMIT_MMAP : TB_SUBMIT_WRITE;
		break;
	case OPT_PATCH:
		o->patching = TB_PATCH_ENQCMD;
		break;
	case OPT_NO_PATCH:
		o->patching = TB_PATCH_NEVER;
		break;
	case OPT_CPU:
		o->cpu = optarg;
		break;
	case OPT_PRELOAD:
		value = word(optarg, "file", "env", "--preload");
		o->by_env = value == 1;
		break;
	case OPT_RO:
		tb_world.is_sys_readonly = true;
		break;
	case 'a':
		o->account = optarg;
		break;
	case OPT_CHECK:
		o->is_check = true;
		break;
	default:
		return false;
	}
	return value >= 0;
}

static bool build(const struct pending *p)
{
	if (p->file ? tb_devfile_read(p->file) < 0
		    : tb_devfile_default(p->devices, p->queues) < 0)
		return false;
	for (int i = 0; i < p->nsettings; i++)
		if (tb_devfile_set(p->settings[i]) < 0)
			return false;
	return tb_devfile_check(p->file) == 0;
}

/* The preload beside this program, as an absolute path. */
static const char *find_cpu(const char *given)
{
	static char path[PATH_MAX];
	char here[PATH_MAX - 32];
	ssize_t n;

	if (given)
		return realpath(given, path);
	n = readlink("/proc/self/exe", here, sizeof(here) - 1);
	if (n < 0)
		return NULL;
	here[n] = '\0';
	snprintf(path, sizeof(path), "%s/dsa-testbed-cpu.so", dirname(here));
	return access(path, R_OK) == 0 ? path : NULL;
}

int tb_options_read(int argc, char **argv, struct tb_options *options,
		    bool *is_done)
{
	struct pending pending = {.devices = 1, .queues = 1};
	int opt;

	*is_done = true;
	/* getopt's own words begin with argv[0], which may be a long path. */
	opterr = 0;
	while ((opt = getopt_long(argc, argv, "+:f:d:q:s:a:h", longs, NULL)) !=
	       -1) {
		if (opt == 'h') {
			fputs(usage, stdout);
			return 0;
		}
		if (opt == '?' || opt == ':') {
			tb_say("%s: %s; see --help", argv[optind - 1],
			       opt == '?' ? "unknown option" : "needs a value");
			return TB_EXIT_FAIL;
		}
		if (!take(opt, options, &pending))
			return TB_EXIT_FAIL;
	}
	options->command = argv + optind;
	if (!*options->command && !options->is_check) {
		fputs(usage, stderr);
		return TB_EXIT_FAIL;
	}
	if (!build(&pending))
		return TB_EXIT_FAIL;
	if (tb_world.submit == TB_SUBMIT_MMAP) {
		options->cpu = find_cpu(options->cpu);
		if (!options->cpu) {
			tb_say("--submit mmap: dsa-testbed-cpu.so not found");
			return TB_EXIT_FAIL;
		}
	}
	*is_done = false;
	return 0;
}
