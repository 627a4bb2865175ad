// SPDX-License-Identifier: MIT
/*
 * Page faults, injected and real, at every byte; resumption as a client does
 * it; block on fault; statuses on demand; batches.
 */
#include "fake_client.h"

#define A (CLIENT_BASE + 0x2000)
#define B (CLIENT_BASE + 0x5000)

static struct fake_client c;
static uint8_t before[CLIENT_SIZE];
static struct dsam_exec_limits lim;
static struct dsam_exec_trouble trouble;
static struct dsa_completion_record rec;
static uint64_t moved;

static void start(bool has_copy, bool has_present)
{
	fake_init(&c, has_copy, has_present);
	memcpy(before, c.mem, sizeof(before));
	lim = fake_limits();
	memset(&trouble, 0, sizeof(trouble));
}

static enum dsam_exec_result run(const struct dsa_hw_desc *desc)
{
	return dsam_descriptor_exec(&lim, &c.m, &trouble, desc, &rec, &moved);
}

/* Go on after a partial completion, as 8.3.4 tells the client to. */
static void resume(struct dsa_hw_desc *desc)
{
	uint32_t n = rec.bytes_completed;

	ck_assert_uint_eq(rec.status & 0x7f,
			  trouble.fault_is_answer ? DSA_COMP_PAGE_FAULT_IR
						  : DSA_COMP_PAGE_FAULT_NOBOF);
	ck_assert_uint_lt(n, desc->xfer_size);
	ck_assert_uint_eq(moved, n);
	if (!rec.result) {
		desc->src_addr += n;
		desc->dst_addr += n;
	}
	desc->xfer_size -= n;
	memset(&trouble, 0, sizeof(trouble));
	ck_assert_int_eq(run(desc), DSAM_EXEC_RECORD);
	ck_assert_uint_eq(rec.status, DSA_COMP_SUCCESS);
}

static void expect_moved(uint64_t src, uint64_t dst, size_t n)
{
	size_t to = dst - CLIENT_BASE;

	ck_assert_mem_eq(c.mem + to, before + (src - CLIENT_BASE), n);
	ck_assert_mem_eq(c.mem, before, to);
	ck_assert_mem_eq(c.mem + to + n, before + to + n, CLIENT_SIZE - to - n);
}

static void expect_fault(uint8_t status, uint32_t done, uint64_t addr)
{
	ck_assert_uint_eq(rec.status, status);
	ck_assert_uint_eq(rec.bytes_completed, done);
	ck_assert_uint_eq(rec.fault_addr, addr);
}

START_TEST(injected_at_every_byte_of_a_move)
{
	const uint32_t max = 12;

	for (uint32_t n = 1; n <= max; n++)
		for (int64_t d = -14; d <= 14; d++)
			for (uint32_t at = 0; at <= n; at++)
				for (unsigned int how = 0; how < 16; how++) {
					uint64_t src = A + 7;
					uint64_t dst = src + (uint64_t)d;
					bool turn =
						how & 4 && (d >= n || -d >= n);
					bool back = turn || (d > 0 && d < n);
					struct dsa_hw_desc desc =
						fake_desc(DSA_OPCODE_MEMMOVE,
							  src, dst, n);
					bool is_write = how & 1;
					uint64_t off = back ? n - 1 - at : at;

					start(how & 2, false);
					trouble.has_fault = true;
					trouble.fault_at = at;
					trouble.fault_is_write = is_write;
					trouble.fault_from_end = how & 4;
					trouble.fault_is_answer = how & 8;
					run(&desc);
					if (at == n) {
						expect_fault(1, 0, 0);
						expect_moved(src, dst, n);
						continue;
					}
					expect_fault(
						(how & 8 ? 4 : 3) |
							is_write << 7,
						at,
						off + (is_write ? dst : src));
					ck_assert_uint_eq(rec.result, back);
					ck_assert_uint_eq(rec.rsvd, 0);
					resume(&desc);
					expect_moved(src, dst, n);
				}
}
END_TEST

