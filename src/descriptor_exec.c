// SPDX-License-Identifier: MIT
/*
 * Room: HOT.  Executes a descriptor that descriptor_check.c has passed: what
 * becomes of its status, its record and its batch.  The bytes themselves are
 * led through descriptor_walk.c.
 * May: reach the client's memory through its accessor.  Must not: call
 * anything but that, allocate, copy more than 64 bytes by assignment.
 */
#include "descriptor_exec.h"

#include <stdatomic.h>

#include "descriptor_crc.h"
#include "descriptor_walk.h"

_Static_assert(sizeof(struct dsa_completion_record) == 32, "record");
_Static_assert(offsetof(struct dsa_completion_record, status) == 0, "status");
_Static_assert(offsetof(struct dsa_completion_record, result) == 1, "result");
_Static_assert(offsetof(struct dsa_completion_record, rsvd) == 2, "fault info");
_Static_assert(offsetof(struct dsa_completion_record, bytes_completed) == 4,
	       "bytes completed");
_Static_assert(offsetof(struct dsa_completion_record, fault_addr) == 8,
	       "fault address");
_Static_assert(offsetof(struct dsa_completion_record, op_specific) == 16,
	       "specific");

#define STATUS_CODE 0x7f
#define STATUS_WRITE 0x80

/* Everything that one descriptor is executed with. */
struct job {
	const struct dsam_exec_limits *lim;
	const struct dsam_memory *m;
	const struct dsam_exec_trouble *trouble; /* NULL: none */
	const struct dsa_hw_desc *desc;
	struct dsa_completion_record *rec;
};

static void put_fault(const struct job *job, uint8_t status, uint64_t addr,
		      enum dsam_operand_id id)
{
	job->rec->status = status;
	job->rec->fault_addr = addr;
	if (job->lim->gen_cap & DSAM_GENCAP_CR_FAULT_INFO)
		job->rec->rsvd = (uint16_t)(id << 1);
}

/* 04 when the device waited for the page in vain, else 03 (5.8.1). */
static uint8_t fault_code(const struct job *job)
{
	bool has_waited = job->desc->flags & IDXD_OP_FLAG_BOF ||
			  (job->trouble && job->trouble->fault_is_answer);

	return has_waited ? DSA_COMP_PAGE_FAULT_IR : DSA_COMP_PAGE_FAULT_NOBOF;
}

/* False when the descriptor ends here, *rec being filled. */
static bool admit(const struct job *job, bool in_batch)
{
	uint32_t bad_flags;
	uint8_t status;

	*job->rec = (struct dsa_completion_record){0};
	status = dsam_descriptor_check(job->lim, job->desc, in_batch,
				       &bad_flags);
	if (!status && job->trouble &&
	    (job->desc->opcode != DSA_OPCODE_BATCH || !job->trouble->in_member))
		status = job->trouble->status;
	if (!status)
		return true;
	job->rec->status = status;
	job->rec->invalid_flags = bad_flags & 0xffffff;
	return false;
}

/* Who gets to know (8.1.3, CRAV and RCR; 5.8.2). */
static enum dsam_exec_result verdict(const struct job *job)
{
	uint32_t flags = job->desc->flags;
	bool is_success = false;

	switch (job->rec->status & STATUS_CODE) {
	case DSA_COMP_CRA_XLAT:
	case DSA_COMP_CRA_ALIGN:
	case DSA_COMP_PRIV_BAD:
		return DSAM_EXEC_SWERROR;
	case DSA_COMP_SUCCESS:
	case DSA_COMP_SUCCESS_PRED:
	case DSA_COMP_BATCH_FAIL:
		is_success = true;
		break;
	default:
		break;
	}
	if (is_success)
		return flags & IDXD_OP_FLAG_RCR ? DSAM_EXEC_RECORD
						: DSAM_EXEC_NO_RECORD;
	return flags & IDXD_OP_FLAG_CRAV ? DSAM_EXEC_RECORD : DSAM_EXEC_SWERROR;
}

