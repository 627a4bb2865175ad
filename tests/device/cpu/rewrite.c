// SPDX-License-Identifier: MIT
/*
 * Room: COLD, but for tb_cpu_is_rewritten.  Where CPUID can't be made to trap:
 * the CPUIDs of leaf 7 in the code that is mapped at start become UD2, which
 * has the same two bytes' length.
 * May: raw system calls; write to code, before a second thread runs.  Must
 * not: call libc; touch what is not surely such an instruction.
 */
#include "cpu.h"
#include "raw.h"

#include <fcntl.h>
#include <sys/mman.h>

#define MAX_SITES 64
#define FAR 12U /* from the end of "mov $7, %eax" to CPUID, at most */
#define CODE_MOST (32UL << 20) /* of a mapping: a browser's takes too long */
#define LINE 512

static uint64_t sites[MAX_SITES];
static unsigned int count;

/*
 * Compilers load the leaf right before.  Seven bytes that agree are no
 * accident; a leaf from a register is not found.
 */
static bool is_leaf_7(const uint8_t *start, const uint8_t *at)
{
	const uint8_t *p = at - 5;

	for (unsigned int i = 0; i <= FAR && p >= start; i++, p--)
		if (p[0] == 0xb8 && p[1] == 7 && !p[2] && !p[3] && !p[4])
			return true;
	return false;
}

static void rewrite(uint8_t *at)
{
	uint64_t page = (uintptr_t)at & ~4095ULL;
	uint64_t size = (((uintptr_t)at + 2 + 4095) & ~4095ULL) - page;

	if (count == MAX_SITES || TB_RAW3(SYS_mprotect, page, size,
					  PROT_READ | PROT_WRITE | PROT_EXEC))
		return;
	sites[count++] = (uintptr_t)at;
	*(volatile uint8_t *)(at + 1) = 0x0b;
	TB_RAW3(SYS_mprotect, page, size, PROT_READ | PROT_EXEC);
}

/* Eight bytes at a time: is one of them 0xa2? */
static bool has_a2(uint64_t eight)
{
	uint64_t x = eight ^ 0xa2a2a2a2a2a2a2a2ULL;

	return (x - 0x0101010101010101ULL) & ~x & 0x8080808080808080ULL;
}

static void search(uint8_t *start, uint8_t *end)
{
	for (uint8_t *p = start; p + 8 <= end; p += 8) {
		if (!has_a2(*(const uint64_t *)(const void *)p))
			continue;
		for (uint8_t *q = p; q < p + 8; q++)
			if (*q == 0xa2 && q > start && q[-1] == 0x0f &&
			    is_leaf_7(start, q - 1))
				rewrite(q - 1);
	}
}

static const char *hex(const char *p, uint64_t *value)
{
	for (*value = 0;; p++) {
		if (*p >= '0' && *p <= '9')
			*value = *value * 16 + (uint64_t)(*p - '0');
		else if (*p >= 'a' && *p <= 'f')
			*value = *value * 16 + (uint64_t)(*p - 'a' + 10);
		else
			return p;
	}
}

/* "start-end r-xp offset device inode   /path": code of a file. */
static void one_mapping(const char *line)
{
	uint64_t start, end;
	const char *p = hex(line, &start);

	if (*p++ != '-')
		return;
	p = hex(p, &end);
	if (p[0] != ' ' || p[1] != 'r' || p[3] != 'x' || p[4] != 'p' ||
	    end - start > CODE_MOST)
		return;
	while (*p && *p != '/')
		p++;
	if (*p)
		search((uint8_t *)start, (uint8_t *)end);
}

void tb_cpu_rewrite_cpuid(void)
{
	char line[LINE], block[1024];
	unsigned int n = 0;
	long fd = TB_RAW3(SYS_open, "/proc/self/maps", O_RDONLY | O_CLOEXEC, 0);
	long got;

	if (fd < 0)
		return;
	while ((got = TB_RAW3(SYS_read, fd, block, sizeof(block))) > 0)
		for (long i = 0; i < got; i++) {
			if (block[i] != '\n') {
				/* A path that is cut is one all the same. */
				if (n < LINE - 1)
					line[n++] = block[i];
				continue;
			}
			line[n] = 0;
			one_mapping(line);
			n = 0;
		}
	TB_RAW1(SYS_close, fd);
}

bool tb_cpu_is_rewritten(uint64_t rip)
{
	for (unsigned int i = 0; i < count; i++)
		if (sites[i] == rip)
			return true;
	return false;
}
