// SPDX-License-Identifier: MIT
/*
 * Room: COLD (death).  Gathers what the threads counted, and writes it.
 * May: mmap a buffer; open the report file.
 * Must not: allocate from the heap (another thread may hold its lock), write
 * to a stderr that is not the one of birth.
 */
#include "report.h"

#include "clock.h"
#include "log.h"
#include "syscall.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

/* The largest, of JSON with every bucket in use, has 4 MiB. */
#define REPORT_ROOM (8 * 1024 * 1024)

static const struct {
	const char *key, *words;
} whys[DSAM_WHYS] = {
	[DSAM_WHY_NONE] = {"none", ""},
	[DSAM_WHY_SPLIT] = {"split", "the CPU's share of a split copy"},
	[DSAM_WHY_HEAD] = {"head",
			   "up to the destination's first 64-byte line"},
	[DSAM_WHY_OVERLAP] = {"overlap", "source and destination overlap"},
	[DSAM_WHY_BUSY] = {"busy", "every work queue was full"},
	[DSAM_WHY_NO_QUEUE] = {"no_queue", "no work queue was in service"},
	[DSAM_WHY_FAULT] = {"fault", "pages were not present (page faults)"},
	[DSAM_WHY_ERROR] = {"error", "the device reported an error"},
	[DSAM_WHY_TIMEOUT] = {"timeout", "the device did not answer"},
	[DSAM_WHY_MISMATCH] = {"mismatch", "verify found wrong bytes"},
	[DSAM_WHY_CROWD] = {"crowd", "max_inflight threads were offloading"},
	[DSAM_WHY_NESTED] = {"nested",
			     "in a signal handler, during another copy"},
	[DSAM_WHY_NO_SLOT] = {"no_slot", "more threads than slots"},
	[DSAM_WHY_LEAVING] = {"leaving", "the thread was ending"},
	[DSAM_WHY_FORKED] = {"forked", "first copies after a fork"},
	[DSAM_WHY_NO_DEVICE] = {"no_device", "there is no device"},
	[DSAM_WHY_CALLER] = {"caller", "caller rules do not admit the caller"},
};

const char *dsam_why_words(enum dsam_why why)
{
	return whys[why].words;
}

const char *dsam_why_key(enum dsam_why why)
{
	return whys[why].key;
}

const char *dsam_op_name(enum dsam_op op)
{
	static const char *const names[DSAM_OPS] = {"memcpy", "memmove",
						    "memset", "memcmp"};

	return names[op];
}

uint64_t dsam_report_median(const uint64_t *bucket)
{
	uint64_t all = 0, seen = 0;

	for (unsigned b = 0; b < DSAM_BUCKETS; b++)
		all += bucket[b];
	for (unsigned b = 0; b < DSAM_BUCKETS; b++) {
		seen += bucket[b];
		if (all && seen * 2 >= all)
			return dsam_stats_bucket_floor(b);
	}
	return 0;
}

/* Copies at or above the cutoff, and with_small calls below it. */
static bool has_calls(const struct dsam_thread_stats *s, bool with_small)
{
	for (int op = 0; op < DSAM_OPS; op++) {
		const struct dsam_op_stats *o = &s->op[op];

		if (with_small && o->small_calls)
			return true;
		for (int r = 0; r < DSAM_ROUTES; r++)
			if (o->calls[r])
				return true;
	}
	return false;
}

static void add_row(struct dsam_report *r, struct dsam_slot *s, bool has_ended)
{
	struct dsam_report_row *row = &r->row[r->rows];

	dsam_stats_sum(&r->total, &s->stats);
	/* The last row is for all who have none of their own. */
	if (r->rows == DSAM_MAX_ROWS - 1) {
		dsam_stats_sum(&r->rest, &s->stats);
		r->unlisted++;
		return;
	}
	r->rows++;
	row->tid = s->tid;
	row->has_ended = has_ended;
	row->stats = &s->stats;
	snprintf(row->name, sizeof(row->name), "%s", s->name);
	dsam_text_printable(row->name);
}

static void gather_threads(struct dsam_report *r)
{
	for (unsigned i = 0; i < DSAM_SLOTS; i++) {
		uint8_t state = atomic_load(&dsam_arena->state[i]);
		struct dsam_slot *s = &dsam_arena->slot[i];

		if ((state != DSAM_SLOT_LIVE && state != DSAM_SLOT_RETIRED) ||
		    !has_calls(&s->stats, true))
			continue;
		add_row(r, s, state == DSAM_SLOT_RETIRED);
	}
	dsam_stats_sum(&r->total, &dsam_arena->rest);
	dsam_stats_sum(&r->rest, &dsam_arena->rest);
	r->unlisted += atomic_load(&dsam_arena->folded);
	if (r->unlisted)
		r->row[r->rows++].stats = &r->rest;
}