/* present says no at one byte; whoever resumes has mended it. */
START_TEST(absent_at_every_byte_of_a_move)
{
	const uint32_t n = 20;

	for (int64_t d = -24; d <= 24; d++)
		for (uint32_t at = 0; at < n; at++)
			for (unsigned int how = 0; how < 4; how++) {
				uint64_t src = A, dst = src + (uint64_t)d;
				bool has_copy = how & 1, on_dst = how & 2;
				uint64_t bad = (on_dst ? dst : src) + at;
				struct dsa_hw_desc desc = fake_desc(
					DSA_OPCODE_MEMMOVE, src, dst, n);

				start(has_copy, true);
				c.absent[bad - CLIENT_BASE] = 1;
				run(&desc);
				/* Either operand may hit the bad byte. */
				ck_assert_uint_eq(rec.fault_addr, bad);
				c.absent[bad - CLIENT_BASE] = 0;
				resume(&desc);
				expect_moved(src, dst, n);
			}
}
END_TEST

/* The accessor's own copy stops short. */
START_TEST(dead_at_every_byte_of_a_copy)
{
	const uint32_t n = 20;

	for (int64_t d = -24; d <= 24; d++)
		for (uint32_t at = 0; at < n; at++)
			for (unsigned int on_dst = 0; on_dst < 2; on_dst++) {
				uint64_t src = A, dst = src + (uint64_t)d;
				uint8_t *dead =
					on_dst ? c.dead_write : c.dead_read;
				uint64_t bad = (on_dst ? dst : src) + at;
				bool back = d > 0 && d < n;
				struct dsa_hw_desc desc = fake_desc(
					DSA_OPCODE_MEMMOVE, src, dst, n);

				start(true, false);
				dead[bad - CLIENT_BASE] = 1;
				run(&desc);
				expect_fault(on_dst ? 0x83 : 3,
					     back ? n - 1 - at : at, bad);
				dead[bad - CLIENT_BASE] = 0;
				resume(&desc);
				expect_moved(src, dst, n);
			}
}
END_TEST

/* Without copy, through the buffer: a dead page on either side. */
START_TEST(dead_pages_of_a_bounced_move)
{
	static const int64_t distances[] = {1,     -1,   100,   -100,  4096,
					    -4096, 5000, -5000, 0x6000};
	const uint32_t n = 0x4100;

	for (size_t i = 0; i < sizeof(distances) / sizeof(*distances); i++)
		for (unsigned int page = 0; page < 4; page++)
			for (unsigned int on_dst = 0; on_dst < 2; on_dst++) {
				uint64_t src = A + 0x80;
				uint64_t dst = src + (uint64_t)distances[i];
				uint64_t at = (on_dst ? dst : src) +
					      page * 4096 - CLIENT_BASE;
				uint8_t *dead =
					on_dst ? c.dead_write : c.dead_read;
				struct dsa_hw_desc desc = fake_desc(
					DSA_OPCODE_MEMMOVE, src, dst, n);

				start(false, false);
				at &= ~4095ULL;
				memset(dead + at, 1, 4096);
				run(&desc);
				ck_assert_uint_eq(rec.status,
						  on_dst ? 0x83 : 3);
				ck_assert_uint_eq(rec.fault_addr & ~4095ULL,
						  CLIENT_BASE + at);
				memset(dead + at, 0, 4096);
				resume(&desc);
				expect_moved(src, dst, n);
			}
}
END_TEST

