// SPDX-License-Identifier: MIT
/*
 * Room: COLD (the command).  dsamove check: are settings understood, and what
 * is in effect?
 * May: read the configuration file.  Must not: open a device.
 */
#include "cli.h"

#include "conf_value.h"
#include "settings.h"

#include <json-c/json.h>
#include <stdio.h>
#include <string.h>

static struct dsam_conf conf;
static char value[CLI_VALUE_ROOM];

struct check_options {
	const char *file;
	bool is_json, changed_only;
};

static const struct argp_option options[] = {
	{"changed", 'c', NULL, 0, "leave out what is at its default", 0},
	{"json", 'j', NULL, 0, "print one JSON object", 0},
	{0}};

static error_t take_option(int key, char *arg, struct argp_state *state)
{
	struct check_options *o = state->input;

	switch (key) {
	case 'c':
		o->changed_only = true;
		return 0;
	case 'j':
		o->is_json = true;
		return 0;
	case ARGP_KEY_ARG:
		if (o->file)
			argp_error(state, "one FILE is enough");
		o->file = arg;
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static const struct argp argp = {
	options,
	take_option,
	"[FILE]",
	"Check a configuration as libdsapreload.so would read it, and print "
	"each setting that is in effect with its source: default, FILE:LINE "
	"or environment.  Without FILE: what DSAMOVE_CONF names, else "
	"/etc/dsamove.conf.\vExit status: 0 understood; 1 not, and stderr "
	"says why: nothing would be offloaded; 2 bad command line.",
	NULL,
	NULL,
	NULL};

static json_object *json_setting(enum dsam_key key)
{
	json_object *o = json_object_new_object();
	int from = conf.from[key];

	json_object_object_add(o, "value", json_object_new_string(value));
	json_object_object_add(
		o, "source",
		json_object_new_string(from > 0 ? "file"
				       : from == DSAM_FROM_ENVIRONMENT
					       ? "environment"
					       : "default"));
	if (from > 0)
		json_object_object_add(o, "line", json_object_new_int(from));
	return o;
}

static void print_json(bool is_valid, const char *error, bool changed_only)
{
	json_object *all = json_object_new_object();
	json_object *settings = json_object_new_object();

	json_object_object_add(all, "valid", json_object_new_boolean(is_valid));
	if (error)
		json_object_object_add(all, "error",
				       json_object_new_string(error));
	json_object_object_add(all, "file", json_object_new_string(conf.file));
	for (int k = 0; is_valid && k < DSAM_KEYS; k++) {
		if (changed_only && conf.from[k] == DSAM_FROM_DEFAULT)
			continue;
		cli_settings_value(&conf, (enum dsam_key)k, value,
				   sizeof(value));
		json_object_object_add(settings, dsam_key_table[k].name,
				       json_setting((enum dsam_key)k));
	}
	json_object_object_add(all, "settings", settings);
	puts(json_object_to_json_string_ext(all, JSON_C_TO_STRING_PRETTY));
	json_object_put(all);
}

static void print_text(bool changed_only)
{
	char source[600];
	int changed = 0;

	for (int k = 0; k < DSAM_KEYS; k++) {
		bool is_changed = conf.from[k] != DSAM_FROM_DEFAULT;

		changed += is_changed;
		if (changed_only && !is_changed)
			continue;
		cli_settings_value(&conf, (enum dsam_key)k, value,
				   sizeof(value));
		cli_print(is_changed ? CLI_STRONG : CLI_PLAIN,
			  "%-20s %-28s %s\n", dsam_key_table[k].name,
			  *value ? value : "(empty)",
			  cli_settings_source(&conf, (enum dsam_key)k, source,
					      sizeof(source)));
	}
	printf("%s: understood, %d of %d settings given\n",
	       conf.file[0] ? conf.file : "no file", changed, DSAM_KEYS);
}

int cli_check(int argc, char **argv)
{
	struct check_options o = {0};
	struct dsam_conf_error err;
	bool is_valid;

	cli_parse(&argp, argc, argv, 0, NULL, &o);
	is_valid = cli_settings_load(&conf, o.file, &err);
	if (!is_valid)
		cli_complain("%s", err.text);
	if (o.is_json)
		print_json(is_valid, is_valid ? NULL : err.text,
			   o.changed_only);
	else if (is_valid)
		print_text(o.changed_only);
	return is_valid ? CLI_OK : CLI_NO;
}
