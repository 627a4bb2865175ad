// SPDX-License-Identifier: MIT
/*
 * Room: an engine's, after execution.
 * May: the client's memory, the task's record.  Must not: anything else.
 */
#include "spoil.h"

/* A byte of the destination becomes another one. */
static void write_wrong(const struct tb_task *task,
			const struct tb_memory *memory)
{
	struct dsa_hw_desc desc = task->desc;
	uint64_t dice = task->fate.dice >> 8, bytes = task->ending.bytes, at;
	unsigned char byte;

	if (bytes && desc.opcode == DSA_OPCODE_BATCH) {
		at = desc.desc_list_addr + dice % desc.desc_count * 64;
		if (memory->ops.read(&memory->ops, &desc, at, 64) != 64)
			return;
		bytes = desc.xfer_size;
	}
	if (!bytes || (desc.opcode != DSA_OPCODE_MEMMOVE &&
		       desc.opcode != DSA_OPCODE_MEMFILL))
		return;
	at = desc.dst_addr + dice % bytes;
	if (memory->ops.read(&memory->ops, &byte, at, 1)) {
		byte = (unsigned char)~byte;
		memory->ops.write(&memory->ops, at, &byte, 1);
	}
}

/* Any record that is one: its status is not 0. */
static void write_garbage(struct tb_task *task)
{
	uint64_t dice = task->fate.dice;
	unsigned char *byte = (unsigned char *)&task->rec;
	static const uint8_t likely[] = {DSA_COMP_SUCCESS,
					 DSA_COMP_PAGE_FAULT_NOBOF, 0x83};

	for (size_t i = 0; i < sizeof(task->rec); i++) {
		dice = dice * 6364136223846793005ULL + 1442695040888963407ULL;
		byte[i] = (unsigned char)(dice >> 56);
	}
	task->rec.status = (uint8_t)(byte[5] | 1);
	/* Sometimes one that can be believed. */
	if (task->fate.dice & 2) {
		task->rec.status = likely[byte[6] % 3];
		task->rec.result = byte[7] & 1;
		task->rec.bytes_completed %= task->desc.xfer_size + 1;
	}
	task->has_record = task->desc.flags & IDXD_OP_FLAG_CRAV;
}

void tb_spoil(struct tb_task *task, const struct tb_memory *memory)
{
	if (task->fate.is_wrong)
		write_wrong(task, memory);
	if (task->fate.is_garbage && !task->is_swerror)
		write_garbage(task);
}
