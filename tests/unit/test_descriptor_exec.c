// SPDX-License-Identifier: MIT
/*
 * Every operation without faults: what it does to memory, what its record
 * says, who gets to see the record, and batches.
 */
#include "fake_client.h"

#define A (CLIENT_BASE + 0x123)
#define B (CLIENT_BASE + 0x4456)
#define SIZE 5000

static struct fake_client c;
static uint8_t before[CLIENT_SIZE];
static struct dsa_completion_record rec;
static uint64_t moved;

static void start(bool has_copy)
{
	fake_init(&c, has_copy, false);
	memcpy(before, c.mem, sizeof(before));
}

static enum dsam_exec_result run(const struct dsa_hw_desc *desc)
{
	struct dsam_exec_limits lim = fake_limits();

	lim.gen_cap |= DSAM_GENCAP_DRAIN_READBACK | DSAM_GENCAP_FILL16;
	memset(&rec, 0xee, sizeof(rec));
	return dsam_descriptor_exec(&lim, &c.m, NULL, desc, &rec, &moved);
}

/* A record of plain success: everything else is 0. */
static void expect_success(const struct dsa_hw_desc *desc, uint64_t bytes)
{
	static const uint8_t success[32] = {DSA_COMP_SUCCESS};

	ck_assert_int_eq(run(desc), DSAM_EXEC_RECORD);
	ck_assert_mem_eq((const void *)&rec, success, sizeof(success));
	ck_assert_uint_eq(moved, bytes);
}

/* Nothing outside [addr, addr + n) was written. */
static void expect_only(uint64_t addr, size_t n)
{
	size_t at = addr - CLIENT_BASE;

	ck_assert_mem_eq(c.mem, before, at);
	ck_assert_mem_eq(c.mem + at + n, before + at + n, CLIENT_SIZE - at - n);
}

START_TEST(noop)
{
	struct dsa_hw_desc desc = fake_desc(DSA_OPCODE_NOOP, 0, 0, 0);

	start(true);
	expect_success(&desc, 0);
	expect_only(CLIENT_BASE, 0);
}
END_TEST

START_TEST(drain)
{
	struct dsa_hw_desc desc = fake_desc(DSA_OPCODE_DRAIN, A, B, 0);
	struct dsam_exec_limits lim = fake_limits();

	start(true);
	desc.flags |= DSAM_FLAG_DRAIN_READBACK1 | DSAM_FLAG_DRAIN_READBACK2;
	expect_success(&desc, 0);
	ck_assert_uint_eq(c.reads, 2);

	c.dead_read[A - CLIENT_BASE] = 1;
	run(&desc);
	ck_assert_uint_eq(rec.status, DSA_COMP_PFAULT_RDBA);
	ck_assert_uint_eq(rec.fault_addr, A);
	c.dead_read[A - CLIENT_BASE] = 0;
	c.dead_read[B - CLIENT_BASE] = 1;
	run(&desc);
	ck_assert_uint_eq(rec.status, DSA_COMP_PFAULT_RDBA);
	ck_assert_uint_eq(rec.fault_addr, B);
	/* It blocks whatever the queue says about data. */
	c.m.fault_in = fake_fault_in;
	lim.block_on_fault = false;
	lim.gen_cap |= DSAM_GENCAP_DRAIN_READBACK;
	dsam_descriptor_exec(&lim, &c.m, NULL, &desc, &rec, &moved);
	ck_assert_uint_eq(rec.status, DSA_COMP_SUCCESS);
	ck_assert_uint_eq(c.fault_ins, 1);
}
END_TEST

START_TEST(memmove_of_all_sizes)
{
	static const uint32_t sizes[] = {1,    2,    31,   63,   64,  65,
					 4095, 4096, 4097, 8192, 9001};

	for (unsigned int i = 0; i < 2 * sizeof(sizes) / sizeof(*sizes); i++) {
		uint32_t n = sizes[i / 2];
		struct dsa_hw_desc desc =
			fake_desc(DSA_OPCODE_MEMMOVE, A, B, n);

		start(i % 2);
		expect_success(&desc, n);
		ck_assert_mem_eq(fake_at(&c, B), before + (A - CLIENT_BASE), n);
		expect_only(B, n);
		/* The plain path is a single call, whatever the size. */
		ck_assert_uint_eq(c.copies, i % 2);
		ck_assert_uint_eq(i % 2 ? c.reads + c.writes : 0, 0);
	}
}
END_TEST

