/* SPDX-License-Identifier: MIT */
/* A descriptor between the queue and its completion record. */
#ifndef TB_TASK_H
#define TB_TASK_H

#include "account.h"
#include "client.h"
#include "trouble.h"

struct tb_task {
	struct tb_task *next; /* in the list of all tasks */
	struct tb_client *client;
	struct tb_wq *wq;
	int *depth; /* tasks of its engine; one less when it ends */
	struct dsa_hw_desc desc;
	struct dsa_completion_record rec;
	bool has_record, is_swerror;
	bool is_waiting; /* for due_ns, in the hands of the timer */
	bool is_aborted; /* queue broken or client gone: no record */
	uint64_t ticket, arrival_ns, due_ns;
	struct tb_fate fate;
	struct tb_ending ending;
};

/* The list of all tasks and what signals its changes; under tb_lock. */
extern struct tb_task *tb_tasks;
extern pthread_cond_t tb_task_ended, tb_task_added;

/*
 * The next descriptor for an engine of that group, or NULL when there is none
 * that may start.  Called with tb_lock held.
 */
struct tb_task *tb_task_take(struct tb_device *dev, int group);

/* How long before it is due a record has to be begun. */
uint64_t tb_task_lead_ns(void);

/* Write the record (unlocks for it), account for the task and free it. */
void tb_task_end(struct tb_task *task);

/* Hand over to the timer, or (silent) to nobody. */
void tb_task_park(struct tb_task *task);

/* The thread that ends parked tasks when they are due. */
void *tb_timer_run(void *unused);

/* End of the timer.  Called with tb_lock held. */
void tb_timer_stop(void);

/* For the calling thread: exact timers, and first on the CPU. */
void tb_be_punctual(void);

/* Sleep until then, to the microsecond. */
void tb_sleep_until(uint64_t ns);

#endif
