/* SPDX-License-Identifier: MIT */
/*
 * Per-thread slots in an arena that never moves and is never freed: the
 * descriptors and completion records that hardware may still write to, and
 * the thread's counters.
 */
#ifndef DSAM_SLOT_H
#define DSAM_SLOT_H

#include "caller.h"
#include "clock.h"
#include "node.h"
#include "peers.h"
#include "queue.h"
#include "stats.h"
#include "tuner.h"

#include <linux/idxd.h>
#include <stdatomic.h>
#include <sys/types.h>

#define DSAM_SLOTS 1024
/* This entry of a slot and those after it have room for a batch. */
#define DSAM_FIRST_BATCH (DSAM_DEPTH - DSAM_BATCHES)

enum dsam_slot_state {
	DSAM_SLOT_FREE,
	DSAM_SLOT_LIVE, /* a thread owns it */
	DSAM_SLOT_RETIRED /* thread gone, row kept for the report */
};

struct dsam_slot {
	_Alignas(DSAM_LINE) struct dsa_hw_desc desc[DSAM_DEPTH];
	_Alignas(32) struct dsa_completion_record rec[DSAM_DEPTH];

	_Alignas(DSAM_LINE) uint32_t busy; /* from plan to finish */
	uint32_t in_flight; /* bit n: desc[n] is claimed */
	uint32_t taken; /* bit n: and a queue has accepted it */
	uint32_t doubted; /* bit n: or not, and nobody waits any more */
	/*
	 * Who claimed entry n, as a running number.  A request that a signal
	 * handler left by a long jump never gives its entries back, so a
	 * later one takes those whose record is written; should the request
	 * be alive after all, the number tells it that the record is not its
	 * own any more.
	 */
	uint32_t serial[DSAM_DEPTH];
	uint32_t turn; /* round robin over queues */
	uint32_t verify; /* sum of percents, see offload.c */
	uint32_t in_crowd; /* counted in dsam_arena->crowd */
	/* That this thread is about to write(2) to, or in the midst of it. */
	struct dsam_queue *_Atomic writing;
	const void *frame; /* of the request that made it busy */
	struct dsam_queue *queue[DSAM_DEPTH]; /* where desc[n] went */
	struct dsam_tuner tuner;
	struct dsam_peers peers;

	struct dsam_caller_cache callers;
	struct dsam_nodes nodes;

	/*
	 * Bytes from stats to where this thread counts: 0, or its row in the
	 * file of the live statistics.  Not a pointer, since a fork child
	 * that finds it wiped may be in the midst of counting.
	 */
	_Alignas(DSAM_LINE) uintptr_t away;
	struct dsam_thread_stats stats;
	pid_t tid;
	char name[16]; /* the thread's, when it joined or ended */
};

/*
 * The members of a batch and their records.  They belong to the entry that is
 * the parent, and are free when it is.
 */
struct dsam_batch {
	_Alignas(DSAM_LINE) struct dsa_hw_desc desc[DSAM_MEMBERS];
	_Alignas(32) struct dsa_completion_record rec[DSAM_MEMBERS];
};

/*
 * By slot, but apart from the slots: where no queue gets batches there is no
 * room for any, and this is NULL.
 */
extern struct dsam_batch (*dsam_batches)[DSAM_BATCHES] DSAM_HIDDEN;

/*
 * The epoch stands alone in a page that the kernel wipes in a fork child: 0
 * means "a child that nobody has prepared", 1 "being prepared", else the
 * number of this life.
 */
#define DSAM_EPOCH_NONE 0U
#define DSAM_EPOCH_REBIRTH 1U

struct dsam_arena {
	_Alignas(DSAM_PAGE) _Atomic uint32_t epoch;
	_Alignas(DSAM_PAGE) _Atomic uint8_t state[DSAM_SLOTS];
	/* Threads that offload now (max_inflight only). */
	_Alignas(DSAM_LINE) _Atomic uint32_t crowd;
	_Atomic uint32_t retired; /* rows kept */
	uintptr_t away; /* of common, as a slot's of its stats */
	struct dsam_common_stats common;
	_Alignas(DSAM_PAGE) struct dsam_slot slot[DSAM_SLOTS];
};

