/* SPDX-License-Identifier: MIT */
/*
 * The engine brought to life inside a test, in the order that the preload's
 * life cycle has.  Once in a process: tests that use it fork.
 */
#ifndef ENGINE_H
#define ENGINE_H

#include "suite.h"

#include "clock.h"
#include "device_software.h"
#include "libc_mem.h"
#include "offload.h"
#include "policy.h"
#include "queue_open.h"
#include "slot.h"
#include "software_memory.h"
#include "submit.h"
#include "wait.h"

#if HAS_HELGRIND
#include "helgrind_memory.h"
#endif

#include <pthread.h>
#include <string.h>

/* Up to the point where queues are opened. */
static inline void engine_birth(void)
{
	ck_assert(!dsam_libc_resolve());
	dsam_clock_start();
	dsam_clock_calibrate();
	ck_assert(!dsam_slot_birth());
	dsam_queues.count = 0;
}

/* Add a queue that is served by ops. */
static inline struct dsam_queue *engine_queue(const struct dsam_device_ops *ops,
					      uint32_t max_transfer)
{
	struct dsam_queue *q = &dsam_queues.q[dsam_queues.count];

	memset(q, 0, sizeof(*q));
	snprintf(q->name, sizeof(q->name), "fake%u", dsam_queues.count++);
	q->ops = ops;
	q->fd = -1;
	q->numa_node = -1;
	q->max_transfer = max_transfer;
	q->has_cache_control = true;
	q->size = q->threshold = 64;
	return q;
}

/* Sanitizers know nothing of threads that are no pthreads. */
static inline int engine_spawn(void)
{
	pthread_t t;
	int rc = pthread_create(&t, NULL, dsam_software_engine, NULL);

	return rc ? -rc : -pthread_detach(t);
}

/* The software device as the only queue.  False: not allowed here. */
static inline bool engine_software(unsigned engines)
{
	if (engines && dsam_software_remote_probe())
		return false;
	if (HAS_SANITIZER)
		dsam_software_spawn = engine_spawn;
	ck_assert(!dsam_software_birth(&dsam_queues.q[0], engines, 0, 0));
	dsam_queues.count = 1;
	return true;
}

/* After the queues: everything from one byte on is offloaded. */
static inline void engine_begin(void)
{
	dsam_queues_settle();
	for (int op = 0; op < DSAM_OPS; op++)
		dsam_limits.min_bytes[op] = 1;
	dsam_limits.has_device = dsam_queues.count > 0;
	dsam_limits.to_cache_allowed = true;
	for (unsigned i = 0; i < dsam_queues.count; i++)
		if (!dsam_queues.q[i].has_cache_control)
			dsam_limits.to_cache_allowed = false;
	dsam_limits.cache_bytes = SIZE_MAX;
	dsam_limits.chunk = dsam_queues.max_piece;
	dsam_tuning.fault_resumes = 8;
	dsam_tuning.submit_retries = 32;
	dsam_waiting.is_auto = true;
	dsam_queue_deadline = 20000000ULL * dsam_clock.ticks_per_us;
	dsam_slot_begin();
}

/* Take queues that errors or a wrong byte put aside back into service. */
static inline void engine_revive(void)
{
	for (unsigned i = 0; i < dsam_queues.count; i++) {
		struct dsam_queue *q = &dsam_queues.q[i];

		atomic_store(&q->state, DSAM_QUEUE_OPEN);
		atomic_store(&q->errors, 0);
		atomic_store(&q->refusals, 0);
	}
}

static inline void engine_script(const char *script)
{
	char why[256];

	ck_assert_msg(!dsam_software_script(script, why, sizeof(why)), "%s",
		      why);
}

#endif
