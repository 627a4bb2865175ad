// SPDX-License-Identifier: MIT
/*
 * What a child of fork, of a raw clone and of vfork may use of its parent's:
 * nothing, nothing, everything.  Children report by their exit status.
 */
#include "fake_device.h"

#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static char from[10000], to[10000];
static int rebirths;
static bool rebirth_works = true;

static bool rebirth(void)
{
	rebirths++;
	dsam_slot_wipe();
	if (rebirth_works)
		dsam_software_reborn(&dsam_queues.q[0]);
	return rebirth_works;
}

static bool copy_is_right(void)
{
	memset(to, 0, sizeof(to));
	memset(from, 99, sizeof(from));
	dsam_offload_copy(DSAM_OP_MEMCPY, to, from, sizeof(to), NULL, NULL);
	return !memcmp(to, from, sizeof(to));
}

static uint64_t calls(enum dsam_route route)
{
	return dsam_self.slot->stats.op[0].calls[route];
}

static uint64_t outside(enum dsam_why why)
{
	return atomic_load(&dsam_arena->common.outside_calls[0][why]);
}

static void start(void)
{
	engine_birth();
	ck_assert(engine_software(0));
	engine_begin();
	dsam_slot_rebirth = rebirth;
	ck_assert(dsam_slot_is_wiped_on_fork);
	ck_assert(copy_is_right());
	ck_assert_uint_eq(calls(DSAM_ROUTE_DEVICE), 1);
}

static void expect_child(pid_t pid)
{
	int status;

	ck_assert_int_gt(pid, 0);
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert_msg(WIFEXITED(status) && !WEXITSTATUS(status),
		      "child: status %x", status);
}

/* In the child: the number of the first thing that is wrong, or 0. */
static int live_as_a_child(uint32_t parents_epoch)
{
	if (dsam_slot_epoch() != DSAM_EPOCH_NONE || rebirths)
		return 1;
	/* The first copy is the CPU's, and gets this life ready. */
	if (!copy_is_right())
		return 2;
	if (rebirths != 1 || outside(DSAM_WHY_FORKED) != 1)
		return 3;
	if (dsam_slot_epoch() <= parents_epoch)
		return 4;
	/* The next is the device's; nothing of the parent is counted. */
	if (!copy_is_right())
		return 5;
	if (rebirths != 1 || calls(DSAM_ROUTE_DEVICE) != 1)
		return 6;
	return dsam_self.slot->tid == (pid_t)syscall(SYS_getpid) ? 0 : 7;
}

START_TEST(fork_child)
{
	uint32_t epoch;
	pid_t pid;

	start();
	epoch = dsam_slot_epoch();
	pid = fork();
	if (!pid)
		_exit(live_as_a_child(epoch));
	expect_child(pid);
	/* The parent noticed nothing. */
	ck_assert_uint_eq(dsam_slot_epoch(), epoch);
	ck_assert(copy_is_right());
	ck_assert_uint_eq(calls(DSAM_ROUTE_DEVICE), 2);
	ck_assert_int_eq(rebirths, 0);
}
END_TEST

START_TEST(child_of_a_child)
{
	uint32_t epoch;
	pid_t pid;

	start();
	epoch = dsam_slot_epoch();
	pid = fork();
	if (!pid) {
		int status = live_as_a_child(epoch);

		rebirths = 0;
		epoch = dsam_slot_epoch();
		pid = fork();
		if (!pid)
			_exit(live_as_a_child(epoch));
		waitpid(pid, &status, 0);
		_exit(WEXITSTATUS(status));
	}
	expect_child(pid);
}
END_TEST

/* No handler of pthread_atfork() runs here. */
START_TEST(raw_clone_child)
{
	uint32_t epoch;
	pid_t pid;

	if (HAS_TSAN)
		SKIP("raw_clone_child", "TSan does not know of raw clone");
	start();
	epoch = dsam_slot_epoch();
	pid = (pid_t)syscall(SYS_clone, SIGCHLD, NULL, NULL, NULL, NULL);
	if (!pid)
		_exit(live_as_a_child(epoch));
	expect_child(pid);
}
END_TEST

static int use_the_parents(void *arg)
{
	(void)arg;
	return !copy_is_right() || rebirths;
}

