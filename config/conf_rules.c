// SPDX-License-Identifier: MIT
/*
 * Room: COLD, PURE.  The form of caller rules, and what is wrong with one.
 * May: string.h, ctype.h, snprintf.  Must not: look at what is loaded.
 */
#include "conf_rules.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#define BLANKS ", \t"
#define FORM                                                        \
	"expected MODULE or MODULE:SYMBOL, such as libfoo.so.1 or " \
	"libfoo:copy_*"

static bool is_name(char c)
{
	return isalnum((unsigned char)c) || c == '_' || c == '$';
}

/* Behind "operator": " char const*()", to the "("; 0: that is not there. */
static size_t conversion_length(const char *p)
{
	size_t n = 1;

	if (*p != ' ' || !is_name(p[1]))
		return 0;
	while (is_name(p[n]) || (p[n] && strchr(" *&", p[n])) ||
	       !strncmp(p + n, "::", 2))
		n += p[n] == ':' ? 2 : 1;
	return p[n] == '(' ? n : 0;
}

/*
 * Of "operator" and the sign behind it, with a blank and a word as in
 * "operator new"; 0: p + n is not there.
 */
static size_t operator_length(const char *p, size_t n)
{
	static const char *const signs[] = {
		"()", "<<=", ">>=", "<=>", "<<", ">>",   "->*",
		"->", "<=",  ">=",  "<",   ">",  " new", " delete"};
	size_t word = strlen("operator"), more;

	if ((n && is_name(p[n - 1])) || strncmp(p + n, "operator", word) != 0)
		return 0;
	for (size_t i = 0; i < sizeof(signs) / sizeof(*signs); i++) {
		size_t sign = strlen(signs[i]);

		if (strncmp(p + n + word, signs[i], sign) != 0 ||
		    (signs[i][0] == ' ' && is_name(p[n + word + sign])))
			continue;
		/* A template's parameters are apart from a sign. */
		return word + sign + !strncmp(p + n + word + sign, " <", 2);
	}
	more = conversion_length(p + n + word);
	return more ? word + more : 0;
}

/* Length of what may follow the parameters, such as " const"; 0: nothing. */
static size_t after_length(const char *p)
{
	static const char *const words[] = {" const", " volatile", " &&", " &"};

	for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++) {
		size_t n = strlen(words[i]);

		if (!strncmp(p, words[i], n) && !is_name(p[n]))
			return n;
	}
	return 0;
}

/*
 * Length of the rule at p.  A C++ function's parameters hold commas and
 * blanks, which separate rules only outside of () and <>; but for " const" and
 * such behind them, and "operator new".
 */
static size_t rule_length(const char *p)
{
	unsigned open = 0;
	size_t n = 0, more;
	bool is_done = false; /* with the parameters */

	while (p[n]) {
		more = operator_length(p, n);
		if (more) {
			n += more;
			continue;
		}
		is_done = !open && n && (is_done || p[n - 1] == ')');
		more = is_done ? after_length(p + n) : 0;
		if (more) {
			n += more;
			continue;
		}
		if (p[n] == '(' || p[n] == '<')
			open++;
		else if ((p[n] == ')' || p[n] == '>') && open)
			open--;
		else if (!open && strchr(BLANKS, p[n]))
			break;
		n++;
	}
	/* Nothing closes it: then it ends where others do. */
	return open ? strcspn(p, BLANKS) : n;
}

bool dsam_conf_rule_next(const char **at, char *out, size_t room)
{
	const char *p = *at + strspn(*at, BLANKS);
	size_t n = rule_length(p);

	*at = p + n;
	if (!n || !room)
		return false;
	if (n >= room)
		n = room - 1;
	memcpy(out, p, n);
	out[n] = 0;
	return true;
}

/* In parameters: does a type end before p, so that a '*' makes it a pointer? */
static bool is_pointer(const char *symbol, const char *p, bool was_pointer)
{
	if (p > symbol && p[-1] == '*')
		return was_pointer;
	while (p > symbol && p[-1] == ' ')
		p--;
	return p > symbol && (is_name(p[-1]) || p[-1] == '>');
}

void dsam_conf_rule_pattern(const char *symbol, char *out)
{
	bool was_pointer = false;
	unsigned open = 0;

	for (const char *p = symbol; *p;) {
		size_t n = operator_length(symbol, (size_t)(p - symbol));

		if (!n) {
			n = 1 + (*p == '\\' && p[1]);
			was_pointer = *p == '*' && open &&
				      is_pointer(symbol, p, was_pointer);
			if (was_pointer)
				*out++ = '\\';
			open += *p == '(' || *p == '<';
			open -= (*p == ')' || *p == '>') && open;
		}
		while (n--)
			*out++ = *p++;
	}
	*out = 0;
}

