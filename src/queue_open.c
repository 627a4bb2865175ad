// SPDX-License-Identifier: MIT
/*
 * Room: COLD (birth, rebirth).  Opens work queues.
 * May: open, fstat, mmap, close, by raw system calls: a rebirth runs inside
 * some program's copy.  Must not: allocate, keep an fd but for
 * write(2) submission.
 */
#include "queue_open.h"

#include "clock.h"
#include "descriptor_exec.h"
#include "discover.h"
#include "log.h"
#include "slot.h"
#include "submit.h"
#include "syscall.h"

#include <cpuid.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>

/* A NOOP takes about a microsecond; a silent device gets this long. */
#define NOOP_MS 200
#define NOOP_SPIN_NS 50000
/* The driver's, where a queue doesn't say. */
#define DEFAULT_TRANSFER (2U << 20)
#define DEFAULT_BATCH 32U
/* Batches are for queues that transfer no more than this in one go, below. */
#define BATCH_TRANSFER (512U << 10)

static bool leaf7_ecx(unsigned bit)
{
	unsigned a, b, c, d;

	return __get_cpuid_count(7, 0, &a, &b, &c, &d) && (c >> bit & 1);
}

bool dsam_cpu_has_enqcmd(void)
{
	return leaf7_ecx(29);
}

bool dsam_cpu_has_waitpkg(void)
{
	return leaf7_ecx(5);
}

static long raw_close(int fd)
{
	return dsam_syscall3(SYS_close, fd, 0, 0);
}

/* A number that hosts neither expect nor reach by counting. */
static int move_high(int fd)
{
	static const int from[] = {512, 128, 64, 16};
	long high = -1;

	/* RLIMIT_NOFILE may be lower than that. */
	for (size_t i = 0; high < 0 && i < sizeof(from) / sizeof(*from); i++)
		high = dsam_syscall3(SYS_fcntl, fd, F_DUPFD_CLOEXEC, from[i]);
	if (high < 0)
		return fd;
	raw_close(fd);
	return (int)high;
}

static int map_portal(struct dsam_queue *q, int fd)
{
	long p = dsam_syscall6(SYS_mmap, 0, DSAM_PAGE, PROT_WRITE,
			       MAP_SHARED | MAP_POPULATE, fd, 0);

	if (p < 0 && p > -(long)DSAM_PAGE)
		return (int)p;
	raw_close(fd);
	q->portal = (void *)p;
	q->fd = -1;
	q->ops = &dsam_device_enqcmd;
	return 0;
}

static int keep_fd(struct dsam_queue *q, int fd)
{
	struct stat st;

	fd = move_high(fd);
	if (dsam_syscall3(SYS_fstat, fd, (long)&st, 0)) {
		raw_close(fd);
		return -EBADF;
	}
	q->portal = NULL;
	q->fd = fd;
	q->fd_dev = st.st_dev;
	q->fd_ino = st.st_ino;
	q->fd_rdev = st.st_rdev;
	q->ops = &dsam_device_write;
	return 0;
}

/*
 * Does write(2) go through?  A queue that is merely full is given the
 * benefit of the doubt.
 */
static int try_noop(struct dsam_queue *q)
{
	uint64_t start, waited = 0;

	dsam_descriptor_begin(&q->probe_desc, &q->probe_record,
			      DSA_OPCODE_NOOP);
	switch (q->ops->enqueue(q, &q->probe_desc)) {
	case DSAM_ENQUEUE_RETRY:
		return 0;
	case DSAM_ENQUEUE_REFUSED:
		return -EPERM;
	case DSAM_ENQUEUE_TAKEN:
		break;
	}
	start = dsam_clock_monotonic();
	while (!q->probe_record.status && waited < NOOP_MS * 1000000ULL) {
		waited = dsam_clock_monotonic() - start;
		if (waited < NOOP_SPIN_NS)
			__builtin_ia32_pause();
		else
			dsam_syscall3(SYS_sched_yield, 0, 0, 0);
	}
	if (q->probe_record.status == DSA_COMP_SUCCESS)
		return 0;
	return q->probe_record.status ? -EIO : -ETIMEDOUT;
}

/*
 * After a chroot the path may name a file of the program.  The devices' file
 * system may be another there, their number is the same.
 */
static bool is_the_node(struct dsam_queue *q, int fd)
{
	struct stat st;

	if (dsam_syscall3(SYS_fstat, fd, (long)&st, 0))
		return false;
	if (!q->node_dev) {
		q->node_dev = st.st_dev;
		q->node_rdev = st.st_rdev;
	}
	return st.st_rdev == q->node_rdev &&
	       (st.st_rdev || st.st_dev == q->node_dev);
}

