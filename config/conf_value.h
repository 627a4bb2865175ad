/* SPDX-License-Identifier: MIT */
/* The table of keys and how one value is read; shared by config/ only. */
#ifndef DSAM_CONF_VALUE_H
#define DSAM_CONF_VALUE_H

#include "conf.h"

enum dsam_kind {
	DSAM_KIND_CHOICE,
	DSAM_KIND_SET,
	DSAM_KIND_SIZE,
	DSAM_KIND_OPTSIZE,
	DSAM_KIND_NUMBER,
	DSAM_KIND_LIST,
	DSAM_KIND_RULES,
	DSAM_KIND_TEXT
};

struct dsam_key_info {
	const char *name;
	enum dsam_kind kind;
	const char *def;
	unsigned long long low, high;
	const char *choices;
	const char *word;
	const char *help;
	size_t offset;
};

extern const struct dsam_key_info dsam_key_table[DSAM_KEYS];

/*
 * Set key from text.  append adds to a LIST or RULES.  0, or -EINVAL with why
 * (room bytes) saying what is wrong and what is expected.
 */
int dsam_conf_value_set(struct dsam_conf *conf, enum dsam_key key,
			const char *text, bool append, char *why, size_t room);

/* What key k takes, in words that fit after "expected" (160 bytes). */
void dsam_conf_value_expected(const struct dsam_key_info *k, char *out,
			      size_t room);

/* Index of the key called name (len bytes, either case), or DSAM_KEYS. */
enum dsam_key dsam_conf_key_find(const char *name, size_t len);

#endif
