/* SPDX-License-Identifier: MIT */
/*
 * System calls that leave errno alone, are no cancellation points and can't
 * be interposed: our caller asked for a copy and must not notice.
 */
#ifndef DSAM_SYSCALL_H
#define DSAM_SYSCALL_H

#include <stdint.h>
#include <sys/syscall.h>

/* The kernel's answer: a result, or -errno. */
#ifdef __clang_analyzer__ /* it does not see what asm writes */
long dsam_syscall6(long nr, long a, long b, long c, long d, long e, long f);
#else
static inline long dsam_syscall6(long nr, long a, long b, long c, long d,
				 long e, long f)
{
	long ret;
	register long r10 __asm__("r10") = d;
	register long r8 __asm__("r8") = e;
	register long r9 __asm__("r9") = f;

	__asm__ volatile("syscall"
			 : "=a"(ret)
			 : "a"(nr), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8),
			   "r"(r9)
			 : "rcx", "r11", "memory");
	return ret;
}
#endif

static inline long dsam_syscall3(long nr, long a, long b, long c)
{
	return dsam_syscall6(nr, a, b, c, 0, 0, 0);
}

#endif
