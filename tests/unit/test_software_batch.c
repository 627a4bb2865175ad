// SPDX-License-Identifier: MIT
/* Batches on the software DSA: what its script means for them. */
#include "engine.h"

#include <sched.h>

#define COUNT 4
#define SIZE 2000U

static struct dsam_queue *const q = &dsam_queues.q[0];
static _Alignas(64) struct dsa_hw_desc parent, list[DSAM_MEMBERS + 1];
static _Alignas(32) struct dsa_completion_record rec, records[DSAM_MEMBERS + 1];
static char from[COUNT * SIZE], to[COUNT * SIZE];

static void start(unsigned engines, const char *script)
{
	ck_assert(!dsam_libc_resolve());
	dsam_clock_start();
	dsam_clock_calibrate();
	ck_assert(engine_software(engines));
	ck_assert_uint_eq(q->max_batch, DSAM_MEMBERS);
	for (size_t i = 0; i < sizeof(from); i++)
		from[i] = (char)(i * 7 + 1);
	engine_script(script);
}

static void send(uint32_t count)
{
	memset(to, 0, sizeof(to));
	for (unsigned i = 0; i < COUNT; i++) {
		dsam_descriptor_begin(&list[i], &records[i],
				      DSA_OPCODE_MEMMOVE);
		list[i].src_addr = (uintptr_t)from + i * SIZE;
		list[i].dst_addr = (uintptr_t)to + i * SIZE;
		list[i].xfer_size = SIZE;
	}
	dsam_descriptor_begin(&parent, &rec, DSA_OPCODE_BATCH);
	parent.desc_list_addr = (uintptr_t)list;
	parent.desc_count = count;
	ck_assert_int_eq(q->ops->enqueue(q, &parent), DSAM_ENQUEUE_TAKEN);
}

static void expect(uint8_t status)
{
	while (!__atomic_load_n(&rec.status, __ATOMIC_ACQUIRE))
		if (q->ops->relax)
			q->ops->relax(q, &parent);
		else
			sched_yield();
	ck_assert_uint_eq(rec.status, status);
}

/* All members but bad are done; COUNT: all. */
static void expect_members(unsigned bad)
{
	for (unsigned i = 0; i < COUNT; i++) {
		if (i == bad)
			continue;
		ck_assert_uint_eq(records[i].status, DSA_COMP_SUCCESS);
		ck_assert_mem_eq(to + i * SIZE, from + i * SIZE, SIZE);
	}
}

static void every_step(unsigned engines)
{
	start(engines, "ok fault@4321 wfault@0 fault@8000 error=6 wrong@2001");
	send(COUNT);
	expect(DSA_COMP_SUCCESS);
	expect_members(COUNT);
	/* The byte is counted over all of the batch. */
	send(COUNT);
	expect(DSA_COMP_BATCH_FAIL);
	expect_members(2);
	ck_assert_uint_eq(records[2].status, DSA_COMP_PAGE_FAULT_NOBOF);
	ck_assert_uint_eq(records[2].bytes_completed, 321);
	ck_assert_int_eq(to[4321], 0);
	send(COUNT);
	expect(DSA_COMP_BATCH_FAIL);
	expect_members(0);
	ck_assert_uint_eq(records[0].status,
			  DSA_COMP_PAGE_FAULT_NOBOF | DSA_COMP_STATUS_WRITE);
	ck_assert_uint_eq(records[0].bytes_completed, 0);
	send(COUNT);
	expect(DSA_COMP_SUCCESS);
	expect_members(COUNT);
	send(COUNT);
	expect(DSA_COMP_BATCH_PAGE_FAULT);
	ck_assert_uint_eq(records[0].status, 0);
	ck_assert_int_eq(to[0], 0);
	send(COUNT);
	expect(DSA_COMP_SUCCESS);
	ck_assert_int_eq(to[2001], (char)~from[2001]);
	to[2001] = from[2001];
	expect_members(COUNT);
}

START_TEST(inline_device)
{
	every_step(0);
}
END_TEST

START_TEST(engine_threads)
{
	if (dsam_software_remote_probe())
		SKIP("engine_threads", "process_vm_writev is forbidden");
	every_step(2);
}
END_TEST

START_TEST(counts)
{
	start(0, "ok wrong@3 fault@3");
	for (uint32_t count = 0; count < 2; count++)
		for (int step = 0; step < 3; step++) {
			send(count);
			expect(DSA_COMP_DESC_CNT_ERANGE);
		}
	send(DSAM_MEMBERS + 1);
	expect(DSA_COMP_DESC_CNT_ERANGE);
	send(COUNT);
	parent.desc_list_addr += 32;
	expect(DSA_COMP_DESCLIST_ALIGN);
}
END_TEST

/* It is given time by all that it moves. */
START_TEST(takes_the_time_of_its_members)
{
	uint64_t took;

	start(0, "");
	dsam_software.mbps = 1; /* a microsecond for a byte */
	took = dsam_ticks();
	send(COUNT);
	expect(DSA_COMP_SUCCESS);
	took = dsam_ticks() - took;
	ck_assert_uint_ge(took, COUNT * SIZE * dsam_clock.ticks_per_us);
}
END_TEST

/* A request that was left by a jump may have other members by now. */
START_TEST(what_is_executed_is_a_copy)
{
	struct dsam_software_task task;

	start(0, "never");
	send(COUNT);
	dsam_software_fetch(&task, &parent);
	memset(list, 0xff, sizeof(list));
	dsam_software_execute(&dsam_software_direct, &task,
			      &(struct dsam_step){.kind = DSAM_STEP_OK}, 0);
	expect(DSA_COMP_SUCCESS);
	expect_members(COUNT);
}
END_TEST

RUN_SUITE("software_batch", inline_device, engine_threads, counts,
	  takes_the_time_of_its_members, what_is_executed_is_a_copy)
