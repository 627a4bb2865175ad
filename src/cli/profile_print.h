/* SPDX-License-Identifier: MIT */
/* What dsamove profile found, on stdout. */
#ifndef DSAM_CLI_PROFILE_PRINT_H
#define DSAM_CLI_PROFILE_PRINT_H

#include "gather.h"

struct profile_run {
	int status; /* exit status, as a shell has it */
	uint64_t wall_ns, cpu_ns;
};

void profile_print_text(const struct gather *g, const struct profile_run *r);
void profile_print_json(const struct gather *g, const struct profile_run *r);

#endif
