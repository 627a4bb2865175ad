// SPDX-License-Identifier: MIT
/*
 * Room: HOT.  UMONITOR, UMWAIT and TPAUSE, for at most the limit that an
 * operating system sets (100000 ticks).
 * May: yield the CPU to the engines.  Must not: sleep past the deadline.
 */
#include "cpu.h"
#include "raw.h"

#include <x86intrin.h>

struct monitor {
	uint64_t line; /* 0: not armed */
	uint64_t seen[8];
};

static __thread struct monitor monitor
	__attribute__((tls_model("initial-exec")));

void tb_cpu_umonitor(uint64_t addr)
{
	monitor.line = addr & ~63ULL;
	if (!tb_cpu_copy64(monitor.seen, monitor.line))
		monitor.line = 0;
}

static bool has_changed(void)
{
	uint64_t now[8];

	if (!tb_cpu_copy64(now, monitor.line))
		return true;
	for (int i = 0; i < 8; i++)
		if (now[i] != monitor.seen[i])
			return true;
	return false;
}

/* The earlier of deadline and the OS's limit; *is_limit: the latter. */
static uint64_t end_of(uint64_t deadline, bool *is_limit)
{
	uint64_t limit = tb_cpu_shm->umwait_limit;
	uint64_t now = __rdtsc();

	*is_limit = limit && now + limit < deadline;
	return *is_limit ? now + limit : deadline;
}

bool tb_cpu_umwait(uint64_t deadline)
{
	bool is_limit;
	uint64_t end = end_of(deadline, &is_limit);

	if (!monitor.line)
		return false;
	do {
		if (has_changed()) {
			monitor.line = 0;
			return false;
		}
		TB_RAW0(SYS_sched_yield);
	} while (__rdtsc() < end);
	monitor.line = 0;
	return is_limit;
}

bool tb_cpu_tpause(uint64_t deadline)
{
	bool is_limit;
	uint64_t end = end_of(deadline, &is_limit);

	while (__rdtsc() < end)
		TB_RAW0(SYS_sched_yield);
	return is_limit;
}
