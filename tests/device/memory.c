// SPDX-License-Identifier: MIT
/*
 * Room: HOT.  Executes on engine threads.
 * May: process_vm_readv and process_vm_writev, the client's pagemap.  Must
 * not: take locks, stop the client.
 *
 * Those calls fault pages in, which a device does not: so what is present is
 * asked for first, from the pagemap.
 */
#include "memory.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

#define PAGE 4096ULL
#define PM_PRESENT (1ULL << 63)
#define PM_FILE (1ULL << 61)
#define PM_EXCLUSIVE (1ULL << 56)
#define BATCH 512 /* pagemap entries asked for at a time */

static const struct tb_memory *self(const struct dsam_memory *m)
{
	return (const struct tb_memory *)(const void *)m;
}

/* May the mapping at addr be written through to what is shared with others? */
static bool is_shared_writable(const struct tb_memory *mem, uint64_t addr)
{
	char line[512], path[48], perms[8] = "";
	unsigned long low, high;
	bool is_found = false;
	FILE *maps;

	snprintf(path, sizeof(path), "/proc/%d/maps", (int)mem->pid);
	maps = fopen(path, "re");
	if (!maps)
		return false;
	while (!is_found && fgets(line, sizeof(line), maps))
		is_found =
			sscanf(line, "%lx-%lx %7s", &low, &high, perms) == 3 &&
			addr >= low && addr < high;
	fclose(maps);
	return is_found && perms[1] == 'w' && perms[3] == 's';
}

/*
 * Would a device's access to the page go through?  A write to a page that is
 * shared copy-on-write, to the zero page or to a private page of a file would
 * not: its entry in the page table is read-only.
 */
static bool is_accessible(const struct tb_memory *mem, uint64_t entry,
			  uint64_t addr, bool is_write)
{
	if (!(entry & PM_PRESENT))
		return false;
	if (!is_write)
		return true;
	if (entry & PM_FILE)
		return is_shared_writable(mem, addr);
	return entry & PM_EXCLUSIVE;
}

static size_t present_up(const struct tb_memory *mem, uint64_t addr, size_t n,
			 bool is_write)
{
	uint64_t entries[BATCH];
	uint64_t page = addr / PAGE, end = (addr + n - 1) / PAGE + 1;
	bool is_file_ok = false;

	while (page < end) {
		size_t want = end - page > BATCH ? BATCH : end - page;
		ssize_t got = pread(mem->pagemap, entries, want * 8,
				    (off_t)(page * 8));

		if (got <= 0)
			break;
		for (size_t i = 0; i < (size_t)got / 8; i++, page++) {
			/* One mapping is asked about once per run of pages. */
			if (is_file_ok && (entries[i] & PM_FILE) &&
			    (entries[i] & PM_PRESENT))
				continue;
			if (!is_accessible(mem, entries[i], page * PAGE,
					   is_write))
				goto out;
			is_file_ok = is_write && (entries[i] & PM_FILE);
		}
	}
out:
	if (page >= end)
		return n;
	return page * PAGE <= addr ? 0 : (size_t)(page * PAGE - addr);
}

static size_t present_down(const struct tb_memory *mem, uint64_t addr, size_t n,
			   bool is_write)
{
	uint64_t first = addr / PAGE, page = (addr + n - 1) / PAGE + 1;
	uint64_t entry;

	while (page > first) {
		if (pread(mem->pagemap, &entry, 8, (off_t)((page - 1) * 8)) !=
			    8 ||
		    !is_accessible(mem, entry, (page - 1) * PAGE, is_write))
			break;
		page--;
	}
	if (page == first)
		return n;
	return page * PAGE >= addr + n ? 0 : (size_t)(addr + n - page * PAGE);
}

static size_t mem_present(const struct dsam_memory *m, uint64_t addr, size_t n,
			  bool is_write, bool from_end)
{
	/* No user address is there, and none may wrap. */
	if (!n || addr + n < addr || addr + n > 1ULL << 56)
		return 0;
	return from_end ? present_down(self(m), addr, n, is_write)
			: present_up(self(m), addr, n, is_write);
}

/*
 * After an exec the process has another address space, which is none of our
 * business: the pagemap stays that of the old one, and is empty then.
 */
static bool is_gone(const struct dsam_memory *m)
{
	uint64_t entry;

	return pread(self(m)->pagemap, &entry, 8, 0) != 8;
}

