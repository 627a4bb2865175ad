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

/* The caller's row, a new one if need be; NULL: no room. */
static struct dsam_profiled *row_of(uintptr_t address,
				    const struct dl_find_object *o)
{
	uint64_t h = address * 0x9e3779b97f4a7c15ULL >> 32;
	const struct dsam_module *m = NULL;

	for (unsigned i = 0; i < PROBES; i++) {
		struct dsam_profiled *p =
			&dsam_profile->caller[(h + i) % DSAM_PROFILED];
		uintptr_t none = 0;

		if (DSAM_LIKELY(is_row(p, address, o)))
			return p;
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
			atomic_store(&p->module, m);
			return p;
		}
	}
	return NULL;
}

static struct dsam_profiled *note(const void *caller, size_t n)
{
	struct dl_find_object o;
	struct dsam_profiled *p;

	if (dsam_caller_find((uintptr_t)caller - 1, &o))
		p = row_of(1, NULL);
	else
		p = row_of((uintptr_t)caller, &o);
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
