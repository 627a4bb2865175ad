// SPDX-License-Identifier: MIT
/*
 * Room: TEST.  Every operation does to memory what the specification says.
 * May: its own pages.  Must not: use code of src/.
 */
#include "guest.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SIZE 20000u

static unsigned char *a, *b, *c;

static void reset(void)
{
	for (unsigned int i = 0; i < SIZE; i++) {
		a[i] = (unsigned char)(i * 7 + i / 251);
		b[i] = 0xee;
		c[i] = 0xdd;
	}
}

static struct dsa_hw_desc two(int opcode, const void *from, void *to,
			      uint32_t n)
{
	struct dsa_hw_desc desc = desc_of(opcode, BOTH);

	desc.src_addr = (uintptr_t)from;
	desc.dst_addr = (uintptr_t)to;
	desc.xfer_size = n;
	return desc;
}

static void test_noop_drain(void)
{
	struct dsa_hw_desc desc = desc_of(DSA_OPCODE_NOOP, BOTH);

	expect("noop", &desc, DSA_COMP_SUCCESS);
	check(rec->bytes_completed == 0, "noop-bytes-zero", "%u",
	      rec->bytes_completed);
	desc = desc_of(DSA_OPCODE_DRAIN, BOTH);
	expect("drain", &desc, DSA_COMP_SUCCESS);
}

static void test_memmove(void)
{
	static const uint32_t sizes[] = {1,    63,   64,   65,
					 4095, 4096, 4097, SIZE - 8};
	bool ok = true;

	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		uint32_t n = sizes[i];
		struct dsa_hw_desc desc =
			two(DSA_OPCODE_MEMMOVE, a + 3, b + 5, n);

		reset();
		ok &= run(&desc) == DSA_COMP_SUCCESS &&
		      rec->bytes_completed == 0 &&
		      memcmp(a + 3, b + 5, n) == 0 && b[4] == 0xee &&
		      b[5 + n] == 0xee;
	}
	check(ok, "memmove", "wrong bytes or status %02x", rec->status);
}

static void test_overlap(void)
{
	unsigned char want[SIZE];
	struct dsa_hw_desc desc;
	bool ok = true;

	for (int step = -4100; step <= 4100; step += 4100) {
		if (!step)
			continue;
		reset();
		memcpy(want, a, SIZE);
		memmove(want + 5000 + step, want + 5000, 9000);
		desc = two(DSA_OPCODE_MEMMOVE, a + 5000, a + 5000 + step, 9000);
		ok &= run(&desc) == DSA_COMP_SUCCESS &&
		      memcmp(want, a, SIZE) == 0;
	}
	check(ok, "memmove-overlap", "status %02x", rec->status);
}

static void test_fill(void)
{
	struct dsa_hw_desc desc = two(DSA_OPCODE_MEMFILL, NULL, b + 1, 4099);
	bool ok;

	reset();
	desc.pattern = 0x8877665544332211;
	ok = run(&desc) == DSA_COMP_SUCCESS && b[0] == 0xee && b[4100] == 0xee;
	for (unsigned int i = 0; i < 4099; i++)
		ok &= b[1 + i] == 0x11 * (i % 8 + 1);
	check(ok, "fill", "wrong bytes or status %02x", rec->status);
}

static void test_compare(void)
{
	struct dsa_hw_desc desc = two(DSA_OPCODE_COMPARE, a, b, 9000);

	reset();
	memcpy(b, a, SIZE);
	expect("compare-equal", &desc, DSA_COMP_SUCCESS);
	check(rec->result == 0, "compare-equal-result", "%d", rec->result);
	b[5001] ^= 1;
	expect("compare-differ", &desc, DSA_COMP_SUCCESS);
	check(rec->result == 1 && rec->bytes_completed == 5001,
	      "compare-differ-offset", "result %d, %u bytes", rec->result,
	      rec->bytes_completed);
	desc.flags |= IDXD_OP_FLAG_CR;
	desc.expected_res = 1;
	expect("compare-as-expected", &desc, DSA_COMP_SUCCESS);
	desc.expected_res = 0;
	expect("compare-not-as-expected", &desc, DSA_COMP_SUCCESS_PRED);
}

static void test_compval(void)
{
	struct dsa_hw_desc desc = two(DSA_OPCODE_COMPVAL, b, NULL, 9001);

	reset();
	desc.comp_pattern = 0xeeeeeeeeeeeeeeee;
	expect("compval-equal", &desc, DSA_COMP_SUCCESS);
	check(rec->result == 0, "compval-equal-result", "%d", rec->result);
	b[77] = 0;
	expect("compval-differ", &desc, DSA_COMP_SUCCESS);
	check(rec->result == 1 && rec->bytes_completed <= 77,
	      "compval-differ-offset", "result %d, %u bytes", rec->result,
	      rec->bytes_completed);
}

static void test_dualcast(void)
{
	struct dsa_hw_desc desc = two(DSA_OPCODE_DUALCAST, a, b + 16, 8000);

	reset();
	desc.dest2 = (uintptr_t)c + 16;
	expect("dualcast", &desc, DSA_COMP_SUCCESS);
	check(memcmp(a, b + 16, 8000) == 0 && memcmp(a, c + 16, 8000) == 0,
	      "dualcast-bytes", "differ");
}

