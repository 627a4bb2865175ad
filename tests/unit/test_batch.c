// SPDX-License-Identifier: MIT
/*
 * Batches: which requests become some, their bytes on the wire, and what is
 * made of every answer that a parent and its members can have.
 */
#include "batch_device.h"

/* ---- which requests become batches ---- */

START_TEST(as_long_as_it_pays)
{
	static const struct {
		uint32_t transfer, batch;
		size_t n;
		uint32_t is[8]; /* members of each; 0: a single */
		unsigned count;
	} all[] = {
		{PART, 32, 64 * PART, {16, 16, 16, 16}, 4},
		{PART, 8, 16 * PART, {8, 8}, 2},
		{PART, 5, 11 * PART, {5, 5, 0}, 3},
		{PART, 32, 19 * PART, {16, 0, 0, 0}, 4},
		{PART, 32, 4 * PART, {4}, 1},
		{PART, 32, 3 * PART + 1, {4}, 1},
		{PART, 32, 3 * PART, {0, 0, 0}, 3},
		{PART, 32, PART, {0}, 1},
		{PART, 3, 3 * PART, {3}, 1},
		{PART, 2, 4 * PART, {2, 2}, 2},
		/* A batch of one is none (1.7: the least is two). */
		{PART, 1, 4 * PART, {0, 0, 0, 0}, 4},
		{PART, 0, 4 * PART, {0, 0, 0, 0}, 4},
		/* Where the device takes longer than a doorbell. */
		{65536, 32, 64 * PART, {0, 0, 0, 0}, 4},
		{8192, 32, 8 * PART, {0, 0, 0, 0}, 4},
	};

	start(1, PART, 0);
	for (size_t i = 0; i < sizeof(all) / sizeof(*all); i++) {
		dsam_queues.q[0].max_transfer = all[i].transfer;
		dsam_queues.q[0].max_batch = all[i].batch;
		dsam_queues_settle();
		dsam_limits.chunk = dsam_queues.max_piece;
		forget();
		copy(all[i].n);
		ck_assert_uint_eq(submitted, all[i].count);
		for (unsigned k = 0; k < all[i].count; k++)
			ck_assert_uint_eq(counts[k], all[i].is[k]);
	}
	ck_assert_uint_eq(stats()->why_bytes[DSAM_WHY_ERROR], 0);
}
END_TEST

START_TEST(never_by_write)
{
	static const struct dsam_device_ops *const way[] = {
		&dsam_device_write, &dsam_device_enqcmd};

	start(1, PART, 32);
	for (int i = 0; i < 2; i++) {
		dsam_queues.q[0].ops = way[i];
		dsam_queues_settle();
		ck_assert_uint_eq(atomic_load(&dsam_queues.q[0].members),
				  i ? DSAM_MEMBERS : 1);
		ck_assert_uint_eq(dsam_queues.max_piece,
				  i ? DSAM_MEMBERS * PART : PART);
		ck_assert_uint_eq(dsam_queues.batch_least,
				  i ? 3 * PART + 1 : UINT32_MAX);
	}
}
END_TEST

START_TEST(compares_go_one_by_one)
{
	start(1, PART, 32);
	memcpy(dst, src, ROOM);
	ck_assert_int_eq(dsam_offload_compare(dst, src, ROOM, NULL, NULL), 0);
	ck_assert_uint_ge(submitted, ROOM / PART - 1);
	ck_assert_uint_eq(members_seen, 0);
}
END_TEST

/* When both work, long pieces are what counts; of any request, the half. */
START_TEST(sharing_asks_for_long_pieces)
{
	static const struct {
		uint32_t transfer;
		bool is;
	} all[] = {{2048, true}, {16384, true}, {65536, false}};

	start(1, 16384, 32);
	dsam_limits.is_split = dsam_limits.is_learned = true;
	for (size_t i = 0; i < sizeof(all) / sizeof(*all); i++) {
		uint32_t longest = 0;

		dsam_queues.q[0].max_transfer = all[i].transfer;
		dsam_queues_settle();
		forget();
		for (int k = 0; k < 20; k++) {
			copy(ROOM);
			/* This device is the CPU, and gains nothing. */
			memset(dsam_self.slot->tuner.lesson, 0,
			       sizeof(dsam_self.slot->tuner.lesson));
		}
		for (unsigned k = 0; k < 256; k++)
			longest = counts[k] > longest ? counts[k] : longest;
		ck_assert_int_eq(longest >= DSAM_BATCH_LEAST, all[i].is);
	}
	ck_assert_uint_eq(stats()->why_bytes[DSAM_WHY_ERROR], 0);
	ck_assert_uint_eq(stats()->why_bytes[DSAM_WHY_BUSY], 0);
}
END_TEST

