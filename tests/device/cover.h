/* SPDX-License-Identifier: MIT */
/* A directory made writable without being written to. */
#ifndef TB_COVER_H
#define TB_COVER_H

/*
 * Mount an empty file system over dir and show in it all that dir had (and
 * what is mounted below), except for the entry named skip.  0 or -1, said.
 */
int tb_cover(const char *dir, const char *skip);

#endif
