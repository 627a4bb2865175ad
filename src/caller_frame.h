/* SPDX-License-Identifier: MIT */
/*
 * What is known of a return address, in one word; and by it the way up the
 * stack.  All inline: this is done for each frame of each copy.
 */
#ifndef DSAM_CALLER_FRAME_H
#define DSAM_CALLER_FRAME_H

#include "caller.h"
#include "caller_step.h"

/*
 * The word: bits of the rules, the step to the frame above, the module as its
 * number of lines in dsam_modules.room.  Offsets are in words of the stack.
 */
#define DSAM_WHAT_CFA_BY 2
#define DSAM_WHAT_RBP_BY 4
#define DSAM_WHAT_MODULE 6
#define DSAM_WHAT_CFA 24
#define DSAM_WHAT_RBP 44
#define DSAM_WHAT_OFFSET 20 /* bits of an offset */
#define DSAM_WHAT_MODULES (1UL << (DSAM_WHAT_CFA - DSAM_WHAT_MODULE))

_Static_assert(DSAM_MODULE_ROOM / DSAM_LINE <= DSAM_WHAT_MODULES,
	       "a module's number fits");

/* No frame is larger: most stacks are not. */
#define DSAM_MOST_FRAME (16UL << 20)

/* A function's registers, as they will be when the call in it returns. */
struct dsam_frame {
	uintptr_t ip, sp, bp; /* bp 0: not known */
};

static inline uint64_t dsam_what(uint32_t bits, const struct dsam_module *m)
{
	uint64_t at = (uint64_t)((const char *)m - dsam_modules.room);

	return bits | at / DSAM_LINE << DSAM_WHAT_MODULE;
}

static inline const struct dsam_module *dsam_what_module(uint64_t what)
{
	uint64_t n = what >> DSAM_WHAT_MODULE & (DSAM_WHAT_MODULES - 1);

	return (const struct dsam_module *)(dsam_modules.room + n * DSAM_LINE);
}

static inline int64_t dsam_what_offset(uint64_t what, unsigned at)
{
	return ((int64_t)(what << (64 - DSAM_WHAT_OFFSET - at)) >>
		(64 - DSAM_WHAT_OFFSET)) *
	       8;
}

/* With the step; without one where its offsets are too large. */
static inline uint64_t dsam_what_step(uint64_t what, const struct dsam_step *s)
{
	uint64_t with = what | (uint64_t)s->cfa_by << DSAM_WHAT_CFA_BY |
			(uint64_t)s->rbp_by << DSAM_WHAT_RBP_BY;
	uint64_t mask = (1UL << DSAM_WHAT_OFFSET) - 1;

	with |= ((uint64_t)s->cfa >> 3 & mask) << DSAM_WHAT_CFA;
	with |= ((uint64_t)s->rbp >> 3 & mask) << DSAM_WHAT_RBP;
	return dsam_what_offset(with, DSAM_WHAT_CFA) == s->cfa &&
			       dsam_what_offset(with, DSAM_WHAT_RBP) == s->rbp
		       ? with
		       : what;
}

/* Is address in [from, to)? */
static inline bool dsam_frame_has(uintptr_t from, uintptr_t to,
				  uintptr_t address)
{
	return address - from < to - from;
}

/*
 * May a frame end there?  Not beyond the stack of its thread, which has the
 * thread's own data (fs:0) at its upper end, or is the main thread's.
 */
static inline bool dsam_frame_may_end(const struct dsam_frame *f, uintptr_t cfa)
{
	uintptr_t thread = dsam_thread_data();

	return !(cfa % 8) && cfa > f->sp && cfa - f->sp <= DSAM_MOST_FRAME &&
	       !dsam_frame_has(f->sp, cfa, thread) &&
	       !dsam_frame_has(f->sp, cfa, dsam_callers.stacks.main_end);
}

/* Of the main thread's stack: nothing else is mapped so near to its end. */
#define DSAM_MAIN_STACK (64UL << 20)
/*
 * Of any other thread's, below its own data: no stack is smaller than 16 KiB
 * with these and its guard.
 */
