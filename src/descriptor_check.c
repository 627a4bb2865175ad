// SPDX-License-Identifier: MIT
/*
 * Room: HOT, PURE.  Decides whether a descriptor is one that the device takes,
 * and which status code says why not.
 * May: read the descriptor and the limits.  Must not: touch the client's
 * memory, call anything.
 */
#include "descriptor_exec.h"

_Static_assert(sizeof(struct dsa_hw_desc) == 64, "descriptor");
_Static_assert(offsetof(struct dsa_hw_desc, completion_addr) == 8, "record");
_Static_assert(offsetof(struct dsa_hw_desc, src_addr) == 16, "source");
_Static_assert(offsetof(struct dsa_hw_desc, dst_addr) == 24, "destination");
_Static_assert(offsetof(struct dsa_hw_desc, xfer_size) == 32, "size");
_Static_assert(offsetof(struct dsa_hw_desc, int_handle) == 36, "handle");
_Static_assert(offsetof(struct dsa_hw_desc, op_specific) == 40, "specific");

/* Words 2 to 7 are bytes 16 to 63. */
struct words {
	uint64_t word[8];
} __attribute__((packed, may_alias));

/* What an operation takes (Table 5-3). */
struct rule {
	uint32_t legal; /* flags; 0: no such operation */
	uint32_t required; /* flags (Table 5-5) */
	uint64_t reserved[6]; /* bits of words 2 to 7, whatever the flags */
};

#define RECORD (IDXD_OP_FLAG_CRAV | IDXD_OP_FLAG_RCR | IDXD_OP_FLAG_CR_TCS)
#define DATA (RECORD | IDXD_OP_FLAG_FENCE | IDXD_OP_FLAG_BOF)
#define STORES (IDXD_OP_FLAG_CC | IDXD_OP_FLAG_DRDBK | IDXD_OP_FLAG_STORD)
#define TCS1 IDXD_OP_FLAG_ADDR1_TCS
#define TCS2 IDXD_OP_FLAG_ADDR2_TCS
#define TCS3 IDXD_OP_FLAG_ADDR3_TCS
#define ANSWERS (IDXD_OP_FLAG_CRAV | IDXD_OP_FLAG_RCR)
#define CRC_FLAGS                                               \
	(DSAM_FLAG_CRC_READ_SEED | DSAM_FLAG_CRC_NO_INVERSION | \
	 DSAM_FLAG_CRC_NO_REFLECTION)
#define DRAIN_READBACK (DSAM_FLAG_DRAIN_READBACK1 | DSAM_FLAG_DRAIN_READBACK2)
#define DRAIN_FLAGS \
	(DRAIN_READBACK | DSAM_FLAG_DRAIN_NO_TCA | DSAM_FLAG_DRAIN_NO_TCB)

/* Bytes 36-39 after a size: no interrupt handle, as RCI is never legal. */
#define ALL UINT64_MAX
#define HIGH 0xffffffff00000000ULL

static const struct rule rules[] = {
	[DSA_OPCODE_NOOP] = {RECORD | IDXD_OP_FLAG_FENCE,
			     0,
			     {ALL, ALL, ALL, ALL, ALL, ALL}},
	[DSA_OPCODE_BATCH] = {RECORD | TCS1, 0, {0, ALL, HIGH, ALL, ALL, ALL}},
	[DSA_OPCODE_DRAIN] = {RECORD | TCS1 | TCS2 | DRAIN_FLAGS,
			      ANSWERS,
			      {0, 0, ALL, ALL, ALL, ALL}},
	[DSA_OPCODE_MEMMOVE] = {DATA | STORES | TCS1 | TCS2,
				0,
				{0, 0, HIGH, ALL, ALL, ALL}},
	[DSA_OPCODE_MEMFILL] = {DATA | STORES | TCS2 | DSAM_FLAG_FILL16,
				0,
				{0, 0, HIGH, 0, ALL, ALL}},
	[DSA_OPCODE_COMPARE] = {DATA | TCS1 | TCS2 | IDXD_OP_FLAG_CR,
				ANSWERS,
				{0, 0, HIGH, ~1ULL, ALL, ALL}},
	[DSA_OPCODE_COMPVAL] = {DATA | TCS1 | IDXD_OP_FLAG_CR,
				ANSWERS,
				{0, 0, HIGH, ~1ULL, ALL, ALL}},
	[DSA_OPCODE_DUALCAST] = {DATA | STORES | TCS1 | TCS2 | TCS3,
				 0,
				 {0, 0, HIGH, 0, ALL, ALL}},
	[DSA_OPCODE_CRCGEN] = {DATA | TCS1 | TCS3 | CRC_FLAGS,
			       ANSWERS,
			       {0, ALL, HIGH, HIGH, 0, ALL}},
	[DSA_OPCODE_COPY_CRC] = {DATA | STORES | TCS1 | TCS2 | TCS3 | CRC_FLAGS,
				 ANSWERS,
				 {0, 0, HIGH, HIGH, 0, ALL}},
	[DSA_OPCODE_CFLUSH] = {DATA | TCS2, 0, {ALL, 0, HIGH, ALL, ALL, ALL}},
};

