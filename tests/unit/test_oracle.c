// SPDX-License-Identifier: MIT
/*
 * The oracle on the software device: inline, with engine threads, and with
 * many threads at once; every kind of trouble by script.
 * DSAM_CASES and DSAM_SEED change how many and which.
 */
#include "oracle.h"

#include <pthread.h>
#include <sched.h>

/* Cases before settings and script change. */
#define RUN 40

static const char *const scripts[] = {
	"",
	"busy ok",
	"busy*3 ok busy*40 ok",
	"busy",
	"fault@0 ok",
	"fault@0",
	"fault@100 wfault@5000 ok*2",
	"wfault@1 fault@63*2 ok",
	"wfault@4096 ok",
	"wfault@4095*3 busy*33 ok",
	"fault@1 error=0x1f ok*5",
	"error=0x10 ok*3",
	"error=0x83 error=0x80 ok*9",
	"error=0xff*5 ok*20",
	"ok*7 error=2*4 fault@17",
	"after=3 ok after=100",
	"busy fault@9 after=2 wfault@70 error=0x11 ok busy*2 ok*3",
};

/* Change script and settings; wrong bytes only where all are compared. */
static void reconfigure(struct oracle *o)
{
	size_t i = random_below(&o->random, sizeof(scripts) / sizeof(*scripts));

	oracle_configure(o);
	/* Engines look at the script until they are done with a step. */
	while (atomic_load(&dsam_software.running))
		sched_yield();
	o->how = scripts[i];
	if (random_once_in(&o->random, 10)) {
		o->how = "wrong@5 ok*2 wrong@4096 wrong@0*2 fault@50";
		dsam_tuning.verify_percent = 100;
	}
	engine_script(o->how);
}

static void run_cases(struct oracle *o, unsigned long count)
{
	for (unsigned long i = 0; i < count; i++) {
		if (i % RUN == 0)
			reconfigure(o);
		oracle_case(o);
		engine_revive();
	}
}

/* Each kind of trouble came, and the device did its part all the same. */
static void expect_variety(const struct oracle *o)
{
	static const enum dsam_why all[] = {
		DSAM_WHY_SPLIT, DSAM_WHY_HEAD,  DSAM_WHY_OVERLAP, DSAM_WHY_BUSY,
		DSAM_WHY_FAULT, DSAM_WHY_ERROR, DSAM_WHY_MISMATCH};
	uint64_t device = oracle_audit(o);

	if (o->cases < 5000)
		return;
	ck_assert_uint_gt(device, o->bytes / 10);
	for (size_t i = 0; i < sizeof(all) / sizeof(*all); i++)
		ck_assert_msg(oracle_why(all[i]) > 0, "no case of reason %d",
			      (int)all[i]);
	ck_assert_uint_eq(oracle_why(DSAM_WHY_TIMEOUT), 0);
	ck_assert_uint_eq(oracle_why(DSAM_WHY_NESTED), 0);
	ck_assert_uint_eq(oracle_why(DSAM_WHY_FORKED), 0);
}

static struct oracle o;

START_TEST(inline_device)
{
	oracle_open(&o, 1);
	engine_birth();
	ck_assert(engine_software(0));
	engine_begin();
	run_cases(&o, oracle_cases(75));
	expect_variety(&o);
}
END_TEST

START_TEST(engine_threads)
{
	oracle_open(&o, 2);
	engine_birth();
	if (!engine_software(2))
		SKIP("engine_threads", "process_vm_writev is forbidden");
	engine_begin();
	run_cases(&o, oracle_cases(15));
	expect_variety(&o);
}
END_TEST

/* A queue that transfers little in one go gets batches. */
static void small_transfers(void)
{
	dsam_queues.q[0].max_transfer = 4096;
	dsam_software.limits.max_transfer = 4096;
	engine_begin();
	ck_assert_uint_eq(atomic_load(&dsam_queues.q[0].members), DSAM_MEMBERS);
}

START_TEST(batches_inline)
{
	oracle_open(&o, 4);
	engine_birth();
	ck_assert(engine_software(0));
	small_transfers();
	run_cases(&o, oracle_cases(30));
	expect_variety(&o);
}
END_TEST

START_TEST(batches_by_engines)
{
	oracle_open(&o, 5);
	engine_birth();
	if (!engine_software(2))
		SKIP("batches_by_engines", "process_vm_writev is forbidden");
	small_transfers();
	run_cases(&o, oracle_cases(10));
	expect_variety(&o);
}
END_TEST

