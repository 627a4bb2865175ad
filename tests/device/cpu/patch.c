// SPDX-License-Identifier: MIT
/*
 * Room: WARM.  Replaces an ENQCMD that has trapped by a jump to a thunk that
 * performs it without a trap (only with --patch).
 * May: write to code, while other threads run it: the first byte becomes an
 * invalid opcode until the rest is in place.  Must not: touch vector
 * registers or the red zone.
 */
#include "cpu.h"
#include "raw.h"

#include <errno.h>
#include <linux/membarrier.h>
#include <sys/mman.h>
#include <x86intrin.h>

#define MAX_SITES 32
#define THUNK 192 /* bytes of generated code */
#define JUMP 5 /* bytes of jmp rel32 */
#define UD 0x06 /* invalid in 64-bit mode, one byte */

struct site {
	_Atomic uint64_t rip; /* 0: entry is free */
	unsigned int length;
	uint8_t old[16];
	uint8_t *thunk;
};

static struct site sites[MAX_SITES];
static atomic_flag lock = ATOMIC_FLAG_INIT;

/* As one atomic store each, whatever the alignment of the bytes. */
static void put_code(uint64_t at, const uint8_t *code, unsigned int n)
{
	volatile uint8_t *text = (volatile uint8_t *)at;

	text[0] = UD;
	TB_RAW3(SYS_membarrier, MEMBARRIER_CMD_PRIVATE_EXPEDITED_SYNC_CORE, 0,
		0);
	for (unsigned int i = 1; i < n; i++)
		text[i] = code[i];
	TB_RAW3(SYS_membarrier, MEMBARRIER_CMD_PRIVATE_EXPEDITED_SYNC_CORE, 0,
		0);
	text[0] = code[0];
	TB_RAW3(SYS_membarrier, MEMBARRIER_CMD_PRIVATE_EXPEDITED_SYNC_CORE, 0,
		0);
}

static long protect(uint64_t at, unsigned int n, int prot)
{
	uint64_t first = at & ~4095ULL, end = (at + n + 4095) & ~4095ULL;

	return TB_RAW3(SYS_mprotect, first, end - first, prot);
}

static bool change(uint64_t at, const uint8_t *code, unsigned int n)
{
	if (protect(at, n, PROT_READ | PROT_WRITE | PROT_EXEC) < 0)
		return false;
	put_code(at, code, n);
	protect(at, n, PROT_READ | PROT_EXEC);
	return true;
}

/*
 * Called by the thunk with all registers as a signal's context would have
 * them.  False: the original instruction is back, and to be executed, for it
 * has to fault.
 */
static bool thunk_body(greg_t *gregs, struct site *site)
{
	uint8_t copy[16 + 8];
	struct tb_insn insn;
	struct tb_outcome outcome;
	uint64_t rip = site->rip;
	uint64_t mask = ~TB_CPU_SIGNALS, old, begin = __rdtsc();

	/* Behind the registers: flags were pushed below the red zone. */
	gregs[REG_RSP] = (greg_t)(uintptr_t)(gregs + REG_EFL + 1) + 128;
	for (unsigned int i = 0; i < sizeof(copy); i++)
		copy[i] = i < site->length ? site->old[i] : 0x90;
	gregs[REG_RIP] = (greg_t)(uintptr_t)copy;
	insn = tb_decode(gregs);
	/* RIP-relative ones are not patched, so the copy's place is no matter.
	 */
	/* One instruction: no handler may run, and jump away, half-way. */
	TB_RAW4(SYS_rt_sigprocmask, SIG_BLOCK, &mask, &old, 8);
	outcome = tb_cpu_perform(&insn, gregs, begin);
	TB_RAW4(SYS_rt_sigprocmask, SIG_SETMASK, &old, NULL, 8);
	if (!outcome.signal) {
		atomic_fetch_add(&tb_cpu_shm->thunks, 1);
		return true;
	}
	while (atomic_flag_test_and_set(&lock))
		TB_RAW0(SYS_sched_yield);
	change(rip, site->old, site->length);
	atomic_flag_clear(&lock);
	return false;
}

static uint8_t *emit(uint8_t *p, const void *code, unsigned int n)
{
	for (unsigned int i = 0; i < n; i++)
		*p++ = ((const uint8_t *)code)[i];
	return p;
}

static uint8_t *emit_u64(uint8_t *p, uint64_t value)
{
	return emit(p, &value, 8);
}

/* Restore everything and jump to the target. */
static uint8_t *emit_tail(uint8_t *p, uint64_t target)
{
	/* pop r8..r15, rdi, rsi, rbp, rbx, rdx, rax, rcx; skip rsp, rip;
	   popfq; lea 128(%rsp), %rsp; jmp rel32 */
	static const uint8_t code[] = {
		0x41, 0x58, 0x41, 0x59, 0x41, 0x5a, 0x41, 0x5b, 0x41, 0x5c,
		0x41, 0x5d, 0x41, 0x5e, 0x41, 0x5f, 0x5f, 0x5e, 0x5d, 0x5b,
		0x5a, 0x58, 0x59, 0x48, 0x8d, 0x64, 0x24, 0x10, 0x9d, 0x48,
		0x8d, 0xa4, 0x24, 0x80, 0x00, 0x00, 0x00, 0xe9};
	int32_t rel;

	p = emit(p, code, sizeof(code));
	rel = (int32_t)(target - ((uintptr_t)p + 4));
	return emit(p, &rel, 4);
}

