// SPDX-License-Identifier: MIT
/*
 * Batches: members, their records, fences, and faults on the way to either.
 */
#include "fake_client.h"

#define A (CLIENT_BASE + 0x2000)
#define B (CLIENT_BASE + 0x5000)
#define COUNT 5
#define UNTOUCHED 0xee

static struct fake_client c;
static struct dsam_exec_limits lim;
static struct dsam_exec_trouble trouble;
static struct dsa_hw_desc parent, *member;
static struct dsa_completion_record rec;
static uint64_t moved;

static uint64_t record_of(unsigned int i)
{
	return RECORD_AT + 64 + 32 * (uint64_t)i;
}

/* COUNT moves of 16 bytes, 16 bytes apart. */
static void start(void)
{
	fake_init(&c, true, true);
	lim = fake_limits();
	memset(&trouble, 0, sizeof(trouble));
	parent = fake_desc(DSA_OPCODE_BATCH, LIST_AT, 0, COUNT);
	member = (struct dsa_hw_desc *)fake_at(&c, LIST_AT);
	memset(fake_at(&c, RECORD_AT), UNTOUCHED, 4096);
	memset(fake_at(&c, B), 0, 4096);
	for (unsigned int i = 0; i < COUNT; i++) {
		member[i] = fake_desc(DSA_OPCODE_MEMMOVE, A + 16 * i,
				      B + 16 * i, 16);
		member[i].completion_addr = record_of(i);
	}
}

static enum dsam_exec_result run(void)
{
	return dsam_descriptor_exec(&lim, &c.m, &trouble, &parent, &rec,
				    &moved);
}

static void expect_parent(uint8_t status, uint32_t count)
{
	ck_assert_int_eq(run(), DSAM_EXEC_RECORD);
	ck_assert_uint_eq(rec.status, status);
	ck_assert_uint_eq(rec.bytes_completed, count);
	/* The caller writes the parent's record, not we. */
	ck_assert_uint_eq(*fake_at(&c, RECORD_AT), UNTOUCHED);
}

static void expect_member(unsigned int i, uint8_t status, bool is_done)
{
	static const uint8_t nothing[16];

	ck_assert_uint_eq(*fake_at(&c, record_of(i)), status);
	ck_assert_mem_eq(fake_at(&c, B + 16 * i),
			 is_done ? fake_at(&c, A + 16 * i) : nothing, 16);
}

START_TEST(all_succeed)
{
	start();
	expect_parent(DSA_COMP_SUCCESS, COUNT);
	for (unsigned int i = 0; i < COUNT; i++)
		expect_member(i, DSA_COMP_SUCCESS, true);
	ck_assert_uint_eq(moved, 16 * COUNT);
}
END_TEST

START_TEST(members_that_fail)
{
	start();
	member[0].opcode = DSA_OPCODE_BATCH;
	member[1].opcode = DSA_OPCODE_DRAIN;
	member[2].xfer_size = 0;
	c.absent[B + 16 * 3 - CLIENT_BASE] = 1;
	expect_parent(DSA_COMP_BATCH_FAIL, COUNT);
	expect_member(0, DSA_COMP_BAD_OPCODE, false);
	expect_member(1, DSA_COMP_BAD_OPCODE, false);
	expect_member(2, DSA_COMP_XFER_ERANGE, false);
	expect_member(3, 0x80 | DSA_COMP_PAGE_FAULT_NOBOF, false);
	expect_member(4, DSA_COMP_SUCCESS, true);
	ck_assert_uint_eq(moved, 16);

	/* Members that fail are success enough to need RCR. */
	parent.flags = IDXD_OP_FLAG_CRAV;
	ck_assert_int_eq(run(), DSAM_EXEC_NO_RECORD);
	ck_assert_uint_eq(rec.status, DSA_COMP_BATCH_FAIL);
}
END_TEST

START_TEST(fence)
{
	for (unsigned int fenced = 1; fenced < COUNT; fenced++) {
		start();
		member[fenced].flags |= IDXD_OP_FLAG_FENCE;
		expect_parent(DSA_COMP_SUCCESS, COUNT);

		start();
		member[fenced].flags |= IDXD_OP_FLAG_FENCE;
		member[fenced - 1].xfer_size = 0;
		expect_parent(DSA_COMP_BATCH_FAIL, fenced);
		for (unsigned int i = 0; i < COUNT; i++) {
			if (i + 1 < fenced)
				expect_member(i, DSA_COMP_SUCCESS, true);
			else if (i + 1 == fenced)
				expect_member(i, DSA_COMP_XFER_ERANGE, false);
			else
				expect_member(i, UNTOUCHED, false);
		}
	}
}
END_TEST

