// SPDX-License-Identifier: MIT
/*
 * Room: HOT.  The signals that stand for a missing instruction.
 * May: perform the instruction; hand every other signal to the program as if
 * nobody had been in between.  Must not: call libc, block.
 */
#include "cpu.h"
#include "raw.h"

#include <stddef.h>
#include <stdatomic.h>
#include <x86intrin.h>

#define SA_RESTORER_FLAG 0x04000000UL

struct tb_shm *tb_cpu_shm;

/* What the program asked for; SIGILL, SIGBUS, SIGSEGV are below 12. */
static struct tb_kernel_action wanted[12];
static atomic_flag wanted_lock = ATOMIC_FLAG_INIT;

/* The bytes that debuggers and unwinders know a signal frame by. */
__asm__(".text\n"
	".hidden tb_cpu_restorer\n"
	".globl tb_cpu_restorer\n"
	".type tb_cpu_restorer, @function\n"
	"	nop\n"
	"tb_cpu_restorer:\n"
	"	mov $15, %rax\n"
	"	syscall\n"
	".size tb_cpu_restorer, . - tb_cpu_restorer\n");

/*
 * A load in it may fault: the handler then goes on at tb_cpu_copy_failed.
 * bool copy64(void *to, const void *from)
 */
extern const char tb_cpu_copy_begin[], tb_cpu_copy_end[], tb_cpu_copy_failed[];
bool tb_cpu_copy64_asm(void *to, const void *from);
__asm__(".text\n"
	".hidden tb_cpu_copy64_asm\n"
	".globl tb_cpu_copy64_asm, tb_cpu_copy_begin, tb_cpu_copy_end\n"
	".globl tb_cpu_copy_failed\n"
	".hidden tb_cpu_copy_begin, tb_cpu_copy_end, tb_cpu_copy_failed\n"
	".type tb_cpu_copy64_asm, @function\n"
	"tb_cpu_copy64_asm:\n"
	"	mov $8, %ecx\n"
	"tb_cpu_copy_begin:\n"
	"1:	mov (%rsi), %rax\n"
	"	mov %rax, (%rdi)\n"
	"	add $8, %rsi\n"
	"	add $8, %rdi\n"
	"	dec %ecx\n"
	"	jnz 1b\n"
	"tb_cpu_copy_end:\n"
	"	mov $1, %eax\n"
	"	ret\n"
	"tb_cpu_copy_failed:\n"
	"	xor %eax, %eax\n"
	"	ret\n"
	".size tb_cpu_copy64_asm, . - tb_cpu_copy64_asm\n");

bool tb_cpu_copy64(void *to, uint64_t from)
{
	return tb_cpu_copy64_asm(to, (const void *)from);
}

bool tb_cpu_is_ours(int sig)
{
	return sig == SIGILL || sig == SIGSEGV || sig == SIGBUS;
}

static void lock(void)
{
	while (atomic_flag_test_and_set(&wanted_lock))
		TB_RAW0(SYS_sched_yield);
}

static void unlock(void)
{
	atomic_flag_clear(&wanted_lock);
}

static struct tb_kernel_action wanted_of(int sig)
{
	struct tb_kernel_action action;

	lock();
	action = wanted[sig];
	unlock();
	return action;
}

static void set_default(int sig)
{
	struct tb_kernel_action dfl = {SIG_DFL, 0, NULL, 0};

	TB_RAW4(SYS_rt_sigaction, sig, &dfl, NULL, 8);
}

/* No handler: let the kernel end the program as it would have. */
static void die(int sig, const siginfo_t *info, bool is_repeated)
{
	set_default(sig);
	if (is_repeated)
		return; /* the instruction runs again, and faults again */
	TB_RAW4(SYS_rt_tgsigqueueinfo, TB_RAW0(SYS_getpid), TB_RAW0(SYS_gettid),
		sig, info);
}

/* is_repeated: the same instruction would raise the signal once more. */
static void hand_on(int sig, siginfo_t *info, ucontext_t *uc, bool is_repeated)
{
	struct tb_kernel_action action = wanted_of(sig);
	void (*with_info)(int, siginfo_t *, void *);
	uint64_t mask;

	if (action.handler == SIG_IGN && info->si_code <= 0)
		return;
	if (action.handler == SIG_DFL || action.handler == SIG_IGN) {
		die(sig, info, is_repeated && info->si_code > 0);
		return;
	}
	if (action.flags & SA_RESETHAND) {
		lock();
		wanted[sig].handler = SIG_DFL;
		unlock();
	}
	/* What the program's handler may be interrupted by. */
	mask = *(uint64_t *)(void *)&uc->uc_sigmask | action.mask;
	if (!(action.flags & SA_NODEFER))
		mask |= 1ULL << (sig - 1);
	mask &= ~TB_CPU_SIGNALS;
	TB_RAW4(SYS_rt_sigprocmask, SIG_SETMASK, &mask, NULL, 8);
	with_info = (void (*)(int, siginfo_t *, void *))(void *)action.handler;
	with_info(sig, info, uc);
}

