// SPDX-License-Identifier: MIT
/*
 * Room: COLD (a dead device, a fork child).  Closes work queues so that
 * nothing that was submitted can write to memory any more.
 * May: fstat, mmap, mremap, close, dup3, sched_yield, by raw system calls,
 * within some program's copy.  Must not: allocate.
 */
#include "queue_open.h"

#include "clock.h"
#include "log.h"
#include "slot.h"
#include "syscall.h"

#include <fcntl.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/stat.h>

/* A page of our own for each portal, where there is to be no other. */
static _Alignas(DSAM_PAGE) char spare[DSAM_MAX_QUEUES][DSAM_PAGE];

static bool is_ours(const struct dsam_queue *q)
{
	struct stat st;

	return q->fd >= 0 && !dsam_syscall3(SYS_fstat, q->fd, (long)&st, 0) &&
	       st.st_dev == q->fd_dev && st.st_ino == q->fd_ino &&
	       st.st_rdev == q->fd_rdev;
}

void dsam_queue_disown(struct dsam_queue *q)
{
	if (is_ours(q))
		dsam_syscall3(SYS_close, q->fd, 0, 0);
	q->fd = -1;
}

/*
 * The page is replaced in one step, so a thread that is about to ENQCMD finds
 * memory, which answers Retry, never a hole.  The mapping held the last
 * reference to the file: the kernel's release drains this process'
 * descriptors before mmap returns.
 */
bool dsam_queue_drain_portal(struct dsam_queue *q)
{
	long portal = (long)q->portal;

	if (dsam_syscall6(SYS_mmap, portal, DSAM_PAGE, PROT_READ | PROT_WRITE,
			  MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1,
			  0) == portal)
		return true;
	/* RLIMIT_DATA, or mlockall and RLIMIT_MEMLOCK: nothing new is mapped.
	 */
	return dsam_syscall6(SYS_mremap, (long)spare[q - dsam_queues.q],
			     DSAM_PAGE, DSAM_PAGE,
			     MREMAP_MAYMOVE | MREMAP_FIXED, portal,
			     0) == portal;
}

/*
 * The same for write(2): something harmless takes over the number at once, so
 * that it is never free for a file of the program while a thread of ours
 * stands before its write.  (Writes to an epoll descriptor fail.)
 */
static bool replace_fd(struct dsam_queue *q)
{
	int other;
	long rc;

	if (!is_ours(q))
		return true;
	other = (int)dsam_syscall3(SYS_epoll_create1, EPOLL_CLOEXEC, 0, 0);
	if (other < 0)
		return !dsam_syscall3(SYS_close, q->fd, 0, 0);
	rc = dsam_syscall3(SYS_dup3, other, q->fd, O_CLOEXEC);
	dsam_syscall3(SYS_close, other, 0, 0);
	return rc == q->fd;
}

/*
 * Other threads' write(2) under way hold the file: the last of them to return
 * drops the last reference, and returns after the kernel has drained.  One
 * that a long jump left is over: it is not waited for longer than a device.
 */
static void await_writers(const struct dsam_queue *q)
{
	uint64_t start = dsam_ticks();

	for (unsigned i = 0; i < DSAM_SLOTS; i++) {
		struct dsam_slot *s = &dsam_arena->slot[i];

		if (atomic_load(&dsam_arena->state[i]) != DSAM_SLOT_LIVE ||
		    s == dsam_self.slot)
			continue;
		while (atomic_load(&s->writing) == q &&
		       dsam_ticks_between(start, dsam_ticks()) <
			       dsam_queue_deadline)
			dsam_syscall3(SYS_sched_yield, 0, 0, 0);
	}
}

bool dsam_queue_drain_fd(struct dsam_queue *q)
{
	bool is_replaced = replace_fd(q);

	if (is_replaced && dsam_arena)
		await_writers(q);
	return is_replaced;
}

/*
 * Drain q, and be the one who says so.  The thread that began may be taken
 * away by a long jump, or come here again in a signal handler: it goes on
 * itself, and others wait for it no longer than for a device.
 */
static bool shut(struct dsam_queue *q)
{
	uintptr_t me = (uintptr_t)&dsam_self, who = 0;
	uint64_t start = dsam_ticks();

	while (!atomic_compare_exchange_weak(&q->closer, &who, me)) {
		if (who == me)
			break;
		if (atomic_load(&q->state) == DSAM_QUEUE_CLOSED)
			return true;
		if (dsam_ticks_between(start, dsam_ticks()) <
		    dsam_queue_deadline)
			who = 0;
		dsam_syscall3(SYS_sched_yield, 0, 0, 0);
	}
	if (atomic_load(&q->state) == DSAM_QUEUE_CLOSED)
		return true;
	atomic_store(&q->state, DSAM_QUEUE_CLOSING);
	if (!q->ops->drain(q)) {
		/* Out of memory, say.  What is in flight may still write. */
		atomic_store(&q->state, DSAM_QUEUE_QUARANTINED);
		atomic_store(&q->closer, 0);
		return false;
	}
	atomic_store(&q->state, DSAM_QUEUE_CLOSED);
	return true;
}

bool dsam_queue_give_up(struct dsam_queue *q)
{
	bool is_first = atomic_load(&q->state) < DSAM_QUEUE_CLOSING;
	bool is_shut = shut(q);

	if (is_first && is_shut && atomic_exchange(&q->is_said, 1) == 0)
		dsam_log_event(DSAM_LOG_WARN,
			       (const char *[]){q->name,
						": no answer within "
						"device_timeout_ms; queue "
						"closed, its copies are redone "
						"by the CPU",
						NULL});
	return is_shut;
}

void dsam_queue_accuse(struct dsam_queue *q, size_t offset)
{
	char number[24];

	number[dsam_log_decimal(number, sizeof(number) - 1, offset)] = 0;
	/* A NOOP that goes well proves nothing: no probe brings it back. */
	atomic_store(&q->is_banned, 1);
	dsam_queue_quarantine(q);
	if (atomic_exchange(&q->is_said, 1) == 0)
		dsam_log_event(DSAM_LOG_WARN,
			       (const char *[]){q->name,
						": verify found a wrong byte "
						"at or after offset ",
						number,
						" of a request; mended, queue "
						"taken out of service",
						NULL});
}