/* One queue takes batches, the other one none, and longer transfers. */
START_TEST(queues_of_both_kinds)
{
	start(2, PART, 32);
	dsam_queues.q[1].max_batch = 0;
	dsam_queues.q[1].max_transfer = 10 * PART;
	dsam_queues_settle();
	dsam_limits.chunk = dsam_queues.max_piece;
	copy(ROOM);
	ck_assert_uint_eq(stats()->device_bytes, ROOM);
	for (unsigned i = 0; i < submitted; i++)
		ck_assert(counts[i] == 0 || counts[i] >= DSAM_BATCH_LEAST);
	ck_assert_uint_gt(members_seen, 16);
	ck_assert_uint_lt(members_seen, 64);
}
END_TEST

/* ---- the wire ---- */

static void put(unsigned char *to, uint64_t v, size_t n)
{
	for (size_t i = 0; i < n; i++)
		to[i] = (unsigned char)(v >> (8 * i));
}

/* Offsets and numbers from the specification, not from a header. */
static void expect_wire(const struct dsa_hw_desc *d, uint32_t flags,
			unsigned opcode, uint64_t source, uint64_t to,
			uint32_t size)
{
	unsigned char want[64] = {0};

	put(want + 4, flags, 3);
	want[7] = (unsigned char)opcode;
	put(want + 8, d->completion_addr, 8);
	put(want + 16, source, 8);
	put(want + 24, to, 8);
	put(want + 32, size, 4);
	ck_assert_mem_eq((const void *)d, want, 64);
}

START_TEST(the_bytes_of_parent_and_members)
{
	start(1, PART, 32);
	for (int to_cache = 0; to_cache < 2; to_cache++) {
		uint32_t flags = to_cache ? 0x10c : 0x0c;

		dsam_limits.cache_bytes = to_cache ? SIZE_MAX : 0;
		forget();
		copy(4 * PART + 100);
		ck_assert_uint_eq(submitted, 1);
		/* A parent writes no data, so it steers none. */
		expect_wire(&last_parent, 0x0c, 1, last_parent.desc_list_addr,
			    0, 5);
		for (unsigned k = 0; k < 5; k++) {
			size_t off = k * (size_t)PART;

			expect_wire(&seen[k], flags, 3, (uintptr_t)src + off,
				    (uintptr_t)dst + off, k < 4 ? PART : 100);
			for (unsigned j = 0; j < k; j++)
				ck_assert_uint_ne(seen[j].completion_addr,
						  seen[k].completion_addr);
		}
	}
	forget();
	dsam_offload_fill(dst, 0xa7, 4 * PART, NULL, NULL);
	for (unsigned k = 0; k < 4; k++)
		expect_wire(&seen[k], 0x10c, 4, 0xa7a7a7a7a7a7a7a7,
			    (uintptr_t)dst + k * PART, PART);
	for (size_t i = 0; i < 4UL * PART; i++)
		ck_assert_int_eq((unsigned char)dst[i], 0xa7);
	/* Nothing is left for a leak checker to find. */
	for (unsigned b = 0; b < DSAM_BATCHES; b++)
		for (unsigned k = 0; k < DSAM_MEMBERS; k++) {
			const struct dsam_batch *room = &dsam_batches[0][b];

			ck_assert_uint_eq(room->desc[k].src_addr, 0);
			ck_assert_uint_eq(room->desc[k].dst_addr, 0);
		}
}
END_TEST

/* ---- outcomes ---- */

