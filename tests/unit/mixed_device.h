/* SPDX-License-Identifier: MIT */
/*
 * Queues of different kinds that do what they are given when they have been
 * looked at so often, and look at the pieces: every line once, cut at lines.
 */
#ifndef MIXED_DEVICE_H
#define MIXED_DEVICE_H

#include "engine.h"
#include "random.h"

#include <errno.h>
#include <stdlib.h>

#define ROOM (24UL << 20)
#define QUEUES 4
#define MOST (1U << 20)

/* What a queue does, in looks at it before it answers. */
static struct kind {
	unsigned looks;
	bool refuses, fails, is_silent;
	unsigned in_flight, most_in_flight, taken;
	uint64_t bytes;
} kind[QUEUES];

static struct job {
	const struct dsa_hw_desc *desc;
	unsigned looks;
} jobs[DSAM_DEPTH];

static char *src, *dst;
static size_t length;
static unsigned char *owner; /* of each 64-byte line: 0 CPU, 1 device */

static void check(const struct dsa_hw_desc *d)
{
	uintptr_t from = (uintptr_t)d->dst_addr, to = from + d->xfer_size;
	uintptr_t low = (uintptr_t)dst, high = low + length;
	size_t twice = 0;

	ck_assert_uint_ge(from, low);
	ck_assert_uint_le(to, high);
	ck_assert_uint_le(d->xfer_size, MOST);
	if (from != low && from % 64)
		ck_abort_msg("a piece begins inside a line");
	if (to != high && to % 64)
		ck_abort_msg("a piece ends inside a line");
	/* One assertion for all: each is a system call. */
	for (uintptr_t at = from; at < to; at += 64) {
		twice += owner[(at - low) / 64];
		owner[(at - low) / 64] = 1;
	}
	ck_assert_uint_eq(twice, 0);
}

static enum dsam_enqueue take(struct dsam_queue *q, const struct dsa_hw_desc *d)
{
	struct kind *k = &kind[q - dsam_queues.q];

	if (k->refuses)
		return DSAM_ENQUEUE_RETRY;
	for (unsigned i = 0; i < DSAM_DEPTH; i++) {
		if (jobs[i].desc)
			continue;
		if (!k->fails)
			check(d);
		jobs[i].desc = d;
		jobs[i].looks = k->looks;
		k->taken++;
		k->in_flight++;
		if (k->in_flight > k->most_in_flight)
			k->most_in_flight = k->in_flight;
		return DSAM_ENQUEUE_TAKEN;
	}
	ck_abort_msg("more in flight than a slot has entries");
	return DSAM_ENQUEUE_RETRY;
}

static void look(struct dsam_queue *q, const struct dsa_hw_desc *d)
{
	struct kind *k = &kind[q - dsam_queues.q];
	struct dsa_completion_record *rec =
		(void *)(uintptr_t)d->completion_addr;

	for (unsigned i = 0; i < DSAM_DEPTH; i++) {
		if (jobs[i].desc != d || k->is_silent)
			continue;
		if (jobs[i].looks) {
			/* A look takes a while, so that rates differ. */
			jobs[i].looks--;
			for (int spin = 0; spin < 50; spin++)
				__builtin_ia32_pause();
			return;
		}
		jobs[i].desc = NULL;
		k->in_flight--;
		rec->status = DSA_COMP_HW_ERR1;
		if (k->fails)
			return;
		memcpy((void *)(uintptr_t)d->dst_addr,
		       (void *)(uintptr_t)d->src_addr, d->xfer_size);
		k->bytes += d->xfer_size;
		rec->status = DSA_COMP_SUCCESS;
	}
}

static bool drain(struct dsam_queue *q)
{
	for (unsigned i = 0; i < DSAM_DEPTH; i++)
		if (jobs[i].desc && kind[q - dsam_queues.q].is_silent)
			jobs[i].desc = NULL;
	return true;
}

static const struct dsam_device_ops ops = {
	.name = "mixed", .enqueue = take, .relax = look, .drain = drain};

/* So many queues, learned sharing. */
static inline void start_with(unsigned queues)
{
	struct random r = {11};

	engine_birth();
	for (unsigned q = 0; q < queues; q++)
		engine_queue(&ops, MOST);
	engine_begin();
	dsam_limits.is_split = dsam_limits.is_learned = true;
	src = malloc(ROOM);
	dst = malloc(ROOM);
	owner = malloc(ROOM / 64 + 2);
	ck_assert(src && dst && owner);
	random_fill(&r, (unsigned char *)src, ROOM);
	memset(dst, 0, ROOM);
}

static inline void copy(size_t at, size_t n)
{
	char *from = src, *base = dst;
	size_t wrong = 0;

	length = n;
	dst = base + at;
	memset(owner, 0, ROOM / 64 + 2);
	memset(base, 0x5a, at + n + 64 < ROOM ? at + n + 64 : ROOM);
	errno = 77;
	ck_assert_ptr_eq(
		dsam_offload_copy(DSAM_OP_MEMCPY, dst, from, n, NULL, NULL),
		dst);
	ck_assert_int_eq(errno, 77);
	ck_assert_mem_eq(dst, from, n);
	for (size_t i = 0; i < at; i++)
		wrong += base[i] != 0x5a;
	ck_assert_uint_eq(wrong, 0);
	if (at + n + 64 < ROOM)
		ck_assert_int_eq(dst[n], 0x5a);
	dst = base;
}

/*
 * The queues here are slower than the CPU, being the CPU: forget that, but not
 * how they compare with each other.
 */
static inline void copy_shared(size_t at, size_t n)
{
	if (dsam_self.slot)
		memset(dsam_self.slot->tuner.lesson, 0,
		       sizeof(dsam_self.slot->tuner.lesson));
	copy(at, n);
}

static inline void expect_all_counted(uint64_t bytes)
{
	const struct dsam_op_stats *s =
		&dsam_self.slot->stats.op[DSAM_OP_MEMCPY];
	uint64_t counted = s->device_bytes;

	for (int w = 0; w < DSAM_WHYS; w++)
		counted += s->why_bytes[w];
	ck_assert_uint_eq(counted, bytes);
	ck_assert_uint_eq(dsam_self.slot->in_flight, 0);
}

#endif
