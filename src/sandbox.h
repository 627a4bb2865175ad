/* SPDX-License-Identifier: MIT */
/* Has the program locked itself in, with a seccomp filter, since birth? */
#ifndef DSAM_SANDBOX_H
#define DSAM_SANDBOX_H

#include <stdbool.h>

/* Birth: how things stand now. */
void dsam_sandbox_birth(void);

/*
 * Before opening a file after birth: true if a filter has come, which may
 * kill for that.  Never before dsam_sandbox_birth().
 */
bool dsam_sandbox_is_shut(void);

/*
 * Where a filter and no_new_privs were there at birth (some containers), a
 * further filter would not be noticed.  Asks nobody.
 */
bool dsam_sandbox_may_be_shut(void);

#endif
