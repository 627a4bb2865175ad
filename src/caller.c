// SPDX-License-Identifier: MIT
/*
 * Room: HOT.  What the caller rules say of a copy.
 * May: the calling thread's cache and stack, the list of modules,
 * _dl_find_object (lock-free), the tables of modules on the stack.
 * Must not: allocate, lock, make a system call, compare names.
 */
#include "caller.h"

#include "caller_frame.h"

#define INLINE static inline __attribute__((always_inline))

struct dsam_callers dsam_callers;

/*
 * Another word gives another address, and none that is near: an entry that a
 * signal handler has overwritten in part is not found, and nobody has to see
 * how far we were.
 */
static uint64_t mix(uint64_t what)
{
	return what * 0x9e3779b97f4a7c15ULL;
}

static struct dsam_caller_known *set_of(struct dsam_caller_cache *cache,
					uintptr_t ip)
{
	return cache->known[(ip ^ ip >> 6 ^ ip >> 12) % DSAM_CALLER_SETS];
}

/* Each word is read once: a handler may change them in between. */
static bool recall(const struct dsam_caller_known *k, uintptr_t ip,
		   uint64_t *what)
{
	for (unsigned i = 0; i < DSAM_CALLER_WAYS; i++) {
		uint64_t w = *(const volatile uint64_t *)&k[i].what;

		if (DSAM_LIKELY(*(const volatile uint64_t *)&k[i].check ==
				(ip ^ mix(w)))) {
			*what = w;
			return true;
		}
	}
	return false;
}

static bool is_lasting(uint64_t what)
{
	return what && dsam_what_module(what)->stays;
}

/* False: a dlclose is at work; what is kept now is forgotten after it. */
static DSAM_COLD bool renew(struct dsam_caller_cache *cache)
{
	uint64_t closing;

	if (!dsam_modules_hold(&closing))
		return false;
	for (unsigned i = 0; i < DSAM_CALLER_SETS; i++)
		for (unsigned j = 0; j < DSAM_CALLER_WAYS; j++)
			if (!is_lasting(cache->known[i][j].what))
				cache->known[i][j] =
					(struct dsam_caller_known){0, 0};
	/* A handler that comes in between renews it, too. */
	atomic_signal_fence(memory_order_seq_cst);
	cache->closing = closing;
	return true;
}

/* Are all still there who are in the cache?  Nobody goes without a dlclose. */
INLINE bool holds(struct dsam_caller_cache *cache)
{
	uint64_t closing = atomic_load_explicit(&dsam_modules.closing,
						memory_order_acquire);

	if (DSAM_LIKELY(cache->closing == closing))
		return true;
	return renew(cache);
}

/*
 * In the place of the oldest of its set.  A handler that renews the cache in
 * between would find some of what it forgot there again.
 */
static void keep(struct dsam_caller_cache *cache, struct dsam_caller_known *k,
		 uintptr_t ip, uint64_t what)
{
	uint64_t closing = cache->closing;

	atomic_signal_fence(memory_order_seq_cst);
	for (unsigned i = DSAM_CALLER_WAYS - 1; i; i--)
		k[i] = k[i - 1];
	k->what = what;
	k->check = ip ^ mix(what);
	atomic_signal_fence(memory_order_seq_cst);
	if (DSAM_LIKELY(*(const volatile uint64_t *)&cache->closing == closing))
		return;
	for (unsigned i = 0; i < DSAM_CALLER_WAYS; i++)
		k[i] = (struct dsam_caller_known){0, 0};
}

static uint32_t bits_of(const struct dsam_module *m, uintptr_t ip)
{
	uint64_t at = ip - 1 - (uintptr_t)m->start;
	uint32_t bits = 0;
	bool is_covered = false;

	for (uint32_t i = 0; i < m->ranges; i++)
		if (at >= m->range[i].start && at < m->range[i].end) {
			bits |= m->range[i].bits;
			is_covered = true;
		}
	return bits | m->bits | (is_covered ? 0 : m->missed);
}