/* NULL until birth has made it. */
extern struct dsam_arena *dsam_arena DSAM_HIDDEN;

/* What a thread knows of itself.  Initial-exec: no call, no allocation. */
struct dsam_self {
	struct dsam_slot *slot; /* or one of the two below */
	uint32_t epoch;
	uint32_t patience; /* copies until it looks for a slot again */
	struct dsam_slot *coming; /* claimed, and not slot yet */
	bool is_copied; /* the counters of slot are there, too */
};
#define DSAM_SELF_JOINING ((struct dsam_slot *)1)
#define DSAM_SELF_GONE ((struct dsam_slot *)2)
extern __thread struct dsam_self dsam_self
	__attribute__((tls_model("initial-exec"))) DSAM_HIDDEN;

/*
 * What to do once in a fork child, before it may offload: set by the life
 * cycle, called by one thread with the epoch at DSAM_EPOCH_REBIRTH.  Makes
 * raw system calls only.  False: this child stays on the CPU.
 */
extern bool (*dsam_slot_rebirth)(void);

/* Birth: arena, key, epoch still 0.  0 or -errno. */
int dsam_slot_birth(void);

/* Did the kernel take MADV_WIPEONFORK (4.14)?  If not, fork needs a handler. */
extern bool dsam_slot_is_wiped_on_fork;

/* Birth and rebirth: room for batches, once and for ever.  0 or -errno. */
int dsam_slot_make_batches(void);

/* Hardware can't wait for a first touch of a member's record. */
void dsam_slot_touch_batches(const struct dsam_slot *s);

/* Rebirth: as dsam_slot_wipe. */
void dsam_slot_wipe_batches(void);

/* Rebirth: forget all that the parent counted, where the kernel did not. */
void dsam_slot_wipe(void);

/* Birth and rebirth, last step before the gates: this life begins. */
void dsam_slot_begin(void);

/* The way in when the calling thread has no free slot at hand (COLD). */
enum dsam_why dsam_slot_enter_slow(struct dsam_slot **out, const void *frame);

/*
 * The calling thread is about to leave by a long jump: what it began of joining
 * or of moving to another slot is undone or brought to its end, so that no
 * slot is lost and nothing is counted twice.
 */
void dsam_slot_leave_half(void);

/* Count a request that was done without a slot. */
void dsam_slot_outside(enum dsam_op op, enum dsam_why why, size_t n);

/* Where the slot's thread counts. */
static inline struct dsam_thread_stats *
dsam_slot_stats(const struct dsam_slot *s)
{
	return (struct dsam_thread_stats *)((uintptr_t)&s->stats + s->away);
}

/*
 * Where the process counts what is no thread's.  The arena's own may have
 * some, too: of a child's first moments.
 */
static inline struct dsam_common_stats *dsam_slot_common(void)
{
	return (struct dsam_common_stats *)((uintptr_t)&dsam_arena->common +
					    dsam_arena->away);
}

static inline uint32_t dsam_slot_epoch(void)
{
	return atomic_load_explicit(&dsam_arena->epoch, memory_order_relaxed);
}

/*
 * Take the calling thread's slot.  NONE and *out, or the reason why this
 * request is the CPU's.  frame is the caller's frame address.
 */
static inline enum dsam_why dsam_slot_enter(struct dsam_slot **out,
					    const void *frame)
{
	struct dsam_slot *s = dsam_self.slot;

	if (DSAM_UNLIKELY(s <= DSAM_SELF_GONE ||
			  dsam_self.epoch != dsam_slot_epoch() || s->busy))
		return dsam_slot_enter_slow(out, frame);
	/*
	 * A signal handler that runs between the look and this store has
	 * come and gone: it leaves the slot as it found it.
	 */
	s->busy = 1;
	s->frame = frame;
	*out = s;
	atomic_signal_fence(memory_order_seq_cst);
	return DSAM_WHY_NONE;
}

