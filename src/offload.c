// SPDX-License-Identifier: MIT
/*
 * Room: HOT.  The story of one request.
 * May: the calling thread's slot.  Must not: allocate, lock, log, touch
 * errno; make a system call, but when a caller's module is learned (COLD).
 */
#include "offload.h"

#include "aside.h"
#include "caller.h"
#include "clock.h"
#include "compare.h"
#include "libc_mem.h"
#include "pieces.h"
#include "policy.h"
#include "probe.h"
#include "profile.h"
#include "share.h"
#include "shot.h"
#include "tiny.h"

#include <immintrin.h>

/* ld.so has relocated nothing yet when the first copy may come. */
_Alignas(DSAM_LINE) _Atomic size_t dsam_gate[DSAM_OPS] = {SIZE_MAX, SIZE_MAX,
							  SIZE_MAX, SIZE_MAX};
_Atomic size_t dsam_window[DSAM_OPS] = {
	SIZE_MAX - DSAM_TINY - 1, SIZE_MAX - DSAM_TINY - 1,
	SIZE_MAX - DSAM_TINY - 1, SIZE_MAX - DSAM_TINY - 1};
_Atomic size_t dsam_tiny_end[DSAM_OPS] = {DSAM_TINY + 1, DSAM_TINY + 1,
					  DSAM_TINY + 1, DSAM_TINY + 1};
struct dsam_tuning dsam_tuning;
struct dsam_limits dsam_limits;

/* Without a slot, and so without an account.  A compare's answer. */
static int whole_by_cpu(const struct dsam_request *rq)
{
	if (dsam_is_compare(rq))
		return dsam_libc.memcmp(rq->dst, rq->src, rq->n);
	if (!dsam_is_fill(rq))
		dsam_libc.memmove(rq->dst, rq->src, rq->n);
	else
		dsam_libc.memset(rq->dst, rq->fill, rq->n);
	return 0;
}

/* All of a request. */
static void by_cpu(struct dsam_story *st, enum dsam_why why)
{
	if (dsam_is_compare(st->rq))
		(void)dsam_compare_by_cpu(st, 0, st->rq->n, why);
	else
		dsam_pieces_by_cpu(st, 0, st->rq->n, why);
}

/* Linux keeps the node in bits 12 and up of TSC_AUX. */
static int near_node(struct dsam_slot *s, const struct dsam_request *rq)
{
	unsigned aux;
	int node;

	if (DSAM_UNLIKELY(dsam_tuning.by_numa_buffer)) {
		node = dsam_node_of(&s->nodes, rq->dst);
		/* Absent pages come to where the source is read. */
		return node < 0 && !dsam_is_fill(rq)
			       ? dsam_node_of(&s->nodes, rq->src)
			       : node;
	}
	if (DSAM_LIKELY(!dsam_tuning.by_numa_cpu))
		return -1;
	__builtin_ia32_rdtscp(&aux);
	return (int)(aux >> 12);
}

/* verify=N: N of every hundred requests of a thread, evenly. */
static bool is_verified(struct dsam_slot *s)
{
	s->verify += dsam_tuning.verify_percent;
	if (s->verify < 100)
		return false;
	s->verify -= 100;
	return true;
}

/* Is the destination likely absent? */
static bool is_absent(struct dsam_slot *s, const struct dsam_request *rq)
{
	return dsam_tuning.touch_always ||
	       (dsam_tuning.touch_auto &&
		dsam_tuner_expects_absent(&s->tuner, rq->n, rq->caller));
}

/*
 * A request that a long jump left is still counted: its slot knows, and the
 * next request of the thread takes its place.
 */
static bool join_crowd(struct dsam_slot *s)
{
	if (!dsam_tuning.max_inflight || s->in_crowd)
		return true;
	if (atomic_fetch_add(&dsam_arena->crowd, 1) <
	    dsam_tuning.max_inflight) {
		s->in_crowd = 1;
		return true;
	}
	atomic_fetch_sub(&dsam_arena->crowd, 1);
	return false;
}

static void leave_crowd(struct dsam_slot *s)
{
	if (!s->in_crowd)
		return;
	s->in_crowd = 0;
	atomic_fetch_sub(&dsam_arena->crowd, 1);
}