static DSAM_COLD uint64_t find_out(const struct dl_find_object *o,
				   const struct dsam_module *m, uintptr_t ip)
{
	uint64_t what = dsam_what(bits_of(m, ip), m);
	struct dsam_step s;

	if (dsam_callers.depth == 1)
		return what;
	s = dsam_step_from(o, (const void *)ip);
	return dsam_what_step(what, &s);
}

/*
 * What is known of an address; false if its module is not.  *at is the module
 * that *o was found to be, from the frame before, or NULL.  The call counts,
 * not what follows it: it may be the last of its function.
 */
INLINE bool judge(struct dsam_caller_cache *cache, bool is_current,
		  uintptr_t ip, struct dl_find_object *o,
		  const struct dsam_module **at, uint64_t *what)
{
	struct dsam_caller_known *k = set_of(cache, ip);
	const struct dsam_module *m;
	uint64_t known = 0;
	bool is_known = recall(k, ip, &known);

	if (DSAM_LIKELY(is_known)) {
		m = dsam_what_module(known);
		/* Not unloaded: no need to ask who is there. */
		if (DSAM_LIKELY(m && (m->stays || is_current))) {
			*at = NULL;
			*what = known;
			return true;
		}
	}
	m = *at;
	/* Most frames lie in the module of the frame before. */
	if (!m ||
	    !dsam_frame_has((uintptr_t)m->start, (uintptr_t)m->end, ip - 1)) {
		*at = NULL;
		*what = 0;
		/* Code of no module, a JIT's: no rule matches, none above. */
		if (DSAM_UNLIKELY(dsam_caller_find(ip - 1, o)))
			return true;
	}
	if (DSAM_LIKELY(is_known)) {
		*what = known;
		m = dsam_what_module(known);
		if (DSAM_LIKELY(m && (m == *at || dsam_module_is(m, o)))) {
			*at = m;
			if (DSAM_LIKELY(m->build_id || dsam_callers.depth == 1))
				return true;
			/* Names may be as they were, and code not. */
			*what = find_out(o, m, ip);
			return true;
		}
	}
	if (!*at)
		*at = dsam_module_find(o);
	if (!*at || !(*at)->is_asked)
		return false;
	*what = find_out(o, *at, ip);
	keep(cache, k, ip, *what);
	return true;
}

enum dsam_caller_says dsam_caller_ask(struct dsam_caller_cache *cache,
				      const struct dsam_request *rq)
{
	struct dsam_frame f = dsam_frame_first(rq, dsam_callers.depth > 1);
	const struct dsam_module *m = NULL;
	uint64_t what, bits = 0;
	bool is_current = holds(cache);
	struct dl_find_object o;
	unsigned n = 0;

	do {
		if (DSAM_UNLIKELY(
			    !judge(cache, is_current, f.ip, &o, &m, &what)))
			return DSAM_CALLER_UNKNOWN;
		bits |= what;
	} while (++n < dsam_callers.depth && dsam_frame_ascend(&f, what));
	if (bits & DSAM_RULE_DENY ||
	    (dsam_callers.has_allow && !(bits & DSAM_RULE_ALLOW)) ||
	    DSAM_UNLIKELY(atomic_load_explicit(&dsam_modules.awaited,
					       memory_order_relaxed)))
		return DSAM_CALLER_DENIED;
	return DSAM_CALLER_ADMITTED;
}

unsigned dsam_caller_frames(struct dsam_caller_cache *cache,
			    const struct dsam_request *rq,
			    const void *frame[DSAM_CALLER_DEPTH])
{
	struct dsam_frame f = dsam_frame_first(rq, dsam_callers.depth > 1);
	const struct dsam_module *m = NULL;
	bool is_current = holds(cache);
	struct dl_find_object o;
	unsigned n = 0;
	uint64_t what;

	do
		frame[n++] = (const void *)f.ip;
	while (n < dsam_callers.depth &&
	       judge(cache, is_current, f.ip, &o, &m, &what) &&
	       dsam_frame_ascend(&f, what));
	return n;
}
