// SPDX-License-Identifier: MIT
/*
 * Room: COLD.  Mounts the file system and keeps threads to serve it.
 * May: mount in the private namespace.  Must not: answer requests itself.
 */
#include "fusefs.h"
#include "fuseops.h"
#include "tb.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <unistd.h>

struct fuse_session *tb_fuse_session;

static void *serve(void *unused)
{
	struct fuse_loop_config *config = fuse_loop_cfg_create();

	fuse_loop_cfg_set_clone_fd(config, 0);
	fuse_loop_cfg_set_max_threads(config, 64);
	fuse_session_loop_mt(tb_fuse_session, config);
	fuse_loop_cfg_destroy(config);
	return unused;
}

int tb_fusefs_start(const char *dir)
{
	char *argv[] = {(char *)(uintptr_t) "dsa-testbed", NULL};
	struct fuse_args args = FUSE_ARGS_INIT(1, argv);
	char options[128], path[32];
	int fd = open("/dev/fuse", O_RDWR | O_CLOEXEC);
	pthread_t thread;

	if (fd < 0) {
		tb_say("/dev/fuse: %s", strerror(errno));
		return -1;
	}
	snprintf(options, sizeof(options),
		 "fd=%d,rootmode=40000,user_id=0,group_id=0,allow_other,"
		 "default_permissions",
		 fd);
	if (mount("dsa-testbed", dir, "fuse.dsa-testbed",
		  MS_NOSUID | MS_NODEV | MS_NOEXEC, options) < 0) {
		tb_say("mounting FUSE: %s", strerror(errno));
		return -1;
	}
	snprintf(path, sizeof(path), "/dev/fd/%d", fd);
	tb_fuse_session = fuse_session_new(&args, &tb_fuse_ops,
					   sizeof(tb_fuse_ops), NULL);
	if (!tb_fuse_session || fuse_session_mount(tb_fuse_session, path) < 0 ||
	    pthread_create(&thread, NULL, serve, NULL)) {
		tb_say("libfuse does not start");
		return -1;
	}
	pthread_detach(thread);
	return 0;
}

void tb_fusefs_stop(void)
{
	fuse_session_exit(tb_fuse_session);
}
