// SPDX-License-Identifier: MIT
/*
 * Room: COLD, PURE.  One value of a setting: text in, typed field out.
 * May: string.h, stdio's snprintf.  Must not: open files, look at the
 * environment, print.
 */
#include "conf_value.h"

#include "conf_rules.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

const struct dsam_key_info dsam_key_table[DSAM_KEYS] = {
#define KEY(name_, kind_, def_, low_, high_, choices_, word_, help_) \
	{#name_,                                                     \
	 DSAM_KIND_##kind_,                                          \
	 def_,                                                       \
	 low_,                                                       \
	 high_,                                                      \
	 choices_,                                                   \
	 word_,                                                      \
	 help_,                                                      \
	 offsetof(struct dsam_conf, name_)},
#include "conf_keys.def"
#undef KEY
};

enum dsam_key dsam_conf_key_find(const char *name, size_t len)
{
	for (int k = 0; k < DSAM_KEYS; k++)
		if (strlen(dsam_key_table[k].name) == len &&
		    !strncasecmp(dsam_key_table[k].name, name, len))
			return (enum dsam_key)k;
	return DSAM_KEYS;
}

/* Position of word (len bytes) in "a|b|c", or -1. */
static int choice_find(const char *choices, const char *word, size_t len)
{
	for (int i = 0; *choices; i++) {
		size_t n = strcspn(choices, "|");

		if (n == len && !strncasecmp(choices, word, len))
			return i;
		choices += n + (choices[n] == '|');
	}
	return -1;
}

/* "a|b|c" as "a, b, c". */
static void choices_say(const struct dsam_key_info *k, char *out, size_t room)
{
	size_t used = 0;

	out[0] = 0;
	for (const char *c = k->choices; *c && used < room;) {
		size_t n = strcspn(c, "|");

		used += (size_t)snprintf(out + used, room - used, "%s%.*s",
					 used ? ", " : "", (int)n, c);
		c += n + (c[n] == '|');
	}
}

static void size_say(unsigned long long n, char *out, size_t room)
{
	/* Only units that number_read() takes. */
	static const char unit[] = " KMG";
	int u = 0;

	while (n && !(n & 1023) && u < 3) {
		n >>= 10;
		u++;
	}
	snprintf(out, room, u ? "%llu%c" : "%llu", n, unit[u]);
}

static void range_say(const struct dsam_key_info *k, char *out, size_t room)
{
	char low[24], high[24];
	const char *word = k->word ? k->word : "", * or = "";

	if (k->word)
		or = k->kind == DSAM_KIND_NUMBER ? " or " : ", or ";
	if (k->kind == DSAM_KIND_NUMBER) {
		snprintf(out, room, "a whole number from %llu to %llu%s%s",
			 k->low, k->high, or, word);
		return;
	}
	size_say(k->low, low, sizeof(low));
	size_say(k->high, high, sizeof(high));
	snprintf(out, room, "a size from %s to %s such as 32768, 32K or 1M%s%s",
		 low, high, or, word);
}

void dsam_conf_value_expected(const struct dsam_key_info *k, char *out,
			      size_t room)
{
	char words[120];

	if (k->choices) {
		choices_say(k, words, sizeof(words));
		snprintf(out, room, "%s of %s",
			 k->kind == DSAM_KIND_SET ? "some" : "one", words);
	} else if (k->kind == DSAM_KIND_RULES) {
		snprintf(out, room,
			 "up to %u rules MODULE or MODULE:SYMBOL with commas, "
			 "%llu bytes, 8190 a line",
			 DSAM_RULES_MOST, k->high - 2);
	} else if (k->kind == DSAM_KIND_LIST || k->kind == DSAM_KIND_TEXT) {
		snprintf(out, room, "%s of at most %llu bytes",
			 k->kind == DSAM_KIND_LIST ? "a list with commas"
						   : "a text",
			 k->high - 2);
	} else {
		range_say(k, out, room);
	}
}

/* Digits and, for sizes, one of K, M, G.  False: malformed or too large. */
static bool number_read(const char *text, bool is_size, unsigned long long *out)
{
	unsigned long long n = 0;
	unsigned shift = 0;
	const char *p = text;

	if (!isdigit((unsigned char)*p))
		return false;
	for (; isdigit((unsigned char)*p); p++)
		if (__builtin_mul_overflow(n, 10ULL, &n) ||
		    __builtin_add_overflow(n, (unsigned)(*p - '0'), &n))
			return false;
	if (is_size && *p) {
		switch (*p++) {
		case 'k':
		case 'K':
			shift = 10;
			break;
		case 'm':
		case 'M':
			shift = 20;
			break;
		case 'g':
		case 'G':
			shift = 30;
			break;
		default:
			return false;
		}
	}
	if (*p || n > ~0ULL >> shift)
		return false;
	*out = n << shift;
	return true;
}

