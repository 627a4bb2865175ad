// SPDX-License-Identifier: MIT
/*
 * Room: HOT.  The software DSA: its script, one descriptor's execution, and the
 * turn of the thread that waits.
 * May: the memory that a descriptor names.  Must not: allocate, lock, log.
 */
#include "device_software.h"

#include "clock.h"
#include "libc_mem.h"
#include "software_memory.h"

#include <immintrin.h>

struct dsam_software dsam_software;

/* A slot's worth in flight, and some that nobody waits for any more. */
#define JOBS (DSAM_DEPTH + 4)

/* What the inline device remembers of the calling thread's descriptors. */
struct job {
	const struct dsa_hw_desc *desc;
	const struct dsam_step *step;
	uint64_t turns, since, ready;
};
static __thread struct job jobs[JOBS]
	__attribute__((tls_model("initial-exec")));

unsigned dsam_software_next_step(void)
{
	struct dsam_software *sw = &dsam_software;
	uint64_t at;

	if (!sw->steps)
		return 0;
	at = atomic_fetch_add(&sw->scripted, 1) % sw->step[sw->steps - 1].until;
	for (unsigned i = 0;; i++)
		if (at < sw->step[i].until)
			return i;
}

/*
 * Record and members: the descriptor's owner does with them what it wants once
 * the record, which the kernel may write for us, is there.  A sanitizer can't
 * see that order.
 */
__attribute__((no_sanitize("thread"))) static DSAM_NOINLINE void
fetch(struct dsa_hw_desc *to, const struct dsa_hw_desc *from, uint32_t count)
{
	for (uint32_t i = 0; i < count; i++)
		to[i] = from[i];
}

/* What is not as it should be stays as it is: that has its status. */
static bool is_batch(const struct dsa_hw_desc *d)
{
	return d->opcode == DSA_OPCODE_BATCH && d->desc_count <= DSAM_MEMBERS &&
	       d->desc_list_addr && d->desc_list_addr % DSAM_LINE == 0;
}

void dsam_software_fetch(struct dsam_software_task *t,
			 const struct dsa_hw_desc *from)
{
	struct dsa_hw_desc *d = &t->desc;

	fetch(d, from, 1);
	if (!is_batch(d))
		return;
	fetch(t->member, (void *)(uintptr_t)d->desc_list_addr, d->desc_count);
	d->desc_list_addr = (uintptr_t)t->member;
}

/* The descriptor that moves bytes, or the one that moves byte *at of them. */
static const struct dsa_hw_desc *mover(const struct dsa_hw_desc *d,
				       uint64_t *at)
{
	const struct dsa_hw_desc *member = (void *)(uintptr_t)d->desc_list_addr;

	if (!is_batch(d))
		return d;
	for (uint32_t i = 0; i + 1 < d->desc_count; i++, member++) {
		if (*at < member->xfer_size)
			break;
		*at -= member->xfer_size;
	}
	return member;
}

static uint64_t bytes_of(const struct dsa_hw_desc *d)
{
	const struct dsa_hw_desc *member = (void *)(uintptr_t)d->desc_list_addr;
	uint64_t n = 0;

	if (!is_batch(d))
		return d->xfer_size;
	for (uint32_t i = 0; i < d->desc_count; i++)
		n += member[i].xfer_size;
	return n;
}

uint64_t dsam_software_due(const struct dsa_hw_desc *d)
{
	const struct dsam_software *sw = &dsam_software;
	uint64_t ticks = sw->latency_ticks;

	if (sw->mbps)
		ticks += bytes_of(d) * dsam_clock.ticks_per_us / sw->mbps;
	return ticks;
}

/* The one that has the fault, or the wrong byte, after so many bytes. */
static void set_fault(struct dsam_exec_trouble *t, const struct dsa_hw_desc *d,
		      uint64_t at)
{
	const struct dsa_hw_desc *list = (void *)(uintptr_t)d->desc_list_addr;
	const struct dsa_hw_desc *one = mover(d, &at);

	t->has_fault = true;
	t->fault_at = (uint32_t)at;
	t->in_member = one != d;
	if (t->in_member)
		t->member = (uint32_t)(one - list);
}

static void spoil(const struct dsam_memory *m, const struct dsa_hw_desc *d,
		  uint64_t at)
{
	uint64_t n = bytes_of(d);
	char c = 0;

	if (!n)
		return;
	at %= n;
	d = mover(d, &at);
	at += d->dst_addr;
	m->read(m, &c, at, 1);
	c = (char)~c;
	m->write(m, at, &c, 1);
}