START_TEST(memmove_overlapping)
{
	static const int distances[] = {0,    1,     -1,   7,     -7,   64,
					-64,  2048,  4095, -4095, 4096, -4096,
					4097, -4097, 8191, -8191, 8192, -8192};

	for (unsigned int i = 0; i < 2 * sizeof(distances) / sizeof(int); i++) {
		uint64_t src = CLIENT_BASE + 0x4321;
		uint64_t dst = src + (uint64_t)(int64_t)distances[i / 2];
		struct dsa_hw_desc desc =
			fake_desc(DSA_OPCODE_MEMMOVE, src, dst, 8192);

		start(i % 2);
		expect_success(&desc, 8192);
		ck_assert_mem_eq(fake_at(&c, dst), before + (src - CLIENT_BASE),
				 8192);
		expect_only(dst, 8192);
		ck_assert_uint_eq(c.copies, i % 2);
	}
}
END_TEST

START_TEST(fill)
{
	const uint64_t pattern = 0x8877665544332211;

	for (unsigned int i = 0; i < 4; i++) {
		struct dsa_hw_desc desc =
			fake_desc(DSA_OPCODE_MEMFILL, pattern, B, SIZE + i);

		start(i % 2);
		expect_success(&desc, SIZE + i);
		for (size_t k = 0; k < SIZE + i; k++)
			ck_assert_uint_eq(*fake_at(&c, B + k),
					  0x11 * (k % 8 + 1));
		expect_only(B, SIZE + i);
		ck_assert_uint_eq(c.fills, i % 2);
	}
}
END_TEST

START_TEST(fill_16)
{
	for (uint32_t n = 1; n < 9000; n = n * 3 + 1) {
		struct dsa_hw_desc desc =
			fake_desc(DSA_OPCODE_MEMFILL, 0x0706050403020100, B, n);

		start(true);
		desc.flags |= DSAM_FLAG_FILL16;
		desc.dest2 = 0x0f0e0d0c0b0a0908;
		expect_success(&desc, n);
		for (size_t k = 0; k < n; k++)
			ck_assert_uint_eq(*fake_at(&c, B + k), k % 16);
		expect_only(B, n);
	}
}
END_TEST

/* Each expected result, with and without CR; diff == SIZE: equal. */
static void expect_comparison(struct dsa_hw_desc desc, uint32_t diff)
{
	bool differs = diff < SIZE;

	for (unsigned int i = 0; i < 3; i++) {
		uint8_t status = DSA_COMP_SUCCESS;

		if (i < 2) {
			desc.flags |= IDXD_OP_FLAG_CR;
			desc.expected_res = (uint8_t)i;
			if (i != differs)
				status = DSA_COMP_SUCCESS_PRED;
		} else {
			desc.flags &= ~IDXD_OP_FLAG_CR & 0xffffff;
			desc.expected_res = 0;
		}
		ck_assert_int_eq(run(&desc), DSAM_EXEC_RECORD);
		ck_assert_uint_eq(rec.status, status);
		ck_assert_uint_eq(rec.result, differs);
		ck_assert_uint_eq(rec.bytes_completed, differs ? diff : 0);
		ck_assert_uint_eq(moved, 0);
	}
}

START_TEST(compare)
{
	struct dsa_hw_desc desc = fake_desc(DSA_OPCODE_COMPARE, A, B, SIZE);
	static const uint32_t diffs[] = {0,    1,    7,    8,    9,       2047,
					 2048, 2049, 4095, 4096, SIZE - 1};

	start(true);
	memcpy(fake_at(&c, B), fake_at(&c, A), SIZE);
	*fake_at(&c, A + SIZE) ^= 1; /* just behind */
	expect_comparison(desc, SIZE);
	*fake_at(&c, B + SIZE - 1) ^= 1;
	for (size_t i = 0; i < sizeof(diffs) / sizeof(*diffs); i++) {
		*fake_at(&c, B + diffs[i]) ^= 0x80;
		expect_comparison(desc, diffs[i]);
		*fake_at(&c, B + diffs[i]) ^= 0x80;
		if (i == 9)
			*fake_at(&c, B + SIZE - 1) ^= 1;
	}
}
END_TEST

START_TEST(compare_with_pattern)
{
	const uint64_t pattern = 0x1122334455667788;
	struct dsa_hw_desc desc =
		fake_desc(DSA_OPCODE_COMPVAL, A, pattern, SIZE);
	static const uint32_t diffs[] = {0, 7, 8, 2048, 2051, SIZE - 1};

	start(true);
	fake_fill(&c.m, A, pattern, SIZE);
	expect_comparison(desc, SIZE);
	for (size_t i = 0; i < sizeof(diffs) / sizeof(*diffs); i++) {
		*fake_at(&c, A + diffs[i]) ^= 1;
		expect_comparison(desc, diffs[i]);
		*fake_at(&c, A + diffs[i]) ^= 1;
	}
}
END_TEST

