/* SPDX-License-Identifier: MIT */
/* The file system: the tree through libfuse's low-level interface. */
#ifndef TB_FUSEFS_H
#define TB_FUSEFS_H

/*
 * Mount at dir and serve it from threads of its own.  0, or -1 with one line
 * said.
 */
int tb_fusefs_start(const char *dir);

/* No further requests are answered. */
void tb_fusefs_stop(void);

#endif