#define DSAM_LEAST_STACK 4096UL

/* COLD.  Can the word be read?  One system call. */
bool dsam_stack_can_read(uintptr_t at);

/*
 * Is the word there?  The last that was read, the return address below f, is.
 * Code that changes stacks in midst of a function may say that its frame ends
 * beyond the one it is on; then nothing may be there.
 */
static inline bool dsam_frame_is_there(const struct dsam_frame *f, uintptr_t at)
{
	const struct dsam_stacks *s = &dsam_callers.stacks;
	uintptr_t thread = dsam_thread_data();

	return DSAM_LIKELY((at ^ (f->sp - 8)) < DSAM_PAGE) ||
	       s->main_end - at < DSAM_MAIN_STACK ||
	       (thread != s->main_thread && thread - at < DSAM_LEAST_STACK) ||
	       dsam_stack_can_read(at);
}

/*
 * To the frame above.  False: there is none, or f is not as its step says.
 * Reads within f alone, and nothing that is not there.
 */
static inline __attribute__((always_inline)) bool
dsam_frame_ascend(struct dsam_frame *f, uint64_t what)
{
	enum dsam_cfa_by cfa_by = what >> DSAM_WHAT_CFA_BY & 3;
	enum dsam_rbp_by rbp_by = what >> DSAM_WHAT_RBP_BY & 3;
	uintptr_t cfa = (uintptr_t)dsam_what_offset(what, DSAM_WHAT_CFA);
	uintptr_t at = (uintptr_t)dsam_what_offset(what, DSAM_WHAT_RBP);

	if (DSAM_UNLIKELY(cfa_by == DSAM_CFA_NONE))
		return false;
	cfa += cfa_by == DSAM_CFA_RSP ? f->sp : f->bp;
	if (DSAM_UNLIKELY(cfa_by == DSAM_CFA_AT_RBP)) {
		if (!dsam_frame_may_end(f, cfa + 8) ||
		    !dsam_frame_is_there(f, cfa))
			return false;
		cfa = *(const uintptr_t *)cfa;
	}
	if (DSAM_UNLIKELY(!dsam_frame_may_end(f, cfa) ||
			  !dsam_frame_is_there(f, cfa - 8)))
		return false;
	if (rbp_by != DSAM_RBP_SAME) {
		at += rbp_by == DSAM_RBP_AT_CFA ? cfa : f->bp;
		if (DSAM_UNLIKELY(rbp_by == DSAM_RBP_LOST))
			f->bp = 0;
		else if (DSAM_UNLIKELY(at % 8 ||
				       !dsam_frame_has(f->sp, cfa, at) ||
				       !dsam_frame_is_there(f, at)))
			return false;
		else
			f->bp = *(const uintptr_t *)at;
	}
	f->ip = ((const uintptr_t *)cfa)[-1];
	f->sp = cfa;
	return f->ip;
}

/*
 * The caller's rbp, which the outermost of our own frames has saved, as all of
 * ours do (-fno-omit-frame-pointer).  f: the innermost one's, stack: the
 * caller's rsp.  0: not found.
 */
static inline uintptr_t dsam_frame_rbp(const uintptr_t *f,
				       const uintptr_t *stack)
{
	while (f + 2 != stack) {
		const uintptr_t *up = (const uintptr_t *)*f;

		if (up <= f || up + 2 > stack)
			return 0;
		f = up;
	}
	return *f;
}

/* The frame that a request came from; its rbp where asked for. */
static inline __attribute__((always_inline)) struct dsam_frame
dsam_frame_first(const struct dsam_request *rq, bool with_rbp)
{
	struct dsam_frame f = {.ip = (uintptr_t)rq->caller,
			       .sp = (uintptr_t)rq->stack};

	if (with_rbp)
		f.bp = dsam_frame_rbp(__builtin_frame_address(0), rq->stack);
	return f;
}

#endif
