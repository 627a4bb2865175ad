// SPDX-License-Identifier: MIT
/*
 * Room: TEST.  The driver's rules for the node: mmap, write, fork, close.
 * May: fork.  Must not: use code of src/.
 */
#include "guest.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static int map_errno(size_t length)
{
	void *p = mmap(NULL, length, PROT_WRITE, MAP_SHARED, guest.fd, 0);

	if (p == MAP_FAILED)
		return errno;
	munmap(p, length);
	return 0;
}

static void test_mmap(void)
{
	int error = map_errno(4096);

	if (!guest.portal) {
		check(error == EPERM, "mmap-refused", "%s", strerror(error));
		return;
	}
	check(error == 0, "mmap-again", "%s", strerror(error));
	error = map_errno(8192);
	check(error == EINVAL, "mmap-two-pages", "%s", strerror(error));
}

/* In a child: its exit status, or 256 plus the signal that killed it. */
static int in_child(int (*what)(void))
{
	int status;
	pid_t pid = fork();

	if (pid == 0)
		_exit(what());
	waitpid(pid, &status, 0);
	return WIFSIGNALED(status) ? 256 + WTERMSIG(status)
				   : WEXITSTATUS(status);
}

static int write_inherited(void)
{
	struct dsa_hw_desc desc = desc_of(DSA_OPCODE_NOOP, BOTH);

	return write(guest.fd, &desc, sizeof(desc)) < 0 ? errno : 0;
}

static int map_inherited(void)
{
	return map_errno(4096);
}

static int enqcmd_inherited(void)
{
	struct dsa_hw_desc desc = desc_of(DSA_OPCODE_NOOP, BOTH);

	enqcmd(guest.portal, &desc);
	return 0;
}

static int own_queue(void)
{
	guest.fd = open(guest.path, O_RDWR);
	if (guest.fd < 0)
		return errno;
	if (guest.portal) {
		guest.portal =
			mmap(NULL, 4096, PROT_WRITE, MAP_SHARED, guest.fd, 0);
		if (guest.portal == MAP_FAILED)
			return errno;
	}
	{
		struct dsa_hw_desc desc = desc_of(DSA_OPCODE_NOOP, BOTH);

		return run(&desc) == DSA_COMP_SUCCESS ? 0 : 255;
	}
}

static void test_fork(void)
{
	int ret = in_child(write_inherited);

	check(ret == EPERM, "fork-write-refused", "%s", strerror(ret));
	ret = in_child(map_inherited);
	check(ret == EPERM, "fork-mmap-refused", "%s", strerror(ret));
	ret = in_child(own_queue);
	check(ret == 0, "fork-own-queue", "%d", ret);
	if (!guest.portal)
		return;
	ret = in_child(enqcmd_inherited);
	check(ret == 256 + SIGSEGV, "fork-portal-gone", "%d", ret);
}

static void *inherited;

/* With a queue and a portal of its own: through the parent's it is refused. */
static int through_inherited(void)
{
	struct dsa_hw_desc desc = desc_of(DSA_OPCODE_NOOP, BOTH);
	int own = own_queue();

	if (own)
		return own;
	enqcmd(inherited, &desc);
	return 0;
}

/*
 * A portal that libc does not know of and that nobody has used yet, in a
 * child that libc does not know of.
 */
static void test_raw_portal(void)
{
	int fd = open(guest.path, O_RDWR), status = -1;
	pid_t pid;

	inherited = (void *)syscall(SYS_mmap, NULL, 4096, PROT_WRITE,
				    MAP_SHARED, fd, 0);
	close(fd);
	pid = (pid_t)syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0);
	if (pid == 0)
		_exit(through_inherited());
	waitpid(pid, &status, 0);
	check(WIFSIGNALED(status) && WTERMSIG(status) == SIGSEGV,
	      "clone-unused-portal-gone", "status %x", status);
	{
		struct dsa_hw_desc desc = desc_of(DSA_OPCODE_NOOP, BOTH);
		void *first = guest.portal;

		guest.portal = inherited;
		status = run(&desc);
		guest.portal = first;
	}
	check(status == DSA_COMP_SUCCESS, "clone-portal-stays-the-parent's",
	      "status %02x", status);
	munmap(inherited, 4096);
}

