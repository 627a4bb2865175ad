// SPDX-License-Identifier: MIT
/* The software DSA: its script, its queue, engines, the inline turn. */
#include "engine.h"
#include "step.h"

#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <unistd.h>

static struct dsam_queue *const q = &dsam_queues.q[0];
static char why[256];

static _Alignas(64) struct dsa_hw_desc desc[DSAM_SOFTWARE_SIZE + 8];
static _Alignas(32) struct dsa_completion_record rec[DSAM_SOFTWARE_SIZE + 8];
static char from[8192], to[8192];

static void start(unsigned engines)
{
	ck_assert(!dsam_libc_resolve());
	dsam_clock_start();
	dsam_clock_calibrate();
	ck_assert(engine_software(engines));
	for (size_t i = 0; i < sizeof(from); i++)
		from[i] = (char)(i * 7 + 1);
}

static enum dsam_enqueue send(unsigned i, uint32_t n)
{
	dsam_descriptor_begin(&desc[i], &rec[i], DSA_OPCODE_MEMMOVE);
	desc[i].src_addr = (uintptr_t)from;
	desc[i].dst_addr = (uintptr_t)to;
	desc[i].xfer_size = n;
	memset(to, 0, sizeof(to));
	return q->ops->enqueue(q, &desc[i]);
}

static uint8_t status(unsigned i)
{
	return __atomic_load_n(&rec[i].status, __ATOMIC_ACQUIRE);
}

/* Turns until the record is written. */
static unsigned turns(unsigned i)
{
	unsigned n = 0;

	for (; !status(i) && n < 1000; n++)
		q->ops->relax(q, &desc[i]);
	return n;
}

/* ---- the script ---- */

START_TEST(script_steps)
{
	static const struct {
		enum dsam_step_kind kind;
		uint64_t arg, until;
	} want[] = {{DSAM_STEP_OK, 0, 1},        {DSAM_STEP_BUSY, 0, 4},
		    {DSAM_STEP_FAULT, 4096, 5},  {DSAM_STEP_WFAULT, 0, 7},
		    {DSAM_STEP_ERROR, 0x1f, 8},  {DSAM_STEP_AFTER, 100, 9},
		    {DSAM_STEP_NEVER, 0, 1009},  {DSAM_STEP_WRONG, 7, 1010},
		    {DSAM_STEP_ERROR, 255, 1011}};

	ck_assert(!dsam_software_script(
		"ok, busy*3\tfault@4096  wfault@0*2,error=0x1f after=100 "
		"never*1000,wrong@7 error=255,",
		why, sizeof(why)));
	ck_assert_uint_eq(dsam_software.steps, 9);
	for (int i = 0; i < 9; i++) {
		ck_assert_int_eq(dsam_software.step[i].kind, want[i].kind);
		ck_assert_uint_eq(dsam_software.step[i].arg, want[i].arg);
		ck_assert_uint_eq(dsam_software.step[i].until, want[i].until);
	}
	ck_assert(!dsam_software_script("", why, sizeof(why)));
	ck_assert_uint_eq(dsam_software.steps, 0);
	ck_assert(!dsam_software_script(" ,\t ", why, sizeof(why)));
	ck_assert_uint_eq(dsam_software.steps, 0);
}
END_TEST

#define A_LONG_WORD                                                  \
	"a_word_that_is_longer_than_any_step_could_ever_be_in_this_" \
	"world_or_another"

START_TEST(script_errors)
{
	static const char *const bad[] = {
		"okay",
		"o",
		"OK",
		"ok@1",
		"busy=3",
		"fault",
		"fault@",
		"fault@x",
		"fault@-1",
		"fault=5",
		"fault@4294967296",
		"error=256",
		"error",
		"error=0",
		"error@5",
		"after@5",
		"after=",
		"after=1000000001",
		"never*0",
		"ok*",
		"ok*-1",
		"ok*x",
		"ok*1000000001",
		"ok*2*2",
		"ok;busy",
		"@5",
		"*3",
		"fault@5x",
		"fault@99999999999999999999999999999999999999",
		A_LONG_WORD};

	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		char text[200], want[100];

		snprintf(text, sizeof(text), "ok %s ok", bad[i]);
		ck_assert_msg(dsam_software_script(text, why, sizeof(why)),
			      "%s", text);
		snprintf(want, sizeof(want), "'%.60s' is not a step, expected ",
			 bad[i]);
		ck_assert_msg(!strncmp(why, want, strlen(want)), "%s", why);
	}
}
END_TEST