/* is_tried: write(2) to this node went through in a parent of ours. */
static int open_node(struct dsam_queue *q, bool is_tried)
{
	int fd = (int)dsam_syscall6(SYS_openat, AT_FDCWD, (long)q->path,
				    O_RDWR | O_CLOEXEC | O_NOCTTY, 0, 0, 0);
	int rc;

	if (fd < 0)
		return fd;
	if (!is_the_node(q, fd)) {
		raw_close(fd);
		return -ENODEV;
	}
	/* Without ENQCMD a portal is of no use; the kernel can still submit. */
	if (dsam_cpu_has_enqcmd()) {
		rc = map_portal(q, fd);
		if (!rc)
			return 0;
	}
	rc = keep_fd(q, fd);
	if (!rc && !is_tried)
		rc = try_noop(q);
	if (rc && q->fd >= 0)
		dsam_queue_disown(q);
	return rc;
}

int dsam_queue_open(struct dsam_queue *q, const struct dsam_wq *wq)
{
	memset(q, 0, sizeof(*q));
	snprintf(q->name, sizeof(q->name), "%s", wq->name);
	snprintf(q->path, sizeof(q->path), "%s", wq->path);
	q->fd = -1;
	q->numa_node = wq->numa_node;
	q->size = wq->size;
	q->threshold = wq->threshold;
	q->max_transfer = DEFAULT_TRANSFER;
	if (wq->max_transfer)
		q->max_transfer = wq->max_transfer > 1U << 31
					  ? 1U << 31
					  : (uint32_t)wq->max_transfer;
	/* Unless it is said that there is BATCH, there is none. */
	if (wq->op_cap != ~0ULL && wq->op_cap >> DSA_OPCODE_BATCH & 1)
		q->max_batch = wq->max_batch ? wq->max_batch : DEFAULT_BATCH;
	q->has_cache_control = wq->gen_cap & DSAM_GENCAP_CACHE_CONTROL;
	q->has_compare = wq->op_cap >> DSA_OPCODE_COMPARE & 1;
	return open_node(q, false);
}

int dsam_queue_reopen(struct dsam_queue *q)
{
	/* Then nobody waits for a NOOP: a crowd of children would. */
	bool is_tried = q->ops == &dsam_device_write;
	int rc;

	/* The portal is not mapped here: VM_DONTCOPY. */
	q->portal = NULL;
	dsam_queue_forget(q);
	dsam_queue_disown(q);
	rc = open_node(q, is_tried);
	atomic_store(&q->state, rc ? DSAM_QUEUE_CLOSED : DSAM_QUEUE_OPEN);
	return rc;
}

/*
 * What a batch gains.  Where the device works alone, doorbells: 160 ns of the
 * thread's and of the portal's time each.  They are hidden behind what the
 * device does meanwhile, but for descriptors that take it less than that, of
 * 4 KiB at 30 GB/s (DSAM_BATCH_DOORBELL).  Where the CPU works, too, it looks
 * at the device after each 64 KiB of its own, in which the device moves 200 KB
 * (with a fixed split, after all of its own): what is in flight on a queue, two
 * pieces, should not be done by then.  By bench/model.c batches gain up to 512
 * KiB, and nothing from 1 MiB on.
 * Not for write(2): the kernel takes none for a device of version 1.
 */
static uint32_t members_of(const struct dsam_queue *q)
{
	uint32_t n = q->max_batch < DSAM_MEMBERS ? q->max_batch : DSAM_MEMBERS;

	if (n < 2 || q->max_transfer > BATCH_TRANSFER ||
	    q->ops == &dsam_device_write || dsam_slot_make_batches())
		return 1;
	return n;
}

void dsam_queues_settle(void)
{
	struct dsam_queues *all = &dsam_queues;

	all->max_piece = 0;
	all->batch_least = all->batch_part = UINT32_MAX;
	all->has_nodes = false;
	for (unsigned i = 0; i < all->count; i++) {
		struct dsam_queue *q = &all->q[i];
		uint32_t n, least;

		if (atomic_load(&q->state) != DSAM_QUEUE_OPEN)
			continue;
		n = members_of(q);
		atomic_store(&q->members, n);
		least = n < DSAM_BATCH_LEAST ? n : DSAM_BATCH_LEAST;
		least = (least - 1) * q->max_transfer + 1;
		if (n > 1 && q->max_transfer < all->batch_part)
			all->batch_part = q->max_transfer;
		if (n > 1 && least < all->batch_least)
			all->batch_least = least;
		if (n * q->max_transfer > all->max_piece)
			all->max_piece = n * q->max_transfer;
		if (q->numa_node != all->q[0].numa_node)
			all->has_nodes = true;
	}
}
