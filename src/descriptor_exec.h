/* SPDX-License-Identifier: MIT */
/*
 * One DSA descriptor executed to the letter of the DSA Architecture
 * Specification, over a memory accessor.  Serves the software DSA in the
 * shipped library (accessor: this process) and the test device (accessor:
 * another process).
 */
#ifndef DSAM_DESCRIPTOR_EXEC_H
#define DSAM_DESCRIPTOR_EXEC_H

#include <linux/idxd.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* GENCAP bits that execution depends on (specification 9.2.2). */
#define DSAM_GENCAP_BLOCK_ON_FAULT (1ULL << 0)
#define DSAM_GENCAP_OVERLAP (1ULL << 1)
#define DSAM_GENCAP_CACHE_CONTROL (1ULL << 2)
#define DSAM_GENCAP_DEST_READBACK (1ULL << 8)
#define DSAM_GENCAP_DRAIN_READBACK (1ULL << 9)
#define DSAM_GENCAP_FILL16 (1ULL << 10)
#define DSAM_GENCAP_CRC64 (1ULL << 11)
#define DSAM_GENCAP_CR_FAULT_INFO (1ULL << 12)
#define DSAM_GENCAP_BATCH1 (1ULL << 52)

/* Operation specific flags, which linux/idxd.h leaves out (8.3). */
#define DSAM_FLAG_DRAIN_READBACK1 (1U << 16)
#define DSAM_FLAG_DRAIN_READBACK2 (1U << 17)
#define DSAM_FLAG_DRAIN_NO_TCA (1U << 18)
#define DSAM_FLAG_DRAIN_NO_TCB (1U << 19)
#define DSAM_FLAG_FILL16 (1U << 18)
#define DSAM_FLAG_CRC_READ_SEED (1U << 16)
#define DSAM_FLAG_CRC_NO_INVERSION (1U << 17) /* nor bit reversal */
#define DSAM_FLAG_CRC_NO_REFLECTION (1U << 18) /* of each data byte */

/*
 * How execution reaches memory.  Every function works from the low address
 * up (copy: from the high end down if backward), stops at the first byte that
 * it can't reach, and returns how many bytes it did.  None may raise a
 * signal, unless the owner of the accessor wants just that.  For read and
 * write, a 4 KiB page is reachable as a whole or not at all: an overlapping
 * move without copy relies on it.
 */
struct dsam_memory {
	/*
	 * Bytes from addr that the device may touch without a page fault;
	 * n when there is nothing to say against it.  NULL: all of them.
	 * With from_end the count is from addr + n downwards.
	 */
	size_t (*present)(const struct dsam_memory *m, uint64_t addr, size_t n,
			  bool is_write, bool from_end);
	/* Make present what was not (block on fault); false: can't. */
	bool (*fault_in)(const struct dsam_memory *m, uint64_t addr,
			 bool is_write);
	size_t (*read)(const struct dsam_memory *m, void *buf, uint64_t addr,
		       size_t n);
	size_t (*write)(const struct dsam_memory *m, uint64_t addr,
			const void *buf, size_t n);
	/*
	 * As if through a temporary buffer.  *write_fault tells which side
	 * stopped it.  NULL: done by read and write.
	 */
	size_t (*copy)(const struct dsam_memory *m, uint64_t dst, uint64_t src,
		       size_t n, bool backward, bool *write_fault);
	/* NULL: done by write. */
	size_t (*fill)(const struct dsam_memory *m, uint64_t dst,
		       uint64_t pattern, size_t n);
	/*
	 * A member of a batch ended with this record, having written moved
	 * bytes; its record is written next.  NULL: nobody asks.
	 */
	void (*member)(const struct dsam_memory *m,
		       const struct dsa_hw_desc *desc,
		       const struct dsa_completion_record *rec, uint64_t moved);
};

/* What the device and its work queue are configured to take. */
struct dsam_exec_limits {
	uint64_t gen_cap;
	uint64_t op_cap[4]; /* bit n of word n/64: opcode n is allowed */
	uint32_t max_transfer; /* bytes, from the work queue */
	uint32_t max_batch; /* descriptors, from the work queue */
	bool block_on_fault; /* work queue allows IDXD_OP_FLAG_BOF */
};

/* Trouble to inject into this one descriptor (zero: none). */
struct dsam_exec_trouble {
	bool has_fault; /* page fault after fault_at bytes */
	bool fault_is_write;
	bool fault_is_answer; /* 04: the page was asked for, in vain */
	bool fault_from_end; /* a move's bytes are done from its high end */
	uint32_t fault_at;
	uint8_t status; /* non-zero: complete with this, do nothing */
	/* Of a BATCH: a member's trouble, not that of the list. */
	bool in_member;
	uint32_t member; /* which one, counted round and round */
};

/* What became of a descriptor. */
enum dsam_exec_result {
	DSAM_EXEC_RECORD, /* *rec is valid: write it, status byte last */
	DSAM_EXEC_NO_RECORD, /* done; RCR clear asked for no record */
	DSAM_EXEC_SWERROR, /* error that can't reach a record; *rec.status
			      says which one for the software error
			      register */
};

/*
 * Execute *desc.  Fills *rec (in our own memory; the caller writes it to the
 * client's completion address, status byte last) and *moved, the bytes that
 * were written to the client's buffers.  A BATCH executes its members, whose
 * records it writes through m itself.  Never allocates or calls libc.
 */
enum dsam_exec_result dsam_descriptor_exec(
	const struct dsam_exec_limits *lim, const struct dsam_memory *m,
	const struct dsam_exec_trouble *trouble, const struct dsa_hw_desc *desc,
	struct dsa_completion_record *rec, uint64_t *moved);

/*
 * Checks alone, in the order of specification 5.4: 0 or the status code a
 * record would carry; *bad_flags receives the invalid-flags mask for 0x11.
 */
uint8_t dsam_descriptor_check(const struct dsam_exec_limits *lim,
			      const struct dsa_hw_desc *desc, bool in_batch,
			      uint32_t *bad_flags);

/*
 * Write a record to completion address addr through m: bytes 1-31 first, the
 * status byte last.  False when the page can't be reached (status 0x1a).
 */
bool dsam_record_write(const struct dsam_memory *m, uint64_t addr,
		       const struct dsa_completion_record *rec);

#endif
