/* SPDX-License-Identifier: MIT */
/* Open a work queue's node, close it for good, open it anew in a child. */
#ifndef DSAM_QUEUE_OPEN_H
#define DSAM_QUEUE_OPEN_H

#include "queue.h"

struct dsam_wq;

/*
 * Birth.  Open the work queue wq as *q: its portal if the kernel lets us map
 * it and the CPU has ENQCMD, else for write(2), which is tried with a NOOP.
 * 0, or -errno with *q unusable and nothing left open.
 */
int dsam_queue_open(struct dsam_queue *q, const struct dsam_wq *wq);

/*
 * Rebirth in a fork child: open q again by raw open, mmap and close alone
 * (no allocation; runs inside some copy).  0 or -errno, queue closed.
 */
int dsam_queue_reopen(struct dsam_queue *q);

/* In a fork child, at once: let go of an inherited write(2) descriptor. */
void dsam_queue_disown(struct dsam_queue *q);

/* dsam_device_ops.drain of the two ways of submission. */
bool dsam_queue_drain_portal(struct dsam_queue *q);
bool dsam_queue_drain_fd(struct dsam_queue *q);

/* Has this CPU ENQCMD (leaf 7, sub-leaf 0, ECX bit 29) / WAITPKG (bit 5)? */
bool dsam_cpu_has_enqcmd(void);
bool dsam_cpu_has_waitpkg(void);

/*
 * Birth and rebirth: which queues get batches, and how long ones, and what
 * dsam_queues says of all its queues.
 */
void dsam_queues_settle(void);

#endif
