// SPDX-License-Identifier: MIT
/*
 * Room: WARM.  Answers mmap(2), mremap(2) and munmap(2) where they concern
 * nodes. May: look at the caller's file descriptors.  Must not: decide about
 * any other file: those calls continue untouched.
 */
#include "mapwatch.h"
#include "node.h"
#include "tree.h"

#include <errno.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <pthread.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

static int listener = -1;
static dev_t node_dev;
static pthread_mutex_t start_lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t started = PTHREAD_COND_INITIALIZER;

#define LOW_OF_ARG(n) (unsigned int)offsetof(struct seccomp_data, args[n])

#define WATCHERS 4 /* one that drains does not hold up the others */
#define LOAD(what) BPF_STMT(BPF_LD | BPF_W | BPF_ABS, what)
#define IS(k, yes, no) BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, k, yes, no)
#define HAS(k, yes, no) BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, k, yes, no)

static struct sock_filter filter[] = {
	/* 0 */ LOAD(offsetof(struct seccomp_data, arch)),
	/* 1 */ IS(AUDIT_ARCH_X86_64, 0, 13),
	/* 2 */ LOAD(offsetof(struct seccomp_data, nr)),
	/* 3 */ IS(SYS_munmap, 6, 0),
	/* 4 */ IS(SYS_mremap, 7, 0),
	/* 5 */ IS(SYS_mmap, 0, 9),
	/* 6: MAP_SHARED and MAP_SHARED_VALIDATE have bit 0 */
	LOAD(LOW_OF_ARG(3)),
	/* 7 */ HAS(MAP_ANONYMOUS, 0, 1),
	/* 8 */ HAS(MAP_FIXED, 5, 6),
	/* 9 */ HAS(MAP_SHARED, 4, 5),
	/* 10: one page that goes may be a portal */
	LOAD(LOW_OF_ARG(1)),
	/* 11 */ IS(4096, 2, 3),
	/* 12: so may be what mremap puts another mapping over */
	LOAD(LOW_OF_ARG(3)),
	/* 13 */ HAS(MREMAP_FIXED, 0, 1),
	/* 14 */ BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_USER_NOTIF),
	/* 15 */ BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
};

/* 0: not a node, or allowed; else -errno. */
static int decide(const struct seccomp_notif *request)
{
	struct tb_place place;
	char path[64];
	struct stat st;

	if (request->data.nr == SYS_mremap) {
		tb_node_unmap((pid_t)request->pid, request->data.args[4]);
		return 0;
	}
	if (request->data.nr == SYS_munmap ||
	    request->data.args[3] & MAP_ANONYMOUS) {
		tb_node_unmap((pid_t)request->pid, request->data.args[0]);
		return 0;
	}
	snprintf(path, sizeof(path), "/proc/%u/fd/%d", request->pid,
		 (int)request->data.args[4]);
	if (stat(path, &st) < 0 || st.st_dev != node_dev)
		return 0;
	place = tb_place_of_ino(st.st_ino);
	if (place.kind != TB_PLACE_NODE)
		return 0;
	return tb_node_mmap(tb_place_wq(place), (pid_t)request->pid,
			    request->data.args[1]);
}

static void *answer(void *unused)
{
	pthread_mutex_lock(&start_lock);
	while (listener < 0)
		pthread_cond_wait(&started, &start_lock);
	pthread_mutex_unlock(&start_lock);
	for (;;) {
		struct seccomp_notif request;
		struct seccomp_notif_resp response;

		memset(&request, 0, sizeof(request));
		memset(&response, 0, sizeof(response));
		if (ioctl(listener, SECCOMP_IOCTL_NOTIF_RECV, &request) < 0) {
			if (errno == EINTR || errno == ENOENT)
				continue;
			return unused;
		}
		response.id = request.id;
		response.error = decide(&request);
		if (!response.error)
			response.flags = SECCOMP_USER_NOTIF_FLAG_CONTINUE;
		ioctl(listener, SECCOMP_IOCTL_NOTIF_SEND, &response);
	}
}

bool tb_mapwatch_start(void)
{
	struct sock_fprog prog = {sizeof(filter) / sizeof(filter[0]), filter};
	struct stat st;
	int fd;

	if (stat("/dev/dsa", &st) < 0)
		return false;
	for (int i = 0; i < WATCHERS; i++) {
		pthread_t thread;

		if (pthread_create(&thread, NULL, answer, NULL))
			return false;
	}
	node_dev = st.st_dev;
	fd = (int)syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER,
			  SECCOMP_FILTER_FLAG_NEW_LISTENER, &prog);
	if (fd < 0)
		return false;
	pthread_mutex_lock(&start_lock);
	listener = fd;
	pthread_cond_broadcast(&started);
	pthread_mutex_unlock(&start_lock);
	return true;
}
