/* SPDX-License-Identifier: MIT */
/*
 * The driver's answer to mmap of a node, which FUSE would decide by itself: a
 * seccomp filter sends shared file mappings here first.  So it does with what
 * may end the mapping of a portal: the driver drains the client's descriptors
 * before that returns, FUSE would tell us only afterwards.
 */
#ifndef TB_MAPWATCH_H
#define TB_MAPWATCH_H

/*
 * Filter the calling thread and what it starts from now on; a thread that is
 * already there answers.  Before: the file system is at /dev/dsa.  False where
 * the kernel can't; mmap then gives what FUSE gives (ENODEV, or a mapping).
 */
_Bool tb_mapwatch_start(void);

#endif
