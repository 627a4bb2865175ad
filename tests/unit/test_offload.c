// SPDX-License-Identifier: MIT
/*
 * A request around the copy itself: cutoffs, counting, bad pointers, handlers
 * that copy or jump, the crowd, verification.
 */
#include "caller.h"
#include "fake_device.h"
#include "profile.h"

#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <sys/mman.h>
#include <unistd.h>

static char from[1 << 16], to[1 << 16];

static void start(unsigned engines)
{
	engine_birth();
	if (!engine_software(engines))
		return;
	engine_begin();
	for (size_t i = 0; i < sizeof(from); i++)
		from[i] = (char)(i * 31 + 1);
}

static void copy(size_t n)
{
	memset(to, 0, sizeof(to));
	ck_assert_ptr_eq(
		dsam_offload_copy(DSAM_OP_MEMCPY, to, from, n, NULL, NULL), to);
	ck_assert_mem_eq(to, from, n);
}

static const struct dsam_op_stats *stats(enum dsam_op op)
{
	return &dsam_self.slot->stats.op[op];
}

START_TEST(below_the_cutoff_is_only_counted)
{
	start(0);
	dsam_limits.min_bytes[DSAM_OP_MEMCPY] = 1000;
	dsam_limits.min_bytes[DSAM_OP_MEMSET] = SIZE_MAX;
	copy(999);
	copy(1000);
	ck_assert_uint_eq(stats(DSAM_OP_MEMCPY)->small_calls, 1);
	ck_assert_uint_eq(stats(DSAM_OP_MEMCPY)->small_bytes, 999);
	ck_assert_uint_eq(stats(DSAM_OP_MEMCPY)->calls[DSAM_ROUTE_DEVICE], 1);
	ck_assert_ptr_eq(dsam_offload_fill(to, 0x155, 60000, NULL, NULL), to);
	ck_assert_int_eq(to[59999], 0x55);
	ck_assert_uint_eq(stats(DSAM_OP_MEMSET)->small_calls, 1);
	dsam_limits.min_bytes[DSAM_OP_MEMCMP] = SIZE_MAX;
	ck_assert_int_eq(dsam_offload_compare("abc", "abc", 3, NULL, NULL), 0);
	ck_assert_int_gt(dsam_offload_compare("abd", "abc", 3, NULL, NULL), 0);
	ck_assert_int_lt(dsam_offload_compare("abb", "abc", 3, NULL, NULL), 0);
	ck_assert_uint_eq(stats(DSAM_OP_MEMCMP)->small_calls, 3);
	ck_assert_uint_eq(stats(DSAM_OP_MEMCMP)->small_bytes, 9);
}
END_TEST

START_TEST(without_a_device_everything_is_counted)
{
	engine_birth();
	engine_begin();
	copy(5000);
	ck_assert_uint_eq(stats(DSAM_OP_MEMCPY)->calls[DSAM_ROUTE_CPU], 1);
	ck_assert_uint_eq(stats(DSAM_OP_MEMCPY)->why_bytes[DSAM_WHY_NO_DEVICE],
			  5000);
}
END_TEST

/* ---- bad pointers ---- */

static sigjmp_buf jump;
static char *volatile fault_at;

static void on_segv(int sig, siginfo_t *info, void *context)
{
	(void)sig;
	(void)context;
	fault_at = info->si_addr;
	siglongjmp(jump, 1);
}