void dsam_software_execute(const struct dsam_memory *m,
			   const struct dsam_software_task *task,
			   const struct dsam_step *step, uint64_t ready)
{
	const struct dsa_hw_desc *d = &task->desc;
	struct dsam_exec_trouble t = {.has_fault = false};
	struct dsa_completion_record rec;
	uint64_t moved;

	switch (step->kind) {
	case DSAM_STEP_NEVER:
		return;
	case DSAM_STEP_FAULT:
	case DSAM_STEP_WFAULT:
		t.fault_is_write = step->kind == DSAM_STEP_WFAULT;
		set_fault(&t, d, step->arg);
		break;
	case DSAM_STEP_ERROR:
		t.status = (uint8_t)step->arg;
		break;
	default:
		break;
	}
	if (dsam_descriptor_exec(&dsam_software.limits, m, &t, d, &rec,
				 &moved) != DSAM_EXEC_RECORD)
		return;
	if (step->kind == DSAM_STEP_WRONG && moved)
		spoil(m, d, step->arg);
	while (dsam_ticks() < ready)
		_mm_pause();
	dsam_record_write(m, d->completion_addr, &rec);
}

static enum dsam_enqueue inline_enqueue(struct dsam_queue *q,
					const struct dsa_hw_desc *desc)
{
	const struct dsam_step *step =
		&dsam_software.step[dsam_software_next_step()];
	struct job *free = &jobs[0];

	(void)q;
	if (step->kind == DSAM_STEP_BUSY)
		return DSAM_ENQUEUE_RETRY;
	/* Without a free one, the oldest: its request was left by a jump. */
	for (unsigned i = 0; i < JOBS; i++) {
		if (!jobs[i].desc || jobs[i].desc == desc) {
			free = &jobs[i];
			break;
		}
		if (jobs[i].since < free->since)
			free = &jobs[i];
	}
	free->since = dsam_ticks();
	free->step = step;
	free->turns = step->kind == DSAM_STEP_AFTER ? step->arg : 0;
	free->ready = dsam_software_due(desc);
	free->ready = free->ready ? free->ready + free->since : 0;
	free->desc = desc;
	return DSAM_ENQUEUE_TAKEN;
}

/*
 * Failed, unless what follows overwrites it.  Only this thread looks.  False:
 * a signal handler has forked, and this is the child, in which the slot is
 * wiped.
 */
static bool abandon(const struct dsa_hw_desc *desc)
{
	struct dsa_completion_record *rec =
		(void *)(uintptr_t)desc->completion_addr;

	if (rec)
		rec->status = DSA_COMP_HW_ERR1;
	return rec;
}

static void inline_relax(struct dsam_queue *q, const struct dsa_hw_desc *desc)
{
	(void)q;
	for (unsigned i = 0; i < JOBS; i++) {
		struct job *j = &jobs[i];
		/* What a handler's fork wipes from here on is not missed. */
		struct dsam_software_task own;

		if (j->desc != desc)
			continue;
		if (j->turns && j->turns--)
			return;
		if (j->ready && dsam_ticks() < j->ready)
			return;
		if (j->step->kind == DSAM_STEP_NEVER)
			return;
		/*
		 * A host's handler may leave the copy by a long jump: it
		 * must neither be met again nor wait for a record for ever.
		 */
		j->desc = NULL;
		dsam_software_fetch(&own, desc);
		if (abandon(&own.desc))
			dsam_software_execute(&dsam_software_direct, &own,
					      j->step, 0);
		return;
	}
}

static void inline_cancel(struct dsam_queue *q, const struct dsa_hw_desc *desc)
{
	const struct dsa_hw_desc own = *desc;

	(void)q;
	for (unsigned i = 0; i < JOBS; i++)
		if (jobs[i].desc == desc)
			jobs[i].desc = NULL;
	(void)abandon(&own);
}

void dsam_software_forget(void)
{
	for (unsigned i = 0; i < JOBS; i++)
		jobs[i].desc = NULL;
}

static bool inline_drain(struct dsam_queue *q)
{
	/* Each thread does its own descriptors, and this one waits here. */
	(void)q;
	return true;
}

const struct dsam_device_ops dsam_device_inline = {
	.name = "software, inline",
	.enqueue = inline_enqueue,
	.relax = inline_relax,
	.cancel = inline_cancel,
	.drain = inline_drain,
};
