/* SPDX-License-Identifier: MIT */
/* One-line messages, and stderr's identity. */
#ifndef DSAM_LOG_H
#define DSAM_LOG_H

#include "conf.h"

#include <stdbool.h>

/* Birth, first: remember which file stderr is.  One system call. */
void dsam_log_stderr(void);

/* Is fd 2 still the file that it was at birth? */
bool dsam_log_stderr_is_ours(void);

/* Birth: level and, if not empty, the file to append to (%p, %e). */
void dsam_log_setup(unsigned level, const char *file);

/*
 * One line, "dsamove: " before it, by one write(2).  Never touches errno,
 * allocates or takes a lock.
 */
void dsam_log(unsigned level, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/*
 * The same of words one behind the other, ended by NULL, and at most 246 bytes.
 * For what happens within a copy: that may be a signal handler on a stack of
 * its own, with no room for what printf needs.
 */
void dsam_log_event(unsigned level, const char *const *words);

/* The digits of number, no zero behind them; how many, at most room. */
size_t dsam_log_decimal(char *out, size_t room, size_t number);

/* One line about a setting, saying where it stands. */
void dsam_log_key(const struct dsam_conf *conf, enum dsam_key key,
		  const char *what);

/* The same of the nth caller rule of a key, see dsam_conf_complain_rule(). */
void dsam_log_rule(const struct dsam_conf *conf, enum dsam_key key,
		   unsigned nth, const char *what);

/*
 * Expand %p (pid) and %e (program's name) of path into out; false when it
 * does not fit.  A '/' in the name becomes '_'.
 */
bool dsam_log_path(const char *path, char *out, size_t room);

/*
 * Write all of it, errno untouched.  Raises neither SIGPIPE nor SIGXFSZ, and
 * does not wait for long.  False: not all was written.
 */
bool dsam_log_write(int fd, const char *text, size_t n);

/* Open for appending: no links followed, 0600, close on exec.  fd or -errno. */
int dsam_log_open(const char *path);

#endif
