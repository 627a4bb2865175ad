// SPDX-License-Identifier: MIT
/*
 * Room: COLD, PURE.  Settings from text and environment, and the messages
 * when they are wrong.
 * May: inih, string.h, snprintf.  Must not: open files, print.
 */
#include "conf.h"

#include "conf_value.h"

#include <ctype.h>
#include <errno.h>
#include <fnmatch.h>
#include <ini.h>
#include <stdio.h>
#include <string.h>

#define ENV_PREFIX "DSAMOVE_"
#define ENV_FILE "DSAMOVE_CONF"

void dsam_conf_defaults(struct dsam_conf *conf)
{
	char why[160];

	memset(conf, 0, sizeof(*conf));
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

void dsam_conf_complain(const struct dsam_conf *conf, enum dsam_key key,
			struct dsam_conf_error *err, const char *what)
{
	const char *name = dsam_key_table[key].name;
	char upper[64];
	size_t i;

	if (conf->from[key] > 0) {
		snprintf(err->text, sizeof(err->text), "%s:%d: %s: %s",
			 conf->file, conf->from[key], name, what);
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

struct reading {
	struct dsam_conf *conf;
	struct dsam_conf_error *err;
	const char *name, *at, *end;
	int line; /* the line that inih was last given, from 1 */
	int bad_line; /* first line with an error of ours; 0: none */
	bool is_continued;
};

static void file_error(struct reading *r, const char *key, const char *what)
{
	if (r->bad_line)
		return;
	r->bad_line = r->line;
	snprintf(r->err->text, sizeof(r->err->text), "%s:%d: %s%s%s", r->name,
		 r->line, key, *key ? ": " : "", what);
}

/* inih's fgets: one line of the text, which has been checked to fit. */
static char *next_line(char *out, int room, void *stream)
{
	struct reading *r = stream;
	size_t left = (size_t)(r->end - r->at), n;
	const char *nl;

	if (!left || r->bad_line)
		return NULL;
	r->line++;
	nl = memchr(r->at, '\n', left);
	n = nl ? (size_t)(nl - r->at) + 1 : left;
	if (n > (size_t)room - 1) {
		char what[80];

		snprintf(what, sizeof(what),
			 "the line has %zu bytes, expected at most %d",
			 nl ? n - 1 : n, room - 2);
		file_error(r, "", what);
		return NULL;
	}
	for (size_t i = 0; i < n; i++) {
		unsigned char c = (unsigned char)r->at[i];

		if (c < 32 && !isspace(c)) {
			file_error(r, "",
				   "holds a control character, expected text");
			return NULL;
		}
	}
	memcpy(out, r->at, n);
	out[n] = 0;
	r->at += n;
	if (out[0] == '[') {
		file_error(r, "", "begins a section, expected none");
		return NULL;
	}
	/* inih hands an indented line to the handler as more of the last. */
	r->is_continued = isspace((unsigned char)out[0]);
	return out;
}

static int take_pair(void *user, const char *section, const char *name,
		     const char *value)
{
	struct reading *r = user;
	enum dsam_key key = dsam_conf_key_find(name, strlen(name));
	enum dsam_kind kind;
	char why[400];

	if (r->bad_line)
		return 0;
	if (*section) {
		file_error(r, "", "stands in a section, expected none");
		return 0;
	}
	if (key == DSAM_KEYS) {
		snprintf(why, sizeof(why), "%.60s", name);
		file_error(r, why,
			   "unknown key, expected one that "
			   "dsamove.conf.example lists");
		return 0;
	}
	kind = dsam_key_table[key].kind;
	if (r->conf->from[key] > 0 && r->is_continued &&
	    kind != DSAM_KIND_LIST) {
		file_error(r, dsam_key_table[key].name,
			   "continued by an indented line, expected a value "
			   "of one line");
		return 0;
	}
	if (r->conf->from[key] > 0 && !r->is_continued) {
		snprintf(why, sizeof(why),
			 "given again, expected once (first in line %d)",
			 r->conf->from[key]);
		file_error(r, name, why);
		return 0;
	}
	if (dsam_conf_value_set(r->conf, key, value,
				r->is_continued && kind == DSAM_KIND_LIST, why,
				sizeof(why))) {
		file_error(r, dsam_key_table[key].name, why);
		return 0;
	}
	if (r->conf->from[key] <= 0)
		r->conf->from[key] = r->line;
	return 1;
}

int dsam_conf_apply_text(struct dsam_conf *conf, const char *name,
			 const char *text, size_t len,
			 struct dsam_conf_error *err)
{
	struct reading r = {.conf = conf,
			    .err = err,
			    .name = name,
			    .at = text,
			    .end = text + len};
	int rc;

	snprintf(conf->file, sizeof(conf->file), "%s", name);
	rc = ini_parse_stream(next_line, &r, take_pair, &r);
	/* inih goes on after a line of no known form: tell what came first. */
	if (rc && (!r.bad_line || rc < r.bad_line)) {
		r.line = rc;
		r.bad_line = 0;
		file_error(&r, "", "not understood, expected KEY = VALUE");
	}
	return r.bad_line ? -EINVAL : 0;
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
