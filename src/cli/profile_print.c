// SPDX-License-Identifier: MIT
/*
 * Room: COLD (the command).  What dsamove profile found, as text and JSON.
 * May: print.  Must not: look at anything but what was gathered.
 */
#include "profile_print.h"

#include "cli.h"
#include "text.h"

#include <json-c/json.h>
#include <stdio.h>

#define SHOWN 12

static double percent(int64_t part, uint64_t whole)
{
	return whole ? 100.0 * (double)part / (double)whole : 0;
}

static void print_table(const struct gather *g)
{
	char bytes[16], usual[16], gain[16], name[200];

	printf("\n  %-48s %10s %10s %9s %10s\n", "CALLER", "CALLS", "BYTES",
	       "USUAL", "GAIN");
	for (unsigned i = 0; i < g->callers && i < SHOWN; i++) {
		const struct gather_caller *c = &g->caller[i];
		bool gains = c->gain_ns > 0;

		snprintf(name, sizeof(name), "%s:%s", c->module, c->function);
		dsam_text_printable(name);
		dsam_text_time(gain, sizeof(gain),
			       (uint64_t)(gains ? c->gain_ns : 0));
		cli_print(gains ? CLI_GOOD : CLI_PLAIN,
			  "  %-48.48s %10lld %10s %9s %10s\n", name,
			  (long long)c->calls,
			  dsam_text_bytes(bytes, sizeof(bytes),
					  (uint64_t)c->bytes),
			  dsam_text_bytes(usual, sizeof(usual),
					  (uint64_t)c->usual_size),
			  gains ? gain : "none");
	}
	if (g->callers > SHOWN)
		printf("  and %u more\n", g->callers - SHOWN);
}

static void print_list(const char *key, const char *names, size_t room,
		       unsigned count)
{
	printf("%s =", key);
	for (unsigned i = 0; i < count; i++)
		printf("%s %s", i ? ",\n " : "", names + i * room);
	putchar('\n');
}

void profile_print_text(const struct gather *g, const struct profile_run *r)
{
	char wall[16], cpu[16], bytes[16], gain[16];
	double share = percent(g->gain_ns, r->cpu_ns);

	cli_print(CLI_STRONG, "dsamove profile: %s\n",
		  g->bytes ? "copies that a DSA could do"
			   : "no big copies were seen");
	printf("  the run     %s, %s of them on the CPU\n",
	       dsam_text_time(wall, sizeof(wall), r->wall_ns),
	       dsam_text_time(cpu, sizeof(cpu), r->cpu_ns));
	printf("  big copies  %s in %lld calls, in %u process%s\n",
	       dsam_text_bytes(bytes, sizeof(bytes), (uint64_t)g->bytes),
	       (long long)g->calls, g->reports, g->reports == 1 ? "" : "es");
	if (g->callers)
		print_table(g);
	if (g->rules) {
		printf("\nFor dsamove.conf, so that only these are "
		       "offloaded:\n");
		print_list("programs", g->program[0], sizeof(g->program[0]),
			   g->programs);
		print_list("callers_allow", g->rule[0], sizeof(g->rule[0]),
			   g->rules);
		putchar('\n');
	}
	if (!g->bytes)
		printf("Verdict: no gain to be had: it copies inlined, within "
		       "libc, or in small pieces; or it ended by a signal\n");
	else
		cli_print(
			share >= 1 ? CLI_GOOD : CLI_WARNING,
			"Verdict: a DSA would save %s at most, %.1f %% of the "
			"CPU's time: %s\n",
			dsam_text_time(gain, sizeof(gain),
				       (uint64_t)g->gain_ns),
			share,
			share >= 5   ? "worth it"
			: share >= 1 ? "a little"
				     : "hardly worth it");
}

static json_object *names_json(const char *names, size_t room, unsigned count)
{
	json_object *list = json_object_new_array();

	for (unsigned i = 0; i < count; i++)
		json_object_array_add(list,
				      json_object_new_string(names + i * room));
	return list;
}

static void add_number(json_object *o, const char *key, int64_t v)
{
	json_object_object_add(o, key, json_object_new_int64(v));
}

static json_object *callers_json(const struct gather *g)
{
	json_object *list = json_object_new_array();

	for (unsigned i = 0; i < g->callers; i++) {
		const struct gather_caller *c = &g->caller[i];
		json_object *o = json_object_new_object();

		json_object_object_add(o, "module",
				       json_object_new_string(c->module));
		json_object_object_add(o, "function",
				       json_object_new_string(c->function));
		add_number(o, "calls", c->calls);
		add_number(o, "bytes", c->bytes);
		add_number(o, "usual_size", c->usual_size);
		add_number(o, "gain_ns", c->gain_ns);
		json_object_array_add(list, o);
	}
	return list;
}

void profile_print_json(const struct gather *g, const struct profile_run *r)
{
	json_object *o = json_object_new_object();

	add_number(o, "wall_ns", (int64_t)r->wall_ns);
	add_number(o, "cpu_ns", (int64_t)r->cpu_ns);
	add_number(o, "processes", g->reports);
	add_number(o, "calls", g->calls);
	add_number(o, "bytes", g->bytes);
	add_number(o, "gain_ns", g->gain_ns);
	json_object_object_add(o, "callers", callers_json(g));
	json_object_object_add(
		o, "programs",
		names_json(g->program[0], sizeof(g->program[0]), g->programs));
	json_object_object_add(
		o, "callers_allow",
		names_json(g->rule[0], sizeof(g->rule[0]), g->rules));
	puts(json_object_to_json_string_ext(o, JSON_C_TO_STRING_PRETTY));
	json_object_put(o);
}
