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
	[DSAM_WHY_SLOWER] = {"slower",
			     "the device would only have slowed it down"},
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

/* Was there a copy at or above the cutoff at all?  Most processes: no. */
static bool is_worth_it(void)
{
	if (dsam_profile)
		for (unsigned i = 0; i < DSAM_PROFILED; i++)
			if (atomic_load(&dsam_profile->caller[i].calls))
				return true;
	for (unsigned i = 0; i < DSAM_SLOTS; i++)
		if (atomic_load(&dsam_arena->state[i]) != DSAM_SLOT_FREE &&
		    dsam_report_has_calls(dsam_slot_stats(&dsam_arena->slot[i]),
					  false))
			return true;
	return dsam_report_has_common(&dsam_arena->common) ||
	       dsam_report_has_common(dsam_slot_common());
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
			if (conf->report_open == DSAM_OPEN_FRESH)
				dsam_syscall3(SYS_ftruncate, fd, 0, 0);
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
