/* SPDX-License-Identifier: MIT */
/* How a function's frame leads to its caller's. */
#ifndef DSAM_CALLER_STEP_H
#define DSAM_CALLER_STEP_H

#include "caller_cfi.h"
#include "caller_module.h"

/* CFA: the stack pointer of the caller; the return address lies below it. */
enum dsam_cfa_by {
	DSAM_CFA_NONE, /* not known, or nobody has called */
	DSAM_CFA_RSP, /* rsp + cfa */
	DSAM_CFA_RBP, /* rbp + cfa */
	DSAM_CFA_AT_RBP /* what is at rbp + cfa */
};

struct dsam_step {
	enum dsam_cfa_by cfa_by;
	enum dsam_rbp_by rbp_by;
	bool is_signal; /* none, as the frame is the kernel's */
	int64_t cfa, rbp;
};

/*
 * The step from the frame of o's code that a call will return to at pc, by
 * o's tables: no lock, no allocation, no system call, safe in a signal
 * handler.  DSAM_CFA_NONE where there is none, or none that we understand: of
 * the kernel's frames, by other registers, by expressions but that of a
 * realigned stack.
 */
struct dsam_step dsam_step_from(const struct dl_find_object *o, const void *pc);

#endif
