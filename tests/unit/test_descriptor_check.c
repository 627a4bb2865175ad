// SPDX-License-Identifier: MIT
/*
 * Which descriptors the device takes, and the status of each that it doesn't.
 */
#include "fake_client.h"

#define A (CLIENT_BASE + 0x100)
#define B (CLIENT_BASE + 0x2100)
#define C (CLIENT_BASE + 0x4100)

static const uint8_t all_ops[] = {
	DSA_OPCODE_NOOP,     DSA_OPCODE_BATCH,    DSA_OPCODE_DRAIN,
	DSA_OPCODE_MEMMOVE,  DSA_OPCODE_MEMFILL,  DSA_OPCODE_COMPARE,
	DSA_OPCODE_COMPVAL,  DSA_OPCODE_DUALCAST, DSA_OPCODE_CRCGEN,
	DSA_OPCODE_COPY_CRC, DSA_OPCODE_CFLUSH,
};

/* A descriptor of each kind that must pass. */
static struct dsa_hw_desc good(unsigned int opcode)
{
	struct dsa_hw_desc desc = fake_desc(opcode, A, B, 0x80);

	switch (opcode) {
	case DSA_OPCODE_NOOP:
	case DSA_OPCODE_DRAIN:
		desc.src_addr = 0;
		desc.dst_addr = 0;
		desc.xfer_size = 0;
		break;
	case DSA_OPCODE_BATCH:
		desc.desc_list_addr = LIST_AT;
		desc.dst_addr = 0;
		desc.desc_count = 2;
		break;
	case DSA_OPCODE_CRCGEN:
		desc.dst_addr = 0;
		break;
	case DSA_OPCODE_DUALCAST:
		desc.dest2 = C;
		break;
	case DSA_OPCODE_CFLUSH:
		desc.src_addr = 0;
		break;
	default:
		break;
	}
	return desc;
}

static uint8_t check(const struct dsa_hw_desc *desc, uint32_t *bad)
{
	struct dsam_exec_limits lim = fake_limits();

	return dsam_descriptor_check(&lim, desc, false, bad);
}

static void expect(const struct dsam_exec_limits *lim,
		   const struct dsa_hw_desc *desc, uint8_t status,
		   uint32_t bad_flags)
{
	uint32_t bad = 0xffffffff;

	ck_assert_uint_eq(dsam_descriptor_check(lim, desc, false, &bad),
			  status);
	ck_assert_uint_eq(bad, bad_flags);
}

START_TEST(good_ones_pass)
{
	struct dsam_exec_limits lim = fake_limits();

	for (size_t i = 0; i < sizeof(all_ops); i++) {
		struct dsa_hw_desc desc = good(all_ops[i]);

		expect(&lim, &desc, 0, 0);
		desc.pasid = 0xfffff;
		expect(&lim, &desc, 0, 0);
	}
}
END_TEST

START_TEST(other_opcodes_are_unsupported)
{
	struct dsam_exec_limits lim = fake_limits();

	memset(lim.op_cap, 0xff, sizeof(lim.op_cap));
	for (unsigned int op = 0; op < 256; op++) {
		struct dsa_hw_desc desc = good(op);
		bool is_known = memchr(all_ops, (int)op, sizeof(all_ops));

		expect(&lim, &desc, is_known ? 0 : DSA_COMP_BAD_OPCODE, 0);
	}
	memset(lim.op_cap, 0, sizeof(lim.op_cap));
	for (unsigned int op = 0; op < 256; op++) {
		struct dsa_hw_desc desc = good(op);

		expect(&lim, &desc, DSA_COMP_BAD_OPCODE, 0);
	}
}
END_TEST

START_TEST(inside_a_batch)
{
	struct dsam_exec_limits lim = fake_limits();
	uint32_t bad;

	for (size_t i = 0; i < sizeof(all_ops); i++) {
		struct dsa_hw_desc desc = good(all_ops[i]);
		bool is_no_member = desc.opcode == DSA_OPCODE_BATCH ||
				    desc.opcode == DSA_OPCODE_DRAIN;

		/* The trusted dword is ignored there, a fence allowed. */
		desc.priv = 1;
		desc.rsvd = 5;
		desc.flags |= IDXD_OP_FLAG_FENCE;
		ck_assert_uint_eq(
			dsam_descriptor_check(&lim, &desc, true, &bad),
			is_no_member ? DSA_COMP_BAD_OPCODE : 0);
	}
}
END_TEST

