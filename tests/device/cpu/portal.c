// SPDX-License-Identifier: MIT
/*
 * Room: HOT.  Which queue an address is a portal of.  The kernel's list of
 * mappings is asked once per portal; that it still is one, each time.
 * May: raw system calls.  Must not: touch the portal: a page of a node is
 * never readable, so that stores to it trap.
 */
#include "cpu.h"
#include "raw.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/kcmp.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/types.h>
#include <sys/uio.h>

#define MAX_PORTALS 128
#define EXPORT __attribute__((visibility("default")))

struct portal {
	_Atomic uint64_t page;
	uint32_t queue, pid;
	uint32_t era; /* of the queue, when it was opened */
};

/* In memory that a fork child finds empty, as it does its portals. */
static struct portal *portals;
static struct portal fallback[MAX_PORTALS];

EXPORT void *mmap(void *addr, size_t length, int prot, int flags, int fd,
		  off_t offset);
EXPORT void *mmap64(void *addr, size_t length, int prot, int flags, int fd,
		    off_t offset);

void tb_cpu_portal_init(void)
{
	long p = TB_RAW6(SYS_mmap, 0, 4096, PROT_READ | PROT_WRITE,
			 MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	portals = p < 0 && p > -4096 ? fallback : (struct portal *)p;
	TB_RAW3(SYS_madvise, portals, 4096, MADV_WIPEONFORK);
}

/* Does process pid run in this address space?  (Ours, or after a vfork.) */
static bool is_same_mm(uint32_t pid)
{
	long self = TB_RAW0(SYS_getpid);

	return pid == (uint32_t)self ||
	       TB_RAW6(SYS_kcmp, self, pid, KCMP_VM, 0, 0, 0) == 0;
}

/* The era of the queue that process pid has opened; false: has not. */
static bool has_opened(uint32_t queue, uint32_t pid, uint32_t *era)
{
	bool is_open = false;

	for (int i = 0; i < TB_MAX_OPENS; i++) {
		struct tb_open *open = &tb_cpu_shm->opens[i];

		if (atomic_load(&open->pid) != pid ||
		    atomic_load(&open->queue) != queue)
			continue;
		if (!is_open || atomic_load(&open->era) > *era)
			*era = atomic_load(&open->era);
		is_open = true;
	}
	return is_open;
}

/* Remember it; the mapping is not to be inherited (VM_DONTCOPY). */
static const struct portal *add(uint64_t page, uint32_t queue, uint32_t pid,
				uint32_t era)
{
	for (int i = 0; i < MAX_PORTALS; i++) {
		uint64_t was = atomic_load(&portals[i].page);

		if (was && was != page)
			continue;
		portals[i].queue = queue;
		portals[i].pid = pid;
		portals[i].era = era;
		atomic_store(&portals[i].page, page);
		TB_RAW3(SYS_madvise, page, 4096, MADV_DONTFORK);
		return &portals[i];
	}
	return NULL;
}

static const struct portal *find(uint64_t page)
{
	for (int i = 0; i < MAX_PORTALS; i++)
		if (atomic_load(&portals[i].page) == page)
			return &portals[i];
	return NULL;
}

/* A page of a node: mapped, and not to be read.  pid: of this memory. */
static bool is_portal_like(uint64_t page, uint32_t pid)
{
	uint8_t byte;
	struct iovec local = {&byte, 1}, remote = {(void *)page, 1};

	return TB_RAW6(SYS_process_vm_readv, pid, &local, 1, &remote, 1, 0) ==
	       -EFAULT;
}

static uint64_t number(const char **p, unsigned int base)
{
	uint64_t value = 0;

	for (;; (*p)++) {
		unsigned int digit = (unsigned int)(**p - '0');

		if (digit > 9)
			digit = (unsigned int)((**p | 32) - 'a' + 10);
		if (digit >= base || **p < '0')
			return value;
		value = value * base + digit;
	}
}

/* A line "low-high perms offset major:minor inode path": a node's or 0. */
static uint64_t node_of_line(const char *p, uint64_t page)
{
	uint64_t low = number(&p, 16), high, major, minor, ino;

	p++;
	high = number(&p, 16);
	if (page < low || page >= high)
		return 0;
	p += 6; /* " rwxp " */
	number(&p, 16);
	p++;
	major = number(&p, 16);
	p++;
	minor = number(&p, 16);
	p++;
	ino = number(&p, 10);
	if (gnu_dev_makedev((unsigned int)major, (unsigned int)minor) !=
		    tb_cpu_shm->node_dev ||
	    !TB_INO_IS_NODE(ino))
		return 0;
	return ino;
}

/* The node behind a page, from /proc/self/maps, or 0. */
static uint64_t look_up(uint64_t page)
{
	char buf[1024];
	uint64_t node = 0;
	long fd = TB_RAW3(SYS_open, "/proc/self/maps", O_RDONLY | O_CLOEXEC, 0);
	size_t used = 0;
	long n;

	if (fd < 0)
		return 0;
	while (!node && (n = TB_RAW3(SYS_read, fd, buf + used, 512)) > 0) {
		size_t end = used + (size_t)n, start = 0;

		for (size_t i = 0; i < end && !node; i++) {
			if (buf[i] != '\n')
				continue;
			node = node_of_line(buf + start, page);
			start = i + 1;
		}
		used = end - start;
		/* Longer than any line that we look for. */
		if (used > 511)
			used = 0;
		for (size_t i = 0; i < used; i++)
			buf[i] = buf[end - used + i];
	}
	TB_RAW1(SYS_close, fd);
	return node;
}

int tb_cpu_portal(uint64_t addr, uint32_t *pid)
{
	uint64_t page = addr & ~4095ULL;
	const struct portal *portal = find(page);
	unsigned char present;

	/*
	 * A cheap call that tells whether anything is mapped there, and one
	 * that no sandbox of the tests minds.
	 */
	if (TB_RAW3(SYS_mincore, page, 4096, &present) == -ENOMEM)
		return -1;
	if (!is_portal_like(page, portal ? portal->pid
					 : (uint32_t)TB_RAW0(SYS_getpid)))
		return -2;
	if (!portal) {
		uint64_t node = look_up(page);
		uint32_t owner = TB_INO_OWNER(node), era = 0;

		/* VM_DONTCOPY: on hardware a child would find no page here. */
		if (!node || !is_same_mm(owner))
			return -1;
		if (!has_opened(TB_INO_QUEUE(node), owner, &era))
			return -3;
		portal = add(page, TB_INO_QUEUE(node), owner, era);
		if (!portal)
			return -2;
	}
	if (portal->era != atomic_load(&tb_cpu_shm->queues[portal->queue].era))
		return -4;
	*pid = portal->pid;
	return (int)portal->queue;
}

/* Only to learn of portals early, before a fork can copy them. */
void *mmap(void *addr, size_t length, int prot, int flags, int fd, off_t offset)
{
	long ret = TB_RAW6(SYS_mmap, addr, length, prot, flags, fd, offset);
	uint32_t pid, era = 0;
	struct stat st;

	if (ret < 0 && ret > -4096) {
		errno = (int)-ret;
		return MAP_FAILED;
	}
	if (!tb_cpu_shm || fd < 0 || !(flags & MAP_SHARED) ||
	    TB_RAW2(SYS_fstat, fd, &st) < 0 ||
	    st.st_dev != tb_cpu_shm->node_dev || !TB_INO_IS_NODE(st.st_ino))
		return (void *)ret;
	pid = (uint32_t)TB_RAW0(SYS_getpid);
	has_opened(TB_INO_QUEUE(st.st_ino), pid, &era);
	add((uint64_t)ret, TB_INO_QUEUE(st.st_ino), pid, era);
	return (void *)ret;
}

void *mmap64(void *addr, size_t length, int prot, int flags, int fd,
	     off_t offset)
{
	return mmap(addr, length, prot, flags, fd, offset);
}
