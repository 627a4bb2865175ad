/* SPDX-License-Identifier: MIT */
/* The command line. */
#ifndef TB_OPTIONS_H
#define TB_OPTIONS_H

#include "shm.h"

#include <stdbool.h>

struct tb_options {
	char **command; /* ended by NULL */
	const char *account; /* NULL: none */
	const char *cpu; /* the processor preload, --submit mmap */
	bool is_check; /* only say whether it could run */
	enum tb_patching patching;
	bool by_env; /* LD_PRELOAD, not a private /etc/ld.so.preload */
};

/*
 * Reads the command line and the device file into *options and tb_world.
 * 0, or an exit status to end with (help included: then *is_done).
 */
int tb_options_read(int argc, char **argv, struct tb_options *options,
		    bool *is_done);

#endif