START_TEST(dualcast)
{
	struct dsa_hw_desc desc = fake_desc(DSA_OPCODE_DUALCAST, A, B, SIZE);

	for (unsigned int i = 0; i < 2; i++) {
		start(i);
		desc.dest2 = B + 0x3000;
		expect_success(&desc, 2 * SIZE);
		ck_assert_mem_eq(fake_at(&c, B), before + (A - CLIENT_BASE),
				 SIZE);
		ck_assert_mem_eq(fake_at(&c, B + 0x3000),
				 before + (A - CLIENT_BASE), SIZE);
		ck_assert_mem_eq(c.mem, before, B - CLIENT_BASE);
	}
}
END_TEST

static uint32_t reverse(uint32_t x)
{
	uint32_t y = 0;

	for (int i = 0; i < 32; i++)
		y |= (x >> i & 1) << (31 - i);
	return y;
}

/* Bit by bit, as the specification words it (8.3.15). */
static uint32_t crc_oracle(const uint8_t *p, size_t n, uint32_t seed,
			   uint32_t flags)
{
	bool inverts = !(flags & DSAM_FLAG_CRC_NO_INVERSION);
	bool reflects = !(flags & DSAM_FLAG_CRC_NO_REFLECTION);
	uint32_t crc = inverts ? reverse(~seed) : seed;

	for (size_t i = 0; i < n * 8; i++) {
		unsigned int bit = i % 8;
		uint32_t in = p[i / 8] >> (reflects ? bit : 7 - bit) & 1;

		crc = crc << 1 ^ ((crc >> 31 ^ in) ? 0x1edc6f41 : 0);
	}
	return inverts ? ~reverse(crc) : crc;
}

static uint64_t run_crc(const struct dsa_hw_desc *desc)
{
	ck_assert_int_eq(run(desc), DSAM_EXEC_RECORD);
	ck_assert_uint_eq(rec.status, DSA_COMP_SUCCESS);
	ck_assert_uint_eq(rec.bytes_completed, 0);
	return rec.crc_val;
}

START_TEST(crc_known_vectors)
{
	struct dsa_hw_desc desc = fake_desc(DSA_OPCODE_CRCGEN, A, 0, 9);

	start(true);
	memcpy(fake_at(&c, A), "123456789", 9);
	ck_assert_uint_eq(run_crc(&desc), 0xe3069283);
	/* In two parts: the first result seeds the second (RFC 3720 B.4). */
	desc.xfer_size = 4;
	desc.crc_seed = (uint32_t)run_crc(&desc);
	desc.src_addr += 4;
	desc.xfer_size = 5;
	ck_assert_uint_eq(run_crc(&desc), 0xe3069283);

	desc = fake_desc(DSA_OPCODE_CRCGEN, B, 0, 32);
	memset(fake_at(&c, B), 0, 32);
	ck_assert_uint_eq(run_crc(&desc), 0x8a9136aa);
	memset(fake_at(&c, B), 0xff, 32);
	ck_assert_uint_eq(run_crc(&desc), 0x62a8ab43);
	for (uint8_t i = 0; i < 32; i++)
		*fake_at(&c, B + i) = i;
	ck_assert_uint_eq(run_crc(&desc), 0x46dd794e);
}
END_TEST

START_TEST(crc_flags_and_seeds)
{
	static const uint8_t ops[] = {DSA_OPCODE_CRCGEN, DSA_OPCODE_COPY_CRC};

	for (unsigned int i = 0; i < 16; i++) {
		bool is_copy = i & 1;
		struct dsa_hw_desc desc =
			fake_desc(ops[i & 1], A, is_copy ? B : 0, SIZE);
		uint32_t seed = 0xdeadbeef;

		start(true);
		if (i & 2)
			desc.flags |= DSAM_FLAG_CRC_NO_INVERSION;
		if (i & 4)
			desc.flags |= DSAM_FLAG_CRC_NO_REFLECTION;
		desc.crc_seed = seed;
		if (i & 8) {
			desc.flags |= DSAM_FLAG_CRC_READ_SEED;
			desc.crc_seed = 0;
			desc.seed_addr = CLIENT_BASE + 0x9004;
			memcpy(&seed, before + 0x9004, 4);
		}
		ck_assert_uint_eq(run_crc(&desc),
				  crc_oracle(before + (A - CLIENT_BASE), SIZE,
					     seed, desc.flags));
		ck_assert_uint_eq(moved, is_copy ? SIZE : 0);
		if (is_copy)
			ck_assert_mem_eq(fake_at(&c, B),
					 before + (A - CLIENT_BASE), SIZE);
		expect_only(B, is_copy ? SIZE : 0);
	}
}
END_TEST

