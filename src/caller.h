/* SPDX-License-Identifier: MIT */
/* Return addresses -> may the device have this copy? */
#ifndef DSAM_CALLER_H
#define DSAM_CALLER_H

#include "caller_module.h"

#define DSAM_CALLER_DEPTH 16U
#define DSAM_CALLER_SETS 64U
#define DSAM_CALLER_WAYS 4U

/*
 * What was found of one return address: rules, module, the step to the frame
 * above.  A signal handler of the owner's may leave words of two addresses in
 * it, which then are found under neither: see caller.c.
 */
struct dsam_caller_known {
	uint64_t what;
	uint64_t check; /* the address, with what mixed in */
};

/* A thread's own, in its slot.  A set is a line. */
struct dsam_caller_cache {
	_Alignas(DSAM_LINE) struct dsam_caller_known
		known[DSAM_CALLER_SETS][DSAM_CALLER_WAYS];
	/* It holds as long as no more dlclose than these have begun. */
	uint64_t closing;
};

/* The calling thread's own data, at the upper end of its stack (psABI: fs:0).
 */
static inline uintptr_t dsam_thread_data(void)
{
	uintptr_t thread;

	__asm__("mov %%fs:0, %0" : "=r"(thread));
	return thread;
}

/* What is known of stacks. */
struct dsam_stacks {
	uintptr_t main_end; /* of the main thread's; 0: not known */
	uintptr_t main_thread; /* its own data */
};

/* Filled at birth, before the gates. */
struct dsam_callers {
	bool has_rules;
	bool has_allow; /* only what a rule allows */
	unsigned depth; /* frames that a rule may match */
	dsam_demangle *demangle; /* if a rule needs it; else NULL */
	int (*find)(void *address, struct dl_find_object *result);
	const struct link_map *program; /* the executable, and all of it */
	char *program_start, *program_end;
	struct dsam_stacks stacks;
};
extern struct dsam_callers dsam_callers DSAM_HIDDEN;

/*
 * The module that has an address; not 0: none.  Of a program with holes between
 * its segments (for huge pages) glibc knows each segment by itself.
 */
static inline int dsam_caller_find(uintptr_t address, struct dl_find_object *o)
{
	int rc = dsam_callers.find((void *)address, o);

	if (!rc && o->dlfo_link_map == dsam_callers.program) {
		o->dlfo_map_start = dsam_callers.program_start;
		o->dlfo_map_end = dsam_callers.program_end;
	}
	return rc;
}

enum dsam_caller_says {
	DSAM_CALLER_ADMITTED,
	DSAM_CALLER_DENIED,
	DSAM_CALLER_UNKNOWN /* denied; learn when the copy is done */
};

/*
 * What the rules say of a copy.  has_rules only; the calling thread's cache.
 * With depth > 1 the stack is read, as far as known modules lead.
 */
enum dsam_caller_says dsam_caller_ask(struct dsam_caller_cache *cache,
				      const struct dsam_request *rq);

/*
 * COLD.  A library comes, and from is in its first code: ask the rules about
 * it.  What was known of libraries is asked again, as it may have the place of
 * one that went without our dlclose.  Allocates where names are to be
 * demangled, and may change errno.
 */
void dsam_caller_comes(const void *from);

/*
 * COLD.  After an UNKNOWN: ask the rules about the modules on the way, see
 * caller_learn.c.  Not in a signal handler: that is left to a later copy.
 */
void dsam_caller_learn(const struct dsam_request *rq);

/* The frames that a rule may match, in the order of return; how many. */
unsigned dsam_caller_frames(struct dsam_caller_cache *cache,
			    const struct dsam_request *rq,
			    const void *frame[DSAM_CALLER_DEPTH]);

#endif
