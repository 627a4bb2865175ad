// SPDX-License-Identifier: MIT
/*
 * Room: COLD (the command).  The measurements as curves, by gnuplot.
 * May: start gnuplot.  Must not: measure.
 */
#include "calibrate.h"

#include "cli.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

static const char *terminal_of(const char *path)
{
	const char *dot = strrchr(path, '.');

	if (dot && !strcmp(dot, ".svg"))
		return "svg size 1000,800 background 'white'";
	if (dot && !strcmp(dot, ".png"))
		return "pngcairo size 1000,800";
	return NULL;
}

static void write_panel(const struct calibrate *c, enum calibrate_op op,
			FILE *to)
{
	fprintf(to, "set title '%s: GB/s by size'\nplot",
		calibrate_op_name(op));
	for (int state = 0; state < CALIBRATE_STATES; state++)
		for (int side = 0; side < CALIBRATE_SIDES; side++)
			fprintf(to,
				"%s '-' with linespoints lt %d dt %d "
				"title '%s, %s'",
				state || side ? "," : "", state + 1,
				side == CALIBRATE_CPU ? 2 : 1,
				side == CALIBRATE_CPU ? "CPU" : "device",
				calibrate_state_name(
					(enum calibrate_state)state));
	fputc('\n', to);
	for (int state = 0; state < CALIBRATE_STATES; state++)
		for (int side = 0; side < CALIBRATE_SIDES; side++) {
			for (int s = 0; s < CALIBRATE_SIZES; s++)
				fprintf(to, "%lu %.6f\n",
					CALIBRATE_SIZE(s) / 1024,
					(double)CALIBRATE_SIZE(s) /
						c->ns[op][state][s][side]);
			fprintf(to, "e\n");
		}
}

bool calibrate_plot(const struct calibrate *c, const char *path)
{
	const char *terminal = terminal_of(path);
	FILE *to;

	if (!terminal || strpbrk(path, "'\n")) {
		cli_complain("%s: expected a name that ends in .svg or .png",
			     path);
		return false;
	}
	signal(SIGPIPE, SIG_IGN);
	fflush(stdout);
	to = popen("exec gnuplot", "we"); /* NOLINT(cert-env33-c): constant */
	if (!to)
		return false;
	fprintf(to,
		"set terminal %s\nset output '%s'\nset multiplot layout 2,1\n"
		"set logscale x 2\nset logscale y\nset xlabel 'KiB'\n"
		"set key outside right\nset grid\n",
		terminal, path);
	for (int op = 0; op < CALIBRATE_OPS; op++)
		write_panel(c, (enum calibrate_op)op, to);
	fprintf(to, "unset multiplot\n");
	if (!pclose(to))
		return true;
	cli_complain("gnuplot is not installed, or failed; try: apt-get "
		     "install gnuplot-nox");
	return false;
}
