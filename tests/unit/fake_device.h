/* SPDX-License-Identifier: MIT */
/* Queues of a device that does what the test says, and counts. */
#ifndef FAKE_DEVICE_H
#define FAKE_DEVICE_H

#include "engine.h"

/* One for each queue, by its place in the table. */
struct fake {
	enum dsam_enqueue answer;
	uint8_t status; /* written to the record at once; 0: never */
	uint8_t result;
	uint32_t done;
	uint8_t at_drain; /* written to the record by drain; 0: nothing */
	unsigned enqueued, drained;
	struct dsa_hw_desc last;
	const struct dsa_hw_desc *at;
};

static struct fake fake[DSAM_MAX_QUEUES];

static inline struct fake *fake_of_queue(const struct dsam_queue *q)
{
	return &fake[q - dsam_queues.q];
}

static inline void fake_answer(const struct dsa_hw_desc *d, uint8_t status)
{
	struct dsa_completion_record *rec =
		(void *)(uintptr_t)d->completion_addr;

	__atomic_store_n(&rec->status, status, __ATOMIC_RELEASE);
}

static inline enum dsam_enqueue fake_enqueue(struct dsam_queue *q,
					     const struct dsa_hw_desc *d)
{
	struct fake *f = fake_of_queue(q);
	struct dsa_completion_record *rec =
		(void *)(uintptr_t)d->completion_addr;

	f->enqueued++;
	f->last = *d;
	f->at = d;
	if (f->answer == DSAM_ENQUEUE_TAKEN && f->status) {
		rec->result = f->result;
		rec->bytes_completed = f->done;
		fake_answer(d, f->status);
	}
	return f->answer;
}

static inline bool fake_drain(struct dsam_queue *q)
{
	struct fake *f = fake_of_queue(q);

	__atomic_fetch_add(&f->drained, 1, __ATOMIC_RELAXED);
	if (f->at_drain)
		fake_answer(f->at, f->at_drain);
	return true;
}

static const struct dsam_device_ops fake_ops = {
	.name = "fake", .enqueue = fake_enqueue, .drain = fake_drain};

/* An engine of count fake queues that take everything and never answer. */
static inline void fake_birth(unsigned count)
{
	memset(fake, 0, sizeof(fake));
	engine_birth();
	for (unsigned i = 0; i < count; i++)
		engine_queue(&fake_ops, 2U << 20);
	engine_begin();
}

#endif
