// SPDX-License-Identifier: MIT
/*
 * Room: COLD (birth, a thread's first big copy, its end).
 * May: mmap and madvise at birth, gettid and prctl once a thread.
 * Must not: allocate, lock, touch signal masks; a join can run in a signal
 * handler or inside somebody's malloc.
 */
#include "slot.h"

#include "libc_mem.h"
#include "live.h"
#include "sandbox.h"
#include "slot_left.h"
#include "syscall.h"

#include <errno.h>
#include <linux/prctl.h>
#include <pthread.h>
#include <sys/mman.h>

/* Rows of ended threads that the report shows one by one. */
#define MAX_ROWS 32
/* glibc keeps the first keys' values in the thread itself: no malloc. */
#define EARLY_KEYS 32
/* Copies between two searches for a free slot. */
#define PATIENCE 1000

struct dsam_arena *dsam_arena;
__thread struct dsam_self dsam_self __attribute__((tls_model("initial-exec")));
bool (*dsam_slot_rebirth)(void);
bool dsam_slot_is_wiped_on_fork;

static pthread_key_t key;
#define FIRST_LIFE (DSAM_EPOCH_REBIRTH + 1)
static uint32_t life = DSAM_EPOCH_REBIRTH;

/* Whose the slot is from now on, for the report and for the live file. */
static void set_state(struct dsam_slot *s, enum dsam_slot_state state)
{
	size_t i = (size_t)(s - dsam_arena->slot);

	if (s->away)
		dsam_live_say(i, state, s->tid, s->name);
	atomic_store(&dsam_arena->state[i], (uint8_t)state);
}

/* Add the counters of an ended thread to those that have no row. */
static void fold(struct dsam_slot *s)
{
	struct dsam_common_stats *common = dsam_slot_common();
	uint64_t *to = (uint64_t *)&common->rest;
	uint64_t *from = (uint64_t *)dsam_slot_stats(s);

	for (size_t i = 0; i < sizeof(s->stats) / sizeof(*from); i++) {
		if (from[i])
			__atomic_fetch_add(&to[i], from[i], __ATOMIC_RELAXED);
		from[i] = 0;
	}
	atomic_fetch_add(&common->folded, 1);
}

/* The key's destructor.  A copy made by a later destructor finds GONE. */
static void thread_ends(void *arg)
{
	struct dsam_slot *s = dsam_self.slot;

	/* A forked child inherits the key's value, not the slot. */
	if (arg != s || dsam_self.epoch != dsam_slot_epoch()) {
		dsam_self.slot = DSAM_SELF_GONE;
		return;
	}
	/* It was cancelled in a copy: its stack is given back after this. */
	dsam_left_for_good();
	dsam_self.slot = DSAM_SELF_GONE;
	if (s->in_crowd) {
		s->in_crowd = 0;
		atomic_fetch_sub(&dsam_arena->crowd, 1);
	}
	dsam_syscall3(SYS_prctl, PR_GET_NAME, (long)s->name, 0);
	if (atomic_fetch_add(&dsam_arena->retired, 1) < MAX_ROWS) {
		set_state(s, DSAM_SLOT_RETIRED);
		return;
	}
	atomic_fetch_sub(&dsam_arena->retired, 1);
	fold(s);
	set_state(s, DSAM_SLOT_FREE);
}