START_TEST(script_of_too_many_steps)
{
	char text[1000] = "";

	for (unsigned i = 0; i < DSAM_SOFTWARE_STEPS; i++)
		strcat(text, "ok ");
	ck_assert(!dsam_software_script(text, why, sizeof(why)));
	strcat(text, "ok");
	ck_assert(dsam_software_script(text, why, sizeof(why)));
	ck_assert_str_eq(why, "has too many steps, expected at most 64");
}
END_TEST

START_TEST(script_starts_over)
{
	start(0);
	engine_script("ok*2 error=0x10 busy");
	for (int i = 0; i < 5; i++) {
		for (int ok = 0; ok < 2; ok++) {
			ck_assert_int_eq(send(0, 8192), DSAM_ENQUEUE_TAKEN);
			ck_assert_uint_le(turns(0), 1);
			ck_assert_uint_eq(status(0), DSA_COMP_SUCCESS);
			ck_assert_mem_eq(to, from, 8192);
		}
		ck_assert_int_eq(send(0, 8192), DSAM_ENQUEUE_TAKEN);
		turns(0);
		ck_assert_uint_eq(status(0), 0x10);
		ck_assert_int_eq(to[0], 0);
		ck_assert_int_eq(send(0, 8192), DSAM_ENQUEUE_RETRY);
	}
}
END_TEST

/* ---- inline ---- */

START_TEST(birth_of_the_queue)
{
	start(0);
	ck_assert_ptr_eq(q->ops, &dsam_device_inline);
	ck_assert_str_eq(q->path, "");
	ck_assert_int_eq(q->fd, -1);
	ck_assert_int_eq(q->numa_node, -1);
	ck_assert_uint_eq(q->max_transfer, 2U << 20);
	ck_assert_int_eq(atomic_load(&q->state), DSAM_QUEUE_OPEN);
}
END_TEST

START_TEST(inline_faults)
{
	start(0);
	engine_script("fault@1000 wfault@0 fault@8191 fault@8192");
	send(0, 8192);
	turns(0);
	ck_assert_uint_eq(status(0), DSA_COMP_PAGE_FAULT_NOBOF);
	ck_assert_uint_eq(rec[0].bytes_completed, 1000);
	ck_assert_mem_eq(to, from, 1000);
	ck_assert_int_eq(to[1000], 0);
	send(0, 8192);
	turns(0);
	ck_assert_uint_eq(status(0),
			  DSA_COMP_PAGE_FAULT_NOBOF | DSA_COMP_STATUS_WRITE);
	ck_assert_uint_eq(rec[0].bytes_completed, 0);
	send(0, 8192);
	turns(0);
	ck_assert_uint_eq(rec[0].bytes_completed, 8191);
	/* Beyond the end there is nothing to fault. */
	send(0, 8192);
	turns(0);
	ck_assert_uint_eq(status(0), DSA_COMP_SUCCESS);
}
END_TEST

START_TEST(inline_turns)
{
	start(0);
	engine_script("after=7 never wrong@8193");
	send(0, 100);
	ck_assert_uint_eq(turns(0), 8);
	ck_assert_uint_eq(status(0), DSA_COMP_SUCCESS);
	send(0, 100);
	ck_assert_uint_eq(turns(0), 1000);
	/* The byte counts modulo the length. */
	send(1, 100);
	turns(1);
	ck_assert_uint_eq(status(1), DSA_COMP_SUCCESS);
	ck_assert_int_eq(to[93], (char)~from[93]);
	to[93] = from[93];
	ck_assert_mem_eq(to, from, 100);
}
END_TEST

