/* SPDX-License-Identifier: MIT */
/* A signal after each instruction: SIGTRAP by the trap flag. */
#ifndef STEP_H
#define STEP_H

#include <stdbool.h>

/* Trap after each instruction from here on, or no more. */
static inline void single_step(bool is_on)
{
	if (is_on)
		__asm__ volatile("pushfq; orl $0x100, (%%rsp); popfq" ::
					 : "memory", "cc");
	else
		__asm__ volatile("pushfq; andl $~0x100, (%%rsp); popfq" ::
					 : "memory", "cc");
}

#endif
