// SPDX-License-Identifier: MIT
/*
 * Settings: text up to the first NUL is a file, what follows are variables of
 * the environment, without their DSAMOVE_.
 */
#include "fuzz.h"

#include "conf.h"
#include "device_software.h"

#include <stdio.h>
#include <stdlib.h>

#define VARIABLES 16

/* One line, not empty, with an end. */
static void check_message(const struct dsam_conf_error *err)
{
	size_t n = strnlen(err->text, sizeof(err->text));

	MUST(n && n < sizeof(err->text));
}

/* What no text can make of them. */
static void check_settings(const struct dsam_conf *conf)
{
	char entry[64], why[256];
	const char *at = conf->queues;
	unsigned n = 0;

	MUST(conf->device <= DSAM_DEVICE_NONE && conf->mode <= DSAM_MODE_SPLIT);
	MUST(conf->min_bytes == DSAM_CONF_AUTO_SIZE ||
	     (conf->min_bytes >= 1 && conf->min_bytes <= 1ULL << 40));
	MUST(conf->split_cpu_percent == DSAM_CONF_AUTO ||
	     conf->split_cpu_percent <= 90);
	MUST(conf->verify <= 100);
	MUST(conf->caller_depth >= 1 && conf->caller_depth <= 16);
	MUST(conf->device_timeout_ms >= 1 && conf->software_engines <= 64);
	MUST(memchr(conf->queues, 0, sizeof(conf->queues)));
	MUST(memchr(conf->report_file, 0, sizeof(conf->report_file)));
	MUST(memchr(conf->callers_allow, 0, sizeof(conf->callers_allow)));
	while (dsam_conf_list_next(&at, entry, sizeof(entry)))
		MUST(entry[0] && ++n <= sizeof(conf->queues));
	at = conf->callers_allow;
	n = 0;
	while (dsam_conf_rule_next(&at, entry, sizeof(entry))) {
		/* On the heap, where one byte too many is seen. */
		char *pattern = malloc(2 * strlen(entry) + 1);

		MUST(entry[0] && ++n <= sizeof(conf->callers_allow));
		dsam_conf_rule_pattern(entry, pattern);
		free(pattern);
	}
	(void)dsam_conf_list_admits(conf->programs, "fuzz");
	(void)dsam_software_script(conf->software_script, why, sizeof(why));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct dsam_conf conf;
	struct dsam_conf_error err = {""};
	char *env[VARIABLES + 1] = {NULL}, room[VARIABLES][600];
	const uint8_t *end = memchr(data, 0, size);
	size_t text = end ? (size_t)(end - data) : size;

	dsam_conf_defaults(&conf);
	if (dsam_conf_apply_text(&conf, "fuzz", (const char *)data, text,
				 &err)) {
		check_message(&err);
		return 0;
	}
	check_settings(&conf);
	for (int i = 0; i < VARIABLES && text < size; i++) {
		const char *name = (const char *)data + ++text;
		int n = (int)strnlen(name, size - text);

		snprintf(room[i], sizeof(room[i]), "DSAMOVE_%.*s", n, name);
		env[i] = room[i];
		text += (size_t)n;
	}
	if (dsam_conf_apply_env(&conf, env, &err))
		check_message(&err);
	else
		check_settings(&conf);
	return 0;
}
