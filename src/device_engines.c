// SPDX-License-Identifier: MIT
/*
 * Room: HOT.  The software DSA's queue and its engine threads.
 * May: futex, when an engine sleeps; process_vm_writev on ourselves, by an
 * engine: a bad address is then a page fault in a completion record, never
 * a signal on a thread of ours.  Must not: allocate, lock, log.
 */
#include "clock.h"
#include "device_software.h"
#include "software_memory.h"
#include "syscall.h"

#include <immintrin.h>
#include <linux/futex.h>

/* An engine looks so long for work before it sleeps. */
#define IDLE_US 50

/*
 * A handler of the program may leave an enqueue by a long jump at any
 * instruction: so a cell is one word, the descriptor's address, which stays
 * good until its record is written, and the number of its step below.
 */
_Static_assert(DSAM_SOFTWARE_STEPS == DSAM_LINE, "a step fits below");

static bool is_waiting(void)
{
	struct dsam_software *sw = &dsam_software;

	for (unsigned i = 0; i < DSAM_SOFTWARE_SIZE; i++)
		if (atomic_load(&sw->cell[i]))
			return true;
	return false;
}

static void ring(void)
{
	struct dsam_software *sw = &dsam_software;

	atomic_fetch_add(&sw->bell, 1);
	dsam_syscall3(SYS_futex, (long)&sw->bell, FUTEX_WAKE_PRIVATE, 1);
}

static enum dsam_enqueue engines_enqueue(struct dsam_queue *q,
					 const struct dsa_hw_desc *desc)
{
	struct dsam_software *sw = &dsam_software;
	unsigned step = dsam_software_next_step();
	uint64_t word = (uintptr_t)desc | step;
	uint64_t pos = atomic_load_explicit(&sw->tail, memory_order_relaxed);

	(void)q;
	if (sw->step[step].kind == DSAM_STEP_BUSY || atomic_load(&sw->stop))
		return DSAM_ENQUEUE_RETRY;
	for (unsigned i = 0; i < DSAM_SOFTWARE_SIZE; i++) {
		uint64_t none = 0;

		if (!atomic_compare_exchange_strong(
			    &sw->cell[(pos + i) % DSAM_SOFTWARE_SIZE], &none,
			    word))
			continue;
		atomic_store_explicit(&sw->tail, pos + i + 1,
				      memory_order_relaxed);
		/* An engine counts itself asleep, and then looks once more. */
		if (atomic_load(&sw->sleepers))
			ring();
		return DSAM_ENQUEUE_TAKEN;
	}
	return DSAM_ENQUEUE_RETRY;
}

/* Nobody rang for a submission that a long jump cut short. */
static void engines_nudge(struct dsam_queue *q)
{
	(void)q;
	if (atomic_load(&dsam_software.sleepers) && is_waiting())
		ring();
}

/* Take a cell, about the oldest: its word, or 0. */
static uint64_t take(void)
{
	struct dsam_software *sw = &dsam_software;
	uint64_t pos = atomic_load_explicit(&sw->head, memory_order_relaxed);

	for (unsigned i = 0; i < DSAM_SOFTWARE_SIZE; i++) {
		_Atomic uint64_t *c = &sw->cell[(pos + i) % DSAM_SOFTWARE_SIZE];
		uint64_t word = atomic_load_explicit(c, memory_order_acquire);

		if (!word || !atomic_compare_exchange_strong(c, &word, 0))
			continue;
		atomic_store_explicit(&sw->head, pos + i + 1,
				      memory_order_relaxed);
		return word;
	}
	return 0;
}

static void serve(const struct dsa_hw_desc *from, const struct dsam_step *step)
{
	struct dsam_software *sw = &dsam_software;
	struct dsam_software_task task;
	uint64_t wait, turns = step->arg;

	dsam_software_fetch(&task, from);
	wait = dsam_software_due(&task.desc);

	/* Drain sets stop and then waits for running: never both unseen. */
	atomic_fetch_add(&sw->running, 1);
	if (step->kind == DSAM_STEP_AFTER)
		while (turns-- && !atomic_load(&sw->stop))
			_mm_pause();
	if (!atomic_load(&sw->stop))
		dsam_software_execute(&dsam_software_remote, &task, step,
				      wait ? dsam_ticks() + wait : 0);
	atomic_fetch_sub(&sw->running, 1);
}

static void doze(void)
{
	struct dsam_software *sw = &dsam_software;
	uint32_t bell = atomic_load(&sw->bell);

	atomic_fetch_add(&sw->sleepers, 1);
	if (!is_waiting())
		dsam_syscall6(SYS_futex, (long)&sw->bell, FUTEX_WAIT_PRIVATE,
			      (long)bell, 0, 0, 0);
	atomic_fetch_sub(&sw->sleepers, 1);
}

void *dsam_software_engine(void *arg)
{
	struct dsam_software *sw = &dsam_software;
	uint64_t idle = dsam_ticks(), word;

	(void)arg;
	for (;;) {
		word = take();
		if (word) {
			serve((void *)(uintptr_t)(word & -DSAM_LINE),
			      &sw->step[word % DSAM_LINE]);
			idle = dsam_ticks();
		} else if (dsam_ticks() - idle >
			   IDLE_US * dsam_clock.ticks_per_us) {
			doze();
			idle = dsam_ticks();
		} else {
			_mm_pause();
		}
	}
	return NULL;
}

static bool engines_drain(struct dsam_queue *q)
{
	struct dsam_software *sw = &dsam_software;

	(void)q;
	atomic_store(&sw->stop, 1);
	while (atomic_load(&sw->running))
		dsam_syscall3(SYS_sched_yield, 0, 0, 0);
	return true;
}

const struct dsam_device_ops dsam_device_engines = {
	.name = "software, engine threads",
	.enqueue = engines_enqueue,
	.nudge = engines_nudge,
	.drain = engines_drain,
};
