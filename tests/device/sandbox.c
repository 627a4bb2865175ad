// SPDX-License-Identifier: MIT
/*
 * Room: COLD.  Namespaces and mounts; all of it ends with the first process
 * in the namespaces, and nothing is written to a real file system.
 * May: mount in its own namespace.  Must not: run before that is private.
 */
#include "sandbox.h"
#include "cover.h"
#include "tb.h"
#include "tree.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

static int fail(const char *what)
{
	tb_say("%s: %s", what, strerror(errno));
	return -1;
}

static int put_text(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : write(fd, text, strlen(text));

	if (fd >= 0)
		close(fd);
	return n < 0 ? fail(path) : 0;
}

/* The user becomes root of a user namespace, and of nothing else. */
static int enter_as_user(void)
{
	char uids[64], gids[64];

	snprintf(uids, sizeof(uids), "0 %d 1", (int)geteuid());
	snprintf(gids, sizeof(gids), "0 %d 1", (int)getegid());
	if (access("/dev/fuse", R_OK | W_OK) < 0)
		return fail("/dev/fuse");
	if (unshare(CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWPID) < 0)
		return fail("user namespaces");
	if (put_text("/proc/self/setgroups", "deny") < 0 ||
	    put_text("/proc/self/uid_map", uids) < 0 ||
	    put_text("/proc/self/gid_map", gids) < 0)
		return -1;
	return 0;
}

int tb_sandbox_enter(void)
{
	if (geteuid() != 0)
		return enter_as_user();
	if (access("/dev/fuse", R_OK | W_OK) < 0)
		return fail("/dev/fuse");
	if (unshare(CLONE_NEWNS | CLONE_NEWPID) < 0)
		return fail("mount and process namespaces");
	return 0;
}

int tb_sandbox_prepare(void)
{
	if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
		return fail("private mounts");
	if (mount("proc", "/proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC,
		  NULL) < 0)
		return fail("mounting /proc");
	if (tb_cover("/dev", "dsa") < 0)
		return -1;
	if (mkdir("/dev/.dsa-testbed", 0755) < 0 || mkdir(TB_FS_PATH, 0755) < 0)
		return fail("/dev/.dsa-testbed");
	return 0;
}

/* A directory of the test device at its public place. */
static int show(const char *part, const char *at)
{
	char from[64];

	snprintf(from, sizeof(from), TB_FS_PATH "/%s", part);
	if ((mkdir(at, 0755) < 0 && errno != EEXIST) ||
	    mount(from, at, NULL, MS_BIND, NULL) < 0)
		return fail(at);
	if (tb_world.is_sys_readonly && strncmp(at, "/sys", 4) == 0 &&
	    mount(NULL, at, NULL, MS_REMOUNT | MS_BIND | MS_RDONLY, NULL) < 0)
		return fail(at);
	return 0;
}

/* /dev/char/MAJOR:MINOR, which some clients build from sysfs. */
static int link_numbers(void)
{
	if (access("/dev/char", F_OK) == 0 ? tb_cover("/dev/char", NULL) < 0
					   : mkdir("/dev/char", 0755) < 0)
		return -1;
	for (uint32_t q = 0; q < TB_MAX_QUEUES; q++) {
		const struct tb_wq *wq = tb_wq_of_queue(q);
		char path[40], target[40], name[16];

		if (!wq || wq->minor < 0)
			continue;
		snprintf(path, sizeof(path), "/dev/char/%d:%d", tb_world.major,
			 wq->minor);
		snprintf(target, sizeof(target), "../%s/%s",
			 wq->dev->is_iax ? "iax" : "dsa", tb_wq_name(wq, name));
		unlink(path);
		if (symlink(target, path) < 0)
			return fail(path);
	}
	return 0;
}

int tb_sandbox_show(void)
{
	if (tb_cover("/sys/bus", "dsa") < 0 ||
	    tb_cover("/sys/devices", TB_PCI_ROOT) < 0 ||
	    tb_cover("/sys/module", "idxd") < 0)
		return -1;
	/* accel-config asks whether the driver is there. */
	if (mkdir("/sys/module/idxd", 0755) < 0)
		return fail("/sys/module/idxd");
	if (show("pci", "/sys/devices/" TB_PCI_ROOT) < 0 ||
	    show("bus", "/sys/bus/dsa") < 0 || show("dev", "/dev/dsa") < 0)
		return -1;
	for (int d = 0; d < tb_world.ndevices; d++)
		if (tb_world.devices[d].is_iax)
			return show("iax", "/dev/iax") < 0 ? -1
							   : link_numbers();
	return link_numbers();
}

/* The lines of the real file stay in front. */
static int write_preload(const char *cpu)
{
	FILE *file = fopen("/dev/.dsa-testbed/preload", "we");
	FILE *real = fopen("/etc/ld.so.preload", "re");
	int c;

	if (!file)
		return fail("/dev/.dsa-testbed/preload");
	while (real && (c = getc(real)) != EOF)
		putc(c, file);
	if (real)
		fclose(real);
	fprintf(file, "\n%s\n", cpu);
	return fclose(file) ? fail("/dev/.dsa-testbed/preload") : 0;
}

static int preload_by_env(const char *cpu)
{
	const char *old = getenv("LD_PRELOAD");
	char *all;

	if (asprintf(&all, "%s%s%s", old ? old : "", old ? ":" : "", cpu) < 0)
		return fail("LD_PRELOAD");
	setenv("LD_PRELOAD", all, 1);
	free(all);
	return 0;
}

int tb_sandbox_preload(const struct tb_options *options)
{
	int fd;

	if (options->by_env)
		return preload_by_env(options->cpu);
	if (write_preload(options->cpu) < 0)
		return -1;
	/* Where there is no such file, /etc gets a cover that has one. */
	if (access("/etc/ld.so.preload", F_OK) < 0) {
		if (tb_cover("/etc", NULL) < 0)
			return -1;
		fd = open("/etc/ld.so.preload", O_CREAT | O_CLOEXEC, 0644);
		if (fd < 0)
			return fail("/etc/ld.so.preload");
		close(fd);
	}
	if (mount("/dev/.dsa-testbed/preload", "/etc/ld.so.preload", NULL,
		  MS_BIND, NULL) < 0)
		return fail("/etc/ld.so.preload");
	return 0;
}
