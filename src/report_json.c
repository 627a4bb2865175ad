// SPDX-License-Identifier: MIT
/*
 * Room: COLD, PURE.  The report as one JSON object on one line.
 * May: text.h.  Must not: look at anything but the gathered report.
 */
#include "report.h"

#define FORMAT_VERSION 1

static void field(struct dsam_text *t, const char *key, uint64_t v)
{
	dsam_text_add(t, "\"%s\":%llu,", key, (unsigned long long)v);
}

/* The comma that an element's end left behind becomes the closing mark. */
static void close_with(struct dsam_text *t, char mark)
{
	if (t->used && t->buf[t->used - 1] == ',')
		t->used--;
	dsam_text_add(t, "%c", mark);
}

/* [[floor, count], ...] of the buckets that are not empty. */
static void histogram(struct dsam_text *t, const char *key,
		      const uint64_t *bucket)
{
	dsam_text_add(t, "\"%s\":[", key);
	for (unsigned b = 0; b < DSAM_BUCKETS; b++)
		if (bucket[b])
			dsam_text_add(
				t, "[%llu,%llu],",
				(unsigned long long)dsam_stats_bucket_floor(b),
				(unsigned long long)bucket[b]);
	close_with(t, ']');
	dsam_text_add(t, ",");
}

static void reasons(struct dsam_text *t, const uint64_t *calls,
		    const uint64_t *bytes)
{
	dsam_text_add(t, "\"cpu_reasons\":{");
	for (int w = DSAM_WHY_NONE + 1; w < DSAM_WHYS; w++)
		if (calls[w])
			dsam_text_add(t,
				      "\"%s\":{\"calls\":%llu,\"bytes\":%llu},",
				      dsam_why_key((enum dsam_why)w),
				      (unsigned long long)calls[w],
				      (unsigned long long)bytes[w]);
	close_with(t, '}');
	dsam_text_add(t, ",");
}

static void routes(struct dsam_text *t, const struct dsam_op_stats *o)
{
	static const char *const names[DSAM_ROUTES] = {"cpu", "device",
						       "shared"};

	dsam_text_add(t, "\"routes\":{");
	for (int route = 0; route < DSAM_ROUTES; route++)
		dsam_text_add(t, "\"%s\":{\"calls\":%llu,\"bytes\":%llu},",
			      names[route], (unsigned long long)o->calls[route],
			      (unsigned long long)o->bytes[route]);
	close_with(t, '}');
	dsam_text_add(t, ",");
}

static void ops(struct dsam_text *t, const struct dsam_thread_stats *s)
{
	dsam_text_add(t, "\"ops\":{");
	for (int op = 0; op < DSAM_OPS; op++) {
		const struct dsam_op_stats *o = &s->op[op];

		if (!(o->calls[0] | o->calls[1] | o->calls[2] | o->small_calls))
			continue;
		dsam_text_add(t, "\"%s\":{", dsam_op_name((enum dsam_op)op));
		routes(t, o);
		reasons(t, o->why_calls, o->why_bytes);
		field(t, "device_bytes", o->device_bytes);
		field(t, "small_calls", o->small_calls);
		field(t, "small_bytes", o->small_bytes);
		field(t, "descriptors", o->descriptors);
		field(t, "faults", o->faults);
		field(t, "resumes", o->resumes);
		field(t, "retries", o->retries);
		field(t, "touched_pages", o->touched);
		field(t, "wait_ns", o->wait_ns);
		histogram(t, "sizes", o->size);
		histogram(t, "latencies_ns", o->latency);
		close_with(t, '}');
		dsam_text_add(t, ",");
	}
	close_with(t, '}');
	dsam_text_add(t, ",");
}

static void queues(struct dsam_text *t, const struct dsam_about *a)
{
	static const char *const states[] = {"open", "quarantined", "closing",
					     "closed"};

	dsam_text_add(t, "\"queues\":[");
	for (unsigned i = 0; i < a->queues; i++) {
		const struct dsam_about_queue *q = &a->queue[i];

		dsam_text_add(t, "{\"name\":");
		dsam_text_json(t, q->name);
		dsam_text_add(t, ",\"submission\":");
		dsam_text_json(t, q->submission);
		dsam_text_add(t, ",\"numa_node\":%d,", q->numa_node);
		if (q->state < sizeof(states) / sizeof(*states))
			dsam_text_add(t, "\"state\":\"%s\",", states[q->state]);
		field(t, "size", q->size);
		field(t, "threshold", q->threshold);
		field(t, "max_transfer", q->max_transfer);
		close_with(t, '}');
		dsam_text_add(t, ",");
	}
	close_with(t, ']');
	dsam_text_add(t, ",");
}

static void threads(struct dsam_text *t, const struct dsam_report *r)
{
	dsam_text_add(t, "\"threads\":[");
	for (unsigned i = 0; i < r->rows; i++) {
		const struct dsam_report_row *row = &r->row[i];

		dsam_text_add(t, "{");
		if (row->tid) {
			dsam_text_add(t, "\"tid\":%d,\"name\":", row->tid);
			dsam_text_json(t, row->name);
			dsam_text_add(t, ",\"ended\":%s,",
				      row->has_ended ? "true" : "false");
		} else {
			field(t, "folded_threads", r->unlisted);
		}
		ops(t, row->stats);
		close_with(t, '}');
		dsam_text_add(t, ",");
	}
	close_with(t, ']');
	dsam_text_add(t, ",");
}

void dsam_report_json(struct dsam_text *t, const struct dsam_report *r)
{
	static const char *const life[] = {"exits", "running", "lost"};

	dsam_text_add(t, "{");
	field(t, "dsamove_report", FORMAT_VERSION);
	dsam_text_add(t, "\"version\":\"%s\",\"program\":", DSAM_VERSION);
	dsam_text_json(t, r->about.program);
	dsam_text_add(t, ",\"pid\":%d,", r->about.pid);
	dsam_text_add(t, "\"life\":\"%s\",", life[r->life]);
	if (r->lived_ns)
		field(t, "lived_ns", r->lived_ns);
	if (r->unseen)
		field(t, "unseen_threads", r->unseen);
	dsam_text_add(t, "\"device\":");
	dsam_text_json(t, r->about.engine);
	dsam_text_add(t, ",\"found_by\":");
	dsam_text_json(t, r->about.found_by);
	dsam_text_add(t, ",\"conf_file\":");
	dsam_text_json(t, r->about.conf_file);
	dsam_text_add(t, ",");
	field(t, "min_bytes", r->about.min_bytes);
	queues(t, &r->about);
	field(t, "calls", r->calls);
	field(t, "bytes", r->bytes);
	field(t, "device_bytes", r->device_bytes);
	field(t, "offload_ns", r->offload_ns);
	field(t, "cpu_estimate_ns", r->cpu_ns);
	field(t, "cpu_estimate_most_ns", r->cpu_most_ns);
	field(t, "pays_from_bytes", r->pays_from);
	dsam_text_add(t, "\"cpu_estimate\":\"%s\",",
		      r->cpu_was_measured ? "measured" : "learned");
	reasons(t, r->why_calls, r->why_bytes);
	dsam_text_add(t, "\"total\":{");
	ops(t, &r->total);
	close_with(t, '}');
	dsam_text_add(t, ",");
	threads(t, r);
	dsam_report_callers_json(t, r);
	close_with(t, '}');
	dsam_text_add(t, "\n");
}