static void expect_outcome(size_t cpu, enum dsam_why why, uint64_t bad)
{
	ck_assert_uint_eq(stats()->why_bytes[why], cpu);
	ck_assert_uint_eq(stats()->device_bytes + cpu, 8 * PART);
	ck_assert_uint_eq(atomic_load(&dsam_queues.q[0].errors), bad);
	ck_assert_int_eq(atomic_load(&dsam_queues.q[0].state), DSAM_QUEUE_OPEN);
}

static void again(void)
{
	memset(&dsam_self.slot->stats, 0, sizeof(dsam_self.slot->stats));
	engine_revive();
	atomic_store(&dsam_queues.q[0].members, DSAM_MEMBERS);
	forget();
	for (unsigned k = 0; k < DSAM_MEMBERS; k++)
		ends[k] = (struct end){.status = DSA_COMP_SUCCESS};
	parent_status = 0;
}

START_TEST(all_well)
{
	start(1, PART, 32);
	atomic_store(&dsam_queues.q[0].errors, 3);
	copy(8 * PART);
	expect_outcome(0, DSAM_WHY_ERROR, 0);
	ck_assert_uint_eq(stats()->descriptors, 8);
	ck_assert_uint_eq(stats()->calls[DSAM_ROUTE_DEVICE], 1);
}
END_TEST

START_TEST(a_member_that_faults)
{
	start(1, PART, 32);
	copy(8 * PART);
	for (unsigned k = 0; k < 8; k++)
		for (int end = 0; end < 2; end++)
			for (int write = 0; write < 2; write++) {
				again();
				ends[k].status = write ? 0x83 : 0x03;
				ends[k].done = 1000;
				ends[k].result = (uint8_t)end;
				copy(8 * PART);
				/* To the end of its page; the rest follows. */
				expect_outcome(PART - 1000, DSAM_WHY_FAULT, 0);
				ck_assert_uint_eq(stats()->faults, 1);
				ck_assert_uint_eq(stats()->descriptors, 8);
				ck_assert_uint_eq(submitted, 1);
			}
}
END_TEST

/* Members that begin inside a page: the rest is submitted again, singly. */
START_TEST(the_rest_of_a_member)
{
	start(1, PART, 32);
	copy(8 * PART);
	dst += 256;
	src += 256;
	for (int resumes = 0; resumes < 3; resumes++) {
		unsigned again_by_device = resumes < 2 ? (unsigned)resumes : 2;

		again();
		dsam_tuning.fault_resumes = (unsigned)resumes;
		ends[2] = ends[5] = (struct end){.status = 0x03, .done = 0};
		memset(dst - 256, 0, ROOM);
		dsam_offload_copy(DSAM_OP_MEMCPY, dst, src, 8UL * PART, NULL,
				  NULL);
		ck_assert_mem_eq(dst, src, 8 * PART);
		ck_assert_uint_eq(stats()->resumes, again_by_device);
		ck_assert_uint_eq(stats()->descriptors, 8 + again_by_device);
		ck_assert_uint_eq(submitted, 1 + again_by_device);
		ck_assert_uint_eq(counts[1], 0);
		/* 3840 bytes to the page's end, or all of the member. */
		expect_outcome(2 * 3840 + (2 - again_by_device) * 256,
			       DSAM_WHY_FAULT, 0);
	}
}
END_TEST

START_TEST(a_member_that_fails)
{
	static const uint8_t bad[] = {0,    0x02, 0x10, 0x11, 0x13,
				      0x20, 0x81, 0x1a, 0xc0};

	start(1, PART, 32);
	copy(8 * PART);
	for (unsigned k = 0; k < 8; k++)
		for (size_t i = 0; i < sizeof(bad); i++) {
			again();
			ends[k].status = bad[i];
			copy(8 * PART);
			expect_outcome(PART, DSAM_WHY_ERROR, 1);
			ck_assert_uint_eq(stats()->descriptors, bad[i] ? 8 : 7);
		}
	/* Nonsense: more done than there was. */
	again();
	ends[3] = (struct end){.status = 0x03, .done = PART};
	copy(8 * PART);
	expect_outcome(PART, DSAM_WHY_ERROR, 1);
	/* One error of the queue, however many members it has. */
	again();
	for (unsigned k = 0; k < 8; k++)
		ends[k].status = 0x20;
	copy(8 * PART);
	expect_outcome(8 * PART, DSAM_WHY_ERROR, 1);
}
END_TEST

