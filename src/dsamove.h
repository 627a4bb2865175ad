/* SPDX-License-Identifier: MIT */
/*
 * The nouns: op, route, reason, request, plan, outcome.
 */
#ifndef DSAMOVE_H
#define DSAMOVE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define DSAM_LIKELY(x) __builtin_expect(!!(x), 1)
#define DSAM_UNLIKELY(x) __builtin_expect(!!(x), 0)
/* On declarations: read directly, not through the global offset table. */
#define DSAM_HIDDEN __attribute__((visibility("hidden")))
#define DSAM_COLD __attribute__((cold, noinline))
#define DSAM_NOINLINE __attribute__((noinline))
#define DSAM_PAGE 4096UL
#define DSAM_LINE 64UL
#define DSAM_MAX_QUEUES 32
/* Descriptors that one thread may have in flight. */
#define DSAM_DEPTH 16U
/* How many of them may be batches, and the most members of one. */
#define DSAM_BATCHES 8U
#define DSAM_MEMBERS 16U

/* mempcpy and the fortified forms count as the function that they are. */
enum dsam_op {
	DSAM_OP_MEMCPY,
	DSAM_OP_MEMMOVE,
	DSAM_OP_MEMSET,
	DSAM_OP_MEMCMP,
	DSAM_OPS
};

/* Who did a request: one side, or both (any mixture). */
enum dsam_route {
	DSAM_ROUTE_CPU,
	DSAM_ROUTE_DEVICE,
	DSAM_ROUTE_SHARED,
	DSAM_ROUTES
};

/* Why the CPU did bytes of a request at or above the cutoff. */
enum dsam_why {
	DSAM_WHY_NONE,
	DSAM_WHY_SPLIT,
	DSAM_WHY_HEAD,
	DSAM_WHY_OVERLAP,
	DSAM_WHY_BUSY,
	DSAM_WHY_NO_QUEUE,
	DSAM_WHY_FAULT,
	DSAM_WHY_ERROR,
	DSAM_WHY_TIMEOUT,
	DSAM_WHY_MISMATCH,
	DSAM_WHY_CROWD,
	DSAM_WHY_NESTED,
	DSAM_WHY_NO_SLOT,
	DSAM_WHY_LEAVING,
	DSAM_WHY_FORKED,
	DSAM_WHY_NO_DEVICE,
	DSAM_WHY_CALLER,
	DSAM_WHY_SLOWER,
	DSAM_WHYS
};

/* One call of a mem function.  A compare's operands are dst, src: read only. */
struct dsam_request {
	char *dst;
	const char *src; /* a copy's; even NULL, which the program must see */
	size_t n;
	enum dsam_op op;
	unsigned char fill; /* memset's byte */
	const void *caller; /* where the call returns to */
	const void *stack; /* rsp, when it has returned */
};

static inline bool dsam_is_fill(const struct dsam_request *rq)
{
	return rq->op == DSAM_OP_MEMSET;
}

static inline bool dsam_is_compare(const struct dsam_request *rq)
{
	return rq->op == DSAM_OP_MEMCMP;
}

/* What a device is asked to do: MEMMOVE, FILL, COMPARE. */
enum dsam_work {
	DSAM_WORK_MOVE,
	DSAM_WORK_FILL,
	DSAM_WORK_COMPARE,
	DSAM_WORKS
};

static inline enum dsam_work dsam_work_of(const struct dsam_request *rq)
{
	if (dsam_is_compare(rq))
		return DSAM_WORK_COMPARE;
	return dsam_is_fill(rq) ? DSAM_WORK_FILL : DSAM_WORK_MOVE;
}

/*
 * What to do with a request: bytes [0, cpu) are the CPU's, the rest is the
 * device's, in pieces of at most chunk bytes.  The CPU has the front: where
 * the program's pages end, it is the first to see it, as libc would be.
 */
struct dsam_plan {
	enum dsam_why why; /* not NONE: all of it is the CPU's */
	enum dsam_why cpu_why; /* SPLIT, or HEAD: up to a line */
	size_t cpu;
	uint32_t chunk;
	uint32_t share; /* of 65536, the device's part of what is learned */
	bool is_learned; /* shared by what was learned: cpu is a beginning */
	bool to_cache; /* cache control: destination writes go to cache */
	bool touch; /* make destination pages present first */
};

enum dsam_outcome_kind {
	DSAM_OUTCOME_DONE,
	DSAM_OUTCOME_FAULT, /* done bytes are right; the rest is untouched */
	DSAM_OUTCOME_ERROR, /* nothing may be believed: redo */
	DSAM_OUTCOME_TIMEOUT, /* queue closed and drained: redo */
	DSAM_OUTCOME_MEMBERS, /* of a batch: each has its own outcome */
	DSAM_OUTCOME_FORKED /* we are a child now; the slot is not ours */
};

/* A completion record, decoded. */
struct dsam_outcome {
	enum dsam_outcome_kind kind;
	uint8_t status; /* as the device wrote it */
	bool is_write; /* FAULT: the destination faulted */
	bool from_end; /* FAULT: the done bytes are the last ones */
	bool differs; /* DONE, of a compare: byte number done is the first */
	uint32_t done; /* FAULT: how many */
	uint64_t waited; /* ticks, from the call to the answer */
};

#endif
