// SPDX-License-Identifier: MIT
/*
 * Room: COLD.  The constructor of the processor preload; linked with
 * -z initfirst, so that it runs before any other one, libc's included.
 * May: raw system calls.  Must not: call libc.
 */
#include "cpu.h"
#include "raw.h"

#include <fcntl.h>
#include <sys/mman.h>

__attribute__((constructor)) static void birth(void)
{
	struct tb_shm *shm;
	long fd = TB_RAW3(SYS_open, TB_SHM_PATH, O_RDWR | O_CLOEXEC, 0);
	long p;

	if (fd < 0)
		return;
	p = TB_RAW6(SYS_mmap, 0, sizeof(*shm), PROT_READ | PROT_WRITE,
		    MAP_SHARED, fd, 0);
	TB_RAW1(SYS_close, fd);
	if (p < 0 && p > -4096)
		return;
	shm = (struct tb_shm *)p;
	if (shm->magic != TB_SHM_MAGIC)
		return;
	tb_cpu_shm = shm;
	tb_cpu_portal_init();
	tb_cpu_traps_init();
	if (!tb_cpu_trap_cpuid() && shm->patching != TB_PATCH_NEVER)
		tb_cpu_rewrite_cpuid();
}
