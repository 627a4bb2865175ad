// SPDX-License-Identifier: MIT
/*
 * Room: HOT.  What the caller rules say of a copy.
 * May: the calling thread's cache, the list of modules, _dl_find_object
 * (lock-free), libunwind's unw_backtrace when caller_depth asks for it.
 * Must not: allocate, lock, compare names (but to learn a module, after the
 * copy).
 */
#include "caller.h"

/* Our own frames between the program's and the unwinder's. */
#define OWN_FRAMES 10

struct dsam_callers dsam_callers;

/* The frames that a rule may match, in the order of return; how many. */
static unsigned frames(const void *caller, const void *out[DSAM_CALLER_DEPTH])
{
	void *all[DSAM_CALLER_DEPTH + OWN_FRAMES];
	unsigned depth = dsam_callers.depth, n = 0;
	int count;

	out[n++] = caller;
	if (depth == 1)
		return n;
	count = dsam_callers.backtrace(all, (int)depth + OWN_FRAMES);
	for (int i = 0; i < count; i++) {
		if (all[i] != caller)
			continue;
		/* Where unwinding stops (a JIT's code), so do the rules. */
		while (++i < count && n < depth && all[i])
			out[n++] = all[i];
		break;
	}
	return n;
}

/* The call, not what follows it: it may be the last of its function. */
static bool lookup(const void *caller, struct dl_find_object *o)
{
	/* The program's own address: no const in glibc's prototype. */
	return !dsam_callers.find((char *)(uintptr_t)caller - 1, o);
}

static uint32_t bits_of(const struct dsam_module *m, const void *caller)
{
	uint64_t at = (uint64_t)((const char *)caller - 1 - m->start);
	uint32_t bits = 0;
	bool is_covered = false;

	for (uint32_t i = 0; i < m->ranges; i++)
		if (at >= m->range[i].start && at < m->range[i].end) {
			bits |= m->range[i].bits;
			is_covered = true;
		}
	return bits | m->bits | (is_covered ? 0 : m->missed);
}

/*
 * The owner's signal handler may do the same at any point.  An entry torn by
 * it names one module and another's address, which the next look finds out.
 */
static void keep(struct dsam_caller_known *k, const void *caller,
		 const struct dsam_module *m, uint32_t bits)
{
	k->address = 0;
	atomic_signal_fence(memory_order_seq_cst);
	k->module = m;
	k->bits = bits;
	atomic_signal_fence(memory_order_seq_cst);
	k->address = (uintptr_t)caller;
}

/* True and *bits, unless the caller's module is not known yet. */
static bool judge(struct dsam_caller_cache *cache, const void *caller,
		  uint32_t *bits)
{
	uintptr_t a = (uintptr_t)caller;
	struct dsam_caller_known *k =
		&cache->known[(a ^ a >> 6 ^ a >> 12) % DSAM_CALLERS_KEPT];
	const struct dsam_module *m;
	struct dl_find_object o;

	/* Code of no module, a JIT's: no rule matches. */
	if (DSAM_UNLIKELY(!lookup(caller, &o)))
		return true;
	if (DSAM_LIKELY(k->address == a)) {
		uint32_t known = (uint32_t)k->bits;

		m = k->module;
		atomic_signal_fence(memory_order_seq_cst);
		if (DSAM_LIKELY(k->address == a && dsam_module_is(m, &o))) {
			*bits |= known;
			return true;
		}
	}
	m = dsam_module_find(&o);
	if (!m)
		return false;
	keep(k, caller, m, bits_of(m, caller));
	*bits |= bits_of(m, caller);
	return true;
}

enum dsam_caller_says dsam_caller_ask(struct dsam_caller_cache *cache,
				      const void *caller)
{
	const void *frame[DSAM_CALLER_DEPTH];
	unsigned n = frames(caller, frame);
	uint32_t bits = 0;
	bool is_known = true;

	for (unsigned i = 0; i < n; i++)
		is_known = judge(cache, frame[i], &bits) && is_known;
	if (DSAM_UNLIKELY(!is_known))
		return DSAM_CALLER_UNKNOWN;
	if (bits & DSAM_RULE_DENY ||
	    (dsam_callers.has_allow && !(bits & DSAM_RULE_ALLOW)))
		return DSAM_CALLER_DENIED;
	return DSAM_CALLER_ADMITTED;
}

DSAM_COLD void dsam_caller_learn(const void *caller)
{
	const void *frame[DSAM_CALLER_DEPTH];
	unsigned n = frames(caller, frame);
	struct dl_find_object o;

	for (unsigned i = 0; i < n; i++)
		if (lookup(frame[i], &o))
			dsam_module_learn(&o);
}
