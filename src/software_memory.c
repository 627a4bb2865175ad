// SPDX-License-Identifier: MIT
/*
 * Room: HOT.  Memory accessors of the software DSA.
 * May: libc's memory functions; process_vm_readv and writev on ourselves.
 * Must not: anything else.
 */
#include "software_memory.h"

#include "libc_mem.h"
#include "syscall.h"

#include <errno.h>
#include <linux/uio.h>

#define PATTERN_BYTES 4096U
#define PATTERN_TIMES 64U

static void *at(uint64_t addr)
{
	return (void *)(uintptr_t)addr;
}

static size_t direct_read(const struct dsam_memory *m, void *buf, uint64_t addr,
			  size_t n)
{
	(void)m;
	dsam_libc.memmove(buf, at(addr), n);
	return n;
}

static size_t direct_write(const struct dsam_memory *m, uint64_t addr,
			   const void *buf, size_t n)
{
	(void)m;
	dsam_libc.memmove(at(addr), buf, n);
	return n;
}

static size_t direct_copy(const struct dsam_memory *m, uint64_t dst,
			  uint64_t src, size_t n, bool backward,
			  bool *write_fault)
{
	(void)m;
	(void)backward;
	*write_fault = false;
	dsam_libc.memmove(at(dst), at(src), n);
	return n;
}

static size_t direct_fill(const struct dsam_memory *m, uint64_t dst,
			  uint64_t pattern, size_t n)
{
	unsigned char *d = at(dst);

	(void)m;
	if (pattern == (pattern & 0xff) * 0x0101010101010101ULL) {
		dsam_libc.memset(d, (int)(pattern & 0xff), n);
		return n;
	}
	for (size_t i = 0; i < n; i++)
		d[i] = (unsigned char)(pattern >> (8 * (i % 8)));
	return n;
}

const struct dsam_memory dsam_software_direct = {
	.read = direct_read,
	.write = direct_write,
	.copy = direct_copy,
	.fill = direct_fill,
};

/* local -> remote (SYS_process_vm_writev) or back; both are this process. */
static size_t transfer(long nr, const struct iovec *local, size_t locals,
		       uint64_t remote, size_t n)
{
	struct iovec r = {at(remote), n};
	long pid = dsam_syscall3(SYS_getpid, 0, 0, 0);
	long rc = dsam_syscall6(nr, pid, (long)local, (long)locals, (long)&r, 1,
				0);

	return rc > 0 ? (size_t)rc : 0;
}

static size_t remote_read(const struct dsam_memory *m, void *buf, uint64_t addr,
			  size_t n)
{
	struct iovec l = {buf, n};

	(void)m;
	return transfer(SYS_process_vm_readv, &l, 1, addr, n);
}

static size_t remote_write(const struct dsam_memory *m, uint64_t addr,
			   const void *buf, size_t n)
{
	struct iovec l = {(void *)(uintptr_t)buf, n};

	(void)m;
	return transfer(SYS_process_vm_writev, &l, 1, addr, n);
}

/*
 * Backward moves go by the piece, each no longer than the distance, so that
 * no byte is overwritten before it was read.
 */
static size_t remote_copy(const struct dsam_memory *m, uint64_t dst,
			  uint64_t src, size_t n, bool backward,
			  bool *write_fault)
{
	size_t done = 0, most = n, piece, got;
	uint64_t gap = dst > src ? dst - src : src - dst;
	char byte;

	*write_fault = false;
	if (gap < n)
		most = gap;
	while (done < n) {
		uint64_t off;
		struct iovec l;

		piece = n - done < most ? n - done : most;
		off = backward ? n - done - piece : done;
		l.iov_base = at(src + off);
		l.iov_len = piece;
		got = transfer(SYS_process_vm_writev, &l, 1, dst + off, piece);
		if (got == piece) {
			done += piece;
			continue;
		}
		/* Only whole pieces count from the end. */
		if (!backward)
			done += got;
		off = backward ? off : off + got;
		*write_fault = remote_read(m, &byte, src + off, 1) == 1;
		break;
	}
	return done;
}

static size_t remote_fill(const struct dsam_memory *m, uint64_t dst,
			  uint64_t pattern, size_t n)
{
	uint64_t page[PATTERN_BYTES / 8];
	struct iovec l[PATTERN_TIMES];
	size_t done = 0;

	(void)m;
	for (size_t i = 0; i < PATTERN_BYTES / 8; i++)
		page[i] = pattern;
	while (done < n) {
		size_t piece = n - done, count = 0, got;

		if (piece > sizeof(page) * PATTERN_TIMES)
			piece = sizeof(page) * PATTERN_TIMES;
		for (size_t left = piece; left; count++) {
			l[count].iov_base = page;
			l[count].iov_len =
				left < sizeof(page) ? left : sizeof(page);
			left -= l[count].iov_len;
		}
		got = transfer(SYS_process_vm_writev, l, count, dst + done,
			       piece);
		done += got;
		if (got < piece)
			break;
	}
	return done;
}

const struct dsam_memory dsam_software_remote = {
	.read = remote_read,
	.write = remote_write,
	.copy = remote_copy,
	.fill = remote_fill,
};

int dsam_software_remote_probe(void)
{
	char from = 1, to = 0;

	if (remote_write(&dsam_software_remote, (uintptr_t)&to, &from, 1) ==
		    1 &&
	    to == 1)
		return 0;
	return -EPERM;
}
