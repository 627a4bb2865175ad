/* SPDX-License-Identifier: MIT */
/* The engine behind a work queue, as four functions. */
#ifndef DSAM_DEVICE_H
#define DSAM_DEVICE_H

#include <linux/idxd.h>
#include <stdbool.h>

struct dsam_queue;

enum dsam_enqueue {
	DSAM_ENQUEUE_TAKEN,
	DSAM_ENQUEUE_RETRY, /* full, disabled, halted: one can't tell */
	DSAM_ENQUEUE_REFUSED /* this queue will not serve us again */
};

struct dsam_device_ops {
	const char *name; /* as the report calls the way of submission */
	/*
	 * Hand over one 64-byte aligned descriptor.  Earlier stores of this
	 * thread are visible to the engine when it takes the descriptor.
	 */
	enum dsam_enqueue (*enqueue)(struct dsam_queue *q,
				     const struct dsa_hw_desc *desc);
	/*
	 * A turn for an engine that has no thread of its own; NULL where
	 * there is nothing to do but wait.
	 */
	void (*relax)(struct dsam_queue *q, const struct dsa_hw_desc *desc);
	/*
	 * Make sure that the engine knows what was handed over, should a long
	 * jump have left enqueue half way; NULL where enqueue is one step.
	 */
	void (*nudge)(struct dsam_queue *q);
	/*
	 * Drop a descriptor whose request was left by a long jump, and mark
	 * its record failed; NULL where the engine can't be stopped.
	 */
	void (*cancel)(struct dsam_queue *q, const struct dsa_hw_desc *desc);
	/*
	 * Close the queue for good (COLD).  True: nothing that was submitted
	 * will write to memory any more.
	 */
	bool (*drain)(struct dsam_queue *q);
};

/*
 * A descriptor begins as zeroes: every byte that an operation doesn't use
 * must be 0, or the device answers 0x12 (specification 5.4).  Answers are
 * always asked for, and its record is ready for one.
 */
static inline void dsam_descriptor_begin(struct dsa_hw_desc *d,
					 struct dsa_completion_record *rec,
					 enum dsa_opcode opcode)
{
	void *raw = d;
	uint64_t *word = raw;

	for (int i = 0; i < 8; i++)
		word[i] = 0;
	d->opcode = (uint8_t)opcode;
	d->flags = IDXD_OP_FLAG_CRAV | IDXD_OP_FLAG_RCR;
	d->completion_addr = (uintptr_t)rec;
	/* What the device does not write must not be what was there. */
	raw = rec;
	word = raw;
	for (int i = 0; i < 4; i++)
		word[i] = 0;
}

extern const struct dsam_device_ops dsam_device_enqcmd;
extern const struct dsam_device_ops dsam_device_write;
extern const struct dsam_device_ops dsam_device_inline;
extern const struct dsam_device_ops dsam_device_engines;

#endif
