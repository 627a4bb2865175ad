// SPDX-License-Identifier: MIT
/*
 * Room: COLD, PURE.  Numbers and strings for people and for JSON.
 * May: vsnprintf.  Must not: allocate, print.
 */
#include "text.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

void dsam_text_add(struct dsam_text *t, const char *format, ...)
{
	size_t left = t->room - t->used;
	va_list ap;
	int n;

	va_start(ap, format);
	n = vsnprintf(t->buf + t->used, left, format, ap);
	va_end(ap);
	if (n > 0)
		t->used += (size_t)n < left ? (size_t)n : left - 1;
}

/* Length of the well-formed UTF-8 sequence at s; 0 if there is none. */
static size_t utf8_length(const unsigned char *s)
{
	static const struct {
		unsigned char first, last, low, high;
		unsigned char n;
	} form[] = {{0x20, 0x7f, 0, 0, 1},       {0xc2, 0xdf, 0x80, 0xbf, 2},
		    {0xe0, 0xe0, 0xa0, 0xbf, 3}, {0xe1, 0xec, 0x80, 0xbf, 3},
		    {0xed, 0xed, 0x80, 0x9f, 3}, {0xee, 0xef, 0x80, 0xbf, 3},
		    {0xf0, 0xf0, 0x90, 0xbf, 4}, {0xf1, 0xf3, 0x80, 0xbf, 4},
		    {0xf4, 0xf4, 0x80, 0x8f, 4}};

	for (size_t i = 0; i < sizeof(form) / sizeof(*form); i++) {
		if (s[0] < form[i].first || s[0] > form[i].last)
			continue;
		if (form[i].n > 1 &&
		    (s[1] < form[i].low || s[1] > form[i].high))
			return 0;
		for (size_t k = 2; k < form[i].n; k++)
			if (s[k] < 0x80 || s[k] > 0xbf)
				return 0;
		return form[i].n;
	}
	return 0;
}

void dsam_text_json(struct dsam_text *t, const char *s)
{
	dsam_text_add(t, "\"");
	while (*s) {
		size_t n = utf8_length((const unsigned char *)s);

		if (*s == '"' || *s == '\\')
			dsam_text_add(t, "\\%c", *s++);
		else if ((unsigned char)*s < 32)
			dsam_text_add(t, "\\u%04x", (unsigned)*s++);
		else if (!n) {
			dsam_text_add(t, "\\ufffd");
			s++;
		} else {
			dsam_text_add(t, "%.*s", (int)n, s);
			s += n;
		}
	}
	dsam_text_add(t, "\"");
}

void dsam_text_printable(char *s)
{
	for (; *s; s++)
		if ((unsigned char)*s < 32 || *s == 127)
			*s = '?';
}

/* v / 10^n with three significant digits, without floating point. */
static void three(char *out, size_t room, uint64_t v, uint64_t unit,
		  const char *name)
{
	uint64_t whole = v / unit, rest = v % unit;

	if (whole < 10)
		snprintf(out, room, "%llu.%02llu %s", (unsigned long long)whole,
			 (unsigned long long)(rest * 100 / unit), name);
	else if (whole < 100)
		snprintf(out, room, "%llu.%llu %s", (unsigned long long)whole,
			 (unsigned long long)(rest * 10 / unit), name);
	else
		snprintf(out, room, "%llu %s", (unsigned long long)whole, name);
}

char *dsam_text_bytes(char *out, size_t room, uint64_t bytes)
{
	static const char *const names[] = {"B",   "KiB", "MiB", "GiB",
					    "TiB", "PiB", "EiB"};
	unsigned u = 0;

	while (u < 6 && bytes >> (10 * u) >= 1024)
		u++;
	if (bytes == (bytes >> (10 * u)) << (10 * u))
		snprintf(out, room, "%llu %s",
			 (unsigned long long)(bytes >> (10 * u)), names[u]);
	else if (u > 1) /* keep rest * 100 within 64 bits */
		three(out, room, bytes >> (10 * (u - 1)), 1024, names[u]);
	else
		three(out, room, bytes, 1024, names[1]);
	return out;
}

char *dsam_text_time(char *out, size_t room, uint64_t ns)
{
	if (ns < 1000)
		snprintf(out, room, "%llu ns", (unsigned long long)ns);
	else if (ns < 1000000)
		three(out, room, ns, 1000, "us");
	else if (ns < 1000000000ULL)
		three(out, room, ns, 1000000, "ms");
	else
		three(out, room, ns, 1000000000ULL, "s");
	return out;
}

char *dsam_text_count(char *out, size_t room, uint64_t n)
{
	char digits[24];
	int len =
		snprintf(digits, sizeof(digits), "%llu", (unsigned long long)n);
	size_t used = 0;

	for (int i = 0; i < len && used + 2 < room; i++) {
		if (i && (len - i) % 3 == 0)
			out[used++] = ',';
		out[used++] = digits[i];
	}
	out[used] = 0;
	return out;
}

char *dsam_text_share(char *out, size_t room, uint64_t part, uint64_t whole)
{
	uint64_t tenths;

	if (!whole) {
		snprintf(out, room, "-");
		return out;
	}
	tenths = (uint64_t)(((unsigned __int128)part * 1000 + whole / 2) /
			    whole);
	/* Nothing and all are said of nothing and all only. */
	if (part && !tenths) {
		snprintf(out, room, "<0.1 %%");
		return out;
	}
	if (part < whole && tenths >= 1000) {
		snprintf(out, room, ">99.9 %%");
		return out;
	}
	snprintf(out, room, "%llu.%llu %%", (unsigned long long)tenths / 10,
		 (unsigned long long)tenths % 10);
	return out;
}
