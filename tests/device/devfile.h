/* SPDX-License-Identifier: MIT */
/* The declarative device file, and single settings of the command line. */
#ifndef TB_DEVFILE_H
#define TB_DEVFILE_H

/*
 * Build the world from the file.  On an error one line is said, with file,
 * line and key, and -1 returned.
 */
int tb_devfile_read(const char *path);

/*
 * count devices with wqs shared queues each, four engines in group 0; as after
 * boot (disabled, not configured) if wqs is 0.
 */
int tb_devfile_default(int count, int wqs);

/*
 * "SECTION.KEY=VALUE" (wq0.1.size=16) or "KEY=VALUE" for all queues and
 * devices that have the key.  As above.
 */
int tb_devfile_set(const char *setting);

/* Sums and limits, after all settings: as above. */
int tb_devfile_check(const char *path);

#endif
