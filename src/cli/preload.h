/* SPDX-License-Identifier: MIT */
/* A program started under the preload. */
#ifndef DSAM_CLI_PRELOAD_H
#define DSAM_CLI_PRELOAD_H

#include "cli.h"
#include "conf.h"

/* As env(1): what keeps PROGRAM from being started. */
#define CLI_RUN_FAILED 125
#define CLI_RUN_DENIED 126
#define CLI_RUN_MISSING 127

/*
 * The path of libdsapreload.so: beside this program, else in ../lib, else
 * where it was to be installed.  NULL after a complaint.
 */
const char *cli_preload_library(void);

/*
 * argp's options of --conf and one --KEY for each setting, ending in a zero
 * entry; their parser puts what is given into DSAMOVE_ variables of this
 * process.
 */
const struct argp_option *cli_preload_options(void);
error_t cli_preload_take(int key, char *arg, struct argp_state *state);

/*
 * Check the settings, and put the preload into LD_PRELOAD, after what is
 * there.  False after a complaint.
 */
bool cli_preload_ready(void);

/* exec argv under it; returns the exit status where that failed. */
int cli_preload_exec(char **argv);

#endif
