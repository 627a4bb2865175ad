/* SPDX-License-Identifier: MIT */
/* Reports and intervals as one page of HTML that needs nothing else. */
#ifndef DSAM_CLI_PAGE_H
#define DSAM_CLI_PAGE_H

#include <stdbool.h>

/*
 * Write the page of the JSON lines in a file (reports, what dsamove top
 * --json said, or both) to stdout.  False: complained, nothing written.
 */
bool cli_page_of_file(const char *path);

/* The same of one line in memory. */
bool cli_page_of_text(const char *json);

#endif
