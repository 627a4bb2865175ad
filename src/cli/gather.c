// SPDX-License-Identifier: MIT
/*
 * Room: COLD (the command).  Adds up JSON reports.
 * May: read the files.  Must not: print, believe that a report is whole.
 */
#include "gather.h"

#include <dirent.h>
#include <json-c/json.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int64_t number(json_object *o, const char *key)
{
	json_object *v;

	return json_object_object_get_ex(o, key, &v) ? json_object_get_int64(v)
						     : 0;
}

static const char *text(json_object *o, const char *key)
{
	json_object *v;

	return json_object_object_get_ex(o, key, &v) ? json_object_get_string(v)
						     : "";
}

/* The row of this caller, which may be new; NULL: no room. */
static struct gather_caller *row_of(struct gather *g, const char *program,
				    const char *module, const char *function)
{
	struct gather_caller *c;

	for (unsigned i = 0; i < g->callers; i++) {
		c = &g->caller[i];
		if (!strcmp(c->module, module) &&
		    !strcmp(c->function, function))
			return c;
	}
	if (g->callers == GATHER_MOST)
		return NULL;
	c = &g->caller[g->callers++];
	snprintf(c->program, sizeof(c->program), "%s", program);
	snprintf(c->module, sizeof(c->module), "%s", module);
	snprintf(c->function, sizeof(c->function), "%s", function);
	return c;
}

/* A name once; false: it was there, or there is no room. */
static bool add_name(char *all, size_t room, unsigned *count, const char *name)
{
	for (unsigned i = 0; i < *count; i++)
		if (!strcmp(all + i * room, name))
			return false;
	if (*count == GATHER_MOST)
		return false;
	snprintf(all + (*count)++ * room, room, "%s", name);
	return true;
}

static void take_caller(struct gather *g, const char *program, json_object *o)
{
	char module[64], function[128];
	struct gather_caller *c;

	/* Cut before they are compared. */
	snprintf(module, sizeof(module), "%s", text(o, "module"));
	snprintf(function, sizeof(function), "%s", text(o, "function"));
	if (!function[0])
		snprintf(function, sizeof(function), "+%#llx",
			 (unsigned long long)number(o, "offset"));
	c = row_of(g, program, module, function);
	if (!c)
		return;
	if (number(o, "bytes") > c->bytes)
		c->usual_size = number(o, "usual_size");
	c->calls += number(o, "calls");
	c->bytes += number(o, "bytes");
	c->gain_ns += number(o, "gain_ns");
	if (number(o, "gain_ns") > 0)
		add_name(&g->program[0][0], sizeof(g->program[0]), &g->programs,
			 program);
}

static void take_report(struct gather *g, json_object *report)
{
	char program[32];
	json_object *list;

	g->reports++;
	snprintf(program, sizeof(program), "%s", text(report, "program"));
	if (json_object_object_get_ex(report, "callers", &list))
		for (size_t i = 0; i < json_object_array_length(list); i++) {
			json_object *o = json_object_array_get_idx(list, i);

			g->calls += number(o, "calls");
			g->bytes += number(o, "bytes");
			take_caller(g, program, o);
		}
	if (json_object_object_get_ex(report, "other_callers", &list)) {
		g->calls += number(list, "calls");
		g->bytes += number(list, "bytes");
	}
	if (!json_object_object_get_ex(report, "callers_allow", &list))
		return;
	for (size_t i = 0; i < json_object_array_length(list); i++)
		add_name(&g->rule[0][0], sizeof(g->rule[0]), &g->rules,
			 json_object_get_string(
				 json_object_array_get_idx(list, i)));
}

/* One report a line: a process that was forked may have its parent's number. */
static void take_file(struct gather *g, const char *path)
{
	FILE *f = fopen(path, "re");
	char *line = NULL;
	size_t room = 0;

	while (f && getline(&line, &room, f) > 0) {
		json_object *report = json_tokener_parse(line);

		if (json_object_is_type(report, json_type_object))
			take_report(g, report);
		json_object_put(report);
	}
	free(line);
	if (f)
		fclose(f);
}

static int by_gain(const void *a, const void *b)
{
	const struct gather_caller *x = a, *y = b;

	if (x->gain_ns != y->gain_ns)
		return x->gain_ns < y->gain_ns ? 1 : -1;
	return x->bytes < y->bytes ? 1 : x->bytes > y->bytes ? -1 : 0;
}

void gather_directory(struct gather *g, const char *dir)
{
	DIR *d = opendir(dir);
	struct dirent *e;

	while (d && (e = readdir(d))) {
		char path[600];

		if (e->d_name[0] == '.')
			continue;
		snprintf(path, sizeof(path), "%s/%s", dir, e->d_name);
		take_file(g, path);
	}
	if (d)
		closedir(d);
	qsort(g->caller, g->callers, sizeof(*g->caller), by_gain);
	for (unsigned i = 0; i < g->callers; i++)
		if (g->caller[i].gain_ns > 0)
			g->gain_ns += g->caller[i].gain_ns;
}