static int value_number(const struct dsam_key_info *k, void *field,
			const char *text, char *why, size_t room)
{
	unsigned long long n = 0;
	bool is_size = k->kind != DSAM_KIND_NUMBER;
	char expected[160];

	if (k->kind == DSAM_KIND_OPTSIZE && !*text) {
		*(size_t *)field = 0;
		return 0;
	}
	if (k->word && !strcasecmp(text, k->word)) {
		if (is_size)
			*(size_t *)field = DSAM_CONF_AUTO_SIZE;
		else
			*(unsigned *)field = DSAM_CONF_AUTO;
		return 0;
	}
	dsam_conf_value_expected(k, expected, sizeof(expected));
	if (!number_read(text, is_size, &n)) {
		snprintf(why, room, "'%.60s' is not a %s, expected %s", text,
			 is_size ? "size" : "number", expected);
		return -EINVAL;
	}
	if (n < k->low || n > k->high) {
		snprintf(why, room, "%.60s is out of range, expected %s", text,
			 expected);
		return -EINVAL;
	}
	if (is_size)
		*(size_t *)field = (size_t)n;
	else
		*(unsigned *)field = (unsigned)n;
	return 0;
}

static int value_choice(const struct dsam_key_info *k, unsigned *field,
			const char *text, char *why, size_t room)
{
	int i = choice_find(k->choices, text, strlen(text));
	char expected[160];

	if (i >= 0) {
		*field = (unsigned)i;
		return 0;
	}
	dsam_conf_value_expected(k, expected, sizeof(expected));
	snprintf(why, room, "'%.60s' is not known, expected %s", text,
		 expected);
	return -EINVAL;
}

static int value_set(const struct dsam_key_info *k, unsigned *field,
		     const char *text, char *why, size_t room)
{
	char word[64], expected[160];
	unsigned set = 0;

	for (const char *at = text;
	     dsam_conf_list_next(&at, word, sizeof(word));) {
		int i = choice_find(k->choices, word, strlen(word));

		if (i < 0) {
			dsam_conf_value_expected(k, expected, sizeof(expected));
			snprintf(why, room, "'%.60s' is not known, expected %s",
				 word, expected);
			return -EINVAL;
		}
		set |= 1U << i;
	}
	if (!set) {
		dsam_conf_value_expected(k, expected, sizeof(expected));
		snprintf(why, room, "is empty, expected %s", expected);
		return -EINVAL;
	}
	*field = set;
	return 0;
}

static int value_text(const struct dsam_key_info *k, char *field,
		      const char *text, bool append, char *why, size_t room)
{
	size_t have = append ? strlen(field) : 0, n = strlen(text);

	if (have + n + 2 > k->high) {
		snprintf(why, room,
			 "is too long (%zu bytes), expected at most %llu",
			 have + n, k->high - 2);
		return -EINVAL;
	}
	if (have && n)
		field[have++] = ',';
	memcpy(field + have, text, n + 1);
	return 0;
}

static int value_rules(const struct dsam_key_info *k, char *field,
		       const char *text, bool append, char *why, size_t room)
{
	if (dsam_conf_rules_check(append ? field : "", text, why, room))
		return -EINVAL;
	return value_text(k, field, text, append, why, room);
}

int dsam_conf_value_set(struct dsam_conf *conf, enum dsam_key key,
			const char *text, bool append, char *why, size_t room)
{
	const struct dsam_key_info *k = &dsam_key_table[key];
	void *field = (char *)conf + k->offset;

	for (const char *p = text; *p; p++)
		if ((unsigned char)*p < ' ' && *p != '\t') {
			snprintf(why, room,
				 "holds a control character, expected text");
			return -EINVAL;
		}
	switch (k->kind) {
	case DSAM_KIND_CHOICE:
		return value_choice(k, field, text, why, room);
	case DSAM_KIND_SET:
		return value_set(k, field, text, why, room);
	case DSAM_KIND_RULES:
		return value_rules(k, field, text, append, why, room);
	case DSAM_KIND_LIST:
	case DSAM_KIND_TEXT:
		return value_text(k, field, text, append, why, room);
	case DSAM_KIND_SIZE:
	case DSAM_KIND_OPTSIZE:
	case DSAM_KIND_NUMBER:
		break;
	}
	return value_number(k, field, text, why, room);
}