static void with_device(struct dsam_story *st, struct dsam_lesson *lesson)
{
	if (!dsam_queue_any()) {
		by_cpu(st, DSAM_WHY_NO_QUEUE);
		return;
	}
	if (!join_crowd(st->sub.slot)) {
		by_cpu(st, DSAM_WHY_CROWD);
		return;
	}
	if (dsam_is_compare(st->rq))
		dsam_compare_run(st, lesson);
	else if (lesson && dsam_shot_fits(st, lesson))
		dsam_shot_run(st, lesson);
	else if (lesson)
		dsam_share_run(st, lesson);
	else
		dsam_pieces_run(st);
	if (!st->is_forked)
		leave_crowd(st->sub.slot);
}

/*
 * As configured, or the way that was learned to be the fastest.  It began at
 * start; returns when it ended.
 */
static uint64_t go(struct dsam_story *st, uint64_t start)
{
	const struct dsam_request *rq = st->rq;
	struct dsam_slot *slot = st->sub.slot;
	struct dsam_lesson *lesson;
	enum dsam_way way;
	unsigned rest = 0;
	uint64_t end, took;

	st->plan.touch = !dsam_is_compare(rq) && is_absent(slot, rq);
	st->sub.node = near_node(slot, rq);
	st->sub.only = NULL;
	st->sub.to_cache = st->plan.to_cache;
	st->verify = is_verified(slot);
	if (!st->plan.is_learned) {
		with_device(st, NULL);
		return dsam_ticks();
	}
	lesson = dsam_tuner_lesson(&slot->tuner, dsam_work_of(rq),
				   st->plan.touch, rq->n);
	way = dsam_tuner_way(lesson, rq->n, &st->plan.share);
	if (way == DSAM_WAY_CPU)
		by_cpu(st, DSAM_WHY_SLOWER);
	else
		with_device(st, way == DSAM_WAY_BOTH ? lesson : NULL);
	end = dsam_ticks();
	/* A compare that ended early tells nothing of its size. */
	if (DSAM_UNLIKELY(dsam_slot_epoch() != st->sub.epoch || st->order))
		return end;
	took = dsam_ticks_between(start, end);
	dsam_tuner_took(lesson, way, rq->n, took);
	/* Who asks, and how often, is then not to be known. */
	if (way == DSAM_WAY_CPU && !dsam_callers.has_rules &&
	    !dsam_tuning.profiles)
		rest = dsam_tuner_rest(&slot->tuner, dsam_work_of(rq),
				       st->plan.touch, rq->n);
	if (dsam_tuner_wants(lesson, rq->n, st->plan.touch,
			     slot->peers.is_one_left_out))
		dsam_slot_wanted(slot, end, took * (rest + 1),
				 lesson->is_left_out);
	return end;
}

/* Bytes that were looked at: a compare's end where they differ. */
static size_t bytes_of(const struct dsam_story *st)
{
	size_t n = st->account.device_bytes;

	if (!dsam_is_compare(st->rq))
		return st->rq->n;
	for (uint32_t left = st->account.whys; left; left &= left - 1)
		n += st->account.why_bytes[__builtin_ctz(left)];
	return n;
}

static int run(const struct dsam_request *rq, struct dsam_slot *slot)
{
	struct dsam_story st; /* not cleared: most of it is for trouble */
	enum dsam_caller_says says = DSAM_CALLER_ADMITTED;
	uint64_t start = dsam_ticks(), end;

	st.rq = rq;
	st.sub.slot = slot;
	st.sub.rq = rq;
	st.sub.epoch = dsam_self.epoch;
	st.resumes_left = dsam_tuning.fault_resumes;
	st.live = 0;
	st.touched_from = st.touched_to = 0;
	st.order = 0;
	st.is_forked = false;
	dsam_account_begin(&st.account);
	if (DSAM_UNLIKELY(dsam_callers.has_rules))
		says = dsam_caller_ask(&slot->callers, rq);
	st.plan = dsam_policy_plan(&dsam_limits, rq, false);
	if (says != DSAM_CALLER_ADMITTED && st.plan.why == DSAM_WHY_NONE)
		st.plan.why = DSAM_WHY_CALLER;
	if (st.plan.why == DSAM_WHY_NONE) {
		DSAM_PROBE4(offload_start, rq->op, rq->n, rq->dst, rq->src);
		end = go(&st, start);
	} else {
		by_cpu(&st, st.plan.why);
		end = dsam_ticks();
	}
	if (DSAM_UNLIKELY(st.is_forked || dsam_slot_epoch() != st.sub.epoch)) {
		/* A child: the slot was wiped, and may be another thread's. */
		return st.order;
	}
	st.account.ns = dsam_ticks_to_ns(dsam_ticks_between(start, end));
	if (st.plan.why == DSAM_WHY_NONE)
		DSAM_PROBE4(offload_done, rq->op, rq->n,
			    st.account.device_bytes, st.account.ns);
	dsam_stats_request(dsam_slot_stats(slot), rq->op, bytes_of(&st),
			   &st.account);
	if (DSAM_UNLIKELY(dsam_tuning.profiles))
		dsam_profile_add(rq->caller, rq->n, &st.account);
	/* A module that came after birth: the next copy's rules know it. */
	if (DSAM_UNLIKELY(says == DSAM_CALLER_UNKNOWN))
		dsam_caller_learn(rq);
	return st.order;
}