START_TEST(cache_flush)
{
	struct dsa_hw_desc desc = fake_desc(DSA_OPCODE_CFLUSH, 0, B, SIZE);

	start(true);
	expect_success(&desc, 0);
	expect_only(CLIENT_BASE, 0);
	ck_assert_uint_eq(c.reads + c.writes + c.copies + c.fills, 0);
}
END_TEST

/* Who hears of it, by CRAV and RCR, and by status. */
START_TEST(results)
{
	struct dsa_hw_desc desc = fake_desc(DSA_OPCODE_MEMMOVE, A, B, 8);

	start(true);
	desc.flags = IDXD_OP_FLAG_CRAV;
	ck_assert_int_eq(run(&desc), DSAM_EXEC_NO_RECORD);
	ck_assert_uint_eq(moved, 8);
	desc.xfer_size = 0;
	ck_assert_int_eq(run(&desc), DSAM_EXEC_RECORD);
	ck_assert_uint_eq(rec.status, DSA_COMP_XFER_ERANGE);
	ck_assert_uint_eq(moved, 0);
	desc.flags |= IDXD_OP_FLAG_CR | IDXD_OP_FLAG_ADDR3_TCS;
	ck_assert_int_eq(run(&desc), DSAM_EXEC_RECORD);
	ck_assert_uint_eq(rec.status, DSA_COMP_INVALID_FLAGS);
	ck_assert_uint_eq(rec.invalid_flags, 0x880);

	desc = fake_desc(DSA_OPCODE_MEMMOVE, A, B, 8);
	desc.flags = 0;
	desc.completion_addr = 0;
	ck_assert_int_eq(run(&desc), DSAM_EXEC_NO_RECORD);
	desc.xfer_size = 0;
	ck_assert_int_eq(run(&desc), DSAM_EXEC_SWERROR);
	ck_assert_uint_eq(rec.status, DSA_COMP_XFER_ERANGE);
	desc.opcode = DSA_OPCODE_CR_DELTA;
	ck_assert_int_eq(run(&desc), DSAM_EXEC_SWERROR);
	ck_assert_uint_eq(rec.status, DSA_COMP_BAD_OPCODE);

	desc = fake_desc(DSA_OPCODE_MEMMOVE, A, B, 8);
	desc.completion_addr += 8;
	ck_assert_int_eq(run(&desc), DSAM_EXEC_SWERROR);
	ck_assert_uint_eq(rec.status, DSA_COMP_CRA_ALIGN);
	desc = fake_desc(DSA_OPCODE_MEMMOVE, A, B, 8);
	desc.priv = 1;
	ck_assert_int_eq(run(&desc), DSAM_EXEC_SWERROR);
	ck_assert_uint_eq(rec.status, DSA_COMP_PRIV_BAD);
}
END_TEST

START_TEST(record_is_written_status_last)
{
	struct dsa_completion_record r;

	start(true);
	memset(&r, 0x5a, sizeof(r));
	ck_assert(dsam_record_write(&c.m, RECORD_AT, &r));
	ck_assert_mem_eq(fake_at(&c, RECORD_AT), (const void *)&r, 32);
	expect_only(RECORD_AT, 32);
	ck_assert_uint_eq(c.last_write, RECORD_AT);

	memset(c.dead_write + (RECORD_AT - CLIENT_BASE), 1, 4096);
	ck_assert(!dsam_record_write(&c.m, RECORD_AT, &r));
	/* A record's page is always waited for. */
	c.m.fault_in = fake_fault_in;
	ck_assert(dsam_record_write(&c.m, RECORD_AT, &r));
	memset(c.dead_write + (RECORD_AT - CLIENT_BASE), 1, 4096);
	c.forgets_fault_in = true;
	ck_assert(!dsam_record_write(&c.m, RECORD_AT, &r));
}
END_TEST

RUN_SUITE("descriptor_exec", noop, drain, memmove_of_all_sizes,
	  memmove_overlapping, fill, fill_16, compare, compare_with_pattern,
	  dualcast, crc_known_vectors, crc_flags_and_seeds, cache_flush,
	  results, record_is_written_status_last)
