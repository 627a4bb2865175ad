// SPDX-License-Identifier: MIT
/*
 * Room: COLD (the command).  What was measured: tables, JSON, plot, and the
 * settings that follow from it.
 * May: print, start gnuplot.  Must not: measure.
 */
#include "calibrate.h"

#include "cli.h"
#include "conf.h"
#include "conf_value.h"
#include "text.h"

#include <json-c/json.h>
#include <string.h>

/* Within this share of each other, both sides are as good. */
#define CLEARLY 0.95

const char *calibrate_op_name(enum calibrate_op op)
{
	return op == CALIBRATE_COPY ? "memcpy" : "memset";
}

const char *calibrate_state_name(enum calibrate_state state)
{
	static const char *const names[] = {"hot", "cold", "fresh",
					    "many threads"};

	return names[state];
}

const char *calibrate_state_key(enum calibrate_state state)
{
	return state == CALIBRATE_CROWD ? "many_threads"
					: calibrate_state_name(state);
}

size_t calibrate_crossover(const struct calibrate *c, enum calibrate_op op,
			   enum calibrate_state state)
{
	size_t from = 0;

	for (int s = CALIBRATE_SIZES - 1; s >= 0; s--) {
		const double *ns = c->ns[op][state][s];

		if (ns[CALIBRATE_DEVICE] > ns[CALIBRATE_CPU] * CLEARLY)
			break;
		from = CALIBRATE_SIZE(s);
	}
	return from;
}

/* "64K", as the settings have it. */
static const char *size_text(size_t n, char *out, size_t room)
{
	if (n >= 1UL << 20)
		snprintf(out, room, "%zuM", n >> 20);
	else
		snprintf(out, room, "%zuK", n >> 10);
	return out;
}

static void print_table(const struct calibrate *c, enum calibrate_op op)
{
	cli_print(CLI_STRONG, "%-8s %17s %19s %19s %19s\n",
		  calibrate_op_name(op), "hot", "cold", "fresh",
		  "many threads");
	printf("%-8s", "bytes");
	for (int state = 0; state < CALIBRATE_STATES; state++)
		printf(" %9s %9s", "CPU", "device");
	putchar('\n');
	for (int s = 0; s < CALIBRATE_SIZES; s++) {
		char size[16], cpu[16], device[16];

		printf("%-8s",
		       size_text(CALIBRATE_SIZE(s), size, sizeof(size)));
		for (int state = 0; state < CALIBRATE_STATES; state++) {
			const double *ns = c->ns[op][state][s];
			bool wins = ns[CALIBRATE_DEVICE] <=
				    ns[CALIBRATE_CPU] * CLEARLY;

			dsam_text_time(cpu, sizeof(cpu),
				       (uint64_t)ns[CALIBRATE_CPU]);
			dsam_text_time(device, sizeof(device),
				       (uint64_t)ns[CALIBRATE_DEVICE]);
			printf(" %9s", cpu);
			cli_print(wins ? CLI_GOOD : CLI_PLAIN, " %9s", device);
		}
		putchar('\n');
	}
	putchar('\n');
}

void calibrate_print_text(const struct calibrate *c)
{
	char size[16];

	printf("Device: %s; many threads: %u; a call's time, median.\n\n",
	       c->engine, c->threads);
	for (int op = 0; op < CALIBRATE_OPS; op++)
		print_table(c, (enum calibrate_op)op);
	for (int op = 0; op < CALIBRATE_OPS; op++) {
		printf("%s is faster by the device from:",
		       calibrate_op_name((enum calibrate_op)op));
		for (int state = 0; state < CALIBRATE_STATES; state++) {
			size_t from = calibrate_crossover(
				c, (enum calibrate_op)op,
				(enum calibrate_state)state);

			printf("%s %s %s", state ? "," : "",
			       from ? size_text(from, size, sizeof(size))
				    : "no size",
			       calibrate_state_name(
				       (enum calibrate_state)state));
		}
		putchar('\n');
	}
	if (c->device_share < 90)
		cli_print(CLI_WARNING,
			  "The device moved only %.0f %% of the bytes that it "
			  "was given: dsamove doctor may say why.\n",
			  c->device_share);
}

static json_object *op_json(const struct calibrate *c, enum calibrate_op op)
{
	json_object *by_state = json_object_new_object();

	for (int state = 0; state < CALIBRATE_STATES; state++) {
		enum calibrate_state st = (enum calibrate_state)state;
		json_object *o = json_object_new_object();
		json_object *rows = json_object_new_array();

		for (int s = 0; s < CALIBRATE_SIZES; s++) {
			const double *ns = c->ns[op][state][s];
			json_object *row = json_object_new_object();

			json_object_object_add(
				row, "bytes",
				json_object_new_int64(
					(int64_t)CALIBRATE_SIZE(s)));
			json_object_object_add(
				row, "cpu_ns",
				json_object_new_int64(
					(int64_t)ns[CALIBRATE_CPU]));
			json_object_object_add(
				row, "device_ns",
				json_object_new_int64(
					(int64_t)ns[CALIBRATE_DEVICE]));
			json_object_array_add(rows, row);
		}
		json_object_object_add(
			o, "device_from_bytes",
			json_object_new_int64(
				(int64_t)calibrate_crossover(c, op, st)));
		json_object_object_add(o, "times", rows);
		json_object_object_add(by_state, calibrate_state_key(st), o);
	}
	return by_state;
}