/* A "[...]" that no character can match, or that does not end. */
static bool is_hopeless(const char **glob)
{
	const char *p = *glob + 1;
	bool is_not, any = false;

	is_not = *p == '!' || *p == '^';
	p += is_not;
	do {
		unsigned char low, high;

		p += *p == '\\' && p[1];
		if (!*p)
			return true;
		low = high = (unsigned char)*p++;
		if (*p == '-' && p[1] && p[1] != ']') {
			p++;
			p += *p == '\\' && p[1];
			high = (unsigned char)*p++;
		}
		any = any || low <= high;
	} while (*p && *p != ']');
	*glob = p;
	return !*p || (!any && !is_not);
}

static const char *glob_fault(const char *glob)
{
	for (; *glob; glob++) {
		if (*glob == '\\') {
			if (!*++glob)
				return "ends in a '\\', which matches nothing";
		} else if (*glob == '[' && is_hopeless(&glob)) {
			return "has a [ ] that matches nothing";
		}
	}
	return NULL;
}

/* Colons in a symbol are those of C++: pairs, between names. */
static bool has_stray_colon(const char *symbol)
{
	if (*symbol == ':')
		return true;
	for (const char *p = symbol; *p; p++) {
		size_t n = strspn(p, ":");

		if (n && (n != 2 || !p[2]))
			return true;
		p += n ? n - 1 : 0;
	}
	return false;
}

static bool is_balanced(const char *symbol)
{
	int open = 0;

	for (; *symbol && open >= 0; symbol++)
		open += (*symbol == '(') - (*symbol == ')');
	return !open;
}

static const char *rule_fault(char *rule)
{
	char *colon = strchr(rule, ':');
	const char *why;

	if (colon)
		*colon = 0;
	why = !*rule ? "names no module" : glob_fault(rule);
	if (!why && strchr(rule, '/'))
		why = "has a '/', which no file name has";
	if (!why && strpbrk(rule, "<>()&"))
		why = "has <, >, (, ) or & in a module's name, where ? matches "
		      "them";
	if (!why && colon && !colon[1])
		why = "names no symbol";
	if (!why && colon && has_stray_colon(colon + 1))
		why = "has colons that are neither MODULE:SYMBOL nor C++";
	if (!why && colon && !is_balanced(colon + 1))
		why = "has a '(' or a ')' without the other";
	if (!why && colon)
		why = glob_fault(colon + 1);
	if (colon)
		*colon = ':';
	return why;
}

/* One rule that begins at from and was cut to fit. */
static int rule_check(char *rule, size_t length, unsigned count, char *why,
		      size_t room)
{
	const char *fault;

	if (length >= DSAM_RULE_ROOM) {
		snprintf(why, room,
			 "rule '%.60s...' has %zu bytes, expected at most %d",
			 rule, length, DSAM_RULE_ROOM - 1);
		return -EINVAL;
	}
	if (count > DSAM_RULES_MOST) {
		snprintf(why, room,
			 "rule '%.60s' is one too many, expected at most %u "
			 "rules",
			 rule, DSAM_RULES_MOST);
		return -EINVAL;
	}
	fault = rule_fault(rule);
	if (fault) {
		snprintf(why, room, "rule '%.60s' %s, " FORM, rule, fault);
		return -EINVAL;
	}
	return 0;
}

int dsam_conf_rules_check(const char *have, const char *text, char *why,
			  size_t room)
{
	char rule[DSAM_RULE_ROOM];
	unsigned count = 0, commas, most = 0;
	const char *p = have;

	while (dsam_conf_rule_next(&p, rule, sizeof(rule)))
		count++;
	for (p = text;; most = 1) {
		const char *from = p + strspn(p, BLANKS);

		/* The last comma may stand at the end of a line. */
		for (commas = 0; p < from; p++)
			commas += *p == ',';
		if (commas > most) {
			snprintf(why, room, "has an empty rule, " FORM);
			return -EINVAL;
		}
		if (!dsam_conf_rule_next(&p, rule, sizeof(rule)))
			return 0;
		if (rule_check(rule, (size_t)(p - from), ++count, why, room))
			return -EINVAL;
	}
}
