/* SPDX-License-Identifier: MIT */
/* Names against rules: globs, version suffixes, simple C++ names.  Pure. */
#ifndef DSAM_CALLER_NAME_H
#define DSAM_CALLER_NAME_H

#include <stdbool.h>
#include <stddef.h>

/* The longest name of a file or function that a rule can match, and NUL. */
#define DSAM_NAME_ROOM 1024

/*
 * Does the shell glob (? * [a-z] [!a-z], \ before a character) match all of
 * name?  Knows no locale, allocates nothing; '/' and '.' are plain.
 */
bool dsam_name_glob(const char *glob, const char *name);

/* Has it characters by which it is more than one name? */
bool dsam_name_is_glob(const char *name);

/*
 * Does the glob match the file name, or what is left of it without some of
 * its version, or without ".so"?  libfoo.so.1.2 is libfoo.so.1, libfoo.so and
 * libfoo, too; python3.11 is python3.
 */
bool dsam_name_module(const char *glob, const char *file);

/* What follows the last '/' of path. */
const char *dsam_name_base(const char *path);

/*
 * "_ZN3foo3BarC1Ei" as "foo::Bar::Bar": the qualified name of a C++ function,
 * without parameters.  False for what is no plain nested name (templates,
 * operators, lambdas), and for what has no room.
 */
bool dsam_name_demangle(const char *symbol, char *out, size_t room);

/*
 * Could glob, which may have wildcards, mean a C++ name that nobody has
 * demangled?  True if what it begins with is anywhere in the mangled name.
 */
bool dsam_name_may_be(const char *glob, const char *symbol);

#endif
