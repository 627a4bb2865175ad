// SPDX-License-Identifier: MIT
/*
 * Room: HOT.  Moves, fills, compares and sums one piece of a descriptor.
 * May: reach the client's memory through its accessor, use 4 KiB of stack.
 * Must not: call anything but that, allocate.
 */
#include "descriptor_step.h"

#include "descriptor_crc.h"

#define PAGE 4096

/* An 8-byte pattern as it reads from the offset on. */
static uint64_t rotate_pattern(uint64_t pattern, uint32_t offset)
{
	unsigned int bits = offset % 8 * 8;

	return bits ? pattern >> bits | pattern << (64 - bits) : pattern;
}

size_t dsam_step_copy(struct dsam_walk *w, size_t n)
{
	bool is_write_fault = false;
	size_t got = w->m->copy(w->m, dsam_walk_address(w, 1, n),
				dsam_walk_address(w, 0, n), n, w->is_backward,
				&is_write_fault);

	if (got < n)
		w->culprit = is_write_fault;
	return got;
}

/*
 * Read once, write to every destination there is, sum if asked to.  Whole
 * pages are there or not, so a backward piece that stays inside one page on
 * either side is done or not done, and what a fault leaves undone is intact.
 */
size_t dsam_step_bounce(struct dsam_walk *w, size_t n)
{
	uint64_t bounce[DSAM_STEP_BOUNCE / 8];
	size_t asked, got;

	if (w->is_backward) {
		for (unsigned int i = 0; i < w->nr_operands; i++) {
			uint64_t last = dsam_walk_address(w, i, 1);

			if (n > last % PAGE + 1)
				n = last % PAGE + 1;
		}
	}
	asked = n;
	got = w->m->read(w->m, bounce, dsam_walk_address(w, 0, n), n);
	if (got < n)
		w->culprit = 0;
	for (unsigned int i = 1; i < w->nr_operands; i++) {
		n = got;
		if (w->is_backward && n < asked)
			return 0;
		got = w->m->write(w->m, dsam_walk_address(w, i, n), bounce, n);
		if (got < n)
			w->culprit = i;
	}
	if (w->is_backward && got < asked)
		return 0;
	if (w->desc->opcode == DSA_OPCODE_CRCGEN ||
	    w->desc->opcode == DSA_OPCODE_COPY_CRC)
		w->crc = dsam_crc_add(w->crc, bounce, got, w->desc->flags);
	return got;
}

size_t dsam_step_fill(struct dsam_walk *w, size_t n)
{
	uint64_t pattern = rotate_pattern(w->desc->pattern, w->done);

	w->culprit = 0;
	return w->m->fill(w->m, dsam_walk_address(w, 0, n), pattern, n);
}

size_t dsam_step_fill_bounce(struct dsam_walk *w, size_t n)
{
	bool is_fill16 = w->desc->flags & DSAM_FLAG_FILL16;
	uint64_t low = w->desc->pattern;
	/* dest2 lies where Fill16 has the high half (8.3.5). */
	uint64_t high = is_fill16 ? w->desc->dest2 : low;
	uint64_t bounce[DSAM_STEP_BOUNCE / 8];
	size_t phase = w->done % 16;

	for (size_t i = 0; i * 8 < n + phase; i += 2) {
		bounce[i] = low;
		bounce[i + 1] = high;
	}
	w->culprit = 0;
	return w->m->write(w->m, dsam_walk_address(w, 0, n),
			   (const unsigned char *)bounce + phase, n);
}

/* Offset of the first byte in which a and b differ, or n. */
static size_t find_difference(const uint64_t *a, const uint64_t *b, size_t n)
{
	const unsigned char *x = (const unsigned char *)a;
	const unsigned char *y = (const unsigned char *)b;
	size_t i = 0;

	while (i + 8 <= n && a[i / 8] == b[i / 8])
		i += 8;
	/* NOLINTNEXTLINE(clang-analyzer-core.UndefinedBinaryOperatorResult) */
	while (i < n && x[i] == y[i])
		i++;
	return i;
}

/* COMPARE of two operands, COMPVAL of one and a pattern. */
size_t dsam_step_compare(struct dsam_walk *w, size_t n)
{
	uint64_t a[DSAM_STEP_COMPARE / 8], b[DSAM_STEP_COMPARE / 8];
	size_t got = w->m->read(w->m, a, dsam_walk_address(w, 0, n), n);
	size_t same;

	if (got < n)
		w->culprit = 0;
	n = got;
	if (w->nr_operands == 1) {
		uint64_t pattern =
			rotate_pattern(w->desc->comp_pattern, w->done);

		for (size_t i = 0; i * 8 < n; i++)
			b[i] = pattern;
	} else {
		got = w->m->read(w->m, b, dsam_walk_address(w, 1, n), n);
		if (got < n)
			w->culprit = 1;
		n = got;
	}
	same = find_difference(a, b, n);
	w->has_difference = same < n;
	return same;
}

/* CFLUSH moves nothing, yet its addresses are translated. */
size_t dsam_step_flush(struct dsam_walk *w, size_t n)
{
	w->culprit = 0;
	return n;
}