/* Flags besides CRAV and RCR that pass, all capabilities given. */
static uint32_t legal_flags(unsigned int opcode)
{
	const uint32_t stores = 0x100 | 0x2000 | 0x4000, bof = 2,
		       cr_tcs = 0x1000;

	switch (opcode) {
	case DSA_OPCODE_NOOP:
		return cr_tcs;
	case DSA_OPCODE_BATCH:
		return cr_tcs | 0x200;
	case DSA_OPCODE_DRAIN:
		/* A traffic class selector wants its readback flag. */
		return cr_tcs | 0xf0000;
	case DSA_OPCODE_MEMMOVE:
		return cr_tcs | bof | stores | 0x600;
	case DSA_OPCODE_MEMFILL:
		return cr_tcs | bof | stores | 0x400 | 1 << 18;
	case DSA_OPCODE_COMPARE:
		return cr_tcs | bof | 0x600 | 0x80;
	case DSA_OPCODE_COMPVAL:
		return cr_tcs | bof | 0x200 | 0x80;
	case DSA_OPCODE_DUALCAST:
		return cr_tcs | bof | stores | 0xe00;
	case DSA_OPCODE_CRCGEN:
		return cr_tcs | bof | 0x200 | 7 << 16;
	case DSA_OPCODE_COPY_CRC:
		return cr_tcs | bof | stores | 0x600 | 7 << 16;
	default: /* CFLUSH */
		return cr_tcs | bof | 0x400;
	}
}

START_TEST(each_flag_for_each_operation)
{
	struct dsam_exec_limits lim = fake_limits();

	lim.gen_cap |= DSAM_GENCAP_DRAIN_READBACK | DSAM_GENCAP_FILL16;
	for (size_t i = 0; i < sizeof(all_ops); i++) {
		for (unsigned int bit = 0; bit < 24; bit++) {
			struct dsa_hw_desc desc = good(all_ops[i]);
			uint32_t flag = 1U << bit;
			bool is_legal = legal_flags(all_ops[i]) & flag;

			if (flag & PLAIN_FLAGS)
				continue;
			desc.flags |= flag;
			expect(&lim, &desc, is_legal ? 0 : 0x11,
			       is_legal ? 0 : flag);
		}
	}
}
END_TEST

START_TEST(flags_that_need_something_else)
{
	struct dsam_exec_limits lim = fake_limits();
	struct dsa_hw_desc desc = good(DSA_OPCODE_MEMMOVE);

	lim.block_on_fault = false;
	desc.flags |= IDXD_OP_FLAG_BOF;
	expect(&lim, &desc, 0x11, IDXD_OP_FLAG_BOF);
	lim = fake_limits();
	lim.gen_cap = 0;
	desc.flags |= IDXD_OP_FLAG_CC | IDXD_OP_FLAG_DRDBK;
	expect(&lim, &desc, 0x11,
	       IDXD_OP_FLAG_BOF | IDXD_OP_FLAG_CC | IDXD_OP_FLAG_DRDBK);

	lim = fake_limits();
	desc = good(DSA_OPCODE_MEMFILL);
	desc.flags |= DSAM_FLAG_FILL16;
	expect(&lim, &desc, 0x11, DSAM_FLAG_FILL16);
	desc = good(DSA_OPCODE_DRAIN);
	desc.flags |= DSAM_FLAG_DRAIN_READBACK1;
	expect(&lim, &desc, 0x11, DSAM_FLAG_DRAIN_READBACK1);
	lim.gen_cap |= DSAM_GENCAP_DRAIN_READBACK;
	desc.flags |= IDXD_OP_FLAG_ADDR1_TCS;
	expect(&lim, &desc, 0, 0);
	desc = good(DSA_OPCODE_CRCGEN);
	desc.flags |= IDXD_OP_FLAG_ADDR3_TCS | DSAM_FLAG_CRC_READ_SEED;
	desc.seed_addr = A;
	expect(&lim, &desc, 0, 0);

	/* Without a record address there is nothing to say about it. */
	desc = good(DSA_OPCODE_MEMMOVE);
	desc.completion_addr = 0;
	desc.flags = IDXD_OP_FLAG_RCR | IDXD_OP_FLAG_CR_TCS;
	expect(&lim, &desc, 0x11, IDXD_OP_FLAG_RCR | IDXD_OP_FLAG_CR_TCS);
	desc.flags = 0;
	expect(&lim, &desc, 0, 0);
}
END_TEST

