/* SPDX-License-Identifier: MIT */
/* A device that is broken: wrong bytes, records that mean nothing. */
#ifndef TB_SPOIL_H
#define TB_SPOIL_H

#include "memory.h"
#include "task.h"

/* After execution: what the task's fate wants spoilt (wrong, garbage). */
void tb_spoil(struct tb_task *task, const struct tb_memory *memory);

#endif