/* Only members with a success of their own are believed. */
START_TEST(a_parent_that_fails)
{
	static const uint8_t bad[] = {0x06, 0x86, 0x03, 0x83, 0x04, 0x02,
				      0x11, 0x12, 0x18, 0x20, 0x81, 0x80};

	start(1, PART, 32);
	copy(8 * PART);
	for (size_t i = 0; i < sizeof(bad); i++)
		for (unsigned k = 0; k <= 8; k++) {
			again();
			for (unsigned j = k; j < 8; j++)
				ends[j].status = 0;
			parent_status = bad[i];
			copy(8 * PART);
			expect_outcome((8 - k) * (size_t)PART, DSAM_WHY_ERROR,
				       1);
			ck_assert_uint_eq(stats()->descriptors, k);
		}
	ck_assert_uint_eq(atomic_load(&dsam_queues.q[0].members), DSAM_MEMBERS);
}
END_TEST

START_TEST(a_queue_that_takes_no_batch_after_all)
{
	static const uint8_t bad[] = {0x10, 0x14};

	start(1, PART, 32);
	copy(8 * PART);
	for (size_t i = 0; i < sizeof(bad); i++) {
		again();
		for (unsigned k = 0; k < 8; k++)
			ends[k].status = 0;
		parent_status = bad[i];
		copy(8 * PART);
		expect_outcome(8 * PART, DSAM_WHY_ERROR, 1);
		ck_assert_uint_eq(submitted, 1);
		forget();
		copy(8 * PART);
		ck_assert_uint_eq(submitted, 8);
		ck_assert_uint_eq(members_seen, 0);
	}
}
END_TEST

START_TEST(errors_put_the_queue_aside)
{
	start(1, PART, 32);
	parent_status = 0x20;
	for (unsigned k = 0; k < 8; k++)
		ends[k].status = 0;
	for (int i = 0; i < 4; i++) {
		ck_assert_int_eq(atomic_load(&dsam_queues.q[0].state),
				 DSAM_QUEUE_OPEN);
		copy(8 * PART);
	}
	ck_assert_int_eq(atomic_load(&dsam_queues.q[0].state),
			 DSAM_QUEUE_QUARANTINED);
}
END_TEST

START_TEST(silence_closes_the_queue)
{
	start(1, PART, 32);
	dsam_queue_deadline = 100 * dsam_clock.ticks_per_us;
	parent_status = NEVER;
	/* Even with records of members: it may have been at work. */
	copy(8 * PART);
	ck_assert_uint_eq(drained, 1);
	ck_assert_uint_eq(stats()->why_bytes[DSAM_WHY_TIMEOUT], 8 * PART);
	ck_assert_int_eq(atomic_load(&dsam_queues.q[0].state),
			 DSAM_QUEUE_CLOSED);
}
END_TEST

START_TEST(wrong_bytes_are_found)
{
	start(1, PART, 32);
	dsam_tuning.verify_percent = 100;
	copy(8 * PART);
	ck_assert_uint_eq(stats()->device_bytes, 8 * PART);
	/* Called done, and not: the parent alone says so. */
	for (unsigned k = 0; k < 8; k++)
		ends[k].status = 0x20;
	parent_status = DSA_COMP_SUCCESS;
	forget();
	copy(8 * PART);
	ck_assert_uint_eq(stats()->why_bytes[DSAM_WHY_MISMATCH], 8 * PART);
	ck_assert(atomic_load(&dsam_queues.q[0].is_banned));
}
END_TEST

RUN_SUITE("batch", as_long_as_it_pays, never_by_write,
	  sharing_asks_for_long_pieces, compares_go_one_by_one,
	  queues_of_both_kinds, the_bytes_of_parent_and_members, all_well,
	  a_member_that_faults, the_rest_of_a_member, a_member_that_fails,
	  a_parent_that_fails, a_queue_that_takes_no_batch_after_all,
	  errors_put_the_queue_aside, silence_closes_the_queue,
	  wrong_bytes_are_found)