static size_t mem_read(const struct dsam_memory *m, void *buf, uint64_t addr,
		       size_t n)
{
	struct iovec local = {buf, n};
	struct iovec remote = {(void *)(uintptr_t)addr, n};
	size_t done = 0;

	while (done < n && !is_gone(m)) {
		ssize_t ret = process_vm_readv(self(m)->pid, &local, 1, &remote,
					       1, 0);

		if (ret <= 0)
			break;
		done += (size_t)ret;
		local.iov_base = (char *)buf + done;
		remote.iov_base = (void *)(uintptr_t)(addr + done);
		local.iov_len = remote.iov_len = n - done;
	}
	return done;
}

static size_t mem_write(const struct dsam_memory *m, uint64_t addr,
			const void *buf, size_t n)
{
	struct iovec local = {(void *)(uintptr_t)buf, n};
	struct iovec remote = {(void *)(uintptr_t)addr, n};
	size_t done = 0;

	while (done < n && !is_gone(m)) {
		ssize_t ret = process_vm_writev(self(m)->pid, &local, 1,
						&remote, 1, 0);

		if (ret <= 0)
			break;
		done += (size_t)ret;
		local.iov_base = (void *)((uintptr_t)buf + done);
		remote.iov_base = (void *)(uintptr_t)(addr + done);
		local.iov_len = remote.iov_len = n - done;
	}
	return done;
}

/*
 * The kernel gets hold of the remote page, for writing, before it reads the
 * local one: with nothing there the page is faulted in and not changed.
 */
static bool mem_fault_in(const struct dsam_memory *m, uint64_t addr,
			 bool is_write)
{
	struct iovec local = {(void *)(uintptr_t)(PAGE / 2), 1};
	struct iovec remote = {(void *)(uintptr_t)addr, 1};
	char byte;

	if (is_gone(m))
		return false;
	if (is_write)
		(void)!process_vm_writev(self(m)->pid, &local, 1, &remote, 1,
					 0);
	else if (mem_read(m, &byte, addr, 1) != 1)
		return false;
	return mem_present(m, addr, 1, is_write, false) == 1;
}

/* Pages of a piece in another order than ascending: odd ones, then even. */
static size_t write_scrambled(const struct dsam_memory *m, uint64_t addr,
			      const unsigned char *buf, size_t n)
{
	for (size_t parity = 2; parity-- > 0;) {
		for (size_t at = parity * 256; at < n; at += 512) {
			size_t len = n - at > 256 ? 256 : n - at;

			if (mem_write(m, addr + at, buf + at, len) != len)
				return mem_write(m, addr, buf, n);
		}
	}
	return n;
}

static size_t put(const struct dsam_memory *m, uint64_t addr, const void *buf,
		  size_t n)
{
	return self(m)->is_scrambling ? write_scrambled(m, addr, buf, n)
				      : mem_write(m, addr, buf, n);
}

static size_t mem_copy(const struct dsam_memory *m, uint64_t dst, uint64_t src,
		       size_t n, bool backward, bool *write_fault)
{
	unsigned char *bounce = self(m)->bounce;
	size_t done = 0;

	while (done < n) {
		size_t len = n - done > TB_BOUNCE ? TB_BOUNCE : n - done;
		size_t at = backward ? n - done - len : done;
		size_t got = mem_read(m, bounce, src + at, len);
		size_t out;

		*write_fault = false;
		/* From the high end only whole pieces count. */
		if (backward && got < len)
			return done;
		out = put(m, dst + at, bounce, got);
		if (out < got) {
			*write_fault = true;
			return backward ? done : done + out;
		}
		done += out;
		if (got < len)
			return done;
	}
	return done;
}

static size_t mem_fill(const struct dsam_memory *m, uint64_t dst,
		       uint64_t pattern, size_t n)
{
	unsigned char *bounce = self(m)->bounce;
	size_t done = 0;

	for (size_t i = 0; i < TB_BOUNCE && i < n; i += 8)
		memcpy(bounce + i, &pattern, 8);
	while (done < n) {
		size_t len = n - done > TB_BOUNCE ? TB_BOUNCE : n - done;
		size_t out = put(m, dst + done, bounce, len);

		done += out;
		if (out < len)
			break;
	}
	return done;
}

void tb_memory_init(struct tb_memory *memory, pid_t pid, int pagemap,
		    bool is_scrambling, unsigned char *bounce)
{
	*memory = (struct tb_memory){
		.ops = {.present = mem_present,
			.fault_in = mem_fault_in,
			.read = mem_read,
			.write = mem_write,
			.copy = mem_copy,
			.fill = mem_fill},
		.pid = pid,
		.pagemap = pagemap,
		.is_scrambling = is_scrambling,
		.bounce = bounce,
	};
}
