/* SPDX-License-Identifier: MIT */
/* The table of open work queues: pick, quarantine, revive. */
#ifndef DSAM_QUEUE_H
#define DSAM_QUEUE_H

#include "device.h"
#include "dsamove.h"

#include <stdatomic.h>

enum dsam_queue_state {
	DSAM_QUEUE_OPEN,
	DSAM_QUEUE_QUARANTINED, /* passed over; probed with NOOPs */
	DSAM_QUEUE_CLOSING, /* one thread is draining it */
	DSAM_QUEUE_CLOSED /* drained; gone for this process */
};

struct dsam_queue {
	/* Read by every offload, written at birth and in trouble. */
	const struct dsam_device_ops *ops;
	void *portal; /* ENQCMD; NULL otherwise */
	int fd; /* write(2); -1 otherwise */
	_Atomic int state;
	uint32_t max_transfer; /* bytes */
	uint32_t max_batch; /* descriptors; 0: takes no BATCH */
	_Atomic uint32_t members; /* of a batch that it gets; below 2: none */
	int numa_node; /* -1: not known */
	bool has_cache_control, has_compare;
	uint64_t fd_dev, fd_ino, fd_rdev; /* identity of fd */
	uint64_t node_dev, node_rdev; /* of the node, at birth */
	char name[24], path[64];
	uint32_t size, threshold;

	/* Written in trouble only. */
	_Alignas(DSAM_LINE) _Atomic uint32_t errors; /* since a success */
	_Atomic uint32_t refusals; /* requests refused since a success */
	_Atomic uintptr_t closer; /* the thread that closes it */
	_Atomic uint32_t is_said; /* its end is on the log */
	_Atomic uint32_t is_banned; /* wrote wrong bytes: never revived */
	/* Ticks; whoever moves it on may touch what follows. */
	_Atomic uint64_t probe_at;
	uint64_t probe_pause; /* ticks */
	bool is_probed; /* a NOOP is in flight or answered */
	_Alignas(DSAM_LINE) struct dsa_hw_desc probe_desc;
	_Alignas(32) struct dsa_completion_record probe_record;
};

struct dsam_queues {
	unsigned count;
	uint32_t max_piece; /* bytes, of the queue that takes most in one go */
	/* Bytes that may be a batch somewhere, and the least for a member. */
	uint32_t batch_least, batch_part;
	bool has_nodes; /* they sit on more than one NUMA node */
	struct dsam_queue q[DSAM_MAX_QUEUES]; /* the first count are in use */
};

extern struct dsam_queues dsam_queues DSAM_HIDDEN;

/* With fewer members a batch gains nothing. */
#define DSAM_BATCH_LEAST 4U
/* A doorbell takes longer than the device for so many bytes. */
#define DSAM_BATCH_DOORBELL 4096U

/* Ticks that a descriptor may take; set at birth (device_timeout_ms). */
extern uint64_t dsam_queue_deadline DSAM_HIDDEN;

static inline bool dsam_queue_is_open(const struct dsam_queue *q)
{
	return atomic_load_explicit(&q->state, memory_order_relaxed) ==
	       DSAM_QUEUE_OPEN;
}

/*
 * The turn-th choice for a thread whose round robin stands at start: open
 * queues of node first (node < 0: any), then the others.  NULL when there
 * are no more.  turn counts from 0.
 */
struct dsam_queue *dsam_queue_pick(unsigned start, unsigned turn, int node);

/* Is any queue open?  Gives quarantined ones their probe when it is due. */
bool dsam_queue_any(void);

/* A descriptor of q ended well / with an error / was refused after retries. */
void dsam_queue_good(struct dsam_queue *q);
void dsam_queue_bad(struct dsam_queue *q);
void dsam_queue_refused(struct dsam_queue *q);

/* Pass q over until a probe went through. */
void dsam_queue_quarantine(struct dsam_queue *q);

/* In a fork child: q's troubles were the parent's. */
void dsam_queue_forget(struct dsam_queue *q);

/*
 * COLD, queue_open.c.  A descriptor of q had no answer within the deadline:
 * close q, or wait until another thread has.  True: what has no record was
 * aborted and may be redone.  False: it could not be closed, wait on.
 */
bool dsam_queue_give_up(struct dsam_queue *q);

/* COLD, queue_open.c.  Verification found a wrong byte: never use q again. */
void dsam_queue_accuse(struct dsam_queue *q, size_t offset);

#endif
