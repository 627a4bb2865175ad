// SPDX-License-Identifier: MIT
/*
 * Room: COLD (the command).  Settings as text, with their source.
 * May: set DSAMOVE_CONF of this process.  Must not: print.
 */
#include "settings.h"

#include "conf_value.h"
#include "open_device.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

bool cli_settings_load(struct dsam_conf *conf, const char *file,
		       struct dsam_conf_error *err)
{
	if (file)
		setenv("DSAMOVE_CONF", file, 1);
	return !dsam_conf_load(conf, environ, err) &&
	       !dsam_open_device_check(conf, err);
}

/* The words of choices whose bits are set, with commas. */
static void set_text(const char *choices, unsigned bits, char *out, size_t room)
{
	size_t used = 0;

	out[0] = 0;
	for (unsigned bit = 1; *choices && used < room; bit <<= 1) {
		size_t n = strcspn(choices, "|");

		if (bits & bit)
			used += (size_t)snprintf(out + used, room - used,
						 "%s%.*s", used ? "," : "",
						 (int)n, choices);
		choices += n + (choices[n] == '|');
	}
}

static void number_text(unsigned long long n, bool is_size, char *out,
			size_t room)
{
	static const char *const units[] = {"", "K", "M", "G"};
	int u = 0;

	while (is_size && n && !(n & 1023) && u < 3) {
		n >>= 10;
		u++;
	}
	snprintf(out, room, "%llu%s", n, units[u]);
}

/* The entries of a list; those of several lines have been put together. */
static void list_text(const struct dsam_key_info *k, const char *at, char *out,
		      size_t room)
{
	char entry[1100];
	size_t used = 0;

	out[0] = 0;
	while (used < room &&
	       (k->kind == DSAM_KIND_RULES
			? dsam_conf_rule_next(&at, entry, sizeof(entry))
			: dsam_conf_list_next(&at, entry, sizeof(entry))))
		used += (size_t)snprintf(out + used, room - used, "%s%s",
					 used ? "," : "", entry);
}

/* Is field what the word would make of it?  Then the word says more. */
static bool is_word(const struct dsam_key_info *k, enum dsam_key key,
		    const void *field, size_t bytes, const char *word)
{
	static struct dsam_conf other;
	char why[400];

	return !dsam_conf_value_set(&other, key, word, false, why,
				    sizeof(why)) &&
	       !memcmp(field, (const char *)&other + k->offset, bytes);
}

const char *cli_settings_value(const struct dsam_conf *conf, enum dsam_key key,
			       char *out, size_t room)
{
	const struct dsam_key_info *k = &dsam_key_table[key];
	const char *field = (const char *)conf + k->offset;
	unsigned narrow;
	size_t wide;

	memcpy(&narrow, field, sizeof(narrow));
	memcpy(&wide, field, sizeof(wide));
	switch (k->kind) {
	case DSAM_KIND_CHOICE:
		set_text(k->choices, 1U << narrow, out, room);
		break;
	case DSAM_KIND_SET:
		set_text(k->choices, narrow, out, room);
		break;
	case DSAM_KIND_NUMBER:
		if (is_word(k, key, field, sizeof(narrow), "auto"))
			snprintf(out, room, "auto");
		else
			number_text(narrow, false, out, room);
		break;
	case DSAM_KIND_SIZE:
	case DSAM_KIND_OPTSIZE:
		if (is_word(k, key, field, sizeof(wide), ""))
			out[0] = 0;
		else if (is_word(k, key, field, sizeof(wide), "auto"))
			snprintf(out, room, "auto");
		else
			number_text(wide, true, out, room);
		break;
	case DSAM_KIND_LIST:
	case DSAM_KIND_RULES:
		list_text(k, field, out, room);
		break;
	case DSAM_KIND_TEXT:
		snprintf(out, room, "%s", field);
		break;
	}
	return out;
}

const char *cli_settings_source(const struct dsam_conf *conf, enum dsam_key key,
				char *out, size_t room)
{
	int from = conf->from[key];

	if (from > 0)
		snprintf(out, room, "%s:%d", conf->file, from);
	else
		snprintf(out, room, "%s",
			 from == DSAM_FROM_ENVIRONMENT ? "environment"
						       : "default");
	return out;
}