/* A copy that runs into a page without access, at byte good. */
static void expect_signal(bool is_write, size_t good, size_t n)
{
	struct sigaction act = {.sa_sigaction = on_segv,
				.sa_flags = SA_SIGINFO | SA_NODEFER};
	size_t room = 16 * DSAM_PAGE;
	char *p = mmap(NULL, 2 * room, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	ck_assert_ptr_ne(p, MAP_FAILED);
	ck_assert(!mprotect(p + room, room, PROT_NONE));
	ck_assert(!sigaction(SIGSEGV, &act, NULL));
	fault_at = NULL;
	if (!sigsetjmp(jump, 1)) {
		char *bad = p + room - good;

		dsam_offload_copy(DSAM_OP_MEMCPY, is_write ? bad : to,
				  is_write ? from : bad, n, NULL, NULL);
		ck_abort_msg("no signal");
	}
	signal(SIGSEGV, SIG_DFL);
	/* libc may begin with either end; never outside the bad range. */
	ck_assert(fault_at >= p + room);
	ck_assert(fault_at < p + room + n);
	munmap(p, 2 * room);
	/* The slot is usable again at once. */
	copy(3000);
}

static void bad_pointers(unsigned engines, const char *script)
{
	start(engines);
	if (!dsam_queues.count)
		SKIP("bad_pointers", "process_vm_writev is forbidden");
	engine_script(script);
	for (int i = 0; i < 20; i++) {
		dsam_limits.is_split = i % 3 == 0;
		dsam_limits.cpu_percent = 40;
		dsam_tuning.touch_always = i % 4 == 0;
		expect_signal(i % 2, 1, 2);
		expect_signal(i % 2, 5000, 20000);
		expect_signal(i % 2, 4096, 8192);
		engine_revive();
	}
	copy(60000);
	ck_assert_uint_eq(dsam_self.slot->busy, 0);
	ck_assert_uint_gt(stats(DSAM_OP_MEMCPY)->device_bytes, 0);
}

START_TEST(bad_pointers_inline)
{
	bad_pointers(0, "ok busy fault@77");
}
END_TEST

START_TEST(bad_pointers_with_engines)
{
	bad_pointers(2, "ok*3 fault@77 wfault@0");
}
END_TEST

/* ---- handlers ---- */

static enum dsam_enqueue take(struct dsam_queue *q, const struct dsa_hw_desc *d)
{
	(void)q;
	(void)d;
	return DSAM_ENQUEUE_TAKEN;
}

static char inner_from[9000], inner_to[9000];
static int handled;

static void copy_in_handler(int sig)
{
	(void)sig;
	handled++;
	dsam_offload_copy(DSAM_OP_MEMMOVE, inner_to, inner_from,
			  sizeof(inner_to), NULL, NULL);
}

static void jump_in_handler(int sig)
{
	(void)sig;
	handled++;
	siglongjmp(jump, 1);
}

static void perform(const struct dsa_hw_desc *d)
{
	memcpy((void *)(uintptr_t)d->dst_addr,
	       (const void *)(uintptr_t)d->src_addr, d->xfer_size);
	fake_answer(d, DSA_COMP_SUCCESS);
}

/* The device is at work when the signal comes. */
static void signal_first(struct dsam_queue *q, const struct dsa_hw_desc *d)
{
	(void)q;
	if (!handled)
		raise(SIGUSR1);
	perform(d);
}

static unsigned cancelled;

static void cancel(struct dsam_queue *q, const struct dsa_hw_desc *d)
{
	(void)q;
	cancelled++;
	fake_answer(d, DSA_COMP_HW_ERR1);
}

static const struct dsam_device_ops signalled = {.name = "signalled",
						 .enqueue = take,
						 .relax = signal_first,
						 .cancel = cancel,
						 .drain = fake_drain};

/* The same, of a device that needs no turns of ours. */
static enum dsam_enqueue take_and_signal(struct dsam_queue *q,
					 const struct dsa_hw_desc *d)
{
	signal_first(q, d);
	return DSAM_ENQUEUE_TAKEN;
}

static const struct dsam_device_ops signalling = {.name = "signalling",
						  .enqueue = take_and_signal};

START_TEST(a_handler_that_copies_is_nested)
{
	engine_birth();
	engine_queue(&signalling, 1000);
	engine_begin();
	signal(SIGUSR1, copy_in_handler);
	memset(inner_from, 5, sizeof(inner_from));
	memset(from, 6, sizeof(from));
	copy(20000);
	ck_assert_int_eq(handled, 1);
	ck_assert_mem_eq(inner_to, inner_from, sizeof(inner_to));
	ck_assert_uint_eq(
		atomic_load(&dsam_arena->common.outside_calls[DSAM_OP_MEMMOVE]
							     [DSAM_WHY_NESTED]),
		1);
	ck_assert_uint_eq(stats(DSAM_OP_MEMCPY)->calls[DSAM_ROUTE_DEVICE], 1);
	ck_assert_uint_eq(dsam_self.slot->in_flight, 0);
}
END_TEST

/* Many jumps out of waits: no slot, no entry, no place is lost for good. */
START_TEST(a_handler_that_jumps)
{
	engine_birth();
	engine_queue(&signalled, 1000);
	engine_begin();
	dsam_tuning.max_inflight = 1;
	signal(SIGUSR1, jump_in_handler);
	memset(from, 6, sizeof(from));
	for (int i = 0; i < 100; i++) {
		handled = 0;
		if (!sigsetjmp(jump, 1)) {
			copy(20000);
			ck_abort_msg("no jump");
		}
		copy(5000);
	}
	ck_assert_uint_gt(cancelled, 100);
	ck_assert_uint_eq(atomic_load(&dsam_arena->crowd), 0);
	ck_assert_uint_eq(stats(DSAM_OP_MEMCPY)->calls[DSAM_ROUTE_DEVICE], 100);
}
END_TEST

/* Takes, raises the signal once, answers what comes later. */
static enum dsam_enqueue jump_first(struct dsam_queue *q,
				    const struct dsa_hw_desc *d)
{
	fake_of_queue(q)->enqueued++;
	if (q != dsam_queues.q || fake_of_queue(q)->enqueued > 3)
		perform(d);
	return DSAM_ENQUEUE_TAKEN;
}

static void raise_first(struct dsam_queue *q, const struct dsa_hw_desc *d)
{
	(void)q;
	(void)d;
	if (!handled)
		raise(SIGUSR1);
}

static const struct dsam_device_ops silent = {.name = "silent",
					      .enqueue = jump_first,
					      .relax = raise_first,
					      .drain = fake_drain};

/*
 * What a left request had in flight may still be written: the next one waits
 * for it, and when no answer comes the queue is closed.
 */
START_TEST(what_was_left_in_flight_is_waited_for)
{
	engine_birth();
	engine_queue(&silent, 1U << 20);
	engine_queue(&silent, 1U << 20);
	engine_begin();
	dsam_queue_deadline = 3000 * dsam_clock.ticks_per_us;
	signal(SIGUSR1, jump_in_handler);
	memset(from, 6, sizeof(from));
	if (!sigsetjmp(jump, 1)) {
		copy(20000);
		ck_abort_msg("no jump");
	}
	copy(5000);
	ck_assert_int_eq(atomic_load(&dsam_queues.q[0].state),
			 DSAM_QUEUE_CLOSED);
	ck_assert_int_eq(atomic_load(&dsam_queues.q[1].state), DSAM_QUEUE_OPEN);
	ck_assert_uint_eq(fake[0].drained, 1);
	ck_assert_uint_eq(dsam_self.slot->in_flight, 0);
	ck_assert_uint_eq(stats(DSAM_OP_MEMCPY)->calls[DSAM_ROUTE_DEVICE], 1);
}
END_TEST

/* ---- crowd, verify ---- */

START_TEST(no_more_at_once_than_max_inflight)
{
	start(0);
	dsam_tuning.max_inflight = 2;
	copy(4096);
	ck_assert_uint_eq(stats(DSAM_OP_MEMCPY)->calls[DSAM_ROUTE_DEVICE], 1);
	/* Two others are at it. */
	atomic_store(&dsam_arena->crowd, 2);
	copy(4096);
	ck_assert_uint_eq(stats(DSAM_OP_MEMCPY)->why_calls[DSAM_WHY_CROWD], 1);
	ck_assert_uint_eq(atomic_load(&dsam_arena->crowd), 2);
	atomic_store(&dsam_arena->crowd, 1);
	copy(4096);
	ck_assert_uint_eq(stats(DSAM_OP_MEMCPY)->calls[DSAM_ROUTE_DEVICE], 2);
	ck_assert_uint_eq(atomic_load(&dsam_arena->crowd), 1);
}
END_TEST

START_TEST(a_share_is_verified)
{
	int wrong = 0;

	start(0);
	engine_script("wrong@0");
	dsam_tuning.verify_percent = 25;
	for (int i = 0; i < 400; i++) {
		dsam_offload_copy(DSAM_OP_MEMCPY, to, from, 256, NULL, NULL);
		wrong += to[0] != from[0];
		engine_revive();
	}
	/* Every fourth was looked at and mended. */
	ck_assert_int_eq(wrong, 300);
	ck_assert_uint_eq(stats(DSAM_OP_MEMCPY)->why_calls[DSAM_WHY_MISMATCH],
			  100);
	/* A queue found wrong is taken out of service. */
	dsam_tuning.verify_percent = 100;
	copy(256);
	ck_assert_int_eq(atomic_load(&dsam_queues.q[0].state),
			 DSAM_QUEUE_QUARANTINED);
	copy(256);
	ck_assert_uint_eq(stats(DSAM_OP_MEMCPY)->why_calls[DSAM_WHY_NO_QUEUE],
			  1);
}
END_TEST

static int finds_nothing(void *address, struct dl_find_object *o)
{
	(void)address;
	(void)o;
	return -1;
}

/* Learned to be the CPU's: hardly looked at, and all of it counted. */
START_TEST(what_is_not_asked_about_is_counted)
{
	const struct dsam_op_stats *o;
	struct dsam_tuner *t;
	size_t n = 50000;

	start(0);
	dsam_limits.is_split = dsam_limits.is_learned = true;
	copy(64);
	t = &dsam_self.slot->tuner;
	for (int absent = 0; absent < 2; absent++) {
		struct dsam_lesson *l =
			dsam_tuner_lesson(t, DSAM_WORK_MOVE, absent, n);

		l->way[DSAM_WAY_CPU] = 1000;
		l->way[DSAM_WAY_BOTH] = l->way[DSAM_WAY_DEVICE] = 1 << 30;
		l->until[DSAM_WAY_BOTH] = l->until[DSAM_WAY_DEVICE] = 9999;
	}
	o = stats(DSAM_OP_MEMCPY);
	for (int i = 0; i < 100; i++)
		copy(n);
	ck_assert_int_gt(t->rest[DSAM_WORK_MOVE][15], 0);
	ck_assert_uint_eq(o->calls[DSAM_ROUTE_CPU], 100);
	ck_assert_uint_eq(o->bytes[DSAM_ROUTE_CPU], 100 * n);
	ck_assert_uint_eq(o->why_calls[DSAM_WHY_SLOWER], 100);
	ck_assert_uint_eq(o->why_bytes[DSAM_WHY_SLOWER], 100 * n);
	ck_assert_uint_eq(o->cpu[15].calls, 100);
	ck_assert_uint_gt(o->cpu[15].ns, 0);
	ck_assert_uint_eq(o->size[dsam_stats_bucket(n)], 100);
	/* Another reason stays another reason. */
	t->rest[DSAM_WORK_MOVE][15] = 5;
	dsam_offload_copy(DSAM_OP_MEMMOVE, to, to + 1, n, NULL, NULL);
	ck_assert_uint_eq(stats(DSAM_OP_MEMMOVE)->why_calls[DSAM_WHY_OVERLAP],
			  1);
	/* Whose copies are to be known, all are looked at. */
	t->rest[DSAM_WORK_MOVE][15] = 0;
	dsam_tuning.profiles = true;
	ck_assert_int_eq(dsam_profile_birth(), 0);
	dsam_callers.find = finds_nothing;
	for (int i = 0; i < 20; i++)
		dsam_offload_copy(DSAM_OP_MEMCPY, to, from, n, from, NULL);
	ck_assert_int_eq(t->rest[DSAM_WORK_MOVE][15], 0);
	ck_assert_uint_eq(o->why_calls[DSAM_WHY_SLOWER], 120);
}
END_TEST

RUN_SUITE("offload", below_the_cutoff_is_only_counted,
	  without_a_device_everything_is_counted, bad_pointers_inline,
	  bad_pointers_with_engines, a_handler_that_copies_is_nested,
	  a_handler_that_jumps, what_was_left_in_flight_is_waited_for,
	  no_more_at_once_than_max_inflight, a_share_is_verified,
	  what_is_not_asked_about_is_counted)
