// SPDX-License-Identifier: MIT
/*
 * Room: COLD.  Signals and exit statuses, handed on unchanged.
 * May: wait.  Must not: print, but for a COMMAND that can't be executed.
 */
#include "launch.h"
#include "tb.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

static sigset_t minded, before;

void tb_signals_block(void)
{
	static const int handed_on[] = {SIGHUP,  SIGINT,  SIGQUIT, SIGTERM,
					SIGUSR1, SIGUSR2, SIGALRM, SIGCHLD};

	sigemptyset(&minded);
	for (size_t i = 0; i < sizeof(handed_on) / sizeof(handed_on[0]); i++)
		sigaddset(&minded, handed_on[i]);
	sigprocmask(SIG_BLOCK, &minded, &before);
}

int tb_wait_for(pid_t pid)
{
	siginfo_t info;
	pid_t ended;
	int status;

	for (;;) {
		while ((ended = waitpid(-1, &status, WNOHANG)) > 0)
			if (ended == pid)
				return status;
		if (ended < 0 && errno == ECHILD)
			return TB_EXIT_FAIL << 8;
		if (sigwaitinfo(&minded, &info) < 0)
			continue;
		/* What the terminal sends reaches COMMAND by itself. */
		if (info.si_signo != SIGCHLD && info.si_code <= 0)
			kill(pid, info.si_signo);
	}
}

void tb_exec(char **command)
{
	int error;

	sigprocmask(SIG_SETMASK, &before, NULL);
	execvp(command[0], command);
	error = errno;
	tb_say("%s: %s", command[0], strerror(error));
	_exit(error == ENOENT ? 127 : 126);
}

void tb_exit_as(int status)
{
	static const struct rlimit no_core;
	sigset_t one;

	if (!WIFSIGNALED(status))
		exit(WEXITSTATUS(status));
	/* COMMAND has dumped its core; this process has nothing to show. */
	setrlimit(RLIMIT_CORE, &no_core);
	signal(WTERMSIG(status), SIG_DFL);
	sigemptyset(&one);
	sigaddset(&one, WTERMSIG(status));
	sigprocmask(SIG_UNBLOCK, &one, NULL);
	raise(WTERMSIG(status));
	exit(128 + WTERMSIG(status));
}
