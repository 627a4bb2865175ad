/* SPDX-License-Identifier: MIT */
/* What caller rules say of the functions that a module's file names. */
#ifndef DSAM_CALLER_LEARN_H
#define DSAM_CALLER_LEARN_H

#include "caller_module.h"
#include "symbols.h"

/*
 * All functions that .dynsym and the file's table have; the rules that match
 * the module are asked, also by what l->demangle (birth; or NULL) makes of a
 * name.  The same ones each time.
 */
void dsam_learn_functions(struct dsam_look *l, const struct dsam_symbols *s);

/*
 * Is a rule whose module is there met?  One whose functions are a glob needs
 * one of them.
 */
bool dsam_learn_is_met(const struct dsam_rule *r, bool has_symbol);

/* Does a rule for functions match the module? */
bool dsam_learn_has_functions(const struct dsam_look *l);

#endif
