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

/* splitmix64: the n-th number of a row that looks like chance. */
static uint64_t dice(uint64_t n)
{
	uint64_t z = n * 0x9e3779b97f4a7c15ULL;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9ULL;
	z = (z ^ z >> 27) * 0x94d049bb133111ebULL;
	return z ^ z >> 31;
}

/* A walk takes each n-th descriptor a byte further, and then starts over. */
static uint32_t where(bool is_walk, uint64_t at, uint64_t every, uint64_t n,
		      uint32_t size)
{
	if (is_walk)
		at = size ? (n / every - 1) % size : 0;
	return (uint32_t)at;
}

struct tb_fate tb_trouble_of(const struct tb_trouble *t, uint64_t n,
			     uint32_t size)
{
	struct tb_fate fate = {.has_exec = false, .dice = dice(n)};

	if (is_due(t->status_every, n)) {
		fate.has_exec = true;
		fate.exec.status = (uint8_t)t->status;
	} else if (is_due(t->wfault_every, n)) {
		fate.has_exec = true;
		fate.exec.has_fault = true;
		fate.exec.fault_is_write = true;
		fate.exec.fault_at = where(t->wfault_walk, t->wfault_at,
					   t->wfault_every, n, size);
	} else if (is_due(t->fault_every, n)) {
		fate.has_exec = true;
		fate.exec.has_fault = true;
		fate.exec.fault_at = where(t->fault_walk, t->fault_at,
					   t->fault_every, n, size);
	}
	fate.exec.fault_is_answer = t->fault_answered;
	fate.exec.fault_from_end = t->fault_from_end;
	/* Of a batch: half of it comes to one of the members. */
	fate.exec.in_member = fate.dice >> 32 & 1;
	fate.exec.member = (uint32_t)(fate.dice >> 40);
	if (is_due(t->silent_every, n) ||
	    (t->silent_after && n > t->silent_after))
		fate.is_silent = true;
	fate.is_wrong = is_due(t->wrong_every, n);
	fate.is_garbage = is_due(t->garbage_every, n);
	if (fate.is_garbage && fate.dice & 1) {
		fate.has_exec = true;
		fate.exec =
			(struct dsam_exec_trouble){.status = DSA_COMP_HW_ERR1};
	}
	if (is_due(t->late_every, n))
		fate.late_us = t->late_us;
	fate.disable = t->disable_after && n == t->disable_after;
	fate.reset = t->reset_after && n == t->reset_after;
	return fate;
}