/* A child of vfork is the parent's own memory, slot and queue included. */
START_TEST(vfork_child)
{
	static _Alignas(64) char stack[256 * 1024];
	pid_t pid;

	if (HAS_TSAN)
		SKIP("vfork_child", "TSan does not know of raw clone");
	start();
	pid = clone(use_the_parents, stack + sizeof(stack),
		    CLONE_VM | CLONE_VFORK | SIGCHLD, NULL);
	expect_child(pid);
	ck_assert_uint_eq(calls(DSAM_ROUTE_DEVICE), 2);
	ck_assert(copy_is_right());
	ck_assert_uint_eq(calls(DSAM_ROUTE_DEVICE), 3);
}
END_TEST

START_TEST(a_rebirth_that_fails_leaves_the_child_to_the_cpu)
{
	pid_t pid;

	start();
	rebirth_works = false;
	pid = fork();
	if (!pid) {
		for (unsigned i = 1; i < 5; i++)
			if (!copy_is_right() || rebirths != 1 ||
			    outside(DSAM_WHY_FORKED) != i)
				_exit((int)i);
		_exit(0);
	}
	expect_child(pid);
}
END_TEST

START_TEST(one_thread_alone_is_reborn)
{
	start();
	/* Another thread of a child is at it. */
	atomic_store(&dsam_arena->epoch, DSAM_EPOCH_REBIRTH);
	ck_assert(copy_is_right());
	ck_assert_int_eq(rebirths, 0);
	ck_assert_uint_eq(outside(DSAM_WHY_FORKED), 1);
}
END_TEST

static void *copy_in_thread(void *arg)
{
	(void)arg;
	return copy_is_right() ? NULL : (void *)1;
}

/* Runs after the slot's own destructor, whose key is older. */
static void exit_at_the_end(void *arg)
{
	(void)arg;
	_exit(dsam_self.slot == DSAM_SELF_GONE ? 0 : 9);
}

/* The key's value comes from the parent; its slot is none of ours. */
START_TEST(a_child_whose_thread_ends)
{
	pthread_key_t last;
	pid_t pid;

	start();
	ck_assert(!pthread_key_create(&last, exit_at_the_end));
	pid = fork();
	if (!pid) {
		pthread_t t;
		void *rc;

		/* The new thread takes the first slot of this life. */
		if (!copy_is_right() ||
		    pthread_create(&t, NULL, copy_in_thread, NULL) ||
		    pthread_join(t, &rc) || rc)
			_exit(1);
		pthread_setspecific(last, to);
		pthread_exit(NULL);
	}
	expect_child(pid);
}
END_TEST

/* Forked in the midst of a request, by a signal handler. */
static pid_t forked;
static bool did_fork;

static enum dsam_enqueue take(struct dsam_queue *q, const struct dsa_hw_desc *d)
{
	(void)q;
	(void)d;
	return DSAM_ENQUEUE_TAKEN;
}

static void fork_and_answer(struct dsam_queue *q, const struct dsa_hw_desc *d)
{
	(void)q;
	if (!did_fork) {
		did_fork = true;
		forked = fork();
		if (!forked)
			return;
	}
	memcpy((void *)(uintptr_t)d->dst_addr,
	       (const void *)(uintptr_t)d->src_addr, d->xfer_size);
	fake_answer(d, DSA_COMP_SUCCESS);
}

static const struct dsam_device_ops forking_ops = {
	.name = "forking", .enqueue = take, .relax = fork_and_answer};

START_TEST(fork_while_pieces_are_in_flight)
{
	engine_birth();
	engine_queue(&forking_ops, 1000);
	engine_begin();
	dsam_slot_rebirth = rebirth;
	dsam_tuning.max_inflight = 5;
	/* Ten pieces; the child comes back into the first one's wait. */
	ck_assert(copy_is_right() || !forked);
	if (!forked) {
		int bad = memcmp(to, from, sizeof(to)) ? 1 : 0;

		if (!bad && rebirths)
			bad = 2;
		/* The request is over; now this life begins. */
		if (!bad && (!copy_is_right() || rebirths != 1))
			bad = 3;
		if (!bad && (!copy_is_right() || dsam_self.slot->in_flight))
			bad = 4;
		_exit(bad);
	}
	expect_child(forked);
	ck_assert_uint_eq(calls(DSAM_ROUTE_DEVICE), 1);
	ck_assert_uint_eq(dsam_self.slot->in_flight, 0);
	ck_assert_uint_eq(atomic_load(&dsam_arena->crowd), 0);
}
END_TEST

RUN_SUITE("slot_fork", fork_child, child_of_a_child, raw_clone_child,
	  vfork_child, a_rebirth_that_fails_leaves_the_child_to_the_cpu,
	  one_thread_alone_is_reborn, a_child_whose_thread_ends,
	  fork_while_pieces_are_in_flight)
