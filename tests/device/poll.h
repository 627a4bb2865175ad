/* SPDX-License-Identifier: MIT */
/* poll(2) on nodes: readable once the device has recorded a software error. */
#ifndef TB_POLL_H
#define TB_POLL_H

#include "client.h"

struct fuse_pollhandle;

/*
 * What poll reports for the queue now.  With a handle the waiter is told of
 * the next error; the handle is taken over.  Takes tb_lock.
 */
unsigned int tb_poll(const struct tb_wq *wq, struct fuse_pollhandle *handle);

/* The device has an error: tell who waits.  Takes tb_lock. */
void tb_poll_wake(const struct tb_device *dev);

#endif