/* Operations that only go forwards, resumed at each byte. */
START_TEST(injected_at_every_byte_of_others)
{
	static const uint8_t ops[] = {DSA_OPCODE_MEMFILL, DSA_OPCODE_COPY_CRC,
				      DSA_OPCODE_CRCGEN,  DSA_OPCODE_COMPARE,
				      DSA_OPCODE_COMPVAL, DSA_OPCODE_CFLUSH,
				      DSA_OPCODE_DUALCAST};
	const uint32_t n = 40;

	for (unsigned int i = 0; i < 2 * sizeof(ops); i++)
		for (uint32_t at = 0; at < n; at++) {
			struct dsa_hw_desc desc =
				fake_desc(ops[i / 2], A, B, n);
			bool writes = false, reads = true;
			uint64_t where = A;

			start(true, false);
			switch (desc.opcode) {
			case DSA_OPCODE_MEMFILL:
				writes = true;
				reads = false;
				break;
			case DSA_OPCODE_COPY_CRC:
				writes = true;
				break;
			case DSA_OPCODE_DUALCAST:
				writes = true;
				desc.dest2 = B + 0x1000;
				break;
			case DSA_OPCODE_CRCGEN:
				desc.dst_addr = 0;
				break;
			case DSA_OPCODE_CFLUSH:
				desc.src_addr = 0;
				where = B;
				break;
			case DSA_OPCODE_COMPARE:
				memcpy(fake_at(&c, B), fake_at(&c, A), n);
				break;
			default:
				fake_fill(&c.m, A, B, n);
				break;
			}
			trouble.has_fault = true;
			trouble.fault_at = at;
			trouble.fault_is_write = i & 1;
			run(&desc);
			if (writes && (!reads || i & 1))
				expect_fault(0x83, at, B + at);
			else
				expect_fault(3, at, where + at);
			ck_assert_uint_eq(rec.result, 0);
			ck_assert_uint_eq(moved,
					  desc.opcode == DSA_OPCODE_DUALCAST
						  ? 2 * at
					  : writes ? at
						   : 0);
		}
}
END_TEST

START_TEST(crc_goes_on_where_it_stopped)
{
	struct dsa_hw_desc desc = fake_desc(DSA_OPCODE_COPY_CRC, A, B, 5000);
	uint64_t whole;

	start(true, true);
	run(&desc);
	whole = rec.crc_val;
	for (uint32_t at = 0; at < 5000; at += 499) {
		desc = fake_desc(DSA_OPCODE_COPY_CRC, A, B, 5000);
		start(true, true);
		c.absent[B + at - CLIENT_BASE] = 1;
		run(&desc);
		expect_fault(0x83, at, B + at);
		desc.crc_seed = (uint32_t)rec.crc_val;
		c.absent[B + at - CLIENT_BASE] = 0;
		resume(&desc);
		ck_assert_uint_eq(rec.crc_val, whole);
		expect_moved(A, B, 5000);
	}
}
END_TEST

START_TEST(crc_seed_faults)
{
	struct dsa_hw_desc desc = fake_desc(DSA_OPCODE_CRCGEN, A, 0, 16);

	start(true, true);
	desc.flags |= DSAM_FLAG_CRC_READ_SEED;
	desc.seed_addr = B;
	c.absent[B - CLIENT_BASE] = 1;
	run(&desc);
	expect_fault(3, 0, B);
	desc.flags |= IDXD_OP_FLAG_BOF;
	run(&desc);
	ck_assert_uint_eq(rec.status, DSA_COMP_SUCCESS);
	ck_assert_uint_eq(c.fault_ins, 1);
}
END_TEST

START_TEST(a_difference_wins_over_a_later_fault)
{
	struct dsa_hw_desc desc = fake_desc(DSA_OPCODE_COMPARE, A, B, 4000);

	for (unsigned int how = 0; how < 2; how++) {
		start(true, how);
		memcpy(fake_at(&c, B), fake_at(&c, A), 4000);
		*fake_at(&c, B + 1000) ^= 1;
		(how ? c.absent : c.dead_read)[B + 1001 - CLIENT_BASE] = 1;
		run(&desc);
		expect_fault(1, 1000, 0);
		ck_assert_uint_eq(rec.result, 1);
		(how ? c.absent : c.dead_read)[A + 1000 - CLIENT_BASE] = 1;
		run(&desc);
		expect_fault(3, 1000, A + 1000);
		ck_assert_uint_eq(rec.result, 0);
	}
}
END_TEST

START_TEST(fault_info)
{
	static const struct {
		uint8_t opcode;
		uint64_t at;
		uint16_t info;
	} cases[] = {
		{DSA_OPCODE_MEMMOVE, A, 1 << 1},
		{DSA_OPCODE_MEMMOVE, B, 3 << 1},
		{DSA_OPCODE_COMPARE, B, 2 << 1},
		{DSA_OPCODE_DUALCAST, B, 3 << 1},
		{DSA_OPCODE_DUALCAST, B + 0x1000, 4 << 1},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct dsa_hw_desc desc = fake_desc(cases[i].opcode, A, B, 8);

		start(true, true);
		lim.gen_cap |= DSAM_GENCAP_CR_FAULT_INFO;
		if (desc.opcode == DSA_OPCODE_DUALCAST)
			desc.dest2 = B + 0x1000;
		c.absent[cases[i].at - CLIENT_BASE] = 1;
		run(&desc);
		ck_assert_uint_eq(rec.status & 0x7f, 3);
		ck_assert_uint_eq(rec.rsvd, cases[i].info);
	}
}
END_TEST

