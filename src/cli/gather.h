/* SPDX-License-Identifier: MIT */
/* What the reports of several processes say together of who copies. */
#ifndef DSAM_CLI_GATHER_H
#define DSAM_CLI_GATHER_H

#include <stdbool.h>
#include <stdint.h>

#define GATHER_MOST 1024

struct gather_caller {
	char module[64], function[128], program[32];
	int64_t calls, bytes, usual_size, gain_ns;
};

struct gather {
	unsigned reports;
	int64_t calls, bytes; /* big copies */
	int64_t gain_ns; /* of callers that gain */
	struct gather_caller caller[GATHER_MOST]; /* the most gain first */
	unsigned callers;
	char rule[GATHER_MOST][160];
	unsigned rules;
	char program[GATHER_MOST][32]; /* that have a caller that gains */
	unsigned programs;
};

/* Add every report of the files in directory dir. */
void gather_directory(struct gather *g, const char *dir);

#endif
