/* SPDX-License-Identifier: MIT */
/* dsamove calibrate: what is measured, and what comes of it. */
#ifndef DSAM_CLI_CALIBRATE_H
#define DSAM_CLI_CALIBRATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

enum calibrate_op {
	CALIBRATE_COPY,
	CALIBRATE_FILL,
	CALIBRATE_OPS
};

enum calibrate_state {
	CALIBRATE_HOT, /* the same buffers again and again */
	CALIBRATE_COLD, /* present, but in no cache */
	CALIBRATE_FRESH, /* the destination's pages are not there yet */
	CALIBRATE_CROWD, /* hot, by as many threads as there are CPUs */
	CALIBRATE_STATES
};

enum calibrate_side {
	CALIBRATE_CPU,
	CALIBRATE_DEVICE,
	CALIBRATE_SIDES
};

/* 4 KiB to 8 MiB, powers of two. */
#define CALIBRATE_SIZES 12
#define CALIBRATE_SIZE(i) (4096UL << (i))

struct calibrate {
	/* ns a call; 0: not measured */
	double ns[CALIBRATE_OPS][CALIBRATE_STATES][CALIBRATE_SIZES]
		 [CALIBRATE_SIDES];
	unsigned threads; /* of the crowd */
	char engine[64]; /* as the report calls the device */
	double device_share; /* of the bytes, percent */
};

/* One question to a worker, which answers with ns a call. */
struct calibrate_question {
	uint32_t op, state, threads;
	uint64_t bytes, budget_ns;
};

/*
 * Measure for about so many seconds; the same as read from a file that holds
 * JSON.  False after a complaint.
 */
bool calibrate_measure(struct calibrate *c, unsigned seconds);
bool calibrate_read(struct calibrate *c, const char *path);

/* A worker's life: questions on stdin, answers on stdout. */
int calibrate_worker(void);

const char *calibrate_op_name(enum calibrate_op op);
const char *calibrate_state_name(enum calibrate_state state);
const char *calibrate_state_key(enum calibrate_state state); /* in JSON */

/*
 * The smallest size from which on the device is faster; 0: it never is.
 */
size_t calibrate_crossover(const struct calibrate *c, enum calibrate_op op,
			   enum calibrate_state state);

void calibrate_print_text(const struct calibrate *c);
void calibrate_print_json(const struct calibrate *c);

/* A configuration file with what was found, every other key commented. */
void calibrate_write_conf(const struct calibrate *c, FILE *to);

/* By gnuplot into path (.svg or .png); false after a complaint. */
bool calibrate_plot(const struct calibrate *c, const char *path);

#endif
