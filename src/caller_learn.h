/* SPDX-License-Identifier: MIT */
/* What caller rules say of the functions that a module's file names. */
#ifndef DSAM_CALLER_LEARN_H
#define DSAM_CALLER_LEARN_H

#include "caller_module.h"
#include "symbols.h"

/* __cxa_demangle of libstdc++. */
typedef char *dsam_demangle(const char *, char *, size_t *, int *);

/*
 * All functions of the file's table, also by what demangle (birth; or NULL)
 * makes of their names.  False: the table is empty.
 */
bool dsam_learn_from_file(struct dsam_look *l, const struct dsam_symbols *s,
			  dsam_demangle *demangle);

/* Does a rule for functions match the module? */
bool dsam_learn_has_functions(const struct dsam_look *l);

#endif
