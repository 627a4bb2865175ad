/* SPDX-License-Identifier: MIT */
/*
 * System calls without libc: the processor preload starts before libc does,
 * works in signal handlers, and must not meet anybody's interposed functions.
 */
#ifndef TB_CPU_RAW_H
#define TB_CPU_RAW_H

#include <stddef.h>
#include <stdint.h>
#include <sys/syscall.h>

static inline long tb_raw(long nr, long a, long b, long c, long d, long e,
			  long f)
{
	register long r10 __asm__("r10") = d;
	register long r8 __asm__("r8") = e;
	register long r9 __asm__("r9") = f;
	long ret;

	__asm__ volatile("syscall"
			 : "=a"(ret)
			 : "0"(nr), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8),
			   "r"(r9)
			 : "rcx", "r11", "memory");
	return ret;
}

#define TB_RAW0(nr) tb_raw(nr, 0, 0, 0, 0, 0, 0)
#define TB_RAW1(nr, a) tb_raw(nr, (long)(a), 0, 0, 0, 0, 0)
#define TB_RAW2(nr, a, b) tb_raw(nr, (long)(a), (long)(b), 0, 0, 0, 0)
#define TB_RAW3(nr, a, b, c) \
	tb_raw(nr, (long)(a), (long)(b), (long)(c), 0, 0, 0)
#define TB_RAW4(nr, a, b, c, d) \
	tb_raw(nr, (long)(a), (long)(b), (long)(c), (long)(d), 0, 0)
#define TB_RAW6(nr, a, b, c, d, e, f)                                     \
	tb_raw(nr, (long)(a), (long)(b), (long)(c), (long)(d), (long)(e), \
	       (long)(f))

#endif