static void run_drain(const struct job *job)
{
	const struct dsa_hw_desc *desc = job->desc;
	uint64_t fault_addr;
	uint8_t byte;

	/* Nothing to wait for: what came before it has been executed. */
	job->rec->status = DSA_COMP_SUCCESS;
	if (desc->flags & DSAM_FLAG_DRAIN_READBACK1 &&
	    !dsam_walk_fetch(job->m, &byte, desc->rdback_addr, 1, true,
			     &fault_addr))
		put_fault(job, DSA_COMP_PFAULT_RDBA, fault_addr,
			  DSAM_OPERAND_SRC);
	else if (desc->flags & DSAM_FLAG_DRAIN_READBACK2 &&
		 !dsam_walk_fetch(job->m, &byte, desc->rdback_addr2, 1, true,
				  &fault_addr))
		put_fault(job, DSA_COMP_PFAULT_RDBA, fault_addr,
			  DSAM_OPERAND_DST);
}

/* The seed may lie in memory (8.3.15); false on a page fault. */
static bool read_seed(const struct job *job, uint32_t *seed)
{
	const struct dsa_hw_desc *desc = job->desc;
	uint64_t fault_addr;

	*seed = desc->crc_seed;
	if (!(desc->flags & DSAM_FLAG_CRC_READ_SEED))
		return true;
	if (dsam_walk_fetch(job->m, seed, desc->seed_addr, sizeof(*seed),
			    desc->flags & IDXD_OP_FLAG_BOF, &fault_addr))
		return true;
	put_fault(job, fault_code(job), fault_addr, DSAM_OPERAND_UNNAMED);
	return false;
}

/* COMPARE and COMPVAL: a difference wins over a later fault (8.3.6). */
static void put_comparison(const struct job *job, const struct dsam_walk *w)
{
	const struct dsa_hw_desc *desc = job->desc;

	job->rec->result = w->has_difference;
	job->rec->bytes_completed = w->has_difference ? w->done : 0;
	if (desc->flags & IDXD_OP_FLAG_CR &&
	    w->has_difference != (desc->expected_res & 1))
		job->rec->status = DSA_COMP_SUCCESS_PRED;
	else
		job->rec->status = DSA_COMP_SUCCESS;
}

static void put_data_fault(const struct job *job, const struct dsam_walk *w)
{
	const struct dsam_operand *op = &w->operand[w->culprit];
	uint8_t status = fault_code(job);

	if (op->is_write)
		status |= STATUS_WRITE;
	put_fault(job, status, dsam_walk_fault_addr(w), op->id);
	job->rec->bytes_completed = w->done;
	job->rec->result = w->is_backward;
}

/* Operations that have a transfer size. */
static void run_data(const struct job *job, uint64_t *moved)
{
	const struct dsa_hw_desc *desc = job->desc;
	bool is_crc = desc->opcode == DSA_OPCODE_CRCGEN ||
		      desc->opcode == DSA_OPCODE_COPY_CRC;
	struct dsam_walk w;
	uint32_t seed = 0;
	bool is_complete;

	if (is_crc && !read_seed(job, &seed))
		return;
	dsam_walk_prepare(&w, job->m, desc);
	if (is_crc)
		w.crc = dsam_crc_convert(seed, desc->flags);
	if (job->trouble && job->trouble->has_fault) {
		if (job->trouble->fault_from_end)
			dsam_walk_turn(&w);
		dsam_walk_stop_at(&w, job->trouble->fault_at,
				  job->trouble->fault_is_write);
	}

	is_complete = dsam_walk_run(&w);
	for (unsigned int i = 0; i < w.nr_operands; i++)
		if (w.operand[i].is_write)
			*moved += w.done;
	/* After a fault it seeds the rest (8.3.15). */
	if (is_crc)
		job->rec->crc_val = dsam_crc_convert(w.crc, desc->flags);

	if (!is_complete)
		put_data_fault(job, &w);
	else if (w.has_difference || desc->opcode == DSA_OPCODE_COMPARE ||
		 desc->opcode == DSA_OPCODE_COMPVAL)
		put_comparison(job, &w);
	else
		job->rec->status = DSA_COMP_SUCCESS;
}

