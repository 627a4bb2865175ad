// SPDX-License-Identifier: MIT
/*
 * Room: HOT.  Leads one descriptor's operands to their end or to a fault, and
 * decides which faults to wait out.  descriptor_step.c does the pieces.
 * May: ask the accessor what is present, have it fault in.  Must not: call
 * anything but that and the steps, allocate.
 */
#include "descriptor_walk.h"

#include "descriptor_step.h"

/* Keeps asking about presence cheap when every page has to be faulted in. */
#define PRESENCE_PIECE (64 * 1024)
/* A page that was faulted in may be gone again; then 04 (5.8.1). */
#define MAX_FAULT_INS 16

static size_t count_present(const struct dsam_memory *m, uint64_t addr,
			    size_t n, bool is_write, bool from_end)
{
	return m->present ? m->present(m, addr, n, is_write, from_end) : n;
}

static void add_operand(struct dsam_walk *w, uint64_t addr,
			enum dsam_operand_id id)
{
	struct dsam_operand *op = &w->operand[w->nr_operands++];

	op->addr = addr;
	op->is_write = id == DSAM_OPERAND_DST || id == DSAM_OPERAND_DST2;
	op->id = id;
}

static void prepare_move(struct dsam_walk *w)
{
	const struct dsa_hw_desc *desc = w->desc;
	uint64_t distance = desc->dst_addr - desc->src_addr;

	add_operand(w, desc->src_addr, DSAM_OPERAND_SRC);
	add_operand(w, desc->dst_addr, DSAM_OPERAND_DST);
	/* As if through a temporary buffer (8.3.4). */
	w->is_backward = distance && distance < desc->xfer_size;
	if (!w->m->copy)
		return;
	w->step = dsam_step_copy;
	w->piece = UINT32_MAX;
}

static void prepare_fill(struct dsam_walk *w)
{
	add_operand(w, w->desc->dst_addr, DSAM_OPERAND_DST);
	if (w->m->fill && !(w->desc->flags & DSAM_FLAG_FILL16)) {
		w->step = dsam_step_fill;
		w->piece = UINT32_MAX;
	} else {
		w->step = dsam_step_fill_bounce;
		w->piece = DSAM_STEP_FILL_BOUNCE;
	}
}

void dsam_walk_prepare(struct dsam_walk *w, const struct dsam_memory *m,
		       const struct dsa_hw_desc *desc)
{
	w->m = m;
	w->desc = desc;
	w->step = dsam_step_bounce;
	w->piece = DSAM_STEP_BOUNCE;
	w->nr_operands = 0;
	w->culprit = 0;
	w->done = 0;
	w->limit = desc->xfer_size;
	w->is_backward = false;
	w->has_difference = false;
	w->crc = 0;

	switch (desc->opcode) {
	case DSA_OPCODE_MEMMOVE:
		prepare_move(w);
		break;
	case DSA_OPCODE_MEMFILL:
		prepare_fill(w);
		break;
	case DSA_OPCODE_COMPARE:
	case DSA_OPCODE_COMPVAL:
		add_operand(w, desc->src_addr, DSAM_OPERAND_SRC);
		if (desc->opcode == DSA_OPCODE_COMPARE)
			add_operand(w, desc->src2_addr, DSAM_OPERAND_SRC2);
		w->step = dsam_step_compare;
		w->piece = DSAM_STEP_COMPARE;
		break;
	case DSA_OPCODE_CFLUSH:
		add_operand(w, desc->dst_addr, DSAM_OPERAND_DST);
		w->operand[0].is_write = false;
		w->step = dsam_step_flush;
		w->piece = UINT32_MAX;
		break;
	default: /* DUALCAST, CRCGEN, COPY_CRC */
		add_operand(w, desc->src_addr, DSAM_OPERAND_SRC);
		if (desc->opcode != DSA_OPCODE_CRCGEN)
			add_operand(w, desc->dst_addr, DSAM_OPERAND_DST);
		if (desc->opcode == DSA_OPCODE_DUALCAST)
			add_operand(w, desc->dest2, DSAM_OPERAND_DST2);
		break;
	}
	if (m->present && w->piece > PRESENCE_PIECE)
		w->piece = PRESENCE_PIECE;
}

void dsam_walk_turn(struct dsam_walk *w)
{
	const struct dsa_hw_desc *desc = w->desc;

	if (desc->opcode == DSA_OPCODE_MEMMOVE &&
	    desc->src_addr - desc->dst_addr >= desc->xfer_size)
		w->is_backward = true;
}

void dsam_walk_stop_at(struct dsam_walk *w, uint32_t at, bool is_write)
{
	if (at >= w->limit)
		return;
	w->limit = at;
	w->culprit = 0;
	for (unsigned int i = w->nr_operands; i-- > 0;)
		if (w->operand[i].is_write == is_write)
			w->culprit = i;
}

uint64_t dsam_walk_fault_addr(const struct dsam_walk *w)
{
	return dsam_walk_address(w, w->culprit, 1);
}

/* Block on fault: true when it is worth trying again. */
static bool unblock(struct dsam_walk *w, unsigned int *tries)
{
	const struct dsam_operand *op = &w->operand[w->culprit];

	if (!(w->desc->flags & IDXD_OP_FLAG_BOF) || !w->m->fault_in)
		return false;
	if (++*tries > MAX_FAULT_INS)
		return false;
	return w->m->fault_in(w->m, dsam_walk_fault_addr(w), op->is_write);
}

bool dsam_walk_run(struct dsam_walk *w)
{
	unsigned int injected = w->culprit;
	unsigned int tries = 0;

	while (w->done < w->limit) {
		size_t n = w->limit - w->done;
		size_t got = 0;

		if (n > w->piece)
			n = w->piece;
		for (unsigned int i = 0; w->m->present && i < w->nr_operands;
		     i++) {
			const bool is_write = w->operand[i].is_write;
			size_t there =
				count_present(w->m, dsam_walk_address(w, i, n),
					      n, is_write, w->is_backward);

			if (there < n) {
				n = there;
				w->culprit = i;
			}
		}
		if (n)
			got = w->step(w, n);
		w->done += (uint32_t)got;
		if (w->has_difference)
			return true;
		if (got)
			tries = 0;
		else if (!unblock(w, &tries))
			return false;
	}
	w->culprit = injected;
	return w->limit == w->desc->xfer_size;
}

bool dsam_walk_fetch(const struct dsam_memory *m, void *buf, uint64_t addr,
		     size_t n, bool may_block, uint64_t *fault_addr)
{
	unsigned char *to = buf;
	unsigned int tries = 0;

	while (n) {
		size_t got = count_present(m, addr, n, false, false);

		if (got)
			got = m->read(m, to, addr, got);
		to += got;
		addr += got;
		n -= got;
		if (got) {
			tries = 0;
			continue;
		}
		*fault_addr = addr;
		if (!may_block || !m->fault_in || ++tries > MAX_FAULT_INS ||
		    !m->fault_in(m, addr, false))
			return false;
	}
	return true;
}

bool dsam_walk_store(const struct dsam_memory *m, uint64_t addr,
		     const void *buf, size_t n)
{
	const unsigned char *from = buf;
	unsigned int tries = 0;

	while (n) {
		size_t got = count_present(m, addr, n, true, false);

		if (got)
			got = m->write(m, addr, from, got);
		from += got;
		addr += got;
		n -= got;
		if (got) {
			tries = 0;
			continue;
		}
		if (!m->fault_in || ++tries > MAX_FAULT_INS ||
		    !m->fault_in(m, addr, true))
			return false;
	}
	return true;
}
