/* SPDX-License-Identifier: MIT */
/*
 * The way through the operands of one descriptor, in pieces, up to its end or
 * to the first byte that can't be reached.
 */
#ifndef DSAM_DESCRIPTOR_WALK_H
#define DSAM_DESCRIPTOR_WALK_H

#include "descriptor_exec.h"

/* As fault info in the completion record names them (8.2). */
enum dsam_operand_id {
	DSAM_OPERAND_UNNAMED = 0,
	DSAM_OPERAND_SRC = 1,
	DSAM_OPERAND_SRC2 = 2,
	DSAM_OPERAND_DST = 3,
	DSAM_OPERAND_DST2 = 4,
};

struct dsam_operand {
	uint64_t addr;
	bool is_write;
	enum dsam_operand_id id;
};

struct dsam_walk {
	const struct dsam_memory *m;
	const struct dsa_hw_desc *desc;
	/* Does up to n bytes at done; on fewer, culprit says which operand. */
	size_t (*step)(struct dsam_walk *w, size_t n);
	size_t piece; /* the most that one step is asked for */
	struct dsam_operand operand[3];
	unsigned int nr_operands;
	unsigned int culprit; /* index of the operand that faulted */
	uint32_t done;
	uint32_t limit; /* where to stop; less than the size: by a fault */
	bool is_backward; /* done counts from the high end */
	bool has_difference; /* a comparison found one, at done */
	uint32_t crc; /* working register */
};

/* Where the next n bytes of an operand are, in the walk's direction. */
static inline uint64_t dsam_walk_address(const struct dsam_walk *w,
					 unsigned int i, size_t n)
{
	uint64_t addr = w->operand[i].addr;

	return w->is_backward ? addr + w->desc->xfer_size - w->done - n
			      : addr + w->done;
}

/* The descriptor must have passed dsam_descriptor_check(). */
void dsam_walk_prepare(struct dsam_walk *w, const struct dsam_memory *m,
		       const struct dsa_hw_desc *desc);

/* A move that does not overlap may as well begin at its high end (8.3.4). */
void dsam_walk_turn(struct dsam_walk *w);

/* Let a page fault happen after at bytes, unless that is all of them. */
void dsam_walk_stop_at(struct dsam_walk *w, uint32_t at, bool is_write);

/* True: complete (or a difference found); false: page fault at the culprit. */
bool dsam_walk_run(struct dsam_walk *w);

/* The byte that the culprit could not be reached at. */
uint64_t dsam_walk_fault_addr(const struct dsam_walk *w);

/*
 * Read or write n bytes outside a transfer; false: page fault at *fault_addr.
 * Writing always blocks on faults, as a completion record's does (8.1.3).
 */
bool dsam_walk_fetch(const struct dsam_memory *m, void *buf, uint64_t addr,
		     size_t n, bool may_block, uint64_t *fault_addr);
bool dsam_walk_store(const struct dsam_memory *m, uint64_t addr,
		     const void *buf, size_t n);

#endif
