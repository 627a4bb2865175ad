// SPDX-License-Identifier: MIT
/*
 * Room: TEST.  What a device refuses, and with which status (specification
 * 5.3 to 5.5, 5.8).  Each descriptor has one fault, since the order of checks
 * is not specified.
 * May: its own pages.  Must not: use code of src/.
 */
#include "guest.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

static unsigned char *a, *b, *c;

static struct dsa_hw_desc move(uint32_t n)
{
	struct dsa_hw_desc desc = desc_of(DSA_OPCODE_MEMMOVE, BOTH);

	desc.src_addr = (uintptr_t)a;
	desc.dst_addr = (uintptr_t)b;
	desc.xfer_size = n;
	return desc;
}

static struct dsa_hw_desc fill(uint32_t n)
{
	struct dsa_hw_desc desc = desc_of(DSA_OPCODE_MEMFILL, BOTH);

	desc.dst_addr = (uintptr_t)b;
	desc.xfer_size = n;
	return desc;
}

static void test_opcodes(void)
{
	static const uint8_t bad[] = {0x0b, 0x16, 0x1f, 0x22, 0x40, 0x7f, 0xff};
	bool ok = true;

	for (size_t i = 0; i < sizeof(bad); i++) {
		struct dsa_hw_desc desc = desc_of(bad[i], BOTH);

		ok &= run(&desc) == DSA_COMP_BAD_OPCODE;
	}
	check(ok, "unknown-opcodes", "status %02x", rec->status);
}

/* Refused, and the mask says which flags. */
static void refuse_flags(const char *name, struct dsa_hw_desc desc,
			 uint32_t bad)
{
	uint8_t status;

	desc.flags |= bad;
	status = run(&desc);
	check(status == DSA_COMP_INVALID_FLAGS && rec->invalid_flags & bad &&
		      rec->bytes_completed == 0,
	      name, "status %02x, mask %06x", status, rec->invalid_flags);
}

static void test_flags(void)
{
	struct dsa_hw_desc noop = desc_of(DSA_OPCODE_NOOP, BOTH);
	struct dsa_hw_desc desc;

	refuse_flags("flag-bit-5", move(64), 1 << 5);
	refuse_flags("flag-bit-6", move(64), 1 << 6);
	refuse_flags("flag-bit-15", move(64), 1 << 15);
	refuse_flags("flag-fence-outside-batch", move(64), IDXD_OP_FLAG_FENCE);
	refuse_flags("flag-check-result-on-move", move(64), IDXD_OP_FLAG_CR);
	refuse_flags("flag-third-address-on-move", move(64),
		     IDXD_OP_FLAG_ADDR3_TCS);
	refuse_flags("flag-first-address-on-fill", fill(64),
		     IDXD_OP_FLAG_ADDR1_TCS);
	refuse_flags("flag-cache-on-noop", noop, IDXD_OP_FLAG_CC);
	refuse_flags("flag-fill16-not-supported", fill(64), 1 << 18);
	refuse_flags("flag-operation-specific", move(64), 1 << 20);
	if (!guest.has_bof)
		refuse_flags("flag-block-on-fault", move(64), BOF);
	desc = move(64);
	desc.flags |= IDXD_OP_FLAG_CC;
	expect("flag-cache-control", &desc, DSA_COMP_SUCCESS);
	desc.flags |= IDXD_OP_FLAG_STORD;
	expect("flag-strict-order", &desc, DSA_COMP_SUCCESS);
	/* These return data, so they have to have a record. */
	desc = desc_of(DSA_OPCODE_COMPARE, CRAV);
	desc.src_addr = (uintptr_t)a;
	desc.src2_addr = (uintptr_t)b;
	desc.xfer_size = 64;
	expect("flag-record-required", &desc, DSA_COMP_INVALID_FLAGS);
}

