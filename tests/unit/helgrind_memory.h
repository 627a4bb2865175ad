/* SPDX-License-Identifier: MIT */
/*
 * Helgrind does not see what process_vm_writev writes.  In its build the
 * linker gives the engine threads this in its place (--wrap): plain copies,
 * which it does see.  One thread runs at a time there, until a system call:
 * so they yield before they copy, and when a record is written.
 */
#ifndef HELGRIND_MEMORY_H
#define HELGRIND_MEMORY_H

#include "software_memory.h"

#include <sched.h>

static inline size_t helgrind_copy(const struct dsam_memory *m, uint64_t dst,
				   uint64_t src, size_t n, bool backward,
				   bool *write_fault)
{
	sched_yield();
	return dsam_software_direct.copy(m, dst, src, n, backward, write_fault);
}

static inline size_t helgrind_fill(const struct dsam_memory *m, uint64_t dst,
				   uint64_t pattern, size_t n)
{
	sched_yield();
	return dsam_software_direct.fill(m, dst, pattern, n);
}

/*
 * A status byte is polled as volatile, and acquired when it is not 0.  The
 * wrong byte of a script's step is taken for one, too.
 */
static inline size_t helgrind_write(const struct dsam_memory *m, uint64_t addr,
				    const void *buf, size_t n)
{
	if (n != 1)
		return dsam_software_direct.write(m, addr, buf, n);
	VALGRIND_HG_DISABLE_CHECKING(addr, 1);
	ANNOTATE_HAPPENS_BEFORE(addr);
	dsam_software_direct.write(m, addr, buf, 1);
	sched_yield();
	return 1;
}

extern struct dsam_memory __wrap_dsam_software_remote;
struct dsam_memory __wrap_dsam_software_remote;

/* Not all compilers take the members of another constant for constants. */
__attribute__((constructor)) static void helgrind_memory(void)
{
	__wrap_dsam_software_remote = dsam_software_direct;
	__wrap_dsam_software_remote.copy = helgrind_copy;
	__wrap_dsam_software_remote.fill = helgrind_fill;
	__wrap_dsam_software_remote.write = helgrind_write;
}

#endif
