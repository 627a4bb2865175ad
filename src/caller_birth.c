// SPDX-License-Identifier: MIT
/*
 * Room: COLD (birth).  The caller rules of the settings, and the functions of
 * other libraries that they take.
 * May: dlopen, mmap, allocate, log.  Must not: leave a rule out silently.
 */
#include "caller_birth.h"

#include "caller.h"
#include "caller_learn.h"
#include "caller_name.h"
#include "caller_rules.h"
#include "log.h"
#include "profile.h"

#include <dlfcn.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <unistd.h>

#define UNWINDER "libunwind.so.8"

static char program[PATH_MAX];
static int (*unw_backtrace)(void **buffer, int size);

/* The rules of one key, after those that are there; their text from *at. */
static void take_list(const char *list, uint32_t bits, char **at)
{
	while (dsam_conf_rule_next(&list, *at, strlen(list) + 1)) {
		struct dsam_rule *r = &dsam_modules.rule[dsam_modules.rules++];
		char *colon = strchr(*at, ':');

		r->module = *at;
		r->bits = bits;
		*at += strlen(*at) + 1;
		if (colon) {
			*colon = 0;
			r->symbol = colon + 1;
			dsam_conf_rule_pattern(r->symbol, *at);
			r->pattern = *at;
			*at += strlen(*at) + 1;
		}
		r->is_glob = dsam_name_is_glob(r->module);
	}
}

/*
 * A program is known by the name that was executed, and by that of its file:
 * redis-server is a link.  The path has to be good after a chdir.
 */
static void name_program(void)
{
	ssize_t n = readlink("/proc/self/exe", program, sizeof(program) - 1);
	/* The kernel gives the address of a string as a number. */
	const char *executed = (const char *)getauxval(AT_EXECFN);

	program[n > 0 ? n : 0] = 0;
	dsam_modules.program = program;
	dsam_modules.program_too = executed;
	if (executed && (executed[0] == '/' || !program[0])) {
		dsam_modules.program = executed;
		dsam_modules.program_too = program;
	}
}

