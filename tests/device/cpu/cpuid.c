// SPDX-License-Identifier: MIT
/*
 * Room: WARM.  CPUID with the features that the preload adds.
 * May: make CPUID trap (arch_prctl, where the CPU can).  Must not: keep it
 * from trapping longer than for one CPUID of its own.
 */
#include "cpu.h"
#include "raw.h"

#include <cpuid.h>

#define SET_CPUID 0x1012 /* ARCH_SET_CPUID */
#define WAITPKG (1U << 5)
#define MOVDIR64B (1U << 28)
#define ENQCMD (1U << 29)

bool tb_cpu_trap_cpuid(void)
{
	return TB_RAW2(SYS_arch_prctl, SET_CPUID, 0) == 0;
}

void tb_cpu_cpuid(greg_t *gregs)
{
	unsigned int leaf = (unsigned int)gregs[REG_RAX];
	unsigned int sub = (unsigned int)gregs[REG_RCX];
	unsigned int a, b, c, d;

	TB_RAW2(SYS_arch_prctl, SET_CPUID, 1);
	__cpuid_count(leaf, sub, a, b, c, d);
	TB_RAW2(SYS_arch_prctl, SET_CPUID, 0);
	if (leaf == 0 && a < 7)
		a = 7;
	if (leaf == 7 && sub == 0)
		c |= WAITPKG | MOVDIR64B | ENQCMD;
	gregs[REG_RAX] = a;
	gregs[REG_RBX] = b;
	gregs[REG_RCX] = c;
	gregs[REG_RDX] = d;
}
