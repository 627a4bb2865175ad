// SPDX-License-Identifier: MIT
/*
 * Room: TEST.  Pages that are not present, with and without block on fault
 * (specification 3.13, 5.8, 8.2).
 * May: its own pages.  Must not: use code of src/.
 */
#include "guest.h"

#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#define PAGE 4096u

static struct dsa_hw_desc move(const void *from, void *to, uint32_t n)
{
	struct dsa_hw_desc desc = desc_of(DSA_OPCODE_MEMMOVE, BOTH);

	desc.src_addr = (uintptr_t)from;
	desc.dst_addr = (uintptr_t)to;
	desc.xfer_size = n;
	return desc;
}

/* A partial completion at that address, after so many bytes. */
static void expect_fault(const char *name, const struct dsa_hw_desc *desc,
			 int status, const void *at, uint32_t bytes)
{
	uint8_t got = run(desc);

	check(got == status && rec->bytes_completed == bytes &&
		      rec->fault_addr / PAGE == (uintptr_t)at / PAGE,
	      name, "status %02x, %u bytes, address %llx not %p", got,
	      rec->bytes_completed, (unsigned long long)rec->fault_addr, at);
}

static void test_absent(void)
{
	unsigned char *a = pages(4, true), *b = pages(4, true);
	struct dsa_hw_desc desc;

	memset(a, 7, 4 * PAGE);
	madvise(b + 2 * PAGE, PAGE, MADV_DONTNEED);
	desc = move(a + 10, b + 20, 3 * PAGE);
	expect_fault("write-fault", &desc, 0x83, b + 2 * PAGE, 2 * PAGE - 20);
	check(rec->result == 0 && memcmp(a + 10, b + 20, 2 * PAGE - 20) == 0,
	      "write-fault-low-end-done", "result %d or bytes", rec->result);
	desc.src_addr += rec->bytes_completed;
	desc.dst_addr += rec->bytes_completed;
	desc.xfer_size -= rec->bytes_completed;
	b[2 * PAGE] = 0;
	expect("write-fault-resumed", &desc, DSA_COMP_SUCCESS);
	check(memcmp(a + 10, b + 20, 3 * PAGE) == 0, "write-fault-all-there",
	      "bytes differ");

	madvise(a + PAGE, PAGE, MADV_DONTNEED);
	desc = move(a, b, 3 * PAGE);
	expect_fault("read-fault", &desc, 0x03, a + PAGE, PAGE);
	madvise(a, PAGE, MADV_DONTNEED);
	expect_fault("read-fault-first-byte", &desc, 0x03, a, 0);
	desc = desc_of(DSA_OPCODE_MEMFILL, BOTH);
	desc.dst_addr = (uintptr_t)b;
	desc.xfer_size = 2 * PAGE;
	madvise(b + PAGE, PAGE, MADV_DONTNEED);
	expect_fault("fill-fault", &desc, 0x83, b + PAGE, PAGE);
}

static void test_unwritable(void)
{
	unsigned char *a = pages(2, true), *b = pages(2, true);
	struct dsa_hw_desc desc = move(a, b, 2 * PAGE);

	mprotect(b + PAGE, PAGE, PROT_READ);
	expect_fault("read-only-destination", &desc, 0x83, b + PAGE, PAGE);
	munmap(b + PAGE, PAGE);
	expect_fault("unmapped-destination", &desc, 0x83, b + PAGE, PAGE);
	munmap(a + PAGE, PAGE);
	desc.dst_addr = (uintptr_t)pages(2, true);
	expect_fault("unmapped-source", &desc, 0x03, a + PAGE, PAGE);
}

static void test_zero_page(void)
{
	unsigned char *a = pages(1, true), *b = pages(1, false);
	struct dsa_hw_desc desc = move(a, b, PAGE);
	volatile unsigned char seen = b[5];

	/* Reading has mapped the page of zeros, which can't be written to. */
	(void)seen;
	expect_fault("zero-page-destination", &desc, 0x83, b, 0);
	desc = move(b, a, PAGE);
	expect("zero-page-source", &desc, DSA_COMP_SUCCESS);
}

static void test_copy_on_write(void)
{
	unsigned char *a = pages(1, true), *b = pages(1, true);
	struct dsa_hw_desc desc = move(a, b, PAGE);
	int fds[2];
	char c;
	pid_t pid;

	a[0] = 9;
	if (pipe(fds) < 0)
		return;
	pid = fork();
	if (pid == 0) {
		close(fds[1]);
		_exit(read(fds[0], &c, 1) < 0);
	}
	expect_fault("copy-on-write-destination", &desc, 0x83, b, 0);
	desc = move(b, a, PAGE);
	desc.src_addr = (uintptr_t)a;
	close(fds[1]);
	waitpid(pid, NULL, 0);
}

static void test_blocking(void)
{
	unsigned char *a = pages(3, true), *b = pages(3, false);
	struct dsa_hw_desc desc = move(a, b, 3 * PAGE);

	if (!guest.has_bof)
		return;
	memset(a, 5, 3 * PAGE);
	desc.flags |= BOF;
	expect("block-on-fault", &desc, DSA_COMP_SUCCESS);
	check(memcmp(a, b, 3 * PAGE) == 0, "block-on-fault-bytes", "differ");
	munmap(b + PAGE, PAGE);
	run(&desc);
	check((rec->status & 0x7f) == DSA_COMP_PAGE_FAULT_IR &&
		      rec->bytes_completed == PAGE,
	      "block-on-fault-in-vain", "status %02x, %u bytes", rec->status,
	      rec->bytes_completed);
}

static void test_record_page(void)
{
	struct dsa_completion_record *r = (void *)pages(1, false);
	struct dsa_hw_desc desc = desc_of(DSA_OPCODE_NOOP, BOTH);

	/* The record's page always blocks: it is faulted in. */
	desc.completion_addr = (uintptr_t)r;
	submit(&desc);
	check(wait_for(r, 2000) == DSA_COMP_SUCCESS, "record-page-absent",
	      "status %02x", r->status);
}

void test_faults(void)
{
	test_absent();
	test_unwritable();
	test_zero_page();
	test_copy_on_write();
	test_blocking();
	test_record_page();
}
