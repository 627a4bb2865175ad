// SPDX-License-Identifier: MIT
/*
 * Room: TEST.  poll(2) on a node tells of software errors, and of nothing
 * else (idxd_cdev_poll).
 * May: make the device record an error.  Must not: use code of src/.
 */
#include "guest.h"

#include <poll.h>
#include <pthread.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

static int events(int ms)
{
	struct pollfd p = {guest.fd, POLLIN | POLLOUT | POLLRDNORM, 0};

	return poll(&p, 1, ms) < 0 ? -1 : p.revents;
}

/* A record that can't be written, and so an error that can't be either. */
static void *lose_a_record(void *unused)
{
	struct dsa_hw_desc desc = desc_of(DSA_OPCODE_NOOP, BOTH);
	unsigned char *gone = pages(1, true);

	munmap(gone, 4096);
	usleep(50000);
	desc.completion_addr = (uintptr_t)gone;
	submit(&desc);
	return unused;
}

void test_poll(void)
{
	pthread_t thread;
	int before = events(0), after;

	if (before & POLLIN) {
		skip("poll", "the device has an error already");
		return;
	}
	check(before == 0, "poll-without-an-error", "%x", before);
	if (pthread_create(&thread, NULL, lose_a_record, NULL))
		return;
	after = events(5000);
	pthread_join(thread, NULL);
	check(after == (POLLIN | POLLRDNORM), "poll-wakes-by-an-error", "%x",
	      after);
	check(events(0) == (POLLIN | POLLRDNORM), "poll-error-stays", "gone");
}
