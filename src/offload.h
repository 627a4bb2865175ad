/* SPDX-License-Identifier: MIT */
/* The way in from the gate. */
#ifndef DSAM_OFFLOAD_H
#define DSAM_OFFLOAD_H

#include "dsamove.h"

#include <stdatomic.h>

/*
 * n < dsam_gate[op] goes straight to libc.  SIZE_MAX until birth, after
 * death, and for what is not offloaded: one comparison for all of it.
 */
extern _Atomic size_t dsam_gate[DSAM_OPS] DSAM_HIDDEN;
/* The sizes above DSAM_TINY, and less than the gate's, are so many. */
extern _Atomic size_t dsam_window[DSAM_OPS] DSAM_HIDDEN;
/* Up to DSAM_TINY, and less than the gate's: below this. */
extern _Atomic size_t dsam_tiny_end[DSAM_OPS] DSAM_HIDDEN;

/* What offload.c goes by; filled at birth, before the gates. */
struct dsam_tuning {
	bool by_numa_cpu; /* prefer queues of the calling CPU's node */
	bool by_numa_buffer; /* of the destination's, or the source's */
	bool touch_always, touch_auto, touch_madvise;
	bool counts_small; /* stats=all */
	bool profiles; /* stats=callers */
	unsigned fault_resumes, submit_retries, max_inflight;
	unsigned verify_percent;
};
extern struct dsam_tuning dsam_tuning DSAM_HIDDEN;
extern struct dsam_limits dsam_limits DSAM_HIDDEN;

/*
 * Copy n bytes as memmove does, or fill them; with the device if the policy
 * says so.  Never fails; errno and signals are as libc would have left them.
 * caller is where the call returns to, and stack what rsp
 * will be then.  Return dst.
 */
void *dsam_offload_copy(enum dsam_op op, void *dst, const void *src, size_t n,
			const void *caller, const void *stack);
void *dsam_offload_fill(void *dst, int c, size_t n, const void *caller,
			const void *stack);

/* Compare as memcmp does; what it returns has the sign of memcmp's. */
int dsam_offload_compare(const void *a, const void *b, size_t n,
			 const void *caller, const void *stack);

#endif
