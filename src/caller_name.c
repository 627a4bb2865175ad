// SPDX-License-Identifier: MIT
/*
 * Room: HOT, PURE.  Names of modules and functions against a rule's globs;
 * runs once a module, never for a caller that is known.
 * May: its arguments.  Must not: anything else.
 */
#include "caller_name.h"

/* One character against "[...]"; *glob goes behind it. */
static bool in_bracket(const char **glob, unsigned char c)
{
	const char *p = *glob + 1;
	bool is_not = *p == '!' || *p == '^', found = false;

	p += is_not;
	/* "]" in front is itself; one that is not closed ends with the glob. */
	for (const char *front = p; *p && (p == front || *p != ']');) {
		unsigned char low, high;

		p += *p == '\\' && p[1];
		low = high = (unsigned char)*p++;
		if (*p == '-' && p[1] && p[1] != ']') {
			p++;
			p += *p == '\\' && p[1];
			high = (unsigned char)*p++;
		}
		found = found || (c >= low && c <= high);
	}
	*glob = p + (*p == ']');
	return found != is_not;
}

/* One character of the name against the front of *glob, which is no '*'. */
static bool one(const char **glob, char c)
{
	const char *g = *glob;
	bool is_any = *g == '?';

	if (*g == '[')
		return in_bracket(glob, (unsigned char)c);
	g += *g == '\\' && g[1];
	*glob = g + 1;
	return is_any || *g == c;
}

bool dsam_name_glob(const char *glob, const char *name)
{
	const char *star = NULL, *retry = NULL;

	while (*name) {
		const char *g = glob;

		if (*glob == '*') {
			star = ++glob;
			retry = name;
		} else if (*glob && one(&g, *name)) {
			glob = g;
			name++;
		} else if (star) {
			/* The last star takes one more; earlier ones won't. */
			glob = star;
			name = ++retry;
		} else {
			return false;
		}
	}
	while (*glob == '*')
		glob++;
	return !*glob;
}

bool dsam_name_is_glob(const char *name)
{
	for (; *name; name++) {
		if (*name == '*' || *name == '?' || *name == '[')
			return true;
		name += *name == '\\' && name[1];
	}
	return false;
}

const char *dsam_name_base(const char *path)
{
	const char *base = path;

	for (; *path; path++)
		if (*path == '/')
			base = path + 1;
	return base;
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* Length of name without its last ".part", if that is a version or "so". */
static size_t shorter(const char *name, size_t n)
{
	size_t dot = n;

	while (dot && name[dot - 1] != '.')
		dot--;
	if (dot < 2)
		return 0;
	if (is_digit(name[dot]) ||
	    (n - dot == 2 && name[dot] == 's' && name[dot + 1] == 'o'))
		return dot - 1;
	return 0;
}

bool dsam_name_module(const char *glob, const char *file)
{
	char name[DSAM_NAME_ROOM];
	size_t n = 0;

	for (; n < sizeof(name) - 1 && file[n]; n++)
		name[n] = file[n];
	for (; n; n = shorter(name, n)) {
		name[n] = 0;
		if (dsam_name_glob(glob, name))
			return true;
	}
	return false;
}

struct writer {
	char *out;
	size_t used, room;
};

static bool put(struct writer *w, const char *s, size_t n)
{
	if (w->used + n >= w->room)
		return false;
	for (size_t i = 0; i < n; i++)
		w->out[w->used++] = s[i];
	return true;
}

/* "3foo": the length of the digits and, in *n, of the name behind them. */
static size_t source_name(const char *s, size_t *n)
{
	size_t digits = 0, length = 0;

	for (; digits < 4 && is_digit(s[digits]); digits++)
		length = length * 10 + (size_t)(s[digits] - '0');
	for (size_t i = 0; i < length; i++)
		if (!s[digits + i])
			return 0;
	*n = length;
	return length ? digits : 0;
}

/* The parts of _ZN...E; s is behind the N. */
static bool nested(struct writer *w, const char *s)
{
	const char *last = NULL;
	size_t n = 0, digits;

	while (*s == 'K' || *s == 'V' || *s == 'r' || *s == 'R' || *s == 'O')
		s++;
	for (; *s != 'E'; s += n) {
		if (last && !put(w, "::", 2))
			return false;
		if (last && (*s == 'C' || *s == 'D') && s[1] >= '0' &&
		    s[1] <= '5') {
			/* A constructor is called as its class. */
			if ((*s == 'D' && !put(w, "~", 1)) || !put(w, last, n))
				return false;
			return s[2] == 'E';
		}
		if (!last && s[0] == 'S' && s[1] == 't') {
			s += 2;
			n = 3;
			last = "std";
			if (!put(w, last, n))
				return false;
			n = 0;
			continue;
		}
		digits = source_name(s, &n);
		if (!digits || !put(w, s + digits, n))
			return false;
		last = s + digits;
		s += digits;
	}
	return last != NULL;
}

bool dsam_name_demangle(const char *symbol, char *out, size_t room)
{
	struct writer w = {out, 0, room};
	size_t n = 0, digits;

	if (symbol[0] != '_' || symbol[1] != 'Z')
		return false;
	symbol += 2;
	/* A static function of C++. */
	symbol += *symbol == 'L';
	if (*symbol == 'N') {
		if (!nested(&w, symbol + 1))
			return false;
	} else {
		digits = source_name(symbol, &n);
		if (!digits || symbol[digits + n] == 'I' ||
		    !put(&w, symbol + digits, n))
			return false;
	}
	out[w.used] = 0;
	return true;
}

static bool is_end(char c)
{
	return !c || c == ':' || c == '*' || c == '?' || c == '[' ||
	       c == '\\' || c == '(' || c == '<' || c == ' ';
}

/* Is that, of n bytes, how word begins?  It is mangled as another then. */
static bool begins(const char *word, const char *that, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (that[i] != word[i])
			return false;
	return true;
}

bool dsam_name_may_be(const char *glob, const char *symbol)
{
	const char *p = glob;
	size_t n = 0;

	while (*p && *p != '*' && *p != '?' && *p != '[')
		p += *p == '\\' && p[1] ? 2 : 1;
	/* Without a wildcard it has what makes a name hard, or is not it. */
	if (symbol[0] != '_' || symbol[1] != 'Z' || !*p)
		return false;
	while (!is_end(glob[n]))
		n++;
	if (begins("std", glob, n) || begins("operator", glob, n))
		return true;
	for (; *symbol; symbol++) {
		size_t same = 0;

		while (same < n && symbol[same] == glob[same])
			same++;
		if (same == n)
			return true;
	}
	return false;
}
