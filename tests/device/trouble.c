// SPDX-License-Identifier: MIT
/*
 * Room: PURE.  Settings and a count in, a fate out.
 * May: arithmetic.  Must not: anything else.
 */
#include "trouble.h"

static bool is_due(uint64_t every, uint64_t n)
{
	return every && n % every == 0;
}

struct tb_fate tb_trouble_of(const struct tb_trouble *t, uint64_t n)
{
	struct tb_fate fate = {.has_exec = false};

	if (is_due(t->status_every, n)) {
		fate.has_exec = true;
		fate.exec.status = (uint8_t)t->status;
	} else if (is_due(t->wfault_every, n)) {
		fate.has_exec = true;
		fate.exec.has_fault = true;
		fate.exec.fault_is_write = true;
		fate.exec.fault_at = (uint32_t)t->wfault_at;
	} else if (is_due(t->fault_every, n)) {
		fate.has_exec = true;
		fate.exec.has_fault = true;
		fate.exec.fault_at = (uint32_t)t->fault_at;
	}
	if (is_due(t->silent_every, n) ||
	    (t->silent_after && n > t->silent_after))
		fate.is_silent = true;
	if (is_due(t->late_every, n))
		fate.late_us = t->late_us;
	fate.disable = t->disable_after && n == t->disable_after;
	fate.reset = t->reset_after && n == t->reset_after;
	return fate;
}
