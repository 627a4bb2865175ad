/* SPDX-License-Identifier: MIT */
/*
 * The instructions that compilers write into .eh_frame for exceptions: where
 * a function's frame is, by registers rsp and rbp.
 */
#ifndef DSAM_CALLER_CFI_H
#define DSAM_CALLER_CFI_H

#include "dsamove.h"

/* DWARF's numbers of registers. */
#define DSAM_REG_RBP 6U
#define DSAM_REG_RSP 7U
#define DSAM_REG_RETURN 16U

/* Where the caller's rbp is. */
enum dsam_rbp_by {
	DSAM_RBP_SAME, /* in rbp */
	DSAM_RBP_AT_CFA, /* at CFA + offset */
	DSAM_RBP_AT_RBP, /* at rbp + offset */
	DSAM_RBP_LOST
};

/* A part of the tables; bad: something was not as it has to be. */
struct dsam_bytes {
	const uint8_t *at, *end;
	bool is_bad;
};

/*
 * What is known at one instruction.  CFA: the stack pointer once the function
 * has returned.
 */
struct dsam_row {
	uint64_t cfa_register; /* of another number: not known */
	int64_t cfa;
	bool is_deref; /* the CFA is what is there (a realigned stack) */
	bool returns; /* the return address is at CFA - 8 */
	enum dsam_rbp_by rbp_by;
	int64_t rbp;
};

/* What functions have in common. */
struct dsam_cie {
	uint64_t code; /* factors of numbers in instructions */
	int64_t data;
	unsigned encoding; /* of a function's addresses */
	bool is_augmented;
	bool is_signal; /* of a frame that the kernel made */
	struct dsam_row first; /* before a function's own instructions */
};

/*
 * Read from b, and move on: a number of 0 to 8 bytes, LEB128, the next n bytes
 * by themselves, what is encoded as DW_EH_PE_* says.  Beyond its end: 0 (or
 * nothing), and b is bad.
 */
uint64_t dsam_cfi_take(struct dsam_bytes *b, unsigned n);
uint64_t dsam_cfi_uleb(struct dsam_bytes *b);
int64_t dsam_cfi_sleb(struct dsam_bytes *b);
struct dsam_bytes dsam_cfi_part(struct dsam_bytes *b, uint64_t n);
uint64_t dsam_cfi_number(struct dsam_bytes *b, unsigned encoding);
uint64_t dsam_cfi_address(struct dsam_bytes *b, unsigned encoding);

/*
 * Carry out the instructions b of a function that begins at at, as far as
 * they are about pc.  r: from the row before them to that of pc.
 */
void dsam_cfi_run(struct dsam_bytes *b, const struct dsam_cie *cie, uint64_t at,
		  uint64_t pc, struct dsam_row *r);

#endif
