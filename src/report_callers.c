// SPDX-License-Identifier: MIT
/*
 * Room: COLD (death).  Who copied (stats=callers), summed up by function,
 * and an estimate of what offload gains there.
 * May: the table, the report.  Must not: allocate from the heap.
 */
#include "report.h"

#include "caller_name.h"

#include <stdio.h>
#include <string.h>

/*
 * A DSA that nobody has measured here: a synchronous copy through a shared
 * queue of one.  Published figures are 1 to 2 us, and 25 to 30 GB/s.
 */
#define DEVICE_NS 1500
#define DEVICE_BYTES_PER_NS 25
/* Module and function in a line of at most 100 columns. */
#define MOST_NAME 75U

static void take_row(struct dsam_report *r, struct dsam_profiled *p)
{
	struct dsam_report_caller *c = &r->caller[r->callers];

	if (r->callers == DSAM_MAX_CALLERS) {
		r->other_calls += atomic_load(&p->calls);
		r->other_bytes += atomic_load(&p->bytes);
		return;
	}
	r->callers++;
	c->module = atomic_load(&p->module);
	c->offset = atomic_load(&p->address);
	if (c->module)
		c->offset -= (uintptr_t)c->module->start;
	c->calls = atomic_load(&p->calls);
	c->bytes = atomic_load(&p->bytes);
	c->device_bytes = atomic_load(&p->device_bytes);
	c->timed_calls = atomic_load(&p->timed_calls);
	c->cpu_bytes = atomic_load(&p->cpu_bytes);
	c->cpu_ns = atomic_load(&p->cpu_ns);
	c->with_bytes = atomic_load(&p->with_bytes);
	c->with_ns = atomic_load(&p->with_ns);
	for (unsigned b = 0; b < DSAM_BINS; b++)
		c->size[b] = atomic_load(&p->size[b]);
}

/* One may be known twice: before the rules were asked, and after. */
static bool is_same_module(const struct dsam_module *a,
			   const struct dsam_module *b)
{
	return a->start == b->start && a->end == b->end &&
	       a->id[0] == b->id[0] && a->id[1] == b->id[1] &&
	       !strcmp(a->path, b->path);
}

static bool is_same(const struct dsam_report_caller *a,
		    const struct dsam_report_caller *b)
{
	if (a->module != b->module &&
	    !(a->module && b->module && is_same_module(a->module, b->module)))
		return false;
	if (a->function[0] && b->function[0])
		return a->function_at == b->function_at;
	return a->offset == b->offset && !a->function[0] && !b->function[0];
}

static void join(struct dsam_report_caller *to,
		 const struct dsam_report_caller *from)
{
	to->calls += from->calls;
	to->bytes += from->bytes;
	to->device_bytes += from->device_bytes;
	to->timed_calls += from->timed_calls;
	to->cpu_bytes += from->cpu_bytes;
	to->cpu_ns += from->cpu_ns;
	to->with_bytes += from->with_bytes;
	to->with_ns += from->with_ns;
	for (unsigned b = 0; b < DSAM_BINS; b++)
		to->size[b] += from->size[b];
}

/* One row a function. */
static void join_rows(struct dsam_report *r)
{
	unsigned n = 0;

	for (unsigned i = 0; i < r->callers; i++) {
		unsigned k = 0;

		while (k < n && !is_same(&r->caller[k], &r->caller[i]))
			k++;
		if (k < n)
			join(&r->caller[k], &r->caller[i]);
		else if (n++ != i)
			r->caller[k] = r->caller[i];
	}
	r->callers = n;
}

static void sort_rows(struct dsam_report *r)
{
	for (unsigned i = 0; i < r->callers; i++) {
		struct dsam_report_caller kept;
		unsigned most = i;

		for (unsigned k = i + 1; k < r->callers; k++)
			if (r->caller[k].bytes > r->caller[most].bytes)
				most = k;
		if (most == i)
			continue;
		kept = r->caller[i];
		r->caller[i] = r->caller[most];
		r->caller[most] = kept;
	}
}

static uint64_t scale(uint64_t v, uint64_t by, uint64_t of)
{
	return of ? (uint64_t)((unsigned __int128)v * by / of) : 0;
}

/*
 * Of all its copies: the CPU's time for them less a device's.  What was
 * measured here counts, and the published figures for the rest.
 */
static void estimate(const struct dsam_report *r, struct dsam_report_caller *c,
		     uint64_t cpu_ps)
{
	bool was_real = c->with_bytes && !r->about.is_software;
	uint64_t untimed = c->bytes - c->cpu_bytes - c->with_bytes;
	uint64_t cpu = c->cpu_ns + scale(untimed + c->with_bytes, cpu_ps, 1000);
	uint64_t calls = c->calls, bytes = c->bytes, device = 0;

	if (was_real) {
		calls = scale(c->calls, c->bytes - c->with_bytes, c->bytes);
		bytes -= c->with_bytes;
		device = c->with_ns;
	}
	device += calls * DEVICE_NS + bytes / DEVICE_BYTES_PER_NS;
	c->gain_ns = (int64_t)(cpu - device);
}

void dsam_report_callers(struct dsam_report *r)
{
	uint64_t least, most;

	for (unsigned i = 0; i < DSAM_PROFILED; i++)
		if (atomic_load(&dsam_profile->caller[i].calls))
			take_row(r, &dsam_profile->caller[i]);
	r->other_calls += atomic_load(&dsam_profile->other_calls);
	r->other_bytes += atomic_load(&dsam_profile->other_bytes);
	if (!r->callers)
		return;
	dsam_report_names(r);
	join_rows(r);
	sort_rows(r);
	dsam_report_speed(&least, &most);
	r->profiled_calls = r->other_calls;
	r->profiled_bytes = r->other_bytes;
	for (unsigned i = 0; i < r->callers; i++) {
		r->profiled_calls += r->caller[i].calls;
		r->profiled_bytes += r->caller[i].bytes;
		/* Copies are seldom all warm, or all of fresh pages. */
		estimate(r, &r->caller[i], (least + most) / 2);
	}
}

/* A name that a rule can hold as it is. */
static bool is_plain(const char *name)
{
	for (const char *p = name; *p; p++)
		if ((unsigned char)*p < ' ')
			return false;
	return *name && !strpbrk(name, "*?[]\\/:;#, ()<>");
}

static bool rule_of(const struct dsam_report_caller *c, char *out, size_t room)
{
	const char *module = c->module ? dsam_name_base(c->module->path) : "";

	if (c->gain_ns <= 0 || !is_plain(module) || strlen(module) > 60)
		return false;
	if (!is_plain(c->function))
		snprintf(out, room, "%s", module);
	else if (strlen(module) + strlen(c->function) > MOST_NAME)
		snprintf(out, room, "%s:%.*s*", module,
			 (int)(MOST_NAME - strlen(module)), c->function);
	else
		snprintf(out, room, "%s:%s", module, c->function);
	return true;
}

bool dsam_report_rule(const struct dsam_report *r, unsigned i, char *out,
		      size_t room)
{
	char other[160];

	size_t n;

	if (!rule_of(&r->caller[i], out, room))
		return false;
	/* Once; and not a function of a module that has a rule as a whole. */
	for (unsigned k = 0; k < r->callers; k++) {
		if (k == i || !rule_of(&r->caller[k], other, sizeof(other)))
			continue;
		n = strlen(other);
		if (!strncmp(out, other, n) &&
		    ((!out[n] && k < i) || (out[n] == ':')))
			return false;
	}
	return true;
}
