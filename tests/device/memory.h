/* SPDX-License-Identifier: MIT */
/*
 * A client's memory as the device reaches it: another process, whose pages
 * fault when they are not present.
 */
#ifndef TB_MEMORY_H
#define TB_MEMORY_H

#include "descriptor_exec.h"
#include "tb.h"

struct tb_memory {
	struct dsam_memory ops;
	pid_t pid;
	int pagemap;
	bool is_scrambling; /* write pieces in any order */
	unsigned char *bounce; /* TB_BOUNCE bytes, one user at a time */
};

#define TB_BOUNCE (256U << 10)

/* bounce must outlive *memory. */
void tb_memory_init(struct tb_memory *memory, pid_t pid, int pagemap,
		    bool is_scrambling, unsigned char *bounce);

#endif
