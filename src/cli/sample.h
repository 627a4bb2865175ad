/* SPDX-License-Identifier: MIT */
/* What dsamove top shows: processes at two moments, and what lies between. */
#ifndef DSAM_CLI_SAMPLE_H
#define DSAM_CLI_SAMPLE_H

#include "files.h"

#define CLI_MOST_PROCESSES 256

/* Counters that only grow, of a process or one of its threads. */
struct cli_flow {
	uint64_t calls, bytes, device_bytes, wait_ns;
	uint64_t route_calls[DSAM_ROUTES];
	uint64_t why_calls[DSAM_WHYS], why_bytes[DSAM_WHYS];
};

struct cli_process {
	struct cli_file file;
	struct dsam_report *report; /* its rows point into file.live */
	struct cli_flow all;
	/* Since the sample before, or since birth where that is later. */
	struct cli_flow flow, row_flow[DSAM_MAX_ROWS];
};

struct cli_queue {
	char name[24];
	unsigned size, looks, most;
	uint64_t sum; /* over looks */
};

struct cli_sample {
	uint64_t at_ns, span_ns; /* CLOCK_MONOTONIC; since the one before */
	unsigned count, hidden; /* hidden: had no room */
	struct cli_process *process[CLI_MOST_PROCESSES];
	unsigned queues;
	struct cli_queue queue[DSAM_MAX_QUEUES];
};

/*
 * Look at the processes that have live files (pid 0: all), and clean those
 * of dead ones; clean_all: at once.  before (or NULL) is the last sample.
 */
void cli_sample_take(struct cli_sample *s, const struct cli_sample *before,
		     int pid, bool clean_all);

/* Let ns pass, looking at the queues of s meanwhile. */
void cli_sample_wait(struct cli_sample *s, uint64_t ns);

void cli_sample_drop(struct cli_sample *s);

/* The sample as one line of JSON. */
void cli_sample_json(const struct cli_sample *s);

#endif
