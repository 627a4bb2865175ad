/* SPDX-License-Identifier: MIT */
/* The private view of the file system that COMMAND gets. */
#ifndef TB_SANDBOX_H
#define TB_SANDBOX_H

#include "options.h"

/*
 * User (unless root), mount and process namespaces for the next fork.  0, or
 * -1 with the reason said: not possible here.
 */
int tb_sandbox_enter(void);

/*
 * In the first process of the namespaces: private mounts, /proc, a /dev that
 * can be added to.  0 or -1, said.
 */
int tb_sandbox_prepare(void);

/* Where the file system of the test device is to be mounted. */
#define TB_FS_PATH "/dev/.dsa-testbed/fs"

/* The file system's parts to /sys and /dev.  0 or -1, said. */
int tb_sandbox_show(void);

/* The processor preload for every program: 0 or -1, said. */
int tb_sandbox_preload(const struct tb_options *options);

#endif
