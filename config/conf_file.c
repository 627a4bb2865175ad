// SPDX-License-Identifier: MIT
/*
 * Room: COLD, PURE.  Settings from a file's text.
 * May: inih, string.h, snprintf.  Must not: open files, print.
 */
#include "conf_value.h"

#include <ctype.h>
#include <errno.h>
#include <ini.h>
#include <stdio.h>
#include <string.h>

struct reading {
	struct dsam_conf *conf;
	struct dsam_conf_error *err;
	const char *name, *at, *end;
	int line; /* the line that inih was last given, from 1 */
	int bad_line; /* first line with an error of ours; 0: none */
	bool is_continued;
	enum dsam_key last; /* key of the last line that was taken */
	bool is_own; /* which we read ourselves: inih knows of none */
};

/* Room of a line with caller rules, which inih would cut. */
#define LONG_LINE 8192

static int take_pair(void *user, const char *section, const char *name,
		     const char *value);

static void file_error(struct reading *r, const char *key, const char *what)
{
	if (r->bad_line)
		return;
	r->bad_line = r->line;
	snprintf(r->err->text, sizeof(r->err->text), "%s:%d: %s%s%s", r->name,
		 r->line, key, *key ? ": " : "", what);
}

/* The end of a value: before " ;", and blanks. */
static size_t value_length(const char *value)
{
	size_t n = 0;

	while (value[n] &&
	       !(value[n] == ';' && n && isspace((unsigned char)value[n - 1])))
		n++;
	while (n && isspace((unsigned char)value[n - 1]))
		n--;
	return n;
}

/* The key of caller rules that a line is of, or DSAM_KEYS. */
static enum dsam_key rules_key(const struct reading *r, const char *text,
			       size_t n)
{
	enum dsam_key key = r->last;
	size_t name = 0;

	if (!isspace((unsigned char)text[0])) {
		while (name < n && text[name] != '=' && text[name] != ' ' &&
		       text[name] != '\t')
			name++;
		key = dsam_conf_key_find(text, name);
	}
	return key != DSAM_KEYS && dsam_key_table[key].kind == DSAM_KIND_RULES
		       ? key
		       : DSAM_KEYS;
}

/*
 * As much of a line as fits, in whole rules: to a comma that is not between
 * parameters.
 */
static size_t fitting_length(const char *text, size_t n)
{
	size_t fits = 0;
	unsigned open = 0;

	if (n < LONG_LINE)
		return n;
	for (size_t i = 0; i < LONG_LINE; i++) {
		if (text[i] == ',' && !open)
			fits = i;
		open += text[i] == '(' || text[i] == '<';
		open -= (text[i] == ')' || text[i] == '>') && open;
	}
	return fits;
}

/*
 * A line that inih can't take: of caller rules, and either long or more of
 * one that was.  False: it is not of that kind, or too long for us; then there
 * is no fault in what fits.
 */
static bool take_long_line(struct reading *r, const char *text, size_t n,
			   bool is_long)
{
	bool more = isspace((unsigned char)text[0]);
	enum dsam_key key = rules_key(r, text, n);
	char line[LONG_LINE], *value = line;
	size_t fits = fitting_length(text, n);

	if (!fits || !(is_long || (more && r->is_own)) || key == DSAM_KEYS)
		return false;
	memcpy(line, text, fits);
	line[fits] = 0;
	if (!more) {
		value += strcspn(line, "= \t");
		value += strspn(value, " \t");
		if (*value++ != '=')
			return false;
	}
	value += strspn(value, " \t");
	if (more && (*value == ';' || *value == '#'))
		return true;
	value[value_length(value)] = 0;
	if (more && !*value)
		return true;
	r->is_continued = more;
	take_pair(r, "", dsam_key_table[key].name, value);
	r->is_own = true;
	return fits == n || r->bad_line;
}

static bool check_line(struct reading *r, const char *text, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		unsigned char c = (unsigned char)text[i];

		if (c < 32 && !isspace(c)) {
			file_error(r, "",
				   "holds a control character, expected text");
			return false;
		}
	}
	if (text[0] == '[') {
		file_error(r, "", "begins a section, expected none");
		return false;
	}
	return true;
}

/* inih's fgets: one line of the text, which has been checked to fit. */
static char *next_line(char *out, int room, void *stream)
{
	struct reading *r = stream;
	const char *nl, *text = r->at;
	size_t left = (size_t)(r->end - text), n;

	if (!left || r->bad_line)
		return NULL;
	r->line++;
	nl = memchr(text, '\n', left);
	n = nl ? (size_t)(nl - text) + 1 : left;
	r->at += n;
	if (!check_line(r, text, n))
		return NULL;
	if (take_long_line(r, text, n, n > (size_t)room - 1)) {
		/* For inih, which counts, an empty one. */
		out[0] = '\n';
		out[1] = 0;
		return out;
	}
	if (n > (size_t)room - 1) {
		enum dsam_key key = rules_key(r, text, n);
		char what[80];

		snprintf(what, sizeof(what),
			 "the line has %zu bytes, expected at most %d",
			 nl ? n - 1 : n,
			 key != DSAM_KEYS ? LONG_LINE - 2 : room - 2);
		file_error(r, key != DSAM_KEYS ? dsam_key_table[key].name : "",
			   what);
		return NULL;
	}
	memcpy(out, text, n);
	out[n] = 0;
	/* inih hands an indented line to the handler as more of the last. */
	r->is_continued = isspace((unsigned char)out[0]);
	return out;
}

/* The rules that a line has added are of that line. */
static void note_rules(struct reading *r, enum dsam_key key)
{
	bool is_deny = key == DSAM_KEY_callers_deny;
	const char *at =
		is_deny ? r->conf->callers_deny : r->conf->callers_allow;
	int *line = r->conf->rule_line[is_deny];
	char rule[2];

	if (!r->is_continued)
		memset(line, 0, sizeof(r->conf->rule_line[is_deny]));
	for (unsigned i = 0; dsam_conf_rule_next(&at, rule, sizeof(rule)); i++)
		if (!line[i])
			line[i] = r->line;
}

static int take_pair(void *user, const char *section, const char *name,
		     const char *value)
{
	struct reading *r = user;
	enum dsam_key key = dsam_conf_key_find(name, strlen(name));
	enum dsam_kind kind;
	bool is_list;
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
	r->last = key;
	r->is_own = false;
	kind = dsam_key_table[key].kind;
	is_list = kind == DSAM_KIND_LIST || kind == DSAM_KIND_RULES;
	if (r->conf->from[key] > 0 && r->is_continued && !is_list) {
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
	if (dsam_conf_value_set(r->conf, key, value, r->is_continued && is_list,
				why, sizeof(why))) {
		file_error(r, dsam_key_table[key].name, why);
		return 0;
	}
	if (r->conf->from[key] <= 0)
		r->conf->from[key] = r->line;
	if (kind == DSAM_KIND_RULES)
		note_rules(r, key);
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
			    .end = text + len,
			    .last = DSAM_KEYS};
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