void calibrate_print_json(const struct calibrate *c)
{
	json_object *o = json_object_new_object();

	json_object_object_add(o, "device", json_object_new_string(c->engine));
	json_object_object_add(o, "threads",
			       json_object_new_int((int)c->threads));
	json_object_object_add(o, "device_share_percent",
			       json_object_new_int((int)c->device_share));
	for (int op = 0; op < CALIBRATE_OPS; op++)
		json_object_object_add(o,
				       calibrate_op_name((enum calibrate_op)op),
				       op_json(c, (enum calibrate_op)op));
	puts(json_object_to_json_string_ext(o, JSON_C_TO_STRING_PRETTY));
	json_object_put(o);
}

/*
 * Big buffers are seldom in a cache, so what counts is memory; where only
 * cached ones gain, they do.
 */
static size_t cutoff(const struct calibrate *c, enum calibrate_op op)
{
	size_t cold = calibrate_crossover(c, op, CALIBRATE_COLD);

	return cold ? cold : calibrate_crossover(c, op, CALIBRATE_HOT);
}

/* What was found for key, or false: its default stays. */
static bool found(const struct calibrate *c, enum dsam_key key, char *out,
		  size_t room)
{
	size_t copy = cutoff(c, CALIBRATE_COPY);
	size_t set = cutoff(c, CALIBRATE_FILL);

	switch (key) {
	case DSAM_KEY_device:
		snprintf(out, room, "none");
		return !copy && !set;
	case DSAM_KEY_ops:
		snprintf(out, room, "%s", copy ? "memcpy,memmove" : "memset");
		return !copy != !set;
	case DSAM_KEY_memcpy_min_bytes:
	case DSAM_KEY_memmove_min_bytes:
		size_text(copy, out, room);
		return copy;
	case DSAM_KEY_memset_min_bytes:
		size_text(set, out, room);
		return set;
	default:
		return false;
	}
}

static void write_evidence(const struct calibrate *c, FILE *to)
{
	char size[16];

	fprintf(to,
		"# Settings of libdsapreload.so, measured on this machine by "
		"dsamove calibrate.\n# Device: %s.\n#\n# The device is faster "
		"from these sizes on (hot: buffers in a cache; cold: in\n"
		"# memory; fresh: pages that are not there yet; %u threads at "
		"once, hot):\n#\n# %-8s %10s %10s %10s %14s\n",
		c->engine, c->threads, "", "hot", "cold", "fresh",
		"many threads");
	for (int op = 0; op < CALIBRATE_OPS; op++) {
		fprintf(to, "# %-8s", calibrate_op_name((enum calibrate_op)op));
		for (int state = 0; state < CALIBRATE_STATES; state++) {
			size_t from = calibrate_crossover(
				c, (enum calibrate_op)op,
				(enum calibrate_state)state);

			fprintf(to, " %*s", state == CALIBRATE_CROWD ? 14 : 10,
				from ? size_text(from, size, sizeof(size))
				     : "never");
		}
		fputc('\n', to);
	}
	fprintf(to, "#\n# The cutoffs below are those of cold buffers (of hot "
		    "ones, if there is none).\n# Where all buffers stay in a "
		    "cache, take the larger ones.\n");
}

void calibrate_write_conf(const struct calibrate *c, FILE *to)
{
	static char example[32768];
	char *line, *save = NULL, value[64];

	write_evidence(c, to);
	dsam_conf_example(example, sizeof(example));
	for (line = strtok_r(example, "\n", &save); line;
	     line = strtok_r(NULL, "\n", &save)) {
		size_t n = line[0] == '#' ? strcspn(line + 1, " ") : 0;
		enum dsam_key key =
			n ? dsam_conf_key_find(line + 1, n) : DSAM_KEYS;

		if (key == DSAM_KEYS) {
			/* Of the two lines of comment, the first has help. */
			if (strncmp(line, "# Takes ", 8) != 0)
				fputc('\n', to);
			fprintf(to, "%s\n", line);
		} else if (found(c, key, value, sizeof(value))) {
			fprintf(to, "%s = %s\n", dsam_key_table[key].name,
				value);
		} else {
			fprintf(to, "%s\n", line);
		}
	}
}
