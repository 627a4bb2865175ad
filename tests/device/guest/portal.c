// SPDX-License-Identifier: MIT
/*
 * Room: TEST.  ENQCMD and its relatives: encodings, flags, faults, waiting.
 * May: run on hardware as well.  Must not: use code of src/.
 */
#include "guest.h"

#include <cpuid.h>
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include <x86intrin.h>

static sigjmp_buf back;
static volatile sig_atomic_t caught;
static void *volatile caught_addr;

static void on_signal(int sig, siginfo_t *info, void *context)
{
	(void)context;
	caught = sig;
	caught_addr = info->si_addr;
	siglongjmp(back, 1);
}

/* The signal that fn raises, 0: none. */
static int signal_of(void (*fn)(void))
{
	static const int signals[] = {SIGSEGV, SIGBUS, SIGILL};
	struct sigaction set, old[3];

	memset(&set, 0, sizeof(set));
	set.sa_sigaction = on_signal;
	set.sa_flags = SA_SIGINFO;
	for (int i = 0; i < 3; i++)
		sigaction(signals[i], &set, &old[i]);
	caught = 0;
	if (!sigsetjmp(back, 1))
		fn();
	for (int i = 0; i < 3; i++)
		sigaction(signals[i], &old[i], NULL);
	return caught;
}

static struct dsa_hw_desc *noop;

/* Each encoding submits the same NOOP; its record tells. */
static bool arrives(uint8_t is_retry)
{
	bool ok = !is_retry && wait_for(rec, 2000) == DSA_COMP_SUCCESS;

	rec->status = 0;
	return ok;
}

#define ENCODING(name, bytes, dest_reg, dest, src_reg, src)               \
	do {                                                              \
		uint8_t retry_;                                           \
		__asm__ volatile("sfence\n\t" bytes "\n\tsetz %0"         \
				 : "=q"(retry_)                           \
				 : dest_reg(dest), src_reg(src)           \
				 : "memory", "cc");                       \
		check(arrives(retry_), name, "status %02x", rec->status); \
	} while (0)

static void test_encodings(void)
{
	uint64_t portal = (uintptr_t)guest.portal, d = (uintptr_t)noop;
	uint8_t retry;

	/* Assembled: enqcmd (%rdx),%rax and so on, base and index registers,
	   displacements, REX bits; at odd places in the portal. */
	ENCODING("enqcmd-plain", ".byte 0xf2,0x0f,0x38,0xf8,0x02", "a", portal,
		 "d", d);
	ENCODING("enqcmd-disp8", ".byte 0xf2,0x0f,0x38,0xf8,0x42,0x40", "a",
		 portal + 64, "d", d - 64);
	ENCODING("enqcmd-disp8-negative", ".byte 0xf2,0x0f,0x38,0xf8,0x42,0xc0",
		 "a", portal + 4032, "d", d + 64);
	ENCODING("enqcmd-disp32",
		 ".byte 0xf2,0x0f,0x38,0xf8,0x82,0x00,0x10,0x00,0x00", "a",
		 portal, "d", d - 4096);
	ENCODING("enqcmd-sib-scaled", ".byte 0xf2,0x0f,0x38,0xf8,0x0c,0xd2",
		 "c", portal, "d", d / 9);
	ENCODING("enqcmd-sib-no-index", ".byte 0xf2,0x0f,0x38,0xf8,0x04,0x22",
		 "a", portal, "d", d);
	__asm__ volatile("mov %1, %%r9\n\tmov %2, %%r12\n\t"
			 ".byte 0xf2,0x45,0x0f,0x38,0xf8,0x0c,0x24\n\tsetz %0"
			 : "=q"(retry)
			 : "a"(portal), "d"(d)
			 : "r9", "r12", "memory", "cc");
	check(arrives(retry), "enqcmd-r12-r9", "status %02x", rec->status);
	__asm__ volatile("mov %1, %%r9\n\tmov %2, %%r13\n\t"
			 ".byte 0xf2,0x45,0x0f,0x38,0xf8,0x4d,0x00\n\tsetz %0"
			 : "=q"(retry)
			 : "a"(portal), "d"(d)
			 : "r9", "r13", "memory", "cc");
	check(arrives(retry), "enqcmd-r13-r9", "status %02x", rec->status);
	/* RIP-relative: the descriptor behind the code, by a copy of it. */
	__asm__ volatile("lea 2f(%%rip), %%rdx\n\t"
			 "mov (%%rcx), %%rsi\n\tmov %%rsi, (%%rdx)\n\t"
			 "mov 8(%%rcx), %%rsi\n\tmov %%rsi, 8(%%rdx)\n\t"
			 ".byte 0xf2,0x0f,0x38,0xf8,0x05\n\t"
			 ".long 2f - 1f\n1:\tsetz %0\n\t"
			 ".pushsection .data,\"aw\"\n"
			 ".balign 64\n2:\t.zero 64\n.popsection"
			 : "=q"(retry)
			 : "a"(portal), "c"(d)
			 : "rdx", "rsi", "memory", "cc");
	check(arrives(retry), "enqcmd-rip-relative", "status %02x",
	      rec->status);
}

/* All six flags are written: set before, only ZF may be afterwards. */
static void test_flags(void)
{
	uint64_t flags;

	__asm__ volatile("pushfq\n\torq $0x8d5, (%%rsp)\n\tpopfq\n\t"
			 ".byte 0xf2,0x0f,0x38,0xf8,0x02\n\t"
			 "pushfq\n\tpopq %0"
			 : "=r"(flags)
			 : "a"(guest.portal), "d"(noop)
			 : "memory", "cc");
	arrives(0);
	check((flags & 0x8d5) == 0, "enqcmd-flags-accepted", "%llx",
	      (unsigned long long)flags);
	__asm__ volatile("pushfq\n\torq $0x8d5, (%%rsp)\n\tpopfq\n\t"
			 ".byte 0xf2,0x0f,0x38,0xf8,0x02\n\t"
			 "pushfq\n\tpopq %0"
			 : "=r"(flags)
			 : "a"(pages(1, true)), "d"(noop)
			 : "memory", "cc");
	check((flags & 0x8d5) == 0x40, "enqcmd-ordinary-memory-retries", "%llx",
	      (unsigned long long)flags);
}

