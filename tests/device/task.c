// SPDX-License-Identifier: MIT
/*
 * Room: HOT.  Descriptors from the shared queues to their records.
 * May: tb_lock, the client's memory.  Must not: keep tb_lock while it reaches
 * for that memory.
 */
#include "task.h"
#include "clock.h"
#include "memory.h"
#include "model.h"
#include "poll.h"

#include <stdlib.h>
#include <string.h>

struct tb_task *tb_tasks;
pthread_cond_t tb_task_ended = PTHREAD_COND_INITIALIZER;
pthread_cond_t tb_task_added = PTHREAD_COND_INITIALIZER;

/* Is anything older of the same client still queued or under way? */
static bool is_preceded(const struct tb_wq *wq, const struct tb_queue *queue,
			uint32_t pid, uint64_t ticket)
{
	for (const struct tb_task *t = tb_tasks; t; t = t->next)
		if (t->wq == wq && t->ticket < ticket &&
		    t->client->pid == (pid_t)pid)
			return true;
	for (int i = 0; i < TB_MAX_SLOTS; i++) {
		const struct tb_slot *slot = &queue->slots[i];

		if (atomic_load(&slot->state) == TB_SLOT_READY &&
		    slot->pid == pid && atomic_load(&slot->ticket) < ticket)
			return true;
	}
	return false;
}

static bool may_start(const struct tb_wq *wq, const struct tb_queue *queue,
		      const struct tb_slot *slot)
{
	const struct dsa_hw_desc *desc = (const void *)slot->desc;

	/* DRAIN waits for what came before it (specification 8.3.3). */
	return desc->opcode != DSA_OPCODE_DRAIN ||
	       !is_preceded(wq, queue, slot->pid, atomic_load(&slot->ticket));
}

/* The oldest, or (disorder) any one that waits in the group's queues. */
static struct tb_slot *choose(struct tb_device *dev, int group,
			      struct tb_wq **of)
{
	struct tb_slot *best = NULL;
	unsigned int seen = 0;

	for (int w = 0; w < TB_MAX_WQS; w++) {
		struct tb_wq *wq = &dev->wqs[w];
		struct tb_queue *queue = &tb_world.shm->queues[wq->queue];

		if (wq->group != group || !atomic_load(&queue->occupancy))
			continue;
		for (int i = 0; i < TB_MAX_SLOTS; i++) {
			struct tb_slot *slot = &queue->slots[i];

			if (atomic_load(&slot->state) != TB_SLOT_READY ||
			    !may_start(wq, queue, slot))
				continue;
			seen++;
			if (wq->trouble.disorder
				    ? random() % seen == 0
				    : !best || slot->ticket < best->ticket) {
				best = slot;
				*of = wq;
			}
		}
	}
	return best;
}

/* ENQCMD by a process that has not opened the queue: nobody to tell. */
static void drop(struct tb_wq *wq, uint32_t pid)
{
	tb_account_refuse(wq, (pid_t)pid, TB_REFUSED_NO_CONTEXT);
}

struct tb_task *tb_task_take(struct tb_device *dev, int group)
{
	struct tb_task *task;
	struct tb_queue *queue;
	struct tb_slot *slot;
	struct tb_wq *wq = NULL;
	uint32_t pid;

	slot = choose(dev, group, &wq);
	task = slot ? calloc(1, sizeof(*task)) : NULL;
	if (!task)
		return NULL;
	queue = &tb_world.shm->queues[wq->queue];
	memcpy(&task->desc, slot->desc, sizeof(task->desc));
	task->ticket = atomic_load(&slot->ticket);
	task->arrival_ns = tb_clock_ns(atomic_load(&slot->arrival_tsc));
	task->wq = wq;
	pid = slot->pid;
	atomic_store(&slot->state, TB_SLOT_FREE);
	atomic_fetch_sub(&queue->occupancy, 1);
	task->client = tb_client_find(wq, (pid_t)pid);
	if (!task->client) {
		drop(wq, pid);
		free(task);
		return tb_task_take(dev, group);
	}
	tb_client_get(task->client);
	task->client->busy++;
	task->fate =
		tb_trouble_of(&wq->trouble, ++wq->taken, task->desc.xfer_size);
	task->next = tb_tasks;
	tb_tasks = task;
	return task;
}

/* Writing a record takes time, too: it begins that much before it is due. */
static _Atomic uint64_t lead_ns = 2000;

uint64_t tb_task_lead_ns(void)
{
	return atomic_load(&lead_ns);
}

static void learn_lead(uint64_t ns)
{
	uint64_t lead = atomic_load(&lead_ns);

	/* An interruption moves it little, a slow machine in the end. */
	if (ns > 2 * lead)
		ns = 2 * lead;
	atomic_store(&lead_ns, (7 * lead + ns) / 8);
}

static void write_record(struct tb_task *task)
{
	uint64_t begin = tb_now_ns();
	struct tb_memory memory;

	tb_memory_init(&memory, task->client->pid, task->client->pagemap, false,
		       NULL);
	if (dsam_record_write(&memory.ops, task->desc.completion_addr,
			      &task->rec)) {
		learn_lead(tb_now_ns() - begin);
		return;
	}
	task->ending.is_lost = true;
	pthread_mutex_lock(&tb_lock);
	tb_device_swerror(task->wq->dev, task->wq, DSA_COMP_CRA_XLAT,
			  &task->desc);
	pthread_mutex_unlock(&tb_lock);
	tb_poll_wake(task->wq->dev);
}

void tb_task_end(struct tb_task *task)
{
	struct tb_task **link = &tb_tasks;

	if (task->has_record && !task->is_aborted && !task->fate.is_silent)
		write_record(task);
	pthread_mutex_lock(&tb_lock);
	while (*link != task)
		link = &(*link)->next;
	*link = task->next;
	if (task->is_aborted)
		task->ending.is_lost = true;
	tb_account_end(task->client, &task->ending);
	task->client->busy--;
	tb_client_put(task->client);
	if (task->depth)
		--*task->depth;
	pthread_cond_broadcast(&tb_task_ended);
	pthread_mutex_unlock(&tb_lock);
	free(task);
}
