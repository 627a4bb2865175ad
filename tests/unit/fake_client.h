/* SPDX-License-Identifier: MIT */
/*
 * A client's address space in an array, for tests of descriptor execution.
 * Every byte can be made absent (present says no, fault_in mends it) or dead
 * (read, write and copy stop there).
 */
#ifndef FAKE_CLIENT_H
#define FAKE_CLIENT_H

#include "suite.h"

#include <string.h>

#include "../../src/descriptor_exec.h"

#define CLIENT_BASE 0x7f1234560000ULL
#define CLIENT_SIZE (16 * 4096)
#define RECORD_AT (CLIENT_BASE + CLIENT_SIZE - 4096)
#define LIST_AT (CLIENT_BASE + CLIENT_SIZE - 8192)
#define GEN_CAP_SPR 0x40915f0107ULL
#define PLAIN_FLAGS (IDXD_OP_FLAG_CRAV | IDXD_OP_FLAG_RCR)

struct fake_client {
	struct dsam_memory m; /* first: the accessors cast back */
	uint8_t mem[CLIENT_SIZE];
	uint8_t absent[CLIENT_SIZE];
	uint8_t dead_read[CLIENT_SIZE];
	uint8_t dead_write[CLIENT_SIZE];
	unsigned int copies, fills, reads, writes, fault_ins;
	bool refuses_fault_in; /* fault_in says false */
	bool forgets_fault_in; /* fault_in says true and does nothing */
	uint64_t last_write; /* address of the last call of write */
};

static inline struct fake_client *fake_of(const struct dsam_memory *m)
{
	return (struct fake_client *)(uintptr_t)m;
}

static inline uint8_t *fake_at(struct fake_client *c, uint64_t addr)
{
	ck_assert(addr >= CLIENT_BASE && addr < CLIENT_BASE + CLIENT_SIZE);
	return &c->mem[addr - CLIENT_BASE];
}

static inline size_t fake_present(const struct dsam_memory *m, uint64_t addr,
				  size_t n, bool is_write, bool from_end)
{
	const uint8_t *absent = fake_of(m)->absent + (addr - CLIENT_BASE);
	size_t i;

	(void)is_write;
	for (i = 0; i < n; i++)
		if (absent[from_end ? n - 1 - i : i])
			break;
	return i;
}

static inline bool fake_fault_in(const struct dsam_memory *m, uint64_t addr,
				 bool is_write)
{
	struct fake_client *c = fake_of(m);
	size_t page = (addr - CLIENT_BASE) & ~(size_t)4095;

	(void)is_write;
	c->fault_ins++;
	if (c->refuses_fault_in)
		return false;
	if (!c->forgets_fault_in) {
		memset(c->absent + page, 0, 4096);
		memset(c->dead_read + page, 0, 4096);
		memset(c->dead_write + page, 0, 4096);
	}
	return true;
}

static inline size_t fake_read(const struct dsam_memory *m, void *buf,
			       uint64_t addr, size_t n)
{
	struct fake_client *c = fake_of(m);
	size_t i;

	c->reads++;
	for (i = 0; i < n && !c->dead_read[addr - CLIENT_BASE + i]; i++)
		((uint8_t *)buf)[i] = *fake_at(c, addr + i);
	return i;
}

static inline size_t fake_write(const struct dsam_memory *m, uint64_t addr,
				const void *buf, size_t n)
{
	struct fake_client *c = fake_of(m);
	size_t i;

	c->writes++;
	c->last_write = addr;
	for (i = 0; i < n && !c->dead_write[addr - CLIENT_BASE + i]; i++)
		*fake_at(c, addr + i) = ((const uint8_t *)buf)[i];
	return i;
}

static inline size_t fake_copy(const struct dsam_memory *m, uint64_t dst,
			       uint64_t src, size_t n, bool backward,
			       bool *write_fault)
{
	struct fake_client *c = fake_of(m);
	size_t i;

	c->copies++;
	/* As the contract wants it: the caller chose the direction. */
	ck_assert(backward == (dst - src && dst - src < n) || n < 4096);
	for (i = 0; i < n; i++) {
		size_t k = backward ? n - 1 - i : i;

		if (c->dead_read[src - CLIENT_BASE + k])
			break;
		*write_fault = c->dead_write[dst - CLIENT_BASE + k];
		if (*write_fault)
			break;
		*fake_at(c, dst + k) = *fake_at(c, src + k);
	}
	return i;
}

static inline size_t fake_fill(const struct dsam_memory *m, uint64_t dst,
			       uint64_t pattern, size_t n)
{
	struct fake_client *c = fake_of(m);
	size_t i;

	c->fills++;
	for (i = 0; i < n && !c->dead_write[dst - CLIENT_BASE + i]; i++)
		*fake_at(c, dst + i) = (uint8_t)(pattern >> i % 8 * 8);
	return i;
}

/* has_copy: copy and fill too; has_present: present and fault_in too. */
static inline void fake_init(struct fake_client *c, bool has_copy,
			     bool has_present)
{
	static uint8_t content[CLIENT_SIZE];

	for (size_t i = 0; !content[0] && i < CLIENT_SIZE; i++)
		content[CLIENT_SIZE - 1 - i] =
			(uint8_t)(i * 131 + (i >> 8) * 29 + 7);
	memset(c, 0, sizeof(*c));
	memcpy(c->mem, content, CLIENT_SIZE);
	c->m.read = fake_read;
	c->m.write = fake_write;
	if (has_copy) {
		c->m.copy = fake_copy;
		c->m.fill = fake_fill;
	}
	if (has_present) {
		c->m.present = fake_present;
		c->m.fault_in = fake_fault_in;
	}
}

static inline struct dsam_exec_limits fake_limits(void)
{
	return (struct dsam_exec_limits){
		.gen_cap = GEN_CAP_SPR,
		.op_cap = {0x00000001003f03ffULL},
		.max_transfer = 2 << 20,
		.max_batch = 32,
		.block_on_fault = true,
	};
}

static inline struct dsa_hw_desc fake_desc(unsigned int opcode, uint64_t src,
					   uint64_t dst, uint32_t size)
{
	struct dsa_hw_desc desc = {
		.flags = PLAIN_FLAGS,
		.opcode = opcode & 0xff,
		.completion_addr = RECORD_AT,
		.src_addr = src,
		.dst_addr = dst,
		.xfer_size = size,
	};

	return desc;
}

#endif