START_TEST(fill_resumes_in_phase_after_a_block)
{
	struct dsa_hw_desc desc =
		fake_desc(DSA_OPCODE_MEMFILL, 0x0706050403020100, B - 3, 8000);

	for (unsigned int how = 0; how < 4; how++) {
		start(how & 1, true);
		desc.flags = PLAIN_FLAGS | IDXD_OP_FLAG_BOF;
		memset((how & 2 ? c.absent : c.dead_write) + (B - CLIENT_BASE),
		       1, 8192);
		run(&desc);
		ck_assert_uint_eq(rec.status, DSA_COMP_SUCCESS);
		ck_assert_uint_eq(c.fault_ins, 2);
		ck_assert_uint_eq(moved, 8000);
		for (size_t i = 0; i < 8000; i++)
			ck_assert_uint_eq(*fake_at(&c, B - 3 + i), i % 8);
	}
}
END_TEST

START_TEST(block_on_fault)
{
	static const int64_t distances[] = {100, -100, 0x6000};
	const uint32_t n = 0x4100;

	for (unsigned int i = 0; i < 12; i++) {
		uint64_t src = A, dst = A + (uint64_t)distances[i % 3];
		struct dsa_hw_desc desc =
			fake_desc(DSA_OPCODE_MEMMOVE, src, dst, n);

		start(i / 3 & 1, true);
		desc.flags |= IDXD_OP_FLAG_BOF;
		memset(i / 6 ? c.absent : c.dead_write, 1, 0xd000);
		run(&desc);
		ck_assert_uint_eq(rec.status, DSA_COMP_SUCCESS);
		expect_moved(src, dst, n);
		ck_assert_uint_ge(c.fault_ins, 5);
	}
}
END_TEST

START_TEST(block_on_fault_in_vain)
{
	struct dsa_hw_desc desc = fake_desc(DSA_OPCODE_MEMMOVE, A, B, 0x1800);

	for (unsigned int how = 0; how < 6; how++) {
		bool on_dst = how & 1;
		uint64_t bad = (on_dst ? B : A) + 0x1000;

		start(true, true);
		desc.flags = PLAIN_FLAGS | IDXD_OP_FLAG_BOF;
		c.refuses_fault_in = how / 2 == 0;
		c.forgets_fault_in = how / 2 == 1;
		if (how / 2 == 2)
			c.m.fault_in = NULL;
		memset(c.absent + (bad - CLIENT_BASE), 1, 4096);
		ck_assert_int_eq(run(&desc), DSAM_EXEC_RECORD);
		expect_fault(on_dst ? 0x84 : 4, 0x1000, bad);
		ck_assert_uint_eq(moved, 0x1000);
	}
	/* An injected one is not waited out. */
	start(true, true);
	trouble.has_fault = true;
	trouble.fault_at = 5;
	run(&desc);
	expect_fault(4, 5, A + 5);
}
END_TEST

START_TEST(no_record_for_a_fault)
{
	struct dsa_hw_desc desc = fake_desc(DSA_OPCODE_MEMMOVE, A, B, 8);

	start(true, false);
	trouble.has_fault = true;
	trouble.fault_at = 5;
	desc.flags = IDXD_OP_FLAG_CRAV;
	ck_assert_int_eq(run(&desc), DSAM_EXEC_RECORD);
	desc.flags = 0;
	desc.completion_addr = 0;
	ck_assert_int_eq(run(&desc), DSAM_EXEC_SWERROR);
	expect_fault(3, 5, A + 5);
}
END_TEST

