// SPDX-License-Identifier: MIT
/*
 * Room: COLD, PURE.  Settings from the environment, lists, and the messages
 * when they are wrong.
 * May: string.h, snprintf.  Must not: open files, print.
 */
#include "conf.h"

#include "conf_value.h"

#include <ctype.h>
#include <errno.h>
#include <fnmatch.h>
#include <stdio.h>
#include <string.h>

#define ENV_PREFIX "DSAMOVE_"
#define ENV_FILE "DSAMOVE_CONF"

void dsam_conf_defaults(struct dsam_conf *conf)
{
	char why[160];

	/* Not all of it: the room for rules is 32 pages to make present. */
	memset(conf->from, 0, sizeof(conf->from));
	conf->file[0] = 0;
	for (int k = 0; k < DSAM_KEYS; k++)
		dsam_conf_value_set(conf, (enum dsam_key)k,
				    dsam_key_table[k].def, false, why,
				    sizeof(why));
}

bool dsam_conf_list_next(const char **at, char *out, size_t room)
{
	const char *p = *at + strspn(*at, ", \t");
	size_t n = strcspn(p, ", \t");

	*at = p + n;
	if (!n)
		return false;
	if (n >= room)
		n = room - 1;
	memcpy(out, p, n);
	out[n] = 0;
	return true;
}

bool dsam_conf_list_admits(const char *list, const char *name)
{
	char entry[256];
	bool has_allow = false, allowed = false;

	while (dsam_conf_list_next(&list, entry, sizeof(entry))) {
		if (entry[0] == '!') {
			if (!fnmatch(entry + 1, name, 0))
				return false;
		} else {
			has_allow = true;
			allowed = allowed || !fnmatch(entry, name, 0);
		}
	}
	return allowed || !has_allow;
}

static void complain(const struct dsam_conf *conf, enum dsam_key key, int line,
		     struct dsam_conf_error *err, const char *what)
{
	const char *name = dsam_key_table[key].name;
	char upper[64];
	size_t i;

	if (conf->from[key] > 0) {
		snprintf(err->text, sizeof(err->text), "%s:%d: %s: %s",
			 conf->file, line, name, what);
		return;
	}
	for (i = 0; i < sizeof(upper) - 1 && name[i]; i++)
		upper[i] = (char)toupper((unsigned char)name[i]);
	upper[i] = 0;
	snprintf(err->text, sizeof(err->text), "%s: " ENV_PREFIX "%s: %s",
		 conf->from[key] == DSAM_FROM_ENVIRONMENT ? "environment"
							  : "default",
		 upper, what);
}

void dsam_conf_complain(const struct dsam_conf *conf, enum dsam_key key,
			struct dsam_conf_error *err, const char *what)
{
	complain(conf, key, conf->from[key], err, what);
}

void dsam_conf_complain_rule(const struct dsam_conf *conf, enum dsam_key key,
			     unsigned nth, struct dsam_conf_error *err,
			     const char *what)
{
	bool is_deny = key == DSAM_KEY_callers_deny;

	complain(conf, key, conf->rule_line[is_deny][nth], err, what);
}

int dsam_conf_apply_env(struct dsam_conf *conf, char *const *env,
			struct dsam_conf_error *err)
{
	char why[400];

	for (; env && *env; env++) {
		const char *name = *env, *eq = strchr(name, '=');
		enum dsam_key key;

		if (!eq || strncmp(name, ENV_PREFIX, sizeof(ENV_PREFIX) - 1) ||
		    !strncmp(name, ENV_FILE "=", sizeof(ENV_FILE)))
			continue;
		name += sizeof(ENV_PREFIX) - 1;
		key = dsam_conf_key_find(name, (size_t)(eq - name));
		if (key == DSAM_KEYS) {
			snprintf(err->text, sizeof(err->text),
				 "environment: " ENV_PREFIX "%.*s: unknown "
				 "key, expected one that dsamove.conf.example "
				 "lists, in capitals",
				 (int)(eq - name > 60 ? 60 : eq - name), name);
			return -EINVAL;
		}
		conf->from[key] = DSAM_FROM_ENVIRONMENT;
		if (dsam_conf_value_set(conf, key, eq + 1, false, why,
					sizeof(why))) {
			dsam_conf_complain(conf, key, err, why);
			return -EINVAL;
		}
	}
	return 0;
}

size_t dsam_conf_example(char *out, size_t room)
{
	size_t used = 0;
	char takes[160];

	for (int k = 0; k < DSAM_KEYS && used < room; k++) {
		const struct dsam_key_info *i = &dsam_key_table[k];

		used += (size_t)snprintf(out + used, room - used, "\n# %s\n",
					 i->help);
		dsam_conf_value_expected(i, takes, sizeof(takes));
		if (used < room)
			used += (size_t)snprintf(out + used, room - used,
						 "# Takes %s.\n", takes);
		if (used < room)
			used += (size_t)snprintf(out + used, room - used,
						 "#%s =%s%s\n", i->name,
						 *i->def ? " " : "", i->def);
	}
	return used;
}