static int take_rules(const struct dsam_conf *conf)
{
	size_t n = DSAM_MAX_RULES * sizeof(struct dsam_rule);
	/* As they are, and what their symbols mean. */
	size_t text = 3 * (strlen(conf->callers_allow) +
			   strlen(conf->callers_deny) + DSAM_LINE);
	char *p =
		mmap(NULL, n + text + DSAM_MODULE_ROOM, PROT_READ | PROT_WRITE,
		     MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	if (p == MAP_FAILED)
		return -errno;
	dsam_modules.rule = (struct dsam_rule *)p;
	dsam_modules.rules = 0;
	dsam_modules.first = NULL;
	dsam_modules.used = 0;
	dsam_modules.awaited = 0;
	p += n;
	take_list(conf->callers_allow, DSAM_RULE_ALLOW, &p);
	dsam_callers.has_allow = dsam_modules.rules;
	take_list(conf->callers_deny, DSAM_RULE_DENY, &p);
	p += -(uintptr_t)p % DSAM_LINE;
	dsam_modules.is_full = false;
	dsam_modules.room = p;
	dsam_modules.room_bytes = DSAM_MODULE_ROOM - DSAM_LINE;
	name_program();
	return 0;
}

/*
 * Never a dependency of ours, and local: its _Unwind_* would catch C++'s
 * exceptions.
 */
static bool load_unwinder(void)
{
	void *l = dlopen(UNWINDER, RTLD_NOW | RTLD_LOCAL);

	if (l)
		*(void **)&unw_backtrace = dlsym(l, "unw_backtrace");
	return unw_backtrace;
}

/*
 * While copying we walk the stack ourselves (design.md, section 8).  libunwind
 * sees the same frames from here, as far as both see any; or something is here
 * that we do not understand.
 */
static DSAM_NOINLINE bool sees_what_libunwind_sees(void)
{
	const struct dsam_request rq = {.caller = __builtin_return_address(0),
					.stack = __builtin_dwarf_cfa()};
	const void *ours[DSAM_CALLER_DEPTH];
	void *theirs[DSAM_CALLER_DEPTH + 1];
	struct dsam_caller_cache cache = {0};
	unsigned n = dsam_caller_frames(&cache, &rq, ours);
	int count = unw_backtrace(theirs, DSAM_CALLER_DEPTH + 1);

	/* Its first frame is this function. */
	for (unsigned i = 0; i < n && (int)i + 1 < count; i++)
		if (theirs[i + 1] != ours[i])
			return false;
	return true;
}

/*
 * Parameters and templates in a name: only libstdc++ knows them.  A rule that
 * has none of them, but ::, may match such names; in a program of C++.
 */
static void load_demangler(const struct dsam_conf *conf)
{
	bool is_needed = strpbrk(conf->callers_allow, "(<") ||
			 strpbrk(conf->callers_deny, "(<");
	void *l;

	dsam_callers.demangle = NULL;
	if (!is_needed && !strstr(conf->callers_allow, "::") &&
	    !strstr(conf->callers_deny, "::"))
		return;
	l = dlopen("libstdc++.so.6",
		   RTLD_NOW | RTLD_LOCAL | (is_needed ? 0 : RTLD_NOLOAD));
	if (l)
		*(void **)&dsam_callers.demangle = dlsym(l, "__cxa_demangle");
	if (!dsam_callers.demangle && is_needed)
		dsam_log(DSAM_LOG_WARN,
			 "caller rules: no libstdc++.so.6 to demangle with, "
			 "rules with ( or < match mangled names alone");
}

/*
 * A rule that matches nothing.  A module that is named may come later; whoever
 * writes a glob means something that is there, and is rather told, and kept
 * from the device, than left to believe that it is allowed or denied.
 */
static int report_rule(const struct dsam_conf *conf, struct dsam_rule *r,
		       unsigned nth)
{
	enum dsam_key key = r->bits == DSAM_RULE_ALLOW ? DSAM_KEY_callers_allow
						       : DSAM_KEY_callers_deny;
	bool is_met = r->has_module && dsam_learn_is_met(r, r->has_symbol);
	char rule[220], what[400];

	snprintf(rule, sizeof(rule), "rule '%.100s%s%.100s'", r->module,
		 r->symbol ? ":" : "", r->symbol ? r->symbol : "");
	if (!r->is_glob && !r->has_module) {
		dsam_log(DSAM_LOG_INFO,
			 "caller %s names no module that is loaded now", rule);
		return 0;
	}
	if (is_met && (!r->symbol || r->has_symbol))
		return 0;
	if (is_met) {
		snprintf(what, sizeof(what),
			 "%s matches nothing: the symbol tables of %s have no "
			 "such function",
			 rule,
			 r->is_glob ? "what is loaded now" : "that module");
	} else if (r->is_glob) {
		snprintf(what, sizeof(what),
			 "%s matches nothing that is loaded, expected a glob "
			 "that does; nothing is offloaded until a library "
			 "comes that it matches",
			 rule);
		r->is_awaited = true;
		dsam_modules.awaited++;
	} else {
		snprintf(what, sizeof(what),
			 "%s matches no function of that module, expected a "
			 "glob that does; nothing is offloaded",
			 rule);
	}
	dsam_log_rule(conf, key, nth, what);
	return is_met || r->is_glob ? 0 : -EINVAL;
}

int dsam_caller_birth(const struct dsam_conf *conf)
{
	const uintptr_t *stack_end;
	unsigned allowed = 0;
	int rc = 0;

	if (!conf->callers_allow[0] && !conf->callers_deny[0] &&
	    conf->stats != DSAM_STATS_CALLERS)
		return 0;
	*(void **)&dsam_callers.find = dlsym(RTLD_DEFAULT, "_dl_find_object");
	if (!dsam_callers.find) {
		dsam_log(DSAM_LOG_WARN, "caller rules and stats=callers need "
					"glibc 2.35; nothing is offloaded");
		return -ENOSYS;
	}
	dsam_callers.program = NULL;
	dsam_callers.depth = conf->caller_depth;
	stack_end = dlsym(RTLD_DEFAULT, "__libc_stack_end");
	dsam_callers.stacks.main_end = stack_end ? *stack_end : 0;
	dsam_callers.stacks.main_thread = dsam_thread_data();
	if (dsam_callers.depth > 1 &&
	    (conf->callers_allow[0] || conf->callers_deny[0]) &&
	    !load_unwinder()) {
		dsam_log_key(conf, DSAM_KEY_caller_depth,
			     "more than 1 needs " UNWINDER
			     " (package libunwind8), which is not there; "
			     "nothing is offloaded");
		return -ENOENT;
	}
	rc = take_rules(conf);
	if (rc) {
		dsam_log(DSAM_LOG_WARN,
			 "no memory for caller rules: %s; nothing is "
			 "offloaded",
			 strerror(-rc));
		return rc;
	}
	if (conf->stats == DSAM_STATS_CALLERS && dsam_profile_birth())
		return -ENOMEM;
	load_demangler(conf);
	dsam_caller_rules_resolve();
	if (unw_backtrace && !sees_what_libunwind_sees()) {
		dsam_log_key(conf, DSAM_KEY_caller_depth,
			     "more than 1 needs frames as libunwind sees them, "
			     "which is not so here; nothing is offloaded");
		return -ENOTSUP;
	}
	for (unsigned i = 0; i < dsam_modules.rules && !rc; i++) {
		struct dsam_rule *r = &dsam_modules.rule[i];

		if (r->bits == DSAM_RULE_ALLOW)
			allowed++;
		rc = report_rule(conf, r,
				 r->bits == DSAM_RULE_ALLOW ? i : i - allowed);
	}
	dsam_callers.has_rules = !rc && dsam_modules.rules;
	return rc;
}
