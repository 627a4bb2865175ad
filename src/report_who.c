// SPDX-License-Identifier: MIT
/*
 * Room: COLD, PURE.  The callers of stats=callers as text and as JSON.
 * May: text.h.  Must not: look at anything but the gathered report.
 */
#include "report.h"

#include "caller_name.h"

#include <stdio.h>
#include <string.h>

#define ROOM 32
#define WHO 40
#define MOST_ROWS 20
#define MOST_RULES 20

static const char *module_of(const struct dsam_report_caller *c)
{
	return c->module ? dsam_name_base(c->module->path) : "(no file)";
}

static void who(const struct dsam_report_caller *c, char *out, size_t room)
{
	struct dsam_text t = {out, 0, room};
	char plain[256];

	if (!c->module)
		dsam_text_add(&t, "(code of no file)");
	else if (!c->function[0])
		dsam_text_add(&t, "%s+0x%llx", module_of(c),
			      (unsigned long long)c->offset);
	else if (dsam_name_demangle(c->function, plain, sizeof(plain)))
		dsam_text_add(&t, "%s:%s", module_of(c), plain);
	else
		dsam_text_add(&t, "%s:%s", module_of(c), c->function);
	dsam_text_printable(out);
}

/* Lower limit of the power of two that has the median. */
static uint64_t usual_size(const struct dsam_report_caller *c)
{
	uint64_t seen = 0;

	for (unsigned b = 0; b < DSAM_BINS; b++) {
		seen += c->size[b];
		if (seen && seen * 2 >= c->calls)
			return 1ULL << b;
	}
	return 0;
}

static const char *gain_of(const struct dsam_report_caller *c,
			   char out[ROOM + 1])
{
	bool is_loss = c->gain_ns < 0;

	out[0] = '-';
	dsam_text_time(out + is_loss, ROOM,
		       (uint64_t)(is_loss ? -c->gain_ns : c->gain_ns));
	return out;
}

static void row(struct dsam_text *t, const struct dsam_report *r,
		const struct dsam_report_caller *c)
{
	char name[99], n[ROOM], b[ROOM], z[ROOM], s[ROOM], d[ROOM];
	char g[ROOM + 1];

	who(c, name, sizeof(name));
	if (strlen(name) > WHO) {
		dsam_text_add(t, "  %.97s\n", name);
		name[0] = 0;
	}
	dsam_text_add(
		t, "  %-*s %9s %9s %9s %7s %7s %9s\n", WHO, name,
		dsam_text_count(n, sizeof(n), c->calls),
		dsam_text_bytes(b, sizeof(b), c->bytes),
		dsam_text_bytes(z, sizeof(z), usual_size(c)),
		dsam_text_share(s, sizeof(s), c->bytes, r->profiled_bytes),
		dsam_text_share(d, sizeof(d), c->device_bytes, c->bytes),
		gain_of(c, g));
}

static void rest(struct dsam_text *t, const struct dsam_report *r)
{
	uint64_t calls = r->other_calls, bytes = r->other_bytes;
	char n[ROOM], b[ROOM];

	for (unsigned i = MOST_ROWS; i < r->callers; i++) {
		calls += r->caller[i].calls;
		bytes += r->caller[i].bytes;
	}
	if (calls)
		dsam_text_add(t, "  %-*s %9s %9s\n", WHO, "all others",
			      dsam_text_count(n, sizeof(n), calls),
			      dsam_text_bytes(b, sizeof(b), bytes));
}

static void rules(struct dsam_text *t, const struct dsam_report *r)
{
	char rule[160];
	unsigned n = 0, gaining = 0;

	for (unsigned i = 0; i < r->callers; i++)
		gaining += r->caller[i].gain_ns > 0;
	for (unsigned i = 0; i < r->callers && n < MOST_RULES; i++)
		if (dsam_report_rule(r, i, rule, sizeof(rule)))
			dsam_text_add(t, "%s%s",
				      n++ ? ",\n    "
					  : "\n  Callers that gain, for "
					    "dsamove.conf:\n  callers_allow "
					    "= ",
				      rule);
	dsam_text_add(t, "%s",
		      n         ? "\n"
		      : gaining ? "\n  No caller that gains has a name that a "
				  "rule can hold.\n"
				: "\n  No caller gains enough for a "
				  "callers_allow line.\n");
}

void dsam_report_callers_text(struct dsam_text *t, const struct dsam_report *r)
{
	if (!r->callers)
		return;
	dsam_text_add(t, "\n  %-*s %9s %9s %9s %7s %7s %9s\n", WHO, "CALLER",
		      "CALLS", "BYTES", "USUAL", "SHARE", "DEVICE", "GAIN");
	for (unsigned i = 0; i < r->callers && i < MOST_ROWS; i++)
		row(t, r, &r->caller[i]);
	rest(t, r);
	dsam_text_add(t,
		      "  GAIN is at most that much: the CPU's time for all "
		      "of these less that of a %s;\n"
		      "            of copies into fresh pages a part is the "
		      "kernel's time, which nobody saves\n",
		      r->about.is_software || !r->offload_ns
			      ? "usual DSA"
			      : "DSA as measured here");
	rules(t, r);
}

static void json_row(struct dsam_text *t, const struct dsam_report_caller *c)
{
	dsam_text_add(t, "{\"module\":");
	dsam_text_json(t, module_of(c));
	dsam_text_add(t, ",\"function\":");
	dsam_text_json(t, c->function);
	dsam_text_add(
		t,
		",\"offset\":%llu,\"calls\":%llu,\"bytes\":%llu,"
		"\"usual_size\":%llu,\"device_bytes\":%llu,"
		"\"gain_ns\":%lld}",
		(unsigned long long)c->offset, (unsigned long long)c->calls,
		(unsigned long long)c->bytes, (unsigned long long)usual_size(c),
		(unsigned long long)c->device_bytes, (long long)c->gain_ns);
}

void dsam_report_callers_json(struct dsam_text *t, const struct dsam_report *r)
{
	char rule[160];
	unsigned n = 0;

	if (!dsam_profile)
		return;
	dsam_text_add(t, "\"callers\":[");
	for (unsigned i = 0; i < r->callers; i++) {
		dsam_text_add(t, "%s", i ? "," : "");
		json_row(t, &r->caller[i]);
	}
	dsam_text_add(t,
		      "],\"other_callers\":{\"calls\":%llu,\"bytes\":%llu},"
		      "\"callers_allow\":[",
		      (unsigned long long)r->other_calls,
		      (unsigned long long)r->other_bytes);
	for (unsigned i = 0; i < r->callers; i++)
		if (dsam_report_rule(r, i, rule, sizeof(rule))) {
			dsam_text_add(t, "%s", n++ ? "," : "");
			dsam_text_json(t, rule);
		}
	dsam_text_add(t, "],");
}