static void gather_sums(struct dsam_report *r)
{
	for (int op = 0; op < DSAM_OPS; op++) {
		const struct dsam_op_stats *o = &r->total.op[op];

		for (int route = 0; route < DSAM_ROUTES; route++) {
			r->calls += o->calls[route];
			r->bytes += o->bytes[route];
		}
		r->device_bytes += o->device_bytes;
		for (int w = 0; w < DSAM_WHYS; w++) {
			uint64_t calls =
				atomic_load(&dsam_arena->outside_calls[op][w]);
			uint64_t bytes =
				atomic_load(&dsam_arena->outside_bytes[op][w]);

			r->outside_calls[op][w] = calls;
			r->outside_bytes[op][w] = bytes;
			r->calls += calls;
			r->bytes += bytes;
			r->why_calls[w] += calls + o->why_calls[w];
			r->why_bytes[w] += bytes + o->why_bytes[w];
		}
	}
}

void dsam_report_gather(struct dsam_report *r, const struct dsam_conf *conf)
{
	memset(r, 0, sizeof(*r));
	dsam_about_take(&r->about, conf);
	r->lived_ns = dsam_clock_monotonic() - r->about.start_ns;
	gather_threads(r);
	gather_sums(r);
	dsam_report_gain(r);
	if (dsam_profile)
		dsam_report_callers(r);
}

/* Was there a copy at or above the cutoff at all?  Most processes: no. */
static bool is_worth_it(void)
{
	if (dsam_profile)
		for (unsigned i = 0; i < DSAM_PROFILED; i++)
			if (atomic_load(&dsam_profile->caller[i].calls))
				return true;
	for (unsigned i = 0; i < DSAM_SLOTS; i++)
		if (atomic_load(&dsam_arena->state[i]) != DSAM_SLOT_FREE &&
		    has_calls(&dsam_arena->slot[i].stats, false))
			return true;
	for (int op = 0; op < DSAM_OPS; op++)
		for (int w = 0; w < DSAM_WHYS; w++)
			if (atomic_load(&dsam_arena->outside_calls[op][w]))
				return true;
	return has_calls(&dsam_arena->rest, false);
}

static void write_out(const struct dsam_conf *conf, const char *text, size_t n)
{
	char path[600];
	int fd = -1;

	if (conf->report_file[0]) {
		fd = -ENAMETOOLONG;
		if (dsam_log_path(conf->report_file, path, sizeof(path)))
			fd = dsam_log_open(path);
		if (fd >= 0) {
			if (!dsam_log_write(fd, text, n))
				dsam_log(DSAM_LOG_WARN,
					 "report_file: %s: could not be "
					 "written to the end",
					 path);
			dsam_syscall3(SYS_close, fd, 0, 0);
			return;
		}
		dsam_log(DSAM_LOG_WARN,
			 "report_file: %s: %s, expected a file that can be "
			 "appended to (no link); the report follows here",
			 conf->report_file, strerror(-fd));
	}
	if (dsam_log_stderr_is_ours())
		dsam_log_write(2, text, n);
}

void dsam_report(const struct dsam_conf *conf)
{
	size_t room = sizeof(struct dsam_report) + REPORT_ROOM;
	int kept = errno;
	struct dsam_report *r;
	struct dsam_text t;
	long p;

	if (!is_worth_it())
		return;
	p = dsam_syscall6(SYS_mmap, 0, (long)room, PROT_READ | PROT_WRITE,
			  MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (p < 0 && p > -(long)DSAM_PAGE) {
		dsam_log(DSAM_LOG_WARN, "no memory for the report");
		return;
	}
	r = (void *)p;
	t = (struct dsam_text){(char *)(r + 1), 0, REPORT_ROOM};
	dsam_clock_calibrate();
	dsam_report_gather(r, conf);
	if (r->calls || r->callers) {
		if (conf->report_format == DSAM_FORMAT_JSON)
			dsam_report_json(&t, r);
		else
			dsam_report_text(&t, r);
		write_out(conf, t.buf, t.used);
	}
	dsam_syscall3(SYS_munmap, p, (long)room, 0);
	errno = kept;
}