static const struct rule *find_rule(const struct dsam_exec_limits *lim,
				    const struct dsa_hw_desc *desc,
				    bool in_batch)
{
	unsigned int op = desc->opcode;

	if (op >= sizeof(rules) / sizeof(rules[0]) || !rules[op].legal)
		return NULL;
	if (!(lim->op_cap[op / 64] >> op % 64 & 1))
		return NULL;
	if (in_batch && (op == DSA_OPCODE_BATCH || op == DSA_OPCODE_DRAIN))
		return NULL;
	return &rules[op];
}

/* Flags that are set and must not be, or the other way round (Table 5-4). */
static uint32_t find_bad_flags(const struct dsam_exec_limits *lim,
			       const struct dsa_hw_desc *desc,
			       const struct rule *rule, bool in_batch)
{
	uint64_t cap = lim->gen_cap;
	uint32_t flags = desc->flags;
	uint32_t legal = rule->legal;

	if (!in_batch)
		legal &= ~(uint32_t)IDXD_OP_FLAG_FENCE;
	if (!(cap & DSAM_GENCAP_BLOCK_ON_FAULT) || !lim->block_on_fault)
		legal &= ~(uint32_t)IDXD_OP_FLAG_BOF;
	if (!(cap & DSAM_GENCAP_CACHE_CONTROL))
		legal &= ~(uint32_t)IDXD_OP_FLAG_CC;
	if (!(cap & DSAM_GENCAP_DEST_READBACK))
		legal &= ~(uint32_t)IDXD_OP_FLAG_DRDBK;
	if (!(flags & IDXD_OP_FLAG_CRAV))
		legal &= ~(uint32_t)(IDXD_OP_FLAG_RCR | IDXD_OP_FLAG_CR_TCS);

	switch (desc->opcode) {
	case DSA_OPCODE_DRAIN:
		if (!(cap & DSAM_GENCAP_DRAIN_READBACK))
			legal &= ~DRAIN_READBACK;
		if (!(flags & legal & DSAM_FLAG_DRAIN_READBACK1))
			legal &= ~(uint32_t)TCS1;
		if (!(flags & legal & DSAM_FLAG_DRAIN_READBACK2))
			legal &= ~(uint32_t)TCS2;
		break;
	case DSA_OPCODE_MEMFILL:
		if (!(cap & DSAM_GENCAP_FILL16))
			legal &= ~DSAM_FLAG_FILL16;
		break;
	case DSA_OPCODE_CRCGEN:
	case DSA_OPCODE_COPY_CRC:
		if (!(flags & DSAM_FLAG_CRC_READ_SEED))
			legal &= ~(uint32_t)TCS3;
		break;
	default:
		break;
	}
	return (flags & ~legal) | (rule->required & ~flags);
}

/* Non-zero: a field is set that nothing reads (5.5). */
static uint64_t find_reserved(const struct dsa_hw_desc *desc,
			      const struct rule *rule, bool in_batch)
{
	const struct words *w = (const struct words *)desc;
	uint32_t flags = desc->flags;
	uint64_t set = 0;

	for (int i = 0; i < 6; i++)
		set |= w->word[i + 2] & rule->reserved[i];
	/* The trusted dword means nothing inside a batch (8.1.1). */
	if (!in_batch)
		set |= desc->rsvd;
	if (!(flags & IDXD_OP_FLAG_CRAV))
		set |= desc->completion_addr;

	switch (desc->opcode) {
	case DSA_OPCODE_DRAIN:
		if (!(flags & DSAM_FLAG_DRAIN_READBACK1))
			set |= desc->rdback_addr;
		if (!(flags & DSAM_FLAG_DRAIN_READBACK2))
			set |= desc->rdback_addr2;
		break;
	case DSA_OPCODE_MEMFILL:
		if (!(flags & DSAM_FLAG_FILL16))
			set |= w->word[5];
		break;
	case DSA_OPCODE_COMPARE:
	case DSA_OPCODE_COMPVAL:
		if (!(flags & IDXD_OP_FLAG_CR))
			set |= desc->expected_res;
		break;
	case DSA_OPCODE_CRCGEN:
	case DSA_OPCODE_COPY_CRC:
		set |= flags & DSAM_FLAG_CRC_READ_SEED ? desc->crc_seed
						       : desc->seed_addr;
		break;
	default:
		break;
	}
	return set;
}

