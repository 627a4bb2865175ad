/* SPDX-License-Identifier: MIT */
/*
 * Settings: defaults < file < environment -> one struct, const after birth.
 */
#ifndef DSAM_CONF_H
#define DSAM_CONF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Order of each enum is the order of the choices in conf_keys.def. */
enum dsam_device_choice {
	DSAM_DEVICE_AUTO,
	DSAM_DEVICE_DSA,
	DSAM_DEVICE_SOFTWARE,
	DSAM_DEVICE_NONE
};
enum dsam_mode_choice {
	DSAM_MODE_POLL,
	DSAM_MODE_SPLIT
};
enum dsam_wait_choice {
	DSAM_WAIT_AUTO,
	DSAM_WAIT_SPIN,
	DSAM_WAIT_UMWAIT,
	DSAM_WAIT_YIELD
};
enum dsam_numa_choice {
	DSAM_NUMA_NONE,
	DSAM_NUMA_CPU,
	DSAM_NUMA_BUFFER
};
enum dsam_cache_choice {
	DSAM_CACHE_CACHE,
	DSAM_CACHE_MEMORY,
	DSAM_CACHE_AUTO
};
enum dsam_touch_choice {
	DSAM_TOUCH_AUTO,
	DSAM_TOUCH_ALWAYS,
	DSAM_TOUCH_NEVER
};
enum dsam_touch_by_choice {
	DSAM_TOUCH_STORE,
	DSAM_TOUCH_MADVISE
};
enum dsam_after_fork_choice {
	DSAM_AFTER_FORK_AUTO,
	DSAM_AFTER_FORK_REOPEN,
	DSAM_AFTER_FORK_CPU
};
enum dsam_stats_choice {
	DSAM_STATS_OFF,
	DSAM_STATS_EXIT,
	DSAM_STATS_ALL,
	DSAM_STATS_CALLERS
};
enum dsam_open_choice {
	DSAM_OPEN_APPEND,
	DSAM_OPEN_FRESH
};
enum dsam_live_choice {
	DSAM_LIVE_AUTO,
	DSAM_LIVE_OFF
};
enum dsam_format_choice {
	DSAM_FORMAT_TEXT,
	DSAM_FORMAT_JSON
};
enum dsam_log_choice {
	DSAM_LOG_OFF,
	DSAM_LOG_WARN,
	DSAM_LOG_INFO
};

enum dsam_key {
#define KEY(name, ...) DSAM_KEY_##name,
#include "conf_keys.def"
#undef KEY
	DSAM_KEYS
};

/* The word "auto" where a number or a size is taken, too. */
#define DSAM_CONF_AUTO (~0U)
#define DSAM_CONF_AUTO_SIZE SIZE_MAX
/* min_bytes=auto: below, the look at a copy costs more than it could gain. */
#define DSAM_CONF_AUTO_LEAST (16 * 1024UL)

/* Where a setting came from: a line of the file (> 0), or one of these. */
#define DSAM_FROM_DEFAULT 0
#define DSAM_FROM_ENVIRONMENT (-1)

#define DSAM_FIELD_CHOICE(name, room) unsigned name;
#define DSAM_FIELD_SET(name, room) unsigned name;
#define DSAM_FIELD_NUMBER(name, room) unsigned name;
#define DSAM_FIELD_SIZE(name, room) size_t name;
#define DSAM_FIELD_OPTSIZE(name, room) size_t name;
#define DSAM_FIELD_LIST(name, room) char name[room];
#define DSAM_FIELD_RULES(name, room) char name[room];
#define DSAM_FIELD_TEXT(name, room) char name[room];

/* Caller rules of one key. */
#define DSAM_RULES_MOST 128U

struct dsam_conf {
#define KEY(name, kind, def, low, high, ...) DSAM_FIELD_##kind(name, high)
#include "conf_keys.def"
#undef KEY
	int from[DSAM_KEYS];
	/* Lines of the rules of callers_allow and callers_deny. */
	int rule_line[2][DSAM_RULES_MOST];
	char file[512]; /* the file that was read; empty: none */
};

/* Room for one message: who, what is wrong, what is expected. */
struct dsam_conf_error {
	char text[768];
};

/* Fill *conf with the defaults of conf_keys.def. */
void dsam_conf_defaults(struct dsam_conf *conf);

/*
 * Apply the text of a configuration file (len bytes; need not end in NUL),
 * called name in messages.  0, or -EINVAL with *err telling file, line, key
 * and what was expected.
 */
int dsam_conf_apply_text(struct dsam_conf *conf, const char *name,
			 const char *text, size_t len,
			 struct dsam_conf_error *err);

/* Apply every DSAMOVE_<KEY> of env.  0 or -EINVAL, as above. */
int dsam_conf_apply_env(struct dsam_conf *conf, char *const *env,
			struct dsam_conf_error *err);

/*
 * All of it: defaults, then the file that DSAMOVE_CONF names (or
 * /etc/dsamove.conf if it exists), then env.  env NULL (a process of raised
 * privilege) means no environment at all.  0 or -errno with *err filled.
 */
int dsam_conf_load(struct dsam_conf *conf, char *const *env,
		   struct dsam_conf_error *err);

/*
 * A complaint about a key found later than parsing (a queue that does not
 * exist, a script that makes no sense), in the form of the parser's own.
 */
void dsam_conf_complain(const struct dsam_conf *conf, enum dsam_key key,
			struct dsam_conf_error *err, const char *what);

/* The same about the nth caller rule of a key, from 0: of its line. */
void dsam_conf_complain_rule(const struct dsam_conf *conf, enum dsam_key key,
			     unsigned nth, struct dsam_conf_error *err,
			     const char *what);

/* Does name match a LIST of globs: allow entries, and deny entries "!glob"? */
bool dsam_conf_list_admits(const char *list, const char *name);

/*
 * The next entry of a LIST: advances *at, copies the entry to out (room
 * bytes, NUL-terminated, cut if longer).  False at the end.
 */
bool dsam_conf_list_next(const char **at, char *out, size_t room);

/*
 * The same for the caller rules, in which commas and blanks within () and <>
 * belong to a C++ function's name.
 */
bool dsam_conf_rule_next(const char **at, char *out, size_t room);

/*
 * The glob that a rule's symbol means: the '*' behind a type in () and <> is a
 * pointer, and escaped.  out: room for twice the symbol, and NUL.
 */
void dsam_conf_rule_pattern(const char *symbol, char *out);

/* The settings as a configuration file, each key at its default, commented. */
size_t dsam_conf_example(char *out, size_t room);

#endif
