// SPDX-License-Identifier: MIT
/*
 * Room: HOT.  Looks at the pages of a request before the device gets them, or
 * before the CPU copies while the device works.
 * May: read and write the program's bytes, madvise where configured.
 * Must not: allocate, lock, log; look at what the CPU is to copy (a probe)
 * with a piece unanswered.
 */
#include "pieces.h"

#include "offload.h"
#include "syscall.h"

#include <sys/mman.h>

/* Pages whose misses go to memory together. */
#define PROBE_RUN 64U

/* Store the right byte into each page of [from, to); returns how many. */
static uint32_t store_pages(const struct dsam_request *rq, size_t from,
			    size_t to)
{
	uintptr_t base = (uintptr_t)rq->dst;
	uint32_t count = 0;

	for (size_t i = from; i < to; i += DSAM_PAGE - (base + i) % DSAM_PAGE) {
		char right = (char)rq->fill;

		if (!dsam_is_fill(rq))
			right = *(const volatile char *)&rq->src[i];
		*(volatile char *)&rq->dst[i] = right;
		count++;
	}
	/* The source's pages begin elsewhere: one more may be its last. */
	if (from < to && !dsam_is_fill(rq))
		(void)*(const volatile char *)&rq->src[to - 1];
	return count;
}

/*
 * The byte to look at in the page of base + i.  The same one of every page
 * would fall into the same few sets of each cache, which costs a tenth of a
 * copy; lines in turn cost a fiftieth.
 */
static size_t spread(uintptr_t base, size_t i, size_t to)
{
	uintptr_t page = (base + i) / DSAM_PAGE;
	size_t at = i + page * DSAM_LINE % DSAM_PAGE;

	return at < to && (base + at) / DSAM_PAGE == page ? at : i;
}

/* [from, to) of at most PROBE_RUN pages of the destination. */
static void probe_run(const struct dsam_request *rq, size_t from, size_t to)
{
	uintptr_t dst = (uintptr_t)rq->dst;
	size_t at[PROBE_RUN + 1];
	unsigned n = 0;

	/* All misses at once, then the accesses that may raise a signal. */
	for (size_t i = from; i < to; i += DSAM_PAGE - (dst + i) % DSAM_PAGE) {
		at[n] = spread(dst, i, to);
		__builtin_prefetch(rq->dst + at[n], 1);
		if (!dsam_is_fill(rq))
			__builtin_prefetch(rq->src + at[n], 0);
		n++;
	}
	for (unsigned k = 0; k < n; k++)
		store_pages(rq, at[k], at[k] + 1);
}

void dsam_pieces_probe(const struct dsam_request *rq, size_t from, size_t to)
{
	uintptr_t dst = (uintptr_t)rq->dst, src = (uintptr_t)rq->src;

	for (size_t i = from, next; i < to; i = next) {
		next = i + PROBE_RUN * DSAM_PAGE - (dst + i) % DSAM_PAGE;
		next = next < to ? next : to;
		probe_run(rq, i, next);
	}
	/* The source's pages may begin elsewhere. */
	if (dsam_is_fill(rq) || (src - dst) % DSAM_PAGE == 0)
		return;
	for (size_t i = from; i < to; i += DSAM_PAGE - (src + i) % DSAM_PAGE)
		(void)*(const volatile char *)&rq->src[spread(src, i, to)];
}

/* By this thread, so that the program's NUMA policy holds. */
static void touch(struct dsam_story *st, size_t from, size_t to)
{
	uintptr_t base = (uintptr_t)st->rq->dst;
	uintptr_t page = (base + from) & -DSAM_PAGE;

	if (!dsam_tuning.touch_madvise) {
		st->account.touched += store_pages(st->rq, from, to);
		return;
	}
	dsam_syscall3(SYS_madvise, (long)page, (long)(base + to - page),
		      MADV_POPULATE_WRITE);
	st->account.touched += (uint32_t)((base + to - page) / DSAM_PAGE) + 1;
}

/* Slices follow each other, upwards or downwards; a request has one front. */
void dsam_pieces_touch(struct dsam_story *st, size_t from, size_t to)
{
	size_t low = st->touched_from, high = st->touched_to;

	if (from >= to || (from >= low && to <= high))
		return;
	if (from >= low && from <= high) {
		st->touched_to = to;
		touch(st, high, to);
	} else if (to >= low && to <= high) {
		st->touched_from = from;
		touch(st, from, low);
	} else {
		st->touched_from = from;
		st->touched_to = to;
		touch(st, from, to);
	}
}