static void raise_outcome(const struct tb_outcome *o, ucontext_t *uc)
{
	siginfo_t info = {.si_signo = o->signal};

	info.si_code = o->code;
	info.si_addr = (void *)o->addr;
	uc->uc_mcontext.gregs[REG_CR2] = (greg_t)o->addr;
	hand_on(o->signal, &info, uc, false);
}

static void handler(int sig, siginfo_t *info, void *context)
{
	uint64_t begin = __rdtsc();
	ucontext_t *uc = context;
	greg_t *gregs = uc->uc_mcontext.gregs;
	uint64_t rip = (uint64_t)gregs[REG_RIP];
	struct tb_insn insn = {.kind = TB_INSN_NONE};
	struct tb_outcome outcome;

	if (info->si_code > 0 && rip >= (uintptr_t)tb_cpu_copy_begin &&
	    rip < (uintptr_t)tb_cpu_copy_end) {
		gregs[REG_RIP] = (greg_t)tb_cpu_copy_failed;
		return;
	}
	/* Sent by somebody, or a jump to where no code is. */
	if (info->si_code > 0 && (uint64_t)info->si_addr != rip)
		insn = tb_decode(gregs);
	else if (info->si_code > 0 && sig == SIGILL)
		insn = tb_decode(gregs);
	if (sig == SIGILL && tb_cpu_is_patched(rip))
		return;
	if (sig == SIGILL && info->si_code > 0 && tb_cpu_is_rewritten(rip))
		insn = (struct tb_insn){.kind = TB_INSN_CPUID, .length = 2};
	if (insn.kind == TB_INSN_NONE) {
		hand_on(sig, info, uc, true);
		return;
	}
	outcome = tb_cpu_perform(&insn, gregs, begin - tb_cpu_shm->trap_tsc);
	if (outcome.signal) {
		raise_outcome(&outcome, uc);
		return;
	}
	if (insn.kind != TB_INSN_CPUID)
		atomic_fetch_add(&tb_cpu_shm->traps, 1);
	gregs[REG_RIP] += insn.length;
	if (tb_cpu_shm->patching == TB_PATCH_ENQCMD &&
	    insn.kind == TB_INSN_ENQCMD)
		tb_cpu_patch(rip, insn.length);
}

/* Ours, on the stack that the program's own handler would run on. */
static void install(int sig, const struct tb_kernel_action *want)
{
	struct tb_kernel_action ours = {
		.handler = (void (*)(int))(void *)handler,
		.flags = SA_SIGINFO | SA_NODEFER | SA_RESTORER_FLAG,
		.restorer = tb_cpu_restorer,
		.mask = ~TB_CPU_SIGNALS,
	};

	if (want->handler == SIG_DFL || want->handler == SIG_IGN)
		ours.flags |= SA_ONSTACK;
	else
		ours.flags |= want->flags & (SA_ONSTACK | SA_RESTART);
	TB_RAW4(SYS_rt_sigaction, sig, &ours, NULL, 8);
}

void tb_cpu_action(int sig, const struct tb_kernel_action *set,
		   struct tb_kernel_action *get)
{
	struct tb_kernel_action old;

	lock();
	old = wanted[sig];
	if (set)
		wanted[sig] = *set;
	unlock();
	if (set)
		install(sig, set);
	if (get)
		*get = old;
}

void tb_cpu_traps_init(void)
{
	static const int signals[] = {SIGILL, SIGSEGV, SIGBUS};
	uint64_t mask = TB_CPU_SIGNALS;

	for (int i = 0; i < 3; i++) {
		/* Ignored over exec, or default. */
		TB_RAW4(SYS_rt_sigaction, signals[i], NULL, &wanted[signals[i]],
			8);
		install(signals[i], &wanted[signals[i]]);
	}
	TB_RAW4(SYS_rt_sigprocmask, SIG_UNBLOCK, &mask, NULL, 8);
}
