// SPDX-License-Identifier: MIT
/*
 * Room: HOT.  The two ways to hand a descriptor to silicon: ENQCMD on a
 * mapped portal, write(2) on the work queue's node.
 * May: those two, and the fstat before the write.  Must not: anything else.
 */
#include "queue_open.h"
#include "slot.h"
#include "syscall.h"

#include <errno.h>
#include <immintrin.h>
#include <sys/stat.h>

/*
 * ENQCMD is not ordered after older stores (SDM), and the engine must see
 * the zeroed status byte and the program's data: hence SFENCE.  A set ZF
 * ("retry") also means disabled, halted or not a portal at all.
 */
__attribute__((target("enqcmd"))) static enum dsam_enqueue
enqcmd_enqueue(struct dsam_queue *q, const struct dsa_hw_desc *desc)
{
	_mm_sfence();
	return _enqcmd(q->portal, desc) ? DSAM_ENQUEUE_RETRY
					: DSAM_ENQUEUE_TAKEN;
}

const struct dsam_device_ops dsam_device_enqcmd = {
	.name = "ENQCMD",
	.enqueue = enqcmd_enqueue,
	.drain = dsam_queue_drain_portal,
};

/*
 * The program may have closed our descriptor and opened a file of its own
 * under the number; 64 bytes written there would be corruption.  A thread of
 * the program can still do so between the look and the write.
 */
static enum dsam_enqueue write_one(struct dsam_queue *q,
				   const struct dsa_hw_desc *desc)
{
	struct stat st;
	long rc;

	if (q->fd < 0 || dsam_syscall3(SYS_fstat, q->fd, (long)&st, 0) ||
	    st.st_dev != q->fd_dev || st.st_ino != q->fd_ino ||
	    st.st_rdev != q->fd_rdev)
		return DSAM_ENQUEUE_REFUSED;
	rc = dsam_syscall3(SYS_write, q->fd, (long)desc, sizeof(*desc));
	if (rc == sizeof(*desc))
		return DSAM_ENQUEUE_TAKEN;
	/* EAGAIN: the kernel's own ENQCMDS tries are used up. */
	if (rc == -EAGAIN || rc == -EINTR)
		return DSAM_ENQUEUE_RETRY;
	return DSAM_ENQUEUE_REFUSED;
}

/*
 * A write(2) under way holds the file: who closes the queue meanwhile has not
 * drained it until that has returned.  So it is announced.  A signal
 * handler's write comes and goes in the midst of another one.
 */
static enum dsam_enqueue write_enqueue(struct dsam_queue *q,
				       const struct dsa_hw_desc *desc)
{
	struct dsam_slot *s = dsam_self.slot;
	struct dsam_queue *outer;
	enum dsam_enqueue rc;

	if (s <= DSAM_SELF_GONE)
		return write_one(q, desc);
	outer = atomic_load_explicit(&s->writing, memory_order_relaxed);
	atomic_store(&s->writing, q);
	rc = write_one(q, desc);
	atomic_store_explicit(&s->writing, outer, memory_order_release);
	return rc;
}

const struct dsam_device_ops dsam_device_write = {
	.name = "write(2)",
	.enqueue = write_enqueue,
	.drain = dsam_queue_drain_fd,
};
