// SPDX-License-Identifier: MIT
/*
 * Room: TEST.  A queue that is disabled while it is open and mapped, as an
 * administrator does it (drivers/dma/idxd/cdev.c, idxd_user_drv_remove): the
 * node goes, open files and portals stay, and the portal answers Retry.
 * May: disable and enable the queue, as root.  Must not: use code of src/.
 */
#include "guest.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

static sigjmp_buf back;
static void *volatile bus_addr;

static const char *name_of_queue(void)
{
	return strrchr(guest.path, '/') + 1;
}

static bool put(const char *dir, const char *file, const char *text)
{
	char path[160];
	FILE *to;
	bool ok;

	snprintf(path, sizeof(path), "/sys/bus/dsa/%s/%s", dir, file);
	to = fopen(path, "we");
	if (!to)
		return false;
	ok = fputs(text, to) >= 0;
	return fclose(to) == 0 && ok;
}

static bool disable(void)
{
	return put("drivers/user", "unbind", name_of_queue());
}

/* The driver has forgotten most of the configuration. */
static bool enable(void)
{
	char dir[64];

	snprintf(dir, sizeof(dir), "devices/%s", name_of_queue());
	return put(dir, "mode", "shared") && put(dir, "name", "again") &&
	       put(dir, "threshold", "4") &&
	       put("drivers/user", "bind", name_of_queue());
}

static void on_bus(int sig, siginfo_t *info, void *context)
{
	(void)sig;
	(void)context;
	bus_addr = info->si_addr;
	siglongjmp(back, 1);
}

/* Does ENQCMD to that portal raise SIGBUS there? */
static bool is_gone(void *portal)
{
	struct dsa_hw_desc desc = desc_of(DSA_OPCODE_NOOP, BOTH);
	struct sigaction set, old;

	memset(&set, 0, sizeof(set));
	set.sa_sigaction = on_bus;
	set.sa_flags = SA_SIGINFO;
	sigaction(SIGBUS, &set, &old);
	bus_addr = NULL;
	if (!sigsetjmp(back, 1))
		enqcmd(portal, &desc);
	sigaction(SIGBUS, &old, NULL);
	return bus_addr == portal;
}

static void *map(int fd)
{
	return mmap(NULL, 4096, PROT_WRITE, MAP_SHARED, fd, 0);
}

static bool works(void *portal)
{
	struct dsa_hw_desc desc = desc_of(DSA_OPCODE_NOOP, BOTH);

	memset((void *)rec, 0, sizeof(*rec));
	return enqcmd(portal, &desc) && wait_for(rec, 2000) == DSA_COMP_SUCCESS;
}

static bool retries(void *portal)
{
	struct dsa_hw_desc desc = desc_of(DSA_OPCODE_NOOP, BOTH);

	return !enqcmd(portal, &desc);
}

/* Errno of a write of one descriptor, or 0. */
static int write_errno(void)
{
	struct dsa_hw_desc desc = desc_of(DSA_OPCODE_NOOP, BOTH);

	return write(guest.fd, &desc, sizeof(desc)) < 0 ? errno : 0;
}

static bool begin(void)
{
	int fd;

	if (!disable()) {
		skip("disable", "the queue can't be disabled by this user");
		return false;
	}
	fd = open(guest.path, O_RDWR);
	check(fd < 0 && (errno == ENOENT || errno == ENXIO), "disabled-open",
	      "fd %d, %s", fd, strerror(errno));
	return true;
}

/* Enabled again, a new open file serves in any case. */
static void end(void)
{
	int fd = open(guest.path, O_RDWR);

	if (!guest.portal) {
		int old = guest.fd;

		guest.fd = fd;
		check(fd >= 0 && write_errno() == 0, "enabled-write", "%s",
		      strerror(errno));
		guest.fd = old;
		return;
	}
	{
		void *portal = map(fd);

		check(portal != MAP_FAILED && works(portal), "enabled-portal",
		      "%p", portal);
	}
}

void test_disable(void)
{
	void *second;

	if (!begin())
		return;
	if (guest.portal) {
		check(retries(guest.portal), "disabled-portal-retries",
		      "accepted");
		second = map(guest.fd);
		check(second != MAP_FAILED && retries(second),
		      "disabled-mmap-of-an-open-file", "%p", second);
	} else {
		check(write_errno() == EAGAIN, "disabled-write", "%s",
		      strerror(errno));
	}
	check(enable(), "enable-again", "%s", strerror(errno));
	if (guest.portal)
		check(works(guest.portal), "enabled-old-portal", "status %02x",
		      rec->status);
	end();
}

void test_disable_unmaps(void)
{
	if (!begin())
		return;
	if (guest.portal) {
		check(is_gone(guest.portal), "disabled-portal-gone", "%p",
		      bus_addr);
		check(map(guest.fd) == MAP_FAILED && errno == ENODEV,
		      "disabled-mmap-refused", "%s", strerror(errno));
	}
	check(write_errno() == ENODEV, "disabled-write-refused", "%s",
	      strerror(errno));
	check(enable(), "enable-again", "%s", strerror(errno));
	if (guest.portal)
		check(is_gone(guest.portal), "enabled-old-portal-gone", "%p",
		      bus_addr);
	end();
}
