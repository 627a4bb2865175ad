/* SPDX-License-Identifier: MIT */
/* callers_allow and callers_deny -> address ranges of what is loaded. */
#ifndef DSAM_CALLER_RULES_H
#define DSAM_CALLER_RULES_H

/*
 * Birth.  Make every module known that is loaded now, by the symbol tables of
 * their files; tell each rule whether it matched.
 */
void dsam_caller_rules_resolve(void);

#endif