START_TEST(status_on_demand)
{
	struct dsa_hw_desc desc = fake_desc(DSA_OPCODE_MEMMOVE, A, B, 8);

	for (unsigned int status = 1; status < 0x40; status++) {
		bool is_silent =
			status == 0x1a || status == 0x1b || status == 0x1d;

		start(true, false);
		trouble.status = (uint8_t)status;
		ck_assert_int_eq(run(&desc), is_silent ? DSAM_EXEC_SWERROR
						       : DSAM_EXEC_RECORD);
		expect_fault((uint8_t)status, 0, 0);
		ck_assert_uint_eq(moved, 0);
		ck_assert_mem_eq(c.mem, before, CLIENT_SIZE);
	}
	/* What is wrong with the descriptor itself comes first. */
	desc.xfer_size = 0;
	run(&desc);
	ck_assert_uint_eq(rec.status, DSA_COMP_XFER_ERANGE);
}
END_TEST

/* Mends less than a page, so that many calls are needed. */
static bool mend_64(const struct dsam_memory *m, uint64_t addr, bool is_write)
{
	(void)m;
	(void)is_write;
	c.fault_ins++;
	memset(c.absent + (addr - CLIENT_BASE), 0, 64);
	return true;
}

/* Tries are counted since the last byte of progress, not in all. */
START_TEST(any_number_of_pages_is_waited_for)
{
	struct dsa_hw_desc desc = fake_desc(DSA_OPCODE_MEMMOVE, A, B, 6400);

	start(true, true);
	c.m.fault_in = mend_64;
	desc.flags |= IDXD_OP_FLAG_BOF;
	memset(c.absent + (B - CLIENT_BASE), 1, 6400);
	run(&desc);
	ck_assert_uint_eq(rec.status, DSA_COMP_SUCCESS);
	ck_assert_uint_eq(c.fault_ins, 100);
	expect_moved(A, B, 6400);
}
END_TEST

START_TEST(injected_after_one_that_was_mended)
{
	struct dsa_hw_desc desc = fake_desc(DSA_OPCODE_MEMMOVE, A, B, 200);

	start(true, true);
	desc.flags |= IDXD_OP_FLAG_BOF;
	c.absent[B + 50 - CLIENT_BASE] = 1;
	trouble.has_fault = true;
	trouble.fault_at = 100;
	run(&desc);
	ck_assert_uint_eq(c.fault_ins, 1);
	expect_fault(4, 100, A + 100);
}
END_TEST

START_TEST(second_source_is_dead)
{
	struct dsa_hw_desc desc = fake_desc(DSA_OPCODE_COMPARE, A, B, 4000);

	start(true, false);
	memcpy(fake_at(&c, B), fake_at(&c, A), 4000);
	c.dead_read[B + 3000 - CLIENT_BASE] = 1;
	run(&desc);
	expect_fault(3, 3000, B + 3000);
}
END_TEST

/* Half a page is outside the contract; nothing is claimed that wasn't done. */
START_TEST(short_backward_bounce_claims_nothing)
{
	for (unsigned int on_dst = 0; on_dst < 2; on_dst++) {
		struct dsa_hw_desc desc =
			fake_desc(DSA_OPCODE_MEMMOVE, A, A + 10, 20);

		start(false, false);
		(on_dst ? c.dead_write : c.dead_read)[A + 15 - CLIENT_BASE] = 1;
		run(&desc);
		expect_fault(on_dst ? 0x83 : 3, 0, A + 19 + 10 * on_dst);
		ck_assert_uint_eq(rec.result, 1);
		if (!on_dst)
			ck_assert_mem_eq(c.mem, before, CLIENT_SIZE);
	}
}
END_TEST

RUN_SUITE("descriptor_fault", injected_at_every_byte_of_a_move,
	  absent_at_every_byte_of_a_move, dead_at_every_byte_of_a_copy,
	  dead_pages_of_a_bounced_move, injected_at_every_byte_of_others,
	  crc_goes_on_where_it_stopped, crc_seed_faults,
	  a_difference_wins_over_a_later_fault, fault_info,
	  fill_resumes_in_phase_after_a_block, block_on_fault,
	  block_on_fault_in_vain, no_record_for_a_fault, status_on_demand,
	  any_number_of_pages_is_waited_for, injected_after_one_that_was_mended,
	  second_source_is_dead, short_backward_bounce_claims_nothing)