START_TEST(required_flags)
{
	struct dsam_exec_limits lim = fake_limits();

	for (size_t i = 0; i < sizeof(all_ops); i++) {
		struct dsa_hw_desc desc = good(all_ops[i]);
		bool answers = desc.opcode == DSA_OPCODE_DRAIN ||
			       desc.opcode == DSA_OPCODE_COMPARE ||
			       desc.opcode == DSA_OPCODE_COMPVAL ||
			       desc.opcode == DSA_OPCODE_CRCGEN ||
			       desc.opcode == DSA_OPCODE_COPY_CRC;

		desc.flags = IDXD_OP_FLAG_CRAV;
		expect(&lim, &desc, answers ? 0x11 : 0,
		       answers ? IDXD_OP_FLAG_RCR : 0);
		desc.flags = 0;
		desc.completion_addr = 0;
		expect(&lim, &desc, answers ? 0x11 : 0,
		       answers ? PLAIN_FLAGS : 0);
	}
}
END_TEST

/* Whether an operation without optional flags reads this byte. */
static bool is_used(unsigned int opcode, unsigned int byte)
{
	bool src = byte >= 16 && byte < 24, dst = byte >= 24 && byte < 32;
	bool size = byte >= 32 && byte < 36;

	switch (opcode) {
	case DSA_OPCODE_NOOP:
	case DSA_OPCODE_DRAIN:
		return false;
	case DSA_OPCODE_BATCH:
	case DSA_OPCODE_CRCGEN:
		return src || size ||
		       (opcode == DSA_OPCODE_CRCGEN && byte >= 40 && byte < 44);
	case DSA_OPCODE_DUALCAST:
		return src || dst || size || (byte >= 40 && byte < 48);
	case DSA_OPCODE_COPY_CRC:
		return src || dst || size || (byte >= 40 && byte < 44);
	case DSA_OPCODE_CFLUSH:
		return dst || size;
	default:
		return src || dst || size;
	}
}

START_TEST(every_reserved_bit)
{
	uint32_t bad;

	for (size_t i = 0; i < sizeof(all_ops); i++) {
		for (unsigned int bit = 128; bit < 512; bit++) {
			struct dsa_hw_desc desc = good(all_ops[i]);

			if (is_used(desc.opcode, bit / 8))
				continue;
			((uint8_t *)&desc)[bit / 8] ^= 1 << bit % 8;
			ck_assert_msg(check(&desc, &bad) == 0x12,
				      "opcode %#x bit %u", desc.opcode, bit);
		}
		for (unsigned int bit = 0; bit < 11; bit++) {
			struct dsa_hw_desc desc = good(all_ops[i]);

			desc.rsvd = 1U << bit & 0x7ff;
			ck_assert_uint_eq(check(&desc, &bad), 0x12);
		}
	}
}
END_TEST

START_TEST(fields_that_a_flag_opens)
{
	struct dsam_exec_limits lim = fake_limits();
	struct dsa_hw_desc desc = good(DSA_OPCODE_MEMMOVE);

	desc.flags = 0;
	expect(&lim, &desc, 0x12, 0); /* record address without CRAV */

	lim.gen_cap |= DSAM_GENCAP_DRAIN_READBACK | DSAM_GENCAP_FILL16;
	desc = good(DSA_OPCODE_DRAIN);
	desc.rdback_addr = A;
	desc.rdback_addr2 = B;
	desc.flags |= DSAM_FLAG_DRAIN_READBACK1;
	expect(&lim, &desc, 0x12, 0);
	desc.flags |= DSAM_FLAG_DRAIN_READBACK2;
	expect(&lim, &desc, 0, 0);

	desc = good(DSA_OPCODE_MEMFILL);
	desc.dest2 = 1;
	expect(&lim, &desc, 0x12, 0);
	desc.flags |= DSAM_FLAG_FILL16;
	expect(&lim, &desc, 0, 0);

	desc = good(DSA_OPCODE_COMPARE);
	desc.expected_res = 1;
	expect(&lim, &desc, 0x12, 0);
	desc.flags |= IDXD_OP_FLAG_CR;
	expect(&lim, &desc, 0, 0);
	desc.expected_res = 2;
	expect(&lim, &desc, 0x12, 0);

	desc = good(DSA_OPCODE_COPY_CRC);
	desc.seed_addr = A;
	expect(&lim, &desc, 0x12, 0);
	desc.flags |= DSAM_FLAG_CRC_READ_SEED;
	expect(&lim, &desc, 0, 0);
	desc.crc_seed = 1;
	expect(&lim, &desc, 0x12, 0);
}
END_TEST

