// SPDX-License-Identifier: MIT
/*
 * Room: both sides of the shared queues: test device and processor preload.
 * May: the shared memory, raw system calls.  Must not: call libc (it runs in
 * signal handlers, and before libc is initialised), touch errno.
 */
#include "shm.h"

#include <errno.h>
#include <linux/futex.h>
#include <signal.h>
#include <sys/syscall.h>
#include <time.h>

static long raw_call(long nr, long a, long b, long c, long d)
{
	register long r10 __asm__("r10") = d;
	long ret;

	__asm__ volatile("syscall"
			 : "=a"(ret)
			 : "0"(nr), "D"(a), "S"(b), "d"(c), "r"(r10)
			 : "rcx", "r11", "memory");
	return ret;
}

uint64_t tb_now_ns(void)
{
	struct timespec ts = {0, 0};

	raw_call(SYS_clock_gettime, CLOCK_MONOTONIC, (long)&ts, 0, 0);
	return (uint64_t)ts.tv_sec * 1000000000u + (uint64_t)ts.tv_nsec;
}

static void note_peak(struct tb_queue *queue, uint32_t now)
{
	uint32_t peak = atomic_load(&queue->peak);

	while (now > peak &&
	       !atomic_compare_exchange_weak(&queue->peak, &peak, now))
		;
}

/* A place below the limit, or false: specification 5.3. */
static bool occupy(struct tb_queue *queue, enum tb_store how)
{
	uint32_t limit = queue->size;
	uint32_t now = atomic_load(&queue->occupancy);

	if (how != TB_STORE_MOVDIR64B && queue->threshold < limit)
		limit = queue->threshold;
	do {
		if (now >= limit)
			return false;
	} while (!atomic_compare_exchange_weak(&queue->occupancy, &now,
					       now + 1));
	note_peak(queue, now + 1);
	return true;
}

static struct tb_slot *claim(struct tb_queue *queue, uint32_t pid)
{
	for (;;) {
		for (uint32_t i = 0; i < TB_MAX_SLOTS; i++) {
			struct tb_slot *slot = &queue->slots[i];
			uint32_t was = TB_SLOT_FREE;

			if (!atomic_compare_exchange_strong(
				    &slot->state, &was,
				    pid << 2 | TB_SLOT_CLAIMED))
				continue;
			slot->pid = pid;
			return slot;
		}
	}
}

enum tb_answer tb_slots_put(struct tb_shm *shm, uint32_t q, const void *desc,
			    uint32_t pid, enum tb_store how,
			    uint64_t arrival_tsc)
{
	struct tb_queue *queue = &shm->queues[q];
	uint32_t every = atomic_load(&queue->busy_every);
	uint64_t asked = atomic_fetch_add(&queue->asked, 1) + 1;
	const volatile uint8_t *from = desc;
	struct tb_slot *slot;

	if (!atomic_load(&queue->is_enabled)) {
		atomic_fetch_add(&queue->disabled, 1);
		return TB_RETRY;
	}
	if (queue->is_dedicated != (how == TB_STORE_MOVDIR64B)) {
		atomic_fetch_add(&queue->wrong_store, 1);
		return TB_RETRY;
	}
	if (every && asked % every == 0) {
		atomic_fetch_add(&queue->made_busy, 1);
		return TB_RETRY;
	}
	if (!occupy(queue, how)) {
		atomic_fetch_add(&queue->full, 1);
		return TB_RETRY;
	}
	slot = claim(queue, pid);
	for (unsigned int i = 0; i < sizeof(slot->desc); i++)
		slot->desc[i] = from[i];
	atomic_store(&slot->arrival_tsc, arrival_tsc);
	atomic_store(&slot->ticket, atomic_fetch_add(&shm->ticket, 1));
	atomic_store(&slot->state, TB_SLOT_READY);
	atomic_fetch_add(&shm->bells[queue->bell], 1);
	/* An engine counts itself before the kernel looks at the bell. */
	if (atomic_load(&shm->sleepers[queue->bell]))
		raw_call(SYS_futex, (long)&shm->bells[queue->bell], FUTEX_WAKE,
			 1, 0);
	return TB_ACCEPTED;
}

void tb_slots_sweep(struct tb_queue *queue)
{
	for (uint32_t i = 0; i < TB_MAX_SLOTS; i++) {
		struct tb_slot *slot = &queue->slots[i];
		uint32_t was = atomic_load(&slot->state);

		if ((was & 3) != TB_SLOT_CLAIMED ||
		    raw_call(SYS_kill, (long)(was >> 2), 0, 0, 0) != -ESRCH)
			continue;
		if (atomic_compare_exchange_strong(&slot->state, &was,
						   TB_SLOT_FREE))
			atomic_fetch_sub(&queue->occupancy, 1);
	}
}
