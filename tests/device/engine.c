// SPDX-License-Identifier: MIT
/*
 * Room: HOT.  The engine threads: take, execute, see to the time, end.
 * May: block on the group's bell and on tb_lock.  Must not: execute with
 * tb_lock held.
 */
#include "engine.h"
#include "account.h"
#include "memory.h"
#include "model.h"
#include "poll.h"
#include "spoil.h"
#include "task.h"

#include <errno.h>
#include <linux/futex.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define DEPTH 4 /* tasks that wait for their time, per engine */
#define DRAIN_NS 3000000000 /* then what no engine takes is dropped */
#define HANDS_ON_NS 100000 /* shorter waits are the engine's own */

struct engine {
	struct tb_device *dev;
	int id;
	int depth;
	pthread_t thread;
	unsigned char bounce[TB_BOUNCE];
};

static struct engine *engines[TB_MAX_DEVICES][TB_MAX_ENGINES];
static pthread_t timer;
static bool is_stopping;

/* The client's memory, and whose it is. */
struct reach {
	struct tb_memory memory;
	const struct tb_client *client;
};

static void count_member(const struct dsam_memory *m,
			 const struct dsa_hw_desc *desc,
			 const struct dsa_completion_record *rec,
			 uint64_t moved)
{
	const struct reach *reach = (const struct reach *)(const void *)m;
	const struct tb_ending ending = {.opcode = desc->opcode,
					 .status = rec->status,
					 .bytes = moved,
					 .size = desc->xfer_size};

	pthread_mutex_lock(&tb_lock);
	tb_account_member(reach->client, &ending);
	pthread_mutex_unlock(&tb_lock);
}

static void execute(struct engine *e, struct tb_task *task)
{
	struct tb_wq *wq = task->wq;
	struct dsam_exec_limits lim = {
		.gen_cap = wq->dev->gen_cap,
		.max_transfer = (uint32_t)wq->max_transfer,
		.max_batch = wq->max_batch,
		.block_on_fault = wq->block_on_fault,
	};
	struct reach reach;
	struct tb_memory *memory = &reach.memory;
	enum dsam_exec_result result;

	for (int i = 0; i < 4; i++)
		lim.op_cap[i] = wq->op_config[i] & wq->dev->op_cap[i];
	/* The CPU's share of the descriptor (ENQCMD), or ignored (8.1.1). */
	task->desc.pasid = 0;
	task->desc.priv = 0;
	tb_memory_init(memory, task->client->pid, task->client->pagemap,
		       wq->trouble.scramble, e->bounce);
	memory->ops.member = count_member;
	reach.client = task->client;
	result = dsam_descriptor_exec(
		&lim, &memory->ops,
		task->fate.has_exec ? &task->fate.exec : NULL, &task->desc,
		&task->rec, &task->ending.bytes);
	task->has_record = result == DSAM_EXEC_RECORD;
	task->is_swerror = result == DSAM_EXEC_SWERROR;
	tb_spoil(task, memory);
	task->ending.opcode = task->desc.opcode;
	task->ending.status = task->rec.status;
	task->ending.size = task->desc.xfer_size;
	task->ending.done = task->rec.bytes_completed;
	task->ending.is_silent = task->fate.is_silent;
	task->ending.is_late = task->fate.late_us != 0;
	task->ending.is_made = task->fate.has_exec;
	task->ending.is_lost = task->is_swerror;
}

/* When the record is to be written; the device's link is taken till then. */
static void set_due(struct tb_task *task)
{
	struct tb_device *dev = task->wq->dev;
	uint64_t start = task->arrival_ns;

	if (dev->mbps) {
		if (dev->link_free_ns > start)
			start = dev->link_free_ns;
		start += task->ending.bytes * 1000 / dev->mbps;
		dev->link_free_ns = start;
	}
	task->due_ns = start + dev->latency_ns + task->fate.late_us * 1000 -
		       tb_task_lead_ns();
}

static void handle(struct engine *e, struct tb_task *task)
{
	uint64_t now;

	execute(e, task);
	pthread_mutex_lock(&tb_lock);
	set_due(task);
	if (task->is_swerror)
		tb_device_swerror(task->wq->dev, task->wq, task->rec.status,
				  &task->desc);
	task->depth = &e->depth;
	e->depth++;
	if (task->fate.disable || task->fate.reset)
		tb_wq_break(task->wq, task->fate.reset);
	pthread_mutex_unlock(&tb_lock);
	if (task->is_swerror)
		tb_poll_wake(task->wq->dev);
	now = tb_now_ns();
	if (task->fate.is_silent || task->due_ns > now + HANDS_ON_NS) {
		if (task->fate.is_silent) {
			/* It holds up nothing but its client. */
			pthread_mutex_lock(&tb_lock);
			e->depth--;
			task->depth = NULL;
			pthread_mutex_unlock(&tb_lock);
		}
		tb_task_park(task);
		return;
	}
	if (task->due_ns > now)
		tb_sleep_until(task->due_ns);
	tb_task_end(task);
}

static void sweep(struct tb_device *dev)
{
	for (int w = 0; w < TB_MAX_WQS; w++)
		tb_slots_sweep(&tb_world.shm->queues[dev->wqs[w].queue]);
}

