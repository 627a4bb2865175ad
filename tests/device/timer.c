// SPDX-License-Identifier: MIT
/*
 * Room: WARM.  Completes tasks when they are due, and breaks queues at the
 * time that was asked for.
 * May: tb_lock; spin for the last microseconds.  Must not: execute
 * descriptors.
 */
#include "model.h"
#include "task.h"

#include <errno.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <time.h>

/* Sleeping is this late at times; the rest is spun away. */
#define SLACK_NS 60000

static bool is_stopping;

void tb_sleep_until(uint64_t ns)
{
	uint64_t early = ns > SLACK_NS ? ns - SLACK_NS : 0;
	struct timespec ts = {(time_t)(early / 1000000000),
			      (long)(early % 1000000000)};

	if (tb_now_ns() < early)
		while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &ts,
				       NULL) == EINTR)
			;
	while (tb_now_ns() < ns)
		__builtin_ia32_pause();
}

void tb_task_park(struct tb_task *task)
{
	pthread_mutex_lock(&tb_lock);
	task->is_waiting = true;
	pthread_cond_broadcast(&tb_task_added);
	pthread_mutex_unlock(&tb_lock);
}

void tb_timer_stop(void)
{
	is_stopping = true;
	pthread_cond_broadcast(&tb_task_added);
}

/* Silent ones are never due, unless aborted. */
static struct tb_task *earliest(void)
{
	struct tb_task *best = NULL;

	for (struct tb_task *t = tb_tasks; t; t = t->next) {
		if (!t->is_waiting || (t->fate.is_silent && !t->is_aborted))
			continue;
		if (t->is_aborted)
			return t;
		if (!best || t->due_ns < best->due_ns)
			best = t;
	}
	return best;
}

/* When the next queue is to be broken; breaks those that are due. */
static uint64_t break_queues(uint64_t now)
{
	uint64_t next = UINT64_MAX;

	for (uint32_t q = 0; q < TB_MAX_QUEUES; q++) {
		struct tb_wq *wq = tb_wq_of_queue(q);
		uint64_t *at[2];

		if (!wq)
			break;
		at[0] = &wq->trouble.disable_at_ms;
		at[1] = &wq->trouble.reset_at_ms;
		for (int i = 0; i < 2; i++) {
			uint64_t ns = tb_world.start_ns + *at[i] * 1000000;

			if (!*at[i])
				continue;
			if (ns > now) {
				next = ns < next ? ns : next;
				continue;
			}
			*at[i] = 0;
			tb_wq_break(wq, i == 1);
		}
	}
	return next;
}

/* tb_lock is held, and released meanwhile. */
static void wait_until(uint64_t ns)
{
	struct timespec ts = {(time_t)(ns / 1000000000),
			      (long)(ns % 1000000000)};

	if (ns == UINT64_MAX)
		pthread_cond_wait(&tb_task_added, &tb_lock);
	else
		pthread_cond_clockwait(&tb_task_added, &tb_lock,
				       CLOCK_MONOTONIC, &ts);
}

void tb_be_punctual(void)
{
	prctl(PR_SET_TIMERSLACK, 1, 0, 0, 0);
	/* A device does not wait for its turn on a CPU; root may say so. */
	(void)!setpriority(PRIO_PROCESS, 0, -10);
}

void *tb_timer_run(void *unused)
{
	tb_be_punctual();
	pthread_mutex_lock(&tb_lock);
	for (;;) {
		struct tb_task *task = earliest();
		uint64_t now = tb_now_ns();
		uint64_t next = break_queues(now);

		if (task && (task->is_aborted || task->due_ns <= now)) {
			task->is_waiting = false;
			pthread_mutex_unlock(&tb_lock);
			tb_task_end(task);
			pthread_mutex_lock(&tb_lock);
			continue;
		}
		if (!task && is_stopping)
			break;
		if (task && task->due_ns < next)
			next = task->due_ns;
		if (next != UINT64_MAX && next - now <= SLACK_NS) {
			pthread_mutex_unlock(&tb_lock);
			tb_sleep_until(next);
			pthread_mutex_lock(&tb_lock);
			continue;
		}
		wait_until(next == UINT64_MAX ? next : next - SLACK_NS);
	}
	pthread_mutex_unlock(&tb_lock);
	return unused;
}
