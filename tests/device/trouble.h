/* SPDX-License-Identifier: MIT */
/* Trouble on request: what is to go wrong with the next descriptor. */
#ifndef TB_TROUBLE_H
#define TB_TROUBLE_H

#include "descriptor_exec.h"
#include "tb.h"

struct tb_fate {
	struct dsam_exec_trouble exec;
	bool has_exec;
	bool is_silent, is_wrong, is_garbage;
	uint64_t dice; /* what the last two are made of */
	uint64_t late_us;
	bool disable, reset; /* the queue, after this descriptor */
};

/* The n-th descriptor (from 1) that the queue's engines take, of size bytes. */
struct tb_fate tb_trouble_of(const struct tb_trouble *trouble, uint64_t n,
			     uint32_t size);

#endif
