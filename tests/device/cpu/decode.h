/* SPDX-License-Identifier: MIT */
/* The instructions that the processor preload performs, from their bytes. */
#ifndef TB_CPU_DECODE_H
#define TB_CPU_DECODE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/ucontext.h>

enum tb_insn_kind {
	TB_INSN_NONE,
	TB_INSN_ENQCMD,
	TB_INSN_ENQCMDS, /* privileged: #GP */
	TB_INSN_MOVDIR64B,
	TB_INSN_UMONITOR,
	TB_INSN_UMWAIT,
	TB_INSN_TPAUSE,
	TB_INSN_CPUID,
};

struct tb_insn {
	enum tb_insn_kind kind;
	unsigned int length;
	uint64_t dest; /* portal, or the line to monitor */
	uint64_t source; /* of the 64 bytes */
	uint32_t control; /* of UMWAIT and TPAUSE */
};

/*
 * Decode what is at gregs[REG_RIP], and its operands with these registers.
 * Kind TB_INSN_NONE: something else.
 */
struct tb_insn tb_decode(const greg_t *gregs);

#endif
