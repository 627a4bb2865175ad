// SPDX-License-Identifier: MIT
/*
 * Room: COLD (the command).  A sample of dsamove top as JSON.
 * May: print.  Must not: anything else.
 */
#include "sample.h"

#include <json-c/json.h>
#include <stdio.h>
#include <time.h>

#define FORMAT_VERSION 1

static void add(json_object *to, const char *key, uint64_t v)
{
	json_object_object_add(to, key, json_object_new_uint64(v));
}

static json_object *flow(const struct cli_flow *f)
{
	static const char *const routes[DSAM_ROUTES] = {"cpu", "device",
							"shared"};
	json_object *o = json_object_new_object();
	json_object *by_route = json_object_new_object();
	json_object *whys = json_object_new_object();

	add(o, "calls", f->calls);
	add(o, "bytes", f->bytes);
	add(o, "device_bytes", f->device_bytes);
	add(o, "wait_ns", f->wait_ns);
	for (int r = 0; r < DSAM_ROUTES; r++)
		add(by_route, routes[r], f->route_calls[r]);
	json_object_object_add(o, "calls_by_route", by_route);
	for (int w = DSAM_WHY_NONE + 1; w < DSAM_WHYS; w++) {
		json_object *why;

		if (!f->why_calls[w])
			continue;
		why = json_object_new_object();
		add(why, "calls", f->why_calls[w]);
		add(why, "bytes", f->why_bytes[w]);
		json_object_object_add(whys, dsam_why_key((enum dsam_why)w),
				       why);
	}
	json_object_object_add(o, "cpu_reasons", whys);
	return o;
}

/* A name from a program, which need not be UTF-8: by our own writer. */
static json_object *text(const char *s)
{
	char buf[2048];
	struct dsam_text t = {buf, 0, sizeof(buf)};

	dsam_text_json(&t, s);
	return json_tokener_parse(buf);
}

static json_object *process(const struct cli_process *p)
{
	static const char *const life[] = {"exits", "running", "lost"};
	json_object *o = json_object_new_object();
	json_object *threads = json_object_new_array();

	add(o, "pid", (uint64_t)p->file.pid);
	json_object_object_add(o, "program", text(p->report->about.program));
	json_object_object_add(o, "life",
			       json_object_new_string(life[p->file.life]));
	json_object_object_add(o, "device", text(p->report->about.engine));
	json_object_object_add(o, "since_birth", flow(&p->all));
	json_object_object_add(o, "in_interval", flow(&p->flow));
	for (unsigned i = 0; i < p->report->rows; i++) {
		const struct dsam_report_row *row = &p->report->row[i];
		json_object *t = flow(&p->row_flow[i]);

		if (row->tid) {
			add(t, "tid", (uint64_t)row->tid);
			json_object_object_add(t, "name", text(row->name));
			json_object_object_add(
				t, "ended",
				json_object_new_boolean(row->has_ended));
		} else {
			add(t, "folded_threads", p->report->unlisted);
		}
		json_object_array_add(threads, t);
	}
	json_object_object_add(o, "threads_in_interval", threads);
	return o;
}

static json_object *queue(const struct cli_queue *q)
{
	json_object *o = json_object_new_object();

	json_object_object_add(o, "name", text(q->name));
	add(o, "size", q->size);
	if (q->looks) {
		json_object_object_add(
			o, "mean_occupancy",
			json_object_new_double((double)q->sum / q->looks));
		add(o, "most_occupancy", q->most);
	}
	return o;
}

void cli_sample_json(const struct cli_sample *s)
{
	json_object *all = json_object_new_object();
	json_object *processes = json_object_new_array();
	json_object *queues = json_object_new_array();
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	add(all, "dsamove_top", FORMAT_VERSION);
	add(all, "time_ms",
	    (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000);
	add(all, "interval_ns", s->span_ns);
	for (unsigned i = 0; i < s->count; i++)
		json_object_array_add(processes, process(s->process[i]));
	json_object_object_add(all, "processes", processes);
	for (unsigned i = 0; i < s->queues; i++)
		json_object_array_add(queues, queue(&s->queue[i]));
	json_object_object_add(all, "queues", queues);
	puts(json_object_to_json_string_ext(all, JSON_C_TO_STRING_PLAIN));
	json_object_put(all);
}
