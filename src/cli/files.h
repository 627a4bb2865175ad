/* SPDX-License-Identifier: MIT */
/* The files of the live statistics, as top and report find and read them. */
#ifndef DSAM_CLI_FILES_H
#define DSAM_CLI_FILES_H

#include "report.h"

#include <sys/stat.h>

struct cli_file {
	char dir[256], name[64];
	int pid;
	enum dsam_report_life life;
	struct stat st;
	/* A copy; rows that nobody has are zero.  NULL: not read. */
	struct dsam_live *live;
};

/*
 * Call each() for every file of this user (root: of all users) that is named
 * as live files are; pid 0: of any process.  each() returns false to stop.
 * Its file has no copy yet.
 */
void cli_files_each(int pid, bool (*each)(struct cli_file *f, void *user),
		    void *user);

/*
 * Copy the file's contents to f->live, which the caller frees.  Complains and
 * returns false if it is none, or made by another version.
 */
bool cli_file_read(struct cli_file *f);

/* The same of a path that the user gave. */
bool cli_file_read_path(struct cli_file *f, const char *path);

/* Where a process has its file: fill in f->life. */
void cli_file_judge(struct cli_file *f);

/*
 * The user knows now that the process has ended: remove its file if there is
 * nothing in it, or if this was known for a day, or at_once.  True: gone.
 */
bool cli_file_clean(const struct cli_file *f, bool at_once);

#endif