START_TEST(sizes)
{
	struct dsam_exec_limits lim = fake_limits();

	for (size_t i = 0; i < sizeof(all_ops); i++) {
		struct dsa_hw_desc desc = good(all_ops[i]);
		uint8_t code = DSA_COMP_XFER_ERANGE;

		lim = fake_limits();
		switch (desc.opcode) {
		case DSA_OPCODE_NOOP:
		case DSA_OPCODE_DRAIN:
			continue;
		case DSA_OPCODE_BATCH:
			code = DSA_COMP_DESC_CNT_ERANGE;
			lim.max_transfer = 32;
			desc.xfer_size = 1;
			expect(&lim, &desc, code, 0);
			lim.gen_cap |= DSAM_GENCAP_BATCH1;
			break;
		default:
			lim.max_transfer = 0x90;
			break;
		}
		desc.xfer_size = 1;
		expect(&lim, &desc, 0, 0);
		desc.xfer_size = lim.max_transfer;
		expect(&lim, &desc, 0, 0);
		desc.xfer_size = 0;
		expect(&lim, &desc, code, 0);
		desc.xfer_size = lim.max_transfer + 1;
		expect(&lim, &desc, code, 0);
		desc.xfer_size = UINT32_MAX;
		expect(&lim, &desc, code, 0);
	}
}
END_TEST

START_TEST(overlaps)
{
	static const struct {
		int64_t distance;
		bool is_overlap;
	} cases[] = {{0, true},    {1, true},    {-1, true},   {127, true},
		     {-127, true}, {128, false}, {-128, false}};
	static const uint8_t ops[] = {DSA_OPCODE_MEMMOVE, DSA_OPCODE_COMPARE,
				      DSA_OPCODE_COPY_CRC};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct dsam_exec_limits lim = fake_limits();
		uint8_t code = cases[i].is_overlap ? 0x16 : 0;

		for (size_t k = 0; k < sizeof(ops); k++) {
			struct dsa_hw_desc desc = good(ops[k]);

			desc.dst_addr = A + (uint64_t)cases[i].distance;
			lim.gen_cap = GEN_CAP_SPR & ~DSAM_GENCAP_OVERLAP;
			expect(&lim, &desc, code, 0);
			lim.gen_cap = GEN_CAP_SPR;
			if (desc.opcode == DSA_OPCODE_MEMMOVE)
				expect(&lim, &desc, 0, 0);
			else
				expect(&lim, &desc, code, 0);
		}
	}
}
END_TEST

START_TEST(addresses)
{
	struct dsam_exec_limits lim = fake_limits();
	struct dsa_hw_desc desc = good(DSA_OPCODE_DUALCAST);

	desc.dest2 = C + 1;
	expect(&lim, &desc, DSA_COMP_DCAST_ERR, 0);
	desc.dest2 = desc.dst_addr;
	expect(&lim, &desc, DSA_COMP_OVERLAP_BUFFERS, 0);
	desc.dest2 = desc.src_addr;
	expect(&lim, &desc, DSA_COMP_OVERLAP_BUFFERS, 0);
	desc = good(DSA_OPCODE_DUALCAST);
	desc.src_addr = desc.dst_addr + 1;
	expect(&lim, &desc, DSA_COMP_OVERLAP_BUFFERS, 0);
	desc = good(DSA_OPCODE_DUALCAST);
	desc.xfer_size = 0x2001; /* one destination runs into the other */
	desc.src_addr = CLIENT_BASE + 0x8000;
	expect(&lim, &desc, DSA_COMP_OVERLAP_BUFFERS, 0);

	desc = good(DSA_OPCODE_BATCH);
	desc.desc_list_addr += 32;
	expect(&lim, &desc, DSA_COMP_DESCLIST_ALIGN, 0);
	desc = good(DSA_OPCODE_CRCGEN);
	desc.flags |= DSAM_FLAG_CRC_READ_SEED;
	desc.seed_addr = A + 2;
	expect(&lim, &desc, DSA_COMP_ADDR_ALIGN, 0);
}
END_TEST

START_TEST(what_leaves_no_record)
{
	struct dsam_exec_limits lim = fake_limits();
	struct dsa_hw_desc desc = good(DSA_OPCODE_NOOP);

	for (unsigned int low = 1; low < 32; low++) {
		desc.completion_addr = RECORD_AT + low;
		expect(&lim, &desc, DSA_COMP_CRA_ALIGN, 0);
	}
	desc.completion_addr = RECORD_AT;
	desc.priv = 1;
	expect(&lim, &desc, DSA_COMP_PRIV_BAD, 0);
}
END_TEST

RUN_SUITE("descriptor_check", good_ones_pass, other_opcodes_are_unsupported,
	  inside_a_batch, each_flag_for_each_operation,
	  flags_that_need_something_else, required_flags, every_reserved_bit,
	  fields_that_a_flag_opens, sizes, overlaps, addresses,
	  what_leaves_no_record)
