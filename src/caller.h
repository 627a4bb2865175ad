/* SPDX-License-Identifier: MIT */
/* Return addresses -> may the device have this copy? */
#ifndef DSAM_CALLER_H
#define DSAM_CALLER_H

#include "caller_module.h"

#define DSAM_CALLERS_KEPT 64U
#define DSAM_CALLER_DEPTH 16U

/* What was found of one return address, while that module is there. */
struct dsam_caller_known {
	uintptr_t address; /* 0: nothing */
	const struct dsam_module *module;
	uint64_t bits;
};

/* A thread's own, in its slot. */
struct dsam_caller_cache {
	struct dsam_caller_known known[DSAM_CALLERS_KEPT];
};

/* Filled at birth, before the gates. */
struct dsam_callers {
	bool has_rules;
	bool has_allow; /* only what a rule allows */
	unsigned depth; /* frames that a rule may match */
	int (*find)(void *address, struct dl_find_object *result);
	int (*backtrace)(void **buffer, int size); /* depth > 1 */
};
extern struct dsam_callers dsam_callers DSAM_HIDDEN;

enum dsam_caller_says {
	DSAM_CALLER_ADMITTED,
	DSAM_CALLER_DENIED,
	DSAM_CALLER_UNKNOWN /* denied; learn when the copy is done */
};

/* What the rules say of a copy that returns to caller.  has_rules only. */
enum dsam_caller_says dsam_caller_ask(struct dsam_caller_cache *cache,
				      const void *caller);

/* After an UNKNOWN: make the modules on the way known. */
void dsam_caller_learn(const void *caller);

#endif