/* CRC-32C, bit by bit, reflected. */
static uint32_t crc32c(const unsigned char *p, uint32_t n)
{
	uint32_t crc = 0xffffffff;

	while (n--) {
		crc ^= *p++;
		for (int i = 0; i < 8; i++)
			crc = crc >> 1 ^ (crc & 1 ? 0x82f63b78 : 0);
	}
	return ~crc;
}

static void test_crc(void)
{
	struct dsa_hw_desc desc = two(DSA_OPCODE_CRCGEN, a, NULL, 9000);
	uint32_t want;

	reset();
	want = crc32c(a, 9000);
	expect("crcgen", &desc, DSA_COMP_SUCCESS);
	check((uint32_t)rec->crc_val == want, "crcgen-value", "%08x not %08x",
	      (uint32_t)rec->crc_val, want);
	desc = two(DSA_OPCODE_COPY_CRC, a, b, 9000);
	expect("copy-crc", &desc, DSA_COMP_SUCCESS);
	check((uint32_t)rec->crc_val == want && memcmp(a, b, 9000) == 0,
	      "copy-crc-value", "%08x not %08x, or bytes",
	      (uint32_t)rec->crc_val, want);
}

static void test_cflush(void)
{
	struct dsa_hw_desc desc = two(DSA_OPCODE_CFLUSH, NULL, a, 8192);

	expect("cflush", &desc, DSA_COMP_SUCCESS);
}

static void test_no_record(void)
{
	struct dsa_hw_desc desc = two(DSA_OPCODE_MEMMOVE, a, b, 4096);
	struct dsa_hw_desc drain = desc_of(DSA_OPCODE_DRAIN, BOTH);
	bool ok;

	/* RCR clear: done, but nothing is written to the record. */
	reset();
	desc.flags = CRAV;
	memset((void *)rec, 0, 64);
	desc.completion_addr = (uintptr_t)(rec + 1);
	submit(&desc);
	ok = run(&drain) == DSA_COMP_SUCCESS && rec[1].status == 0 &&
	     memcmp(a, b, 4096) == 0;
	check(ok, "no-record-unless-asked", "status %02x", rec[1].status);
}

static void test_largest(void)
{
	uint32_t n = (uint32_t)guest.max_transfer;
	unsigned char *from, *to;
	struct dsa_hw_desc desc;

	if (n > 64U << 20) {
		skip("largest-transfer", "the queue takes more than 64 MiB");
		return;
	}
	from = pages((int)(n / 4096), true);
	to = pages((int)(n / 4096), true);
	memset(from, 0x5a, n);
	memset(to, 1, n);
	desc = two(DSA_OPCODE_MEMMOVE, from, to, n);
	expect("largest-transfer", &desc, DSA_COMP_SUCCESS);
	check(memcmp(from, to, n) == 0, "largest-transfer-bytes", "differ");
}

static void test_batch(void)
{
	struct dsa_hw_desc *list = (void *)pages(1, true);
	struct dsa_completion_record *records = (void *)pages(1, true);
	struct dsa_hw_desc desc = desc_of(DSA_OPCODE_BATCH, BOTH);

	/* Hidden, or refused by write(2): see checks.c. */
	if (!guest.has_batch || !guest.portal)
		return;
	reset();
	for (unsigned int i = 0; i < 4; i++) {
		list[i] = two(DSA_OPCODE_MEMMOVE, a + i * 1000, b + i * 1000,
			      1000);
		list[i].completion_addr = (uintptr_t)(records + i);
	}
	desc.desc_list_addr = (uintptr_t)list;
	desc.desc_count = 4;
	expect("batch", &desc, DSA_COMP_SUCCESS);
	check(memcmp(a, b, 4000) == 0 && b[4000] == 0xee &&
		      records[3].status == DSA_COMP_SUCCESS,
	      "batch-members", "bytes differ or status %02x",
	      records[3].status);
	list[1].opcode = DSA_OPCODE_DRAIN;
	expect("batch-one-fails", &desc, DSA_COMP_BATCH_FAIL);
	check(rec->bytes_completed == 4 &&
		      records[1].status == DSA_COMP_BAD_OPCODE,
	      "batch-no-drain-inside", "%u done, status %02x",
	      rec->bytes_completed, records[1].status);
	list[2].flags |= IDXD_OP_FLAG_FENCE;
	run(&desc);
	check(rec->status == DSA_COMP_BATCH_FAIL && rec->bytes_completed == 2,
	      "batch-fence-abandons", "status %02x, %u done", rec->status,
	      rec->bytes_completed);
}

void test_operations(void)
{
	a = pages(5, true);
	b = pages(5, true);
	c = pages(5, true);
	test_noop_drain();
	test_memmove();
	test_overlap();
	test_fill();
	test_compare();
	test_compval();
	test_dualcast();
	test_crc();
	test_cflush();
	test_no_record();
	test_largest();
	test_batch();
}
