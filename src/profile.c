// SPDX-License-Identifier: MIT
/*
 * Room: HOT.  Adds a copy to its caller's row.
 * May: the table, _dl_find_object; make a new module known (COLD).
 * Must not: allocate, lock, look names up.
 */
#include "profile.h"

#define PROBES 64U

struct dsam_profile *dsam_profile;

static void add(_Atomic uint64_t *to, uint64_t n)
{
	if (n)
		atomic_fetch_add_explicit(to, n, memory_order_relaxed);
}

static struct dsam_profiled *nth(uintptr_t address, unsigned i)
{
	uint64_t h = address * 0x9e3779b97f4a7c15ULL >> 32;

	return &dsam_profile->caller[(h + i) % DSAM_PROFILED];
}

/* The caller's row, if nobody can have gone since it was made, or NULL. */
static struct dsam_profiled *known_row(uintptr_t address)
{
	uint64_t closing = atomic_load_explicit(&dsam_modules.closing,
						memory_order_acquire);

	for (unsigned i = 0; i < PROBES; i++) {
		struct dsam_profiled *p = nth(address, i);
		uintptr_t at =
			atomic_load_explicit(&p->address, memory_order_acquire);
		const struct dsam_module *m;

		if (!at)
			break;
		m = atomic_load_explicit(&p->module, memory_order_acquire);
		if (at == address && m &&
		    (m->stays ||
		     atomic_load_explicit(&p->closing, memory_order_acquire) ==
			     closing))
			return p;
	}
	return NULL;
}

/* Is the row the caller's, and that module still the one that is there? */
static bool is_row(const struct dsam_profiled *p, uintptr_t address,
		   const struct dl_find_object *o)
{
	const struct dsam_module *m;

	if (atomic_load_explicit(&p->address, memory_order_acquire) != address)
		return false;
	m = atomic_load_explicit(&p->module, memory_order_acquire);
	return o ? m && dsam_module_is(m, o) : !m;
}

/* A caller's row, of o's module if it has one; new if need be.  NULL: no room.
 */
static struct dsam_profiled *row_of(uintptr_t address,
				    const struct dl_find_object *o)
{
	const struct dsam_module *m = NULL;
	uint64_t closing;

	if (!dsam_modules_hold(&closing))
		closing = UINT64_MAX; /* is never reached */
	for (unsigned i = 0; i < PROBES; i++) {
		struct dsam_profiled *p = nth(address, i);
		uintptr_t none = 0;

		if (is_row(p, address, o)) {
			atomic_store(&p->closing, closing);
			return p;
		}
		if (atomic_load(&p->address))
			continue;
		if (o && !m) {
			dsam_module_note(o);
			m = dsam_module_find(o);
			if (!m)
				return NULL;
		}
		/*
		 * Between the two stores another thread takes a row of its
		 * own for the same caller; the report adds them up.
		 */
		if (atomic_compare_exchange_strong(&p->address, &none,
						   address)) {
			atomic_store(&p->closing, closing);
			atomic_store(&p->module, m);
			return p;
		}
	}
	return NULL;
}

static struct dsam_profiled *note(const void *caller, size_t n)
{
	struct dsam_profiled *p = known_row((uintptr_t)caller);
	struct dl_find_object o;

	if (DSAM_UNLIKELY(!p))
		p = dsam_caller_find((uintptr_t)caller - 1, &o)
			    ? row_of(1, NULL)
			    : row_of((uintptr_t)caller, &o);
	if (DSAM_UNLIKELY(!p)) {
		add(&dsam_profile->other_calls, 1);
		add(&dsam_profile->other_bytes, n);
		return NULL;
	}
	add(&p->calls, 1);
	add(&p->bytes, n);
	atomic_fetch_add_explicit(&p->size[dsam_stats_bin(n)], 1,
				  memory_order_relaxed);
	return p;
}

void dsam_profile_add(const void *caller, size_t n,
		      const struct dsam_account *a)
{
	struct dsam_profiled *p = note(caller, n);

	if (DSAM_UNLIKELY(!p))
		return;
	add(&p->timed_calls, 1);
	if (!a->device_bytes) {
		add(&p->cpu_bytes, n);
		add(&p->cpu_ns, a->ns);
		return;
	}
	add(&p->device_bytes, a->device_bytes);
	add(&p->with_bytes, n);
	add(&p->with_ns, a->ns);
}

void dsam_profile_small(size_t n, const void *caller)
{
	(void)note(caller, n);
}
