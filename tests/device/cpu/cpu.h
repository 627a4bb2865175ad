/* SPDX-License-Identifier: MIT */
/*
 * The processor preload: gives a client's CPU the instructions that it lacks.
 * One page of what its files share.
 */
#ifndef TB_CPU_H
#define TB_CPU_H

#include <signal.h>
#include <stdbool.h>
#include <stdint.h>

#include "../shm.h"
#include "decode.h"

/* NULL: not under the test device, nothing is done at all. */
extern struct tb_shm *tb_cpu_shm;

/* What the kernel's rt_sigaction takes. */
struct tb_kernel_action {
	void (*handler)(int);
	unsigned long flags;
	void (*restorer)(void);
	uint64_t mask;
};

/* The outcome of performing an instruction. */
struct tb_outcome {
	int signal; /* 0: done */
	int code; /* si_code */
	uint64_t addr; /* si_addr */
};

/*
 * perform.c: *gregs get results and flags, but RIP stays; tsc: when the
 * program came to it.
 */
struct tb_outcome tb_cpu_perform(const struct tb_insn *insn, greg_t *gregs,
				 uint64_t tsc);

/* wait.c */
void tb_cpu_umonitor(uint64_t addr);
bool tb_cpu_umwait(uint64_t deadline); /* true: the OS limit ended it */
bool tb_cpu_tpause(uint64_t deadline);

/* cpuid.c: make CPUID trap in this thread and its children; perform one. */
bool tb_cpu_trap_cpuid(void);
void tb_cpu_cpuid(greg_t *gregs);

/*
 * rewrite.c: where it can't trap, make the CPUIDs of leaf 7 that are mapped
 * now invalid; was this one?
 */
void tb_cpu_rewrite_cpuid(void);
bool tb_cpu_is_rewritten(uint64_t rip);

/*
 * portal.c: the queue behind a portal address.  -1: unmapped; -2: mapped, but
 * no portal; -3: a portal that this process has not opened; -4: a portal that
 * went with its queue.
 */
int tb_cpu_portal(uint64_t addr, uint32_t *pid);
void tb_cpu_portal_init(void);

/*
 * trap.c: copy 64 bytes, false if they can't be read; install the handlers;
 * the action that the program wants for one of our signals, in and out.
 */
bool tb_cpu_copy64(void *to, uint64_t from);
void tb_cpu_traps_init(void);
bool tb_cpu_is_ours(int sig);
void tb_cpu_action(int sig, const struct tb_kernel_action *set,
		   struct tb_kernel_action *get);
void tb_cpu_restorer(void);

/* Signals that are never blocked, as a mask of the kernel. */
#define TB_CPU_SIGNALS \
	(1ULL << (SIGILL - 1) | 1ULL << (SIGSEGV - 1) | 1ULL << (SIGBUS - 1))

/* patch.c: replace the instruction at rip; has it been, or is it being? */
void tb_cpu_patch(uint64_t rip, unsigned int length);
bool tb_cpu_is_patched(uint64_t rip);

#endif
