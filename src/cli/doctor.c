// SPDX-License-Identifier: MIT
/*
 * Room: COLD (the command).  dsamove doctor: what stands between this machine
 * and a working offload, each with what mends it.
 * May: look at everything, start one process of its own.  Must not: change
 * anything.
 */
#include "doctor.h"

#include "cli.h"

#include <json-c/json.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static struct doctor doctor;

struct doctor_options {
	const char *program;
	bool is_json, is_proof, is_quiet;
};

static const struct argp_option options[] = {
	{"json", 'j', NULL, 0, "print one JSON object", 0},
	{"quiet", 'q', NULL, 0, "leave out what is well", 0},
	{"proof", 'P', NULL, OPTION_HIDDEN, NULL, 0},
	{0}};

static error_t take_option(int key, char *arg, struct argp_state *state)
{
	struct doctor_options *o = state->input;

	switch (key) {
	case 'j':
		o->is_json = true;
		return 0;
	case 'q':
		o->is_quiet = true;
		return 0;
	case 'P':
		o->is_proof = true;
		return 0;
	case ARGP_KEY_ARG:
		o->program = arg;
		/* Its arguments are not looked at. */
		state->next = state->argc;
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static const struct argp argp = {
	options,
	take_option,
	"[-- PROGRAM [ARG...]]",
	"Tell what stands between this machine and copies that a DSA does, in "
	"the order in which to mend it; with PROGRAM, what would keep that "
	"program from being served (it is not run).  The last line is the "
	"verdict.\vExit status: 0 copies are offloaded, and PROGRAM's could "
	"be; 1 they are not; 2 bad command line.",
	NULL,
	NULL,
	NULL};

void doctor_say(struct doctor *d, enum doctor_level level, const char *topic,
		const char *format, ...)
{
	struct doctor_finding *f = &d->finding[d->findings];
	va_list ap;

	if (d->findings == DOCTOR_MOST)
		return;
	d->findings++;
	f->level = level;
	snprintf(f->topic, sizeof(f->topic), "%s", topic);
	va_start(ap, format);
	vsnprintf(f->text, sizeof(f->text), format, ap);
	va_end(ap);
}

void doctor_mend(struct doctor *d, const char *format, ...)
{
	struct doctor_finding *f = &d->finding[d->findings - 1];
	va_list ap;

	va_start(ap, format);
	vsnprintf(f->mend, sizeof(f->mend), format, ap);
	va_end(ap);
}

bool doctor_line(const char *path, char *out, size_t room)
{
	FILE *f = fopen(path, "re");
	bool ok = f && fgets(out, (int)room, f);

	if (ok)
		out[strcspn(out, "\n")] = 0;
	if (f)
		fclose(f);
	return ok;
}

static const struct doctor_finding *first_obstacle(const struct doctor *d)
{
	for (unsigned i = 0; i < d->findings; i++)
		if (d->finding[i].level == DOCTOR_OBSTACLE)
			return &d->finding[i];
	return NULL;
}

static bool is_well(const struct doctor *d)
{
	return d->is_served && d->program_is_served;
}

/* "wq0.0 is dedicated, ..." up to what explains more; or "proof: ...". */
static void say_obstacle(const struct doctor_finding *f, char *out, size_t room)
{
	static const char *const verbs[] = {"is ", "has ", "does "};
	const char *semi = strstr(f->text, "; "), *colon = ": ";

	for (size_t i = 0; i < sizeof(verbs) / sizeof(*verbs); i++)
		if (!strncmp(f->text, verbs[i], strlen(verbs[i])))
			colon = " ";
	snprintf(out, room, "%s%s%.*s", f->topic, colon,
		 semi ? (int)(semi - f->text) : (int)strlen(f->text), f->text);
}

static void verdict(const struct doctor *d, char *out, size_t room)
{
	const struct doctor_finding *f = first_obstacle(d);
	char why[520] = "the device moved nothing";

	if (f)
		say_obstacle(f, why, sizeof(why));
	if (is_well(d) && d->conf.device == DSAM_DEVICE_SOFTWARE)
		snprintf(out, room,
			 "copies go to the software stand-in (device = "
			 "software), which is for trying things out");
	else if (is_well(d))
		snprintf(out, room,
			 "copies are offloaded: %u work queue%s, by %s",
			 d->answering, d->answering == 1 ? "" : "s",
			 d->submission);
	else
		snprintf(out, room, "copies are not offloaded: %s", why);
}

static void print_text(const struct doctor *d, bool is_quiet)
{
	static const char *const words[] = {"ok", "note", "warning",
					    "OBSTACLE"};
	static const enum cli_tone tones[] = {CLI_GOOD, CLI_PLAIN, CLI_WARNING,
					      CLI_BAD};
	char line[600];

	for (unsigned i = 0; i < d->findings; i++) {
		const struct doctor_finding *f = &d->finding[i];

		if (is_quiet && f->level == DOCTOR_OK)
			continue;
		cli_print(tones[f->level], "%-8s", words[f->level]);
		printf("  %-10s  %s\n", f->topic, f->text);
		if (f->mend[0])
			cli_print(CLI_STRONG, "%22s%s\n", "mend: ", f->mend);
	}
	verdict(d, line, sizeof(line));
	cli_print(is_well(d) ? CLI_GOOD : CLI_BAD, "Verdict: %s\n", line);
}

static void print_json(const struct doctor *d)
{
	static const char *const words[] = {"ok", "note", "warning",
					    "obstacle"};
	json_object *all = json_object_new_object();
	json_object *list = json_object_new_array();
	char line[600];

	for (unsigned i = 0; i < d->findings; i++) {
		const struct doctor_finding *f = &d->finding[i];
		json_object *o = json_object_new_object();

		json_object_object_add(o, "level",
				       json_object_new_string(words[f->level]));
		json_object_object_add(o, "topic",
				       json_object_new_string(f->topic));
		json_object_object_add(o, "text",
				       json_object_new_string(f->text));
		if (f->mend[0])
			json_object_object_add(o, "mend",
					       json_object_new_string(f->mend));
		json_object_array_add(list, o);
	}
	verdict(d, line, sizeof(line));
	json_object_object_add(all, "works",
			       json_object_new_boolean(is_well(d)));
	json_object_object_add(all, "verdict", json_object_new_string(line));
	json_object_object_add(all, "findings", list);
	puts(json_object_to_json_string_ext(all, JSON_C_TO_STRING_PRETTY));
	json_object_put(all);
}

int cli_doctor(int argc, char **argv)
{
	struct doctor_options o = {0};
	struct doctor *d = &doctor;

	cli_parse(&argp, argc, argv, ARGP_IN_ORDER, NULL, &o);
	if (o.is_proof)
		return doctor_proof_child();
	d->program_is_served = true;
	doctor_processor(d);
	doctor_kernel(d);
	doctor_devices(d);
	doctor_container(d);
	doctor_settings(d);
	doctor_submission(d);
	doctor_sizes(d);
	doctor_proof(d);
	if (o.program)
		doctor_program(d, o.program);
	if (o.is_json)
		print_json(d);
	else
		print_text(d, o.is_quiet);
	return is_well(d) ? CLI_OK : CLI_NO;
}