static int vfork_stack[16384];

static int vfork_body(void *unused)
{
	struct dsa_hw_desc desc = desc_of(DSA_OPCODE_NOOP, BOTH);

	(void)unused;
	_exit(run(&desc) == DSA_COMP_SUCCESS ? 0 : 1);
}

static void test_vfork(void)
{
	int status = -1;
	pid_t pid = clone(vfork_body, vfork_stack + 16380,
			  CLONE_VM | CLONE_VFORK | SIGCHLD, NULL);

	if (pid > 0)
		waitpid(pid, &status, 0);
	check(status == 0, "vfork-same-memory", "status %x", status);
}

static void test_write_lengths(void)
{
	struct dsa_hw_desc desc[3];
	struct dsa_completion_record *r = (void *)pages(1, true);
	void *gone;
	ssize_t n;

	for (int i = 0; i < 3; i++) {
		desc[i] = desc_of(DSA_OPCODE_NOOP, BOTH);
		desc[i].completion_addr = (uintptr_t)(r + i);
	}
	n = write(guest.fd, desc, 63);
	check(n == 0, "write-less-than-one", "%zd", n);
	n = write(guest.fd, desc, 64 + 17);
	check(n == 64 && wait_for(r, 2000) == 1, "write-tail-ignored", "%zd",
	      n);
	n = write(guest.fd, desc + 1, 128);
	check(n == 128 && wait_for(r + 1, 2000) == 1 &&
		      wait_for(r + 2, 2000) == 1,
	      "write-two", "%zd", n);
	desc[1].completion_addr += 8;
	n = write(guest.fd, desc, sizeof(desc));
	check(n == 64, "write-stops-at-the-bad-one", "%zd", n);
	n = write(guest.fd, desc + 1, 64);
	check(n < 0 && errno == EINVAL, "write-misaligned-record", "%zd", n);
	gone = pages(1, true);
	munmap(gone, 4096);
	n = write(guest.fd, gone, 64);
	check(n < 0 && errno == EFAULT, "write-bad-pointer", "%zd", n);
	/* PASID and privilege are the kernel's to fill in. */
	desc[0].pasid = 77;
	desc[0].priv = 1;
	r[0].status = 0;
	n = write(guest.fd, desc, 64);
	check(n == 64 && wait_for(r, 2000) == 1, "write-pasid-overwritten",
	      "%zd", n);
}

static void test_node(void)
{
	char byte;
	struct stat st, again;

	check(read(guest.fd, &byte, 1) <= 0, "read-gives-nothing", "taken");
	check(lseek(guest.fd, 0, SEEK_SET) < 0 && errno == ESPIPE,
	      "seek-refused", "%s", strerror(errno));
	check(fstat(guest.fd, &st) == 0 && stat(guest.path, &again) == 0 &&
		      st.st_ino == again.st_ino && st.st_dev == again.st_dev,
	      "one-identity", "differs");
}

static void test_close(void)
{
	struct dsa_hw_desc desc = desc_of(DSA_OPCODE_MEMMOVE, BOTH);
	struct dsa_completion_record *r = (void *)pages(1, true);
	int fd = open(guest.path, O_RDWR);
	unsigned char *a = pages(256, true), *b = pages(256, true);
	int n = 0;

	desc.src_addr = (uintptr_t)a;
	desc.dst_addr = (uintptr_t)b;
	desc.xfer_size = 256 * 4096;
	for (int i = 0; i < 8; i++) {
		desc.completion_addr = (uintptr_t)(r + i);
		n += write(fd, &desc, 64) == 64;
	}
	close(fd);
	for (int i = 0; i < n; i++)
		n -= r[i].status != DSA_COMP_SUCCESS;
	check(n > 0 && r[n - 1].status == DSA_COMP_SUCCESS, "close-drains",
	      "%d done", n);
}

void test_kernel(void)
{
	test_node();
	test_mmap();
	test_fork();
	test_vfork();
	if (guest.portal) {
		test_raw_portal();
		return;
	}
	test_write_lengths();
	test_close();
}
