// SPDX-License-Identifier: MIT
/*
 * Room: COLD (dlopen; or after a copy that the CPU has done).  Modules that
 * nobody has asked the rules about.
 * May: the stack, and what caller_learn.c may.
 * Must not: ask in a signal handler.
 */
#include "caller_frame.h"
#include "sandbox.h"

#include <limits.h>
#include <stdlib.h>
#include <sys/resource.h>

/* A handler is seldom so deep in calls. */
#define MOST_FRAMES 128U
/* For one name, and as much again for what calls. */
#define STACK_TO_DEMANGLE (1UL << 20)

/* To the frame above, by the tables of its module.  False: there is none. */
static bool ascend(struct dsam_frame *f, bool *is_signal)
{
	struct dl_find_object o;
	struct dsam_step s;

	/* Code of no module: what called it is not known. */
	if (dsam_caller_find(f->ip - 1, &o))
		return false;
	s = dsam_step_from(&o, (const void *)f->ip);
	*is_signal = s.is_signal;
	return dsam_frame_ascend(f, dsam_what_step(0, &s));
}

/* Is one of the frames the kernel's, who interrupted what is above? */
static bool is_in_handler(struct dsam_frame f)
{
	bool is_signal = false;

	for (unsigned n = 0; n < MOST_FRAMES && ascend(&f, &is_signal); n++)
		;
	return is_signal;
}

void dsam_caller_learn(const struct dsam_request *rq)
{
	struct dsam_frame f = dsam_frame_first(rq, true);
	struct dl_find_object o;
	bool is_signal;
	unsigned n = 0;

	if (atomic_load(&dsam_modules.is_full) || is_in_handler(f))
		return;
	do {
		if (!dsam_caller_find(f.ip - 1, &o))
			dsam_module_learn(&o, NULL);
	} while (++n < dsam_callers.depth && ascend(&f, &is_signal));
}

/*
 * libstdc++ takes up to 100 KiB of stack for a name; a thread's may have less.
 * How much the main thread has left is known.
 */
static bool has_stack_to_demangle(void)
{
	uintptr_t sp = (uintptr_t)__builtin_frame_address(0);
	uintptr_t used = dsam_callers.stacks.main_end - sp;
	struct rlimit most;

	return used < DSAM_MAIN_STACK && !getrlimit(RLIMIT_STACK, &most) &&
	       most.rlim_cur > used && most.rlim_cur - used > STACK_TO_DEMANGLE;
}

/* The name of the file is that of a link: libfoo.so.1 is libfoo.so.1.2. */
static void learn_in_dlopen(const struct dl_find_object *o)
{
	bool is_shut = dsam_sandbox_may_be_shut() || dsam_sandbox_is_shut();
	struct dsam_dlopen in = {NULL, NULL};
	char real[PATH_MAX];

	if (!is_shut) {
		in.name = realpath(dsam_module_path(o), real);
		if (dsam_callers.demangle && has_stack_to_demangle())
			in.demangle = dsam_callers.demangle;
	}
	dsam_module_learn(o, &in);
}

void dsam_caller_comes(const void *from)
{
	struct dl_find_object o;

	if (!dsam_callers.find)
		return;
	atomic_fetch_add(&dsam_modules.closing, 1);
	atomic_fetch_add(&dsam_modules.closed, 1);
	if (dsam_callers.has_rules &&
	    !dsam_caller_find((uintptr_t)from - 1, &o))
		learn_in_dlopen(&o);
}