static void test_reserved(void)
{
	static const struct {
		uint8_t opcode, first, last;
	} reserved[] = {
		{DSA_OPCODE_NOOP, 16, 35},     {DSA_OPCODE_NOOP, 38, 63},
		{DSA_OPCODE_DRAIN, 32, 35},    {DSA_OPCODE_DRAIN, 38, 63},
		{DSA_OPCODE_MEMMOVE, 38, 63},  {DSA_OPCODE_MEMFILL, 38, 63},
		{DSA_OPCODE_COMPARE, 38, 39},  {DSA_OPCODE_COMPARE, 41, 63},
		{DSA_OPCODE_COMPVAL, 38, 39},  {DSA_OPCODE_COMPVAL, 41, 63},
		{DSA_OPCODE_DUALCAST, 38, 39}, {DSA_OPCODE_DUALCAST, 48, 63},
		{DSA_OPCODE_CRCGEN, 24, 31},   {DSA_OPCODE_CRCGEN, 44, 63},
		{DSA_OPCODE_COPY_CRC, 44, 63}, {DSA_OPCODE_CFLUSH, 16, 23},
		{DSA_OPCODE_CFLUSH, 38, 63}};

	for (size_t i = 0; i < sizeof(reserved) / sizeof(reserved[0]); i++) {
		bool ok = true;
		char name[64];
		uint8_t at = reserved[i].first;

		for (; at <= reserved[i].last; at++) {
			struct dsa_hw_desc desc = move(64);

			desc.opcode = reserved[i].opcode;
			if (desc.opcode < DSA_OPCODE_MEMMOVE)
				desc = desc_of((int)desc.opcode, BOTH);
			if (desc.opcode == DSA_OPCODE_CFLUSH)
				desc.src_addr = 0;
			if (desc.opcode == DSA_OPCODE_CRCGEN)
				desc.dst_addr = 0;
			if (desc.opcode == DSA_OPCODE_DUALCAST)
				desc.dest2 = (uintptr_t)c;
			((uint8_t *)&desc)[at] = 1;
			if (run(&desc) != DSA_COMP_NOZERO_RESERVE) {
				ok = false;
				break;
			}
		}
		snprintf(name, sizeof(name), "reserved-op%02x-bytes-%d-%d",
			 reserved[i].opcode, reserved[i].first,
			 reserved[i].last);
		check(ok, name, "byte %d: status %02x", at, rec->status);
	}
}

static void test_sizes(void)
{
	struct dsa_hw_desc desc = move(0);

	expect("size-zero", &desc, DSA_COMP_XFER_ERANGE);
	check(rec->bytes_completed == 0, "size-zero-bytes", "%u",
	      rec->bytes_completed);
	desc = fill(0);
	expect("size-zero-fill", &desc, DSA_COMP_XFER_ERANGE);
	desc = move((uint32_t)guest.max_transfer + 1);
	expect("size-above-the-queue's", &desc, DSA_COMP_XFER_ERANGE);
	desc = fill((uint32_t)guest.max_transfer + 1);
	expect("size-above-the-queue's-fill", &desc, DSA_COMP_XFER_ERANGE);
}

static void test_buffers(void)
{
	struct dsa_hw_desc desc = move(100);

	desc.opcode = DSA_OPCODE_COPY_CRC;
	desc.dst_addr = desc.src_addr + 50;
	expect("overlap-copy-crc", &desc, DSA_COMP_OVERLAP_BUFFERS);
	desc = move(100);
	desc.opcode = DSA_OPCODE_DUALCAST;
	desc.dest2 = (uintptr_t)c + 8;
	expect("dualcast-low-bits", &desc, DSA_COMP_DCAST_ERR);
	desc.dest2 = (uintptr_t)b;
	expect("overlap-dualcast", &desc, DSA_COMP_OVERLAP_BUFFERS);
}

static void test_batches(void)
{
	struct dsa_hw_desc desc = desc_of(DSA_OPCODE_BATCH, BOTH);

	desc.desc_list_addr = (uintptr_t)a;
	desc.desc_count = 4;
	if (!guest.portal) {
		check(submit(&desc) == -EINVAL, "batch-by-write", "taken");
		return;
	}
	if (!guest.has_batch) {
		expect("batch-hidden", &desc, DSA_COMP_BAD_OPCODE);
		return;
	}
	desc.desc_count = 0;
	expect("batch-of-none", &desc, DSA_COMP_DESC_CNT_ERANGE);
	desc.desc_count = 1;
	expect("batch-of-one", &desc, DSA_COMP_DESC_CNT_ERANGE);
	desc.desc_count = guest.max_batch + 1;
	expect("batch-of-too-many", &desc, DSA_COMP_DESC_CNT_ERANGE);
	desc.desc_count = 2;
	desc.desc_list_addr += 32;
	expect("batch-misaligned", &desc, DSA_COMP_DESCLIST_ALIGN);
}

static void test_record_address(void)
{
	struct dsa_hw_desc desc = move(64);

	desc.completion_addr += 16;
	memset((void *)rec, 0, 64);
	memset(b, 0, 64);
	memset(a, 3, 64);
	if (!guest.portal) {
		check(submit(&desc) == -EINVAL, "record-misaligned-by-write",
		      "taken");
		return;
	}
	submit(&desc);
	desc = desc_of(DSA_OPCODE_DRAIN, BOTH);
	desc.completion_addr = (uintptr_t)(rec + 2);
	memset((void *)(rec + 2), 0, 32);
	submit(&desc);
	check(wait_for(rec + 2, 2000) == DSA_COMP_SUCCESS && !rec[0].status &&
		      !rec[1].status && b[0] == 0,
	      "record-misaligned-none-written", "status %02x",
	      rec[0].status | rec[1].status);
}

void test_checks(void)
{
	a = pages(2, true);
	b = pages(2, true);
	c = pages(2, true);
	test_opcodes();
	test_flags();
	test_reserved();
	test_sizes();
	test_buffers();
	test_batches();
	test_record_address();
}
