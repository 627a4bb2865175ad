/* SPDX-License-Identifier: MIT */
/* callers_allow and callers_deny -> address ranges of what is loaded. */
#ifndef DSAM_CALLER_RULES_H
#define DSAM_CALLER_RULES_H

#include "caller_learn.h"
#include "caller_startup.h"

/* __cxa_demangle of libstdc++, if a rule needs it and it is there. */
struct dsam_rules_birth {
	dsam_demangle *demangle;
	struct dsam_startup startup; /* filled by the function below */
};

/*
 * Birth.  Make every module known that is loaded now, by the symbol tables of
 * their files; tell each rule whether it matched.
 */
void dsam_caller_rules_resolve(struct dsam_rules_birth *b);

#endif
