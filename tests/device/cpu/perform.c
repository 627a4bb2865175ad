// SPDX-License-Identifier: MIT
/*
 * Room: HOT.  What each instruction does (SDM volume 2).
 * May: the shared queues, registers and flags.  Must not: call libc.
 */
#include "cpu.h"

#define FLAG_CF 0x001
#define FLAG_ZF 0x040
/* OF, SF, ZF, AF, PF, CF */
#define FLAGS 0x8d5

static void set_flags(greg_t *gregs, greg_t flags)
{
	gregs[REG_EFL] = (gregs[REG_EFL] & ~(greg_t)FLAGS) | flags;
}

static struct tb_outcome protection_fault(void)
{
	return (struct tb_outcome){SIGSEGV, SI_KERNEL, 0};
}

static struct tb_outcome page_fault(uint64_t addr)
{
	return (struct tb_outcome){SIGSEGV, SEGV_MAPERR, addr};
}

static struct tb_outcome store(const struct tb_insn *insn, greg_t *gregs,
			       uint64_t tsc)
{
	struct tb_outcome done = {0, 0, 0};
	bool is_enqcmd = insn->kind == TB_INSN_ENQCMD;
	enum tb_answer answer = TB_RETRY;
	uint64_t desc[8];
	uint32_t pid = 0;
	int queue;

	if (insn->kind == TB_INSN_ENQCMDS || insn->dest & 63)
		return protection_fault();
	if (!tb_cpu_copy64(desc, insn->source))
		return page_fault(insn->source);
	/* The CPU fills in PASID and privilege; theirs must be 0. */
	if (is_enqcmd && (uint32_t)desc[0])
		return protection_fault();
	queue = tb_cpu_portal(insn->dest, &pid);
	if (queue == -1)
		return page_fault(insn->dest);
	if (queue == -4)
		return (struct tb_outcome){SIGBUS, BUS_ADRERR, insn->dest};
	if (queue == -3 && is_enqcmd)
		return protection_fault(); /* no valid PASID */
	if (queue >= 0)
		answer = tb_slots_put(
			tb_cpu_shm, (uint32_t)queue, desc, pid,
			is_enqcmd ? TB_STORE_ENQCMD : TB_STORE_MOVDIR64B, tsc);
	else if (!is_enqcmd)
		return page_fault(insn->dest);
	if (is_enqcmd)
		set_flags(gregs, answer == TB_RETRY ? FLAG_ZF : 0);
	return done;
}

static struct tb_outcome pause_until(const struct tb_insn *insn, greg_t *gregs)
{
	struct tb_outcome done = {0, 0, 0};
	uint64_t deadline =
		(uint64_t)gregs[REG_RDX] << 32 | (uint32_t)gregs[REG_RAX];
	bool is_limit;

	if (insn->control & ~1U)
		return protection_fault();
	is_limit = insn->kind == TB_INSN_UMWAIT ? tb_cpu_umwait(deadline)
						: tb_cpu_tpause(deadline);
	set_flags(gregs, is_limit ? FLAG_CF : 0);
	return done;
}

struct tb_outcome tb_cpu_perform(const struct tb_insn *insn, greg_t *gregs,
				 uint64_t tsc)
{
	struct tb_outcome done = {0, 0, 0};

	switch (insn->kind) {
	case TB_INSN_CPUID:
		tb_cpu_cpuid(gregs);
		return done;
	case TB_INSN_UMONITOR:
		tb_cpu_umonitor(insn->dest);
		return done;
	case TB_INSN_UMWAIT:
	case TB_INSN_TPAUSE:
		return pause_until(insn, gregs);
	default:
		return store(insn, gregs, tsc);
	}
}
