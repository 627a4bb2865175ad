/* SPDX-License-Identifier: MIT */
/* What libfuse calls, and the session that it is called by. */
#ifndef TB_FUSEOPS_H
#define TB_FUSEOPS_H

#define FUSE_USE_VERSION 314
#include <fuse_lowlevel.h>

extern const struct fuse_lowlevel_ops tb_fuse_ops;
extern struct fuse_session *tb_fuse_session;

#endif
