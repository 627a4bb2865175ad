/* SPDX-License-Identifier: MIT */
/* Processes: the outer one that waits, the inner one that serves, COMMAND. */
#ifndef TB_LAUNCH_H
#define TB_LAUNCH_H

#include <sys/types.h>

/* Block what the two functions below wait for.  Before any thread is made. */
void tb_signals_block(void);

/*
 * Wait for process pid; forward to it what was sent to this process, reap all
 * other children.  Its wait status.
 */
int tb_wait_for(pid_t pid);

/* Execute with the signals of the time before tb_signals_block(). */
void tb_exec(char **command) __attribute__((noreturn));

/* End this process as the wait status says; kills itself by a signal. */
void tb_exit_as(int status) __attribute__((noreturn));

#endif