static void build_thunk(struct site *site)
{
	/* lea -128(%rsp), %rsp; pushfq; push rip (as 0); push rsp, rcx, rax,
	   rdx, rbx, rbp, rsi, rdi, r15 .. r8 */
	static const uint8_t head[] = {0x48, 0x8d, 0x64, 0x24, 0x80, 0x9c, 0x6a,
				       0x00, 0x54, 0x51, 0x50, 0x52, 0x53, 0x55,
				       0x56, 0x57, 0x41, 0x57, 0x41, 0x56, 0x41,
				       0x55, 0x41, 0x54, 0x41, 0x53, 0x41, 0x52,
				       0x41, 0x51, 0x41, 0x50};
	/* mov %rsp, %rdi; mov %rsp, %rbx; and $-16, %rsp; cld;
	   movabs site, %rsi; movabs thunk_body, %rax; call *%rax;
	   mov %rbx, %rsp; test %al, %al; je over the first tail */
	static const uint8_t enter[] = {0x48, 0x89, 0xe7, 0x48, 0x89,
					0xe3, 0x48, 0x83, 0xe4, 0xf0,
					0xfc, 0x48, 0xbe};
	static const uint8_t load[] = {0x48, 0xb8};
	static const uint8_t call[] = {0xff, 0xd0, 0x48, 0x89, 0xdc,
				       0x84, 0xc0, 0x74, 0};
	uint8_t *p = site->thunk, *from;

	p = emit(p, head, sizeof(head));
	p = emit(p, enter, sizeof(enter));
	p = emit_u64(p, (uintptr_t)site);
	p = emit(p, load, sizeof(load));
	p = emit_u64(p, (uintptr_t)thunk_body);
	p = emit(p, call, sizeof(call));
	from = p;
	p = emit_tail(p, site->rip + site->length);
	from[-1] = (uint8_t)(p - from);
	emit_tail(p, site->rip);
}

/* A page within reach of a 32-bit jump. */
static uint8_t *page_near(uint64_t rip)
{
	for (uint64_t step = 1 << 20; step < 1ULL << 30; step += 1 << 22) {
		for (int side = 0; side < 2; side++) {
			uint64_t at =
				(side ? rip + step : rip - step) & ~4095ULL;
			long p = TB_RAW6(SYS_mmap, at, 4096,
					 PROT_READ | PROT_WRITE | PROT_EXEC,
					 MAP_PRIVATE | MAP_ANONYMOUS |
						 MAP_FIXED_NOREPLACE,
					 -1, 0);

			if (p > 0 && (uint64_t)p == at)
				return (uint8_t *)at;
		}
	}
	return NULL;
}

/* Room for a thunk: beside another near one, or in a page of its own. */
static uint8_t *room_near(uint64_t rip)
{
	for (int i = 0; i < MAX_SITES; i++) {
		uint64_t end = (uintptr_t)sites[i].thunk + 2ULL * THUNK;
		bool is_taken = false;

		if (!sites[i].thunk || (end - 1) >> 12 != (end - THUNK) >> 12 ||
		    end - rip + (1U << 30) > 2U << 30)
			continue;
		for (int j = 0; j < MAX_SITES; j++)
			is_taken |= sites[j].thunk == sites[i].thunk + THUNK;
		if (!is_taken)
			return sites[i].thunk + THUNK;
	}
	return page_near(rip);
}

static bool is_rip_relative(const uint8_t *code, unsigned int n)
{
	/* ModRM stands 5 bytes before the end then: mod 0, rm 5. */
	return n >= 9 && (code[n - 5] & 0xc7) == 5 && code[n - 6] == 0xf8;
}

void tb_cpu_patch(uint64_t rip, unsigned int length)
{
	const uint8_t *text = (const uint8_t *)rip;
	uint8_t code[16] = {0xe9};
	int32_t rel;

	if (length < JUMP || is_rip_relative(text, length) ||
	    atomic_flag_test_and_set(&lock))
		return;
	for (int i = 0; i < MAX_SITES; i++) {
		struct site *site = &sites[i];

		if (site->rip == rip)
			break;
		if (site->rip)
			continue;
		for (unsigned int b = 0; b < length; b++)
			site->old[b] = text[b];
		site->length = length;
		site->thunk = room_near(rip);
		if (!site->thunk)
			break;
		atomic_store(&site->rip, rip);
		build_thunk(site);
		rel = (int32_t)((uintptr_t)site->thunk - (rip + JUMP));
		emit(code + 1, &rel, 4);
		for (unsigned int b = JUMP; b < length; b++)
			code[b] = 0x90;
		TB_RAW3(SYS_membarrier,
			MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED_SYNC_CORE, 0,
			0);
		change(rip, code, length);
		break;
	}
	atomic_flag_clear(&lock);
}

bool tb_cpu_is_patched(uint64_t rip)
{
	uint8_t first = *(const volatile uint8_t *)rip;

	/* Half-way, or done since the trap: execute what is there now. */
	if (first != UD && first != 0xe9)
		return false;
	for (int i = 0; i < MAX_SITES; i++)
		if (atomic_load(&sites[i].rip) == rip)
			return true;
	return false;
}