static inline void dsam_slot_leave(struct dsam_slot *s)
{
	atomic_signal_fence(memory_order_seq_cst);
	s->busy = 0;
}

/* Was the record of entry e written? */
static inline bool dsam_slot_is_answered(const struct dsam_slot *s, unsigned e)
{
	return s->rec[e].status != DSA_COMP_NONE;
}

/*
 * Bits change by one instruction, so that a signal handler between a look and
 * a change neither loses one nor sees half of it.
 */
static inline void dsam_slot_set(uint32_t *bits, unsigned e)
{
	__asm__ volatile("orl %1, %0"
			 : "+m"(*bits)
			 : "r"(1U << e)
			 : "cc", "memory");
}

static inline void dsam_slot_clear(uint32_t *bits, unsigned e)
{
	__asm__ volatile("andl %1, %0"
			 : "+m"(*bits)
			 : "r"(~(1U << e))
			 : "cc", "memory");
}

/* Claim entry e, which is free; or, if there is no such one, any. */
static inline unsigned dsam_slot_claim_entry(struct dsam_slot *s, unsigned e,
					     uint32_t *serial)
{
	if (DSAM_UNLIKELY(e >= DSAM_DEPTH)) {
		for (e = 0; e < DSAM_DEPTH; e++)
			if (dsam_slot_is_answered(s, e))
				break;
		if (e == DSAM_DEPTH)
			return e;
	}
	dsam_slot_clear(&s->taken, e);
	dsam_slot_set(&s->in_flight, e);
	*serial = ++s->serial[e];
	return e;
}

/*
 * Claim an entry of the calling thread's slot; *serial identifies the claim.
 * DSAM_DEPTH: none is free.  A signal handler in between takes either another
 * entry or has given it back.
 */
static inline unsigned dsam_slot_claim(struct dsam_slot *s, uint32_t *serial)
{
	return dsam_slot_claim_entry(s, (unsigned)__builtin_ctz(~s->in_flight),
				     serial);
}

/* Is an entry free that has room for a batch? */
static inline bool dsam_slot_has_batch(const struct dsam_slot *s)
{
	return dsam_batches && (uint16_t)~s->in_flight >> DSAM_FIRST_BATCH;
}

/* The same as dsam_slot_claim, from the other end: with room, if there is. */
static inline unsigned dsam_slot_claim_batch(struct dsam_slot *s,
					     uint32_t *serial)
{
	uint32_t last = (uint16_t)~s->in_flight;

	return dsam_slot_claim_entry(
		s, last ? 31U - (unsigned)__builtin_clz(last) : DSAM_DEPTH,
		serial);
}

/* The room for a batch that entry e has, or NULL. */
static inline struct dsam_batch *dsam_slot_batch(const struct dsam_slot *s,
						 unsigned e)
{
	if (!dsam_batches || e < DSAM_FIRST_BATCH)
		return NULL;
	return &dsam_batches[s - dsam_arena->slot][e - DSAM_FIRST_BATCH];
}

/* A queue has accepted what was claimed. */
static inline void dsam_slot_taken(struct dsam_slot *s, unsigned e)
{
	dsam_slot_set(&s->taken, e);
}

static inline void dsam_slot_release(struct dsam_slot *s, unsigned e)
{
	dsam_slot_clear(&s->taken, e);
	dsam_slot_clear(&s->in_flight, e);
}

/*
 * The calling thread spent so many ticks on what the device could help with,
 * and was left out there or not.
 */
static inline void dsam_slot_wanted(struct dsam_slot *s, uint64_t now,
				    uint64_t ticks, bool is_left_out)
{
	s->peers.wanted += ticks;
	s->peers.was_left_out |= is_left_out;
	if (DSAM_UNLIKELY(dsam_ticks_between(s->peers.begun, now) >
			  1000 * dsam_clock.ticks_per_us))
		dsam_peers_look(s, now);
}

#endif
