// SPDX-License-Identifier: MIT
/*
 * Room: COLD (a frame that crosses into another page of a stack that we do not
 * know).  May that word be read?
 * May: a system call that does nothing.  Must not: read it to see.
 */
#include "caller_frame.h"

#include "syscall.h"

#include <errno.h>

/*
 * sigprocmask(2) reads the new mask, and only then refuses what is to be done
 * with it.  Allowed wherever a signal is handled.
 */
bool dsam_stack_can_read(uintptr_t at)
{
	return dsam_syscall6(SYS_rt_sigprocmask, -1, (long)at, 0, 8, 0, 0) ==
	       -EINVAL;
}