/* Everything but BATCH. */
static void run(const struct job *job, uint64_t *moved)
{
	switch (job->desc->opcode) {
	case DSA_OPCODE_NOOP:
		job->rec->status = DSA_COMP_SUCCESS;
		break;
	case DSA_OPCODE_DRAIN:
		run_drain(job);
		break;
	default:
		run_data(job, moved);
		break;
	}
}

/* What goes wrong with the i-th member. */
static const struct dsam_exec_trouble *trouble_of(const struct job *parent,
						  uint32_t i)
{
	const struct dsam_exec_trouble *t = parent->trouble;

	if (!t || !t->in_member || t->member % parent->desc->desc_count != i)
		return NULL;
	return t;
}

/* True when the member ended as success, and its record could be written. */
static bool run_member(const struct job *parent, const struct dsa_hw_desc *desc,
		       uint32_t i, uint64_t *moved)
{
	struct dsa_completion_record rec;
	const struct job job = {
		.lim = parent->lim,
		.m = parent->m,
		.trouble = trouble_of(parent, i),
		.desc = desc,
		.rec = &rec,
	};
	uint64_t own = 0;

	if (admit(&job, true))
		run(&job, &own);
	*moved += own;
	if (job.m->member)
		job.m->member(job.m, desc, &rec, own);
	switch (verdict(&job)) {
	case DSAM_EXEC_RECORD:
		if (!dsam_record_write(job.m, desc->completion_addr, &rec))
			return false;
		break;
	case DSAM_EXEC_NO_RECORD:
		break;
	case DSAM_EXEC_SWERROR:
		return false;
	}
	return rec.status == DSA_COMP_SUCCESS;
}

static void run_batch(const struct job *job, uint64_t *moved)
{
	const struct dsam_exec_trouble *trouble = job->trouble;
	struct dsa_hw_desc member;
	uint32_t count = job->desc->desc_count;
	bool has_failed = false;
	uint32_t i;

	for (i = 0; i < count; i++) {
		uint64_t addr = job->desc->desc_list_addr +
				(uint64_t)i * sizeof(member);
		uint64_t fault_addr = addr;
		bool is_injected = trouble && trouble->has_fault &&
				   !trouble->in_member &&
				   trouble->fault_at / sizeof(member) == i;

		/* Reading the list always blocks (8.1.3, block on fault). */
		if (is_injected)
			fault_addr =
				job->desc->desc_list_addr + trouble->fault_at;
		if (is_injected ||
		    !dsam_walk_fetch(job->m, &member, addr, sizeof(member),
				     true, &fault_addr)) {
			put_fault(job, DSA_COMP_BATCH_PAGE_FAULT, fault_addr,
				  DSAM_OPERAND_UNNAMED);
			job->rec->bytes_completed = i;
			return;
		}
		/* The fenced one is abandoned too, with all after it. */
		if (member.flags & IDXD_OP_FLAG_FENCE && has_failed)
			break;
		if (!run_member(job, &member, i, moved))
			has_failed = true;
	}
	job->rec->status = has_failed ? DSA_COMP_BATCH_FAIL : DSA_COMP_SUCCESS;
	job->rec->bytes_completed = i;
}

bool dsam_record_write(const struct dsam_memory *m, uint64_t addr,
		       const struct dsa_completion_record *rec)
{
	const unsigned char *bytes = (const unsigned char *)rec;

	if (!dsam_walk_store(m, addr + 1, bytes + 1, sizeof(*rec) - 1))
		return false;
	/* The client polls the status byte alone. */
	atomic_thread_fence(memory_order_release);
	return dsam_walk_store(m, addr, bytes, 1);
}

enum dsam_exec_result dsam_descriptor_exec(
	const struct dsam_exec_limits *lim, const struct dsam_memory *m,
	const struct dsam_exec_trouble *trouble, const struct dsa_hw_desc *desc,
	struct dsa_completion_record *rec, uint64_t *moved)
{
	const struct job job = {
		.lim = lim,
		.m = m,
		.trouble = trouble,
		.desc = desc,
		.rec = rec,
	};

	*moved = 0;
	if (admit(&job, false)) {
		if (desc->opcode == DSA_OPCODE_BATCH)
			run_batch(&job, moved);
		else
			run(&job, moved);
	}
	return verdict(&job);
}
