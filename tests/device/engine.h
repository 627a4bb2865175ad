/* SPDX-License-Identifier: MIT */
/* Engines: threads that take descriptors from the queues of their group. */
#ifndef TB_ENGINE_H
#define TB_ENGINE_H

#include "client.h"

/* Start all engines of all devices, and the timer of late records. */
int tb_engines_start(void);

/* Let them finish what has arrived, then end them. */
void tb_engines_stop(void);

/*
 * Wait until nothing of the client is queued or under way any more; what is
 * never going to complete (silent) is aborted.  Called without tb_lock.
 */
void tb_engines_drain(struct tb_client *client);

/*
 * Drop what the client has queued if its address space is gone, as after an
 * exec; is it?  Called with tb_lock held.
 */
bool tb_engines_forget(struct tb_client *client);

#endif
