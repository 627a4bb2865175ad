/* SPDX-License-Identifier: MIT */
/*
 * What a report says of a process besides its counters: who it is, which
 * queues it has, the settings that explain the figures.  Plain bytes without
 * pointers, so that a file can hold it for other processes to read.
 */
#ifndef DSAM_ABOUT_H
#define DSAM_ABOUT_H

#include "conf.h"
#include "discover.h"
#include "dsamove.h"

struct dsam_about_queue {
	char name[24];
	char submission[32]; /* the device's name: ENQCMD, write(2) ... */
	uint32_t size, threshold, max_transfer;
	int32_t numa_node;
	uint32_t state; /* enum dsam_queue_state, or: */
#define DSAM_ABOUT_UNKNOWN UINT32_MAX
	uint32_t unused;
};

struct dsam_about {
	char program[512]; /* longer names are cut */
	char engine[32]; /* what the queues are, in words */
	char found_by[16]; /* or empty */
	char conf_file[512]; /* or empty */
	uint64_t min_bytes, start_ns; /* CLOCK_MONOTONIC of birth */
	int32_t pid;
	uint32_t split_cpu_percent;
	uint32_t queues;
	uint8_t is_software; /* the CPU in a device's place */
	uint8_t is_split, counts_small, unused;
	struct dsam_about_queue queue[DSAM_MAX_QUEUES];
};

/* How queues were found; set at birth. */
extern enum dsam_discovery dsam_report_discovery;

/* Fill in what is so in this process now. */
void dsam_about_take(struct dsam_about *a, const struct dsam_conf *conf);

#endif