static unsigned long each;

static void *one_of_many(void *arg)
{
	struct oracle mine;

	oracle_open(&mine, 16 + (uintptr_t)arg);
	mine.how = "many threads";
	for (unsigned long i = 0; i < each; i++)
		oracle_case(&mine);
	oracle_close(&mine);
	return NULL;
}

static void many_threads(unsigned engines)
{
	pthread_t t[4];

	dsam_limits.is_split = true;
	dsam_limits.cpu_percent = 20;
	dsam_tuning.verify_percent = 10;
	engine_script("ok*3 fault@900 busy*2 wfault@60 ok error=0x10 ok*20 "
		      "after=3");
	each = oracle_cases(engines ? 5 : 10) / 4 + 1;
	for (uintptr_t i = 0; i < 4; i++)
		ck_assert(!pthread_create(&t[i], NULL, one_of_many, (void *)i));
	for (int i = 0; i < 4; i++)
		ck_assert(!pthread_join(t[i], NULL));
	ck_assert_uint_eq(atomic_load(&dsam_arena->crowd), 0);
	ck_assert_uint_eq(atomic_load(&dsam_arena->retired), 4);
}

START_TEST(many_threads_inline)
{
	engine_birth();
	ck_assert(engine_software(0));
	engine_begin();
	many_threads(0);
}
END_TEST

START_TEST(many_threads_with_engines)
{
	engine_birth();
	if (!engine_software(3))
		SKIP("many_threads_with_engines",
		     "process_vm_writev is forbidden");
	engine_begin();
	dsam_tuning.max_inflight = 2;
	many_threads(3);
}
END_TEST

START_TEST(many_threads_with_batches)
{
	engine_birth();
	if (!engine_software(2))
		SKIP("many_threads_with_batches",
		     "process_vm_writev is forbidden");
	small_transfers();
	many_threads(2);
}
END_TEST

/* A descriptor that is never answered: the queue is closed, the CPU copies. */
static void swallowed(unsigned engines, const char *script, bool has_batches)
{
	oracle_open(&o, 3);
	engine_birth();
	if (!engine_software(engines))
		SKIP("swallowed", "process_vm_writev is forbidden");
	if (has_batches)
		small_transfers();
	else
		engine_begin();
	/* An engine that the machine keeps waiting is not silent. */
	dsam_queue_deadline = 200000 * dsam_clock.ticks_per_us;
	dsam_limits.is_split = true;
	dsam_limits.cpu_percent = 10;
	o.how = script;
	engine_script(script);
	for (int i = 0; i < 200; i++)
		oracle_case(&o);
	oracle_audit(&o);
	ck_assert_uint_ge(oracle_why(DSAM_WHY_TIMEOUT), 1);
	ck_assert_uint_ge(oracle_why(DSAM_WHY_NO_QUEUE), 1);
	ck_assert_int_eq(atomic_load(&dsam_queues.q[0].state),
			 DSAM_QUEUE_CLOSED);
}

START_TEST(swallowed_by_the_inline_device)
{
	swallowed(0, "ok*9 never ok", false);
}
END_TEST

START_TEST(a_batch_swallowed_by_the_inline_device)
{
	swallowed(0, "ok*9 never ok", true);
}
END_TEST

START_TEST(a_batch_swallowed_by_engines)
{
	swallowed(2, "ok*9 never ok", true);
}
END_TEST

START_TEST(swallowed_by_engines)
{
	swallowed(2, "ok*9 never ok", false);
}
END_TEST

/* Its record can't be written (the address does not translate). */
START_TEST(no_record_from_engines)
{
	swallowed(2, "ok*9 error=0x1a ok", false);
}
END_TEST

START_TEST(too_slow_for_the_deadline)
{
	swallowed(1, "ok*5 after=1000000000", false);
}
END_TEST

int main(void)
{
	oracle_choose_seed();
	return suite_run(
		"oracle", NULL, NULL,
		SUITE_TESTS(
			inline_device, engine_threads, batches_inline,
			batches_by_engines, many_threads_inline,
			many_threads_with_engines, many_threads_with_batches,
			a_batch_swallowed_by_the_inline_device,
			a_batch_swallowed_by_engines,
			swallowed_by_the_inline_device, swallowed_by_engines,
			no_record_from_engines, too_slow_for_the_deadline));
}