START_TEST(inline_descriptors_are_checked_as_hardware_does)
{
	start(0);
	engine_script("");
	dsam_descriptor_begin(&desc[0], &rec[0], DSA_OPCODE_MEMMOVE);
	desc[0].xfer_size = (2U << 20) + 1;
	desc[0].src_addr = (uintptr_t)from;
	desc[0].dst_addr = (uintptr_t)to;
	q->ops->enqueue(q, &desc[0]);
	turns(0);
	ck_assert_uint_eq(status(0), DSA_COMP_XFER_ERANGE);
	dsam_descriptor_begin(&desc[0], &rec[0], DSA_OPCODE_CRCGEN);
	desc[0].xfer_size = 64;
	q->ops->enqueue(q, &desc[0]);
	turns(0);
	ck_assert_uint_eq(status(0), DSA_COMP_BAD_OPCODE);
}
END_TEST

START_TEST(inline_takes_what_was_left_behind)
{
	start(0);
	engine_script("never*40 ok");
	/* Nobody comes back for these. */
	for (unsigned i = 0; i < 40; i++)
		ck_assert_int_eq(send(i, 64), DSAM_ENQUEUE_TAKEN);
	/* The same descriptor again: the new one counts. */
	ck_assert_int_eq(send(39, 64), DSAM_ENQUEUE_TAKEN);
	ck_assert_uint_le(turns(39), 1);
	dsam_software_forget();
	ck_assert_uint_eq(turns(38), 1000);
}
END_TEST

/* A handler forks between the look at the epoch and the turn. */
START_TEST(inline_meets_a_wiped_descriptor)
{
	start(0);
	engine_script("ok");
	send(0, 64);
	memset(&desc[0], 0, sizeof(desc[0]));
	q->ops->relax(q, &desc[0]);
	ck_assert_uint_eq(status(0), 0);
	send(1, 64);
	memset(&desc[1], 0, sizeof(desc[1]));
	q->ops->cancel(q, &desc[1]);
	ck_assert_uint_eq(status(1), 0);
}
END_TEST

/* ---- engines ---- */

static void expect_engines(unsigned engines)
{
	if (dsam_software_remote_probe())
		SKIP("engine threads", "process_vm_writev is forbidden");
	start(engines);
	engine_script("ok fault@100");
	ck_assert_ptr_eq(q->ops, &dsam_device_engines);
	ck_assert_ptr_null(q->ops->relax);
	for (int round = 0; round < 200; round++) {
		/* Let them fall asleep now and then. */
		if (round % 50 == 0)
			usleep(2000);
		while (send(0, 8192) == DSAM_ENQUEUE_RETRY)
			;
		while (!status(0))
			sched_yield();
		if (round % 2) {
			ck_assert_uint_eq(status(0), DSA_COMP_PAGE_FAULT_NOBOF);
			ck_assert_uint_eq(rec[0].bytes_completed, 100);
		} else {
			ck_assert_uint_eq(status(0), DSA_COMP_SUCCESS);
			ck_assert_mem_eq(to, from, 8192);
		}
	}
}

START_TEST(one_engine)
{
	expect_engines(1);
}
END_TEST

START_TEST(three_engines)
{
	expect_engines(3);
}
END_TEST

START_TEST(a_bad_address_is_a_fault_not_a_signal)
{
	if (dsam_software_remote_probe())
		SKIP("engine threads", "process_vm_writev is forbidden");
	start(1);
	dsam_descriptor_begin(&desc[0], &rec[0], DSA_OPCODE_MEMMOVE);
	desc[0].src_addr = (uintptr_t)from;
	desc[0].dst_addr = 4096;
	desc[0].xfer_size = 64;
	ck_assert_int_eq(q->ops->enqueue(q, &desc[0]), DSAM_ENQUEUE_TAKEN);
	while (!status(0))
		sched_yield();
	ck_assert_uint_eq(status(0),
			  DSA_COMP_PAGE_FAULT_NOBOF | DSA_COMP_STATUS_WRITE);
	desc[0].src_addr = 4096;
	desc[0].dst_addr = (uintptr_t)to;
	rec[0].status = 0;
	ck_assert_int_eq(q->ops->enqueue(q, &desc[0]), DSAM_ENQUEUE_TAKEN);
	while (!status(0))
		sched_yield();
	ck_assert_uint_eq(status(0), DSA_COMP_PAGE_FAULT_NOBOF);
}
END_TEST

