// SPDX-License-Identifier: MIT
/*
 * memcmp by the device, against a loop over bytes: equal buffers and such
 * that differ anywhere, in every mode, under every trouble.
 */
#include "oracle.h"

#include <sched.h>

#define RUN 20

static const char *const scripts[] = {
	"",
	"busy ok",
	"fault@0 ok",
	"fault@100 ok*2 fault@5000",
	"fault@4095*3 busy*33 ok",
	"error=0x10 ok*3",
	"error=0xff*5 ok*20",
	"after=3 ok after=100",
};

static int by_bytes(const unsigned char *a, const unsigned char *b, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (a[i] != b[i])
			return a[i] < b[i] ? -1 : 1;
	return 0;
}

static int sign(int v)
{
	return (v > 0) - (v < 0);
}

static struct oracle o;

/* Two equal ranges, and perhaps some bytes of one changed. */
static void compare_case(void)
{
	struct random *r = &o.random;
	size_t n = oracle_length(&o);
	unsigned char *a = o.a + oracle_place(&o, n);
	unsigned char *b = o.b + oracle_place(&o, n);
	int want, got;

	memcpy(a, b, n);
	for (uint64_t k = random_below(r, 3); k; k--)
		a[random_below(r, n)] ^= (unsigned char)random_next(r);
	if (random_once_in(r, 8))
		a[n - 1] = (unsigned char)~b[n - 1];
	want = by_bytes(a, b, n);
	errno = ORACLE_ERRNO;
	got = dsam_offload_compare(a, b, n, NULL, NULL);
	if (sign(got) != want || errno != ORACLE_ERRNO)
		ck_abort_msg("%d, not %d; a %p, b %p, n %zu; %s; case %lu, "
			     "seed %llu",
			     got, want, (void *)a, (void *)b, n, o.how, o.cases,
			     (unsigned long long)oracle_seed);
	o.cases++;
	engine_revive();
}

static void run_cases(unsigned long count)
{
	for (unsigned long i = 0; i < count; i++) {
		if (i % RUN == 0) {
			oracle_configure(&o);
			dsam_limits.is_learned = random_once_in(&o.random, 2);
			while (atomic_load(&dsam_software.running))
				sched_yield();
			/* In turn: few cases have each kind of trouble, too. */
			o.how = scripts[i / RUN % 8];
			if (i / RUN / 8 % 2)
				dsam_limits.is_split = dsam_limits.is_learned =
					false;
			engine_script(o.how);
		}
		compare_case();
	}
}

static void expect_variety(void)
{
	const struct dsam_op_stats *s =
		&dsam_self.slot->stats.op[DSAM_OP_MEMCMP];
	uint64_t calls = 0, bytes = 0, counted = s->device_bytes;

	for (int route = 0; route < DSAM_ROUTES; route++) {
		calls += s->calls[route];
		bytes += s->bytes[route];
	}
	for (int w = 0; w < DSAM_WHYS; w++)
		counted += s->why_bytes[w];
	ck_assert_uint_eq(calls, o.cases);
	ck_assert_uint_eq(bytes, counted);
	ck_assert_uint_eq(dsam_self.slot->in_flight, 0);
	ck_assert_uint_gt(s->device_bytes, bytes / 20);
	ck_assert_uint_gt(s->faults, 0);
	ck_assert_uint_gt(s->why_calls[DSAM_WHY_SPLIT], 0);
	ck_assert_uint_gt(s->why_calls[DSAM_WHY_ERROR], 0);
}

START_TEST(inline_device)
{
	oracle_open(&o, 41);
	engine_birth();
	ck_assert(engine_software(0));
	engine_begin();
	run_cases(oracle_cases(10));
	expect_variety();
}
END_TEST

START_TEST(engine_threads)
{
	oracle_open(&o, 42);
	engine_birth();
	if (!engine_software(2))
		SKIP("engine_threads", "process_vm_writev is forbidden");
	engine_begin();
	run_cases(oracle_cases(5));
	expect_variety();
}
END_TEST

/* Beyond the first difference nothing has to be there. */
START_TEST(a_bad_page_after_the_difference)
{
	size_t n = 5UL << 20;
	unsigned char *a, *b;

	oracle_open(&o, 43);
	engine_birth();
	ck_assert(engine_software(0));
	engine_begin();
	engine_script("ok");
	a = o.a + ORACLE_ROOM - n;
	b = o.b + ORACLE_ROOM - n;
	memcpy(a, b, n);
	for (size_t at = 5000; at < n; at += 700001) {
		a[at] ^= 0x80;
		ck_assert_int_eq(
			sign(dsam_offload_compare(a, b, n + 4096, NULL, NULL)),
			a[at] < b[at] ? -1 : 1);
		a[at] = b[at];
	}
}
END_TEST

/* A device that lies about a difference, or about there being none. */
START_TEST(a_lie_is_found)
{
	struct dsa_completion_record rec = {.status = DSA_COMP_SUCCESS};
	struct dsam_outcome out;

	rec.result = 1;
	rec.bytes_completed = 99;
	out = dsam_submit_decode(&rec, rec.status, 100, DSAM_WORK_COMPARE);
	ck_assert(out.kind == DSAM_OUTCOME_DONE && out.differs);
	ck_assert_uint_eq(out.done, 99);
	rec.bytes_completed = 100;
	out = dsam_submit_decode(&rec, rec.status, 100, DSAM_WORK_COMPARE);
	ck_assert_int_eq(out.kind, DSAM_OUTCOME_ERROR);
	rec.bytes_completed = 5;
	rec.result = 2;
	out = dsam_submit_decode(&rec, rec.status, 100, DSAM_WORK_COMPARE);
	ck_assert_int_eq(out.kind, DSAM_OUTCOME_ERROR);
	rec.result = 1;
	out = dsam_submit_decode(&rec, DSA_COMP_PAGE_FAULT_NOBOF, 100,
				 DSAM_WORK_COMPARE);
	ck_assert_int_eq(out.kind, DSAM_OUTCOME_ERROR);
	rec.result = 0;
	out = dsam_submit_decode(&rec, DSA_COMP_PAGE_FAULT_NOBOF, 100,
				 DSAM_WORK_COMPARE);
	ck_assert_int_eq(out.kind, DSAM_OUTCOME_FAULT);
	ck_assert(!out.from_end && !out.differs && out.done == 5);
}
END_TEST

int main(void)
{
	oracle_choose_seed();
	return suite_run("compare", NULL, NULL,
			 SUITE_TESTS(inline_device, engine_threads,
				     a_bad_page_after_the_difference,
				     a_lie_is_found));
}
