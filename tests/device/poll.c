// SPDX-License-Identifier: MIT
/*
 * Room: WARM.  The driver's poll (idxd_cdev_poll): EPOLLIN while a software
 * error is recorded, nothing else ever.
 * May: notify the kernel.  Must not: keep tb_lock while it does.
 */
#include "poll.h"
#include "fuseops.h"

#include <poll.h>

#define MAX_WAITERS 64

static struct {
	const struct tb_device *dev;
	struct fuse_pollhandle *handle; /* NULL: entry is free */
} waiters[MAX_WAITERS];

unsigned int tb_poll(const struct tb_wq *wq, struct fuse_pollhandle *handle)
{
	struct fuse_pollhandle *old = handle;
	unsigned int events;

	pthread_mutex_lock(&tb_lock);
	events = wq->dev->swerror[0] & 1 ? POLLIN | POLLRDNORM : 0;
	for (int i = 0; handle && !events && i < MAX_WAITERS; i++) {
		if (waiters[i].handle)
			continue;
		waiters[i].dev = wq->dev;
		waiters[i].handle = handle;
		old = NULL;
		break;
	}
	pthread_mutex_unlock(&tb_lock);
	if (old)
		fuse_pollhandle_destroy(old);
	return events;
}

/* One that waits for this device, or NULL; it is the caller's then. */
static struct fuse_pollhandle *take(const struct tb_device *dev)
{
	struct fuse_pollhandle *handle = NULL;

	pthread_mutex_lock(&tb_lock);
	for (int i = 0; !handle && i < MAX_WAITERS; i++) {
		if (waiters[i].dev != dev)
			continue;
		handle = waiters[i].handle;
		waiters[i].handle = NULL;
	}
	pthread_mutex_unlock(&tb_lock);
	return handle;
}

void tb_poll_wake(const struct tb_device *dev)
{
	struct fuse_pollhandle *handle;

	while ((handle = take(dev))) {
		fuse_lowlevel_notify_poll(handle);
		fuse_pollhandle_destroy(handle);
	}
}