static void misaligned(void)
{
	enqcmd((char *)guest.portal + 32, noop);
}

static void with_pasid(void)
{
	struct dsa_hw_desc bad = *noop;

	bad.pasid = 5;
	enqcmd(guest.portal, &bad);
}

static void bad_source(void)
{
	enqcmd(guest.portal, (void *)(uintptr_t)0x2000);
}

static void bad_portal(void)
{
	enqcmd((void *)(uintptr_t)0x3000, noop);
}

static void undefined(void)
{
	__asm__ volatile("ud2");
}

static void null_store(void)
{
	int *volatile nowhere = (int *)(uintptr_t)8;

	*(volatile int *)nowhere = 1;
}

static void test_faults_of(void)
{
	check(signal_of(misaligned) == SIGSEGV, "enqcmd-misaligned-portal",
	      "signal %d", (int)caught);
	check(signal_of(with_pasid) == SIGSEGV, "enqcmd-pasid-not-zero",
	      "signal %d", (int)caught);
	check(signal_of(bad_source) == SIGSEGV &&
		      caught_addr == (void *)(uintptr_t)0x2000,
	      "enqcmd-bad-source", "signal %d, %p", (int)caught, caught_addr);
	check(signal_of(bad_portal) == SIGSEGV &&
		      caught_addr == (void *)(uintptr_t)0x3000,
	      "enqcmd-unmapped-portal", "signal %d, %p", (int)caught,
	      caught_addr);
	check(signal_of(undefined) == SIGILL, "other-sigill", "signal %d",
	      (int)caught);
	check(signal_of(null_store) == SIGSEGV &&
		      caught_addr == (void *)(uintptr_t)8,
	      "other-sigsegv", "signal %d, %p", (int)caught, caught_addr);
}

static void test_mask(void)
{
	sigset_t all, old, now;

	/* Blocked signals do not stop the instruction. */
	sigfillset(&all);
	sigprocmask(SIG_BLOCK, &all, &old);
	check(arrives(!enqcmd(guest.portal, noop)), "enqcmd-signals-blocked",
	      "status %02x", rec->status);
	sigprocmask(SIG_SETMASK, NULL, &now);
	check(sigismember(&now, SIGILL) && sigismember(&now, SIGUSR1),
	      "mask-reads-back", "differs");
	sigprocmask(SIG_SETMASK, &old, NULL);
}

static void umonitor(const void *p)
{
	__asm__ volatile(".byte 0xf3,0x0f,0xae,0xf0" : : "a"(p) : "memory");
}

static bool umwait(uint64_t deadline)
{
	uint8_t is_limit;

	__asm__ volatile(".byte 0xf2,0x0f,0xae,0xf1\n\tsetc %0"
			 : "=q"(is_limit)
			 : "c"(1), "a"((uint32_t)deadline),
			   "d"((uint32_t)(deadline >> 32))
			 : "memory", "cc");
	return is_limit;
}

static bool tpause(uint64_t deadline)
{
	uint8_t is_limit;

	__asm__ volatile(".byte 0x66,0x0f,0xae,0xf1\n\tsetc %0"
			 : "=q"(is_limit)
			 : "c"(0), "a"((uint32_t)deadline),
			   "d"((uint32_t)(deadline >> 32))
			 : "memory", "cc");
	return is_limit;
}

static void test_waiting(void)
{
	uint64_t start;
	int rounds = 0;

	enqcmd(guest.portal, noop);
	while (!rec->status && rounds++ < 1000000) {
		umonitor((void *)rec);
		if (!rec->status)
			umwait(__rdtsc() + 1000000);
	}
	check(arrives(0), "umwait-sees-the-record", "%d rounds", rounds);
	start = __rdtsc();
	check(!tpause(start + 20000) && __rdtsc() - start >= 20000,
	      "tpause-to-its-deadline", "too short");
	start = __rdtsc();
	umonitor((void *)rec);
	check(umwait(start + (1ULL << 40)), "umwait-os-limit", "CF clear");
}

static void test_cpuid(void)
{
	unsigned int a, b, c = 0, d;

	if (!__get_cpuid_count(7, 0, &a, &b, &c, &d))
		c = 0;
	if (!(c & 1U << 29))
		skip("cpuid", "this CPU can't fault CPUID");
	else
		check(c & 1U << 5, "cpuid", "ENQCMD without WAITPKG");
}

static void test_movdir64b(void)
{
	/* To a shared queue it is dropped, not taken and not a fault. */
	movdir64b(guest.portal, noop);
	check(!wait_for(rec, 50), "movdir64b-dropped-by-shared-queue",
	      "status %02x", rec->status);
}

void test_portal(void)
{
	unsigned char *p = pages(4, true);

	if (!guest.portal)
		return;
	/* Nine times the index, for the scaled form. */
	noop = (void *)(p + 4096 * 2);
	while ((uintptr_t)noop % 9)
		noop = (void *)((char *)noop + 64);
	*noop = desc_of(DSA_OPCODE_NOOP, BOTH);
	memset((void *)rec, 0, sizeof(*rec));
	test_cpuid();
	test_encodings();
	test_flags();
	test_faults_of();
	test_mask();
	test_waiting();
	test_movdir64b();
}