/* A comparison whose result is not the expected one stops at the fence. */
START_TEST(fence_after_a_false_predicate)
{
	start();
	member[0] = fake_desc(DSA_OPCODE_COMPARE, A, A + 0x100, 16);
	memcpy(fake_at(&c, A + 0x100), fake_at(&c, A), 16);
	member[0].completion_addr = record_of(0);
	member[0].flags |= IDXD_OP_FLAG_CR;
	member[1].flags |= IDXD_OP_FLAG_FENCE;
	expect_parent(DSA_COMP_SUCCESS, COUNT);
	member[0].expected_res = 1;
	expect_parent(DSA_COMP_BATCH_FAIL, 1);
	ck_assert_uint_eq(*fake_at(&c, record_of(0)), DSA_COMP_SUCCESS_PRED);
}
END_TEST

START_TEST(member_records)
{
	start();
	member[0].flags = IDXD_OP_FLAG_CRAV; /* wanted for errors only */
	member[1].flags = 0; /* none wanted */
	member[1].completion_addr = 0;
	expect_parent(DSA_COMP_SUCCESS, COUNT);
	expect_member(0, UNTOUCHED, true);
	expect_member(1, UNTOUCHED, true);

	start();
	member[0].completion_addr += 8;
	expect_parent(DSA_COMP_BATCH_FAIL, COUNT);
	expect_member(0, UNTOUCHED, false);

	/* Records are waited for; one that never comes fails its member. */
	start();
	member[2].completion_addr = CLIENT_BASE;
	c.absent[0] = 1;
	expect_parent(DSA_COMP_SUCCESS, COUNT);
	ck_assert_uint_eq(c.fault_ins, 1);
	ck_assert_uint_eq(c.mem[0], DSA_COMP_SUCCESS);
	c.absent[0] = 1;
	c.refuses_fault_in = true;
	expect_parent(DSA_COMP_BATCH_FAIL, COUNT);
	ck_assert_uint_eq(moved, 16 * COUNT);
}
END_TEST

START_TEST(list_faults)
{
	for (unsigned int i = 0; i < COUNT; i++) {
		uint64_t at = LIST_AT + 64 * i + 9;

		start();
		c.absent[at - CLIENT_BASE] = 1;
		c.refuses_fault_in = true;
		expect_parent(DSA_COMP_BATCH_PAGE_FAULT, i);
		ck_assert_uint_eq(rec.fault_addr, at);
		for (unsigned int k = 0; k < COUNT; k++)
			expect_member(k, k < i ? DSA_COMP_SUCCESS : UNTOUCHED,
				      k < i);
		/* The list is waited for, even without block on fault. */
		c.refuses_fault_in = false;
		lim.block_on_fault = false;
		expect_parent(DSA_COMP_SUCCESS, COUNT);

		start();
		trouble.has_fault = true;
		trouble.fault_at = 64 * i + 9;
		expect_parent(DSA_COMP_BATCH_PAGE_FAULT, i);
		ck_assert_uint_eq(rec.fault_addr, at);
	}
}
END_TEST

static unsigned int ended;
static uint64_t ended_bytes;

static void count(const struct dsam_memory *m, const struct dsa_hw_desc *desc,
		  const struct dsa_completion_record *r, uint64_t n)
{
	(void)m;
	/* Its record is not written yet. */
	ck_assert_uint_eq(*fake_at(&c, desc->completion_addr), UNTOUCHED);
	ck_assert_uint_ne(r->status, 0);
	ended++;
	ended_bytes += n;
}

/* One member has the trouble; somebody is told of each. */
START_TEST(trouble_of_one_member)
{
	for (unsigned int i = 0; i < COUNT; i++) {
		start();
		trouble.in_member = true;
		trouble.member = i + 3 * COUNT;
		trouble.has_fault = trouble.fault_is_write = true;
		trouble.fault_at = 5;
		c.m.member = count;
		ended = 0;
		ended_bytes = 0;
		expect_parent(DSA_COMP_BATCH_FAIL, COUNT);
		ck_assert_uint_eq(ended, COUNT);
		ck_assert_uint_eq(ended_bytes, 16 * (COUNT - 1) + 5);
		ck_assert_uint_eq(moved, ended_bytes);
		for (unsigned int k = 0; k < COUNT; k++)
			if (k != i)
				expect_member(k, DSA_COMP_SUCCESS, true);
		ck_assert_uint_eq(*fake_at(&c, record_of(i)),
				  0x80 | DSA_COMP_PAGE_FAULT_NOBOF);

		start();
		trouble.in_member = true;
		trouble.member = i;
		trouble.status = 0x20;
		expect_parent(DSA_COMP_BATCH_FAIL, COUNT);
		expect_member(i, 0x20, false);
	}
}
END_TEST

RUN_SUITE("descriptor_batch", all_succeed, members_that_fail, fence,
	  fence_after_a_false_predicate, member_records, list_faults,
	  trouble_of_one_member)