static sigjmp_buf away;
static volatile int steps_left;

static void on_step(int sig)
{
	(void)sig;
	if (!steps_left--)
		siglongjmp(away, 1);
}

/* A handler may leave an enqueue at any instruction: others go on. */
START_TEST(an_enqueue_that_is_left_holds_up_nobody)
{
	volatile int at;

	if (dsam_software_remote_probe())
		SKIP("engine threads", "process_vm_writev is forbidden");
	/* The jump may leave its runtime with a lock held. */
	if (HAS_TSAN)
		SKIP("leaving an enqueue", "not under thread sanitizer");
	start(1);
	engine_script("ok");
	signal(SIGTRAP, on_step);
	dsam_descriptor_begin(&desc[0], &rec[0], DSA_OPCODE_NOOP);
	for (at = 0; at < 10000; at++) {
		/* Now and then the engine has gone to sleep. */
		if (at % 4 == 0)
			usleep(200);
		steps_left = at;
		if (!sigsetjmp(away, 1)) {
			single_step(true);
			q->ops->enqueue(q, &desc[0]);
			single_step(false);
			break;
		}
		q->ops->nudge(q);
		ck_assert_int_eq(send(1, 64), DSAM_ENQUEUE_TAKEN);
		while (!status(1))
			sched_yield();
		for (int i = 0; i < (int)DSAM_SOFTWARE_SIZE; i++)
			while (atomic_load(&dsam_software.cell[i]))
				sched_yield();
		while (atomic_load(&dsam_software.running))
			sched_yield();
	}
	ck_assert_int_gt(at, 10);
	ck_assert_int_lt(at, 10000);
}
END_TEST

START_TEST(the_queue_is_bounded)
{
	unsigned n = 0;

	if (dsam_software_remote_probe())
		SKIP("engine threads", "process_vm_writev is forbidden");
	start(1);
	/* The first keeps the engine busy for good. */
	engine_script("after=1000000000");
	while (n < DSAM_SOFTWARE_SIZE + 8 && send(n, 64) == DSAM_ENQUEUE_TAKEN)
		n++;
	ck_assert_uint_ge(n, DSAM_SOFTWARE_SIZE);
	ck_assert_uint_le(n, DSAM_SOFTWARE_SIZE + 1);
	/* Drained: nothing is written any more, nothing is taken. */
	q->ops->drain(q);
	for (unsigned i = 0; i < n; i++)
		ck_assert_uint_eq(status(i), 0);
	ck_assert_int_eq(send(n, 64), DSAM_ENQUEUE_RETRY);
	usleep(1000);
	for (unsigned i = 0; i < n; i++)
		ck_assert_uint_eq(status(i), 0);
}
END_TEST

START_TEST(a_child_works_inline)
{
	if (dsam_software_remote_probe())
		SKIP("engine threads", "process_vm_writev is forbidden");
	start(1);
	atomic_store(&q->state, DSAM_QUEUE_QUARANTINED);
	dsam_software_reborn(q);
	ck_assert_ptr_eq(q->ops, &dsam_device_inline);
	ck_assert_int_eq(atomic_load(&q->state), DSAM_QUEUE_OPEN);
	engine_script("");
	send(0, 100);
	turns(0);
	ck_assert_mem_eq(to, from, 100);
}
END_TEST

RUN_SUITE("software", script_steps, script_errors, script_of_too_many_steps,
	  script_starts_over, birth_of_the_queue, inline_faults, inline_turns,
	  inline_descriptors_are_checked_as_hardware_does,
	  inline_takes_what_was_left_behind, inline_meets_a_wiped_descriptor,
	  one_engine, three_engines, a_bad_address_is_a_fault_not_a_signal,
	  an_enqueue_that_is_left_holds_up_nobody, the_queue_is_bounded,
	  a_child_works_inline)