static void wait_for_bell(const struct engine *e, int group, uint32_t seen)
{
	int i = e->dev->index * TB_MAX_GROUPS + (group < 0 ? 0 : group);
	struct timespec ts = {0, 50000000};
	bool is_timeout;

	atomic_fetch_add(&tb_world.shm->sleepers[i], 1);
	is_timeout = syscall(SYS_futex, &tb_world.shm->bells[i], FUTEX_WAIT,
			     seen, &ts, NULL, 0) < 0 &&
		     errno == ETIMEDOUT;
	atomic_fetch_sub(&tb_world.shm->sleepers[i], 1);
	if (is_timeout)
		sweep(e->dev);
}

static void *engine_run(void *arg)
{
	struct engine *e = arg;

	tb_be_punctual();
	pthread_mutex_lock(&tb_lock);
	for (;;) {
		int group = e->dev->engine_group[e->id];
		uint32_t seen = atomic_load(
			&tb_world.shm->bells[e->dev->index * TB_MAX_GROUPS +
					     (group < 0 ? 0 : group)]);
		struct tb_task *task = NULL;

		if (e->depth >= DEPTH) {
			pthread_cond_wait(&tb_task_ended, &tb_lock);
			continue;
		}
		if (group >= 0)
			task = tb_task_take(e->dev, group);
		if (!task && is_stopping)
			break;
		pthread_mutex_unlock(&tb_lock);
		if (task)
			handle(e, task);
		else
			wait_for_bell(e, group, seen);
		pthread_mutex_lock(&tb_lock);
	}
	pthread_mutex_unlock(&tb_lock);
	return NULL;
}

int tb_engines_start(void)
{
	if (pthread_create(&timer, NULL, tb_timer_run, NULL))
		return -1;
	for (int d = 0; d < tb_world.ndevices; d++) {
		for (int i = 0; i < TB_MAX_ENGINES; i++) {
			struct engine *e = calloc(1, sizeof(*e));

			if (!e)
				return -1;
			e->dev = &tb_world.devices[d];
			e->id = i;
			engines[d][i] = e;
			if (pthread_create(&e->thread, NULL, engine_run, e))
				return -1;
		}
	}
	return 0;
}

/* What waits for nothing any more: silent tasks, all or of one client. */
static void abort_silent(const struct tb_client *client)
{
	for (struct tb_task *t = tb_tasks; t; t = t->next)
		if (t->fate.is_silent && (!client || t->client == client))
			t->is_aborted = true;
	pthread_cond_broadcast(&tb_task_added);
}

void tb_engines_stop(void)
{
	pthread_mutex_lock(&tb_lock);
	is_stopping = true;
	pthread_mutex_unlock(&tb_lock);
	for (int b = 0; b < TB_MAX_DEVICES * TB_MAX_GROUPS; b++) {
		atomic_fetch_add(&tb_world.shm->bells[b], 1);
		syscall(SYS_futex, &tb_world.shm->bells[b], FUTEX_WAKE,
			INT32_MAX, NULL, NULL, 0);
	}
	for (int d = 0; d < tb_world.ndevices; d++)
		for (int i = 0; i < TB_MAX_ENGINES; i++)
			pthread_join(engines[d][i]->thread, NULL);
	pthread_mutex_lock(&tb_lock);
	abort_silent(NULL);
	tb_timer_stop();
	pthread_mutex_unlock(&tb_lock);
	pthread_join(timer, NULL);
}

/* Queued descriptors of the client; with do_drop they are lost. */
static bool is_queued(const struct tb_client *client, bool do_drop)
{
	struct tb_queue *queue = &tb_world.shm->queues[client->wq->queue];
	bool is_any = false;

	for (int i = 0; i < TB_MAX_SLOTS; i++) {
		struct tb_slot *slot = &queue->slots[i];

		if (atomic_load(&slot->state) != TB_SLOT_READY ||
		    slot->pid != (uint32_t)client->pid)
			continue;
		is_any = true;
		if (do_drop) {
			atomic_store(&slot->state, TB_SLOT_FREE);
			atomic_fetch_sub(&queue->occupancy, 1);
			tb_account_drop(client->wq, slot);
		}
	}
	return is_any && !do_drop;
}

bool tb_engines_forget(struct tb_client *client)
{
	if (tb_client_is_alive(client))
		return false;
	/* Once: the process may have a new program, and new descriptors. */
	if (!client->is_over)
		is_queued(client, true);
	client->is_over = true;
	return true;
}

/*
 * exec closes files with the process locked: an engine that reaches for the
 * memory waits for the exec to end, so the exec must not wait for the engine.
 */
void tb_engines_drain(struct tb_client *client)
{
	uint64_t end = tb_now_ns() + DRAIN_NS;

	pthread_mutex_lock(&tb_lock);
	abort_silent(client);
	while (!tb_engines_forget(client) &&
	       (client->busy || is_queued(client, tb_now_ns() > end))) {
		uint64_t next = tb_now_ns() + 10000000;
		struct timespec ts = {(time_t)(next / 1000000000),
				      (long)(next % 1000000000)};

		pthread_cond_clockwait(&tb_task_ended, &tb_lock,
				       CLOCK_MONOTONIC, &ts);
		abort_silent(client);
	}
	pthread_mutex_unlock(&tb_lock);
}
