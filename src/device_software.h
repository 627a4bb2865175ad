/* SPDX-License-Identifier: MIT */
/*
 * The software DSA: a bounded queue with engine threads (a dedicated core as
 * copy engine), or without them: the waiting thread does its own descriptors.
 */
#ifndef DSAM_DEVICE_SOFTWARE_H
#define DSAM_DEVICE_SOFTWARE_H

#include "descriptor_exec.h"
#include "queue.h"

#include <stdatomic.h>

#define DSAM_SOFTWARE_SIZE 64U /* entries of the queue; a power of two */
#define DSAM_SOFTWARE_STEPS 64U

enum dsam_step_kind {
	DSAM_STEP_OK,
	DSAM_STEP_BUSY, /* the queue refuses */
	DSAM_STEP_FAULT, /* source page absent after arg bytes */
	DSAM_STEP_WFAULT, /* destination page absent after arg bytes */
	DSAM_STEP_ERROR, /* completes with status arg, having done nothing */
	DSAM_STEP_AFTER, /* completes after arg turns */
	DSAM_STEP_NEVER, /* is swallowed */
	DSAM_STEP_WRONG /* byte arg of the result is wrong */
};

struct dsam_step {
	enum dsam_step_kind kind;
	uint64_t arg;
	uint64_t until; /* sum of the repeats up to and with this step */
};

struct dsam_software {
	struct dsam_exec_limits limits;
	struct dsam_step step[DSAM_SOFTWARE_STEPS];
	unsigned steps;
	uint64_t latency_ticks;
	uint64_t mbps; /* bytes per microsecond; 0: no limit */
	_Alignas(DSAM_LINE) _Atomic uint64_t scripted; /* steps taken */
	_Alignas(DSAM_LINE) _Atomic uint64_t tail; /* where to look first */
	_Alignas(DSAM_LINE) _Atomic uint64_t head;
	_Alignas(DSAM_LINE) _Atomic uint32_t sleepers;
	_Atomic uint32_t bell; /* futex */
	_Atomic uint32_t running; /* engines between stop's test and record */
	_Atomic uint32_t stop;
	/* A descriptor's address, and its step's number below; 0: free. */
	_Alignas(DSAM_LINE) _Atomic uint64_t cell[DSAM_SOFTWARE_SIZE];
};

extern struct dsam_software dsam_software;

/*
 * Birth.  Make the software device of count engines (0: inline) and its one
 * queue.  The script has been parsed.  0 or -errno.
 */
int dsam_software_birth(struct dsam_queue *q, unsigned engines, uint64_t mbps,
			uint64_t latency_ns);

/*
 * Parse a script: steps kind[*N], kind one of ok, busy, fault@B, wfault@B,
 * error=STATUS, after=TURNS, never, wrong@B, separated by blanks or commas;
 * it starts over at its end.  0, or -EINVAL with why filled.
 */
int dsam_software_script(const char *text, char *why, size_t room);

/* HOT.  The next step of the script, by its number. */
unsigned dsam_software_next_step(void);

/*
 * A descriptor as the engine has it: a handler's jump can leave the request
 * while it is executed, and another one may then make a list where its was.
 */
struct dsam_software_task {
	_Alignas(DSAM_LINE) struct dsa_hw_desc desc;
	_Alignas(DSAM_LINE) struct dsa_hw_desc member[DSAM_MEMBERS];
};

/* HOT.  Read a descriptor and, of a batch, its members. */
void dsam_software_fetch(struct dsam_software_task *t,
			 const struct dsa_hw_desc *from);

/* HOT.  Ticks that the descriptor should take; 0: as fast as it can. */
uint64_t dsam_software_due(const struct dsa_hw_desc *d);

/*
 * HOT.  Execute a descriptor as the step says, and write its record: status
 * last, when the time stamp ready is reached.
 */
void dsam_software_execute(const struct dsam_memory *m,
			   const struct dsam_software_task *t,
			   const struct dsam_step *step, uint64_t ready);

/* An engine's life: takes descriptors until the process ends. */
void *dsam_software_engine(void *arg);

/* HOT.  Drop what the calling thread had in flight with the inline device. */
void dsam_software_forget(void);

/*
 * How an engine thread is made: 0 or -errno.  Sanitizers follow pthreads
 * only, so unit tests under them make pthreads.
 */
extern int (*dsam_software_spawn)(void);

/* Rebirth: a child has no engine threads; its threads do the work. */
void dsam_software_reborn(struct dsam_queue *q);

#endif