/* 0, or a compare's answer. */
static DSAM_NOINLINE int carry(const struct dsam_request *rq)
{
	int order;
	uint32_t epoch;
	struct dsam_slot *slot;
	enum dsam_why why = dsam_slot_enter(&slot, __builtin_frame_address(0));

	if (DSAM_UNLIKELY(why)) {
		DSAM_PROBE3(fallback, rq->op, rq->n, why);
		order = whole_by_cpu(rq);
		dsam_slot_outside(rq->op, why, rq->n);
		return order;
	}
	epoch = dsam_self.epoch;
	order = run(rq, slot);
	if (DSAM_LIKELY(dsam_slot_epoch() == epoch))
		dsam_slot_leave(slot);
	return order;
}

static DSAM_NOINLINE void *copy(enum dsam_op op, void *dst, const void *src,
				size_t n, const void *caller, const void *stack)
{
	const struct dsam_request rq = {.dst = dst,
					.src = src,
					.n = n,
					.op = op,
					.caller = caller,
					.stack = stack};

	if (dsam_aside_note(op, n, caller) ||
	    (!dsam_policy_overlaps(dst, src, n) &&
	     dsam_aside_learned(op, DSAM_WORK_MOVE, n)))
		return dsam_libc.memmove(dst, src, n);
	(void)carry(&rq);
	return dst;
}

static DSAM_NOINLINE void *fill(void *dst, int c, size_t n, const void *caller,
				const void *stack)
{
	const struct dsam_request rq = {.dst = dst,
					.n = n,
					.op = DSAM_OP_MEMSET,
					.fill = (unsigned char)c,
					.caller = caller,
					.stack = stack};

	if (dsam_aside_note(DSAM_OP_MEMSET, n, caller) ||
	    dsam_aside_learned(DSAM_OP_MEMSET, DSAM_WORK_FILL, n))
		return dsam_libc.memset(dst, c, n);
	(void)carry(&rq);
	return dst;
}

/* Below the cutoff, what is only counted needs no frame of its own. */
void *dsam_offload_copy(enum dsam_op op, void *dst, const void *src, size_t n,
			const void *caller, const void *stack)
{
	if (!dsam_aside_small(op, n))
		return copy(op, dst, src, n, caller, stack);
	if (n > DSAM_TINY)
		return dsam_libc.memmove(dst, src, n);
	dsam_tiny_copy(dst, src, n);
	return dst;
}

void *dsam_offload_fill(void *dst, int c, size_t n, const void *caller,
			const void *stack)
{
	if (!dsam_aside_small(DSAM_OP_MEMSET, n))
		return fill(dst, c, n, caller, stack);
	return dsam_libc.memset(dst, c, n);
}

int dsam_offload_compare(const void *a, const void *b, size_t n,
			 const void *caller, const void *stack)
{
	const struct dsam_request rq = {.dst = (char *)(uintptr_t)a,
					.src = b,
					.n = n,
					.op = DSAM_OP_MEMCMP,
					.caller = caller,
					.stack = stack};

	if (dsam_aside_small(DSAM_OP_MEMCMP, n) ||
	    dsam_aside_note(DSAM_OP_MEMCMP, n, caller))
		return dsam_libc.memcmp(a, b, n);
	return carry(&rq);
}