static bool is_overlapping(uint64_t a, uint64_t b, uint32_t n)
{
	return a - b < n || b - a < n;
}

static uint8_t check_dualcast(const struct dsa_hw_desc *desc)
{
	uint32_t n = desc->xfer_size;

	if ((desc->dst_addr ^ desc->dest2) & 0xfff)
		return DSA_COMP_DCAST_ERR;
	if (is_overlapping(desc->src_addr, desc->dst_addr, n) ||
	    is_overlapping(desc->src_addr, desc->dest2, n) ||
	    is_overlapping(desc->dst_addr, desc->dest2, n))
		return DSA_COMP_OVERLAP_BUFFERS;
	return 0;
}

static uint8_t check_batch(const struct dsam_exec_limits *lim,
			   const struct dsa_hw_desc *desc)
{
	uint32_t least = lim->gen_cap & DSAM_GENCAP_BATCH1 ? 1 : 2;

	if (desc->desc_count < least || desc->desc_count > lim->max_batch)
		return DSA_COMP_DESC_CNT_ERANGE;
	if (desc->desc_list_addr & 63)
		return DSA_COMP_DESCLIST_ALIGN;
	return 0;
}

/* Sizes and addresses (5.5), the flags being legal. */
static uint8_t check_operands(const struct dsam_exec_limits *lim,
			      const struct dsa_hw_desc *desc)
{
	switch (desc->opcode) {
	case DSA_OPCODE_NOOP:
	case DSA_OPCODE_DRAIN:
		return 0;
	case DSA_OPCODE_BATCH:
		return check_batch(lim, desc);
	default:
		break;
	}
	if (!desc->xfer_size || desc->xfer_size > lim->max_transfer)
		return DSA_COMP_XFER_ERANGE;

	switch (desc->opcode) {
	case DSA_OPCODE_MEMMOVE:
		if (lim->gen_cap & DSAM_GENCAP_OVERLAP)
			return 0;
		break;
	case DSA_OPCODE_CRCGEN:
	case DSA_OPCODE_COPY_CRC:
		if (desc->seed_addr & 3)
			return DSA_COMP_ADDR_ALIGN;
		if (desc->opcode == DSA_OPCODE_CRCGEN)
			return 0;
		break;
	case DSA_OPCODE_COMPARE:
		break;
	case DSA_OPCODE_DUALCAST:
		return check_dualcast(desc);
	default:
		return 0;
	}
	if (is_overlapping(desc->src_addr, desc->dst_addr, desc->xfer_size))
		return DSA_COMP_OVERLAP_BUFFERS;
	return 0;
}

uint8_t dsam_descriptor_check(const struct dsam_exec_limits *lim,
			      const struct dsa_hw_desc *desc, bool in_batch,
			      uint32_t *bad_flags)
{
	const struct rule *rule;

	*bad_flags = 0;
	/* These two first: no record may be written after them (5.8.2). */
	if (desc->flags & IDXD_OP_FLAG_CRAV && desc->completion_addr & 31)
		return DSA_COMP_CRA_ALIGN;
	if (desc->priv && !in_batch)
		return DSA_COMP_PRIV_BAD;

	rule = find_rule(lim, desc, in_batch);
	if (!rule)
		return DSA_COMP_BAD_OPCODE;
	*bad_flags = find_bad_flags(lim, desc, rule, in_batch);
	if (*bad_flags)
		return DSA_COMP_INVALID_FLAGS;
	if (find_reserved(desc, rule, in_batch))
		return DSA_COMP_NOZERO_RESERVE;
	return check_operands(lim, desc);
}
