/* SPDX-License-Identifier: MIT */
/* The form of caller rules; shared by config/ only. */
#ifndef DSAM_CONF_RULES_H
#define DSAM_CONF_RULES_H

#include "conf.h"

/* Bytes of one rule with its NUL. */
#define DSAM_RULE_ROOM 1024

/*
 * Check the rules of text, which are to follow those of have.  0, or -EINVAL
 * with why naming the rule, what is wrong and what is expected.
 */
int dsam_conf_rules_check(const char *have, const char *text, char *why,
			  size_t room);

#endif
