// SPDX-License-Identifier: MIT
/*
 * Room: COLD.  dsa-testbed: the order in which the test device comes to life.
 * May: everything, in that order.  Must not: touch a real file system.
 *
 * The outer process waits, forwards signals and ends as COMMAND did.  The
 * inner one is the first of a process namespace: when it dies, for whatever
 * reason, the kernel kills all others in there, and the mounts go with them.
 */
#include "account.h"
#include "clock.h"
#include "engine.h"
#include "fusefs.h"
#include "launch.h"
#include "mapwatch.h"
#include "model.h"
#include "options.h"
#include "sandbox.h"

#include <cpuid.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static int account_fd = -1;

void tb_say(const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	fputs("dsa-testbed: ", stderr);
	vfprintf(stderr, fmt, args);
	fputc('\n', stderr);
	va_end(args);
}

/* Programs ask CPUID before they execute ENQCMD. */
static void check_cpuid(const struct tb_options *options)
{
	unsigned int a, b, c = 0, d;

	__get_cpuid_count(7, 0, &a, &b, &c, &d);
	if (options->patching == TB_PATCH_NEVER && !(c & 1U << 29) &&
	    syscall(SYS_arch_prctl, 0x1012, 1) < 0)
		tb_say("this CPU can't fault CPUID: a program that asks it "
		       "for ENQCMD is told there is none");
}

static int make_queues(const struct tb_options *options)
{
	struct tb_shm *shm;
	int fd = open(TB_SHM_PATH, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0666);

	if (fd < 0 || fchmod(fd, 0666) < 0 || ftruncate(fd, sizeof(*shm)) < 0)
		return -1;
	shm = mmap(NULL, sizeof(*shm), PROT_READ | PROT_WRITE, MAP_SHARED, fd,
		   0);
	close(fd);
	if (shm == MAP_FAILED)
		return -1;
	shm->magic = TB_SHM_MAGIC;
	shm->patching = options->patching;
	shm->umwait_limit = 100000;
	tb_world.shm = shm;
	tb_clock_init();
	for (uint32_t q = 0; tb_wq_of_queue(q); q++)
		tb_wq_publish(tb_wq_of_queue(q));
	return 0;
}

static int come_to_life(const struct tb_options *options)
{
	struct stat st;

	if (tb_sandbox_prepare() < 0)
		return -1;
	if (make_queues(options) < 0) {
		tb_say("%s: %s", TB_SHM_PATH, strerror(errno));
		return -1;
	}
	tb_world.start_ns = tb_now_ns();
	if (tb_fusefs_start(TB_FS_PATH) < 0 || tb_sandbox_show() < 0 ||
	    tb_engines_start() < 0)
		return -1;
	tb_clock_init_ways(TB_FS_PATH);
	if (stat("/dev/dsa", &st) == 0)
		tb_world.shm->node_dev = st.st_dev;
	if (tb_world.submit == TB_SUBMIT_MMAP) {
		check_cpuid(options);
		if (tb_sandbox_preload(options) < 0)
			return -1;
	}
	if (!tb_mapwatch_start())
		tb_say("no seccomp notification: mmap gives ENODEV");
	return 0;
}

/* In the namespaces, as their first process.  The exit status of COMMAND. */
static int inner(const struct tb_options *options)
{
	pid_t pid;
	int status;

	if (come_to_life(options) < 0)
		return (options->is_check ? TB_EXIT_SKIP : TB_EXIT_FAIL) << 8;
	if (options->is_check)
		return 0;
	pid = fork();
	if (pid == 0)
		tb_exec(options->command);
	if (pid < 0)
		return TB_EXIT_FAIL << 8;
	status = tb_wait_for(pid);
	/* Whoever is left in the process namespace is not served any more. */
	kill(-1, SIGKILL);
	while (waitpid(-1, NULL, 0) > 0)
		;
	tb_engines_stop();
	if (account_fd >= 0 && tb_account_write(account_fd) < 0)
		tb_say("account: not written");
	return status;
}

/* Never returns to main's caller: the outer process does. */
static void run_inner(const struct tb_options *options, int to_outer)
{
	int status;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	status = inner(options);
	if (write(to_outer, &status, sizeof(status)) < 0)
		_exit(TB_EXIT_FAIL);
	_exit(0);
}

static int open_account(const char *path)
{
	if (!path)
		return 0;
	if (strcmp(path, "-") == 0)
		account_fd = dup(STDOUT_FILENO);
	else
		account_fd = open(
			path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	if (account_fd >= 0)
		return 0;
	tb_say("%s: %s", path, strerror(errno));
	return -1;
}

int main(int argc, char **argv)
{
	struct tb_options options = {.command = NULL};
	int status, from_inner[2], ret;
	bool is_done;
	pid_t pid;

	tb_world.major = 235;
	ret = tb_options_read(argc, argv, &options, &is_done);
	if (is_done)
		return ret;
	if (open_account(options.account) < 0)
		return TB_EXIT_FAIL;
	tb_signals_block();
	if (tb_sandbox_enter() < 0)
		return TB_EXIT_SKIP;
	if (pipe2(from_inner, O_CLOEXEC) < 0)
		return TB_EXIT_FAIL;
	pid = fork();
	if (pid < 0) {
		tb_say("fork: %s", strerror(errno));
		return TB_EXIT_FAIL;
	}
	if (pid == 0) {
		close(from_inner[0]);
		run_inner(&options, from_inner[1]);
	}
	close(from_inner[1]);
	ret = tb_wait_for(pid);
	if (read(from_inner[0], &status, sizeof(status)) == sizeof(status))
		tb_exit_as(status);
	tb_say("the test device died (%d)", ret);
	return TB_EXIT_FAIL;
}