int dsam_slot_birth(void)
{
	void *p;
	int rc;

	rc = pthread_key_create(&key, thread_ends);
	if (rc)
		return -rc;
	if (key >= EARLY_KEYS)
		return -EAGAIN;
	p = mmap(NULL, sizeof(struct dsam_arena), PROT_READ | PROT_WRITE,
		 MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (p == MAP_FAILED)
		return -errno;
	/*
	 * The child of a fork finds zeroes: no epoch, no slots, no counts.
	 * Kernels before 4.14 refuse; the life cycle's atfork handler stores
	 * the zero there.
	 */
	dsam_slot_is_wiped_on_fork =
		!madvise(p, sizeof(struct dsam_arena), MADV_WIPEONFORK);
	dsam_arena = p;
	return 0;
}

void dsam_slot_wipe(void)
{
	/* From the second page: the first holds the epoch. */
	if (!dsam_slot_is_wiped_on_fork)
		dsam_syscall3(SYS_madvise, (long)dsam_arena->state,
			      sizeof(struct dsam_arena) - DSAM_PAGE,
			      MADV_DONTNEED);
	if (!dsam_slot_is_wiped_on_fork)
		dsam_slot_wipe_batches();
}

void dsam_slot_begin(void)
{
	atomic_store(&dsam_arena->epoch, ++life);
}

void dsam_slot_outside(enum dsam_op op, enum dsam_why why, size_t n)
{
	struct dsam_common_stats *common = dsam_slot_common();

	atomic_fetch_add_explicit(&common->outside_calls[op][why], 1,
				  memory_order_relaxed);
	atomic_fetch_add_explicit(&common->outside_bytes[op][why], n,
				  memory_order_relaxed);
}

/* A free slot's counters are zero, so it may change where they are. */
static void find_row(struct dsam_slot *s)
{
	struct dsam_live_row *row = NULL;

	/* It asks for the row's pages: no madvise after a seccomp filter. */
	if (!dsam_sandbox_is_shut())
		row = dsam_live_row((size_t)(s - dsam_arena->slot));
	s->away = 0;
	if (row)
		s->away = (uintptr_t)&row->stats - (uintptr_t)&s->stats;
}

/* Claim a free slot; NULL when there is none. */
static struct dsam_slot *claim(void)
{
	for (size_t i = 0; i < DSAM_SLOTS; i++) {
		struct dsam_slot *s = &dsam_arena->slot[i];
		uint8_t none = DSAM_SLOT_FREE;

		if (atomic_load_explicit(&dsam_arena->state[i],
					 memory_order_relaxed) !=
		    DSAM_SLOT_FREE)
			continue;
		/* A cancelled thread may have left descriptors in flight. */
		if (s->in_flight) {
			dsam_left_cancel(s);
			if (dsam_left_count(s))
				continue;
		}
		if (!atomic_compare_exchange_strong(&dsam_arena->state[i],
						    &none, DSAM_SLOT_LIVE))
			continue;
		dsam_self.coming = s;
		find_row(s);
		return s;
	}
	return NULL;
}

/* Make a claimed slot the calling thread's own, and busy. */
static void settle_in(struct dsam_slot *s, const void *frame)
{
	s->busy = 1;
	s->in_flight = 0;
	s->taken = 0;
	s->doubted = 0;
	s->frame = frame;
	/*
	 * What an ending thread has learned in a library's last destructor may
	 * be of one whose dlclose was before.
	 */
	s->callers.closing = UINT64_MAX;
	s->tid = (pid_t)dsam_syscall3(SYS_gettid, 0, 0, 0);
	/* Now, and when it ends: at the report it might be asleep in a
	   sandbox that does not let us look. */
	dsam_syscall3(SYS_prctl, PR_GET_NAME, (long)s->name, 0);
	set_state(s, DSAM_SLOT_LIVE);
	s->turn = (uint32_t)(s - dsam_arena->slot);
	/* Hardware can't wait for a first touch of its completion record. */
	for (unsigned e = 0; e < DSAM_DEPTH; e++) {
		s->desc[e].completion_addr = 0;
		s->rec[e].status = DSA_COMP_NONE;
		s->serial[e]++;
		s->queue[e] = NULL;
	}
	dsam_slot_touch_batches(s);
	pthread_setspecific(key, s);
	atomic_signal_fence(memory_order_seq_cst);
	dsam_self.slot = s;
	atomic_signal_fence(memory_order_seq_cst);
	dsam_self.coming = NULL;
}

static enum dsam_why join(struct dsam_slot **out, const void *frame)
{
	struct dsam_slot *s;

	/* All slots are taken: don't search them for every copy. */
	if (dsam_self.patience) {
		dsam_self.patience--;
		return DSAM_WHY_NO_SLOT;
	}
	/* From here a signal handler's copy finds JOINING and is nested. */
	dsam_self.coming = NULL;
	dsam_self.is_copied = false;
	dsam_self.epoch = dsam_slot_epoch();
	dsam_self.slot = DSAM_SELF_JOINING;
	s = claim();
	if (!s) {
		dsam_self.slot = NULL;
		dsam_self.patience = PATIENCE;
		return DSAM_WHY_NO_SLOT;
	}
	/*
	 * A handler may fork in the midst of counting: the child then adds
	 * the rest to what was wiped.  (By libc: a loop would become a call
	 * of our own memset, and be counted.)
	 */
	if (life > FIRST_LIFE)
		dsam_libc.memset(dsam_slot_stats(s), 0, sizeof(s->stats));
	settle_in(s, frame);
	*out = s;
	return DSAM_WHY_NONE;
}

/*
 * From old to the slot that is coming.  A handler may leave this by a long
 * jump at any point, and then it is done again, by dsam_slot_leave_half or by
 * the next request: each step can be.
 */
static struct dsam_slot *move_on(struct dsam_slot *old, const void *frame)
{
	struct dsam_slot *s = dsam_self.coming;

	if (!dsam_self.is_copied) {
		find_row(s);
		dsam_libc.memmove(dsam_slot_stats(s), dsam_slot_stats(old),
				  sizeof(s->stats));
		dsam_libc.memmove(&s->tuner, &old->tuner, sizeof(s->tuner));
		s->in_crowd = old->in_crowd;
		atomic_signal_fence(memory_order_seq_cst);
		dsam_self.is_copied = true;
	}
	atomic_signal_fence(memory_order_seq_cst);
	dsam_libc.memset(dsam_slot_stats(old), 0, sizeof(old->stats));
	old->in_crowd = 0;
	settle_in(s, frame);
	dsam_self.is_copied = false;
	set_state(old, DSAM_SLOT_FREE);
	return s;
}

/*
 * A jump out of the submission itself leaves an entry of which nobody knows
 * whether the device has it: it may wait for ever.  Before a slot runs out
 * of entries the thread moves to another, with its counters; the old one is
 * free again when its records are written, if they are.
 */
static struct dsam_slot *move_house(struct dsam_slot *old, const void *frame)
{
	/* Left right at the end of the last time. */
	if (dsam_self.coming == old) {
		dsam_self.coming = NULL;
		dsam_self.is_copied = false;
	}
	return dsam_self.coming || claim() ? move_on(old, frame) : old;
}

void dsam_slot_leave_half(void)
{
	struct dsam_slot *s = dsam_self.slot, *coming = dsam_self.coming;

	if (dsam_self.epoch != dsam_slot_epoch())
		return;
	if (s == DSAM_SELF_JOINING) {
		dsam_self.slot = NULL;
		dsam_self.coming = NULL;
		if (coming)
			set_state(coming, DSAM_SLOT_FREE);
	} else if (coming && s > DSAM_SELF_GONE && coming != s) {
		(void)move_on(s, s->frame);
	}
}

static enum dsam_why be_reborn(void)
{
	uint32_t none = DSAM_EPOCH_NONE;

	/* One thread of the child prepares it; this copy is the CPU's. */
	if (atomic_compare_exchange_strong(&dsam_arena->epoch, &none,
					   DSAM_EPOCH_REBIRTH) &&
	    dsam_slot_rebirth && dsam_slot_rebirth())
		dsam_slot_begin();
	return DSAM_WHY_FORKED;
}

enum dsam_why dsam_slot_enter_slow(struct dsam_slot **out, const void *frame)
{
	struct dsam_slot *s = dsam_self.slot;

	if (dsam_slot_epoch() <= DSAM_EPOCH_REBIRTH)
		return be_reborn();
	if (s == DSAM_SELF_GONE)
		return DSAM_WHY_LEAVING;
	if (s == DSAM_SELF_JOINING && dsam_self.epoch == dsam_slot_epoch())
		return DSAM_WHY_NESTED;
	if (s <= DSAM_SELF_GONE || dsam_self.epoch != dsam_slot_epoch())
		return join(out, frame);
	/*
	 * Busy.  A call from deeper in the stack while the device works is a
	 * signal handler's (or the unwinder's).  Otherwise the request that
	 * made the slot busy was most likely left by a long jump.  Either
	 * way nothing breaks: entries are claimed, and have serials.
	 */
	if ((uintptr_t)frame < (uintptr_t)s->frame &&
	    (dsam_self.coming || dsam_left_count(s)))
		return DSAM_WHY_NESTED;
	/* It was left by a long jump that is not libc's. */
	dsam_left_await(s);
	if (dsam_self.coming || dsam_left_count(s) >= DSAM_DEPTH / 2)
		s = move_house(s, frame);
	s->frame = frame;
	*out = s;
	return DSAM_WHY_NONE;
}
