// SPDX-License-Identifier: MIT
/*
 * Room: HOT, PURE.  x86-64 encodings: prefixes, REX, ModRM, SIB (SDM volume
 * 2, chapter 2).
 * May: read the instruction's own bytes, one by one.  Must not: read any
 * operand in memory.
 */
#include "decode.h"

#include <asm/prctl.h>

#include "raw.h"

struct bytes {
	const uint8_t *at;
	bool has_66, has_67, has_f2, has_f3;
	uint8_t segment; /* 0x64, 0x65 or 0 */
	uint8_t rex;
};

static const int8_t greg_of[16] = {
	REG_RAX, REG_RCX, REG_RDX, REG_RBX, REG_RSP, REG_RBP, REG_RSI, REG_RDI,
	REG_R8,  REG_R9,  REG_R10, REG_R11, REG_R12, REG_R13, REG_R14, REG_R15};

static uint64_t reg(const greg_t *gregs, unsigned int n)
{
	return (uint64_t)gregs[greg_of[n & 15]];
}

static void prefixes(struct bytes *b)
{
	for (;; b->at++) {
		switch (*b->at) {
		case 0x66:
			b->has_66 = true;
			break;
		case 0x67:
			b->has_67 = true;
			break;
		case 0xf2:
			b->has_f2 = true;
			b->has_f3 = false;
			break;
		case 0xf3:
			b->has_f3 = true;
			b->has_f2 = false;
			break;
		case 0x64:
		case 0x65:
			b->segment = *b->at;
			break;
		case 0x26:
		case 0x2e:
		case 0x36:
		case 0x3e:
			b->segment = 0; /* no effect in 64-bit mode */
			break;
		default:
			if ((*b->at & 0xf0) == 0x40)
				b->rex = *b->at++;
			return;
		}
	}
}

static uint64_t segment_base(const struct bytes *b)
{
	uint64_t base = 0;

	if (b->segment)
		TB_RAW2(SYS_arch_prctl,
			b->segment == 0x64 ? ARCH_GET_FS : ARCH_GET_GS, &base);
	return base;
}

static int32_t disp32(const uint8_t *p)
{
	return (int32_t)(p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 |
			 (uint32_t)p[3] << 24);
}

/* Index times scale plus base of a SIB byte; *no_base: disp32 follows. */
static uint64_t sib(const struct bytes *b, const greg_t *gregs, uint8_t byte,
		    unsigned int mod, bool *no_base)
{
	unsigned int index = (byte >> 3 & 7) | (b->rex & 2) << 2;
	unsigned int base = (byte & 7) | (b->rex & 1) << 3;
	uint64_t addr = 0;

	*no_base = (byte & 7) == 5 && mod == 0;
	if (index != 4)
		addr = reg(gregs, index) << (byte >> 6);
	return *no_base ? addr : addr + reg(gregs, base);
}

/* b->at is at ModRM, and behind the operand afterwards. */
static uint64_t memory_operand(struct bytes *b, const greg_t *gregs)
{
	uint8_t modrm = *b->at++;
	unsigned int mod = modrm >> 6, rm = modrm & 7;
	bool no_base = false;
	uint64_t addr = 0;

	if (rm == 4)
		addr = sib(b, gregs, *b->at++, mod, &no_base);
	else if (mod != 0 || rm != 5)
		addr = reg(gregs, rm | (b->rex & 1) << 3);
	if (mod == 1) {
		addr += (uint64_t)(int64_t)(int8_t)*b->at++;
	} else if (mod == 2 || no_base || (mod == 0 && rm == 5)) {
		addr += (uint64_t)(int64_t)disp32(b->at);
		b->at += 4;
		/* Relative to the next instruction: there is no immediate. */
		if (mod == 0 && rm == 5)
			addr += (uintptr_t)b->at;
	}
	if (b->has_67)
		addr = (uint32_t)addr;
	return addr + segment_base(b);
}

static void decode_store(struct bytes *b, const greg_t *gregs,
			 struct tb_insn *insn)
{
	uint8_t modrm = *b->at;

	if (modrm >> 6 == 3)
		return;
	if (b->has_f2)
		insn->kind = TB_INSN_ENQCMD;
	else if (b->has_f3)
		insn->kind = TB_INSN_ENQCMDS;
	else if (b->has_66)
		insn->kind = TB_INSN_MOVDIR64B;
	else
		return;
	insn->dest = reg(gregs, (modrm >> 3 & 7) | (b->rex & 4) << 1);
	if (b->has_67)
		insn->dest = (uint32_t)insn->dest;
	insn->source = memory_operand(b, gregs);
}

static void decode_wait(struct bytes *b, const greg_t *gregs,
			struct tb_insn *insn)
{
	uint8_t modrm = *b->at++;
	uint64_t value = reg(gregs, (modrm & 7) | (b->rex & 1) << 3);

	if (modrm >> 6 != 3 || (modrm >> 3 & 7) != 6)
		return;
	insn->control = (uint32_t)value;
	if (b->has_f2) {
		insn->kind = TB_INSN_UMWAIT;
	} else if (b->has_f3) {
		insn->kind = TB_INSN_UMONITOR;
		insn->dest =
			(b->has_67 ? (uint32_t)value : value) + segment_base(b);
	} else if (b->has_66) {
		insn->kind = TB_INSN_TPAUSE;
	}
}

struct tb_insn tb_decode(const greg_t *gregs)
{
	const uint8_t *start = (const uint8_t *)gregs[REG_RIP];
	struct bytes b = {.at = start};
	struct tb_insn insn = {.kind = TB_INSN_NONE};

	prefixes(&b);
	if (*b.at++ != 0x0f)
		return insn;
	if (*b.at == 0xa2) {
		insn.kind = TB_INSN_CPUID;
		b.at++;
	} else if (*b.at == 0xae) {
		b.at++;
		decode_wait(&b, gregs, &insn);
	} else if (*b.at == 0x38 && b.at[1] == 0xf8) {
		b.at += 2;
		decode_store(&b, gregs, &insn);
	}
	insn.length = (unsigned int)(b.at - start);
	return insn;
}
